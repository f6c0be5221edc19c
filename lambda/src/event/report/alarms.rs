//! Changes of an alarm's configuration. Changes of its state are alarms, and not read here.

use super::{Fact, News, Report, Thing, Turn, facts};
use crate::contract::Severity;
use crate::contract::encode;
use crate::event::report::{Page, Tone};
use crate::event::text;
use serde_json::{Map, Value};

/// Most settings of an alarm that are shown as changed.
const MAX_CHANGES: usize = 12;

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
pub(super) fn changed(detail_type: &str, _: &Value, detail: &Value) -> Option<Report> {
    if detail_type != "CloudWatch Alarm Configuration Change" {
        return None;
    }
    let name = text(detail, "alarmName")?;
    let operation = text(detail, "operation").unwrap_or_default();
    let turn = match operation.as_str() {
        "create" => Turn::Created,
        "delete" => Turn::Deleted,
        _ => Turn::Updated,
    };
    let null = Value::Null;
    let configuration = detail.get("configuration").unwrap_or(&null);
    let silenced = configuration.get("actionsEnabled") == Some(&Value::Bool(false));
    let tone = match turn {
        // Nobody is told from now on.
        Turn::Deleted => Tone::Bad(Severity::Warning),
        _ if silenced => Tone::Bad(Severity::Warning),
        _ => Tone::Plain,
    };
    Some(Report {
        tone,
        facts: facts([
            (Fact::Rule, text(configuration, "alarmRule")),
            (Fact::Description, text(configuration, "description")),
        ]),
        page: (turn != Turn::Deleted).then(|| Page::Console {
            path: "cloudwatch/home".to_owned(),
            fragment: format!("alarmsV2:alarm/{}", encode(&name)),
        }),
        details: changes(detail, configuration),
        ..Report::new(
            News::Changed {
                thing: Thing::Alarm,
                turn,
                raw: operation,
                of: None,
            },
            name,
        )
    })
}

/// The settings that differ, with their old and new value.
fn changes(detail: &Value, new: &Value) -> Value {
    let Some((old, new)) = detail
        .get("previousConfiguration")
        .and_then(Value::as_object)
        .zip(new.as_object())
    else {
        return Value::Null;
    };
    let keys = new.keys().chain(old.keys().filter(|key| !new.contains_key(*key)));
    let differ = keys
        .filter(|key| old.get(*key) != new.get(*key) && !matches!(key.as_str(), "timestamp" | "description"));
    let pairs = differ.take(MAX_CHANGES).map(|key| {
        let side = |side: &Map<String, Value>| side.get(key).cloned().unwrap_or_default();
        let pair = [("old".to_owned(), side(old)), ("new".to_owned(), side(new))];
        (key.clone(), Value::Object(pair.into_iter().collect()))
    });
    let pairs: Map<_, _> = pairs.collect();
    if pairs.is_empty() {
        Value::Null
    } else {
        Value::Object(pairs)
    }
}
