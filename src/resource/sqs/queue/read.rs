//! Reads a queue: its URL by its name, then its attributes and tags concurrently.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName as Attribute;

use super::{Live, SqsQueue, redelivery};
use crate::aws::fault::found;
use crate::aws::{Aws, policy};
use crate::resource::Result;

/// Reads the queue. Attributes that are normally ignored are read only if `wanted` sets them.
pub(super) async fn read(aws: &Aws, name: &str, wanted: Option<&SqsQueue>) -> Result<Option<Live>> {
    let sqs = &aws.connection.clients.sqs;
    let request = sqs.get_queue_url().queue_name(name);
    let Some(url) = found(aws.call("sqs:GetQueueUrl", || request.clone().send()).await)?
        .and_then(|answer| answer.queue_url)
    else {
        return Ok(None);
    };
    let attributes = async {
        let request = sqs.get_queue_attributes().queue_url(&url);
        let request = request.attribute_names(Attribute::All);
        found(
            aws.call("sqs:GetQueueAttributes", || request.clone().send())
                .await,
        )
    };
    let tags = async {
        let request = sqs.list_queue_tags().queue_url(&url);
        found(aws.call("sqs:ListQueueTags", || request.clone().send()).await)
    };
    let (attributes, tags) = futures::try_join!(attributes, tags)?;
    let Some(attributes) = attributes.and_then(|answer| answer.attributes) else {
        return Ok(None);
    };
    let text = |name: Attribute| attributes.get(&name).filter(|text| !text.is_empty());
    let number = |name: Attribute| text(name).and_then(|text| text.parse().ok()).unwrap_or_default();
    Ok(Some(Live {
        name: name.to_owned(),
        arn: text(Attribute::QueueArn).cloned().unwrap_or_default(),
        retention_seconds: number(Attribute::MessageRetentionPeriod),
        maximum_message_size: number(Attribute::MaximumMessageSize),
        sqs_managed_sse: text(Attribute::SqsManagedSseEnabled).is_some_and(|enabled| enabled == "true"),
        kms_key: text(Attribute::KmsMasterKeyId).cloned(),
        policy: text(Attribute::Policy).map(|policy| policy::parse(policy)),
        redelivery: wanted
            .and_then(|wanted| wanted.redelivery.as_ref())
            .map(|_| redelivery::Live::read(&attributes)),
        messages: held(&attributes),
        passes_on: text(Attribute::RedrivePolicy).is_some(),
        tags: tags
            .and_then(|answer| answer.tags)
            .unwrap_or_default()
            .into_iter()
            .collect(),
        url,
    }))
}

/// The approximate number of messages in the queue with this name. 0 if there is no such queue.
pub(in crate::resource) async fn messages(aws: &Aws, name: &str) -> Result<u64> {
    Ok(read(aws, name, None).await?.map_or(0, |live| live.messages))
}

/// The approximate number of messages in a queue, waiting and received, with a short delay.
fn held(attributes: &HashMap<Attribute, String>) -> u64 {
    [
        Attribute::ApproximateNumberOfMessages,
        Attribute::ApproximateNumberOfMessagesNotVisible,
        Attribute::ApproximateNumberOfMessagesDelayed,
    ]
    .iter()
    .filter_map(|name| attributes.get(name)?.parse::<u64>().ok())
    .sum()
}
