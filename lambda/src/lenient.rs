//! JSON as Python writes it: with `NaN`, `Infinity` and `-Infinity`, which are not valid JSON.

use crate::json;
use serde_json::Value;
use std::borrow::Cow;

const LITERALS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// Parses JSON; a number that JSON cannot represent becomes `null`.
///
/// # Errors
/// Otherwise the text is not JSON, or it is nested deeper than 128 levels.
pub fn parse(text: &str) -> serde_json::Result<Value> {
    json::parse(&nulled(text))
}

/// Replaces each literal with `null` where it stands as a value.
fn nulled(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut result = String::new();
    let mut kept = 0;
    let mut in_string = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => in_string = !in_string,
            b'\\' if in_string => at += 1,
            b'N' | b'I' | b'-' if !in_string => {
                if let Some(length) = literal(bytes, at) {
                    result.push_str(&text[kept..at]);
                    result.push_str("null");
                    kept = at + length;
                    at = kept;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    result.push_str(&text[kept..]);
    Cow::Owned(result)
}

/// Length of the literal at `at`, if it is a complete value.
fn literal(bytes: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|index| bytes[index]);
    let opens = before.is_none_or(|byte| byte.is_ascii_whitespace() || b"[:,".contains(&byte));
    let closes = |byte: &u8| byte.is_ascii_whitespace() || b",]}".contains(byte);
    LITERALS
        .iter()
        .find(|literal| bytes[at..].starts_with(literal) && opens)
        .map(|literal| literal.len())
        .filter(|length| bytes.get(at + length).is_none_or(closes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn python_numbers_become_null_and_strings_stay() {
        let text =
            r#"{"a":NaN,"b":[Infinity, -Infinity ,-1],"NaN":"NaN, \"Infinity\", [NaN]","c":"\\","d":NaN}"#;
        let value = parse(text).expect("lenient JSON");
        assert_eq!(
            value,
            json!({ "a": null, "b": [null, null, -1], "NaN": "NaN, \"Infinity\", [NaN]", "c": "\\", "d": null })
        );
        assert_eq!(parse("NaN").expect("a value"), Value::Null);
    }

    #[test]
    fn nothing_else_is_forgiven() {
        for text in [
            "{NaN:1}",
            "NaNs",
            "1NaN",
            "[-NaN]",
            "--Infinity",
            "[nan]",
            "{",
            "",
            "\"NaN",
            "NaN NaN",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    /// JSON values whose strings may contain the literals.
    fn values() -> impl Strategy<Value = Value> {
        let text = proptest::string::string_regex(r#"(NaN|-?Infinity|["\\\[\]:,{} \nä€🚨]){0,6}"#)
            .expect("a pattern")
            .boxed();
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::btree_map(text.clone(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Writes JSON with `literal` for each null, as Python would.
    fn written(value: &Value, literal: &str) -> String {
        match value {
            Value::Null => literal.to_owned(),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(|item| written(item, literal)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(map) => {
                let entry =
                    |(key, value): (&String, _)| format!("{}: {}", json!(key), written(value, literal));
                format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(","))
            }
            other => other.to_string(),
        }
    }

    proptest! {
        #[test]
        fn json_is_left_alone(value in values(), pretty in any::<bool>()) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            prop_assert_eq!(nulled(&text), text.as_str());
        }

        #[test]
        fn every_literal_is_null(value in values(), index in 0..3usize) {
            let literal = std::str::from_utf8(LITERALS[index]).expect("ASCII");
            prop_assert_eq!(parse(&written(&value, literal)).expect("lenient JSON"), value);
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,40}", cut in r#"["\\NaNInfinity\-\[,]{0,30}"#) {
            let _ = parse(&text);
            let _ = parse(&cut);
        }
    }
}
