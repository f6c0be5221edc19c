//! Where a channel's messages go: a URL or a key, which is a secret. It is checked, and never shown.

mod error;

pub use error::{AddressError, Wrong};

use std::net::Ipv6Addr;

use http::Uri;
use secrecy::{ExposeSecret as _, SecretString};

use super::public;

/// KMS encrypts at most 4,096 bytes.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>
const MAX_LENGTH: usize = 2048;

/// Whether a URL on this machine is accepted: only if the stack runs on this machine, too. On AWS, this machine is where
/// Lambda's own API listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AllowLoopback {
    /// Beside an emulator.
    Yes,
    /// On AWS.
    No,
}

/// A checked address. `Debug` shows no part of it, and there is no `Display`.
#[derive(Clone, Debug)]
pub struct Address {
    text: SecretString,
    is_loopback: bool,
    /// Whether only its query is secret.
    in_query: bool,
}

/// What an address of one service looks like.
#[derive(Debug)]
pub struct Form {
    /// The service, as people call it.
    pub service: &'static str,
    /// What people copy there, such as `webhook`.
    pub name: &'static str,
    /// How it looks, such as `https://hooks.slack.com/services/…`.
    pub example: &'static str,
    /// Where people find it.
    pub page: &'static str,
    pub rule: Rule,
}

/// How an address is recognised. The functions get it without blanks around it.
#[derive(Debug)]
pub enum Rule {
    /// An `https://` URL.
    Url(UrlRule),
    /// An `https://` URL of any public host.
    Anywhere,
    /// A text without blanks; a URL on this machine stands in for it beside an emulator.
    Key {
        fits: fn(&str) -> bool,
        /// What a key is, such as `32 letters and digits`.
        is: &'static str,
        /// What may follow it after a blank.
        second: Option<Second>,
    },
    /// An `https://` URL of any public host, and after it the secrets that sign what is sent there, divided by blanks. Beside
    /// an emulator the URL may be on this machine, and stand alone.
    Signed {
        /// Whether a text is such a secret.
        fits: fn(&str) -> bool,
        /// What a secret is.
        is: &'static str,
        /// Most secrets.
        most: usize,
    },
}

/// A secret that may follow a key: the service signs with it what it sends.
#[derive(Debug)]
pub struct Second {
    pub fits: fn(&str) -> bool,
    /// What it is, such as `the signing secret, 32 hexadecimal digits`.
    pub is: &'static str,
}

/// How a URL is recognised.
#[derive(Debug)]
pub struct UrlRule {
    /// Whether the service has this host, in lower case.
    pub host: fn(&str) -> bool,
    /// What a wrong host is not, such as `neither a nor b`.
    pub host_is: &'static str,
    /// Whether the service has this path.
    pub path: fn(&str) -> bool,
    /// What a wrong path is not.
    pub path_is: &'static str,
    /// Whether a URL has a query.
    pub query: bool,
    /// The parameters that its query must have. If there are any, they alone are secret.
    pub parameters: &'static [&'static str],
}

impl Form {
    /// What people have to give, such as `webhook's URL`.
    pub fn what(&self) -> String {
        match self.rule {
            Rule::Url(_) => format!("{}'s URL", self.name),
            Rule::Key { .. } | Rule::Anywhere => self.name.to_owned(),
            Rule::Signed { .. } => format!("{}'s URL and its signing secrets", self.name),
        }
    }
}

impl Address {
    /// Checks an address. White space around it is ignored, and a missing `https://` is added. An alert goes to the
    /// channel's service only, whoever encrypted the address.
    ///
    /// # Errors
    /// The text is not an address of the service.
    pub fn parse(text: &str, form: &'static Form, loopback: AllowLoopback) -> Result<Self, AddressError> {
        let text = text.trim();
        let wrong = |wrong| AddressError { form, wrong };
        if text.is_empty() {
            return Err(wrong(Wrong::Empty));
        }
        if text.len() > MAX_LENGTH {
            return Err(wrong(Wrong::TooLong));
        }
        let (text, secrets) = match &form.rule {
            Rule::Signed { .. } | Rule::Key { second: Some(_), .. } => {
                text.split_once(|c: char| c.is_ascii_whitespace())
            }
            _ => None,
        }
        .unwrap_or((text, ""));
        let mut characters = text
            .bytes()
            .chain(secrets.split_ascii_whitespace().flat_map(str::bytes));
        if !characters.all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong(Wrong::Characters));
        }
        let secrets: Vec<_> = secrets.split_ascii_whitespace().collect();
        if let Some(here) = on_this_machine(text) {
            return match (loopback, here) {
                (AllowLoopback::No, _) => Err(wrong(Wrong::Loopback)),
                (AllowLoopback::Yes, Err(reason)) => Err(wrong(reason)),
                (AllowLoopback::Yes, Ok(())) => Ok(Self {
                    text: joined(text, &secrets).into(),
                    is_loopback: true,
                    in_query: false,
                }),
            };
        }
        let text = match &form.rule {
            Rule::Key { fits, second, .. } => match (secrets.as_slice(), second) {
                _ if !fits(text) => Err(Wrong::Key),
                ([], _) => Ok(text.to_owned()),
                ([secret], Some(second)) if (second.fits)(secret) => Ok(joined(text, &secrets)),
                _ => Err(Wrong::Secret),
            },
            Rule::Url(rule) => url(text, rule),
            Rule::Anywhere => public::url(text).and_then(|url| {
                // Whoever answers there does not know which check it is.
                let path = url.splitn(4, '/').nth(3).unwrap_or_default();
                (!path.is_empty()).then_some(url).ok_or(Wrong::Path)
            }),
            Rule::Signed { fits, most, .. } => match secrets.as_slice() {
                _ if fits(text) => Err(Wrong::NoUrl),
                [] => Err(Wrong::NoSecret),
                all if all.len() > *most => Err(Wrong::Secrets),
                all if !all.iter().all(|secret| fits(secret)) => Err(Wrong::Secret),
                all => public::url(text).map(|url| joined(&url, all)),
            },
        };
        Ok(Self {
            text: text.map_err(wrong)?.into(),
            is_loopback: false,
            in_query: matches!(&form.rule, Rule::Url(rule) if !rule.parameters.is_empty()),
        })
    }

    /// Whether a text is the URL of something on this machine.
    pub fn is_here(text: &str) -> bool {
        on_this_machine(text.trim()) == Some(Ok(()))
    }

    /// True for a URL on this machine, which only the local mode accepts.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The whole address: for encryption, and for the request.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// The URL of a request if the address is a key: `url`. Beside an emulator, its path follows the address.
    pub(crate) fn url(&self, url: &str) -> Uri {
        let base = match self.is_loopback {
            true => {
                let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
                let path = path.map(|(_, path)| format!("/{path}")).unwrap_or_default();
                self.first().trim_end_matches('/').to_owned() + &path
            }
            false => url.to_owned(),
        };
        base.parse().unwrap_or_default()
    }

    /// The address as a URL, without the secrets after it.
    pub(crate) fn as_url(&self) -> Uri {
        self.first().parse().unwrap_or_default()
    }

    /// The key or the URL, without the secrets after it.
    pub(crate) fn first(&self) -> &str {
        self.expose().split(' ').next().unwrap_or_default()
    }

    /// The secrets after the key or the URL.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.expose().split(' ').skip(1)
    }

    /// Whether `text` repeats a secret part of the address.
    pub fn appears_in(&self, text: &str) -> bool {
        let own = self.first();
        let path = own
            .split_once("://")
            .map_or(own, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
        let path = match self.in_query {
            true => path.split_once('?').map_or("", |(_, query)| query),
            false => path,
        };
        // Without the prefix that tells people what a secret is.
        let mut secrets = self.secrets().filter_map(|secret| secret.rsplit('_').next());
        let mut parts = path.split(['/', '?', '&', '=']);
        parts.any(|part| part.len() >= 8 && text.contains(part))
            || (!path.is_empty() && text.contains(path))
            || secrets.any(|secret| text.contains(secret))
    }
}

/// Whether a text is a URL on this machine, and what is wrong with that.
fn on_this_machine(text: &str) -> Option<Result<(), Wrong>> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-/.%".contains(&byte);
    is_loopback(authority).then(|| match scheme {
        "http" if path.len() > 1 && path.bytes().all(plain) => Ok(()),
        "http" => Err(Wrong::Path),
        _ => Err(Wrong::Scheme),
    })
}

/// A URL and the secrets after it.
fn joined(url: &str, secrets: &[&str]) -> String {
    [&[url], secrets].concat().join(" ")
}

/// The URL with its scheme.
fn url(text: &str, rule: &UrlRule) -> Result<String, Wrong> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !scheme.eq_ignore_ascii_case("https") {
        return Err(Wrong::Scheme);
    }
    let authority = authority.to_ascii_lowercase();
    let host = authority
        .strip_suffix(":443")
        .filter(|_| rule.query)
        .unwrap_or(&authority);
    if !(rule.host)(host) {
        // A known host with something added is a different mistake than an unknown host.
        let bare = authority
            .rsplit('@')
            .next()
            .and_then(|after| after.split(':').next());
        return Err(match bare.is_some_and(rule.host) {
            true => Wrong::Extras,
            false => Wrong::Host,
        });
    }
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    if text.contains('#') || (query.is_some() && !rule.query) {
        return Err(Wrong::Extras);
    }
    if !(rule.path)(path) {
        return Err(Wrong::Path);
    }
    let given =
        |name: &&&str| parameter(query.unwrap_or_default(), name).is_some_and(|value| !value.is_empty());
    if rule.parameters.iter().filter(given).count() < rule.parameters.len() {
        return Err(Wrong::Query);
    }
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("https://{authority}{path}{query}");
    // Whatever else is wrong with it, nothing can be sent there.
    url.parse::<Uri>().map_err(|_| Wrong::Characters)?;
    Ok(url)
}

/// The value of a parameter of a query.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// `127.0.0.1`, `localhost` or `[::1]`, with or without a port.
fn is_loopback(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) if host.parse() == Ok(Ipv6Addr::LOCALHOST) => ("localhost", port),
        Some(_) => return false,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    port && (host == "127.0.0.1" || host.eq_ignore_ascii_case("localhost"))
}
