//! Changes of an alarm's configuration. Changes of its state are alarms, and not read here.

use super::{Fact, MAX_DETAILS, News, Report, Thing, Turn, facts};
use crate::contract::Severity;
use crate::contract::encode;
use crate::event::mask::Masked;
use crate::event::report::{Page, Tone};
use crate::event::text;
use crate::excerpt::Excerpt;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Most settings of an alarm that are shown as changed.
const MAX_CHANGES: usize = 12;

/// A setting before and after.
#[derive(Serialize)]
struct Change<'a> {
    old: Masked<'a>,
    new: Masked<'a>,
}

/// The changes, each with the name of its setting.
struct Changes<'a>(Vec<(&'a String, Change<'a>)>);

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, change)| (name, change)))
    }
}

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
        // The alarm sends nothing from now on.
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
fn changes<'a>(detail: &'a Value, new: &'a Value) -> Option<Excerpt> {
    let old = detail.get("previousConfiguration")?.as_object()?;
    let new = new.as_object()?;
    let keys = new.keys().chain(old.keys().filter(|key| !new.contains_key(*key)));
    let differ = keys
        .filter(|key| old.get(*key) != new.get(*key) && !matches!(key.as_str(), "timestamp" | "description"));
    let changes = differ.take(MAX_CHANGES).map(|key| {
        let side = |side: &'a Map<String, Value>| Masked::named(key, side.get(key).unwrap_or(&Value::Null));
        (
            key,
            Change {
                old: side(old),
                new: side(new),
            },
        )
    });
    let changes: Vec<_> = changes.collect();
    (!changes.is_empty()).then(|| Excerpt::of_json(&Changes(changes), MAX_DETAILS))
}
