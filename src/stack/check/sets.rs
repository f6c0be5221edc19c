//! Checks sets of alarms: the resource that a set is for, and what the file changes in it.

use super::arn::Sort;
use super::metrics::{Source, source};
use super::{Checker, evaluation, filters, receivers};
use crate::stack::compile::alarms::services::{Service, Watched, service};
use crate::stack::compile::alarms::sets::{Names, alarms, is_member, names};
use crate::stack::file::problem::Problem;
use crate::stack::model::Alarm;

/// The keys that change a set.
pub(super) const CHANGES: [&str; 3] = ["except", "extra", "override"];
/// What each alarm of a set for a service has of its own.
const OF_EACH: [&str; 6] = [
    "statistic",
    "period",
    "threshold",
    "evaluation_periods",
    "datapoints_to_alarm",
    "treat_missing_data",
];
/// What fits some metrics and periods only.
const OF_SOME: [&str; 3] = [
    "unit",
    "evaluate_low_sample_count_percentile",
    "evaluation_window",
];
/// Longest description, and longest name.
const MAX_DESCRIPTION: usize = 1024;
const MAX_NAME: usize = 255;

pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    source(checker, path, &Source::of_alarm(alarm), false);
    let Some(preset) = alarm.preset else { return };
    match service(preset) {
        None => {
            checker.stray(path, "preset", &["dimensions", "unit"]);
            filters::on_trail(checker, path, "preset");
        }
        Some(service) => {
            of_each(checker, path, alarm, service);
            dimensions(checker, path, alarm, service);
        }
    }
    let names = names(preset);
    except(checker, path, alarm, &names);
    extra(checker, path, alarm, &names);
    overrides(checker, path, alarm, &names);
    let members = alarms(alarm, preset);
    texts(checker, path, members.iter().map(|(_, member)| member));
    for (name, member) in members {
        changed(checker, path, name, alarm, &member);
        if member.threshold.is_none() && service(preset).is_some() {
            let message = format!("`{name}` needs a threshold: only you know the amount");
            let problem = Problem::error(checker.key(&[path, &["preset"]].concat()), message);
            let is_extra = names.extra.contains(&name);
            checker.report(problem.help(match is_extra {
                true => format!("add `override: {{ {name}: {{ threshold: '>= 50' }} }}`"),
                false => "add `threshold: '> 500'`".to_owned(),
            }));
        }
    }
}

/// Settings of one alarm, said of the whole set.
fn of_each(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm, service: &Service) {
    let has_amount = service.rows.iter().any(|row| row.threshold.is_none());
    for key in OF_EACH
        .into_iter()
        .filter(|key| !(has_amount && *key == "threshold"))
    {
        let at = [path, &[key]].concat();
        if checker.is_written(&at) {
            let message = format!("each alarm of the set has `{key}` of its own");
            let problem = Problem::error(checker.key(&at), message);
            let member = alarms(alarm, service.preset)
                .first()
                .map_or("NAME", |(name, _)| *name);
            checker.report(problem.help(format!(
                "say it of one: `override: {{ {member}: {{ {key}: … }} }}`"
            )));
        }
    }
    checker.stray(path, "preset", &OF_SOME);
}

/// Which resource the set is for.
fn dimensions(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm, service: &Service) {
    let place = [path, &["dimensions"]].concat();
    let known: Vec<&str> = service.required.iter().chain(service.optional).copied().collect();
    for (name, value) in &alarm.dimensions {
        let at = [place.as_slice(), &[name.as_str()]].concat();
        if !known.contains(&name.as_str()) {
            let preset = service.preset.as_str();
            let message = format!(
                "`{}` is not a dimension of the set `{preset}`",
                name.escape_debug()
            );
            let problem = Problem::error(checker.key(&at), message);
            let other = format!("it has: {}", known.join(", "));
            checker.report(Checker::suggest(problem, name, known.iter().copied(), &other));
        }
        let in_query = service
            .rows
            .iter()
            .any(|row| matches!(row.watched, Watched::Insights(_)));
        if in_query && value.contains('\'') {
            let problem = Problem::error(
                checker.at(&at),
                "this becomes part of a query, which a `'` would end",
            );
            checker.report(problem.help("write the name of the resource"));
        }
    }
    for name in service
        .required
        .iter()
        .filter(|name| !alarm.dimensions.contains_key(**name))
    {
        if checker.is_written(&[place.as_slice(), &[*name]].concat()) {
            continue;
        }
        let preset = service.preset.as_str();
        let message = format!("the set `{preset}` needs the dimension `{name}`");
        let written = checker.is_written(&place);
        let at = if written {
            place.clone()
        } else {
            [path, &["preset"]].concat()
        };
        let needed: Vec<String> = service.required.iter().map(|name| format!("{name}: …")).collect();
        let help = format!("add `dimensions: {{ {} }}`", needed.join(", "));
        let problem = Problem::error(checker.key(&at), message);
        checker.report(problem.help(match service.optional {
            [] => help,
            optional => format!("{help}, and what you have of: {}", optional.join(", ")),
        }));
    }
}

fn except(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm, names: &Names) {
    for (index, name) in alarm.except.iter().enumerate() {
        let number = index.to_string();
        let at = [path, &["except", &number]].concat();
        if twice(checker, &at, &alarm.except, index) || names.default.contains(&name.as_str()) {
            continue;
        }
        let problem = if names.extra.contains(&name.as_str()) {
            let message = format!("`{name}` is in the set only if `extra` names it");
            Problem::error(checker.at(&at), message).help("remove it here, and in `extra`")
        } else {
            unknown(checker, &at, name, &names.default, "alarms to leave out")
        };
        checker.report(problem);
    }
}

fn extra(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm, names: &Names) {
    for (index, name) in alarm.extra.iter().enumerate() {
        let number = index.to_string();
        let at = [path, &["extra", &number]].concat();
        if twice(checker, &at, &alarm.extra, index) {
            continue;
        }
        let problem = if names.default.contains(&name.as_str()) {
            Problem::error(checker.at(&at), format!("`{name}` is in the set anyway")).help("remove it here")
        } else if !names.extra.contains(&name.as_str()) {
            unknown(checker, &at, name, &names.extra, "alarms to add")
        } else if let Some(dimension) = lacks(alarm, name) {
            let message = format!("`{name}` needs the dimension `{dimension}`");
            let help = format!("add `{dimension}: …` to `dimensions`, or remove it here");
            Problem::error(checker.at(&at), message).help(help)
        } else {
            continue;
        };
        checker.report(problem);
    }
}

fn overrides(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm, names: &Names) {
    let Some(preset) = alarm.preset else { return };
    for name in alarm.overrides.keys() {
        let at = [path, &["override", name.as_str()]].concat();
        let known = [names.default.as_slice(), names.extra.as_slice()].concat();
        if is_member(alarm, preset, name) {
            continue;
        }
        let problem = if !known.contains(&name.as_str()) {
            let other = format!("there are: {}", known.join(", "));
            let message = format!("the set has no alarm `{}`", name.escape_debug());
            let problem = Problem::error(checker.key(&at), message);
            Checker::suggest(problem, name, known.iter().copied(), &other)
        } else {
            let problem = Problem::error(checker.key(&at), format!("there is no `{name}` to change"));
            match lacks(alarm, name) {
                _ if alarm.except.contains(name) => {
                    problem.help("`except` leaves it out: remove it here or there")
                }
                Some(dimension) => problem.help(format!("it needs `{dimension}: …` in `dimensions`")),
                None => problem.help(format!("add it: `extra: [{name}]`")),
            }
        };
        checker.report(problem);
    }
}

/// The dimension without which an alarm does not exist.
fn lacks(alarm: &Alarm, name: &str) -> Option<&'static str> {
    let row = alarm.preset.and_then(service)?.row(name)?;
    row.needs()
        .find(|dimension| !alarm.dimensions.contains_key(*dimension))
}

fn twice(checker: &mut Checker<'_>, at: &[&str], list: &[String], index: usize) -> bool {
    let is_twice = list
        .get(index)
        .is_some_and(|name| list.iter().take(index).any(|other| other == name));
    if is_twice {
        let problem = Problem::error(checker.at(at), "this alarm is named twice");
        checker.report(problem.help("remove one of the two"));
    }
    is_twice
}

fn unknown(checker: &Checker<'_>, at: &[&str], name: &str, known: &[&'static str], what: &str) -> Problem {
    let message = format!("the set has no alarm `{}`", name.escape_debug());
    let other = match known {
        [] => format!("there are no {what}"),
        known => format!("{what}: {}", known.join(", ")),
    };
    let problem = Problem::error(checker.at(at), message);
    Checker::suggest(problem, name, known.iter().copied(), &other)
}

/// The name and the description of the set become a part of each alarm's.
fn texts<'m>(checker: &mut Checker<'_>, path: &[&str], members: impl Iterator<Item = &'m Alarm> + Clone) {
    let count = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
    let name = members.clone().map(|member| count(&member.name)).max();
    let description = members.map(|member| count(&member.description)).max();
    for (key, count, most) in [
        ("name", name, MAX_NAME),
        ("description", description, MAX_DESCRIPTION),
    ] {
        let at = [path, &[key]].concat();
        let count = count.unwrap_or_default();
        if count > most && checker.is_written(&at) {
            let message = format!("an alarm of the set has a `{key}` of {count} characters");
            let problem = Problem::error(checker.at(&at), message).label(format!("at most {most}, in all"));
            checker.report(problem.help("shorten it"));
        }
    }
}

/// An alarm with what the file says of it: its figures must fit together.
fn changed(checker: &mut Checker<'_>, path: &[&str], name: &str, alarm: &Alarm, member: &Alarm) {
    let Some(other) = alarm.overrides.get(name) else {
        return;
    };
    let path = [path, &["override", name]].concat();
    let at = |key: &'static str| [path.as_slice(), &[key]].concat();
    if other.statistic.is_some() && !member.metrics.is_empty() {
        let message = format!("`{name}` is computed of metrics with statistics of their own");
        let problem = Problem::error(checker.key(&at("statistic")), message);
        checker.report(problem.help("remove `statistic`"));
    }
    let figures = Alarm {
        period: other.period,
        statistic: other.statistic.clone(),
        metric: None,
        dimensions: Default::default(),
        ..member.clone()
    };
    source(checker, &path, &Source::of_alarm(&figures), false);
    evaluation::check(checker, &path, member);
    evaluation::band(checker, &path, member);
    for (key, topics) in [
        ("to", &other.to),
        ("ok", &other.ok),
        ("insufficient_data", &other.insufficient_data),
    ] {
        let region = alarm.region.as_deref().or(checker.stack.region.as_deref());
        receivers::check(
            checker,
            &at(key),
            topics.as_deref().unwrap_or_default(),
            region,
            Sort::Metric,
        );
    }
}
