//! Checks topics: names, subscriptions, and destinations.

use std::collections::HashSet;

use serde_json::Value;

use super::{Checker, arn, destinations, is_account_id, is_name};
use crate::stack::file::problem::Problem;
use crate::stack::model::{Endpoint, FilterScope, Subscription, Topic, is_arn};

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("topics");
    let stack = checker.stack;
    for (key, topic) in &stack.topics {
        if let Some(name) = &topic.name {
            checker.text(
                &["topics", key, "name"],
                name,
                1..=256,
                is_name,
                "letters, digits, `_` and `-`",
            );
        }
        if let Some(name) = &topic.display_name {
            let allowed = |character: char| !character.is_control();
            checker.text(
                &["topics", key, "display_name"],
                name,
                1..=100,
                allowed,
                "one line of text",
            );
        }
        let elsewhere = (
            "topics",
            "a topic leads to channels; name one of them instead of `{}`",
        );
        let to = ["topics", key, "to"];
        checker.targets(&to, &topic.to, "channels", elsewhere, |_, _, _| false);
        for (index, name) in topic.to.iter().enumerate() {
            let span = checker.at(&["topics", key, "to", &index.to_string()]);
            let problem = destinations::without_alerts(checker, name, &span);
            problem.into_iter().for_each(|problem| checker.report(problem));
        }
        subscriptions(checker, key, topic);
        if topic.existing.is_some() {
            existing(checker, key, topic);
        }
        // Who subscribes to a topic of somebody else is not in this file.
        let leads = ["existing", "to", "subscriptions"]
            .iter()
            .any(|way| checker.is_written(&["topics", key, way]));
        if !leads {
            let message = format!("the topic `{}` notifies nobody", key.escape_debug());
            let problem = Problem::warning(checker.key(&["topics", key]), message);
            checker
                .report(problem.help("add `to: [channel]` or `subscriptions: [{ email: you@example.com }]`"));
        }
    }
    let names = stack
        .topics
        .iter()
        .map(|(key, topic)| (key.as_str(), topic.written_name()));
    checker.distinct_names("topics", names);
}

/// What belongs to a topic of the stack's own, and why somebody else's topic cannot have it.
const OWN: [(&str, &str); 5] = [
    ("name", "`existing` is its name"),
    ("protect", "the stack never deletes it"),
    ("display_name", "its owner decides on it"),
    ("encrypted", "its owner decides on it"),
    (
        "subscriptions",
        "only `to` works here: a subscription has no tags, so nothing would say which of the topic's are of this stack",
    ),
];

/// A topic that somebody else owns.
fn existing(checker: &mut Checker<'_>, key: &str, topic: &Topic) {
    let path = ["topics", key, "existing"];
    let Some(name) = topic.existing.as_deref() else {
        return;
    };
    match is_arn(name) {
        true => {
            let (home, region) = (checker.stack.region.as_deref(), arn::region_of(name));
            let fault = arn::topic_fault(name).map(|(fact, help)| (fact.to_owned(), help));
            let elsewhere = home
                .zip(region)
                .filter(|(home, region)| home != region)
                .map(|(home, region)| {
                    let fact = format!("this topic is in {region}, the stack in {home}");
                    (
                        fact,
                        "alarms cannot notify topics of other regions: name one of the stack's region"
                            .to_owned(),
                    )
                });
            if let Some((fact, help)) = fault.or(elsewhere) {
                checker.report(Problem::error(checker.at(&path), fact).help(help));
            }
        }
        false => checker.text(
            &path,
            name,
            1..=256,
            is_name,
            "letters, digits, `_` and `-`, or the topic's ARN",
        ),
    }
    for (setting, why) in OWN {
        let place = ["topics", key, setting];
        if checker.is_written(&place) {
            let message = format!("a topic that exists has no `{setting}` here");
            let problem = Problem::error(checker.key(&place), message);
            let problem = problem.related(checker.key(&path), "somebody else's topic");
            checker.report(problem.help(format!("remove it: {why}")));
        }
    }
}

fn subscriptions(checker: &mut Checker<'_>, key: &str, topic: &Topic) {
    let mut seen = HashSet::new();
    for (index, subscription) in topic.subscriptions.iter().enumerate() {
        let (index, endpoint) = (index.to_string(), &subscription.endpoint);
        let path = ["topics", key, "subscriptions", index.as_str()];
        let address = [path.as_slice(), &[endpoint.protocol()]].concat();
        if !seen.insert((endpoint.protocol(), endpoint.address())) {
            let problem = Problem::error(checker.at(&address), "this receiver is subscribed already");
            checker
                .report(problem.help("SNS keeps one subscription for each receiver: remove one of the two"));
        }
        if let Some((fact, way_on)) = endpoint_fault(endpoint) {
            checker.report(Problem::error(checker.at(&address), fact).help(way_on));
        }
        if subscription.raw && !matches!(endpoint, Endpoint::Https(_) | Endpoint::Sqs(_)) {
            let place = checker.at(&[path.as_slice(), &["raw"]].concat());
            let problem = Problem::error(place, format!("`{}` has no raw delivery", endpoint.protocol()));
            checker.report(problem.help("remove `raw`, it is for `https` and `sqs`"));
        }
        filter(checker, &path, subscription);
    }
}

fn endpoint_fault(endpoint: &Endpoint) -> Option<(&'static str, &'static str)> {
    match endpoint {
        Endpoint::Email(address) => {
            (!is_email(address)).then_some(("this is not an e-mail address", "write `name@example.com`"))
        }
        Endpoint::Https(url) => match url.strip_prefix("https://") {
            Some(rest)
                if rest.starts_with(|first: char| first.is_ascii_alphanumeric()) && is_printable(rest) =>
            {
                None
            }
            _ => Some(("this is not an https:// URL", "write `https://host/path`")),
        },
        Endpoint::Sqs(arn) => (!is_arn_of(arn, "sqs", "")).then_some((
            "this is not the ARN of a queue",
            "write `arn:aws:sqs:<region>:<account>:<queue>`",
        )),
        Endpoint::Lambda(arn) => (!is_arn_of(arn, "lambda", "function:")).then_some((
            "this is not the ARN of a function",
            "write `arn:aws:lambda:<region>:<account>:function:<name>`",
        )),
    }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return false;
    };
    !local.is_empty()
        && !local.contains('@')
        && address.len() <= 320
        && is_printable(address)
        && domain.contains('.')
        && domain
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
}

fn is_arn_of(arn: &str, service: &str, resource_prefix: &str) -> bool {
    arn::parts(arn).is_some_and(|parts| {
        let name = parts.resource.strip_prefix(resource_prefix);
        parts.service == service
            && !parts.region.is_empty()
            && is_account_id(parts.account)
            && name.is_some_and(|name| !name.is_empty())
    })
}

fn filter(checker: &mut Checker<'_>, path: &[&str], subscription: &Subscription) {
    let filter_path = [path, &["filter"]].concat();
    let Some(filter) = &subscription.filter else {
        let scope = [path, &["filter_scope"]].concat();
        if checker.is_written(&scope) && !checker.is_written(&filter_path) {
            let problem = Problem::error(checker.at(&scope), "`filter_scope` without a filter");
            checker.report(problem.help("add `filter: { key: [value] }` or remove it"));
        }
        return;
    };
    if filter.is_empty() {
        let problem = Problem::error(checker.at(&filter_path), "the filter is empty");
        checker.report(problem.help("an empty filter lets everything through: remove it"));
    }
    // For a filter on the body, SNS counts the innermost keys.
    if keys(filter) > 5 {
        let problem = Problem::error(checker.key(&filter_path), "a filter has at most 5 keys");
        checker.report(problem.help("filter on fewer attributes"));
    }
    let nests = subscription.filter_scope == FilterScope::Body;
    for (key, value) in filter {
        let place = [filter_path.as_slice(), &[key.as_str()]].concat();
        if !is_condition(key, value, nests) {
            let message = format!("`{}` needs a list of values", key.escape_debug());
            checker.report(
                Problem::error(checker.at(&place), message).help("write `[a, b]`, even for one value"),
            );
        }
    }
}

fn keys(filter: &serde_json::Map<String, Value>) -> usize {
    filter
        .iter()
        .map(|(key, value)| match value {
            Value::Object(inner) => keys(inner),
            Value::Array(branches) if key == "$or" => {
                branches.iter().filter_map(Value::as_object).map(keys).sum()
            }
            _ => 1,
        })
        .sum()
}

fn is_condition(key: &str, value: &Value, nests: bool) -> bool {
    match value {
        Value::Array(branches) if key == "$or" => branches.iter().all(Value::is_object),
        Value::Array(values) => !values.is_empty() && values.iter().all(|value| !value.is_array()),
        Value::Object(inner) => nests && inner.iter().all(|(key, value)| is_condition(key, value, nests)),
        _ => false,
    }
}
