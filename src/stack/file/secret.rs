//! Finds addresses of channels in clear text, and keeps them out of all output.

use alertctl_relay::ChannelType;
use base64::{Engine, prelude::BASE64_STANDARD};

use super::problem::{Problem, Span};
use super::tree::{Kind, Node};

const ENCRYPT: &str =
    "run `alertctl encrypt-hook` and write `{ encrypted: … }`, or name a variable: `{ env: NAME }`";

/// Places of text that looks like a channel's address or contains a password, in values and in comments.
pub fn find(text: &str) -> Vec<Span> {
    let is_secret = |token: &str| looks_like_webhook(token) || looks_like_token(token) || has_password(token);
    tokens(text)
        .filter(|span| is_secret(&text[span.clone()]))
        .collect()
}

/// Places of everything with a URL scheme: without a tree, it is unknown which value is a webhook, so all are
/// masked.
pub fn find_urls(text: &str) -> Vec<Span> {
    tokens(text)
        .filter(|span| text[span.clone()].contains("//"))
        .collect()
}

/// Kinds of values that must not be in the file in this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced {
    /// In place of an address: neither a ciphertext nor the name of a variable.
    Address,
    /// In place of an address: a variable in shell syntax.
    Reference,
    /// Under `token`: not a digest.
    Token,
}

/// Places of addresses and tokens that are not written in one of the forms that hide the secret.
pub fn find_misplaced(root: &Node) -> Vec<(Span, Misplaced)> {
    let section = |section: &str| {
        root.entry(section)
            .map(|entry| entry.value.entries())
            .unwrap_or_default()
    };
    let mut found = vec![];
    let of_all = root.get(&["defaults", "channels"]);
    for channel in section("channels").iter().map(|entry| &entry.value).chain(of_all) {
        for channel_type in ChannelType::each() {
            let address = address(channel, channel_type.place());
            found.extend(address.map(strange_addresses).unwrap_or_default());
        }
    }
    for endpoint in section("endpoints") {
        let token = endpoint.value.entry("token");
        for span in token
            .map(|entry| strange_tokens(&entry.value))
            .unwrap_or_default()
        {
            found.push((span, Misplaced::Token));
        }
    }
    found
}

/// The address at a place in a channel: also a text where a mapping with the address belongs.
fn address<'t>(channel: &'t Node, place: &[&str]) -> Option<&'t Node> {
    let mut node = channel;
    for (index, key) in place.iter().enumerate() {
        match node.entry(key) {
            Some(entry) => node = &entry.value,
            None if index > 0 && matches!(node.kind, Kind::Scalar { .. }) => return Some(node),
            None => return None,
        }
    }
    Some(node)
}

fn strange_addresses(address: &Node) -> Vec<(Span, Misplaced)> {
    let mut found = vec![];
    let mut references = vec![];
    match &address.kind {
        Kind::Map(entries) => {
            for entry in entries {
                match (entry.key.as_str(), &entry.value.kind) {
                    ("encrypted", Kind::Scalar { text, .. }) if is_ciphertext(text) => {}
                    ("env", Kind::Scalar { text, .. }) if is_variable(text) => {}
                    ("for", Kind::Scalar { text, .. }) if is_function(text) => {}
                    ("env", Kind::Scalar { text, .. }) if is_reference(text) => {
                        references.push(entry.value.span.clone());
                    }
                    _ => scalars(&entry.value, &mut found),
                }
            }
        }
        _ => scalars(address, &mut found),
    }
    let references = references.into_iter().map(|span| (span, Misplaced::Reference));
    let found = found.into_iter().map(|span| (span, Misplaced::Address));
    found.chain(references).collect()
}

/// Whether the text is `$NAME` or `${NAME}`.
fn is_reference(text: &str) -> bool {
    let name = text.strip_prefix('$').unwrap_or_default();
    let braced = name.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
    is_variable(braced.unwrap_or(name))
}

fn strange_tokens(token: &Node) -> Vec<Span> {
    let is_digest_node = |node: &Node| matches!(&node.kind, Kind::Scalar { text, .. } if is_digest(text));
    let mut found = vec![];
    match &token.kind {
        Kind::Map(entries) => {
            for entry in entries {
                match (entry.key.as_str(), &entry.value.kind) {
                    ("sha256", Kind::List(items)) => {
                        let strange = items.iter().filter(|item| !is_digest_node(item));
                        strange.for_each(|item| scalars(item, &mut found));
                    }
                    // `{ token }` is a key without a value.
                    (key, Kind::Scalar { text, .. }) if text.is_empty() && key != "sha256" => {
                        found.push(entry.key_span.clone());
                    }
                    _ if is_digest_node(&entry.value) => {}
                    _ => scalars(&entry.value, &mut found),
                }
            }
        }
        _ => scalars(token, &mut found),
    }
    found
}

/// Places of text after `token:` or `sha256:` in a line that is not a digest: without a tree, it is unknown
/// which value is a token.
pub fn find_tokens(text: &str) -> Vec<Span> {
    let mut found = vec![];
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let keys = ["token:", "sha256:"];
        let after = keys
            .iter()
            .filter_map(|key| Some(line.find(key)? + key.len()))
            .min();
        if let Some(after) = after {
            let is_word =
                |span: &Span| !keys.contains(&&text[span.clone()]) && !is_digest(&text[span.clone()]);
            let words =
                tokens(&line[after..]).map(|span| start + after + span.start..start + after + span.end);
            found.extend(words.filter(is_word));
        }
        start += line.len();
    }
    found
}

/// One problem per secret, even if it was found in several ways.
pub fn problems(
    tree: &Node,
    text: &str,
    clear_text: &[Span],
    misplaced: &[(Span, Misplaced)],
) -> Vec<Problem> {
    let is_clear = |span: &Span| clear_text.iter().any(|known| overlaps(known, span));
    let in_clear_text = clear_text
        .iter()
        .map(|span| exposed(text, span, is_value(tree, span)));
    let others = misplaced
        .iter()
        .filter(|(span, _)| !is_clear(span))
        .map(|(span, kind)| self::misplaced(span, *kind));
    in_clear_text.chain(others).collect()
}

fn is_value(node: &Node, span: &Span) -> bool {
    match &node.kind {
        Kind::Scalar { .. } => overlaps(&node.span, span),
        Kind::List(items) => items.iter().any(|item| is_value(item, span)),
        Kind::Map(entries) => entries
            .iter()
            .any(|entry| overlaps(&entry.key_span, span) || is_value(&entry.value, span)),
    }
}

/// The text with these places made unreadable; its length in bytes does not change.
pub fn mask(text: &str, spans: &[Span]) -> String {
    let mut hidden = vec![false; text.len()];
    for span in spans {
        hidden[span.clone()].fill(true);
    }
    let mut masked = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if hidden[at] && !character.is_whitespace() {
            masked.extend(std::iter::repeat_n('*', character.len_utf8()));
        } else {
            masked.push(character);
        }
    }
    masked
}

/// Replaces the values at the given places, so that no message can quote them.
pub fn mask_tree(node: &mut Node, spans: &[Span]) {
    let hit = spans.iter().any(|span| overlaps(span, &node.span));
    match &mut node.kind {
        Kind::Scalar { text, .. } if hit => "MASKED".clone_into(text),
        Kind::Scalar { .. } => {}
        Kind::List(items) => items.iter_mut().for_each(|item| mask_tree(item, spans)),
        Kind::Map(entries) => {
            for entry in entries {
                if spans.iter().any(|span| overlaps(span, &entry.key_span)) {
                    "MASKED".clone_into(&mut entry.key);
                }
                mask_tree(&mut entry.value, spans);
            }
        }
    }
}

/// The label of every problem with a secret; other problems at its place are dropped.
pub const LABEL: &str = "masked";

/// The problem with a secret that `find` found. In a comment it is only a warning, because the stack still
/// works.
pub fn exposed(text: &str, span: &Span, in_value: bool) -> Problem {
    let token = text.get(span.clone()).unwrap_or_default();
    let (secret, help) = if looks_like_webhook(token) {
        (
            "a webhook",
            format!("{ENCRYPT}; anyone who has seen this file can post, so create a new webhook in Slack"),
        )
    } else if looks_like_token(token) {
        (
            "the address of a channel",
            format!("{ENCRYPT}; anyone who has seen this file can post, so replace it at its service"),
        )
    } else {
        (
            "a password",
            "SNS has nowhere to keep it: subscribe a function that knows the password".to_owned(),
        )
    };
    let problem = if in_value {
        Problem::error(span.clone(), format!("{secret} is here in clear text"))
    } else {
        Problem::warning(span.clone(), format!("{secret} is in clear text in a comment"))
    };
    problem.label(LABEL).help(help)
}

/// The problem with a secret that `find_misplaced` found.
pub fn misplaced(span: &Span, kind: Misplaced) -> Problem {
    let (fact, help) = match kind {
        Misplaced::Address => (
            "this is neither an address's ciphertext in base64 nor the name of a variable",
            ENCRYPT,
        ),
        Misplaced::Reference => (
            "the name of a variable is written with a `$`",
            "write the name alone: `{ env: NAME }`",
        ),
        Misplaced::Token => (
            "this is not the SHA-256 of a token in 64 hexadecimal digits",
            "run `alertctl token` and write the digest it prints: `token: { sha256: … }`; anyone who has \
             seen a token in this file can use it, so create a new one",
        ),
    };
    Problem::error(span.clone(), fact).label(LABEL).help(help)
}

pub fn overlaps(a: &Span, b: &Span) -> bool {
    a.start < b.end && b.start < a.end
}

/// Base64 of something that is not itself a URL.
pub fn is_ciphertext(text: &str) -> bool {
    let is_url = |bytes: &[u8]| {
        str::from_utf8(bytes).is_ok_and(|text| text.contains("//") || looks_like_webhook(text))
    };
    BASE64_STANDARD
        .decode(text)
        .is_ok_and(|bytes| !bytes.is_empty() && !is_url(&bytes))
        && !looks_like_webhook(text)
}

/// SHA-256 in hexadecimal digits.
pub fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a function can have this name.
fn is_function(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// A name that every shell can export. A longer name is more likely a token.
pub fn is_variable(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn scalars(node: &Node, found: &mut Vec<Span>) {
    match &node.kind {
        Kind::Scalar { text, .. } if text.is_empty() => {}
        Kind::Scalar { .. } => found.push(node.span.clone()),
        Kind::List(items) => items.iter().for_each(|item| scalars(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|entry| scalars(&entry.value, found)),
    }
}

/// Runs of characters that may belong to one URL.
fn tokens(text: &str) -> impl Iterator<Item = Span> + '_ {
    let mut start = None;
    text.char_indices()
        .chain([(text.len(), ' ')])
        .filter_map(move |(at, character)| {
            if character.is_ascii_alphanumeric() || ":/.%_-\\@?=&~+$".contains(character) {
                start.get_or_insert(at);
                return None;
            }
            start.take().map(|start| start..at)
        })
}

fn looks_like_webhook(token: &str) -> bool {
    // In JSON `\/` may stand for a slash.
    let token = token.replace('\\', "").replace("%2F", "/").replace("%2f", "/");
    let lower = token.to_ascii_lowercase();
    let after_host = lower
        .split_once("hooks.slack")
        .and_then(|(_, rest)| rest.split_once('/'));
    if after_host.is_some_and(|(_, path)| !path.is_empty()) {
        return true;
    }
    // A webhook without its host. Only ids in capitals count; otherwise one ciphertext in a few hundred would
    // look like a webhook.
    let parts: Vec<&str> = token.split('/').collect();
    parts
        .windows(3)
        .any(|part| is_id(part[0], 'T') && is_id(part[1], 'B') && part[2].len() >= 16)
}

/// Tokens and signing secrets, which are known by how they begin, and the URLs of all services.
fn looks_like_token(token: &str) -> bool {
    let keys = ["xoxb-", "xoxp-", "xapp-", "whsec_"];
    let is = |key: &&str| token.starts_with(*key) && token.len() >= key.len() + 16;
    keys.iter().any(is) || ChannelType::of_address(token).is_some()
}

fn has_password(token: &str) -> bool {
    let authority = token
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?']).next());
    authority.is_some_and(|authority| authority.contains('@'))
}

fn is_id(part: &str, kind: char) -> bool {
    part.len() >= 8
        && part.starts_with(kind)
        && part
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_all_services_are_found_wherever_they_stand() {
        for address in [
            "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
            "xoxb-0000000000-0000000000-abcdefghijklmnopqrstuvwx",
            "https://chat.googleapis.com/v1/spaces/AAAAAAAAAAA/messages?key=abcdefghijklmnop&token=abcdefghijklmnop",
            "https://discord.com/api/webhooks/000000000000000000/abcdefghijklmnopqrstuvwxyz",
            "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ] {
            let text = format!("stack: a # {address}\ntags: {{ note: \"{address}\" }}\n");
            assert_eq!(find(&text).len(), 2, "{address}");
        }
        for other in [
            "https://example.com/a",
            "0123456789abcdef0123456789abcdef",
            "discord.com",
        ] {
            assert!(find(&format!("stack: a # {other}\n")).is_empty(), "{other}");
        }
    }
}
