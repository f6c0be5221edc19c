//! The message for each fixture, in both languages, as Slack would get it.

mod support;

use alertctl_relay::event::read;
use alertctl_relay::{Settings, compose, digest, render, summarise};
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

/// The stack of a language with a name for the account, people who are called, and a test.
fn circumstances(settings: Settings) -> Value {
    let accounts = [("111122223333".to_owned(), "production".to_owned())];
    let settings = Settings {
        accounts: accounts.into(),
        ..settings
    };
    let alarm = read(&fixture("alarm-in-alarm")).remove(0);
    let mut calling = compose(&alarm, &settings);
    calling.mention(&["@here".to_owned(), "U0123ABCD".to_owned()]);
    let test = compose(&alarm.marked("t-0a1b2c3d"), &settings);
    json!({ "calling": calling, "flat": calling.flat(), "test": test, "flat test": test.flat() })
}

#[test]
fn an_alarm_that_calls_people_and_one_of_a_test() {
    insta::assert_json_snapshot!("alarm-circumstances.en", circumstances(english()));
    insta::assert_json_snapshot!("alarm-circumstances.ko", circumstances(korean()));
}

/// Every fixture, the first ones three times.
fn digests(settings: &Settings) -> Value {
    let names = fixtures();
    let names = names.iter().chain(&names[..5]).chain(&names[..5]);
    let notices = names.flat_map(|name| read(&fixture(name)));
    let lines: Vec<_> = notices.map(|notice| summarise(&notice, settings)).collect();
    let digests = digest(&lines, settings).into_iter();
    digests.map(|digest| json!(digest.message)).collect()
}

#[test]
fn every_fixture_in_one_digest() {
    insta::assert_json_snapshot!("digest.en", digests(&english()));
    insta::assert_json_snapshot!("digest.ko", digests(&korean()));
}

#[test]
fn nothing_from_outside_becomes_markup() {
    let consoles = [".console.aws.amazon.com/", ".console.amazonaws.cn/"];
    for (name, settings) in fixtures()
        .iter()
        .flat_map(|name| [(name, english()), (name, korean())])
    {
        let lines: Vec<_> = read(&fixture(name))
            .iter()
            .map(|notice| summarise(notice, &settings))
            .collect();
        let digests = digest(&lines, &settings);
        let digests: Value = digests.iter().map(|digest| json!(digest.message)).collect();
        let shown = json!([messages(&fixture(name), &settings), digests]);
        for text in mrkdwn(&shown) {
            let ours = |piece: &&str| {
                piece.starts_with("https://") && consoles.iter().any(|console| piece.contains(console))
            };
            let markup: Vec<_> = text.split('<').skip(1).collect();
            assert!(markup.iter().all(ours), "{name}: {text}");
        }
    }
}

#[test]
fn no_secret_of_a_request_is_shown() {
    for settings in [english(), korean()] {
        let shown = messages(&fixture("call-secrets"), &settings).to_string();
        for secret in ["correct-horse-battery", "hooks.slack", "123456789012-"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("production"), "{shown}");
    }
}

#[test]
fn a_name_cannot_pass_for_another_field() {
    let mut event = fixture("call-iam-user");
    event["detail"]["userIdentity"]["userName"] = json!("x\n*Account*\n999999999999");
    let shown = messages(&event, &english());
    let texts = mrkdwn(&shown);
    assert!(texts.contains(&"*User*\nx *Account* 999999999999"), "{texts:#?}");
}

#[test]
fn an_event_reads_the_same_however_it_comes() {
    let headline = |name: &str| messages(&fixture(name), &korean())[0]["text"].clone();
    assert_eq!(headline("call-through-sns"), headline("call-identity-center"));
    assert_eq!(headline("call-from-rule"), headline("call-identity-center"));
    assert_eq!(headline("call-bare"), headline("call-iam-user"));
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
    settings.topics.clear();
    let rendered = render(&fixture("alarm-ok"), &settings);
    assert!(rendered.deliveries.is_empty());
    assert_eq!(rendered.unrouted.into_iter().collect::<Vec<_>>(), ["mission-sns"]);
}

#[test]
fn an_event_without_a_topic_goes_to_every_channel() {
    let mut settings = english();
    let audit = alertctl_relay::ChannelKey("audit".into());
    settings.channels.insert(audit, Default::default());
    let channels: Vec<_> = render(&json!({ "any": 1 }), &settings)
        .deliveries
        .into_iter()
        .map(|d| d.channel.0)
        .collect();
    assert_eq!(channels, ["audit", "project"]);
}
