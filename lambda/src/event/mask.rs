//! Masks secrets in everything that arrives, be it the request of a call, an alert or a text, so that no
//! channel sees them.
//!
//! CloudTrail removes what the service marks as sensitive. Secrets it does not know of (environment of a task
//! definition, headers of a target, a webhook in a tag) arrive in clear text, and so does whatever an
//! application logged. A value is masked because of its name or because of its own shape. Ids and ARNs of
//! secrets stay: they are not secret.

mod part;
mod shape;

use super::normalised;
use crate::excerpt::Excerpt;
use crate::json;
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

pub(crate) use part::{Part, glance};
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

/// JSON that is masked while it is written, so that nothing holds it twice. Text that is itself JSON, such as a policy, is
/// parsed and becomes part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Masked<'a> {
    value: &'a Value,
    /// Whether its place says that it is a secret. All its text is then masked except names and ARNs. Numbers and flags stay:
    /// they say how long a password must be, not what it is.
    hidden: bool,
}

impl<'a> Masked<'a> {
    pub fn new(value: &'a Value) -> Self {
        Self { value, hidden: false }
    }

    /// The value of a field called `name`.
    pub fn named(name: &str, value: &'a Value) -> Self {
        let hidden = is_secret_name(name);
        Self { value, hidden }
    }

    /// The fields of an object.
    pub fn fields(self) -> impl Iterator<Item = (&'a str, Self)> {
        let fields = self.value.as_object().into_iter();
        fields.flat_map(move |fields| {
            fields.iter().map(move |(key, value)| {
                let hidden = hides(fields, key, self.hidden);
                (key.as_str(), Self { value, hidden })
            })
        })
    }

    /// The elements of a list. In a command line as a list of words, the word after `--password` is a secret.
    fn elements(self, values: &'a [Value]) -> impl Iterator<Item = Self> {
        let before = std::iter::once(&Value::Null).chain(values);
        values.iter().zip(before).map(move |(value, before)| Self {
            value,
            hidden: self.hidden || is_flag(before),
        })
    }

    /// A number, a flag, or a text as it is, even if it is itself JSON.
    pub fn plain(self) -> Option<String> {
        match self.value {
            Value::String(string) => Some(self.text(string)),
            Value::Number(_) | Value::Bool(_) => Some(self.value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn text(self, string: &str) -> String {
        match self.hidden {
            false => text(string),
            true if string.is_empty() || string.starts_with("arn:") => string.to_owned(),
            true => MASK.to_owned(),
        }
    }

    /// The JSON that a text holds.
    fn nested(self) -> Option<Value> {
        match self.value {
            Value::String(string) if !self.hidden => nested(string),
            _ => None,
        }
    }
}

/// JSON, to be shown in at most `most` characters; `None` if it is null.
pub(super) fn shown(value: &Value, most: usize) -> Option<Excerpt> {
    (!value.is_null()).then(|| Excerpt::of_json(&Masked::new(value), most))
}

impl Serialize for Masked<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::String(string) => match self.nested() {
                Some(inner) => Masked::new(&inner).serialize(to),
                None => to.serialize_str(&self.text(string)),
            },
            Value::Array(values) => to.collect_seq(self.elements(values)),
            Value::Object(_) => to.collect_map(self.fields()),
            other => other.serialize(to),
        }
    }
}

/// Whether the value of this field is a secret. `hidden`: the whole object is one, except for harmless fields.
fn hides(fields: &Map<String, Value>, key: &str, hidden: bool) -> bool {
    if hidden {
        return !is_harmless(&normalised(key));
    }
    is_secret_name(key) || is_paired(fields, key)
}

/// Whether another field of the object names the value under `key`, and names it as a secret: `{"Name": "password",
/// "Value": …}`.
fn is_paired(fields: &Map<String, Value>, key: &str) -> bool {
    let key = normalised(key);
    let mut pairs = PAIRS.iter().filter(|(_, value)| *value == key);
    pairs.any(|(name, _)| {
        fields
            .iter()
            .any(|(key, value)| normalised(key) == *name && value.as_str().is_some_and(is_secret_name))
    })
}

fn is_flag(value: &Value) -> bool {
    let flag = value
        .as_str()
        .filter(|text| text.starts_with('-') && !text.contains('='));
    flag.is_some_and(is_secret_name)
}

fn nested(text: &str) -> Option<Value> {
    let begins = text.trim_start().starts_with(['{', '[']);
    begins.then(|| json::parse(text).ok()).flatten()
}

pub(super) fn is_secret_name(name: &str) -> bool {
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
