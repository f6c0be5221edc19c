//! Checks mutes.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::stack::file::problem::Problem;
use crate::stack::file::read::nearest;
use crate::stack::model::Mute;

/// The most alarms of one alarm mute rule, and the longest name of one, its description and its time zone.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html>
const MAX_ALARMS: usize = 100;
const MAX_NAME: usize = 255;
const MAX_WHY: usize = 1024;
const MAX_TIMEZONE: usize = 50;

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("mute");
    for (key, mute) in &checker.stack.mute {
        schedule(checker, key, mute);
        period(checker, key, mute);
        timezone(checker, key, mute);
        if let Some(why) = &mute.why {
            let allowed = |character: char| !character.is_control();
            checker.text(
                &["mute", key, "why"],
                why,
                1..=MAX_WHY,
                allowed,
                "one line of text",
            );
        }
        let name = checker.stack.default_name(key);
        if name.len() > MAX_NAME {
            let problem = Problem::error(
                checker.key(&["mute", key]),
                format!("`{name}` is too long a name"),
            );
            checker.report(problem.help("shorten the key"));
        }
        alarms(checker, key, mute);
        rules(checker, key, mute);
        if checker.is_empty(&["mute", key, "alarms"]) && checker.is_empty(&["mute", key, "rules"]) {
            let problem = Problem::error(checker.key(&["mute", key]), format!("`{key}` mutes nothing"));
            checker.report(
                problem.help("add `alarms:` with keys of alarms, or `rules:` with keys of rules and topics"),
            );
        }
    }
}

/// Either again and again, or once.
fn schedule(checker: &mut Checker<'_>, key: &str, mute: &Mute) {
    let written = |name: &str| checker.is_written(&["mute", key, name]);
    let (cron, at) = (written("cron"), written("at"));
    let without_meaning: Vec<_> = ["from", "until"]
        .into_iter()
        .filter(|name| at && written(name))
        .collect();
    if cron == at {
        let message = match cron {
            true => "a mute has either `cron` or `at`",
            false => "the mute does not say when it begins",
        };
        let problem = Problem::error(checker.key(&["mute", key]), message);
        checker.report(
            problem
                .help("write `cron: 0 2 * * *` for every night at two, or `at: 2026-12-24T18:00` for once"),
        );
    }
    for name in without_meaning {
        let message = format!("`{name}` has no meaning with `at`, which opens one window");
        let problem = Problem::error(checker.key(&["mute", key, name]), message);
        checker.report(problem.help(format!("remove `{name}`")));
    }
    if let Some(alertctl_relay::mute::Moment::Day(date)) = mute.at {
        let problem = Problem::error(checker.at(&["mute", key, "at"]), "`at` needs a time of day");
        checker.report(problem.help(format!("write such as `{date}T18:00`")));
    }
}

fn period(checker: &mut Checker<'_>, key: &str, mute: &Mute) {
    let (Some(from), Some(until)) = (mute.from, mute.until) else {
        return;
    };
    if from.begin() >= until.end() {
        let problem = Problem::error(checker.at(&["mute", key, "until"]), "`until` is not after `from`");
        let problem = problem.related(checker.at(&["mute", key, "from"]), "it begins here");
        checker.report(problem.help("write a later day or time"));
    }
}

fn timezone(checker: &mut Checker<'_>, key: &str, mute: &Mute) {
    let Some(name) = &mute.timezone else {
        return;
    };
    checker.timezone(&["mute", key, "timezone"], name);
    if name.len() > MAX_TIMEZONE {
        let problem = Problem::error(checker.at(&["mute", key, "timezone"]), "the name is too long");
        checker.report(problem.help(format!("CloudWatch takes {MAX_TIMEZONE} characters")));
    }
}

fn alarms(checker: &mut Checker<'_>, key: &str, mute: &Mute) {
    let stack = checker.stack;
    let expanded = stack.alarms_expanded();
    for (index, name) in mute.alarms.iter().enumerate() {
        let place = checker.at(&["mute", key, "alarms", &index.to_string()]);
        let shown = name.escape_debug();
        if let Some(first) = mute.alarms[..index].iter().position(|earlier| earlier == name) {
            let first = checker.at(&["mute", key, "alarms", &first.to_string()]);
            let problem = Problem::error(place, format!("`{shown}` is named twice"));
            checker.report(problem.related(first, "first time").help("remove one of the two"));
        } else if !expanded.contains_key(name) && !checker.keys("alarms").contains(&name.as_str()) {
            let problem = Problem::error(place, format!("no alarm is called `{shown}`"));
            let known = || {
                checker
                    .keys("alarms")
                    .into_iter()
                    .chain(expanded.keys().map(String::as_str))
            };
            checker.report(match nearest(name, known()) {
                Some(near) => problem
                    .label(format!("did you mean `{near}`?"))
                    .help(format!("write `{near}`")),
                None => problem.help("write a key of `alarms`; rules and topics go into `rules:`"),
            });
        }
    }
    let mut regions: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for muted in stack.alarms_muted(&mute.alarms) {
        let region = expanded.get(&muted).and_then(|alarm| alarm.region.as_deref());
        *regions.entry(region).or_default() += 1;
    }
    if let Some(count) = regions.into_values().find(|count| *count > MAX_ALARMS) {
        let message = format!("the mute is about {count} alarms of a region");
        let problem = Problem::error(checker.key(&["mute", key, "alarms"]), message);
        checker.report(
            problem
                .label(format!("at most {MAX_ALARMS}"))
                .help("make two mutes of it"),
        );
    }
}

/// Rules and topics: the relay mutes only what comes by it.
fn rules(checker: &mut Checker<'_>, key: &str, mute: &Mute) {
    let stack = checker.stack;
    let known: BTreeSet<_> = [checker.keys("rules"), checker.keys("topics")]
        .concat()
        .into_iter()
        .collect();
    for (index, name) in mute.rules.iter().enumerate() {
        let place = checker.at(&["mute", key, "rules", &index.to_string()]);
        let shown = name.escape_debug();
        if let Some(first) = mute.rules[..index].iter().position(|earlier| earlier == name) {
            let first = checker.at(&["mute", key, "rules", &first.to_string()]);
            let problem = Problem::error(place, format!("`{shown}` is named twice"));
            checker.report(problem.related(first, "first time").help("remove one of the two"));
            continue;
        }
        if !known.contains(name.as_str()) {
            let problem = Problem::error(place, format!("no rule or topic is called `{shown}`"));
            checker.report(match nearest(name, known.iter().copied()) {
                _ if checker.keys("alarms").contains(&name.as_str()) => problem
                    .label("this is one of the alarms")
                    .help(format!("write it into `alarms: [{shown}]`")),
                Some(near) => problem
                    .label(format!("did you mean `{near}`?"))
                    .help(format!("write `{near}`")),
                None => problem.help("write a key of `rules` or of `topics`"),
            });
            continue;
        }
        let topic = stack.topics.get(name);
        let rule = stack.rules.get(name);
        let to_channels = rule.is_some_and(|rule| rule.to.iter().any(|to| stack.channels.contains_key(to)));
        if (topic.is_some() || rule.is_some())
            && topic.is_none_or(|topic| topic.to.is_empty())
            && !to_channels
        {
            let problem = Problem::error(place, format!("`{shown}` goes to no channel"));
            checker.report(problem.help(
                "the relay mutes what it brings to channels; name the topic that goes to channels, or remove it here",
            ));
            continue;
        }
        let aside = rule.and_then(|rule| {
            let muted = |to: &String| mute.rules.contains(to);
            rule.to
                .iter()
                .find(|to| stack.topics.contains_key(*to) && !muted(to))
        });
        if let Some(other) = aside {
            let other = other.escape_debug();
            let problem = Problem::warning(
                place,
                format!("`{shown}` also notifies the topic `{other}`, which is not muted"),
            );
            checker.report(problem.help(format!("add `{other}` here to mute all that comes by it")));
        }
    }
}
