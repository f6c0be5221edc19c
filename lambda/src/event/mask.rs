//! Masks secrets in everything that arrives, be it the request of a call, an alert or a text, so that no
//! channel sees them.
//!
//! CloudTrail removes what the service marks as sensitive. Secrets it does not know of (environment of a task
//! definition, headers of a target, a webhook in a tag) arrive in clear text, and so does whatever an
//! application logged. A value is masked because of its name or because of its own shape. Ids and ARNs of
//! secrets stay: they are not secret.

mod shape;

use serde_json::{Map, Value};

pub(crate) use shape::text;

/// Replaces a secret.
pub(crate) const MASK: &str = "••••";

/// Parts of names that suggest a secret, in lower case without separators.
const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "credential",
    "privatekey",
    "apikey",
    "accesskey",
    "signingkey",
    "authorization",
    "webhook",
    "connectionstring",
    "userdata",
    "signature",
];
/// Ends of names that describe a secret without holding it.
const HARMLESS_ENDS: &[&str] = &[
    "id", "ids", "arn", "arns", "name", "type", "status", "age", "length", "peruser", "quota", "limit",
];
/// How requests spell pairs of a name and a value.
const PAIRS: &[(&str, &str)] = &[
    ("name", "value"),
    ("key", "value"),
    ("parametername", "parametervalue"),
    ("parameterkey", "parametervalue"),
    ("headername", "headervalue"),
];

/// The same JSON without secrets. Text that is itself JSON, such as a policy, is parsed and becomes part of it.
pub(crate) fn value(value: &Value) -> Value {
    match value {
        Value::String(string) => match nested(string) {
            Some(inner) => self::value(&inner),
            None => Value::String(text(string)),
        },
        Value::Array(values) => list(values),
        Value::Object(map) => Value::Object(object(map)),
        other => other.clone(),
    }
}

fn object(map: &Map<String, Value>) -> Map<String, Value> {
    let paired = |value_key: &str| {
        let value_key = normalised(value_key);
        PAIRS
            .iter()
            .filter(|(_, value)| *value == value_key)
            .any(|(name, _)| {
                map.iter().any(|(key, value)| {
                    normalised(key) == *name && value.as_str().is_some_and(is_secret_name)
                })
            })
    };
    map.iter()
        .map(|(key, inner)| {
            let secret = is_secret_name(key) || paired(key);
            (key.clone(), if secret { hide(inner) } else { value(inner) })
        })
        .collect()
}

/// A command line as a list of words: the word after `--password` is a secret.
fn list(values: &[Value]) -> Value {
    let is_flag = |value: &Value| {
        let flag = value
            .as_str()
            .filter(|text| text.starts_with('-') && !text.contains('='));
        flag.is_some_and(is_secret_name)
    };
    let before = std::iter::once(&Value::Null).chain(values);
    let masked = values.iter().zip(before);
    masked
        .map(|(inner, before)| {
            if is_flag(before) {
                hide(inner)
            } else {
                value(inner)
            }
        })
        .collect()
}

/// Masks all text in a value except names and ARNs. Numbers and flags stay: they say how long a password must
/// be, not what it is.
fn hide(value: &Value) -> Value {
    match value {
        Value::String(text) if text.is_empty() || text.starts_with("arn:") => value.clone(),
        Value::String(_) => Value::String(MASK.to_owned()),
        Value::Array(values) => values.iter().map(hide).collect(),
        Value::Object(map) => {
            let harmless = |key: &str| is_harmless(&normalised(key));
            map.iter()
                .map(|(key, inner)| {
                    (
                        key.clone(),
                        if harmless(key) {
                            self::value(inner)
                        } else {
                            hide(inner)
                        },
                    )
                })
                .collect()
        }
        other => other.clone(),
    }
}

fn nested(text: &str) -> Option<Value> {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins.then(|| serde_json::from_str(text).ok()).flatten()
}

fn normalised(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_ascii_alphanumeric());
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

fn is_secret_name(name: &str) -> bool {
    let name = normalised(name);
    has_secret_part(name.as_bytes()) && !is_harmless(&name)
}

/// Runs for every word of every message. `str::contains` is too slow here: each search has a setup cost that
/// pays off only in a long text.
fn has_secret_part(normalised: &[u8]) -> bool {
    let begins = |rest: &[u8]| SECRET_NAMES.iter().any(|part| rest.starts_with(part.as_bytes()));
    let may_begin = |byte: u8| FIRST_LETTERS & (1 << (byte & 31)) != 0;
    let mut places = normalised.iter().enumerate();
    places.any(|(at, byte)| may_begin(*byte) && begins(&normalised[at..]))
}

/// The first letters of [`SECRET_NAMES`] as a bit set: bit 1 for `a`, bit 2 for `b` …
const FIRST_LETTERS: u32 = {
    let (mut letters, mut at) = (0, 0);
    while at < SECRET_NAMES.len() {
        letters |= 1 << (SECRET_NAMES[at].as_bytes()[0] & 31);
        at += 1;
    }
    letters
};

fn is_harmless(normalised: &str) -> bool {
    HARMLESS_ENDS.iter().any(|end| normalised.ends_with(end))
}

#[cfg(test)]
mod tests;
