//! Code that the EventBridge kinds share: tags, and hints for errors.

use std::rc::Rc;

use aws_sdk_eventbridge::types::Tag;

use super::{Aws, Fault, Result, Tags, Text, tags};
use crate::aws::fault::found;

pub mod event_bus;
pub mod rule;
pub mod targets;

/// The bus that every account has. Events of AWS services arrive there and nowhere else.
pub const DEFAULT_BUS: &str = "default";

/// The kind of buses. The node of an organization's bus leads to the stacks that it remembers.
pub(super) const EVENT_BUS: &str = "eventbridge-event-bus";

/// The ARN of the bus of this name in the region of `aws`.
pub(super) async fn bus_arn(aws: &Aws, name: &str) -> Result<String> {
    let arn = Text::arn("events", format!("event-bus/{name}"));
    Ok(arn.fill_computed(aws.scope().await?).unwrap_or_default())
}

/// Adds a hint on what to do about an error.
pub(super) fn explained(fault: Fault) -> Fault {
    let hint = match (fault.code.as_str(), fault.action) {
        ("ManagedRuleException", _) => {
            "an AWS service created this rule for itself, and only that service may change it: choose \
             another name"
        }
        ("InvalidEventPatternException", _) => {
            "correct the event pattern; \
             https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html describes its \
             syntax"
        }
        ("LimitExceededException", "events:PutRule") => {
            "the bus is full (300 rules, in some regions 100): delete rules, or ask for more in Service Quotas"
        }
        ("LimitExceededException", "events:PutTargets") => {
            "a rule has at most 5 targets: send its events to fewer, or ask for more in Service Quotas"
        }
        ("LimitExceededException", "events:CreateEventBus") => {
            "the region's quota of event buses is used up: delete some, or ask for more in Service Quotas"
        }
        _ => return fault,
    };
    fault.hint(hint)
}

/// The tags of a rule or bus, read once. `None` if it is gone.
pub(super) async fn tags_of(aws: &Aws, arn: &str) -> Result<Rc<Option<Tags>>> {
    aws.once(format!("events:ListTagsForResource {arn}"), async || {
        read_tags(aws, arn).await
    })
    .await
}

/// The current tags of a rule or bus. `None` if it is gone.
pub(super) async fn read_tags(aws: &Aws, arn: &str) -> Result<Option<Tags>> {
    let events = &aws.connection.clients.events;
    let request = events.list_tags_for_resource().resource_arn(arn);
    let answer = found(
        aws.call("events:ListTagsForResource", || request.clone().send())
            .await,
    )?;
    let pair = |tag: &Tag| (tag.key().to_owned(), tag.value().to_owned());
    Ok(answer.map(|answer| answer.tags().iter().map(pair).collect()))
}

/// Changes the `live` tags to the `wanted` ones. Only tags that alertctl manages are changed.
pub(super) async fn put_tags(aws: &Aws, arn: &str, live: &Tags, wanted: &Tags) -> Result<()> {
    let synced = tags::sync(
        live,
        wanted,
        async |remove| untag(aws, arn, remove).await,
        async |put| tag(aws, arn, &put).await,
    );
    synced.await.map_err(explained)
}

/// Adds tags to a rule or bus.
pub(super) async fn tag(aws: &Aws, arn: &str, tags: &Tags) -> Result<()> {
    let events = &aws.connection.clients.events;
    let request = events.tag_resource().resource_arn(arn);
    let request = request.set_tags(Some(listed(tags)));
    let tagged = aws.call("events:TagResource", || request.clone().send());
    tagged.await.map(drop)
}

/// Removes tags from a rule or bus.
pub(super) async fn untag(aws: &Aws, arn: &str, keys: Vec<String>) -> Result<()> {
    let events = &aws.connection.clients.events;
    let request = events.untag_resource().resource_arn(arn);
    let request = request.set_tag_keys(Some(keys));
    let untagged = aws.call("events:UntagResource", || request.clone().send());
    untagged.await.map(drop)
}

/// Tags as a list of EventBridge's type.
pub(super) fn listed(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().flat_map(tag).collect()
}
