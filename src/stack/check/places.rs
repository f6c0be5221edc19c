//! Checks the regions of alarms: what an alarm watches must be in the same region.

use std::collections::BTreeMap;

use super::Checker;
use super::aws_metrics::only_region;
use crate::stack::compile::alarms::members;
use crate::stack::file::problem::Problem;
use crate::stack::model::{Alarm, AlarmPreset};

pub(super) fn check(checker: &mut Checker<'_>, expanded: &BTreeMap<String, Alarm>) {
    let stack = checker.stack;
    for (key, alarm) in &stack.alarms {
        region(checker, key, alarm);
        let members = members(key, alarm);
        let of_set = members.iter().filter_map(|member| expanded.get(member)).next();
        metrics(checker, key, of_set.unwrap_or(alarm));
        let rule = alarm.rule.as_deref();
        for watched in rule.map(|rule| stack.alarm_rule_keys(rule)).unwrap_or_default() {
            together(checker, key, alarm, "rule", expanded.get_key_value(&watched));
        }
        if let Some(suppressor) = &alarm.suppressor {
            let other = expanded.get_key_value(&suppressor.alarm);
            together(checker, key, alarm, "suppressor", other);
        }
    }
}

/// Checks the name of an alarm's region, and whether the alarm may be in another region than the stack.
fn region(checker: &mut Checker<'_>, key: &str, alarm: &Alarm) {
    let Some(region) = &alarm.region else { return };
    let path = ["alarms", key, "region"];
    if !checker.region(&path, region) {
        return;
    }
    let home = checker.stack.region.as_deref();
    let on_trail = alarm.preset.is_none_or(AlarmPreset::is_on_trail);
    for what in ["filter", "preset"] {
        if checker.is_written(&["alarms", key, what]) && on_trail && home != Some(region) {
            let message =
                format!("an alarm with `{what}` must be where its log is: in the stack's own region");
            let problem = Problem::error(checker.key(&path), message);
            checker.report(problem.help("remove `region`"));
        }
    }
}

/// Checks namespaces that AWS publishes in one region only.
fn metrics(checker: &mut Checker<'_>, key: &str, alarm: &Alarm) {
    let stack = checker.stack;
    let home = stack.region.as_deref();
    let region = alarm.region.as_deref().or(home);
    // Other partitions have their own global regions, which are less documented.
    if region.is_some_and(|region| {
        ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"]
            .iter()
            .any(|other| region.starts_with(other))
    }) {
        return;
    }
    let own = alarm
        .metric
        .iter()
        .map(|metric| (vec!["metric".to_owned()], metric));
    let queries = alarm.metrics.iter().enumerate().filter_map(|(index, query)| {
        let path = vec!["metrics".to_owned(), index.to_string(), "metric".to_owned()];
        Some((path, query.metric.as_ref()?))
    });
    for (path, metric) in own.chain(queries).collect::<Vec<_>>() {
        let Some(only) = only_region(&metric.namespace).filter(|only| region != Some(only)) else {
            continue;
        };
        let path: Vec<_> = ["alarms", key]
            .into_iter()
            .chain(path.iter().map(String::as_str))
            .collect();
        // A set has its metrics from elsewhere; only its region is in the file.
        let place = match checker.is_written(&path) {
            true => checker.at(&path),
            false => checker.at(&["alarms", key, "region"]),
        };
        let shown = &metric.namespace;
        let problem = match region {
            Some(region) => Problem::error(place, format!("`{shown}` has no metric in {region}")),
            // The stack's region may still be the right one; the environment or `--region` decides.
            None => Problem::warning(place, format!("`{shown}` has metrics in {only} only")),
        };
        let problem = problem.label(format!("AWS has them in {only} only"));
        checker.report(problem.help(format!(
            "add `region: {only}` to the alarm: its state changes are forwarded to the home region"
        )));
        return;
    }
}

/// An alarm can only refer to other alarms in its own region.
fn together(
    checker: &mut Checker<'_>,
    key: &str,
    alarm: &Alarm,
    what: &str,
    other: Option<(&String, &Alarm)>,
) {
    let Some((name, other)) = other else { return };
    let home = checker.stack.region.as_deref();
    let (here, there) = (alarm.region.as_deref().or(home), other.region.as_deref().or(home));
    if here == there {
        return;
    }
    let region = |region: Option<&str>| region.unwrap_or("the stack's own region").to_owned();
    let message = format!(
        "alarm `{name}` is in {}, this one in {}",
        region(there),
        region(here)
    );
    let problem = Problem::error(checker.at(&["alarms", key, what]), message);
    let problem = problem.label("an alarm can refer only to alarms in its own region");
    let problem = match other.region {
        Some(_) => problem.related(
            checker.at(&["alarms", name, "region"]),
            "the region of the other one",
        ),
        None => problem,
    };
    checker.report(problem.help("give both the same `region`"));
}
