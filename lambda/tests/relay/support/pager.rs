//! PagerDuty, Opsgenie and Jira Service Management as far as the relay uses them: they refuse what the real ones refuse, and
//! keep incidents by their keys.

use super::fixture;
use alertctl_relay::destination::{AllowLoopback, Shape};
use alertctl_relay::event::read;
use alertctl_relay::{Card, ChannelType, Settings, compose, render};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;

/// Status, headers and body of a response.
type Answer = (u16, Vec<(&'static str, &'static str)>, Value);

/// What they got, and how they respond.
#[derive(Default)]
pub struct Seen {
    /// Path with query, and body of each request.
    pub requests: Vec<(String, Value)>,
    /// The next responses; afterwards they judge for themselves.
    pub answers: VecDeque<Answer>,
    /// Number of incidents that were opened.
    pub opened: usize,
    /// How often each open incident was reported.
    pub open: BTreeMap<String, usize>,
    /// The notes with which alerts were closed.
    pub notes: Vec<String>,
    /// Change events.
    pub changes: Vec<Value>,
}

#[derive(Clone)]
pub struct Pager {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Pager {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let pager = Self {
            address: listener.local_addr().expect("its address"),
            seen: Arc::default(),
        };
        let router = Router::new().fallback(serve).with_state(pager.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        pager
    }

    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("not poisoned")
    }

    /// Responds to the next request with this.
    pub fn answer(&self, status: u16, headers: &[(&'static str, &'static str)], body: Value) {
        self.seen().answers.push_back((status, headers.to_vec(), body));
    }

    /// How many incidents were opened, and how many are open.
    pub fn counts(&self) -> (usize, usize) {
        let seen = self.seen();
        (seen.opened, seen.open.len())
    }

    /// The bodies so far.
    pub fn bodies(&self) -> Vec<Value> {
        let requests = self.seen().requests.clone();
        requests.into_iter().map(|(_, body)| body).collect()
    }
}

async fn serve(State(pager): State<Pager>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    assert_eq!(headers["content-type"], "application/json; charset=utf-8");
    let path = uri.path_and_query().expect("a path").to_string();
    let sent: Value = serde_json::from_slice(&body).expect("JSON");
    let key = headers
        .get("authorization")
        .map(|value| value.to_str().expect("ASCII"));
    let mut seen = pager.seen();
    seen.requests.push((path.clone(), sent.clone()));
    let (status, headers, body) = match seen.answers.pop_front() {
        Some(answer) => answer,
        None => {
            let (status, body) = seen.judge(&path, key, &sent);
            (status, Vec::new(), body)
        }
    };
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = (status, body.to_string()).into_response();
    for (name, value) in headers {
        response
            .headers_mut()
            .insert(name, value.parse().expect("a value"));
    }
    response
}

impl Seen {
    fn judge(&mut self, path: &str, key: Option<&str>, sent: &Value) -> (u16, Value) {
        if path.ends_with("/enqueue") {
            return self.pagerduty(path, sent);
        }
        let key = key
            .and_then(|key| key.strip_prefix("GenieKey "))
            .unwrap_or_default();
        if key.len() != 36 || key.split('-').count() != 5 {
            return (
                422,
                json!({ "message": "Key format is not valid!", "took": 0.0, "requestId": "r" }),
            );
        }
        self.opsgenie(path, sent)
    }

    fn pagerduty(&mut self, path: &str, sent: &Value) -> (u16, Value) {
        let problems = pagerduty_problems(path, sent);
        if !problems.is_empty() {
            let message = "Event object is invalid";
            return (
                400,
                json!({ "status": "invalid event", "message": message, "errors": problems }),
            );
        }
        let key = sent["dedup_key"].as_str().unwrap_or_default();
        match sent["event_action"].as_str() {
            None => self.changes.push(sent.clone()),
            Some("trigger") => self.fire(key),
            Some(_) => {
                self.open.remove(key);
            }
        }
        (
            202,
            json!({ "status": "success", "message": "Event processed", "dedup_key": key }),
        )
    }

    fn opsgenie(&mut self, path: &str, sent: &Value) -> (u16, Value) {
        let problems = opsgenie_problems(path, sent);
        if !problems.is_empty() {
            return (
                422,
                json!({ "message": problems.join("; "), "took": 0.0, "requestId": "r" }),
            );
        }
        match path.rsplit_once("/alerts/") {
            None => self.fire(sent["alias"].as_str().unwrap_or_default()),
            Some((_, rest)) => {
                let alias = rest.split('/').next().unwrap_or_default();
                self.open.remove(alias);
                self.notes.extend(sent["note"].as_str().map(str::to_owned));
            }
        }
        (
            202,
            json!({ "result": "Request will be processed", "took": 0.302, "requestId": "r" }),
        )
    }

    fn fire(&mut self, key: &str) {
        let count = self.open.entry(key.to_owned()).or_default();
        self.opened += usize::from(*count == 0);
        *count += 1;
    }
}

/// Checks the fields of one object.
struct Check<'a> {
    name: &'a str,
    fields: &'a Map<String, Value>,
    problems: &'a mut Vec<String>,
}

impl Check<'_> {
    fn wrong(&mut self, problem: String) {
        self.problems.push(format!("{}: {problem}", self.name));
    }

    fn only(&mut self, known: &[&str]) {
        let unknown = self.fields.keys().filter(|key| !known.contains(&key.as_str()));
        let unknown: Vec<_> = unknown.cloned().collect();
        if !unknown.is_empty() {
            self.wrong(format!("unknown {unknown:?}"));
        }
    }

    /// A text that is not blank and not longer than `most`, in UTF-16 units.
    fn text(&mut self, field: &str, most: usize, is_required: bool) -> Option<String> {
        match self.fields.get(field) {
            None if is_required => self.wrong(format!("{field} is missing")),
            None => {}
            Some(Value::String(text)) if text.trim().is_empty() => self.wrong(format!("{field} is blank")),
            Some(Value::String(text)) if width(text) > most => self.wrong(format!("{field} is too long")),
            Some(Value::String(text)) => return Some(text.clone()),
            Some(other) => self.wrong(format!("{field} is {other}")),
        }
        None
    }
}

fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What PagerDuty would refuse in an event that is posted to `path`, by its documentation.
/// <https://developer.pagerduty.com/docs/send-alert-event>, <https://developer.pagerduty.com/docs/send-change-event>
pub fn pagerduty_problems(path: &str, sent: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let is_change = path.ends_with("/v2/change/enqueue");
    if !is_change && !path.ends_with("/v2/enqueue") {
        problems.push(format!("no such path: {path}"));
    }
    if sent.to_string().len() > 512_000 {
        problems.push("larger than 512 KB".to_owned());
    }
    let Some(fields) = sent.as_object() else {
        return vec!["no object".to_owned()];
    };
    let mut event = Check {
        name: "event",
        fields,
        problems: &mut problems,
    };
    let key = event.text("routing_key", 32, true).unwrap_or_default();
    if key.len() != 32 || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        event.wrong("Length of 'routing_key' is incorrect (should be 32 characters)".to_owned());
    }
    match is_change {
        true => event.only(&["routing_key", "payload", "links"]),
        false => event.only(&["routing_key", "event_action", "dedup_key", "payload", "links"]),
    }
    let is_trigger = match fields.get("event_action").and_then(Value::as_str) {
        None if is_change => false,
        Some("trigger") => true,
        Some("resolve") => false,
        other => {
            event.wrong(format!("event_action is {other:?}"));
            false
        }
    };
    event.text("dedup_key", 255, !is_change);
    match fields.get("payload") {
        Some(Value::Object(payload)) => payload_problems(payload, is_change, &mut problems),
        None if !is_change && !is_trigger => {}
        other => problems.push(format!("payload is {other:?}")),
    }
    for link in fields
        .get("links")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let href = link["href"].as_str().unwrap_or_default();
        if !href.starts_with("https://") || !link["text"].is_string() {
            problems.push(format!("link is {link}"));
        }
    }
    problems
}

fn payload_problems(fields: &Map<String, Value>, is_change: bool, problems: &mut Vec<String>) {
    let mut payload = Check {
        name: "payload",
        fields,
        problems,
    };
    payload.text("summary", 1_024, true);
    payload.text("source", 255, !is_change);
    let timestamp = payload.text("timestamp", 64, false);
    if timestamp.is_some_and(|time| !time.ends_with('Z') || time.as_bytes().get(10) != Some(&b'T')) {
        payload.wrong("timestamp is no time".to_owned());
    }
    if !matches!(fields.get("custom_details"), None | Some(Value::Object(_))) {
        payload.wrong("custom_details is no object".to_owned());
    }
    if is_change {
        return payload.only(&["summary", "source", "timestamp", "custom_details"]);
    }
    let severity = payload.text("severity", 64, true).unwrap_or_default();
    if !["critical", "error", "warning", "info"].contains(&severity.as_str()) {
        payload.wrong(format!("severity is {severity}"));
    }
    payload.text("component", 255, false);
    payload.text("group", 255, false);
    payload.only(&[
        "summary",
        "source",
        "severity",
        "timestamp",
        "component",
        "group",
        "custom_details",
    ]);
}

/// What Opsgenie would refuse in a request to `path`, by its documentation.
/// <https://docs.opsgenie.com/docs/alert-api>
pub fn opsgenie_problems(path: &str, sent: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(fields) = sent.as_object() else {
        return vec!["no object".to_owned()];
    };
    let mut alert = Check {
        name: "alert",
        fields,
        problems: &mut problems,
    };
    alert.text("source", 100, true);
    if let Some((_, rest)) = path.rsplit_once("/v2/alerts/") {
        let alias = rest
            .strip_suffix("/close?identifierType=alias")
            .unwrap_or_default();
        if alias.is_empty() || !alias.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            alert.wrong(format!("no such path: {path}"));
        }
        alert.text("note", 25_000, false);
        alert.only(&["source", "note"]);
        return problems;
    }
    if !path.ends_with("/v2/alerts") {
        alert.wrong(format!("no such path: {path}"));
    }
    alert.text("message", 130, true);
    alert.text("alias", 512, true);
    alert.text("description", 15_000, false);
    alert.text("entity", 512, false);
    let priority = alert.text("priority", 2, true).unwrap_or_default();
    if !["P1", "P2", "P3", "P4", "P5"].contains(&priority.as_str()) {
        alert.wrong(format!("priority is {priority}"));
    }
    let tags: Vec<_> = fields
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    let is_tag = |tag: &&Value| {
        tag.as_str()
            .is_some_and(|tag| !tag.trim().is_empty() && width(tag) <= 50)
    };
    if tags.len() > 20 || !tags.iter().all(is_tag) {
        alert.wrong(format!("tags are {tags:?}"));
    }
    let details = fields.get("details").and_then(Value::as_object);
    let sizes = details
        .into_iter()
        .flatten()
        .map(|(key, value)| match value.as_str() {
            Some(value) if !key.trim().is_empty() => width(key) + width(value),
            _ => usize::MAX,
        });
    let size = sizes.fold(0usize, usize::saturating_add);
    if size > 8_000 {
        alert.wrong(format!("details take {size}"));
    }
    let responders: Vec<_> = fields
        .get("responders")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .collect();
    let is_responder = |one: &&Value| match one["type"].as_str() {
        Some("team" | "escalation" | "schedule") => one["name"].is_string(),
        Some("user") => one["username"].is_string(),
        _ => false,
    };
    if responders.len() > 50 || !responders.iter().all(is_responder) {
        alert.wrong(format!("responders are {responders:?}"));
    }
    alert.only(&[
        "message",
        "alias",
        "description",
        "priority",
        "source",
        "entity",
        "tags",
        "details",
        "responders",
    ]);
    problems
}

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
