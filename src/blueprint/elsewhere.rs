//! Alarms in other regions than the stack's own: whom they notify, and what people read of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::mail::mails;
use crate::resource::eventbridge::targets::Input;
use crate::stack::{Alarm, Endpoint, Stack, is_arn};

/// The topics that an alarm notifies, each with the states for it.
pub(super) fn notified(alarm: &Alarm) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut notified = BTreeMap::<_, BTreeSet<_>>::new();
    // Like an alarm in the stack's region, an alarm with disabled actions notifies nobody.
    for (state, topics) in alarm.actions() {
        // What is named by its ARN is in the alarm's region, so the alarm runs it itself.
        let topics = topics.into_iter().filter(|name| !is_arn(name));
        for topic in topics.filter(|_| alarm.actions_enabled) {
            notified.entry(topic).or_default().insert(state);
        }
    }
    notified
}

/// The text that people read instead of CloudWatch's own message.
pub(super) fn text(stack: &Stack) -> Input {
    let path = |name: &str, path: &str| (name.to_owned(), path.to_owned());
    Input::Transformer {
        paths: BTreeMap::from([
            path("name", "$.detail.alarmName"),
            path("state", "$.detail.state.value"),
            path("before", "$.detail.previousState.value"),
            path("reason", "$.detail.state.reason"),
            path("region", "$.region"),
            path("account", "$.account"),
            path("time", "$.time"),
        ]),
        template: format!(
            "\"<state>: alarm <name> in <region>, account <account>. It was <before> until <time>. Reason: <reason> {}\"",
            mark(stack)
        ),
    }
}

/// The end of such a text, by which subscription filters recognize it.
fn mark(stack: &Stack) -> String {
    format!("(alertctl stack {}, alarm in another region)", stack.stack)
}

/// An EventBridge pattern for these texts. A channel of such a topic does not need them, because it gets the
/// whole event.
pub(super) fn text_for_people(stack: &Stack) -> Value {
    json!({ "Message": [{ "wildcard": format!("*{}*", mark(stack)) }] })
}

/// The alarm's region, if it is not `home`, the stack's own region.
pub fn region_of<'a>(alarm: &'a Alarm, home: &str) -> Option<&'a str> {
    alarm.region.as_deref().filter(|region| *region != home)
}

/// The topics that alarms in other regions notify, and those of the organization's members; `home` may be unknown.
pub(super) fn topics_notified(stack: &Stack, home: Option<&str>) -> BTreeSet<String> {
    let home = home.or(stack.region.as_deref()).unwrap_or_default();
    let alarms = stack.alarms_expanded();
    let elsewhere = alarms.values().filter(|alarm| region_of(alarm, home).is_some());
    let members = stack
        .organization
        .iter()
        .flat_map(|organization| &organization.to);
    let members = members.filter(|to| stack.topics.contains_key(*to) && !stack.channels.contains_key(*to));
    let topics = elsewhere.flat_map(notified).map(|(topic, _)| topic);
    topics.chain(members.cloned()).collect()
}

/// Whether people subscribe to a topic and get what comes to it as it is. Of an existing topic, that is assumed.
pub(super) fn has_readers(stack: &Stack, topic: &str) -> bool {
    if stack
        .topics
        .get(topic)
        .is_some_and(|topic| topic.existing.is_some())
    {
        return true;
    }
    let subscriptions = stack.topics.get(topic).map(|topic| &topic.subscriptions);
    let mut subscriptions = subscriptions.into_iter().flatten();
    subscriptions.any(|one| matches!(one.endpoint, Endpoint::Email(_))) && !mails(stack, topic)
}

/// The channels that get both the event and the text of an alarm in another region; they must not show the
/// text.
pub(super) fn channels_notified_twice(stack: &Stack) -> BTreeSet<String> {
    let topics = topics_notified(stack, None).into_iter();
    let topics = topics.filter(|topic| has_readers(stack, topic));
    topics
        .filter_map(|topic| stack.topics.get(&topic))
        .flat_map(|topic| topic.to.iter().cloned())
        .collect()
}
