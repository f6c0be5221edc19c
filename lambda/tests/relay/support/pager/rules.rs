//! What PagerDuty and Opsgenie refuse, by their documentation.

use serde_json::{Map, Value};

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
