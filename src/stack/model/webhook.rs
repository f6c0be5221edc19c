//! A webhook's URL, the secret of a channel: it is validated and never shown.

use std::{fmt, net::Ipv6Addr};

use alertctl_relay::SLACK_HOSTS;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

/// Slack's webhooks are shorter than 200 characters; KMS encrypts at most 4,096 bytes.
const MAX_LENGTH: usize = 2048;

/// Whether a URL on this machine is accepted as a webhook: only if the stack runs on this machine, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowLoopback {
    /// For the local mode.
    Yes,
    /// For AWS.
    No,
}

/// The URL of an incoming webhook, with its scheme.
#[derive(Clone)]
pub struct WebhookUrl(SecretString);

/// What is wrong with a webhook's URL. Contains no part of the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookUrlError {
    /// Nothing but white space.
    #[error("the webhook is empty; paste its URL from Slack, `https://hooks.slack.com/services/…`")]
    Empty,
    /// White space, control or non-ASCII characters inside.
    #[error(
        "the webhook contains characters that no URL has; copy it again from Slack, complete and by itself"
    )]
    Characters,
    /// Longer than any webhook.
    #[error("the webhook is longer than {MAX_LENGTH} characters; copy only the URL")]
    TooLong,
    /// `http://` or another scheme.
    #[error("the webhook is not an https:// URL; copy it from Slack, `https://hooks.slack.com/services/…`")]
    Scheme,
    /// Not one of Slack's hosts.
    #[error("the webhook's host is neither `hooks.slack.com` nor `hooks.slack-gov.com`")]
    Host,
    /// User, port, query or fragment.
    #[error("the webhook has a user, port, query or fragment, which Slack's never have")]
    Extras,
    /// Not one of the known paths.
    #[error(
        "the webhook's path is not `/services/T…/B…/…`, `/workflows/…` or `/triggers/…`; copy it again from Slack"
    )]
    Path,
    /// A loopback URL outside the local mode.
    #[error("the webhook points at this machine, which AWS cannot reach; that is for `--local` only")]
    Loopback,
}

impl WebhookUrl {
    /// Accepts a URL with or without `https://` and ignores white space around it.
    pub fn parse(text: &str, loopback: AllowLoopback) -> Result<Self, WebhookUrlError> {
        use WebhookUrlError as Error;
        let text = text.trim();
        if text.is_empty() {
            return Err(Error::Empty);
        }
        if text.len() > MAX_LENGTH {
            return Err(Error::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Characters);
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if is_loopback(authority) {
            return match (loopback, scheme) {
                (AllowLoopback::No, _) => Err(Error::Loopback),
                (AllowLoopback::Yes, "http") if path.len() > 1 && is_plain(path) => Ok(Self(text.into())),
                (AllowLoopback::Yes, "http") => Err(Error::Path),
                (AllowLoopback::Yes, _) => Err(Error::Scheme),
            };
        }
        if !scheme.eq_ignore_ascii_case("https") {
            return Err(Error::Scheme);
        }
        let host = SLACK_HOSTS
            .iter()
            .find(|host| authority.eq_ignore_ascii_case(host))
            .ok_or_else(|| {
                // A known host with something added is a different mistake than an unknown host.
                let bare = authority
                    .rsplit('@')
                    .next()
                    .and_then(|after| after.split(':').next());
                if bare.is_some_and(|bare| SLACK_HOSTS.contains(&bare)) {
                    Error::Extras
                } else {
                    Error::Host
                }
            })?;
        if path.contains(['?', '#']) {
            return Err(Error::Extras);
        }
        if !is_slack_path(path) {
            return Err(Error::Path);
        }
        let url = Zeroizing::new(format!("https://{host}{path}"));
        Ok(Self(url.as_str().into()))
    }

    /// True for a webhook on this machine, which only the local mode accepts.
    pub fn is_loopback(&self) -> bool {
        let (_, rest) = self.expose().split_once("://").unwrap_or_default();
        is_loopback(&rest[..rest.find('/').unwrap_or(rest.len())])
    }

    /// The whole URL, only for encryption.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookUrl([redacted])")
    }
}

/// `127.0.0.1`, `localhost` or `[::1]`, with or without a port.
fn is_loopback(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) if host.parse() == Ok(Ipv6Addr::LOCALHOST) => ("localhost", port),
        Some(_) => return false,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let port = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok());
    port && (host == "127.0.0.1" || host.eq_ignore_ascii_case("localhost"))
}

fn is_slack_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let plain = parts
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    match parts.as_slice() {
        ["services", team, hook, secret] => {
            plain && team.starts_with('T') && hook.starts_with('B') && !secret.is_empty()
        }
        ["workflows" | "triggers", _, ..] => parts[1..]
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(is_id_byte)),
        _ => false,
    }
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn is_plain(path: &str) -> bool {
    path.bytes()
        .all(|byte| is_id_byte(byte) || byte == b'/' || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX";

    fn parse(text: &str) -> Result<String, WebhookUrlError> {
        WebhookUrl::parse(text, AllowLoopback::No).map(|url| url.expose().to_owned())
    }

    #[test]
    fn accepts_slack_with_and_without_scheme() {
        for host in SLACK_HOSTS {
            let whole = format!("https://{host}{PATH}");
            for text in [
                whole.clone(),
                format!("{host}{PATH}"),
                format!(" {whole}\r\n"),
                format!("HTTPS://{host}{PATH}"),
            ] {
                assert_eq!(parse(&text).as_deref(), Ok(whole.as_str()));
            }
        }
        for path in ["/workflows/T1/A1/1/x-y_z", "/triggers/T1/123/abc"] {
            assert!(parse(&format!("https://hooks.slack.com{path}")).is_ok(), "{path}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        use WebhookUrlError::*;
        let cases = [
            ("", Empty),
            (" \n", Empty),
            ("http://hooks.slack.com/services/T0/B0/x", Scheme),
            ("ftp://hooks.slack.com/services/T0/B0/x", Scheme),
            ("https://example.com/services/T0/B0/x", Host),
            ("https://hooks.slack.com.example.com/services/T0/B0/x", Host),
            ("https://xhooks.slack.com/services/T0/B0/x", Host),
            ("https://slack.com/services/T0/B0/x", Host),
            ("https://user@hooks.slack.com/services/T0/B0/x", Extras),
            ("https://hooks.slack.com@example.com/services/T0/B0/x", Host),
            ("https://hooks.slack.com:443/services/T0/B0/x", Extras),
            ("https://hooks.slack.com/services/T0/B0/x?a=b", Extras),
            ("https://hooks.slack.com/services/T0/B0/x#a", Extras),
            ("https://hooks.slack.com/services/T0/B0", Path),
            ("https://hooks.slack.com/services/T0/B0/", Path),
            ("https://hooks.slack.com/services/B0/B0/x", Path),
            ("https://hooks.slack.com/services/T0/T0/x", Path),
            ("https://hooks.slack.com/services/../B0/x", Path),
            ("https://hooks.slack.com/services/T0/B0/x/", Path),
            ("https://hooks.slack.com/services/T0/B%30/x", Path),
            ("https://hooks.slack.com/triggers/", Path),
            ("https://hooks.slack.com", Path),
            ("https://hooks.slack.com/services/T0/B0/x y", Characters),
            ("https://hooks.slack.com/services/T0/B0/\u{e9}", Characters),
            ("http://127.0.0.1:8080/a", Loopback),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text}");
        }
        assert_eq!(parse(&"x".repeat(3000)), Err(TooLong));
    }

    #[test]
    fn loopback_is_for_the_local_mode() {
        let local =
            |text: &str| WebhookUrl::parse(text, AllowLoopback::Yes).map(|url| url.expose().to_owned());
        for text in [
            "http://127.0.0.1:8080/services/T0/B0/x",
            "http://localhost:1/x",
            "http://[::1]:9/x",
        ] {
            assert_eq!(local(text).as_deref(), Ok(text));
            assert!(WebhookUrl::parse(text, AllowLoopback::Yes).is_ok_and(|url| url.is_loopback()));
            assert_eq!(parse(text), Err(WebhookUrlError::Loopback));
        }
        assert_eq!(
            local("http://127.0.0.1.example.com/x"),
            Err(WebhookUrlError::Scheme)
        );
        assert_eq!(local("http://127.0.0.1:99999/x"), Err(WebhookUrlError::Scheme));
        assert_eq!(local("http://[::2]:9/x"), Err(WebhookUrlError::Scheme));
        assert_eq!(local("http://127.0.0.1:80/"), Err(WebhookUrlError::Path));
    }

    #[test]
    fn shows_nothing() {
        let url = WebhookUrl::parse(&format!("hooks.slack.com{PATH}"), AllowLoopback::No).expect("a webhook");
        assert_eq!(format!("{url:?}"), "WebhookUrl([redacted])");
        assert!(!url.is_loopback());
    }
}
