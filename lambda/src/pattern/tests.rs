//! AWS's own examples, and edge cases of its rule engine.

use super::*;
use proptest::prelude::*;
use serde_json::json;

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

/// The examples from the User Guide's page.
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
