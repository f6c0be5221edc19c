//! Checks `to:` where it may name topics and channels.

use super::{Checker, arn};
use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::read::nearest;
use crate::stack::model::{Stack, is_arn};

/// Every name in a `to:` that accepts channels.
pub(super) fn all(stack: &Stack) -> impl Iterator<Item = &str> {
    let topics = stack.topics.values().map(|topic| &topic.to);
    let endpoints = stack.endpoints.values().map(|endpoint| &endpoint.to);
    let rules = stack.rules.values().map(|rule| &rule.to);
    let trail = stack.trail.iter().map(|trail| &trail.to);
    let organization = stack.organization.iter().map(|organization| &organization.to);
    topics
        .chain(endpoints)
        .chain(rules)
        .chain(trail)
        .chain(organization)
        .flatten()
        .map(String::as_str)
}

/// Each name must be a topic or a channel, but not both. `arns` says whether it may be an ARN, too.
pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], names: &[String], arns: bool) {
    let (topics, channels) = (checker.keys("topics"), checker.keys("channels"));
    for (index, name) in names.iter().enumerate() {
        let place =
            |checker: &Checker<'_>, index: usize| checker.at(&[path, &[index.to_string().as_str()]].concat());
        let (span, shown) = (place(checker, index), name.escape_debug());
        let (is_topic, is_channel) = (topics.contains(&name.as_str()), channels.contains(&name.as_str()));
        let problem = if let Some(first) = names[..index].iter().position(|earlier| earlier == name) {
            Problem::error(span, format!("`{shown}` is named twice"))
                .related(place(checker, first), "first time")
                .help("remove one of the two")
        } else if is_topic && is_channel && !checker.is_direct(name) {
            Problem::error(span, format!("`{shown}` is both a topic and a channel"))
                .related(checker.key(&["topics", name]), "the topic")
                .related(checker.key(&["channels", name]), "the channel")
                .help("rename one of the two")
        } else if let Some(problem) = without_alerts(checker, name, &span) {
            problem
        } else if is_topic || is_channel {
            continue;
        } else if arns && is_arn(name) {
            arn::target(checker, &[path, &[index.to_string().as_str()]].concat(), name);
            continue;
        } else {
            let known = [topics.as_slice(), &channels].concat();
            checker.once(span, "topics and channels", name, |_, span| {
                leads_nowhere(span, name, &known)
            });
            continue;
        };
        checker.report(problem);
    }
}

/// What is wrong with naming a channel that gets no alerts.
pub(super) fn without_alerts(checker: &Checker<'_>, name: &str, span: &Span) -> Option<Problem> {
    let channel = checker.stack.channels.get(name)?;
    (!channel.channel_type.takes_alerts()).then(|| {
        let shown = name.escape_debug();
        let message = format!("`{shown}` gets no alerts: heartbeats call it when all is well");
        Problem::error(span.clone(), message)
            .related(checker.key(&["channels", name]), "the heartbeat service")
            .help("name a channel where people read")
    })
}

fn leads_nowhere(span: Span, name: &str, known: &[&str]) -> Problem {
    let shown = name.escape_debug();
    let problem = Problem::error(span, format!("no topic and no channel is called `{shown}`"));
    if let Some(help) = arn::instead(name) {
        return problem.label("this is an ARN").help(help);
    }
    match nearest(name, known.iter().copied()) {
        Some(near) => problem
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`")),
        None if known.is_empty() => problem.help(format!(
            "there are none yet: add `topics:` or `channels:` with `{shown}` in it"
        )),
        None => problem.help(format!("topics and channels are: {}", known.join(", "))),
    }
}
