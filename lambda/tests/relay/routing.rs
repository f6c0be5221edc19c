//! Which messages a channel accepts, and who is mentioned.

use crate::support::fixture;
use alertctl_relay::{Rendered, Settings, render, slack};
use serde_json::{Value, json};

/// A stack whose topic leads to `channels`.
fn stack(channels: Value, more: Value) -> Settings {
    let to: Vec<_> = channels.as_object().expect("channels").keys().collect();
    let mut text =
        json!({ "channels": channels, "topics": { "mission-sns": { "to": to, "keys": ["alerts"] } } });
    for (key, value) in more.as_object().expect("settings") {
        text[key] = value.clone();
    }
    Settings::parse(&text.to_string()).expect("valid settings")
}

fn routed(channel: Value, more: Value, event: &Value) -> Rendered {
    render(event, &stack(json!({ "c": channel }), more))
}

fn arrives(channel: Value, more: Value, event: &Value) -> bool {
    let rendered = routed(channel, more, event);
    assert_eq!(rendered.deliveries.len() + rendered.filtered.len(), 1);
    !rendered.deliveries.is_empty()
}

fn called(channel: Value, more: Value, event: &Value) -> Option<String> {
    let rendered = routed(channel, more, event);
    let message = json!(slack::message(&rendered.deliveries[0].card));
    let called = |text: &str| -> Vec<String> {
        let words = text.split(' ').map(str::to_owned);
        words
            .take_while(|word| word.starts_with("<!") || word.starts_with("<@"))
            .collect()
    };
    let shown = called(crate::support::headline(&message));
    assert_eq!(
        called(message["text"].as_str()?),
        shown,
        "a notification calls the same"
    );
    (!shown.is_empty()).then(|| shown.join(" "))
}

/// An alarm through SNS that changes from one state to another.
fn alarm(old: &str, new: &str) -> Value {
    let mut event = fixture("alarm-in-alarm");
    let message = &mut event["Records"][0]["Sns"]["Message"];
    let mut inner: Value = serde_json::from_str(message.as_str().expect("a text")).expect("JSON");
    inner["AlarmName"] = json!("mission-cpu");
    inner["OldStateValue"] = json!(old);
    inner["NewStateValue"] = json!(new);
    *message = json!(inner.to_string());
    event
}

fn text(subject: &str, message: &str) -> Value {
    let mut event = fixture("text");
    event["Records"][0]["Sns"]["Subject"] = json!(subject);
    event["Records"][0]["Sns"]["Message"] = json!(message);
    event
}

#[test]
fn everything_arrives_where_nothing_else_is_said() {
    assert!(arrives(json!({}), json!({}), &alarm("OK", "ALARM")));
    assert!(arrives(json!({}), json!({}), &text("a", "b")));
}

#[test]
fn all_of_one_route_must_hold_and_any_route_suffices() {
    let event = alarm("OK", "ALARM");
    for (routes, expected) in [
        (json!([{ "severity": "error" }]), true),
        (json!([{ "severity": "critical" }]), false),
        (json!([{ "rules": ["alerts"] }]), true),
        (json!([{ "rules": ["cpu"] }]), false),
        (json!([{ "accounts": ["111122223333"] }]), true),
        (json!([{ "accounts": ["444455556666"] }]), false),
        (json!([{ "regions": ["us-*", "ap-northeast-*"] }]), true),
        (json!([{ "regions": ["eu-*"] }]), false),
        (json!([{ "severity": "error", "regions": ["eu-*"] }]), false),
        (json!([{ "regions": ["eu-*"] }, { "rules": ["alerts"] }]), true),
        (
            json!([{ "match": { "AlarmName": [{ "prefix": "mission-" }] } }]),
            true,
        ),
        (
            json!([{ "match": { "AlarmName": [{ "prefix": "other-" }] } }]),
            false,
        ),
        (json!([{}]), true),
    ] {
        assert_eq!(
            arrives(json!({ "routes": routes }), json!({}), &event),
            expected,
            "{routes}"
        );
        // The same filter as an exception blocks what it would accept as a route.
        assert_eq!(
            arrives(json!({ "except": routes }), json!({}), &event),
            !expected,
            "{routes}"
        );
    }
}

#[test]
fn the_nearest_source_says_how_severe_something_is() {
    let severity = |more: Value, event: &Value| {
        let rendered = routed(json!({}), more, event);
        rendered.deliveries[0].severity.name()
    };
    let topic = json!({ "mission-sns": { "to": ["c"], "severity": "warning" } });
    let alarms = json!({ "mission-cpu": { "keys": ["cpu"], "severity": "critical" } });
    let event = alarm("OK", "ALARM");
    assert_eq!(severity(json!({}), &event), "error");
    assert_eq!(severity(json!({ "topics": topic }), &event), "warning");
    assert_eq!(
        severity(json!({ "topics": topic, "alarms": alarms }), &event),
        "critical"
    );
    assert_eq!(severity(json!({ "topics": topic }), &text("a", "b")), "warning");
    assert_eq!(severity(json!({}), &text("a", "b")), "info");

    let rule = json!({ "alertctl": { "rule": "logins", "channels": ["c"] }, "event": fixture("sign-in") });
    assert_eq!(severity(json!({}), &rule), "info");
    assert_eq!(
        severity(json!({ "rules": { "logins": { "severity": "error" } } }), &rule),
        "error"
    );
    let alert = json!({ "alertctl": { "endpoint": "elk", "channels": ["c"] }, "event": { "a": 1 } });
    assert_eq!(
        severity(json!({ "endpoints": { "elk": { "severity": "error" } } }), &alert),
        "error"
    );
    assert!(arrives(
        json!({ "routes": [{ "rules": ["elk"], "match": { "a": [1] } }] }),
        json!({}),
        &alert
    ));
    assert!(!arrives(
        json!({ "routes": [{ "rules": ["logins"] }] }),
        json!({}),
        &alert
    ));
}

#[test]
fn an_alarm_that_is_over_goes_where_it_went_and_calls_nobody() {
    let channel =
        || json!({ "routes": [{ "severity": "critical" }], "mention": { "from": "info", "who": ["@here"] } });
    let more = || json!({ "alarms": { "mission-cpu": { "severity": "critical" } } });
    assert_eq!(
        called(channel(), more(), &alarm("OK", "ALARM")).as_deref(),
        Some("<!here>")
    );
    assert!(arrives(channel(), more(), &alarm("ALARM", "OK")));
    assert_eq!(called(channel(), more(), &alarm("ALARM", "OK")), None);
    // If an alarm was not reported, its recovery is not reported either.
    assert!(!arrives(channel(), more(), &alarm("INSUFFICIENT_DATA", "OK")));
    assert!(!arrives(channel(), more(), &alarm("OK", "INSUFFICIENT_DATA")));
}

#[test]
fn a_route_may_call_others_than_its_channel() {
    let event = alarm("OK", "ALARM");
    let channel =
        |routes: Value| json!({ "routes": routes, "mention": { "from": "error", "who": ["@channel"] } });
    let all = |mention: Value| json!([{ "mention": mention }, {}]);
    for (routes, expected) in [
        (json!([]), Some("<!channel>")),
        (json!([{}]), Some("<!channel>")),
        (
            all(json!(["U0123ABCD", "S0123ABCD", "U0123ABCD"])),
            Some("<@U0123ABCD> <!subteam^S0123ABCD>"),
        ),
        (all(json!([])), None),
        (
            json!([{ "rules": ["x"], "mention": ["@here"] }, {}]),
            Some("<!channel>"),
        ),
        // With manipulated settings, invalid names are not mentioned.
        (all(json!(["<!here>", "alice", "u1", "U1|x>"])), None),
    ] {
        assert_eq!(
            called(channel(routes.clone()), json!({}), &event).as_deref(),
            expected,
            "{routes}"
        );
    }
    assert_eq!(called(channel(json!([])), json!({}), &text("a", "b")), None);
}

#[test]
fn a_test_arrives_and_calls_nobody() {
    let event =
        json!({ "alertctl": { "channels": ["c"], "test": "t-01234567" }, "event": alarm("OK", "ALARM") });
    let channel = json!({ "except": [{}], "mention": { "from": "info", "who": ["@here"] } });
    assert_eq!(called(channel, json!({}), &event), None);
}

#[test]
fn a_text_is_matched_by_its_subject_and_message() {
    let channel = json!({ "routes": [{ "match": { "Message": [{ "wildcard": "*disk*" }] } }] });
    assert!(arrives(
        channel.clone(),
        json!({}),
        &text("a", "the disk is full")
    ));
    assert!(!arrives(channel, json!({}), &text("disk", "all is well")));
    let event = json!({ "alertctl": { "channels": ["c"] }, "event": fixture("call-iam-user") });
    let name = event["event"]["detail"]["eventName"].clone();
    let route = |name: &Value| json!({ "routes": [{ "match": { "detail": { "eventName": [name] } } }] });
    assert!(arrives(route(&name), json!({}), &event));
    assert!(!arrives(route(&json!("Other")), json!({}), &event));
}
