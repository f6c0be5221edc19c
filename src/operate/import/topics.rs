//! Topics: the stack uses them as they are, since the policy that it would write for one of its own would be another.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::{ArnParts, topic_name};
use serde_yaml::{Mapping, Value};

use super::{Request, keys};
use crate::aws::Scope;
use crate::resource::inventory::{Inventory, Topic};

/// Region and account in the ARN of a topic.
pub(super) fn place(arn: &str) -> Option<(&str, &str)> {
    let topic = ArnParts::parse(arn).filter(|arn| arn.service == "sns" && !arn.resource.contains(':'));
    topic.map(|topic| (topic.region, topic.account))
}

/// Whether a stack file can name the topic. FIFO topics, whose names end in `.fifo`, are left out: alarms cannot notify them.
pub(super) fn can_be_named(topic: &Topic) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    !topic.name.is_empty() && topic.name.len() <= 256 && topic.name.chars().all(allowed)
}

/// The topics among the ARNs that alarms and rules notify (`notified`), by key: existing ones, and those of other accounts,
/// which cannot be read.
pub(super) fn named(
    notified: &BTreeSet<&str>,
    inventory: &Inventory,
    request: &Request<'_>,
) -> BTreeMap<String, Topic> {
    let known = inventory.topics.iter();
    let known = known.filter(|topic| notified.contains(topic.arn.as_str()) && can_be_named(topic));
    let mut topics: Vec<Topic> = known.cloned().collect();
    for arn in notified {
        let is_foreign = place(arn).is_some_and(|(region, account)| {
            region == request.scope.region && account != request.scope.account
        });
        let topic = Topic {
            name: topic_name(arn).to_owned(),
            arn: (*arn).to_owned(),
            ..Topic::default()
        };
        // A stack file can name only one topic of this name: the other one is written as its ARN.
        let is_alone = topics.iter().all(|other| other.name != topic.name);
        if is_foreign && is_alone && can_be_named(&topic) {
            topics.push(topic);
        }
    }
    let names: Vec<&str> = topics.iter().map(|topic| topic.name.as_str()).collect();
    let keys = keys::of(&names, request, "topic");
    keys.into_iter().zip(topics).collect()
}

/// The topic's entry in the file.
pub(super) fn entry(topic: &Topic, scope: &Scope) -> Value {
    let is_foreign = place(&topic.arn).is_some_and(|(_, account)| account != scope.account);
    let name = if is_foreign { &topic.arn } else { &topic.name };
    Mapping::from_iter([("existing".into(), name.as_str().into())]).into()
}

/// Who hears it, such as `2 × email, 1 × lambda`. Addresses are not said: some are secrets.
pub(super) fn heard_by(topic: &Topic) -> Option<String> {
    let subscriptions = topic.subscriptions.as_ref()?;
    if subscriptions.is_empty() {
        return Some("nobody hears it: it has no subscriptions".to_owned());
    }
    let mut counts: Vec<(&str, usize, usize)> = Vec::new();
    for one in subscriptions {
        let waits = usize::from(!one.is_confirmed);
        match counts.iter_mut().find(|(protocol, ..)| *protocol == one.protocol) {
            Some((_, all, waiting)) => (*all, *waiting) = (*all + 1, *waiting + waits),
            None => counts.push((&one.protocol, 1, waits)),
        }
    }
    counts.sort_unstable();
    let one = |(protocol, all, waiting): &(&str, usize, usize)| {
        let waiting = match waiting {
            0 => String::new(),
            count => format!(" ({count} not confirmed)"),
        };
        format!("{all} × {protocol}{waiting}")
    };
    let all: Vec<_> = counts.iter().map(one).collect();
    Some(format!("heard by {}", all.join(", ")))
}
