//! Which addresses are public. A channel whose address may have any host must not lead into a private network: neither to
//! what else runs in the function's VPC, nor to the instance metadata of AWS (`169.254.169.254`), which gives away
//! credentials.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#server-side-request-forgery-ssrf>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::Uri;

use super::address::Wrong;

/// Whether an address is one of the internet at large.
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !matches!(
        address.octets(),
        [0 | 10 | 127 | 224.., ..]
            | [100, 64..=127, ..]
            | [169, 254, ..]
            | [172, 16..=31, ..]
            | [192, 168, ..]
            | [192, 0, 0 | 2, _]
            | [192, 88, 99, _]
            | [198, 18 | 19, ..]
            | [198, 51, 100, _]
            | [203, 0, 113, _]
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within = |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match address.segments() {
        // These contain an address of IPv4: mapped, translated by NAT64, which AWS has, and 6to4.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => within(high, low),
        [0x2002, high, low, ..] => within(high, low),
        // Reserved: for protocols, such as Teredo, and for examples in documents.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

/// The `https://` URL of any public host with its scheme.
///
/// # Errors
/// `Wrong`: not an `https://` URL of a public host.
pub(super) fn url(text: &str) -> Result<String, Wrong> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !scheme.eq_ignore_ascii_case("https") {
        return Err(Wrong::Scheme);
    }
    // The colons within brackets are those of an IPv6 address.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse::<u16>().ok()),
        _ => (authority, Some(443)),
    };
    if authority.contains('@') || path.contains('#') || port.is_none_or(|port| port == 0) {
        return Err(Wrong::Extras);
    }
    if !is_public_host(host) {
        return Err(Wrong::Host);
    }
    let url = format!("https://{}{path}", authority.to_ascii_lowercase());
    // Whatever else is wrong with it, nothing can be sent there.
    url.parse::<Uri>().map_err(|_| Wrong::Characters)?;
    Ok(url)
}

/// Whether a URL's host may be public: a name with several labels, or a public address. An address has to be written as
/// usual: some programs take `0x7f.1` or `2130706433` for `127.0.0.1`.
fn is_public_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse().is_ok_and(is_public_v6);
    }
    let is_label = |label: &str| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (1..=63).contains(&label.len()) && label.bytes().all(is_name)
    };
    let Some((_, last)) = host.rsplit_once('.') else {
        return false;
    };
    if host.len() > 253 || !host.split('.').all(is_label) || last.eq_ignore_ascii_case("localhost") {
        return false;
    }
    match last.starts_with(|first: char| first.is_ascii_digit()) {
        true => host.parse().is_ok_and(is_public_v4),
        false => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known_in_every_form() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().expect(private)), "{private}");
        }
        for public in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "2001:4860:4860::8888",
            "2600:1f18::1",
        ] {
            assert!(is_public(public.parse().expect(public)), "{public}");
        }
    }

    #[test]
    fn an_address_has_one_spelling() {
        for host in [
            "hooks.example.com",
            "a_b.x-y.example",
            "xn--bj0bj06e.xn--3e0b707e",
            "1.2.example",
            "1.1.1.1",
            "[2606:4700::1111]",
        ] {
            assert!(is_public_host(host), "{host}");
        }
        for host in [
            "",
            ".",
            "intranet",
            "localhost",
            "a.LOCALHOST",
            "localhost.",
            "hooks.example.com.",
            "a..example",
            "127.1",
            "127.0.0.1",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "127.0.0.0x1",
            "2130706433",
            "0x7f000001",
            "1.1.1.1.1",
            "1.1.1.01",
            "10.0.0.1",
            "[::1]",
            "[::ffff:7f00:1]",
            "[fe80::1%25eth0]",
            "::1",
            "a%2eb.example",
            "a\\.example",
        ] {
            assert!(!is_public_host(host), "{host}");
        }
    }
}
