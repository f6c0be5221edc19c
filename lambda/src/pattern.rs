//! EventBridge's event patterns, for the `match:` of routes.
//!
//! The semantics are those that AWS documents ("Comparison operators for use in event patterns", EventBridge
//! User Guide) and that its rule engine implements (github.com/aws/event-ruler). All fields must match, and for
//! each field at least one condition of its list. In an array of the event one matching element is enough;
//! conditions on several fields of its objects must hold for the same object. Numbers are compared by value,
//! however they are written.

use serde_json::{Map, Number, Value};
use std::net::IpAddr;

/// Whether `event` matches `pattern`. Never fails: a condition in an unknown format matches nothing.
pub fn matches(pattern: &Map<String, Value>, event: &Value) -> bool {
    object(pattern, event) != Fit::No
}

/// Whether something matches, and why: because of a value that exists, or only because values are absent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    ByAbsence,
    ByValue,
}

/// All fields of the pattern against one object of the event; any other value has no fields.
fn object(pattern: &Map<String, Value>, value: &Value) -> Fit {
    let mut fit = Fit::ByAbsence;
    for (field, expected) in pattern {
        let found = match (field.as_str(), expected) {
            ("$or", Value::Array(branches)) => branches
                .iter()
                .filter_map(Value::as_object)
                .map(|branch| object(branch, value))
                .max()
                .unwrap_or(Fit::No),
            (field, Value::Array(conditions)) => leaf(conditions, value.get(field)),
            (field, Value::Object(inner)) => inside(inner, value.get(field).unwrap_or(&Value::Null)),
            _ => Fit::No,
        };
        if found == Fit::No {
            return Fit::No;
        }
        fit = fit.max(found);
    }
    fit
}

/// A nested pattern, against an object or the objects of an array.
fn inside(pattern: &Map<String, Value>, value: &Value) -> Fit {
    let mut objects = Vec::new();
    flatten(value, &mut |one| {
        if one.is_object() {
            objects.push(one);
        }
    });
    if objects.is_empty() {
        return object(pattern, &Value::Null);
    }
    let fits: Vec<_> = objects.into_iter().map(|one| object(pattern, one)).collect();
    if fits.contains(&Fit::ByValue) {
        Fit::ByValue
    } else if fits.contains(&Fit::No) {
        Fit::No
    } else {
        Fit::ByAbsence
    }
}

/// Any of the conditions for any value of the field. An object is not a value: EventBridge compares only
/// leaves.
fn leaf(conditions: &[Value], value: Option<&Value>) -> Fit {
    let (mut present, mut fits) = (false, false);
    if let Some(value) = value {
        flatten(value, &mut |one| {
            if !one.is_object() {
                present = true;
                fits = fits || conditions.iter().any(|condition| holds(condition, one));
            }
        });
    }
    if fits {
        return Fit::ByValue;
    }
    let absent = |condition: &Value| condition.get("exists") == Some(&Value::Bool(false));
    match !present && conditions.iter().any(absent) {
        true => Fit::ByAbsence,
        false => Fit::No,
    }
}

/// Calls `each` for every element of nested arrays, or for the value itself.
fn flatten<'a>(value: &'a Value, each: &mut dyn FnMut(&'a Value)) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| flatten(element, each)),
        other => each(other),
    }
}

/// One condition for one value.
fn holds(condition: &Value, value: &Value) -> bool {
    let Value::Object(operator) = condition else {
        return equal(condition, value);
    };
    let mut operators = operator.iter();
    let (Some((name, operand)), None) = (operators.next(), operators.next()) else {
        return false;
    };
    match (name.as_str(), value) {
        ("exists", _) => operand == &Value::Bool(true),
        ("anything-but", _) => anything_but(operand, value),
        ("numeric", Value::Number(number)) => number.as_f64().is_some_and(|number| numeric(operand, number)),
        ("cidr", Value::String(text)) => operand.as_str().is_some_and(|range| in_range(range, text)),
        (name, Value::String(text)) => textual(name, operand, text),
        _ => false,
    }
}

/// The operators that compare texts.
fn textual(name: &str, operand: &Value, text: &str) -> bool {
    let ignoring_case = operand.get("equals-ignore-case").and_then(Value::as_str);
    match (name, operand.as_str(), ignoring_case) {
        ("prefix", Some(start), _) => text.starts_with(start),
        ("prefix", None, Some(start)) => text.to_lowercase().starts_with(&start.to_lowercase()),
        ("suffix", Some(end), _) => text.ends_with(end),
        ("suffix", None, Some(end)) => text.to_lowercase().ends_with(&end.to_lowercase()),
        ("equals-ignore-case", Some(other), _) => text.to_lowercase() == other.to_lowercase(),
        ("wildcard", Some(pattern), _) => wildcard(pattern, text),
        _ => false,
    }
}

/// A list of numbers excludes only numbers; all other operands are compared with texts.
fn anything_but(operand: &Value, value: &Value) -> bool {
    if let Value::Object(operator) = operand {
        return operator.len() == 1
            && operator.iter().all(|(name, operands)| {
                let known = ["prefix", "suffix", "equals-ignore-case", "wildcard"];
                let hits = |operand| value.as_str().is_some_and(|text| textual(name, operand, text));
                known.contains(&name.as_str()) && !each(operands).iter().any(hits)
            });
    }
    let values = each(operand);
    let numbers = values.iter().all(Value::is_number);
    (!numbers || value.is_number()) && !values.iter().any(|other| equal(other, value))
}

/// The elements of a list, or a single value as a list of one.
fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

fn equal(expected: &Value, value: &Value) -> bool {
    match (expected, value) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        // One IP address can be spelled in many ways; the rule engine compares the addresses.
        (Value::String(a), Value::String(b)) => {
            a == b || matches!((a.parse::<IpAddr>(), b.parse::<IpAddr>()), (Ok(a), Ok(b)) if a == b)
        }
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    // Whole numbers beyond 2^53, such as ids, are not exact as floats.
    let whole = |number: &Number| number.is_i64() || number.is_u64();
    match whole(a) && whole(b) {
        true => a == b,
        false => a.as_f64() == b.as_f64(),
    }
}

/// `["=", 5]`, `[">", 0, "<=", 5]`.
fn numeric(operand: &Value, number: f64) -> bool {
    let pairs = operand
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .chunks(2);
    pairs.len() > 0
        && pairs.into_iter().all(|pair| match pair {
            [Value::String(sign), Value::Number(limit)] => {
                let Some(limit) = limit.as_f64() else {
                    return false;
                };
                match sign.as_str() {
                    "=" => number == limit,
                    "<" => number < limit,
                    "<=" => number <= limit,
                    ">" => number > limit,
                    ">=" => number >= limit,
                    _ => false,
                }
            }
            _ => false,
        })
}

/// Whether an address is in a range such as `203.0.113.0/24`.
fn in_range(range: &str, address: &str) -> bool {
    let Some((network, length)) = range.split_once('/') else {
        return false;
    };
    let bits = |text: &str| {
        Some(match text.parse().ok()? {
            IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        })
    };
    match (bits(network), bits(address), length.parse::<u32>()) {
        (Some((network, width)), Some((address, same_width)), Ok(length)) => {
            let differ = network ^ address;
            width == same_width && length <= width && (length == 0 || differ >> (128 - length) == 0)
        }
        _ => false,
    }
}

/// Whether a text matches a pattern in which `*` stands for any text, and `\*` and `\\` for the literal
/// characters.
pub(crate) fn wildcard(pattern: &str, text: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '*' => parts.push(String::new()),
            '\\' => parts
                .last_mut()
                .into_iter()
                .for_each(|part| part.extend(characters.next())),
            other => parts.last_mut().into_iter().for_each(|part| part.push(other)),
        }
    }
    let (Some((first, others)), Some(last)) = (parts.split_first(), parts.last()) else {
        return false;
    };
    let Some((_, between)) = others.split_last() else {
        return text == first;
    };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else {
        return false;
    };
    for part in between {
        let Some(at) = rest.find(part.as_str()) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests;
