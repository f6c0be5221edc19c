//! Checks which messages channels accept and whom they mention: routes, exceptions, mentions, buffers.

use alertctl_relay::{Buffer, Filter, Route, Severity};
use std::collections::BTreeSet;

use super::regions::Region;
use super::{Checker, is_account_id, pattern};
use crate::stack::file::problem::Problem;
use crate::stack::model::{Channel, Stack};

/// Sections whose keys may appear in `rules` of a route.
const SOURCES: [&str; 4] = ["rules", "alarms", "endpoints", "topics"];
/// Most messages in a batch from a buffer.
const BATCH: u32 = 100;

pub(super) fn check(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    for (key, channel) in &stack.channels {
        let path = ["channels", key.as_str()];
        for (index, route) in channel.routes.iter().enumerate() {
            let index = index.to_string();
            let path = [&path[..], &["routes", index.as_str()]].concat();
            filter(checker, &path, key, &route.filter);
            if let Some(who) = &route.mention {
                called(checker, &[path.as_slice(), &["mention"]].concat(), channel, who);
            }
        }
        for (index, except) in channel.except.iter().enumerate() {
            let index = index.to_string();
            filter(
                checker,
                &[&path[..], &["except", index.as_str()]].concat(),
                key,
                except,
            );
        }
        mention(checker, &[&path[..], &["mention"]].concat(), channel);
        if let Some(settings) = &channel.buffer {
            buffer(checker, &[&path[..], &["buffer"]].concat(), channel, settings);
        }
        superfluous(checker, &[&path[..], &["routes"]].concat(), &channel.routes);
        silent(checker, key, channel);
    }
}

fn filter(checker: &mut Checker<'_>, path: &[&str], channel: &str, filter: &Filter) {
    let fields = ["accounts", "regions", "rules"];
    for (field, list) in fields
        .iter()
        .zip([&filter.accounts, &filter.regions, &filter.rules])
    {
        let path = [path, &[*field]].concat();
        if list.is_empty() && checker.is_written(&path) && checker.is_empty(&path) {
            let problem = Problem::error(checker.key(&path), format!("`{field}` names nothing"));
            checker.report(problem.help("list what matches, or remove it to match everything"));
        }
        for (index, name) in list.iter().enumerate() {
            let index = index.to_string();
            let path = [path.as_slice(), &[index.as_str()]].concat();
            match *field {
                "accounts" => account(checker, &path, name),
                "regions" => region(checker, &path, name),
                _ => source(checker, &path, channel, name),
            }
        }
    }
    if let Some(fields) = &filter.pattern {
        let path = [path, &["match"]].concat();
        if fields.is_empty() {
            let problem = Problem::error(checker.at(&path), "the pattern is empty: it matches everything");
            checker
                .report(problem.help("add a condition, such as `{ detail: { eventName: [DeleteBucket] } }`"));
        }
        pattern::any(checker, &path, fields);
    }
    if checker
        .written
        .get(path)
        .is_some_and(|node| node.entries().is_empty())
    {
        let problem = Problem::warning(checker.at(path), "there is no condition, so everything matches");
        checker.report(
            problem.help("add a condition, such as `severity: warning`; `severity: info` is everything"),
        );
    }
}

fn account(checker: &mut Checker<'_>, path: &[&str], name: &str) {
    let stack = checker.stack;
    if is_account_id(name) || stack.accounts.values().any(|alias| alias == name) {
        return;
    }
    let shown = name.escape_debug();
    let problem = Problem::error(checker.at(path), format!("no account is called `{shown}`"));
    let other =
        format!("write the account's twelve digits, or add `accounts: {{ \"111122223333\": {shown} }}`");
    let known = stack.accounts.values().map(String::as_str);
    checker.report(Checker::suggest(problem, name, known, &other));
}

fn region(checker: &mut Checker<'_>, path: &[&str], name: &str) {
    let fits = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "-*".contains(character)
    };
    let is_none = match name.contains('*') {
        true => !name.chars().all(fits),
        false => Region::of(name) == Region::No(None),
    };
    if is_none {
        let problem = Problem::error(
            checker.at(path),
            format!("`{}` is not a region", name.escape_debug()),
        );
        checker.report(
            problem.help("write its code, such as `ap-northeast-2`, or the beginning of some: `\"eu-*\"`"),
        );
    } else if !name.contains('*') {
        checker.region(path, name);
    }
}

/// A key in a route must exist, and the relay must be able to recognize messages from that source.
fn source(checker: &mut Checker<'_>, path: &[&str], channel: &str, name: &str) {
    let stack = checker.stack;
    let expanded: Vec<String> = stack.alarms_expanded().into_keys().collect();
    let keys = SOURCES.map(|section| checker.keys(section)).concat();
    let known = || keys.iter().copied().chain(expanded.iter().map(String::as_str));
    let shown = name.escape_debug();
    if !known().any(|key| key == name) {
        let problem = Problem::error(
            checker.at(path),
            format!("no rule, alarm, endpoint or topic is called `{shown}`"),
        );
        let other = match keys.is_empty() {
            true => "there are none yet: add one, or remove `rules`".to_owned(),
            false => format!("there are: {}", keys.join(", ")),
        };
        checker.report(Checker::suggest(problem, name, known(), &other));
    } else if !heard(stack, channel).contains(name) {
        let problem = Problem::warning(
            checker.at(path),
            format!(
                "nothing that is known to be from `{shown}` is sent to `{}`",
                channel.escape_debug()
            ),
        );
        let by_topic = stack.rules.contains_key(name) || stack.endpoints.contains_key(name);
        checker.report(problem.help(match by_topic {
            true => format!("add the channel to its `to:`; what comes by a topic is known by the topic's key, and only alarms by theirs, so not `{shown}`"),
            false => "add a `to:` that leads to the channel, or remove the name".to_owned(),
        }));
    }
}

/// The keys of the sources that reach a channel and that the relay can recognize.
fn heard(stack: &Stack, channel: &str) -> BTreeSet<String> {
    let leads = |to: &[String]| to.iter().any(|name| name == channel);
    let topics: Vec<&String> = (stack.topics.iter())
        .filter(|(_, topic)| leads(&topic.to))
        .map(|(key, _)| key)
        .collect();
    let mut heard: BTreeSet<String> = topics.iter().map(|key| (*key).clone()).collect();
    heard.extend(
        stack
            .rules
            .iter()
            .filter(|(_, rule)| leads(&rule.to))
            .map(|(key, _)| key.clone()),
    );
    let endpoints = stack.endpoints.iter().filter(|(_, endpoint)| leads(&endpoint.to));
    heard.extend(endpoints.map(|(key, _)| key.clone()));
    for (key, alarm) in stack.alarms_expanded() {
        let destinations = alarm.actions().map(|(_, names)| names);
        // EventBridge gets the changes of state of every alarm, whatever topics it notifies.
        let by_rule = stack.rules.values().any(|rule| leads(&rule.to));
        if by_rule
            || destinations
                .into_iter()
                .flatten()
                .any(|topic| topics.contains(&&topic))
        {
            heard.extend(stack.alarm_keys(&key));
        }
    }
    heard
}

fn mention(checker: &mut Checker<'_>, path: &[&str], channel: &Channel) {
    let Some(mention) = &channel.mention else {
        return;
    };
    let who = [path, &["who"]].concat();
    let path = if checker.is_written(&who) {
        who.as_slice()
    } else {
        path
    };
    if mention.who.is_empty() && checker.is_empty(path) {
        let problem = Problem::error(checker.at(path), "`mention` names nobody");
        checker.report(problem.help("write `[\"@here\"]`, or remove `mention`"));
    }
    called(checker, path, channel, &mention.who);
}

/// Each service mentions people in its own way.
fn called(checker: &mut Checker<'_>, path: &[&str], channel: &Channel, who: &[String]) {
    let mentions = channel.channel_type.mentions();
    for (index, name) in who.iter().enumerate() {
        let index_text = index.to_string();
        let place = checker.at(&[path, &[index_text.as_str()]].concat());
        let shown = name.escape_debug();
        if who[..index].contains(name) {
            checker.report(
                Problem::error(place, format!("`{shown}` is named twice")).help("remove one of the two"),
            );
            continue;
        }
        if (mentions.is)(name) {
            continue;
        }
        let bare = name.trim_start_matches(['@', '<', '!']).trim_end_matches('>');
        let service = channel.channel_type.form().service;
        let problem = Problem::error(place, format!("{service} mentions nobody by `{shown}`"));
        let meant = [bare.to_owned(), format!("@{bare}")];
        checker.report(match meant.iter().find(|name| (mentions.is)(name)) {
            Some(meant) if meant.starts_with('@') => problem.help(format!("write `\"{meant}\"`")),
            Some(meant) => problem.help(format!("write `{meant}`")),
            None => problem.help(mentions.help),
        });
    }
}

fn buffer(checker: &mut Checker<'_>, path: &[&str], channel: &Channel, buffer: &Buffer) {
    let service = channel.channel_type.form().service;
    let most = channel.channel_type.per_second();
    let at = |field: &'static str| [path, &[field]].concat();
    let digest_above = i32::try_from(buffer.digest_above).unwrap_or(i32::MAX);
    checker.range(&at("digest_above"), digest_above, 1..=BATCH as i32, " messages");
    let place = checker.at(&at("per_second"));
    if !(0.02..=10.0).contains(&buffer.per_second) {
        let problem = Problem::error(place, "`per_second` is out of range").label("0.02 to 10 messages");
        checker.report(problem.help(format!("write {most}, which is {service}'s limit")));
    } else if buffer.per_second > most {
        let problem = Problem::warning(
            place,
            format!("{service} accepts {}, and rejects more for a while", rate(most)),
        );
        checker.report(problem.help(format!("write {most}")));
    }
}

/// `one message a second`, `5 messages a minute`
fn rate(per_second: f64) -> String {
    match per_second {
        1.0 => "one message a second".to_owned(),
        many if many > 1.0 => format!("{many} messages a second"),
        few => format!("{:.0} messages a minute", few * 60.0),
    }
}

/// A route is superfluous if another route accepts everything that it accepts, and if it has no mentions of its
/// own.
fn superfluous(checker: &mut Checker<'_>, path: &[&str], routes: &[Route]) {
    for (index, route) in routes
        .iter()
        .enumerate()
        .filter(|(_, route)| route.mention.is_none())
    {
        let wider = routes.iter().enumerate().find(|(other_index, other)| {
            let same = covers(&route.filter, &other.filter);
            *other_index != index && covers(&other.filter, &route.filter) && (!same || *other_index < index)
        });
        if let Some((other, _)) = wider {
            let (index, other) = (index.to_string(), other.to_string());
            let place = checker.at(&[path, &[index.as_str()]].concat());
            let other = checker.at(&[path, &[other.as_str()]].concat());
            let problem = Problem::warning(place, "this route accepts nothing that another one does not");
            checker.report(
                problem
                    .related(other, "the other one")
                    .help("remove one of the two"),
            );
        }
    }
}

/// Finds channels in which no message can arrive.
fn silent(checker: &mut Checker<'_>, key: &str, channel: &Channel) {
    let everything = [Route {
        filter: Filter::default(),
        mention: None,
    }];
    let routes = match channel.routes.is_empty() {
        true => &everything[..],
        false => &channel.routes,
    };
    let shut = |route: &Route| channel.except.iter().any(|except| covers(except, &route.filter));
    if routes.iter().all(shut) {
        let problem = Problem::warning(
            checker.key(&["channels", key, "except"]),
            format!("nothing arrives in the channel `{}`", key.escape_debug()),
        );
        checker.report(problem.help("narrow `except`: it excludes everything that the routes accept"));
    }
}

/// Whether `wide` matches everything that `narrow` matches, as far as this is known without comparing patterns.
fn covers(wide: &Filter, narrow: &Filter) -> bool {
    let lowest = |filter: &Filter| filter.severity.unwrap_or(Severity::Info);
    let list = |wide: &[String], narrow: &[String]| {
        wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|name| wide.contains(name)))
    };
    lowest(wide) <= lowest(narrow)
        && list(&wide.accounts, &narrow.accounts)
        && list(&wide.regions, &narrow.regions)
        && list(&wide.rules, &narrow.rules)
        && (wide.pattern.is_none() || wide.pattern == narrow.pattern)
}
