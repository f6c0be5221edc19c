//! AWS's own examples, and edge cases of its rule engine.

use super::*;
use proptest::prelude::*;
use serde_json::json;

mod values;

fn fits(pattern: &Value, event: &Value) -> bool {
    matches(pattern.as_object().expect("a pattern"), event)
}

/// A pattern, events that match it, and events that do not.
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
fn only_leaves_exist() {
    let there = json!({ "detail": { "c-count": [{ "exists": true }] } });
    let missing = json!({ "detail": { "c-count": [{ "exists": false }] } });
    let leaves =
        [json!(1), json!(null), json!(""), json!([0])].map(|leaf| json!({ "detail": { "c-count": leaf } }));
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

/// The example from the rule engine's chapter on arrays: the first and the last name are in different elements.
#[test]
fn conditions_on_the_objects_of_an_array_hold_for_one_of_them() {
    let employees = json!({ "employees": [
        { "firstName": "Anna", "lastName": "Smith", "ids": [1, 2] },
        { "firstName": "John", "lastName": "Doe", "ids": [[3], 4], "retired": true },
    ] });
    let with = |fields: Value| json!({ "employees": fields });
    table(
        with(json!({ "firstName": ["Anna"], "lastName": ["Smith"] })),
        std::slice::from_ref(&employees),
        &[],
    );
    table(
        with(json!({ "firstName": ["Anna"], "lastName": ["Doe"] })),
        &[],
        std::slice::from_ref(&employees),
    );
    table(with(json!({ "ids": [3] })), std::slice::from_ref(&employees), &[]);
    table(
        with(json!({ "firstName": ["Anna"], "retired": [{ "exists": false }] })),
        std::slice::from_ref(&employees),
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
