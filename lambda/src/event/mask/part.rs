//! Masked JSON. Its first levels are taken apart, to be read; deeper levels are masked when they are written.

use super::{Masked, hides};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The most values that [`glance`] takes.
const MAX_GLANCE: usize = 5_000;
const MAX_DEPTH: usize = 6;
/// How many elements of a list it takes: whether there is one or more.
const MAX_ELEMENTS: usize = 2;

/// Masked JSON.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    Fields(Vec<(Cow<'a, str>, Self)>),
    Text(String),
    /// A list, a number or a flag, or an object that lies deeper; and whether it is hidden.
    Other(&'a Value, bool),
    /// The same of a text that is itself JSON.
    Own(Box<Value>, bool),
}

impl<'a> Part<'a> {
    /// Takes `depth` levels of objects apart.
    pub fn new(value: &'a Value, depth: usize) -> Self {
        Self::of(Cow::Borrowed(value), false, depth)
    }

    fn of(value: Cow<'a, Value>, hidden: bool, depth: usize) -> Self {
        let masked = Masked {
            value: &value,
            hidden,
        };
        if let Value::String(text) = &*value {
            return match masked.nested() {
                Some(inner) => Self::of(Cow::Owned(inner), false, depth),
                None => Self::Text(masked.text(text)),
            };
        }
        match value {
            Cow::Borrowed(Value::Object(fields)) if depth > 0 => {
                let parts = fields.iter().map(|(key, value)| {
                    let hidden = hides(fields, key, hidden);
                    let part = Self::of(Cow::Borrowed(value), hidden, depth - 1);
                    (Cow::Borrowed(key.as_str()), part)
                });
                Self::Fields(parts.collect())
            }
            Cow::Owned(Value::Object(fields)) if depth > 0 => {
                let hidden: Vec<_> = fields.keys().map(|key| hides(&fields, key, hidden)).collect();
                let parts = fields.into_iter().zip(hidden).map(|((key, value), hidden)| {
                    (Cow::Owned(key), Self::of(Cow::Owned(value), hidden, depth - 1))
                });
                Self::Fields(parts.collect())
            }
            Cow::Borrowed(value) => Self::Other(value, hidden),
            Cow::Owned(value) => Self::Own(Box::new(value), hidden),
        }
    }

    /// The value under `key`.
    pub fn field(&self, key: &str) -> Option<&Self> {
        let (_, part) = self.fields().iter().find(|(name, _)| name == key)?;
        Some(part)
    }

    /// None if it is no object.
    pub fn fields(&self) -> &[(Cow<'a, str>, Self)] {
        match self {
            Self::Fields(fields) => fields,
            _ => &[],
        }
    }

    pub fn fields_mut(&mut self) -> Option<&mut Vec<(Cow<'a, str>, Self)>> {
        match self {
            Self::Fields(fields) => Some(fields),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value of what is neither a text nor an object.
    pub fn other(&self) -> Option<&Value> {
        match self {
            Self::Other(value, _) => Some(value),
            Self::Own(value, _) => Some(value),
            Self::Fields(_) | Self::Text(_) => None,
        }
    }

    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Fields(fields) => fields.is_empty(),
            part => part.other().is_some_and(Value::is_null),
        }
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fields(fields) => to.collect_map(fields.iter().map(|(key, part)| (key, part))),
            Self::Text(text) => to.serialize_str(text),
            Self::Other(value, hidden) => Masked {
                value,
                hidden: *hidden,
            }
            .serialize(to),
            Self::Own(value, hidden) => Masked {
                value,
                hidden: *hidden,
            }
            .serialize(to),
        }
    }
}

/// JSON without what is hidden, deep, or not among the first: as much as it takes to see what it is about. Texts are not
/// masked, for few of them are shown.
pub(crate) fn glance(value: &Value) -> Value {
    let mut left = MAX_GLANCE;
    seen(Masked::new(value), MAX_DEPTH, &mut left)
}

fn seen(masked: Masked<'_>, depth: usize, left: &mut usize) -> Value {
    *left = left.saturating_sub(1);
    if let Some(inner) = masked.nested() {
        return seen(Masked::new(&inner), depth, left);
    }
    match masked.value {
        Value::String(_) if !masked.hidden => masked.value.clone(),
        Value::String(text) => masked.text(text).into(),
        Value::Array(_) | Value::Object(_) if depth == 0 => Value::Null,
        Value::Array(values) => {
            let mut some = Vec::new();
            for element in masked.elements(values).take(MAX_ELEMENTS) {
                some.push(seen(element, depth - 1, left));
            }
            some.into()
        }
        Value::Object(_) => {
            let mut some = Map::new();
            for (key, field) in masked.fields() {
                if *left == 0 {
                    break;
                }
                some.insert(key.to_owned(), seen(field, depth - 1, left));
            }
            some.into()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_taken_apart_is_written_as_the_whole() {
        let value = json!({
            "a": { "b": { "c": { "password": "hunter2", "d": [1, { "token": "x" }] } }, "text": "secret=abc" },
            "credentials": { "id": "i", "x": "y", "n": 1, "deep": { "arn": "a", "list": ["z", "arn:aws:x"] } },
            "nested": json!({ "apiKey": "k", "list": ["--password", "p"], "more": json!({ "pwd": "q" }).to_string() }).to_string(),
            "env": [{ "name": "DB_PASSWORD", "value": "hunter2" }], "tag": { "Key": "token", "Value": "v" }, "null": null,
        });
        let whole = json!(Masked::new(&value)).to_string();
        for depth in 0..6 {
            assert_eq!(json!(Part::new(&value, depth)).to_string(), whole);
        }
        assert!(
            ![
                "hunter2", "\"k\"", "\"p\"", "\"q\"", "abc", "\"v\"", "\"y\"", "\"z\""
            ]
            .iter()
            .any(|secret| whole.contains(secret)),
            "{whole}"
        );
    }

    #[test]
    fn a_glance_takes_only_so_much() {
        let value =
            json!({ "password": "hunter2", "list": vec![json!({ "a": 1 }); 100_000], "state": "FAILED" });
        assert_eq!(
            glance(&value),
            json!({ "password": super::super::MASK, "list": [{ "a": 1 }, { "a": 1 }], "state": "FAILED" })
        );
        let fields: Map<_, _> = (0..20_000).map(|n| (n.to_string(), json!(n))).collect();
        let seen = glance(&fields.into());
        assert_eq!(seen.as_object().map(Map::len), Some(MAX_GLANCE - 1));
    }
}
