//! EventBridge's event patterns, for the `match:` of routes.
//!
//! What matches is what AWS documents ("Comparison operators for use in event patterns", EventBridge User
//! Guide) and its rule engine does (github.com/aws/event-ruler): all fields must match, of each list one
//! condition; in an array of the event one element is enough, and conditions on fields of its objects must
//! hold for one and the same object. Numbers are compared as such, however they are written.

use serde_json::{Map, Number, Value};
use std::net::IpAddr;

/// Whether `event` fits `pattern`. Never fails: a condition of an unknown form fits nothing.
pub fn matches(pattern: &Map<String, Value>, event: &Value) -> bool {
    object(pattern, event) != Fit::No
}

/// How something fits: because of a value that is there, or only because of those that are not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    ByAbsence,
    ByValue,
}

/// All fields of the pattern, against one object of the event; anything else has no fields.
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

/// The conditions on a field: any of them, for any of its values. An object is no value: to AWS, only leaves
/// exist.
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

/// Every element of an array and of those in it, or the value itself.
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

/// A list of numbers leaves out nothing but numbers; anything else is compared with texts.
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

/// The elements of a list, or the one value.
fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

fn equal(expected: &Value, value: &Value) -> bool {
    match (expected, value) {
        (Value::Number(a), Value::Number(b)) => same_number(a, b),
        // One address has many spellings; the rule engine knows them all.
        (Value::String(a), Value::String(b)) => {
            a == b || matches!((a.parse::<IpAddr>(), b.parse::<IpAddr>()), (Ok(a), Ok(b)) if a == b)
        }
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Null, Value::Null) => true,
        _ => false,
    }
}

fn same_number(a: &Number, b: &Number) -> bool {
    // Whole numbers beyond 2^53, such as ids, are no floats.
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

/// Whether a text fits a pattern in which `*` stands for any text, and `\*` and `\\` for themselves.
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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn fits(pattern: &Value, event: &Value) -> bool {
        matches(pattern.as_object().expect("a pattern"), event)
    }

    /// A pattern, events that fit it, and events that do not.
    #[track_caller]
    fn table(pattern: Value, fitting: &[Value], others: &[Value]) {
        for event in fitting {
            assert!(fits(&pattern, event), "{pattern} must fit {event}");
        }
        for event in others {
            assert!(!fits(&pattern, event), "{pattern} must not fit {event}");
        }
    }

    /// The same for the values of one field.
    #[track_caller]
    fn field(conditions: Value, fitting: &[Value], others: &[Value]) {
        let event = |value: &Value| json!({ "a": value });
        let events = |values: &[Value]| values.iter().map(event).collect::<Vec<_>>();
        table(json!({ "a": conditions }), &events(fitting), &events(others));
    }

    #[test]
    fn equal_values() {
        field(
            json!(["x", "y"]),
            &[json!("x"), json!("y"), json!(["z", "y"])],
            &[
                json!("X"),
                json!("xy"),
                json!(["z"]),
                json!([]),
                json!(null),
                json!({ "x": "x" }),
            ],
        );
        field(json!([""]), &[json!("")], &[json!(null), json!(" ")]);
        field(
            json!([null]),
            &[json!(null)],
            &[json!(""), json!("null"), json!(false), json!([])],
        );
        field(
            json!([true]),
            &[json!(true)],
            &[json!("true"), json!(1), json!(false)],
        );
        field(
            json!([300]),
            &[json!(300), json!(300.0), json!(3.0e2)],
            &[json!("300"), json!(301)],
        );
        field(
            json!([111122223333_u64]),
            &[json!(111122223333_u64)],
            &[json!(111122223334_u64)],
        );
        field(
            json!([9007199254740993_u64]),
            &[json!(9007199254740993_u64)],
            &[json!(9007199254740992_u64)],
        );
        field(json!(["10.0.0.1"]), &[json!("10.0.0.1")], &[json!("10.0.0.10")]);
        field(
            json!(["2001:db8::1"]),
            &[json!("2001:0db8:0:0:0:0:0:1")],
            &[json!("2001:db8::2")],
        );
        table(
            json!({ "a": ["x"] }),
            &[],
            &[json!({}), json!([]), json!("x"), json!(null)],
        );
    }

    /// The examples of the guide's page.
    #[test]
    fn operators() {
        field(
            json!([{ "prefix": "us-" }]),
            &[json!("us-east-1"), json!(["eu", "us-"])],
            &[json!("eu-us-"), json!("US-east-1"), json!(7)],
        );
        field(
            json!([{ "prefix": { "equals-ignore-case": "EventB" } }]),
            &[json!("EVENTBridge")],
            &[json!("event")],
        );
        field(
            json!([{ "suffix": ".png" }]),
            &[json!("a.png")],
            &[json!("a.PNG"), json!("png")],
        );
        field(
            json!([{ "suffix": { "equals-ignore-case": ".png" } }]),
            &[json!("a.PnG")],
            &[json!("a.jpg")],
        );
        field(
            json!([{ "equals-ignore-case": "alice" }]),
            &[json!("ALICE"), json!("Alice")],
            &[json!("alices")],
        );
        field(
            json!([{ "equals-ignore-case": "STRASSE Ä" }]),
            &[json!("strasse ä")],
            &[json!("strasse a")],
        );
        field(
            json!([{ "wildcard": "*/lib/*" }]),
            &[json!("/usr/lib/x"), json!("/lib/")],
            &[json!("/lib"), json!(1)],
        );
        field(
            json!([{ "cidr": "10.0.0.0/24" }]),
            &[json!("10.0.0.0"), json!("10.0.0.255")],
            &[json!("10.0.1.0"), json!("::a00:0"), json!("ec2.amazonaws.com")],
        );
        field(
            json!([{ "cidr": "10.0.0.0/0" }]),
            &[json!("203.0.113.1")],
            &[json!("::1")],
        );
        field(
            json!([{ "cidr": "10.0.0.7/32" }]),
            &[json!("10.0.0.7")],
            &[json!("10.0.0.6")],
        );
        field(
            json!([{ "cidr": "2001:db8::/32" }]),
            &[json!("2001:db8:1::2")],
            &[json!("2001:db9::"), json!("32.1.13.184")],
        );
        field(
            json!([{ "cidr": "2001:db8::1/128" }]),
            &[json!("2001:db8::1")],
            &[json!("2001:db8::")],
        );
        field(
            json!([{ "numeric": ["=", 3.018e2] }]),
            &[json!(301.8)],
            &[json!(301.80001), json!("301.8")],
        );
        field(
            json!([{ "numeric": [">", 0, "<=", 5] }]),
            &[json!(0.001), json!(5)],
            &[json!(0), json!(5.01), json!(null)],
        );
        field(json!([{ "numeric": ["<", 10] }]), &[json!(-5e9)], &[json!(10)]);
        field(
            json!([{ "numeric": [">=", 10] }]),
            &[json!(10), json!([1, 11])],
            &[json!(9)],
        );
    }

    #[test]
    fn anything_but_what_is_named() {
        field(
            json!([{ "anything-but": "initializing" }]),
            &[json!("x"), json!(1), json!(["initializing", "x"])],
            &[json!("initializing"), json!([]), json!({})],
        );
        field(
            json!([{ "anything-but": ["a", "b"] }]),
            &[json!("c")],
            &[json!("a"), json!("b")],
        );
        field(
            json!([{ "anything-but": 123 }]),
            &[json!(1)],
            &[json!(123), json!(123.0), json!("x")],
        );
        field(
            json!([{ "anything-but": [100, 200] }]),
            &[json!(300)],
            &[json!(200), json!(true)],
        );
        field(
            json!([{ "anything-but": { "prefix": "init" } }]),
            &[json!("x"), json!(5)],
            &[json!("initial")],
        );
        field(
            json!([{ "anything-but": { "prefix": ["a", "b"] } }]),
            &[json!("c")],
            &[json!("ax"), json!("bx")],
        );
        field(
            json!([{ "anything-but": { "suffix": [".jar", ".class"] } }]),
            &[json!("a.rs")],
            &[json!("a.jar")],
        );
        field(
            json!([{ "anything-but": { "equals-ignore-case": ["Stopped"] } }]),
            &[json!("ok")],
            &[json!("STOPPED")],
        );
        field(
            json!([{ "anything-but": { "wildcard": "*/bin/*.jar" } }]),
            &[json!("/lib/a.jar")],
            &[json!("/bin/a.jar")],
        );
        field(
            json!([{ "anything-but": { "cidr": "10.0.0.0/8" } }]),
            &[],
            &[json!("11.0.0.0"), json!("10.0.0.0")],
        );
        table(json!({ "a": [{ "anything-but": "x" }] }), &[], &[json!({})]);
    }

    #[test]
    fn only_leaves_exist() {
        let there = json!({ "detail": { "c-count": [{ "exists": true }] } });
        let missing = json!({ "detail": { "c-count": [{ "exists": false }] } });
        let leaves = [json!(1), json!(null), json!(""), json!([0])]
            .map(|leaf| json!({ "detail": { "c-count": leaf } }));
        let others = [
            json!({ "detail": { "state": "running" } }),
            json!({ "detail": { "c-count": { "c1": 100 } } }),
            json!({ "detail": { "c-count": [] } }),
            json!({ "detail": [] }),
            json!({}),
        ];
        table(there, &leaves, &others);
        table(missing, &others, &leaves);
        field(
            json!([{ "exists": false }, "x"]),
            &[json!("x"), json!([])],
            &[json!("y")],
        );
    }

    #[test]
    fn alternatives() {
        let pattern = json!({
            "source": ["aws.cloudwatch"],
            "$or": [
                { "metricType": ["MetricType"], "namespace": ["AWS/EC2", "AWS/ES"], "$or": [{ "id": [1] }, { "space": [2] }] },
                { "scope": ["Service"] },
            ],
        });
        let event = |fields: &[(&str, Value)]| {
            let mut event = json!({ "source": "aws.cloudwatch" });
            for (key, value) in fields {
                event[*key] = value.clone();
            }
            event
        };
        let metric = [
            ("metricType", json!("MetricType")),
            ("namespace", json!("AWS/ES")),
        ];
        table(
            pattern,
            &[
                event(&[("scope", json!("Service"))]),
                event(&[&metric[..], &[("space", json!(2))]].concat()),
            ],
            &[event(&metric), event(&[]), json!({ "scope": "Service" })],
        );
        table(json!({ "$or": [] }), &[], &[json!({})]);
        let nested = json!({ "detail": { "$or": [{ "a": [1] }, { "b": [{ "exists": false }] }] } });
        table(
            nested,
            &[json!({ "detail": { "a": 1, "b": 1 } }), json!({})],
            &[json!({ "detail": { "b": 1 } })],
        );
    }

    /// The example of the rule engine's chapter on arrays: first and last name are in different elements.
    #[test]
    fn conditions_on_the_objects_of_an_array_hold_for_one_of_them() {
        let employees = json!({ "employees": [
            { "firstName": "Anna", "lastName": "Smith", "ids": [1, 2] },
            { "firstName": "John", "lastName": "Doe", "ids": [[3], 4], "retired": true },
        ] });
        let with = |fields: Value| json!({ "employees": fields });
        table(
            with(json!({ "firstName": ["Anna"], "lastName": ["Smith"] })),
            &[employees.clone()],
            &[],
        );
        table(
            with(json!({ "firstName": ["Anna"], "lastName": ["Doe"] })),
            &[],
            &[employees.clone()],
        );
        table(with(json!({ "ids": [3] })), &[employees.clone()], &[]);
        table(
            with(json!({ "firstName": ["Anna"], "retired": [{ "exists": false }] })),
            &[employees.clone()],
            &[],
        );
        table(
            with(json!({ "retired": [{ "exists": false }] })),
            &[json!({ "employees": [{}, 1] })],
            &[employees],
        );
        table(
            json!({ "a": { "b": [1] } }),
            &[json!({ "a": [[{ "b": 1 }]] })],
            &[json!({ "a": [1] })],
        );
    }

    #[test]
    fn wildcards() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*", "a", true),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*a", "a", false),
            ("ab*ba", "aba", false),
            (r"\*", "*", true),
            (r"\*", "a", false),
            (r"\\*", r"\x", true),
            ("eu-*", "eu-west-1", true),
            ("가*다", "가나다", true),
        ] {
            assert_eq!(wildcard(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn what_no_one_knows_fits_nothing() {
        for conditions in [
            json!([{ "regex": ".*" }]),
            json!([{}]),
            json!([{ "prefix": "x", "suffix": "x" }]),
            json!([{ "numeric": [] }]),
            json!([{ "numeric": [">"] }]),
            json!([{ "cidr": "10.0.0.0" }]),
            json!([{ "cidr": "10.0.0.0/33" }]),
            json!([{ "anything-but": { "regex": "y" } }]),
            json!([["x"]]),
            json!([]),
            json!("x"),
            json!(null),
        ] {
            field(conditions, &[], &[json!("x"), json!(5), json!("10.0.0.0")]);
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just("$or".to_owned()),
            Just("anything-but".to_owned()),
            Just("numeric".to_owned()),
            Just("cidr".to_owned()),
            Just("exists".to_owned()),
            Just("wildcard".to_owned()),
            Just("prefix".to_owned()),
            Just("equals-ignore-case".to_owned()),
            Just("a".to_owned()),
            "[*\\\\/:.0-9ab가]{0,6}",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            word.clone().prop_map(Value::from),
            Just(json!("2001:db8::/32")),
        ];
        leaf.prop_recursive(6, 64, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec((word.clone(), inner), 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_pattern_is_answered_for_any_json(pattern in any_json(), event in any_json()) {
            let pattern = match pattern {
                Value::Object(fields) => fields,
                other => Map::from_iter([("a".to_owned(), other)]),
            };
            let _ = matches(&pattern, &json!({ "a": event.clone() }));
            let _ = matches(&pattern, &event);
        }

        #[test]
        fn a_value_fits_itself(leaf in "[a-z0-9*\\\\가.]{0,8}") {
            let escaped = leaf.replace('\\', r"\\").replace('*', r"\*");
            for condition in [json!(leaf), json!({ "wildcard": escaped }), json!({ "prefix": leaf }), json!({ "suffix": leaf })] {
                let event = json!({ "a": leaf });
                prop_assert!(fits(&json!({ "a": [condition] }), &event), "{condition}");
            }
            let but = json!({ "a": [{ "anything-but": leaf }] });
            let event = json!({ "a": leaf });
            prop_assert!(!fits(&but, &event));
        }
    }
}
