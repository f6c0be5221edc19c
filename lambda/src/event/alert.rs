//! An alert that an endpoint took. Usually it is a match of ElastAlert2: the document that matched, and the
//! fields that ElastAlert2 adds to it (`num_hits`, `num_matches`, `kibana_discover_url`, `top_events_…`,
//! `rule_param_…`).
//!
//! All other fields are the document's own, so they can hold whatever an application logged.

use super::mask::{self, Part};
use super::{text, time};
use crate::contract::Severity;
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;

/// Fields in which a document or a rule may state its severity.
const SEVERITY_FIELDS: [&str; 7] = [
    "severity",
    "rule_param_severity",
    "alert.severity",
    "level",
    "log.level",
    "priority",
    "rule_param_priority",
];
/// Fields in which ElastAlert2 puts a link to the matching documents.
const DISCOVER_FIELDS: [&str; 2] = ["kibana_discover_url", "opensearch_discover_url"];
/// Fields in which a document describes in words what happened.
const SAID_FIELDS: [&str; 5] = ["message", "error.message", "msg", "log", "event.original"];
/// The fields that people look for first.
const NOTABLE_FIELDS: [&str; 26] = [
    "service",
    "service.name",
    "app",
    "application",
    "environment",
    "API",
    "method",
    "http.request.method",
    "path",
    "url",
    "url.path",
    "status",
    "status_code",
    "http.response.status_code",
    "result",
    "error",
    "error.type",
    "host",
    "host.name",
    "hostname",
    "source.ip",
    "sourceIP",
    "client.ip",
    "user",
    "user.name",
    "kubernetes.pod.name",
];
/// Fields that are shown elsewhere, or that mean nothing to people.
const OTHER_FIELDS: [&str; 11] = [
    "@timestamp",
    "@version",
    "_id",
    "_type",
    "_index",
    "num_hits",
    "num_matches",
    "rule",
    "rule_name",
    "rule_param_name",
    "alert_subject",
];
const TOP_EVENTS: &str = "top_events_";
/// The longest value that becomes a field, and the most such fields; the rest stays in the JSON. Together with
/// the counts, the place and the time there are at most ten fields, which is Slack's limit.
const MAX_VALUE: usize = 120;
const MAX_FACTS: usize = 7;
/// At most this many lists of most frequent values.
const MAX_TOPS: usize = 2;
/// How deep to look into objects: `kubernetes.pod.name`.
const MAX_DEPTH: usize = 3;

/// The content of an alert, without secrets.
#[derive(Debug)]
pub(crate) struct Alert<'a> {
    /// Number of documents that ElastAlert2 found.
    pub hits: Option<u64>,
    /// Number of matches of the run; this alert is one of them.
    pub matches: Option<u64>,
    pub index: Option<String>,
    pub time: Option<Timestamp>,
    /// Link to the matching documents in Kibana or OpenSearch Dashboards, unchanged.
    pub discover: Option<String>,
    /// What happened, in words.
    pub said: Option<String>,
    /// Name and value of short fields, the most telling first.
    pub facts: Vec<(String, String)>,
    /// Each field with its most frequent values and their counts.
    pub tops: Vec<(String, Vec<(String, u64)>)>,
    /// Everything that is not shown above.
    pub rest: Part<'a>,
}

/// The severity that an alert states. Numbers are ignored: 1 is the worst in about half of all systems.
pub(super) fn severity(alert: &Value) -> Option<Severity> {
    let mut words = SEVERITY_FIELDS
        .iter()
        .filter_map(|path| get(alert, path)?.as_str());
    words.find_map(|word| {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "critical" | "crit" | "fatal" | "emergency" | "emerg" | "alert" | "disaster" | "p1" | "sev1" => {
                Severity::Critical
            }
            "error" | "err" | "high" | "severe" | "major" | "p2" | "sev2" => Severity::Error,
            "warning" | "warn" | "medium" | "moderate" | "minor" | "p3" | "sev3" => Severity::Warning,
            "info" | "information" | "informational" | "notice" | "low" | "debug" | "trace" | "ok" | "p4"
            | "p5" | "sev4" | "sev5" => Severity::Info,
            _ => return None,
        })
    })
}

impl<'a> Alert<'a> {
    pub fn read(alert: &'a Value) -> Self {
        let mut rest = Part::new(alert, MAX_DEPTH);
        let number = |key: &str| alert.get(key).and_then(Value::as_u64);
        let said = SAID_FIELDS.iter().find_map(|path| {
            let said = part(&rest, path)?.text()?.trim();
            (!said.is_empty()).then(|| (*path, said.to_owned()))
        });
        let tops = tops(&rest);
        let most = MAX_FACTS - tops.len();
        let facts = facts(&rest, said.as_ref().map(|(path, _)| *path), most);
        let time = alert.get("@timestamp").and_then(moment);
        let discover = DISCOVER_FIELDS.iter().find_map(|key| text(alert, key));
        let shown = facts.iter().map(|(path, _)| path.as_str());
        let shown = shown.chain(said.iter().map(|(path, _)| *path));
        let time_field = time.map(|_| "@timestamp");
        let counts = ["num_hits", "num_matches", "_index"];
        for path in shown.chain(DISCOVER_FIELDS).chain(counts).chain(time_field) {
            remove(&mut rest, path);
        }
        for (field, _) in &tops {
            remove(&mut rest, &format!("{TOP_EVENTS}{field}"));
        }
        Self {
            hits: number("num_hits"),
            matches: number("num_matches"),
            index: text(alert, "_index"),
            time,
            discover,
            said: said.map(|(_, said)| said),
            facts,
            tops,
            rest,
        }
    }
}

/// A timestamp as text, or in milliseconds since 1970.
fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => time::parse(text),
        Value::Number(number) => Timestamp::from_millisecond(number.as_i64()?).ok(),
        _ => None,
    }
}

/// The value at `a.b`: the field of that name, or field `b` of object `a`.
fn get<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (parent, child) = (&path[..dot], &path[dot + 1..]);
        get(value.get(parent)?, child)
    })
}

/// The same of masked JSON.
fn part<'p>(value: &'p Part<'_>, path: &str) -> Option<&'p Part<'p>> {
    if let Some(found) = value.field(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (parent, child) = (&path[..dot], &path[dot + 1..]);
        part(value.field(parent)?, child)
    })
}

/// Removes what [`part`] finds, and the object around it if that is then empty.
fn remove(value: &mut Part<'_>, path: &str) {
    let Some(fields) = value.fields_mut() else {
        return;
    };
    let position =
        |fields: &[(Cow<'_, str>, Part<'_>)], key: &str| fields.iter().position(|(name, _)| name == key);
    if let Some(at) = position(fields, path) {
        fields.remove(at);
        return;
    }
    for (dot, _) in path.match_indices('.') {
        let (parent, child) = (&path[..dot], &path[dot + 1..]);
        let Some(at) = position(fields, parent) else {
            continue;
        };
        let Some((_, inner)) = fields
            .get_mut(at)
            .filter(|(_, inner)| part(inner, child).is_some())
        else {
            continue;
        };
        remove(inner, child);
        if inner.fields_mut().is_some_and(|fields| fields.is_empty()) {
            fields.remove(at);
        }
        return;
    }
}

/// The `most` notable facts.
fn facts(alert: &Part<'_>, said: Option<&str>, most: usize) -> Vec<(String, String)> {
    let rank = |path: &str| {
        let rank = NOTABLE_FIELDS.iter().position(|notable| *notable == path);
        rank.unwrap_or(NOTABLE_FIELDS.len())
    };
    let mut notable: Vec<(String, String)> = Vec::new();
    flatten(alert, "", 1, &mut |path, text| {
        let is_fact = !OTHER_FIELDS.contains(&path)
            && !DISCOVER_FIELDS.contains(&path)
            && !path.starts_with(TOP_EVENTS)
            && said != Some(path)
            && text != mask::MASK;
        // Of equal rank, the alert's order counts.
        let place = notable.partition_point(|(other, _)| rank(other) <= rank(path));
        if is_fact && place < most {
            notable.truncate(most - 1);
            notable.insert(place, (path.to_owned(), text.to_owned()));
        }
    });
    notable
}

/// Short texts, numbers and flags with their paths.
fn flatten(value: &Part<'_>, path: &str, depth: usize, told: &mut dyn FnMut(&str, &str)) {
    for (key, inner) in value.fields() {
        let path = match path {
            "" => key.clone(),
            path => format!("{path}.{key}").into(),
        };
        let text = match inner {
            Part::Fields(_) if depth < MAX_DEPTH => {
                flatten(inner, &path, depth + 1, told);
                continue;
            }
            Part::Text(text) => Cow::Borrowed(text.as_str()),
            inner => match inner.other() {
                Some(value @ (Value::Number(_) | Value::Bool(_))) => Cow::Owned(value.to_string()),
                _ => continue,
            },
        };
        let is_short = text.chars().nth(MAX_VALUE).is_none() && !text.contains('\n');
        if is_short && !text.trim().is_empty() {
            told(&path, &text);
        }
    }
}

/// `"top_events_host": {"web-1": 12, "web-2": 3}`
fn tops(alert: &Part<'_>) -> Vec<(String, Vec<(String, u64)>)> {
    let tops = alert.fields().iter().filter_map(|(key, values)| {
        let field = key.strip_prefix(TOP_EVENTS).filter(|field| !field.is_empty())?;
        let counts = values.fields().iter();
        let mut counts: Vec<_> = counts
            .filter_map(|(value, count)| Some((value.to_string(), count.other()?.as_u64()?)))
            .collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        (!counts.is_empty()).then(|| (field.to_owned(), counts))
    });
    tops.take(MAX_TOPS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_alert_says_how_bad_it_is_in_words() {
        let cases = [
            (json!({ "severity": "Critical" }), Some(Severity::Critical)),
            (json!({ "log": { "level": "WARN" } }), Some(Severity::Warning)),
            (json!({ "log.level": "err" }), Some(Severity::Error)),
            (
                json!({ "level": "unheard of", "priority": "p4" }),
                Some(Severity::Info),
            ),
            (json!({ "rule_param_priority": 1, "severity": null }), None),
            (
                json!({ "level": "info", "severity": "high" }),
                Some(Severity::Error),
            ),
            (json!([]), None),
        ];
        for (alert, severity) in cases {
            assert_eq!(super::severity(&alert), severity, "{alert}");
        }
    }

    #[test]
    fn what_is_told_in_one_place_is_not_told_in_another() {
        let alert = json!({
            "_id": "1", "_index": "web-2026.11.20", "@timestamp": "2026-11-20T05:00:00Z", "rule": "5xx",
            "num_hits": 12, "num_matches": 1, "kibana_discover_url": "https://k.example.com/app/discover",
            "zone": "a", "http": { "response": { "status_code": 502 }, "request": { "body": "x".repeat(200) } },
            "message": "upstream timed out", "error": { "message": "no" }, "host": { "name": "web-1" },
            "top_events_host.name": { "web-2": 3, "web-1": 9 }, "tags": ["a"], "api_token": "hunter2",
        });
        let alert = Alert::read(&alert);
        assert_eq!((alert.hits, alert.matches), (Some(12), Some(1)));
        assert_eq!(alert.said.as_deref(), Some("upstream timed out"));
        let facts: Vec<_> = alert
            .facts
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(
            facts,
            [
                ("http.response.status_code", "502"),
                ("host.name", "web-1"),
                ("zone", "a"),
                ("error.message", "no"),
            ]
        );
        let tops = vec![("web-1".to_owned(), 9), ("web-2".to_owned(), 3)];
        assert_eq!(alert.tops, [("host.name".to_owned(), tops)]);
        let rest = json!({
            "_id": "1", "rule": "5xx", "http": { "request": { "body": "x".repeat(200) } }, "tags": ["a"],
            "api_token": mask::MASK,
        });
        assert_eq!(json!(alert.rest), rest);
        let many: serde_json::Map<_, _> = (0..20).map(|index| (format!("f{index}"), json!(index))).collect();
        assert_eq!(Alert::read(&many.into()).facts.len(), MAX_FACTS);
    }

    #[test]
    fn a_moment_may_be_a_number() {
        let time = |value: Value| Alert::read(&json!({ "@timestamp": value })).time;
        assert_eq!(
            time(json!(1_763_614_800_000_i64)),
            time(json!("2025-11-20T05:00:00Z"))
        );
        assert!(time(json!(0)).is_some());
        assert_eq!(time(json!(f64::MAX)), None);
    }
}
