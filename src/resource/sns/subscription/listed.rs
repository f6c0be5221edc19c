//! The lists of subscriptions that SNS has.

use aws_sdk_sns::types::Subscription;

use crate::aws::Aws;
use crate::aws::call::pages;
use crate::aws::fault::found;
use crate::resource::Result;

/// The call of [`all`].
pub(super) const ALL: &str = "sns:ListSubscriptions";

/// All subscriptions that this account made, also to topics of others.
pub(in crate::resource) async fn all(aws: &Aws) -> Result<Vec<Subscription>> {
    let sns = &aws.connection.clients.sns;
    let listed = pages(async |token| {
        let request = sns.list_subscriptions().set_next_token(token);
        let page = aws
            .call("sns:ListSubscriptions", || request.clone().send())
            .await?;
        Ok((page.subscriptions.unwrap_or_default(), page.next_token))
    });
    Ok(remaining(listed.await?))
}

/// The subscriptions of a topic of this account, whoever made them. Empty if there is no such topic.
pub(in crate::resource) async fn of_topic(aws: &Aws, topic_arn: &str) -> Result<Vec<Subscription>> {
    let sns = &aws.connection.clients.sns;
    let listed = pages(async |token| {
        let list = sns.list_subscriptions_by_topic().topic_arn(topic_arn);
        let request = list.set_next_token(token);
        let page = aws
            .call("sns:ListSubscriptionsByTopic", || request.clone().send())
            .await?;
        Ok((page.subscriptions.unwrap_or_default(), page.next_token))
    });
    Ok(remaining(found(listed.await)?.unwrap_or_default()))
}

/// Without those that are being removed, which SNS still lists.
fn remaining(mut listed: Vec<Subscription>) -> Vec<Subscription> {
    listed.retain(|one| one.subscription_arn() != Some("Deleted"));
    listed
}

/// The ARN, if there is one. Before the confirmation SNS returns "pending confirmation" instead, in varying spelling.
pub(in crate::resource) fn confirmed(arn: &str) -> Option<String> {
    arn.starts_with("arn:").then(|| arn.to_owned())
}
