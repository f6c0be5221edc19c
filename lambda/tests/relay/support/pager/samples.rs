//! What the relay sends them for its samples, and for texts from outside.

use crate::support::fixture;
use alertctl_relay::destination::{AllowLoopback, Shape};
use alertctl_relay::event::read;
use alertctl_relay::{Card, ChannelType, Settings, compose, render};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What the relay sends to a channel of this type: path with query, and body.
pub fn sent(channel: &ChannelType, card: &Card, shape: Shape) -> (String, Value) {
    let service = channel
        .open("http://127.0.0.1:9/x", AllowLoopback::Yes)
        .expect("a service");
    let request = service.request(card, shape);
    let path = request.uri().path_and_query().expect("a path").to_string();
    (path, serde_json::from_slice(request.body()).expect("JSON"))
}

/// The cards of an event.
pub fn cards(event: &Value, settings: &Settings) -> Vec<Card> {
    let deliveries = render(event, settings).deliveries;
    assert!(!deliveries.is_empty());
    deliveries.into_iter().map(|delivery| delivery.card).collect()
}

/// The telling fixtures.
pub const TELLING: [&str; 8] = [
    "alarm-in-alarm",
    "alarm-recovered",
    "call-root",
    "elastalert-match",
    "foreign-json",
    "guardduty",
    "health-issue-closed",
    "injection",
];

/// What the relay sends for them.
pub fn snapshot(channel: &ChannelType, settings: &Settings) -> Value {
    let all = TELLING.iter().map(|name| {
        let cards = cards(&fixture(name), settings);
        let sent = cards.iter().map(|card| sent(channel, card, Shape::Usual));
        let sent: Vec<_> = sent
            .map(|(path, body)| json!({ "path": path, "body": body }))
            .collect();
        ((*name).to_owned(), Value::from(sent))
    });
    let mut all: Map<String, Value> = all.collect();
    let alarm = read(&fixture("alarm-in-alarm")).remove(0);
    let mut calling = compose(&alarm, settings);
    calling.mention(&["team:ops".to_owned(), "user:alice@example.com".to_owned()]);
    calling.late(Duration::from_secs(3_600));
    let test = compose(&alarm.marked("t-0a1b2c3d"), settings);
    for (name, card, shape) in [
        ("alarm, late, with mentions", &calling, Shape::Usual),
        ("alarm, plain", &calling, Shape::Plain),
        ("test", &test, Shape::Usual),
    ] {
        let (path, body) = sent(channel, card, shape);
        all.insert(name.to_owned(), json!({ "path": path, "body": body }));
    }
    all.into()
}

/// Checks what the relay sends for `card`, in both shapes.
pub fn assert_valid(channel: &ChannelType, card: &Card, problems: fn(&str, &Value) -> Vec<String>) {
    for shape in [Shape::Usual, Shape::Plain] {
        let (path, body) = sent(channel, card, shape);
        let problems = problems(&path, &body);
        assert!(problems.is_empty(), "{problems:#?}\n{body:#}");
    }
}

/// Text that is markup, a link or a mention somewhere.
pub fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "<!here>",
        "@everyone",
        "[x](http://evil)",
        "*b*",
        "<at>x</at>",
        "`",
        "```",
        "<b>",
        "</pre>",
        "<a href=\"http://evil\">",
        "&lt;b&gt;",
        "&",
        "<",
        ">",
        "\n",
        "\u{202e}",
        "\u{200f}",
        ":tada:",
        "<script>x</script>",
        "<!--",
        " ",
        "가",
        "team:x",
        "{{x}}",
        "\"",
        "\\",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("x{}x", pieces.concat()))
}

/// Events with `text` in every field that anybody may fill.
pub fn events_with(text: &str) -> Vec<Value> {
    let sns = |subject: &str, message: &str| {
        let sns = json!({ "Subject": subject, "Message": message, "Timestamp": "2026-11-20T05:03:27.000Z",
            "TopicArn": "arn:aws:sns:ap-northeast-2:111122223333:mission-sns" });
        json!({ "Records": [{ "EventSource": "aws:sns", "Sns": sns }] })
    };
    let alarm = json!({ "AlarmName": text, "AlarmDescription": text, "NewStateReason": text,
        "OldStateValue": "OK", "NewStateValue": "ALARM", "AWSAccountId": "111122223333",
        "AlarmArn": "arn:aws:cloudwatch:ap-northeast-2:111122223333:alarm:cpu",
        "StateChangeTime": "2026-11-20T05:03:27.000+0000",
        "Trigger": { "MetricName": text, "Namespace": text, "Statistic": "AVERAGE", "Period": 60,
            "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 50.0,
            "Dimensions": [{ "name": text, "value": text }] } });
    let mut call = fixture("call-iam-user");
    call["detail"]["userIdentity"]["userName"] = text.into();
    call["detail"]["userAgent"] = text.into();
    let mut alert = fixture("elastalert-match");
    alert["event"]["message"] = text.into();
    vec![
        sns("x", &alarm.to_string()),
        sns(text, text),
        sns(text, &json!({ "a": text, "b": [{ "c": text }] }).to_string()),
        json!({ "alertctl": { "rule": "r", "channels": ["project"] }, "event": call }),
        alert,
    ]
}

/// A body with all its texts emptied.
pub fn skeleton(body: &Value) -> Value {
    match body {
        Value::String(_) => Value::from(""),
        Value::Array(values) => values.iter().map(skeleton).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.clone(), skeleton(value)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}
