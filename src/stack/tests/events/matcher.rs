//! EventBridge's matching of events against patterns, as it documents it.

use super::*;

/// Whether an event matches a pattern.
pub(super) fn matches(pattern: &Value, event: &Value) -> bool {
    let fields = pattern.as_object().expect("an object");
    fields.iter().all(|(field, wanted)| {
        let found = event.get(field);
        match wanted {
            Value::Array(branches) if field == "$or" => branches.iter().any(|branch| matches(branch, event)),
            Value::Array(conditions) => conditions.iter().any(|condition| holds(condition, found)),
            // A list of objects matches if any of them does.
            inner if found.is_some_and(|found| found.is_array()) => {
                let items = found.and_then(Value::as_array).into_iter().flatten();
                items.into_iter().any(|item| matches(inner, item))
            }
            // A field of an absent object is absent.
            inner => matches(inner, found.unwrap_or(&json!({}))),
        }
    })
}

/// A list in an event matches if any of its values does.
fn holds(condition: &Value, found: Option<&Value>) -> bool {
    if let Some(exists) = condition.get("exists") {
        let is_leaf = found.is_some_and(|value| !value.is_object());
        return is_leaf == exists.as_bool().expect("a boolean");
    }
    match found {
        Some(Value::Array(values)) => values.iter().any(|value| compares(condition, value)),
        Some(value) => compares(condition, value),
        None => false,
    }
}

fn compares(condition: &Value, value: &Value) -> bool {
    let Some(operator) = condition.as_object() else {
        return condition == value;
    };
    let (name, operand) = operator.iter().next().expect("an operator");
    let text = value.as_str().unwrap_or_default();
    let one_or_more = |operand: &Value| match operand {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let of_text = |fits: &dyn Fn(&str) -> bool| value.is_string() && operand.as_str().is_some_and(fits);
    match name.as_str() {
        "prefix" => of_text(&|operand| text.starts_with(operand)),
        "suffix" => of_text(&|operand| text.ends_with(operand)),
        "wildcard" => of_text(&|operand| like(text, operand)),
        "equals-ignore-case" => of_text(&|operand| text.eq_ignore_ascii_case(operand)),
        "cidr" => text.parse::<IpAddr>().is_ok(),
        "anything-but" => match operand.as_object() {
            Some(inner) => {
                let (name, operands) = inner.iter().next().expect("an operator");
                value.is_string()
                    && one_or_more(operands)
                        .iter()
                        .all(|one| !compares(&json!({ name: one }), value))
            }
            None => !value.is_object() && !one_or_more(operand).contains(value),
        },
        other => panic!("no operator {other}"),
    }
}

/// `*` stands for any text, `\*` for a star.
pub(super) fn like(text: &str, wildcard: &str) -> bool {
    match wildcard.chars().next() {
        None => text.is_empty(),
        Some('*') => (0..=text.len())
            .filter(|at| text.is_char_boundary(*at))
            .any(|at| like(&text[at..], &wildcard[1..])),
        Some('\\') => text.starts_with(&wildcard[1..2]) && like(&text[1..], &wildcard[2..]),
        Some(character) => text
            .strip_prefix(character)
            .is_some_and(|rest| like(rest, &wildcard[character.len_utf8()..])),
    }
}
