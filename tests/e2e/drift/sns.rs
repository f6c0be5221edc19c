//! Topics and subscriptions.

use alertctl::aws::connect::Clients;

use super::{Case, ELSEWHERE, open_policy};

pub const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:drift-alerts";
pub const PLAIN_TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:drift-plain";

pub const CASES: &[Case] = &[
    case!(
        "topic policy changed",
        ["update sns-topic/alerts: policy"],
        |aws| { set_topic(aws, "Policy", &open_policy("sns:Publish", TOPIC)).await }
    ),
    case!(
        "display name changed",
        ["update sns-topic/alerts: display_name"],
        |aws| { set_topic(aws, "DisplayName", "x").await }
    ),
    case!(
        "display name removed",
        ["update sns-topic/alerts: display_name"],
        |aws| { set_topic(aws, "DisplayName", "").await }
    ),
    case!(
        "display name given",
        ["update sns-topic/plain: display_name"],
        |aws| {
            let send = aws
                .sns
                .set_topic_attributes()
                .topic_arn(PLAIN_TOPIC)
                .attribute_name("DisplayName");
            send.attribute_value("x").send().await.unwrap()
        }
    ),
    case!(
        "topic no longer encrypted",
        ["update sns-topic/alerts: kms_key"],
        |aws| { set_topic(aws, "KmsMasterKeyId", "").await }
    ),
    case!(
        "topic encrypted with another key",
        ["update sns-topic/alerts: kms_key"],
        |aws| { set_topic(aws, "KmsMasterKeyId", "alias/aws/sns").await }
    ),
    case!(
        "topic's tag changed",
        ["update sns-topic/alerts: tags.team"],
        |aws| tag_topic(aws, "team", "x").await
    ),
    case!(
        "topic's tag removed",
        ["update sns-topic/alerts: tags.team"],
        |aws| {
            aws.sns
                .untag_resource()
                .resource_arn(TOPIC)
                .tag_keys("team")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "topic's node tag removed",
        ["update sns-topic/alerts: tags.alertctl:node"],
        |aws| {
            aws.sns
                .untag_resource()
                .resource_arn(TOPIC)
                .tag_keys("alertctl:node")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "marks forgotten",
        ["update sns-topic/alerts: marked_subscriptions"],
        |aws| {
            aws.sns
                .untag_resource()
                .resource_arn(TOPIC)
                .tag_keys("alertctl:subscriptions")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "filter changed",
        ["update sns-subscription/alerts-sqs-9092be04: filter_policy"],
        |aws| { set_subscription(aws, "sqs", "FilterPolicy", r#"{"severity":["low"]}"#).await }
    ),
    case!(
        "filter removed",
        ["update sns-subscription/alerts-sqs-9092be04: filter_policy, filter_policy_scope"],
        |aws| set_subscription(aws, "sqs", "FilterPolicy", "{}").await
    ),
    case!(
        "filter's scope changed",
        ["update sns-subscription/alerts-sqs-9092be04: filter_policy_scope"],
        |aws| { set_subscription(aws, "sqs", "FilterPolicyScope", "MessageBody").await }
    ),
    case!(
        "raw delivery switched off",
        ["update sns-subscription/alerts-sqs-9092be04: raw_message_delivery"],
        |aws| { set_subscription(aws, "sqs", "RawMessageDelivery", "false").await }
    ),
    case!(
        "filter on the relay",
        ["update sns-subscription/alerts-relay: filter_policy, filter_policy_scope"],
        |aws| set_subscription(aws, "lambda", "FilterPolicy", r#"{"severity":["low"]}"#).await
    ),
    case!(
        "redrive changed",
        ["update sns-subscription/alerts-relay: dead_letter_queue"],
        |aws| {
            let redrive = format!(r#"{{"deadLetterTargetArn":"{ELSEWHERE}"}}"#);
            set_subscription(aws, "lambda", "RedrivePolicy", &redrive).await
        }
    ),
    case!(
        "redrive removed",
        ["update sns-subscription/alerts-relay: dead_letter_queue"],
        |aws| {
            let arn = subscription(aws, "lambda").await;
            let send = aws
                .sns
                .set_subscription_attributes()
                .subscription_arn(arn)
                .attribute_name("RedrivePolicy");
            send.send().await.unwrap()
        }
    ),
    case!(
        "redrive added",
        ["update sns-subscription/alerts-sqs-9092be04: dead_letter_queue"],
        |aws| {
            let redrive = format!(r#"{{"deadLetterTargetArn":"{ELSEWHERE}"}}"#);
            set_subscription(aws, "sqs", "RedrivePolicy", &redrive).await
        }
    ),
    case!(
        "relay unsubscribed",
        ["create sns-subscription/alerts-relay"],
        |aws| {
            aws.sns
                .unsubscribe()
                .subscription_arn(subscription(aws, "lambda").await)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "queue unsubscribed",
        ["create sns-subscription/alerts-sqs-9092be04"],
        |aws| {
            aws.sns
                .unsubscribe()
                .subscription_arn(subscription(aws, "sqs").await)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "topic without subscribers deleted",
        ["create sns-topic/plain"],
        |aws| {
            aws.sns
                .delete_topic()
                .topic_arn(PLAIN_TOPIC)
                .send()
                .await
                .unwrap()
        }
    ),
    // Subscriptions go with their topic.
    case!(
        "topic deleted",
        [
            "create sns-topic/alerts",
            "create sns-subscription/alerts-relay",
            "create sns-subscription/alerts-sqs-9092be04"
        ],
        |aws| aws.sns.delete_topic().topic_arn(TOPIC).send().await.unwrap()
    ),
];

pub async fn set_topic(aws: &Clients, name: &str, value: &str) {
    let send = aws
        .sns
        .set_topic_attributes()
        .topic_arn(TOPIC)
        .attribute_name(name)
        .attribute_value(value);
    send.send().await.unwrap();
}

pub async fn tag_topic(aws: &Clients, name: &str, value: &str) {
    let tag = aws_sdk_sns::types::Tag::builder()
        .key(name)
        .value(value)
        .build()
        .unwrap();
    aws.sns
        .tag_resource()
        .resource_arn(TOPIC)
        .tags(tag)
        .send()
        .await
        .unwrap();
}

pub async fn subscription(aws: &Clients, protocol: &str) -> String {
    let all = aws
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(TOPIC)
        .send()
        .await
        .unwrap();
    let one = all
        .subscriptions()
        .iter()
        .find(|one| one.protocol() == Some(protocol))
        .unwrap();
    one.subscription_arn().unwrap().to_owned()
}

pub async fn set_subscription(aws: &Clients, protocol: &str, name: &str, value: &str) {
    let arn = subscription(aws, protocol).await;
    let send = aws.sns.set_subscription_attributes().subscription_arn(arn);
    send.attribute_name(name)
        .attribute_value(value)
        .send()
        .await
        .unwrap();
}
