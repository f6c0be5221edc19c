//! The message for each fixture, in both languages, as Slack would get it.

mod support;

use alertctl_relay::{Settings, render};
use serde_json::{Value, json};
use support::{english, fixture, fixtures, korean};

fn messages(event: &Value, settings: &Settings) -> Value {
    let rendered = render(event, settings);
    assert!(rendered.unrouted.is_empty(), "{:?}", rendered.unrouted);
    rendered
        .deliveries
        .iter()
        .map(|delivery| json!(delivery.message))
        .collect()
}

#[test]
fn every_fixture_in_both_languages() {
    for name in fixtures() {
        let event = fixture(&name);
        insta::assert_json_snapshot!(format!("{name}.en"), messages(&event, &english()));
        insta::assert_json_snapshot!(format!("{name}.ko"), messages(&event, &korean()));
    }
}

#[test]
fn nothing_from_outside_becomes_markup() {
    for settings in [english(), korean()] {
        let shown = messages(&fixture("injection"), &settings);
        for text in mrkdwn(&shown) {
            let markup: Vec<_> = text.split('<').skip(1).collect();
            let ours = |piece: &&str| piece.starts_with("https://ap-northeast-2.console.aws.amazon.com/");
            assert!(markup.iter().all(ours), "{text}");
        }
    }
}

/// Every text that Slack interprets.
fn mrkdwn(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().flat_map(mrkdwn).collect(),
        Value::Object(map) if map.get("type") == Some(&json!("plain_text")) => Vec::new(),
        Value::Object(map) => {
            let own = map.get("text").and_then(Value::as_str);
            own.into_iter().chain(map.values().flat_map(mrkdwn)).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn a_topic_without_a_route_is_named() {
    let mut settings = english();
    settings.routes.clear();
    let rendered = render(&fixture("alarm-ok"), &settings);
    assert!(rendered.deliveries.is_empty());
    assert_eq!(rendered.unrouted.into_iter().collect::<Vec<_>>(), ["mission-sns"]);
}

#[test]
fn an_event_without_a_topic_goes_to_every_channel() {
    let mut settings = english();
    settings
        .labels
        .insert(alertctl_relay::ChannelKey("audit".into()), "#audit".into());
    let channels: Vec<_> = render(&json!({ "any": 1 }), &settings)
        .deliveries
        .into_iter()
        .map(|d| d.channel.0)
        .collect();
    assert_eq!(channels, ["audit", "project"]);
}
