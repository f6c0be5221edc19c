//! Amazon resource names, and the console addresses that follow from them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Characters that a URL fragment may carry as they are (RFC 3986, "unreserved"); all others are
/// percent-encoded.
const FRAGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A headline has 3,000 characters for the link and its text. Only very long alarm names exceed this limit.
const MAX_LINK: usize = 2_600;

/// The parts of `arn:partition:service:region:account:resource` as they are written. One that is missing is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArnParts<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// All that follows the account.
    pub resource: &'a str,
}

impl<'a> ArnParts<'a> {
    /// The parts of a text that is taken for an ARN.
    pub fn of(text: &'a str) -> Self {
        let mut parts = text.splitn(6, ':').skip(1);
        let mut next = || parts.next().unwrap_or_default();
        Self {
            partition: next(),
            service: next(),
            region: next(),
            account: next(),
            resource: next(),
        }
    }

    /// The parts of an ARN; `None` if the text is not one, or lacks a part.
    pub fn parse(text: &'a str) -> Option<Self> {
        let is_whole = text.starts_with("arn:") && text.matches(':').count() >= 5;
        is_whole.then(|| Self::of(text))
    }
}

/// The name of an SNS topic, at the end of its ARN.
pub fn topic_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// What is known of `arn:partition:service:region:account:resource`.
///
/// The text comes from outside: region and account are only kept if they look like one, because a
/// region becomes part of a host name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arn {
    pub partition: String,
    pub region: Option<String>,
    pub account: Option<String>,
    pub resource: String,
}

impl Arn {
    /// Reads an ARN; `None` if the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let parts = ArnParts::parse(text)?;
        Some(Self {
            partition: parts.partition.to_owned(),
            region: is_region(parts.region).then(|| parts.region.to_owned()),
            account: is_account(parts.account).then(|| parts.account.to_owned()),
            resource: parts.resource.to_owned(),
        })
    }

    /// The CloudWatch console page of the alarm `name` in this ARN's partition and region.
    pub fn alarm_page(&self, name: &str) -> Option<String> {
        let region = self.region.as_deref()?;
        let domain = console_domain(&self.partition)?;
        let name = utf8_percent_encode(name, FRAGMENT);
        let page = format!("https://{region}.{domain}/cloudwatch/home?region={region}#alarmsV2:alarm/{name}");
        (page.len() <= MAX_LINK).then_some(page)
    }
}

/// Address of a console page in `region`; the partition follows from the region's name. `path` begins with the
/// service, `fragment` may be empty: `ec2` and `InstanceDetails:instanceId=…`; one that begins with `&` is another part of
/// the query.
pub fn console_page(region: &str, path: &str, fragment: &str) -> Option<String> {
    let domain = console_domain(partition(region)?).filter(|_| is_region(region))?;
    let sign = if fragment.is_empty() || fragment.starts_with('&') {
        ""
    } else {
        "#"
    };
    let page = format!("https://{region}.{domain}/{path}?region={region}{sign}{fragment}");
    (page.len() <= MAX_LINK).then_some(page)
}

/// Whether the region belongs to the partition `aws`.
pub fn is_commercial(region: &str) -> bool {
    partition(region) == Some("aws")
}

/// The domain suffix of AWS's service endpoints in `region`.
///
/// Source: the partition data of the AWS SDKs (botocore 1.43.11).
pub fn dns_suffix(region: &str) -> &'static str {
    const SUFFIXES: [(&str, &str); 6] = [
        ("cn-", "amazonaws.com.cn"),
        ("eusc-", "amazonaws.eu"),
        ("us-iso-", "c2s.ic.gov"),
        ("us-isob-", "sc2s.sgov.gov"),
        ("eu-isoe-", "cloud.adc-e.uk"),
        ("us-isof-", "csp.hci.ic.gov"),
    ];
    let found = SUFFIXES.iter().find(|(prefix, _)| region.starts_with(prefix));
    found.map_or("amazonaws.com", |(_, suffix)| suffix)
}

/// The region in which Organizations, a service of the whole partition, answers callers in `region`.
/// <https://docs.aws.amazon.com/general/latest/gr/ao.html>
#[cfg(feature = "runtime")]
pub fn organizations_region(region: &str) -> &'static str {
    match partition(region) {
        Some("aws-cn") => "cn-northwest-1",
        Some("aws-us-gov") => "us-gov-west-1",
        Some("aws-eusc") => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

fn partition(region: &str) -> Option<&'static str> {
    Some(match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        region if region.starts_with("eusc-") => "aws-eusc",
        // Separate partitions whose console addresses are not documented.
        region if region.starts_with("us-iso") || region.starts_with("eu-isoe") => return None,
        _ => "aws",
    })
}

/// Percent-encodes a name from outside for use in a fragment.
pub fn encode(name: &str) -> String {
    utf8_percent_encode(name, FRAGMENT).to_string()
}

fn console_domain(partition: &str) -> Option<&'static str> {
    match partition {
        "aws" => Some("console.aws.amazon.com"),
        "aws-cn" => Some("console.amazonaws.cn"),
        "aws-us-gov" => Some("console.amazonaws-us-gov.com"),
        // https://docs.aws.eu/esc/latest/userguide/differences.html
        "aws-eusc" => Some("console.amazonaws-eusc.eu"),
        _ => None,
    }
}

/// Whether a host is one of AWS's consoles: with a region before it, or a service and a region, or alone where the
/// partition has such a host.
pub fn is_console(host: &str) -> bool {
    ["aws", "aws-cn", "aws-us-gov", "aws-eusc"]
        .iter()
        .filter_map(|partition| console_domain(partition))
        .any(|domain| {
            host.strip_suffix(domain).is_some_and(|before| match before {
                "" => domain != "console.amazonaws-eusc.eu",
                before => before.ends_with('.') && before.trim_end_matches('.').bytes().all(is_label),
            })
        })
}

fn is_label(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte)
}

/// `ap-northeast-2`, `us-gov-west-1`. CloudTrail and others write `global` or a zone such as `us-east-1a` in its
/// place, which would lead to a host that does not exist.
pub fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let letters =
        |part: &str, least: usize| part.len() >= least && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let number = parts.next_back().unwrap_or_default();
    let area = parts.next().unwrap_or_default();
    let middle: Vec<_> = parts.collect();
    text.len() <= 32
        && letters(area, 2)
        && !middle.is_empty()
        && middle.iter().all(|part| letters(part, 1))
        && matches!(number.len(), 1 | 2)
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text has the form of an account id, twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(arn: &str, name: &str) -> Option<String> {
        Arn::parse(arn).and_then(|arn| arn.alarm_page(name))
    }

    #[test]
    fn the_parts_of_an_arn_are_as_written() {
        let parts = ArnParts::parse("arn:aws:logs:eu-west-1:111122223333:log-group:/a:*").expect("an ARN");
        assert_eq!(
            (parts.partition, parts.service, parts.region),
            ("aws", "logs", "eu-west-1")
        );
        assert_eq!(
            (parts.account, parts.resource),
            ("111122223333", "log-group:/a:*")
        );
        for none in ["", "arn", "arn:aws:s3::bucket", "urn:aws:s3:::bucket"] {
            assert_eq!(ArnParts::parse(none), None, "{none}");
        }
        let short = ArnParts::of("arn:aws:s3");
        assert_eq!((short.service, short.region, short.resource), ("s3", "", ""));
        let topic = "arn:aws:sns:eu-west-1:111122223333:alerts";
        assert_eq!((topic_name(topic), topic_name("alerts")), ("alerts", "alerts"));
    }

    #[test]
    fn every_partition_has_its_own_console() {
        let pages = [
            (
                "arn:aws:cloudwatch:ap-northeast-2:111122223333:alarm:x",
                "ap-northeast-2.console.aws.amazon.com",
            ),
            (
                "arn:aws-cn:cloudwatch:cn-north-1:111122223333:alarm:x",
                "cn-north-1.console.amazonaws.cn",
            ),
            (
                "arn:aws-us-gov:cloudwatch:us-gov-west-1:111122223333:alarm:x",
                "us-gov-west-1.console.amazonaws-us-gov.com",
            ),
        ];
        for (arn, host) in pages {
            let page = page(arn, "x").expect("a known partition has a console");
            assert!(
                page.starts_with(&format!("https://{host}/cloudwatch/home?region=")),
                "{page}"
            );
        }
    }

    #[test]
    fn the_region_tells_the_console() {
        let page = |region: &str| console_page(region, "cloudtrailv2/home", "/events/x");
        let hosts = [
            ("ap-northeast-2", "ap-northeast-2.console.aws.amazon.com"),
            ("cn-northwest-1", "cn-northwest-1.console.amazonaws.cn"),
            ("us-gov-east-1", "us-gov-east-1.console.amazonaws-us-gov.com"),
            ("eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
        ];
        for (region, host) in hosts {
            let expected = format!("https://{host}/cloudtrailv2/home?region={region}#/events/x");
            assert_eq!(page(region), Some(expected));
        }
        assert_eq!(page("evil.example/"), None);
        for none in [
            "us-iso-east-1",
            "global",
            "aws-global",
            "us-east-1a",
            "us-east",
            "-1",
            "us--1",
            "",
        ] {
            assert_eq!(page(none), None, "{none}");
        }
        assert_eq!(encode("a|<b> c"), "a%7C%3Cb%3E%20c");
    }

    #[test]
    fn a_console_is_known_by_its_host() {
        for console in [
            "console.aws.amazon.com",
            "ap-northeast-2.console.aws.amazon.com",
            "health.console.aws.amazon.com",
            "console.amazonaws.cn",
            "us-gov-west-1.console.amazonaws-us-gov.com",
            "eusc-de-east-1.console.amazonaws-eusc.eu",
        ] {
            assert!(is_console(console), "{console}");
        }
        for other in [
            "evilconsole.aws.amazon.com",
            "console.aws.amazon.com.evil.example",
            "evil.example/.console.aws.amazon.com",
            "user@console.aws.amazon.com",
            "console.amazonaws-eusc.eu",
            "docs.aws.amazon.com",
            "",
        ] {
            assert!(!is_console(other), "{other}");
        }
    }

    #[test]
    fn names_are_encoded_whole() {
        let page = page(
            "arn:aws:cloudwatch:us-east-1:111122223333:alarm:x",
            "CPU > 50% / 웹|<a>",
        );
        let page = page.expect("a page");
        assert!(
            page.ends_with("#alarmsV2:alarm/CPU%20%3E%2050%25%20%2F%20%EC%9B%B9%7C%3Ca%3E"),
            "{page}"
        );
    }

    #[test]
    fn a_region_that_is_none_leads_nowhere() {
        assert_eq!(
            page("arn:aws:cloudwatch:evil.example/:111122223333:alarm:x", "x"),
            None
        );
        assert_eq!(
            page("arn:aws-elsewhere:cloudwatch:us-east-1:111122223333:alarm:x", "x"),
            None
        );
        assert_eq!(page("not an arn", "x"), None);
    }
}
