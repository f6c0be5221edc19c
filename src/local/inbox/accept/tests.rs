use serde_json::json;

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";

fn refused(body: Value) -> (&'static str, String) {
    let refusal = check(&body).unwrap_err();
    (refusal.code, refusal.reason)
}

fn blocks(block: Value) -> Value {
    json!({ "blocks": [block] })
}

#[test]
fn json_and_forms_are_read() {
    let hi = json!({ "text": "a b&c" });
    assert_eq!(parse("application/json", br#"{"text":"a b&c"}"#).unwrap(), hi);
    assert_eq!(
        parse(FORM, b"payload=%7B%22text%22%3A%22a+b%26c%22%7D&x=y").unwrap(),
        hi
    );
    assert_eq!(parse(FORM, br#"{"text":"a b&c"}"#).unwrap(), hi);
}

#[test]
fn what_is_not_a_json_object_is_an_invalid_payload() {
    for body in [&b"text=hi"[..], b"", b"\"hi\"", b"[]", b"{", b"\xff"] {
        assert_eq!(
            parse("application/json", body).unwrap_err().code,
            "invalid_payload"
        );
    }
}

#[test]
fn a_workflow_takes_texts_only() {
    assert!(starts_workflow("/triggers/T1/2/abc") && starts_workflow("/workflows/T1/A2/3/abc"));
    assert!(!starts_workflow("/services/T1/B2/abc"));
    check_workflow(&json!({ "headline": "a", "account": "" })).unwrap();
    for body in [
        json!({}),
        json!({ "n": 1 }),
        json!({ "text": "a", "attachments": [] }),
    ] {
        assert_eq!(
            check_workflow(&body).unwrap_err().code,
            "invalid_workflow_input",
            "{body}"
        );
    }
}

#[test]
fn something_to_show_is_needed() {
    for body in [
        json!({}),
        json!({ "text": "" }),
        json!({ "blocks": [] }),
        json!({ "username": "x" }),
    ] {
        assert_eq!(refused(body).0, "no_text");
    }
    assert_eq!(refused(json!({ "text": 5 })).0, "invalid_payload");
    check(&json!({ "text": "hi", "blocks": [] })).unwrap();
}

#[test]
fn the_limits_themselves_pass_and_one_more_does_not() {
    let header =
        |n| blocks(json!({ "type": "header", "text": { "type": "plain_text", "text": "가".repeat(n) } }));
    let section =
        |n| blocks(json!({ "type": "section", "text": { "type": "mrkdwn", "text": "x".repeat(n) } }));
    let field = |n| json!({ "type": "mrkdwn", "text": "x".repeat(n) });
    let fields = |n, size| blocks(json!({ "type": "section", "fields": vec![field(size); n] }));
    let many = |n| json!({ "blocks": vec![json!({ "type": "divider" }); n] });
    let button = |n| json!({ "type": "button", "text": { "type": "plain_text", "text": "x".repeat(n) } });
    let actions = |n, size| blocks(json!({ "type": "actions", "elements": vec![button(size); n] }));
    for fits in [
        header(150),
        section(3000),
        fields(10, 2000),
        many(50),
        actions(25, 75),
    ] {
        check(&fits).unwrap();
    }
    for over in [
        header(151),
        section(3001),
        fields(11, 1),
        fields(1, 2001),
        many(51),
        actions(26, 1),
        actions(1, 76),
        section(0),
        fields(0, 1),
    ] {
        assert_eq!(refused(over).0, "invalid_blocks");
    }
}

#[test]
fn the_reason_names_the_place() {
    let body = json!({ "blocks": [
        { "type": "divider" },
        { "type": "header", "text": { "type": "plain_text", "text": "x".repeat(151) } },
    ] });
    let why = "blocks[1] (header): `text` has 151 characters, at most 150 are allowed";
    assert_eq!(refused(body), ("invalid_blocks", why.into()));
    let body = json!({ "attachments": [blocks(json!({ "type": "sektion" }))] });
    assert_eq!(
        refused(body),
        (
            "invalid_attachments",
            "attachments[0].blocks[0] has the unknown type `sektion`".into()
        )
    );
}

#[test]
fn wrong_shapes_are_refused() {
    for block in [
        json!("text"),
        json!({ "text": "no type" }),
        json!({ "type": "header", "text": { "type": "mrkdwn", "text": "*bold*" } }),
        json!({ "type": "header", "text": "plain" }),
        json!({ "type": "section" }),
        json!({ "type": "context", "elements": [] }),
        json!({ "type": "image", "image_url": "https://example.com/a.png" }),
        json!({ "type": "actions", "elements": [
            { "type": "button", "style": "blue", "text": { "type": "plain_text", "text": "x" } }] }),
    ] {
        assert_eq!(refused(blocks(block)).0, "invalid_blocks");
    }
    let twice = json!({ "type": "divider", "block_id": "a" });
    assert_eq!(refused(json!({ "blocks": [twice, twice] })).0, "invalid_blocks");
    assert_eq!(
        refused(json!({ "text": "x", "attachments": vec![json!({}); 101] })).0,
        "too_many_attachments"
    );
}
