//! `defaults:` says once what the entries of a section have in common.

use super::merge::fill;
use crate::stack::file::problem::Problem;
use crate::stack::file::read::nearest;
use crate::stack::file::tree::{Entry, Kind, Node};
use crate::stack::model::{MATCHED, WATCHED};
use alertctl_relay::ChannelType;

/// The key of the section.
pub const DEFAULTS: &str = "defaults";
/// The sections whose entries can have defaults.
pub const SECTIONS: [&str; 4] = ["channels", "topics", "alarms", "rules"];
/// Keys of alarms that only some of them may have, and what these watch.
const OF_SOME: [(&str, &[&str]); 17] = [
    ("dimensions", &["metric", "preset"]),
    ("except", &["preset"]),
    ("extra", &["preset"]),
    ("override", &["preset"]),
    ("unit", &["metric"]),
    ("statistic", &["metric", "filter"]),
    ("period", &["metric", "filter"]),
    ("threshold", &["metric", "metrics", "filter", "logs"]),
    ("evaluation_periods", &["metric", "metrics", "filter", "logs"]),
    ("datapoints_to_alarm", &["metric", "metrics", "filter", "logs"]),
    ("treat_missing_data", &["metric", "metrics", "filter", "logs"]),
    ("evaluate_low_sample_count_percentile", &["metric", "metrics"]),
    ("evaluation_window", &["metric", "metrics", "filter"]),
    (
        "warm_up",
        &["metric", "metrics", "promql", "filter", "logs", "preset"],
    ),
    (
        "propagate_tags",
        &["metric", "metrics", "promql", "filter", "logs", "preset"],
    ),
    ("chart", &["metric", "metrics", "filter", "preset"]),
    ("suppressor", &["rule"]),
];
/// Keys that a topic of somebody else cannot have.
const OF_OWN_TOPICS: [&str; 3] = ["display_name", "encrypted", "subscriptions"];
/// The set of alarms on the trail's log.
const ON_TRAIL: &str = "cis-aws-foundations";
/// Takes `defaults` out of the tree, and fills them in where an entry says nothing else.
pub fn apply(root: &mut Node) -> Vec<Problem> {
    let Some(defaults) = root.take(DEFAULTS) else {
        return vec![];
    };
    let Kind::Map(sections) = &mut root.kind else {
        return vec![];
    };
    let mut problems = vec![];
    if !matches!(defaults.value.kind, Kind::Map(_)) {
        let problem = Problem::error(defaults.key_span, "`defaults` is a mapping of sections");
        return vec![problem.help("write `defaults: { alarms: { period: 60 } }`")];
    }
    for of in defaults.value.entries() {
        if !SECTIONS.contains(&of.key.as_str()) {
            let message = format!("`{}` has no defaults", of.key.escape_debug());
            let problem = Problem::error(of.key_span.clone(), message);
            problems.push(match nearest(&of.key, SECTIONS.into_iter()) {
                Some(near) => problem
                    .label(format!("did you mean `{near}`?"))
                    .help(format!("write `{near}`")),
                None => problem.help(format!("sections with defaults: {}", SECTIONS.join(", "))),
            });
            continue;
        }
        let Kind::Map(given) = &of.value.kind else {
            let message = format!("defaults of `{}` are a mapping", of.key);
            problems.push(
                Problem::error(of.key_span.clone(), message).help("write keys that each entry may have"),
            );
            continue;
        };
        let section = sections.iter_mut().find(|section| section.key == of.key);
        let Some(Kind::Map(entries)) = section.map(|section| &mut section.value.kind) else {
            continue;
        };
        for entry in entries {
            if entry.value.is_nothing() {
                entry.value.kind = Kind::Map(vec![]);
            }
            if let Kind::Map(own) = &mut entry.value.kind {
                let fits = |given: &&Entry| fits(&of.key, own, &given.key);
                let fitting: Vec<_> = given.iter().filter(fits).cloned().collect();
                fill(own, &fitting);
            }
        }
    }
    problems
}

/// Whether an entry of a section with these keys may have a key, too.
fn fits(section: &str, own: &[Entry], key: &str) -> bool {
    let has = |keys: &[&str]| own.iter().any(|entry| keys.contains(&entry.key.as_str()));
    match section {
        "alarms" if WATCHED.contains(&key) => !has(&WATCHED) || has(&[key]),
        "alarms" if key == "dimensions" && is_on_trail(own) => false,
        // What an alarm without any of them watches comes from the defaults, too.
        "alarms" => match OF_SOME.iter().find(|(some, _)| *some == key) {
            Some((_, watched)) => !has(&WATCHED) || has(watched),
            None => true,
        },
        "rules" if MATCHED.contains(&key) => !has(&MATCHED) || has(&[key]),
        "topics" if OF_OWN_TOPICS.contains(&key) => !has(&["existing"]),
        "channels" if is_service(key) => !own.iter().any(|entry| is_service(&entry.key)) || has(&[key]),
        _ => true,
    }
}

/// Whether a channel's key names what its messages go to.
fn is_service(key: &str) -> bool {
    let services = ChannelType::each();
    services
        .iter()
        .any(|service| service.place().first() == Some(&key))
}

/// Whether an alarm is the set on the trail's log, which is of no resource.
fn is_on_trail(own: &[Entry]) -> bool {
    let preset = own.iter().find(|entry| entry.key == "preset");
    let on_trail =
        |preset: &Entry| matches!(&preset.value.kind, Kind::Scalar { text, .. } if text == ON_TRAIL);
    preset.is_some_and(on_trail)
}
