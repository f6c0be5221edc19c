//! The dead-letter queue, and the queue in front of a channel.

use alertctl::aws::connect::Clients;
use aws_sdk_sqs::types::QueueAttributeName as QueueAttribute;

use super::{Case, open_policy};

pub const CASES: &[Case] = &[
    case!(
        "queue's retention changed",
        ["update sqs-queue/relay: retention_seconds"],
        |aws| { set_queue(aws, QueueAttribute::MessageRetentionPeriod, "60").await }
    ),
    case!(
        "queue's largest message changed",
        ["update sqs-queue/relay: maximum_message_size"],
        |aws| { set_queue(aws, QueueAttribute::MaximumMessageSize, "262144").await }
    ),
    case!(
        "queue policy changed",
        ["update sqs-queue/relay: policy"],
        |aws| { set_queue(aws, QueueAttribute::Policy, &open_policy("sqs:*", "*")).await }
    ),
    case!(
        "queue policy removed",
        ["update sqs-queue/relay: policy"],
        |aws| { set_queue(aws, QueueAttribute::Policy, "").await }
    ),
    case!(
        "queue's encryption switched off",
        ["update sqs-queue/relay: sqs_managed_sse"],
        |aws| { set_queue(aws, QueueAttribute::SqsManagedSseEnabled, "false").await }
    ),
    case!(
        "queue encrypted with a key",
        ["update sqs-queue/relay: kms_key, sqs_managed_sse"],
        |aws| {
            set_queue(aws, QueueAttribute::SqsManagedSseEnabled, "false").await;
            set_queue(aws, QueueAttribute::KmsMasterKeyId, "alias/aws/sqs").await
        }
    ),
    case!(
        "queue's tag changed",
        ["update sqs-queue/relay: tags.team"],
        |aws| {
            aws.sqs
                .tag_queue()
                .queue_url(queue(aws).await)
                .tags("team", "x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "queue's tag removed",
        ["update sqs-queue/relay: tags.team"],
        |aws| {
            aws.sqs
                .untag_queue()
                .queue_url(queue(aws).await)
                .tag_keys("team")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "queue's node tag removed",
        ["update sqs-queue/relay: tags.alertctl:node"],
        |aws| {
            aws.sqs
                .untag_queue()
                .queue_url(queue(aws).await)
                .tag_keys("alertctl:node")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "buffer's visibility changed",
        ["update sqs-queue/buffer.project: visibility_seconds"],
        |aws| { set_buffer(aws, QueueAttribute::VisibilityTimeout, "30").await }
    ),
    case!(
        "buffer parks after fewer receives",
        ["update sqs-queue/buffer.project: max_receive_count"],
        |aws| {
            let to = "arn:aws:sqs:eu-west-1:000000000000:drift-relay-dead-letters";
            let redrive = format!(r#"{{"deadLetterTargetArn":"{to}","maxReceiveCount":"3"}}"#);
            set_buffer(aws, QueueAttribute::RedrivePolicy, &redrive).await
        }
    ),
    case!(
        "buffer parks no more",
        ["update sqs-queue/buffer.project: dead_letter_queue, max_receive_count"],
        |aws| { set_buffer(aws, QueueAttribute::RedrivePolicy, "").await }
    ),
    case!("queue deleted", ["create sqs-queue/relay"], |aws| {
        aws.sqs
            .delete_queue()
            .queue_url(queue(aws).await)
            .send()
            .await
            .unwrap()
    }),
];

pub async fn queue(aws: &Clients) -> String {
    named(aws, "drift-relay-dead-letters").await
}

pub async fn set_queue(aws: &Clients, name: QueueAttribute, value: &str) {
    set(aws, queue(aws).await, name, value).await;
}

async fn set_buffer(aws: &Clients, name: QueueAttribute, value: &str) {
    set(aws, named(aws, "drift-project-buffer").await, name, value).await;
}

async fn named(aws: &Clients, name: &str) -> String {
    let send = aws.sqs.get_queue_url().queue_name(name);
    send.send().await.unwrap().queue_url.unwrap()
}

async fn set(aws: &Clients, url: String, name: QueueAttribute, value: &str) {
    let send = aws
        .sqs
        .set_queue_attributes()
        .queue_url(url)
        .attributes(name, value);
    send.send().await.unwrap();
}
