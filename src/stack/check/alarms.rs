//! Checks alarms: the metric, how it is evaluated, and who is notified.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::arn::Sort;
use super::metrics::{Source, is_period, queries, source};
use super::{Checker, composite, evaluation, filters, log_queries, places, receivers, sets};
use crate::stack::compile::alarms::members;
use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::read::nearest;
use crate::stack::model::{Alarm, PropagateTags, WATCHED};

/// Tags of every alarm besides the stack's own.
const OWN_TAGS: [&str; 3] = ["alertctl:node", "alertctl:stack", "alertctl:tags"];
/// Most tag keys that an alarm may select.
const MAX_TAG_KEYS: usize = 50;
/// Longest interval of a PromQL query, in seconds.
const MAX_INTERVAL: i32 = 3600;
/// Keys that are only valid with `metric`.
const OF_A_METRIC: [&str; 4] = ["dimensions", "statistic", "unit", "period"];
/// Keys that are valid with `metric` and `metrics`, but not with `promql`.
const OF_METRICS: [&str; 6] = [
    "threshold",
    "evaluation_periods",
    "datapoints_to_alarm",
    "treat_missing_data",
    "evaluate_low_sample_count_percentile",
    "evaluation_window",
];
/// Keys that have no meaning with `logs`.
const NOT_OF_LOGS: [&str; 6] = [
    "dimensions",
    "statistic",
    "unit",
    "period",
    "evaluate_low_sample_count_percentile",
    "evaluation_window",
];

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("alarms");
    let stack = checker.stack;
    for (key, alarm) in &stack.alarms {
        let path = ["alarms", key.as_str()];
        if let Some(name) = &alarm.name {
            let allowed = |character: char| !character.is_control();
            checker.text(
                &["alarms", key, "name"],
                name,
                1..=255,
                allowed,
                "one line of text",
            );
        }
        // With its pages, which are lines of it.
        if let Some(description) = alarm.described() {
            checker.text(
                &["alarms", key, "description"],
                &description,
                0..=1024,
                |_| true,
                "anything",
            );
        }
        signal(checker, &path, alarm);
        evaluation::check(checker, &path, alarm);
        evaluation::band(checker, &path, alarm);
        notices(checker, &path, alarm);
        propagation(checker, &path, alarm);
    }
    let expanded = stack.alarms_expanded();
    distinct(checker, &expanded);
    composite::check(checker, &expanded);
    places::check(checker, &expanded);
    endless(checker);
}

/// A channel reminds people of an alarm, and keeps it silent for who snoozed it, until it hears of its end.
fn endless(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    let channels = |topics: &[String]| -> BTreeSet<String> {
        let topics = topics.iter().filter_map(|key| stack.topics.get(key));
        topics.flat_map(|topic| topic.to.iter().cloned()).collect()
    };
    let expanded = stack.alarms_expanded();
    for key in stack.alarms.keys() {
        let mut endless = BTreeSet::new();
        for alarm in stack
            .alarms_muted(std::slice::from_ref(key))
            .iter()
            .filter_map(|key| expanded.get(key))
        {
            let ended = channels(&alarm.on_ok());
            endless.extend(channels(&alarm.to).difference(&ended).cloned());
        }
        for name in &endless {
            let Some(channel) = stack.channels.get(name) else {
                continue;
            };
            let does = match (channel.remind.is_some(), channel.actions.is_some()) {
                (true, _) => "reminds people of this alarm",
                (false, true) => "has buttons to snooze this alarm until it is resolved",
                (false, false) => continue,
            };
            let message = format!("channel `{name}` {does}, and does not hear of its end");
            let problem = Problem::warning(checker.key(&["alarms", key]), message);
            checker.report(problem.help(match channel.remind.is_some() {
                true => "let `ok:` lead to the channel, or remove it, or people are reminded for a day",
                false => "let `ok:` lead to the channel, or remove it, or its message goes on for ever",
            }));
        }
    }
}

/// Alarms of every kind, including those of sets, must differ in key and name.
fn distinct(checker: &mut Checker<'_>, expanded: &BTreeMap<String, Alarm>) {
    let stack = checker.stack;
    // An alarm of a set is reported at the place of the set.
    let mut owners: HashMap<String, &str> = HashMap::new();
    for (key, alarm) in &stack.alarms {
        for member in members(key, alarm) {
            if stack.alarms.contains_key(&member) {
                let message = format!("an alarm of the set `{key}` has this key too");
                let problem = Problem::error(checker.key(&["alarms", &member]), message);
                let problem = problem.related(checker.key(&["alarms", key]), "the set");
                checker.report(problem.help("rename one of the two"));
            }
            if let Some(other) = owners.insert(member.clone(), key) {
                let message = format!("the set `{other}` has an alarm `{member}` too");
                let problem = Problem::error(checker.key(&["alarms", key]), message);
                let problem = problem.related(checker.key(&["alarms", other]), "the other set");
                checker.report(problem.help("rename one of the two"));
            }
        }
    }
    let mut seen: HashMap<String, Span> = HashMap::new();
    for (key, alarm) in expanded {
        let path = ["alarms", owners.get(key).copied().unwrap_or(key), "name"];
        let place = match alarm.name {
            Some(_) => checker.at(&path),
            None => checker.key(&path[..2]),
        };
        let name = alarm.name.clone().unwrap_or_else(|| stack.default_name(key));
        if let Some(first) = seen.get(&name) {
            let message = format!("two alarms are named `{}`", name.escape_debug());
            let problem = Problem::error(place, message).related(first.clone(), "the first one");
            checker.report(problem.help("give one of them another `name:`"));
        } else {
            seen.insert(name, place);
        }
    }
}

/// Exactly one way to watch something, and only the keys that belong to it.
fn signal(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let written = |checker: &Checker<'_>, key: &str| checker.is_written(&[path, &[key]].concat());
    let watched: Vec<_> = WATCHED.into_iter().filter(|key| written(checker, key)).collect();
    let judges = watched != ["promql"]
        && !["filter", "rule", "preset"]
            .iter()
            .any(|key| watched.contains(key));
    if judges && !written(checker, "threshold") {
        let problem = Problem::error(checker.key(path), "`threshold` is missing");
        checker.report(problem.help("add `threshold:`, such as `threshold: \">= 50\"`"));
    }
    if !written(checker, "preset") {
        checker.stray(path, watched.first().unwrap_or(&"metric"), &sets::CHANGES);
    }
    match watched.as_slice() {
        // Already reported, with the correct setting.
        [] if written(checker, "namespace") || written(checker, "metric_name") => {}
        [] => {
            let problem = Problem::error(checker.key(path), "the alarm watches nothing");
            checker.report(problem.help("add `metric:`, such as `metric: AWS/EC2 CPUUtilization`"));
        }
        ["metric"] => source(checker, path, &Source::of_alarm(alarm), true),
        ["metrics"] => {
            for key in OF_A_METRIC {
                if written(checker, key) {
                    let place = checker.key(&[path, &[key]].concat());
                    let problem = Problem::error(place, format!("`{key}` belongs to a single `metric`"));
                    checker.report(problem.help(format!(
                        "move `{key}` into the query in `metrics` it is meant for"
                    )));
                }
            }
            queries(checker, path, alarm);
        }
        ["promql"] => promql(checker, path, alarm),
        ["filter"] => {
            checker.stray(path, "filter", &["dimensions", "unit"]);
            source(checker, path, &Source::of_alarm(alarm), false);
            if let Some(filter) = &alarm.filter {
                filters::check(checker, path, filter);
            }
        }
        ["logs"] => {
            checker.stray(path, "logs", &NOT_OF_LOGS);
            log_queries::check(checker, path, alarm);
        }
        ["preset"] => sets::check(checker, path, alarm),
        ["rule"] => {
            let others = ["evaluation_window", "warm_up", "propagate_tags"];
            checker.stray(path, "rule", &[&OF_A_METRIC[..], &OF_METRICS, &others].concat());
        }
        [first, others @ ..] => {
            for key in others {
                let place = checker.key(&[path, &[key]].concat());
                let problem = Problem::error(place, format!("an alarm has either `{first}` or `{key}`"));
                let first = checker.key(&[path, &[first]].concat());
                checker.report(problem.related(first, "the other one").help("remove one of them"));
            }
        }
    }
}

/// A PromQL query contains its own condition, so CloudWatch accepts no other settings for the evaluation.
fn promql(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    for key in OF_A_METRIC.into_iter().chain(OF_METRICS) {
        if checker.is_written(&[path, &[key]].concat()) {
            let place = checker.key(&[path, &[key]].concat());
            let problem = Problem::error(place, format!("`{key}` has no meaning with `promql`"));
            checker.report(problem.help(match key {
                "threshold" => "write the comparison into the query, such as `query: up == 0`".to_owned(),
                "period" => "remove it; `interval` in `promql` says how often the query runs".to_owned(),
                "evaluation_periods" | "datapoints_to_alarm" => {
                    "remove it; `pending_period` in `promql` says how long a series must breach".to_owned()
                }
                _ => format!("remove `{key}`"),
            }));
        }
    }
    let Some(promql) = &alarm.promql else {
        return;
    };
    let at = |key: &'static str| [path, &["promql", key]].concat();
    checker.text(&at("query"), &promql.query, 1..=10_000, |_| true, "anything");
    let interval = promql.interval;
    if !is_period(interval) || interval > MAX_INTERVAL {
        let message = format!("{interval} seconds cannot be an interval");
        let problem = Problem::error(checker.at(&at("interval")), message);
        let near = (interval.clamp(1, MAX_INTERVAL) + 59) / 60 * 60;
        let problem = problem.label(format!("10, 20, 30 or a multiple of 60, to {MAX_INTERVAL}"));
        checker.report(problem.help(format!("the nearest minute is {near}")));
    }
    for (key, seconds) in [
        ("pending_period", promql.pending_period),
        ("recovery_period", promql.recovery_period),
    ] {
        if let Some(seconds) = seconds {
            checker.range(&at(key), seconds, 0..=86_400, " seconds");
        }
    }
}

fn notices(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    for (key, names) in [
        ("to", &alarm.to),
        ("ok", alarm.ok.as_ref().unwrap_or(&Vec::new())),
        ("insufficient_data", &alarm.insufficient_data),
    ] {
        let region = alarm.region.as_deref().or(checker.stack.region.as_deref());
        receivers::check(checker, &[path, &[key]].concat(), names, region, Sort::of(alarm));
    }
    if !["to", "ok", "insufficient_data"]
        .iter()
        .any(|key| checker.is_written(&[path, &[key]].concat()))
    {
        let problem = Problem::warning(checker.key(path), "the alarm notifies nobody");
        checker.report(problem.help("add `to: [topic]`"));
    }
}

/// The propagated tags must be keys that the alarm has.
fn propagation(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let (key, tags) = match &alarm.propagate_tags {
        PropagateTags::No | PropagateTags::All => return,
        PropagateTags::Only(tags) => ("only", tags),
        PropagateTags::Except(tags) => ("except", tags),
    };
    let path = [path, &["propagate_tags", key]].concat();
    if !(1..=MAX_TAG_KEYS).contains(&tags.len()) {
        let problem = Problem::error(checker.key(&path), format!("`{key}` names {} tags", tags.len()));
        let problem = problem.label(format!("1 to {MAX_TAG_KEYS} are allowed"));
        checker.report(problem.help("write `true` for all tags, `false` for none"));
    }
    let known: Vec<_> = checker
        .stack
        .tags
        .keys()
        .map(String::as_str)
        .chain(OWN_TAGS)
        .chain(alarm.protect.then_some("alertctl:protect"))
        .collect();
    for (index, tag) in tags.iter().enumerate() {
        let index = index.to_string();
        let place = [path.as_slice(), &[index.as_str()]].concat();
        if !(1..=128).contains(&tag.chars().count()) {
            let problem = Problem::error(checker.at(&place), "a tag key has 1 to 128 characters");
            checker.report(problem.help("write a key of `tags`"));
        } else if !known.contains(&tag.as_str()) {
            let message = format!("the alarm has no tag `{}`", tag.escape_debug());
            let problem = Problem::warning(checker.at(&place), message);
            checker.report(match nearest(tag, known.iter().copied()) {
                Some(near) => problem
                    .label(format!("did you mean `{near}`?"))
                    .help(format!("write `{near}`")),
                None => problem.help(format!("its tags are: {}", known.join(", "))),
            });
        }
    }
}
