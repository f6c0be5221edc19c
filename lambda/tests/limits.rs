//! Whatever arrives, the message is one Slack accepts.

mod support;

use alertctl_relay::event::{GuardOutcome, Guarded, Notice, read};
use alertctl_relay::{
    Endpoint, Line, Locale, Message, Settings, Template, compose, digest, render, summarise,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::{english, fixture, fixtures, korean};

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

/// Longest value of a message for a workflow, which puts them all into one message of at most 4,000.
const MAX_FLAT: usize = 2_500;

fn assert_flat(message: &Message) {
    let keys = [
        "account", "details", "link", "mention", "region", "severity", "stack", "text", "time",
    ];
    let flat = message.flat();
    assert!(flat.keys().eq(keys.iter()), "{flat:#?}");
    for (key, value) in &flat {
        assert!(
            !value.trim().is_empty() && !value.contains(['<', '>']),
            "{key}: {value}"
        );
        assert!(
            key == "link" || length(value) <= MAX_FLAT,
            "{key}: {}",
            length(value)
        );
    }
}

/// The message as it is, calling as many as it can, for a workflow, and as part of a test.
fn assert_notice_valid(notice: &Notice, settings: &Settings) {
    let crowd: Vec<_> = (0..40).map(|index| format!("S{index:031}")).collect();
    let mut message = compose(notice, settings);
    assert_valid(&json!(message));
    message.mention(&crowd);
    assert_valid(&json!(message));
    assert_flat(&message);
    let mut test = compose(&notice.clone().marked("t-0a1b2c3d"), settings);
    assert_valid(&json!(test));
    test.mention(&crowd);
    assert!(
        !json!(test)["text"].to_string().contains("<!"),
        "a test calls somebody"
    );
    assert_flat(&test);
    let marked = notice.clone().marked("t-0a1b2c3d");
    assert_digests_valid(
        &[summarise(notice, settings), summarise(&marked, settings)],
        settings,
    );
}

/// Digests that show every line once and are messages that Slack takes, alone and with mentions.
fn assert_digests_valid(lines: &[Line], settings: &Settings) {
    let crowd: Vec<_> = (0..40).map(|index| format!("S{index:031}")).collect();
    let mut covered = Vec::new();
    for digest in digest(lines, settings) {
        let mut message = digest.message;
        message.mention(&crowd);
        assert_valid(&json!(message));
        assert_flat(&message);
        covered.extend(digest.covers);
    }
    covered.sort_unstable();
    assert!(covered.into_iter().eq(0..lines.len()));
}

fn assert_all_valid(event: &Value) {
    for settings in [english(), korean()] {
        let settings = Settings {
            topics: Default::default(),
            ..settings
        };
        // Without routes only events that name no topic have a destination; each is checked either way.
        for notice in read(event) {
            assert_notice_valid(&notice, &settings);
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
    "source",
    "account",
    "region",
    "resources",
    "detail",
    "alertctl",
    "event",
    "eventName",
    "eventSource",
    "eventID",
    "userIdentity",
    "requestParameters",
    "userName",
    "sessionContext",
    "sessionIssuer",
    "arn",
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
    "AWS API Call via CloudTrail",
    "aws.ec2",
    "AssumedRole",
    "arn:aws:sts::111122223333:assumed-role/r/s",
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

/// A CloudTrail event whose every field is as hostile as can be.
fn call() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "ConsoleLogin",
        "SwitchRole",
        "StopLogging",
        "RunInstances",
        "<b>",
        "x",
    ]);
    let types = prop::sample::select(vec![
        "Root",
        "IAMUser",
        "AssumedRole",
        "FederatedUser",
        "AWSService",
        "?",
    ]);
    let texts = || (text(), text(), text(), text());
    (names, types, texts(), texts(), json(), json()).prop_map(|(name, kind, (a, b, c, d), (e, f, g, h), x, y)| {
        json!({
            "detail-type": "AWS API Call via CloudTrail", "source": a, "account": b, "region": "us-east-1",
            "time": x, "resources": [c, d],
            "detail": {
                "eventName": format!("{name}{h}"), "eventSource": "cloudtrail.amazonaws.com", "eventID": g,
                "awsRegion": "us-east-1", "sourceIPAddress": f, "userAgent": e, "errorCode": d, "errorMessage": c,
                "recipientAccountId": b, "requestParameters": x, "responseElements": y,
                "additionalEventData": { "MFAUsed": a, "SwitchFrom": b },
                "resources": [{ "ARN": a }, { "ARN": b }, { "ARN": e }, { "ARN": f }],
                "userIdentity": {
                    "type": kind, "userName": a, "accountId": h, "invokedBy": g, "principalId": format!("x:{f}"),
                    "arn": format!("arn:aws:sts::111122223333:assumed-role/{c}/{d}"),
                    "sessionContext": { "sessionIssuer": { "userName": e }, "sourceIdentity": y },
                },
            },
        })
    })
}

/// An event of a service with a layout of its own, with every leaf replaced by something hostile.
fn report() -> impl Strategy<Value = Value> {
    let reported = [
        "autoscaling-launch-failed",
        "backup-failed",
        "ec2-stopped",
        "ecs-deployment-failed",
        "ecs-task-stopped",
        "guardduty",
        "health",
        "other-event",
        "rds",
        "securityhub",
        "alarm-from-eventbridge",
    ];
    let texts = prop::collection::vec(prop_oneof![3 => text().prop_map(Value::from), 1 => json()], 1..12);
    (prop::sample::select(reported.to_vec()), texts).prop_map(|(name, texts)| {
        let mut event = fixture(name);
        let mut texts = texts.iter().cycle();
        replace(&mut event["detail"], &mut texts);
        replace(&mut event["resources"], &mut texts);
        event
    })
}

/// Replaces every leaf for which there is something to put in its place.
fn replace<'a>(value: &mut Value, texts: &mut impl Iterator<Item = &'a Value>) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| replace(value, texts)),
        Value::Array(values) => values.iter_mut().for_each(|value| replace(value, texts)),
        leaf => {
            let text = texts.next().filter(|text| **text != "");
            if let Some(text) = text {
                *leaf = text.clone();
            }
        }
    }
}

fn delivery(message: &Value, subject: &str) -> Value {
    let topic = "arn:aws:sns:us-east-1:111122223333:t";
    json!({ "Records": [{ "Sns": { "TopicArn": topic, "Subject": subject, "Message": message } }] })
}

#[test]
fn every_fixture() {
    for name in fixtures() {
        assert_all_valid(&fixture(&name));
    }
}

#[test]
fn every_fixture_in_one_digest() {
    for settings in [english(), korean()] {
        let notices = fixtures().into_iter().flat_map(|name| read(&fixture(&name)));
        let lines: Vec<_> = notices.map(|notice| summarise(&notice, &settings)).collect();
        assert_digests_valid(&lines, &settings);
    }
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
    fn any_call(call in call()) {
        assert_all_valid(&call);
        assert_all_valid(&call["detail"]);
    }

    #[test]
    fn any_report(event in report()) {
        assert_all_valid(&event);
        assert_all_valid(&delivery(&json!(event.to_string()), "x"));
    }

    #[test]
    fn any_alarm(alarm in alarm()) {
        assert_all_valid(&delivery(&json!(alarm.to_string()), "x"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_digest(
        events in prop::collection::vec(prop_oneof![json(), call(), report(), alarm()], 1..12),
        times in 1..8usize,
    ) {
        for settings in [english(), korean()] {
            let lines: Vec<_> = events.iter().flat_map(read).map(|notice| summarise(&notice, &settings)).collect();
            let many: Vec<_> = (0..times * lines.len()).map(|index| {
                let mut line = lines[index % lines.len()].clone();
                // Every other one repeats another one.
                line.headline = format!("{} {}", index / 2, line.headline);
                line
            }).collect();
            assert_digests_valid(&lines, &settings);
            assert_digests_valid(&many, &settings);
        }
    }

    #[test]
    fn any_guarded_trail(event in json(), actor in text(), trail in text(), reason in text()) {
        let detail = json!({ "userIdentity": { "userName": actor }, "requestParameters": { "name": trail }, "x": event });
        let outcomes = [GuardOutcome::Restarted, GuardOutcome::AlreadyLogging, GuardOutcome::Failed(reason)];
        for outcome in outcomes {
            let guarded = Guarded { outcome, event: json!({ "detail": detail }) };
            prop_assert!(!guarded.letter(Locale::Ko).text.is_empty());
            for settings in [english(), korean()] {
                assert_notice_valid(&guarded.clone().into(), &settings);
            }
        }
    }

    #[test]
    fn any_alert(alert in json(), subject in text(), body in text()) {
        let plain = Endpoint { key: subject.clone(), ..Endpoint::default() };
        let template = |text: &String| Template::parse(&format!("{}{{a.0}}", text.replace('{', "{{").replace('}', "}}"))).ok();
        let worded = Endpoint { subject: template(&subject), body: template(&body), ..plain.clone() };
        prop_assert!(worded.subject.is_some() && worded.body.is_some());
        for endpoint in [plain, worded] {
            let letter = endpoint.letter(&alert, Locale::En);
            prop_assert!(!letter.subject.is_empty() && letter.text.len() <= 262_144);
            assert_notice_valid(&endpoint.notice(&alert), &korean());
        }
    }
}
