//! JSON that arrived: parsed within bounds, and held once however many need it.
//!
//! A mebibyte of JSON text, such as `[[],[],…]`, takes over a hundred as values, and the function has 128 MB in all.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::cell::Cell;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text up to this length is parsed as it is: its values take at most 150 times as much.
const SHORT: usize = 32_768;
/// The most values of a longer text. Text has ten bytes a value and more; only lists of numbers have less.
const MAX_VALUES: usize = 100_000;
/// Stands for the values that are left out.
const MORE: &str = "…";

/// JSON that several hold, or a part of it. A clone copies nothing.
#[derive(Clone, Default)]
pub struct Json {
    root: Arc<Value>,
    /// A JSON pointer.
    at: String,
}

impl Json {
    /// The part that the JSON pointer `at` leads to.
    pub(crate) fn part(&self, at: &str) -> Self {
        Self {
            root: Arc::clone(&self.root),
            at: format!("{}{at}", self.at),
        }
    }

    /// The whole, unless something else holds it, too.
    pub(crate) fn get_mut(&mut self) -> Option<&mut Value> {
        Arc::get_mut(&mut self.root)
    }
}

impl Deref for Json {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.root.pointer(&self.at).unwrap_or(&Value::Null)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self {
            root: Arc::new(value),
            at: String::new(),
        }
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        Self::from(value.clone())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl PartialEq<Value> for Json {
    fn eq(&self, other: &Value) -> bool {
        **self == *other
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Parses JSON. Of a long text with very many values, those that are too many are left out.
pub(crate) fn parse(text: &str) -> serde_json::Result<Value> {
    match text.len() {
        ..=SHORT => serde_json::from_str(text),
        _ => bounded(&mut serde_json::Deserializer::from_str(text), MAX_VALUES),
    }
}

/// The same for bytes.
#[cfg(feature = "runtime")]
pub(crate) fn parse_bytes(bytes: &[u8]) -> serde_json::Result<Value> {
    match bytes.len() {
        ..=SHORT => serde_json::from_slice(bytes),
        _ => bounded(&mut serde_json::Deserializer::from_slice(bytes), MAX_VALUES),
    }
}

fn bounded<'de, R: serde_json::de::Read<'de>>(
    from: &mut serde_json::Deserializer<R>,
    most: usize,
) -> serde_json::Result<Value> {
    let left = Cell::new(most);
    let value = Bounded(&left).deserialize(&mut *from)?;
    from.end()?;
    Ok(value)
}

/// Reads a value; the cell counts how many more there may be.
#[derive(Clone, Copy)]
struct Bounded<'a>(&'a Cell<usize>);

impl Bounded<'_> {
    fn is_full(self) -> bool {
        self.0.get() == 0
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.0.set(self.0.get().saturating_sub(1));
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any valid JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while !self.is_full() {
            match list.next_element_seed(self)? {
                Some(value) => values.push(value),
                None => break,
            }
        }
        let mut more = false;
        while self.is_full() && list.next_element::<IgnoredAny>()?.is_some() {
            more = true;
        }
        values.extend(more.then(|| MORE.into()));
        // A list grows by doubling, to four values at least, and most lists are short.
        values.shrink_to_fit();
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut values: Vec<(String, Value)> = Vec::new();
        while !self.is_full() {
            match fields.next_key()? {
                Some(key) => values.push((key, fields.next_value_seed(self)?)),
                None => break,
            }
        }
        let mut more = false;
        while self.is_full() && fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            more = true;
        }
        values.extend(more.then(|| (MORE.to_owned(), MORE.into())));
        // Made in one go, an object has no room for fields that never come.
        Ok(Value::Object(values.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_long_text_is_read_as_a_short_one() {
        let one =
            json!({ "a": [1, -1, 1.5, null, true, "가\"\n"], "b": { "c": {}, "d": [] }, "e": u64::MAX });
        let many = json!(vec![one; 1_000]);
        let text = many.to_string();
        assert!(text.len() > SHORT);
        assert_eq!(parse(&text).expect("JSON"), many);
        let text = format!("{many:#}\n");
        assert_eq!(parse(&text).expect("JSON"), many);
        for broken in [
            text.clone() + "x",
            text.replacen("null", "nul", 1),
            "[".repeat(50_000),
        ] {
            assert!(parse(&broken).is_err());
        }
    }

    #[test]
    fn of_too_many_values_the_first_are_kept() {
        let numbers = parse(&json!(vec![7; 300_000]).to_string()).expect("JSON");
        let numbers = numbers.as_array().expect("a list");
        assert!(numbers.len() <= MAX_VALUES && numbers.capacity() <= MAX_VALUES);
        assert_eq!(
            (numbers.first(), numbers.last()),
            (Some(&json!(7)), Some(&json!(MORE)))
        );
        let text = r#"{"a":{"b":1,"c":2},"d":[3,[4]],"e":5}"#;
        let cut = |most| bounded(&mut serde_json::Deserializer::from_str(text), most).expect("JSON");
        assert_eq!(cut(3), json!({ "a": { "b": 1, "…": "…" }, "…": "…" }));
        assert_eq!(
            cut(6),
            json!({ "a": { "b": 1, "c": 2 }, "d": [3, "…"], "…": "…" })
        );
        assert_eq!(cut(100).to_string(), text);
    }
}
