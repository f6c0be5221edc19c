//! What there is to know of a thing, as comments.

use super::Draft;
use crate::resource::cloudwatch::alarm::Watched;
use crate::resource::inventory::{Alarm, Filter, Watches};
use crate::stack::masked;

/// Longest text of somebody else's in a comment, in characters.
const MOST: usize = 120;

/// Somebody else's text on one line of a comment: without secrets, without what moves the cursor, and not too long.
pub(super) fn quoted(text: &str) -> String {
    let text = masked(text);
    let shown: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let words: Vec<&str> = shown.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// What there is to know of an alarm.
pub(super) fn of_alarm(alarm: &Alarm, draft: &Draft<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    let known = draft.known();
    for metric in alarm.watched(&known) {
        for filter in &draft.inventory.filters {
            if makes(filter, &metric) {
                remarks.push(format!(
                    "Its metric comes from the metric filter `{}` of the log group `{}`, which stays as it is: {}",
                    quoted(&filter.name),
                    quoted(&filter.log_group),
                    quoted(&filter.pattern)
                ));
            }
        }
    }
    if let Watches::Logs(_) = alarm.watches {
        remarks.push("With the first apply, its query gets a role of the stack's own.".to_owned());
    }
    if let Watches::Metric(_) | Watches::Alarms { .. } | Watches::Logs(_) = alarm.watches
        && alarm.actions.all().next().is_none()
    {
        remarks.push("It tells nobody.".to_owned());
    }
    let mut gone: Vec<&String> = alarm.actions.all().filter(|arn| draft.is_gone(arn)).collect();
    gone.sort();
    gone.dedup();
    remarks.extend(
        gone.iter()
            .map(|arn| format!("The topic {} does not exist any more.", quoted(arn))),
    );
    remarks
}

fn makes(filter: &Filter, metric: &Watched) -> bool {
    let mut made = filter.metrics.iter();
    made.any(|(namespace, name)| *namespace == metric.namespace && *name == metric.name)
}

/// Why a metric filter is not in the file.
pub(super) fn of_filter(filter: &Filter) -> String {
    let metrics: Vec<_> = filter
        .metrics
        .iter()
        .map(|(namespace, name)| format!("`{} {}`", quoted(namespace), quoted(name)))
        .collect();
    format!(
        "of the log group `{}`, it makes {}: the name of a filter says whose it is, so a stack's are new ones (`filter:`)",
        quoted(&filter.log_group),
        metrics.join(", ")
    )
}
