//! Looks for something anywhere in a request.

use crate::event::normalised;
use serde_json::Value;

/// Deepest object that is searched.
const MAX_DEPTH: usize = 8;

/// Whether `found` is true of any entry in any object of the JSON; keys are in lower case.
pub(super) fn any(value: &Value, found: &mut dyn FnMut(&str, &Value) -> bool) -> bool {
    fn at(value: &Value, depth: usize, found: &mut dyn FnMut(&str, &Value) -> bool) -> bool {
        match value {
            _ if depth > MAX_DEPTH => false,
            Value::Array(values) => values.iter().any(|one| at(one, depth + 1, found)),
            Value::Object(map) => map
                .iter()
                .any(|(key, value)| found(&normalised(key), value) || at(value, depth + 1, found)),
            _ => false,
        }
    }
    at(value, 0, found)
}

/// Every text in the JSON.
pub(super) fn leaves(value: &Value, depth: usize, each: &mut dyn FnMut(&str)) {
    match value {
        _ if depth > MAX_DEPTH => {}
        Value::String(text) => each(text),
        Value::Array(values) => values.iter().for_each(|one| leaves(one, depth + 1, each)),
        Value::Object(map) => map.values().for_each(|one| leaves(one, depth + 1, each)),
        _ => {}
    }
}
