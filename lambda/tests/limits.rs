//! Whatever arrives, the message is one Slack accepts.

mod support;

use alertctl_relay::{Settings, render};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::{english, korean};

/// Slack refuses larger messages with `msg_blocks_too_long`; see slackapi/bolt-js#2509.
const MAX_MESSAGE: usize = 13_200;

fn assert_valid(message: &Value) {
    let headline = message["text"].as_str().expect("a headline");
    assert!(
        !headline.trim().is_empty() && length(headline) <= 3_000,
        "{headline}"
    );
    let mut total = length(headline);
    for attachment in message
        .get("attachments")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let blocks = attachment["blocks"].as_array().expect("blocks");
        assert!((1..=50).contains(&blocks.len()));
        for block in blocks {
            let (texts, limit) = match block["type"].as_str() {
                Some("section") if block["text"].is_object() => (vec![&block["text"]], 3_000),
                Some("section") => (
                    block["fields"].as_array().expect("fields").iter().collect(),
                    2_000,
                ),
                Some("context") => (
                    block["elements"].as_array().expect("elements").iter().collect(),
                    3_000,
                ),
                other => panic!("a block of type {other:?}"),
            };
            assert!((1..=10).contains(&texts.len()), "{block}");
            for text in texts {
                let text = text["text"].as_str().expect("a text");
                assert!(!text.trim().is_empty(), "{block}");
                assert!((1..=limit).contains(&length(text)), "{} > {limit}", length(text));
                total += length(text);
            }
        }
    }
    assert!(total <= MAX_MESSAGE, "{total}");
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

fn assert_all_valid(event: &Value) {
    for settings in [english(), korean()] {
        let settings = Settings {
            routes: Default::default(),
            ..settings
        };
        // Without routes only events that name no topic have a destination; each is checked either way.
        for notice in alertctl_relay::event::read(event) {
            assert_valid(&json!(alertctl_relay::compose(&notice, &settings)));
        }
        let _ = render(event, &settings);
    }
}

/// Keys the readers look for, so that random JSON gets past the first of them.
const KEYS: &[&str] = &[
    "Records",
    "Sns",
    "Message",
    "Subject",
    "TopicArn",
    "Timestamp",
    "AlarmName",
    "NewStateValue",
    "OldStateValue",
    "AlarmDescription",
    "NewStateReason",
    "AlarmArn",
    "StateChangeTime",
    "Trigger",
    "Metrics",
    "MetricStat",
    "Metric",
    "MetricName",
    "Namespace",
    "Dimensions",
    "name",
    "value",
    "Period",
    "EvaluationPeriods",
    "DatapointsToAlarm",
    "Threshold",
    "ComparisonOperator",
    "Expression",
    "ReturnData",
    "AlarmRule",
    "TriggeringChildren",
    "Arn",
    "State",
    "Value",
    "detail-type",
    "time",
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "\n",
    "ALARM",
    "OK",
    "GreaterThanThreshold",
    "LessThanLowerThreshold",
    "<!channel>",
    "```",
    "\u{202e}",
    "arn:aws:cloudwatch:us-east-1:111122223333:alarm:x",
    "arn:::::",
    "2026-11-20T05:00:00.000+0000",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        3 => ".{0,40}",
        1 => ("[<>&\n\"가a`🚨 ]{1,9}", 1..4000usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 12, |inner| {
        let key = prop_oneof![9 => prop::sample::select(KEYS).prop_map(str::to_owned), 1 => text()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..40).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..20)
                .prop_map(|entries| Value::Object(Map::from_iter(entries))),
        ]
    })
}

/// An alarm whose every field is as hostile as can be.
fn alarm() -> impl Strategy<Value = Value> {
    let metrics = prop::collection::vec((text(), text(), json()), 0..16);
    ((text(), text(), text(), text()), metrics, json(), json()).prop_map(|((a, b, c, d), metrics, x, y)| {
        let dimensions: Vec<_> = metrics.iter().map(|(n, v, _)| json!({ "name": n, "value": v })).collect();
        let queries: Vec<_> = metrics.iter().map(|(n, v, z)| json!({
            "Expression": n, "Label": v, "ReturnData": z,
            "MetricStat": { "Metric": { "MetricName": v, "Namespace": n, "Dimensions": dimensions }, "Period": z },
        })).collect();
        let children: Vec<_> = metrics.iter().map(|(n, v, _)| json!({ "Arn": n, "State": { "Value": v } })).collect();
        json!({
            "AlarmName": format!("n{a}"), "NewStateValue": format!("s{b}"), "OldStateValue": c,
            "AlarmDescription": d, "NewStateReason": c, "AlarmRule": d, "AWSAccountId": a,
            "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{a}"),
            "TriggeringChildren": children, "StateChangeTime": x,
            "Trigger": {
                "MetricName": a, "Namespace": b, "Dimensions": dimensions, "Metrics": queries, "Threshold": y,
                "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 3, "Period": x,
            },
        })
    })
}

fn delivery(message: &Value, subject: &str) -> Value {
    let topic = "arn:aws:sns:us-east-1:111122223333:t";
    json!({ "Records": [{ "Sns": { "TopicArn": topic, "Subject": subject, "Message": message } }] })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_json(event in json()) {
        assert_all_valid(&event);
        assert_all_valid(&delivery(&json!(event.to_string()), ""));
    }

    #[test]
    fn any_text(subject in text(), message in text()) {
        assert_all_valid(&delivery(&json!(message), &subject));
    }

    #[test]
    fn any_alarm(alarm in alarm()) {
        assert_all_valid(&delivery(&json!(alarm.to_string()), "x"));
    }
}
