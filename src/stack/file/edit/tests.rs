use super::*;

const CIPHERTEXT: &str = "AQICAHhleGFtcGxl";
const RELAY: &str = "a-relay";

fn set(text: &str) -> String {
    let edited = set_address(text, "project", &["webhook"], CIPHERTEXT, RELAY)
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    let again = set_address(&edited, "project", &["webhook"], CIPHERTEXT, RELAY).expect("editing twice");
    assert_eq!(edited, again, "editing twice changes nothing more");
    let crlf = text.replace('\n', "\r\n");
    let edited_crlf = set_address(&crlf, "project", &["webhook"], CIPHERTEXT, RELAY).expect("CRLF");
    assert_eq!(edited_crlf, edited.replace('\n', "\r\n"), "CRLF stays");
    let with_bom = format!("\u{feff}{text}");
    let edited_bom = set_address(&with_bom, "project", &["webhook"], CIPHERTEXT, RELAY).expect("BOM");
    assert_eq!(edited_bom, format!("\u{feff}{edited}"), "BOM stays");
    edited
}

#[test]
fn flow_value() {
    let text = "# 위\nstack: a  # keep\nchannels:\n  project:   # why\n    label: \"#p\"\n    webhook: { env: X }   # tail\n  other: { webhook: { env: Y } }\n";
    assert_eq!(
        set(text),
        text.replace("{ env: X }", "{ encrypted: AQICAHhleGFtcGxl, for: a-relay }")
    );
}

#[test]
fn flow_channel() {
    let text = "channels: { project: { webhook: {env: X}, label: é }, b: {webhook: {env: Y}} } # end";
    assert_eq!(
        set(text),
        text.replace("{env: X}", "{ encrypted: AQICAHhleGFtcGxl, for: a-relay }")
    );
}

#[test]
fn block_value() {
    let text = "channels:\n  project:\n    webhook:\n      env: X\n    # about the label\n    label: p\n";
    assert_eq!(
        set(text),
        "channels:\n  project:\n    webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay }\n    # about the label\n    label: p\n"
    );
}

#[test]
fn block_value_at_the_end_without_newline() {
    let text = "channels:\n  project:\n    webhook:\n      encrypted: b2xk";
    assert!(
        set(text)
            .starts_with("channels:\n  project:\n    webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay }")
    );
}

#[test]
fn block_value_with_comments() {
    let text = "channels:\n  project:\n    webhook: # one\n      # two\n      env: X # three\n    label: p\n";
    let set_once = text.replace(
        "env: X # three\n",
        "encrypted: AQICAHhleGFtcGxl # three\n      for: a-relay\n",
    );
    assert_eq!(set(text), set_once);
    // The format of an earlier version, at the end of the file.
    let old = "channels:\n  project:\n    webhook: # one\n      encrypted: b2xk # two";
    let new = "channels:\n  project:\n    webhook: # one\n      encrypted: AQICAHhleGFtcGxl # two\n      for: a-relay";
    assert_eq!(set(old), new);
}

#[test]
fn names_that_yaml_takes_for_something_else_are_quoted() {
    for (name, written) in [
        ("mission-lambda", "mission-lambda"),
        ("relay_2", "relay_2"),
        ("on", "\"on\""),
        ("007", "\"007\""),
        ("1-2", "\"1-2\""),
    ] {
        let edited = set_address("channels: { a: {} }", "a", &["webhook"], CIPHERTEXT, name).expect("a name");
        assert!(edited.contains(&format!("for: {written} }}")), "{edited}");
    }
}

#[test]
fn missing_webhook() {
    let text = "channels:\n  project:\n    # about the label\n    label: p\nkey: { alias: x }\n";
    assert_eq!(
        set(text),
        "channels:\n  project:\n    # about the label\n    webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay }\n    label: p\nkey: { alias: x }\n"
    );
    assert_eq!(
        set("channels: { project: { label: p } }\n"),
        "channels: { project: { webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay }, label: p } }\n"
    );
}

#[test]
fn empty_channel_and_webhook() {
    assert_eq!(
        set("channels:\n  project:\n  b: { webhook: { env: Y } }\n"),
        "channels:\n  project: { webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay } }\n  b: { webhook: { env: Y } }\n"
    );
    assert_eq!(
        set("channels:\n  project: {}\n"),
        "channels:\n  project: { webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay } }\n"
    );
    assert_eq!(
        set("channels:\n  project:\n    webhook: # soon\n    label: p\n"),
        "channels:\n  project:\n    webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay } # soon\n    label: p\n"
    );
}

#[test]
fn quoted_and_folded_values() {
    let text = "channels:\n  project:\n    webhook: { \"encrypted\": 'b2xk' }\n";
    assert_eq!(
        set(text),
        "channels:\n  project:\n    webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay }\n"
    );
    let text = "channels:\n  project:\n    webhook:\n      encrypted: >-\n        b2xk\n        b2xk\n    label: p\n";
    assert_eq!(
        set(text),
        "channels:\n  project:\n    webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay }\n    label: p\n"
    );
}

#[test]
fn a_clear_text_webhook_is_replaced() {
    let text = "channels:\n  project:\n    webhook: https://hooks.slack.com/services/T0/B0/x\n";
    assert_eq!(
        set(text),
        "channels:\n  project:\n    webhook: { encrypted: AQICAHhleGFtcGxl, for: a-relay }\n"
    );
}

#[test]
fn an_address_inside_its_service() {
    let text = "channels:\n  project:\n    pagerduty:\n      region: eu # why\n      key: { env: X }\n";
    let set = |text: &str| set_address(text, "project", &["pagerduty", "key"], CIPHERTEXT, RELAY);
    let ciphertext = "{ encrypted: AQICAHhleGFtcGxl, for: a-relay }";
    assert_eq!(set(text), Ok(text.replace("{ env: X }", ciphertext)));
    let flow = "channels: { project: { pagerduty: { key: { env: X }, region: eu }, label: p } }";
    assert_eq!(set(flow), Ok(flow.replace("{ env: X }", ciphertext)));
    let other = "channels: { project: { webhook: { env: X } } }";
    assert_eq!(set(other), Err(EditError::Unsupported("project".to_owned())));
}

#[test]
fn anchors_are_left_alone() {
    let text = "channels:\n  project: &c { webhook: { env: X } }\n  other: *c\n";
    let refused = Err(EditError::Unsupported("project".to_owned()));
    assert_eq!(
        set_address(text, "project", &["webhook"], CIPHERTEXT, RELAY),
        refused
    );
    let refused = Err(EditError::Unsupported("other".to_owned()));
    assert_eq!(
        set_address(text, "other", &["webhook"], CIPHERTEXT, RELAY),
        refused
    );
}

#[test]
fn refusals() {
    let missing = Err(EditError::NoChannel("b".to_owned()));
    assert_eq!(
        set_address("channels: { a: {} }", "b", &["webhook"], CIPHERTEXT, RELAY),
        missing
    );
    let url = "https://hooks.slack.com/services/T0/B0/x";
    assert_eq!(
        set_address("channels: { a: {} }", "a", &["webhook"], url, RELAY),
        Err(EditError::NotCiphertext)
    );
    assert!(matches!(
        set_address("{", "a", &["webhook"], CIPHERTEXT, RELAY),
        Err(EditError::Syntax(_))
    ));
}
