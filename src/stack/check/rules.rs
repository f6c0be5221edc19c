//! Checks rules: what they match, where they listen, what they forward.

use super::buses::is_event_name;
use super::{Checker, arn, calls, destinations, hearing, input, pattern};
use crate::stack::compile::events::{CompiledRule, MAX_PATTERN, except};
use crate::stack::file::problem::Problem;
use crate::stack::model::{DeadLetterQueue, Endpoint, Rule, Stack, What, is_arn};

/// Longest name of a rule in characters.
const MAX_NAME: usize = 64;
/// Most targets of a rule; all channels together are one target, the relay.
const MAX_TARGETS: usize = 5;
/// Region for the checks of a stack without `region`; the result is the same in any region.
const ANYWHERE: &str = "us-east-1";

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("rules");
    let stack = checker.stack;
    for (key, rule) in &stack.rules {
        let at = |field: &'static str| ["rules", key.as_str(), field];
        if let Some(name) = &rule.name {
            checker.text(
                &at("name"),
                name,
                1..=MAX_NAME,
                is_event_name,
                "letters, digits, `.`, `_` and `-`",
            );
        }
        if let Some(description) = &rule.description {
            checker.text(&at("description"), description, 0..=512, |_| true, "anything");
        }
        match &rule.what {
            What::Pattern(raw) => {
                pattern::check(checker, &at("pattern"), raw);
                hearing::global_sources(checker, key, rule, raw);
            }
            What::Services(services) => calls::check(checker, key, rule, services),
            What::Preset(_) => {}
        }
        hearing::unheard(checker, key, rule);
        listening(checker, key, rule);
        exceptions(checker, key, rule);
        compiled(checker, key, rule);
        if let Some(input) = &rule.input {
            input::check(checker, &at("input"), input);
        }
        if let Some(attempts) = rule.retry.attempts {
            checker.range(&["rules", key, "retry", "attempts"], attempts, 0..=185, "");
        }
        if let Some(age) = rule.retry.age_seconds {
            checker.range(
                &["rules", key, "retry", "age_seconds"],
                age,
                60..=86_400,
                " seconds",
            );
        }
        if let DeadLetterQueue::Existing(queue) = &rule.dead_letter_queue {
            arn::dead_letter_queue(checker, &at("dead_letter_queue"), queue);
        }
        targets(checker, key, rule);
    }
    hearing::deaf(checker);
    distinct(checker);
}

/// Checks the bus and the other regions.
fn listening(checker: &mut Checker<'_>, key: &str, rule: &Rule) {
    let stack = checker.stack;
    if let Some(bus) = &rule.bus {
        let path = ["rules", key, "bus"];
        if !checker.keys("buses").contains(&bus.as_str()) {
            let problem = Problem::error(
                checker.at(&path),
                format!("no bus is called `{}`", bus.escape_debug()),
            );
            let known = checker.keys("buses");
            let other = if known.is_empty() {
                "there are no buses yet: add `buses:`, or remove `bus` to use the default bus".to_owned()
            } else {
                format!("the buses are: {}", known.join(", "))
            };
            checker.report(Checker::suggest(problem, bus, known.into_iter(), &other));
        } else if !rule.regions.is_empty() {
            let problem = Problem::error(
                checker.key(&["rules", key, "regions"]),
                "a rule on a bus receives only events of its own region",
            );
            checker.report(
                problem.help("remove `bus`: rules on the default bus receive events of other regions"),
            );
        } else {
            not_forwarded(checker, key, rule, bus);
        }
    }
    for (index, region) in rule.regions.iter().enumerate() {
        let index_text = index.to_string();
        let path = ["rules", key, "regions", index_text.as_str()];
        let shown = region.escape_debug();
        if !checker.region(&path, region) {
            continue;
        }
        if rule.regions[..index].contains(region) {
            let problem = Problem::error(checker.at(&path), format!("`{shown}` is named twice"));
            checker.report(problem.help("remove one of the two"));
        } else if stack.region.as_ref() == Some(region) {
            let problem = Problem::warning(checker.at(&path), format!("`{shown}` is the stack's own region"));
            checker.report(problem.help("remove it: a rule listens in the home region anyway"));
        }
    }
}

/// Events of AWS services arrive on the default bus. A custom bus gets only those that it forwards.
fn not_forwarded(checker: &mut Checker<'_>, key: &str, rule: &Rule, bus: &str) {
    let stack = checker.stack;
    let Some(forward) = stack.buses.get(bus).map(|bus| &bus.forward) else {
        return;
    };
    for compiled in stack.compile(key, rule, ANYWHERE) {
        for source in hearing::sources(&compiled.pattern) {
            if source.starts_with("aws.") && !forward.iter().any(|known| known == source) {
                let message = format!(
                    "events of `{}` do not reach the bus `{bus}`",
                    source.escape_debug()
                );
                let problem = Problem::error(checker.at(&["rules", key, "bus"]), message);
                let problem = problem.related(checker.key(&["buses", bus]), "the bus");
                checker.report(problem.help(format!(
                    "AWS sends them to the default bus: add `forward: [{source}]` to the bus, or remove `bus`"
                )));
            }
        }
    }
}

fn exceptions(checker: &mut Checker<'_>, key: &str, rule: &Rule) {
    let kinds = [
        ("principal_arn", &rule.except.principal_arn),
        ("user_agent", &rule.except.user_agent),
        ("source_ip", &rule.except.source_ip),
        ("event_name", &rule.except.event_name),
    ];
    for (kind, names) in kinds {
        for (index, name) in names.iter().enumerate() {
            let index = index.to_string();
            let path = ["rules", key, "except", kind, index.as_str()];
            let shown = name.escape_debug();
            let (message, help) = if kind == "source_ip" && name.contains('/') {
                let help = "write addresses, or prefixes of them, such as `203.0.113.*`";
                ("EventBridge cannot exclude a range of addresses".to_owned(), help)
            } else if name.is_empty() {
                ("an empty exception excludes nothing".to_owned(), "remove it")
            } else if name.contains("**") {
                (format!("`{shown}` has two `*` in a row"), "write one `*`")
            } else if name == "*" {
                (
                    "this excludes everything".to_owned(),
                    "remove it, or write more than `*`",
                )
            } else {
                continue;
            };
            checker.report(Problem::error(checker.at(&path), message).help(help));
        }
    }
}

/// Checks the compiled rules: names and patterns within AWS's limits.
fn compiled(checker: &mut Checker<'_>, key: &str, rule: &Rule) {
    let stack = checker.stack;
    let what = match &rule.what {
        What::Pattern(_) => "pattern",
        What::Services(_) => "services",
        What::Preset(_) => "preset",
    };
    for (compiled, except) in stack.uncompiled(key, rule, ANYWHERE) {
        let place = match &compiled
            .key
            .strip_prefix(key)
            .and_then(|rest| rest.strip_prefix('-'))
        {
            Some(service) => checker.key(&["rules", key, what, service]),
            None => checker.key(&["rules", key, what]),
        };
        let length = compiled.name.len();
        let own = rule.name.as_ref().is_some_and(|name| name.len() > MAX_NAME);
        if length > MAX_NAME && !own {
            let message = format!(
                "the rule's name `{}` has {length} characters",
                compiled.name.escape_debug()
            );
            let problem = Problem::error(place.clone(), message).label(format!("at most {MAX_NAME}"));
            checker.report(problem.help("shorten the key, or give the rule a shorter `name:`"));
        }
        let (pattern, refused) = except::apply(compiled.pattern, &except);
        for (kind, refusal) in refused {
            let (message, help) = match refusal {
                except::Refusal::Occupied => (
                    format!("the rule already has a different condition on what `{kind}` looks at"),
                    "write the exception into the pattern itself",
                ),
                except::Refusal::NothingLeft => (
                    "the exception leaves none of the calls the rule names".to_owned(),
                    "remove the exception, or the rule",
                ),
            };
            let place = checker.key(&["rules", key, "except", kind]);
            checker.report(Problem::error(place, message).help(help));
        }
        let length = pattern.to_string().chars().count();
        if length > MAX_PATTERN {
            let message = format!("the pattern has {length} characters as JSON");
            let problem = Problem::error(place, message).label(format!("AWS allows {MAX_PATTERN}"));
            checker.report(problem.help(match what {
                "services" => "write `all`, or split the calls over two rules",
                "preset" => "shorten `except`; for `stack-changes`, let fewer names differ from the default",
                _ => "split it over two rules",
            }));
        }
    }
}

/// Checks the targets: not too many, and with a text that people can read.
fn targets(checker: &mut Checker<'_>, key: &str, rule: &Rule) {
    let stack = checker.stack;
    let path = ["rules", key, "to"];
    destinations::check(checker, &path, &rule.to, true);
    if checker.is_empty(&path) {
        let message = format!("the rule `{}` notifies nobody", key.escape_debug());
        let problem = Problem::warning(checker.key(&["rules", key]), message);
        checker.report(problem.help("add `to: [topic]` or `to: [channel]`"));
    }
    let topics = rule
        .to
        .iter()
        .filter(|name| !stack.channels.contains_key(*name))
        .filter(|name| stack.topics.contains_key(*name) || is_arn(name))
        .count();
    let relay = usize::from(rule.to.iter().any(|name| stack.channels.contains_key(name)));
    if topics + relay > MAX_TARGETS {
        let message = format!("{} targets are too many for one rule", topics + relay);
        let problem = Problem::error(checker.key(&path), message);
        let problem = problem.label(format!("at most {MAX_TARGETS}; all channels count as one"));
        checker.report(problem.help("let one topic reach more receivers"));
    }
    if rule.input.is_some() || checker.is_written(&["rules", key, "input"]) {
        return;
    }
    for (index, name) in rule.to.iter().enumerate() {
        if is_mail_only(stack, name) {
            let index = index.to_string();
            let message = format!("the e-mails of `{}` will be raw JSON", name.escape_debug());
            let problem = Problem::warning(checker.at(&["rules", key, "to", index.as_str()]), message);
            checker.report(problem.help(
                "word them with `input: { template: \"<id> is <state>\", paths: { id: $.detail.instance-id, state: $.detail.state } }`",
            ));
        }
    }
}

fn is_mail_only(stack: &Stack, name: &str) -> bool {
    stack.topics.get(name).is_some_and(|topic| {
        let mut endpoints = topic
            .subscriptions
            .iter()
            .map(|subscription| &subscription.endpoint);
        topic.to.is_empty()
            && !topic.subscriptions.is_empty()
            && endpoints.all(|endpoint| matches!(endpoint, Endpoint::Email(_)))
    })
}

/// Rules of one bus must have different names, and their nodes different keys.
fn distinct(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    let all = stack.compiled_rules(ANYWHERE);
    let key_of = |compiled: &CompiledRule<'_>| {
        let owner = stack
            .rules
            .iter()
            .find(|(_, rule)| std::ptr::eq(*rule, compiled.rule));
        owner.map_or("", |(key, _)| key.as_str())
    };
    for (index, compiled) in all.iter().enumerate() {
        let clash = all[..index].iter().find(|earlier| {
            earlier.key == compiled.key
                || (earlier.name == compiled.name && earlier.rule.bus == compiled.rule.bus)
        });
        if let Some(earlier) = clash {
            let (key, first) = (key_of(compiled), key_of(earlier));
            let message = if earlier.name == compiled.name {
                format!("two rules are named `{}`", compiled.name.escape_debug())
            } else {
                format!("two rules have the key `{}`", compiled.key.escape_debug())
            };
            let problem = Problem::error(checker.key(&["rules", key]), message);
            let problem = problem.related(checker.key(&["rules", first]), "the first one");
            checker.report(problem.help("give one of them another key or `name:`"));
        }
    }
    let guard = stack.trail.as_ref().filter(|trail| trail.keep_logging);
    let guard = guard.map(|_| ("keep-logging".to_owned(), checker.key(&["trail"])));
    let buses = stack.buses.iter().filter(|(_, bus)| !bus.forward.is_empty());
    let buses = buses.map(|(key, _)| (format!("to-{key}"), checker.key(&["buses", key])));
    let beats = stack
        .monitoring
        .as_ref()
        .is_some_and(|monitoring| monitoring.heartbeat.is_some());
    let topics = stack.topics.keys().map(|key| format!("heartbeat-{key}"));
    let beats = topics.chain(["heartbeat".to_owned()]).filter(|_| beats);
    let beats = beats.map(|what| (what, checker.key(&["monitoring"])));
    let reminding = stack
        .channels
        .iter()
        .find(|(_, channel)| channel.remind.is_some());
    let reminders = reminding.map(|(key, _)| ("reminders".to_owned(), checker.key(&["channels", key])));
    let own = guard.into_iter().chain(buses).chain(beats).chain(reminders);
    for (what, place) in own.collect::<Vec<_>>() {
        let name = stack.default_name(&what);
        let clash = all
            .iter()
            .find(|rule| rule.name == name && rule.rule.bus.is_none());
        if let Some(rule) = clash {
            let problem = Problem::error(
                checker.key(&["rules", key_of(rule)]),
                format!("two rules are named `{name}`"),
            );
            let problem = problem.related(place, "this creates the other one");
            checker.report(problem.help("give this one another key or `name:`"));
        }
    }
}
