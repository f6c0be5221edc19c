//! What others may add to what the stack owns without alertctl minding.

use aws_sdk_sqs::types::QueueAttributeName as QueueAttribute;

use super::iam::{ROLE, tag_role};
use super::kms::{key, tag_key};
use super::lambda::permission::add_permission;
use super::lambda::{FUNCTION, function, set_variable};
use super::sns::{PLAIN_TOPIC, TOPIC, tag_topic};
use super::sqs::set_queue;
use super::{Case, REGION, STACK};
use crate::support::account::applied;
use crate::support::account::{ACCOUNT, unchanged};

const CASES: &[Case] = &[
    case!("second alias", [], |aws| {
        aws.kms
            .create_alias()
            .alias_name("alias/second")
            .target_key_id(key(aws).await)
            .send()
            .await
            .unwrap()
    }),
    case!("a stranger's tag on the topic", [], |aws| tag_topic(
        aws, "auto", "tagger"
    )
    .await),
    case!("a stranger's tag on the key", [], |aws| tag_key(
        aws, "auto", "tagger"
    )
    .await),
    case!("a stranger's tag on the role", [], |aws| tag_role(
        aws, "auto", "tagger"
    )
    .await),
    case!("a stranger's tag on the function", [], |aws| {
        aws.lambda
            .tag_resource()
            .resource(function())
            .tags("auto", "tagger")
            .send()
            .await
            .unwrap()
    }),
    case!("a stranger's subscription", [], |aws| {
        let send = aws.sns.subscribe().topic_arn(TOPIC).protocol("email");
        send.endpoint("stranger@example.com").send().await.unwrap()
    }),
    case!("a stranger's permission", [], |aws| {
        add_permission(aws, "sns.amazonaws.com", PLAIN_TOPIC, Some(ACCOUNT), "stranger").await
    }),
    case!("a longer session", [], |aws| {
        aws.iam
            .update_role()
            .role_name(ROLE)
            .max_session_duration(7200)
            .send()
            .await
            .unwrap()
    }),
    case!("another visibility timeout", [], |aws| {
        set_queue(aws, QueueAttribute::VisibilityTimeout, "120").await
    }),
];

#[tokio::test]
async fn what_others_add_is_left_alone() {
    let (world, aws) = applied(STACK, REGION).await;
    for case in CASES {
        (case.act)(&aws).await;
        unchanged(&world, case.what);
    }
    // Nor is it swept away by changes to the same resources.
    tag_topic(&aws, "team", "x").await;
    tag_key(&aws, "team", "x").await;
    tag_role(&aws, "team", "x").await;
    set_variable(&aws, "EXTRA", Some("x")).await;
    world.ok(&["apply", "--local", "--yes"]);
    let tags = aws
        .sns
        .list_tags_for_resource()
        .resource_arn(TOPIC)
        .send()
        .await
        .unwrap();
    assert!(tags.tags().iter().any(|tag| tag.key() == "auto"), "{tags:?}");
    let tags = aws
        .kms
        .list_resource_tags()
        .key_id(key(&aws).await)
        .send()
        .await
        .unwrap();
    assert!(tags.tags().iter().any(|tag| tag.tag_key() == "auto"), "{tags:?}");
    let role = aws
        .iam
        .get_role()
        .role_name(ROLE)
        .send()
        .await
        .unwrap()
        .role
        .unwrap();
    assert!(role.tags().iter().any(|tag| tag.key() == "auto"), "{role:?}");
    let subscriptions = aws
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(TOPIC)
        .send()
        .await
        .unwrap();
    assert!(
        subscriptions
            .subscriptions()
            .iter()
            .any(|one| one.protocol() == Some("email"))
    );
    let policy = aws
        .lambda
        .get_policy()
        .function_name(FUNCTION)
        .send()
        .await
        .unwrap();
    assert!(policy.policy().unwrap().contains("stranger"));
}
