//! What the URL of an endpoint says about the server behind it.

use std::env;

/// The domains of AWS itself, one pair for each partition. The names of PrivateLink end in them too
/// (`vpce-….vpce.amazonaws.com`). They come from the rules by which the SDKs find endpoints (`dnsSuffix`,
/// `dualStackDnsSuffix`).
const OF_AWS: [&str; 14] = [
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
];

/// Whether `url` belongs to AWS itself, for example to a PrivateLink interface. Any other server emulates AWS.
pub(super) fn is_aws(url: &str) -> bool {
    let host = host(url).to_lowercase();
    let is_below = |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.ends_with('.'));
    OF_AWS.iter().any(is_below)
}

/// Whether `url` is an address of this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let host = host(url);
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

/// Whether `url` starts with `http://` or `https://` and has a host.
pub(super) fn is_http(url: &str) -> bool {
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| url.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

/// The proxy that the environment sets for requests to `url`, without its user and password. The SDK reads the same
/// variables.
pub(super) fn proxy(url: Option<&str>) -> Option<String> {
    let plain = url.is_some_and(|url| url.starts_with("http://"));
    let names = match plain {
        true => ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
        false => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
    };
    let set = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
    let proxy = names.iter().find_map(set)?;
    let (scheme, rest) = proxy.split_once("://").unwrap_or(("http", &proxy));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    Some(format!("{scheme}://{}", place.trim_end_matches('/')))
}

/// The host, without user and port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    match place.find(']') {
        Some(end) => &place[..=end],
        None => place.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_is_told_from_an_emulation_by_its_host() {
        for url in [
            "https://vpce-0a1b2c3d-4e5f.sns.eu-west-1.vpce.amazonaws.com",
            "https://sts.eu-west-1.amazonaws.com/",
            "https://sns.cn-north-1.amazonaws.com.cn",
            "https://sts.eusc-de-east-1.amazonaws.eu:443",
            "https://LAMBDA.us-east-1.API.AWS",
        ] {
            assert!(is_aws(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:4566",
            "https://localhost.localstack.cloud:4566",
            "https://aws.example.com",
            "https://notamazonaws.com",
            "https://amazonaws.com.example.com/amazonaws.com",
            "https://sts.amazonaws.com@example.com",
        ] {
            assert!(!is_aws(url), "{url}");
        }
    }

    #[test]
    fn hosts_of_this_machine() {
        for url in [
            "http://127.0.0.1:4566",
            "http://localhost/x",
            "http://[::1]:80",
            "http://u@127.1.2.3",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        assert!(!is_loopback("http://127x.example.com") && !is_loopback("http://10.0.0.1"));
    }
}
