//! Checks alarms on logs, and the presets that create sets of them: the filter, its log group, its metric.

use super::Checker;
use super::metrics::metric_name;
use super::trail::log_group_name;
use crate::stack::file::problem::Problem;
use crate::stack::model::{LogFilter, TrailSource};

pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], filter: &LogFilter) {
    let at = |key: &'static str| [path, &["filter", key]].concat();
    checker.text(&at("pattern"), &filter.pattern, 1..=1024, |_| true, "anything");
    if let Some((part, fact, help)) = pattern_fault(&filter.pattern) {
        let place = checker.within(&at("pattern"), &filter.pattern, &part);
        checker.report(Problem::error(place, fact).help(help));
    }
    match &filter.log_group {
        Some(group) => log_group_name(checker, &at("log_group"), group),
        None => on_trail(checker, path, "filter"),
    }
    let value = filter.value.as_str();
    let is_field = value.strip_prefix('$').is_some_and(|field| !field.is_empty());
    let is_number = value.parse::<f64>().is_ok_and(f64::is_finite);
    if !(is_field || is_number) || value.chars().count() > 100 {
        let message = format!("`{}` is not a value for a metric", value.escape_debug());
        let problem = Problem::error(checker.at(&at("value")), message);
        checker.report(
            problem.help("write a number, or a field of the log such as `$.bytes`, to 100 characters"),
        );
    }
    if let Some(metric) = &filter.metric {
        let path = at("metric");
        metric_name(checker, &path, metric);
        if metric.namespace.starts_with("AWS/") {
            let problem = Problem::error(
                checker.at(&path),
                "namespaces that begin with `AWS/` belong to AWS",
            );
            checker.report(problem.help("choose another one, or remove `metric`"));
        } else if metric.to_string().contains([':', '*', '$']) {
            let problem = Problem::error(
                checker.at(&path),
                "the metric of a filter may not contain `:`, `*` or `$`",
            );
            checker.report(problem.help("choose another name, or remove `metric`"));
        }
    }
}

/// A filter on the trail needs the trail's log group.
pub(super) fn on_trail(checker: &mut Checker<'_>, path: &[&str], key: &str) {
    let place = checker.key(&[path, &[key]].concat());
    match &checker.stack.trail {
        None if !checker.is_written(&["trail"]) => {
            let problem = Problem::error(place, "there is no trail with a log to filter");
            checker.report(problem.help(match key {
                "filter" => "add `trail: {}`, or name another log group: `log_group: NAME`",
                _ => "add `trail: {}`, or `trail: { existing: NAME, logs: { group: NAME } }`",
            }));
        }
        Some(trail) => {
            let group = trail.logs.as_ref().and_then(|logs| logs.group.as_ref());
            if matches!(trail.source, TrailSource::Existing(_)) && group.is_none() {
                let problem = Problem::error(place, "the existing trail's log group is not known");
                let problem = problem.related(checker.key(&["trail", "existing"]), "the trail");
                checker.report(problem.help("name it: `logs: { group: NAME }` beside `existing`"));
            }
        }
        None => {}
    }
}

/// Finds unbalanced brackets and quotes. CloudWatch Logs checks everything else.
fn pattern_fault(pattern: &str) -> Option<(std::ops::Range<usize>, String, &'static str)> {
    let mut open: Vec<(usize, char)> = vec![];
    let mut quote = None;
    let help = "see \"Filter pattern syntax\" in the manual of CloudWatch Logs";
    // Only JSON patterns and field lists have brackets as syntax; elsewhere they are text.
    if !pattern.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut regex = false;
    for (at, character) in pattern.char_indices() {
        match character {
            '%' if quote.is_none() => regex = !regex,
            _ if regex => {}
            '"' if quote.is_some() => quote = None,
            '"' => quote = Some(at),
            _ if quote.is_some() => {}
            '(' | '{' | '[' => open.push((at, character)),
            ')' | '}' | ']' => {
                let fits = matches!(
                    (open.pop(), character),
                    (Some((_, '(')), ')') | (Some((_, '{')), '}') | (Some((_, '[')), ']')
                );
                if !fits {
                    return Some((at..at + 1, format!("this `{character}` closes nothing"), help));
                }
            }
            _ => {}
        }
    }
    if let Some(at) = quote {
        return Some((at..at + 1, "this quote is never closed".to_owned(), help));
    }
    let (at, character) = open.pop()?;
    Some((at..at + 1, format!("this `{character}` is never closed"), help))
}
