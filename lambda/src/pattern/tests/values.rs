//! Conditions on the value of one field.

use super::*;

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
