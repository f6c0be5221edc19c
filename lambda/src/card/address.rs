//! Addresses of pages that come from outside.

use super::cut::width;
use std::fmt::Write as _;

/// Longest address of a page; Kibana's addresses have about 700 characters.
const MAX_PAGE: usize = 2_400;

/// Returns an address that is safe to link, and its host. Only `https` is allowed, because a stranger may have
/// made an application log the address. The host is shown so that people can check it before they follow the
/// link.
pub(super) fn page(address: &str) -> Option<(String, String)> {
    let rest = address.trim().strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-.:".contains(&byte));
    if host.is_empty() || !is_host {
        return None;
    }
    let mut page = String::with_capacity(address.len() + 8);
    page += "https://";
    for c in rest.chars() {
        let is_safe = c.is_ascii_graphic() && !"<>|\"`\\^{}".contains(c);
        if is_safe {
            page.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a `String` cannot fail.
                let _ = write!(page, "%{byte:02X}");
            }
        }
    }
    (width(&page) <= MAX_PAGE).then(|| (page, host.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_harmless_address_becomes_a_link() {
        let address = |text: &str| page(text).map(|(page, _)| page);
        let kibana =
            "https://kibana.example.com:5601/app/discover#/?_g=(time:(from:'2026'))&_a=(query:'a b')";
        assert_eq!(
            address(kibana),
            Some(kibana.replace(' ', "%20")),
            "as it came, but for the blank"
        );
        assert_eq!(
            page(kibana).map(|(_, host)| host).as_deref(),
            Some("kibana.example.com:5601")
        );
        assert_eq!(
            address("https://k.example/a|<!channel>가"),
            Some("https://k.example/a%7C%3C!channel%3E%EA%B0%80".to_owned())
        );
        for refused in [
            "http://kibana.example.com/",
            "javascript:alert(1)",
            "https://",
            "https://kibana.example.com@evil.example/",
            "https://evil.example|Slack/",
            "https://예.example/",
            "//kibana.example.com/",
            "",
        ] {
            assert_eq!(address(refused), None, "{refused}");
        }
        assert_eq!(address(&format!("https://k.example/{}", "&".repeat(2_400))), None);
    }
}
