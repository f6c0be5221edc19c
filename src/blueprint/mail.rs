//! Mail that reads like the messages in channels: the relay, which gets everything that comes to a topic with channels, also
//! publishes its own text of it to that topic, and a filter lets the topic's e-mail subscriptions have only these texts.
//!
//! The subscription of the relay has no such filter, since SNS has none for it ([`MAIL_ATTRIBUTE`]); the relay ignores what
//! it published itself.

use alertctl_relay::MAIL_ATTRIBUTE;
use serde_json::{Map, Value, json};

use super::Build;
use crate::stack::{Endpoint, Preset, Stack, Subscription, What};

/// Whether the relay writes the mails of this topic.
///
/// Not of a topic without channels, which the relay does not hear, nor of one that hears of the relay's own troubles
/// ([`watches`]). Nor if there is a subscriber that would get the relay's text in addition to the message itself.
pub(super) fn mails(stack: &Stack, topic: &str) -> bool {
    let Some(topic) = stack.topics.get(topic).filter(|_| !watches(stack, topic)) else {
        return false;
    };
    let subscriptions = &topic.subscriptions;
    !topic.to.is_empty()
        && subscriptions.iter().any(is_by_relay)
        && subscriptions.iter().all(|one| is_by_relay(one) || is_closed(one))
}

/// Whether `topic` hears that something is wrong with the stack, and so with the relay, or that somebody changes it. That
/// must not be told through the relay.
fn watches(stack: &Stack, topic: &str) -> bool {
    let monitoring = stack.monitoring.iter().map(|monitoring| &monitoring.to);
    let changes = stack.rules.values();
    let changes = changes.filter(|rule| matches!(rule.what, What::Preset(Preset::StackChanges)));
    let mut told = monitoring.chain(changes.map(|rule| &rule.to)).flatten();
    told.any(|key| key == topic)
}

/// Whether this subscription of `topic` gets the relay's texts.
pub fn is_mailed_by_relay(stack: &Stack, topic: &str, subscription: &Subscription) -> bool {
    mails(stack, topic) && is_by_relay(subscription)
}

/// The same for a topic for which [`mails`] holds.
pub(super) fn is_by_relay(subscription: &Subscription) -> bool {
    subscription.filter.is_none() && matches!(subscription.endpoint, Endpoint::Email(_))
}

/// Whether a filter keeps out the relay's texts: they have no attributes but the relay's own, and are not JSON.
fn is_closed(subscription: &Subscription) -> bool {
    let filter = subscription.filter.as_ref();
    filter.is_some_and(|filter| !filter.values().any(wants_nothing_there))
}

/// Whether `{ "exists": false }` is among these conditions, or below them: in a group of `$or`, or of a field of the body.
fn wants_nothing_there(conditions: &Value) -> bool {
    match conditions {
        Value::Array(values) => values.iter().any(wants_nothing_there),
        Value::Object(fields) => {
            fields.get("exists") == Some(&Value::Bool(false)) || fields.values().any(wants_nothing_there)
        }
        _ => false,
    }
}

/// The filter that lets only the relay's texts through.
pub(super) fn filter() -> Map<String, Value> {
    Map::from_iter([(MAIL_ATTRIBUTE.to_owned(), json!([{ "exists": true }]))])
}

impl Build<'_> {
    /// The topics whose mails the relay writes.
    pub(super) fn mailed(&self) -> impl Iterator<Item = &String> {
        let topics = self.stack.topics.keys();
        topics.filter(|topic| mails(self.stack, topic))
    }
}
