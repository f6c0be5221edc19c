//! Alarms on the results of a query of logs.

use super::fields::Fields;
use crate::duration::seconds_text;
use crate::resource::cloudwatch::log_alarm::{self, schedule};
use crate::resource::inventory::OnLogs;
use crate::stack::Comparison;

/// Why such an alarm has no entry.
pub(super) fn unsayable(on: &OnLogs) -> Option<&'static str> {
    let query = &on.query;
    if schedule::minutes(&query.schedule).is_none() {
        return Some("its query runs at certain times, and a stack file says only how often");
    }
    (query.start_offset <= query.end_offset).then_some("AWS does not say what time its query looks at")
}

/// Adds the fields of an alarm on logs.
pub(super) fn entry(fields: &mut Fields, on: &OnLogs) {
    let query = &on.query;
    let seconds = |seconds: i64| u64::try_from(seconds).unwrap_or_default();
    let every = schedule::minutes(&query.schedule)
        .unwrap_or_default()
        .saturating_mul(60);
    let window = seconds(query.start_offset.saturating_sub(query.end_offset));
    let delay = seconds(query.end_offset);
    let mut logs = Fields::default();
    logs.set("groups", query.groups.clone());
    logs.set("query", query.query.as_str());
    logs.set("aggregate", query.aggregate.as_str());
    logs.set("every", seconds_text(every));
    logs.some("window", (window != every).then(|| seconds_text(window)));
    logs.some("delay", (delay != 0).then(|| seconds_text(delay)));
    logs.some("lines", (on.lines != 0).then_some(on.lines));
    fields.set("logs", logs.0);
    judged(fields, &on.condition);
    fields.warm_up(&on.options);
}

fn judged(fields: &mut Fields, condition: &log_alarm::Condition) {
    let operator = condition.comparison_operator.as_str();
    let sign = Comparison::named(operator).map_or(operator, |one| one.sign());
    fields.set("threshold", format!("{sign} {}", condition.threshold));
    let runs = condition.evaluated;
    fields.some("evaluation_periods", (runs != 1).then_some(runs));
    fields.some(
        "datapoints_to_alarm",
        condition.breaching.filter(|breaching| *breaching != runs),
    );
    let missing = condition.treat_missing_data.as_str();
    fields.some(
        "treat_missing_data",
        (missing != "notBreaching").then_some(missing),
    );
}
