//! Detects what answers in place of AWS or blocks the way to it: sign-in pages of networks, proxies, foreign
//! certificates.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::fault::{Fault, NO_ANSWER, NOT_AWS};

/// The maximum number of characters that are repeated from a page's title.
const MAX_TITLE: usize = 60;

/// Every answer of AWS has one of these headers.
const OF_AWS: [&str; 3] = ["x-amzn-requestid", "x-amz-request-id", "x-amz-cf-id"];

/// Reads an answer that did not come from AWS. `None` if it may come from AWS.
///
/// An HTML page with a status below 500 is not from AWS: its load balancers return HTML only when they fail.
pub(super) fn answer(action: &'static str, response: &HttpResponse) -> Option<Fault> {
    let status = response.status().as_u16();
    let headers = response.headers();
    if OF_AWS.iter().any(|name| headers.get(name).is_some()) {
        return None;
    }
    if status == 407 {
        let text = "the proxy requires a user and a password (407 Proxy Authentication Required)";
        return Some(Fault::new(action, NOT_AWS, text).hint(PASSWORD));
    }
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
    let kind = headers.get("content-type").unwrap_or_default();
    let start = body.trim_start().get(..15).unwrap_or_default().to_lowercase();
    let is_page =
        kind.starts_with("text/html") || start.starts_with("<!doctype html") || start.starts_with("<html");
    (is_page && status < 500).then(|| {
        let title = title(&body)
            .map(|title| format!(" “{title}”"))
            .unwrap_or_default();
        let text = format!("a web page{title} was returned instead of a response from AWS (status {status})");
        Fault::new(action, NOT_AWS, text).hint(PORTAL)
    })
}

const PASSWORD: &str = "set the proxy's user and password with `HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT`, \
                        or list the hosts that need no proxy in `NO_PROXY`";
const PORTAL: &str = "a network's sign-in page or a proxy is in the way: open a page in a browser and sign \
                      in to the network, or set HTTPS_PROXY; then run the same command";
const CERTIFICATE: &str = "AWS's certificate could not be verified: sign in to the network in a browser; if \
                           a proxy inspects the traffic, point SSL_CERT_FILE at a file that also has its CA \
                           certificate; check the clock";

/// What to do about a call that got no answer, if its message says why. `proxy` is the proxy that it went through.
pub(super) fn advice(fault: &Fault, proxy: Option<&str>) -> Option<String> {
    let text = fault.message.as_str();
    let said = |words: &str| text.contains(words);
    match proxy {
        _ if fault.code != NO_ANSWER => None,
        _ if said("proxy authorization required") => Some(PASSWORD.to_owned()),
        _ if said("invalid peer certificate") => Some(CERTIFICATE.to_owned()),
        Some(proxy) => Some(format!(
            "the call went to the proxy {proxy}: check HTTPS_PROXY, or list the hosts that need no proxy in \
             `NO_PROXY`"
        )),
        None => None,
    }
}

/// The title of a page, as far as it is fit to be repeated.
fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower[start..].find("</title>")?;
    let words: Vec<_> = page.get(start..end)?.split_whitespace().collect();
    let title: String = words
        .join(" ")
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_TITLE)
        .collect();
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn read(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Option<String> {
        let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
        for (name, value) in headers {
            response.headers_mut().insert(*name, *value);
        }
        answer("sts:GetCallerIdentity", &response).map(|fault| fault.to_string())
    }

    const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");

    #[test]
    fn a_page_is_no_answer_of_aws() {
        let page = "<!DOCTYPE html><html><head><TITLE>Hotel\n  Wi-Fi</TITLE></head></html>";
        let expected = "sts:GetCallerIdentity: a web page “Hotel Wi-Fi” was returned instead of a response from \
                    AWS (status 200)";
        assert_eq!(read(200, &[HTML], page).as_deref(), Some(expected));
        assert_eq!(read(200, &[], page).as_deref(), Some(expected));
        assert!(read(302, &[HTML], "").is_some());
        assert!(read(403, &[HTML], "<html>blocked</html>").is_some());
        assert!(read(407, &[], "").unwrap().contains("407"));
        // These answers are from AWS itself.
        assert_eq!(read(503, &[HTML], "<html>Service Unavailable</html>"), None);
        assert_eq!(read(200, &[("x-amzn-requestid", "1"), HTML], page), None);
        assert_eq!(
            read(
                200,
                &[("content-type", "text/xml")],
                "<GetCallerIdentityResponse/>"
            ),
            None
        );
        assert_eq!(read(400, &[], "{}"), None);
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        let advice =
            |message: &str, proxy| advice(&Fault::new("sts:GetCallerIdentity", NO_ANSWER, message), proxy);
        let advised = |message, proxy| advice(message, proxy).unwrap_or_default();
        assert!(
            advised(
                "tunnel error: proxy authorization required",
                Some("http://p:3128")
            )
            .contains("USER:PASSWORD")
        );
        assert!(advised("invalid peer certificate: UnknownIssuer", None).contains("SSL_CERT_FILE"));
        assert!(advised("Connection refused", Some("http://p:3128")).contains("proxy http://p:3128:"));
        assert_eq!(advice("Connection refused", None), None);
    }
}
