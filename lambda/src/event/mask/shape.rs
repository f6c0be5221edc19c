//! Secrets inside a text, recognized by the word before them or by their shape.

use super::{MASK, SECRET_NAMES, is_secret_name};
use crate::event::normalised;
use std::borrow::Cow;

/// Prefixes of the secrets of well-known issuers.
const PREFIXES: &[&str] = &[
    "xoxa-",
    "xoxb-",
    "xoxc-",
    "xoxd-",
    "xoxe-",
    "xoxe.",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "xapp-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "whsec_",
    "AIza",
    "ya29.",
    "npm_",
    "pypi-",
    "dckr_pat_",
    "hvs.",
    "SG.",
    "eyJ",
    // AWS session tokens.
    "IQoJb3JpZ2lu",
    "FwoGZXIvYXdz",
];
/// Addresses that are secrets themselves.
const SECRET_ADDRESSES: &[&str] = &[
    "hooks.slack.com/",
    "hooks.slack.com%2f",
    "hooks.slack-gov.com/",
    "hooks.slack-gov.com%2f",
    "webhook.office.com/",
    "discord.com/api/webhooks/",
    "discordapp.com/api/webhooks/",
    "chat.googleapis.com/",
    "api.telegram.org/bot",
];
/// Shortest text after a prefix that counts as a secret; anything shorter may be a word.
const MIN_SECRET: usize = 16;
/// Begin and end markers of a private key in PEM.
const PEM_BEGIN: &str = "-----BEGIN ";
const PEM_END: &str = "-----END ";
const PEM_KEYS: [&str; 2] = ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"];

/// What a word says about the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The name of a secret; if a sign follows, the next word is the secret.
    Name,
    /// `Authorization:`, `--password`, `Bearer`.
    Secret,
}

/// The same text without secrets.
pub(crate) fn text(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, key)) = private_key(rest) {
        masked += &words(before);
        masked += MASK;
        rest = key;
    }
    masked + &words(rest)
}

/// The text before and after the first private key. A truncated key ends with the text. The end of a key whose beginning
/// is missing hides no key after it.
fn private_key(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    let (begin, inside) = loop {
        let end = from + marker(&text[from..])?;
        match text[..end].rfind(PEM_BEGIN) {
            Some(begin) => break (begin, &text[end..]),
            None => from = end,
        }
    };
    let after = inside.find(PEM_END).and_then(|end| {
        let end = &inside[end..];
        Some(&end[marker(end)?..])
    });
    Some((&text[..begin], after.unwrap_or_default()))
}

/// Where the first marker of a private key ends.
fn marker(text: &str) -> Option<usize> {
    let ends = PEM_KEYS
        .iter()
        .filter_map(|key| Some(text.find(key)? + key.len()));
    ends.min()
}

fn words(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = Before::Nothing;
    while let Some(c) = rest.chars().next() {
        let end = match is_separator(c) {
            true => c.len_utf8(),
            false => rest.find(is_separator).unwrap_or(rest.len()),
        };
        let (word, others) = rest.split_at(end);
        rest = others;
        if is_separator(c) {
            masked += word;
            // A new clause or another part of a list is not related to the name before it.
            if before == Before::Name && matches!(c, ',' | ';' | '&' | '|') {
                before = Before::Nothing;
            }
            continue;
        }
        (before, masked) = match before {
            Before::Name if is_sign(word) => (Before::Secret, masked + word),
            Before::Name if word.starts_with(['=', ':']) => (Before::Nothing, masked + &word[..1] + MASK),
            Before::Secret => (after(word), masked + MASK),
            _ => (after(word), masked + &mask_word(word)),
        };
    }
    masked
}

/// What a word says about the next one.
fn after(word: &str) -> Before {
    let bare = word.trim_end_matches([':', '=']);
    let last = bare.rsplit(['=', ':']).next().unwrap_or(bare);
    if ["bearer", "basic"]
        .iter()
        .any(|scheme| last.eq_ignore_ascii_case(scheme))
    {
        return Before::Secret;
    }
    if !is_secret_name(bare) || bare.contains("//") {
        return Before::Nothing;
    }
    // This covers `--password …` and `token: …`, and also `password = …`, `"password": …`.
    match bare.len() < word.len() || bare.starts_with("--") {
        true => Before::Secret,
        false => Before::Name,
    }
}

/// `=`, `:`, `=>`, `:=`
fn is_sign(word: &str) -> bool {
    word.len() <= 2 && word.bytes().all(|byte| b"=:>".contains(&byte))
}

fn is_bare_secret_name(name: &str) -> bool {
    SECRET_NAMES.contains(&normalised(name).as_str())
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | ',' | ';' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '&' | '\\'
        )
}

/// Masks a word that is a secret, or the secret part of one: `name=secret`, `https://user:secret@host/`.
fn mask_word(word: &str) -> Cow<'_, str> {
    // Most words are short and plain, and a long text has very many of them.
    if word.len() < MIN_SECRET && !word.contains(['=', ':', '/']) {
        return word.into();
    }
    if is_secret_address(word) || looks_secret(word) {
        return MASK.into();
    }
    if let Some((scheme, rest)) = word.split_once("://") {
        let (authority, _) = rest.split_once('/').unwrap_or((rest, ""));
        if let Some((user, host)) = authority.rsplit_once('@') {
            let user = user.split(':').next().unwrap_or_default();
            let user = if looks_secret(user) { MASK } else { user };
            let tail = mask_word(&rest[authority.len()..]);
            return format!("{scheme}://{user}:{MASK}@{host}{tail}").into();
        }
    }
    // `secretsmanager:GetSecretValue` is an action, so before a colon only the bare name counts. A slash
    // separates the two parts of a key, but may also be part of a secret.
    let named: [(char, fn(&str) -> bool); 3] = [
        ('=', is_secret_name),
        (':', is_bare_secret_name),
        ('/', |_| false),
    ];
    for (sign, is_secret_name) in named {
        if let Some((name, value)) = word.split_once(sign) {
            let bare = name.rsplit(['?', '/']).next().unwrap_or(name);
            if !value.is_empty() && (is_secret_name(bare) || looks_secret(value)) {
                return format!("{name}{sign}{MASK}").into();
            }
        }
    }
    word.into()
}

fn is_secret_address(word: &str) -> bool {
    // Every one of these addresses contains a slash or `%`.
    if !word.contains(['/', '%']) {
        return false;
    }
    let lower = word.to_ascii_lowercase();
    SECRET_ADDRESSES.iter().any(|address| lower.contains(address))
}

fn looks_secret(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':', '!', '?']);
    let issued = |prefix: &str| {
        word.strip_prefix(prefix)
            .is_some_and(|rest| rest.len() >= MIN_SECRET && rest.bytes().all(is_secret_byte))
    };
    PREFIXES.iter().any(|prefix| issued(prefix)) || is_aws_secret(word)
}

fn is_secret_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~+/=".contains(&byte)
}

/// An AWS secret access key has 40 characters of base64. A SHA-1 digest has no capitals.
fn is_aws_secret(word: &str) -> bool {
    word.len() == 40
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
        && word.bytes().any(|byte| byte.is_ascii_lowercase())
        && word.bytes().any(|byte| byte.is_ascii_digit())
}
