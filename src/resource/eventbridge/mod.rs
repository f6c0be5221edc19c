//! Code that the EventBridge kinds share: tags, and hints for errors.

use std::rc::Rc;

use aws_sdk_eventbridge::types::Tag;

use super::{Aws, Fault, Result, Tags, tags};
use crate::aws::fault::found;

pub mod event_bus;
pub mod rule;
pub mod targets;

/// The bus that every account has. Events of AWS services arrive there and nowhere else.
pub const DEFAULT_BUS: &str = "default";

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
    let events = &aws.connection.clients.events;
    let synced = tags::sync(
        live,
        wanted,
        async |remove| {
            let request = events.untag_resource().resource_arn(arn);
            let request = request.set_tag_keys(Some(remove));
            aws.call("events:UntagResource", || request.clone().send()).await
        },
        async |put| {
            let request = events.tag_resource().resource_arn(arn);
            let request = request.set_tags(Some(listed(&put)));
            aws.call("events:TagResource", || request.clone().send()).await
        },
    );
    synced.await.map_err(explained)
}

/// Tags as a list of EventBridge's type.
pub(super) fn listed(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().flat_map(tag).collect()
}
