//! Whatever arrives, each destination accepts the message.

use crate::support::{english, fixture, fixtures, korean};
use alertctl_relay::card::{Phrase, Row};
use alertctl_relay::event::{GuardOutcome, Guarded, Notice, read};
use alertctl_relay::{
    Card, Endpoint, Line, Locale, Settings, Template, compose, digest, google_chat, render, slack, summarise,
    teams, text as plain_text,
};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// Slack refuses larger messages with `msg_blocks_too_long`; see slackapi/bolt-js#2509.
const MAX_MESSAGE: usize = 13_200;

/// Slack's own rules for messages: `block-kit.schema.json`.
static BLOCK_KIT: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("block-kit.schema.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("a schema")
});

/// Checks a message against the schema, and against limits that a schema cannot express: totals and UTF-16
/// units.
fn assert_valid(message: &Value) {
    // A yes or no answer is much faster than the list of all errors.
    if !BLOCK_KIT.is_valid(message) {
        let problems = BLOCK_KIT.iter_errors(message);
        let problems: Vec<_> = problems
            .map(|problem| format!("{}: {problem}", problem.instance_path()))
            .collect();
        panic!("{problems:#?}\n{message:#}");
    }
    let total = total(message);
    assert!(total <= MAX_MESSAGE, "{total}");
}

/// The total length of all texts in a message; checks each text against the limit of its place.
fn total(message: &Value) -> usize {
    match message {
        Value::Array(values) => values.iter().map(total).sum(),
        Value::Object(map) => {
            let own = map.get("text").and_then(Value::as_str).map_or(0, length);
            assert!(own <= 3_000, "{own} > 3,000");
            let fields = map.get("fields").and_then(Value::as_array);
            for field in fields.into_iter().flatten() {
                let own = field["text"].as_str().map_or(0, length);
                assert!(own <= 2_000, "{own} > 2,000");
            }
            own + map.values().map(total).sum::<usize>()
        }
        _ => 0,
    }
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Longest value in a message for a workflow, which puts all values into one message of at most 4,000
/// characters.
const MAX_FLAT: usize = 2_500;

fn assert_flat(card: &Card) {
    let keys = [
        "account", "details", "link", "mention", "region", "severity", "stack", "text", "time",
    ];
    let flat = slack::flat(card);
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

/// Checks what each destination shows of a card.
fn assert_shown(card: &Card) {
    let message = json!(slack::message(card));
    assert_valid(&message);
    let told = message["text"].as_str().expect("a text");
    assert!(!told.contains("://"), "Slack would link it: {told}");
    let plain = json!(slack::plain(card));
    assert!(BLOCK_KIT.is_valid(&plain), "{plain:#}");
    assert_flat(card);
    let text = plain_text(card);
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!text.trim().is_empty() && !text.contains(hidden), "{text:?}");
}

/// Checks the message as it is, with as many mentions as possible, for a workflow, and as part of a test.
fn assert_notice_valid(notice: &Notice, settings: &Settings) {
    let crowd: Vec<_> = (0..40).map(|index| format!("S{index:031}")).collect();
    let mut card = compose(notice, settings);
    assert_shown(&card);
    crate::support::teams::assert_valid(&card);
    crate::support::google_chat::assert_valid(&card);
    card.mention(&crowd);
    assert_shown(&card);
    let mut test = compose(&notice.clone().marked("t-0a1b2c3d"), settings);
    test.mention(&crowd);
    assert_shown(&test);
    let test = json!(slack::message(&test));
    for called in [&test["text"], &test["blocks"]] {
        assert!(!called.to_string().contains("<!"), "a test calls somebody");
    }
    let marked = notice.clone().marked("t-0a1b2c3d");
    assert_digests_valid(
        &[summarise(notice, settings), summarise(&marked, settings)],
        settings,
    );
}

/// What makes a digest fit a destination, and what checks that it does.
type Fitting = (fn(&[Row], Locale) -> usize, fn(&Card));

/// Checks that digests show every line once and that each destination accepts them, with and without mentions.
fn assert_digests_valid(lines: &[Line], settings: &Settings) {
    let crowd: Vec<_> = (0..40).map(|index| format!("S{index:031}")).collect();
    let destinations: [Fitting; 3] = [
        (slack::fit, assert_shown),
        (teams::fit, crate::support::teams::assert_valid),
        (google_chat::fit, crate::support::google_chat::assert_valid),
    ];
    for (fit, check) in destinations {
        let mut covered = Vec::new();
        for digest in digest(lines, settings, fit) {
            let mut card = digest.card;
            card.mention(&crowd);
            check(&card);
            covered.extend(digest.covers);
        }
        covered.sort_unstable();
        assert!(covered.into_iter().eq(0..lines.len()));
    }
}

fn assert_all_valid(event: &Value) {
    for settings in [english(), korean()] {
        let settings = Settings {
            topics: Default::default(),
            ..settings
        };
        // Without routes only events without a topic have a destination; each event is checked in both ways.
        for notice in read(event) {
            assert_notice_valid(&notice, &settings);
        }
        let _ = render(event, &settings);
    }
}

/// Keys that the readers look for, so that random JSON gets past their first checks.
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

pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(str::to_owned),
        3 => ".{0,40}",
        1 => ("[<>&\n\"가a`🚨 ]{1,9}", 1..1500usize).prop_map(|(text, times)| text.repeat(times)),
    ]
}

pub fn json() -> impl Strategy<Value = Value> {
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

/// An alarm with hostile values in every field.
pub fn alarm() -> impl Strategy<Value = Value> {
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

/// A CloudTrail event with hostile values in every field.
pub fn call() -> impl Strategy<Value = Value> {
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

/// An event of a service with its own layout, with every leaf replaced by a hostile value.
pub fn report() -> impl Strategy<Value = Value> {
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
        "cost-anomaly",
        "ecs-service-steady",
        "health-issue-closed",
        "health-exposed-key",
        "alarm-changed",
        "alarm-contributor",
        "autoscaling-lifecycle",
        "codebuild",
        "codecommit",
        "codepipeline-action",
        "config-compliance",
        "ecr-scan",
        "guardduty-malware",
        "inspector",
        "s3-object",
        "securityhub-ocsf",
        "step-functions",
        "trusted-advisor",
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

/// Replaces leaves as long as there are replacements.
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

/// A change to a sample, in one place or in many, as it may be sent by accident or on purpose.
#[derive(Clone, Debug)]
enum Mutation {
    /// Every leaf becomes one of these, in turn.
    Leaves(Vec<Value>),
    /// The value at this place is replaced.
    Replace(prop::sample::Index, Value),
    Remove(prop::sample::Index),
    /// The text at this place is repeated.
    Repeat(prop::sample::Index, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let any_value = || prop_oneof![3 => text().prop_map(Value::from), 1 => json()];
    prop_oneof![
        prop::collection::vec(any_value(), 1..8).prop_map(Mutation::Leaves),
        (any::<prop::sample::Index>(), any_value()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        any::<prop::sample::Index>().prop_map(Mutation::Remove),
        (any::<prop::sample::Index>(), 2..80usize).prop_map(|(at, times)| Mutation::Repeat(at, times)),
    ]
}

impl Mutation {
    fn apply(&self, event: &mut Value) {
        let mut pointers = Vec::new();
        places(event, String::new(), &mut pointers);
        let place = |at: &prop::sample::Index| at.get(&pointers).clone();
        match self {
            Self::Leaves(values) => replace(event, &mut values.iter().cycle()),
            Self::Replace(at, value) => {
                if let Some(old) = event.pointer_mut(&place(at)) {
                    *old = value.clone();
                }
            }
            Self::Remove(at) => {
                let place = place(at);
                let parent = place
                    .rsplit_once('/')
                    .and_then(|(parent, key)| Some((event.pointer_mut(parent)?, key)));
                match parent {
                    Some((Value::Object(fields), key)) => {
                        fields.remove(&key.replace("~1", "/").replace("~0", "~"));
                    }
                    Some((Value::Array(values), key)) => {
                        values.remove(key.parse().expect("an index"));
                    }
                    _ => *event = Value::Null,
                }
            }
            Self::Repeat(at, times) => {
                if let Some(Value::String(text)) = event.pointer_mut(&place(at)) {
                    *text = text.chars().take(200).collect::<String>().repeat(*times);
                }
            }
        }
    }
}

/// The JSON pointer of every value, beginning with the whole.
fn places(value: &Value, at: String, all: &mut Vec<String>) {
    all.push(at.clone());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            places(
                value,
                format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                all,
            )
        }),
        Value::Array(values) => {
            let values = values.iter().enumerate();
            values.for_each(|(index, value)| places(value, format!("{at}/{index}"), all));
        }
        _ => {}
    }
}

/// Applies `mutations` to a sample where its content is: also inside its SNS message, if that is JSON.
fn mutated(name: &str, mutations: &[Mutation]) -> Value {
    let mut event = fixture(name);
    let message = event.pointer_mut("/Records/0/Sns/Message");
    let inner = message
        .as_deref()
        .and_then(Value::as_str)
        .map(serde_json::from_str::<Value>);
    match (message, inner) {
        (Some(message), Some(Ok(mut inner))) => {
            mutations.iter().for_each(|mutation| mutation.apply(&mut inner));
            *message = inner.to_string().into();
        }
        _ => mutations.iter().for_each(|mutation| mutation.apply(&mut event)),
    }
    event
}

fn delivery(message: &Value, subject: &str) -> Value {
    let topic = "arn:aws:sns:us-east-1:111122223333:t";
    json!({ "Records": [{ "Sns": { "TopicArn": topic, "Subject": subject, "Message": message } }] })
}

/// Each message is valid except for one error.
#[test]
fn the_schema_refuses_what_slack_refuses() {
    let message =
        |block: Value| json!({ "text": "x", "attachments": [{ "color": "#439fe0", "blocks": [block] }] });
    let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
    let mrkdwn = |text: &str| json!({ "type": "mrkdwn", "text": text, "verbatim": true });
    let section = |text: Value| message(json!({ "type": "section", "text": text }));
    let headline = |text: Value| json!({ "text": "x", "blocks": [{ "type": "section", "text": text }] });
    let fields =
        |count: usize, text: &str| message(json!({ "type": "section", "fields": vec![plain(text); count] }));
    let button = |text: &str, url: String| {
        let button = json!({ "type": "button", "text": plain(text), "url": url });
        message(json!({ "type": "actions", "elements": [button] }))
    };
    let header = |text: &str| message(json!({ "type": "header", "text": plain(text) }));
    let of = |length: usize| "가".repeat(length);
    let taken = [
        section(plain(&of(3_000))),
        section(mrkdwn("a <https://x.example/?a=1&amp;b|Open> &lt;!here&gt;")),
        fields(10, &of(2_000)),
        header(&of(150)),
        button(&of(75), format!("https://x.example/{}", "a".repeat(2_900))),
        message(json!({ "type": "divider" })),
        message(json!({ "type": "context", "elements": vec![plain("x"); 10] })),
        json!({ "text": "<!here> x", "unfurl_links": false }),
        headline(mrkdwn(
            "<!here> <@U0123ABCD> <!subteam^S0123ABCD> *x* <https://x.example|x>",
        )),
    ];
    for message in &taken {
        assert!(BLOCK_KIT.is_valid(message), "{message}");
    }
    let refused = [
        section(plain(&of(3_001))),
        section(plain("")),
        section(plain(" \n")),
        section(json!({ "type": "plain_text", "text": "x", "emoji": true })),
        section(json!({ "type": "mrkdwn", "text": "x", "verbatim": false })),
        section(mrkdwn("<!here>")),
        section(mrkdwn("<@U0123ABCD>")),
        section(mrkdwn("<http://x.example|x>")),
        section(mrkdwn("<https://x.example|x> <#C0123ABCD>")),
        section(mrkdwn("a > b")),
        fields(11, "x"),
        fields(0, "x"),
        fields(1, &of(2_001)),
        header(&of(151)),
        button(&of(76), "https://x.example/".into()),
        button("x", format!("https://x.example/{}", "a".repeat(3_000))),
        button("x", "http://x.example/".into()),
        message(json!({ "type": "context", "elements": vec![plain("x"); 11] })),
        message(json!({ "type": "context", "elements": [] })),
        message(json!({ "type": "section" })),
        message(json!({ "type": "marquee", "text": plain("x") })),
        json!({ "text": "x", "attachments": [{ "color": "red", "blocks": [{ "type": "divider" }] }] }),
        headline(mrkdwn("x <!here>")),
        headline(mrkdwn("<!here> ")),
        headline(plain("x")),
        json!({ "text": "x", "blocks": [{ "type": "divider" }] }),
        json!({ "text": "x", "channel": "#other" }),
        json!({ "text": "" }),
        json!({}),
    ];
    for message in &refused {
        assert!(!BLOCK_KIT.is_valid(message), "{message}");
    }
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
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

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
    fn any_bytes(message in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&message);
        assert_all_valid(&delivery(&json!(text), &text));
        if let Ok(event) = alertctl_relay::parse_lenient(&text) {
            assert_all_valid(&event);
        }
    }

    #[test]
    fn any_sample_with_changes(
        name in prop::sample::select(fixtures()),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let event = mutated(&name, &mutations);
        assert_all_valid(&event);
        // An endpoint's event has an envelope; the notices of the others are read from the event itself.
        let alert = event.get("event").unwrap_or(&event);
        let endpoint = Endpoint { key: name, ..Endpoint::default() };
        assert_notice_valid(&endpoint.notice(alert), &korean());
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
                // Every second line repeats another one.
                let mut headline = Phrase::text(&format!("{}:", index / 2));
                headline.push(&line.headline);
                line.key = headline.clone();
                line.headline = headline;
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
            let guarded = Guarded { outcome, event: json!({ "detail": detail }).into() };
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
