//! Reads subscriptions by topic, because only the topic says which of them belong to the stack.

use aws_sdk_sns::types::Subscription;

use super::endpoint::{mark, masked};
use super::settings::Settings;
use super::{Live, SnsSubscription};
use crate::aws::call::pages;
use crate::aws::fault::found;
use crate::aws::{Aws, Scope};
use crate::resource::{Presence, Result, Tags, sns};

/// A topic's subscriptions, and which of them belong to the stack.
pub(super) struct Topic {
    pub ours: bool,
    marks: Vec<String>,
    subscriptions: Vec<Live>,
}

impl Topic {
    pub(super) fn new(aws: &Aws, tags: Tags, subscriptions: Vec<Live>) -> Self {
        Self {
            ours: matches!(Presence::by_tag(aws, &tags, ()), Presence::Ours(())),
            marks: sns::topic::marks_in(&tags).map(str::to_owned).collect(),
            subscriptions,
        }
    }

    pub(super) fn find(&self, wanted: &SnsSubscription, scope: &Scope) -> Option<&Live> {
        let mut found = self.subscriptions.iter().filter(|live| wanted.is(live, scope));
        found
            .clone()
            .find(|live| live.arn.is_some())
            .or_else(|| found.next())
    }

    pub(super) fn marked(&self) -> impl Iterator<Item = &Live> {
        let marked = |live: &&Live| self.marks.contains(&mark(&live.protocol, &live.endpoint));
        self.subscriptions
            .iter()
            .filter(move |live| self.ours && marked(live))
    }
}

/// The ARN, if there is one. Before the confirmation SNS returns "pending confirmation" instead, in varying spelling.
pub(super) fn confirmed(arn: &str) -> Option<String> {
    arn.starts_with("arn:").then(|| arn.to_owned())
}

/// The subscriptions of a topic, without their settings. Empty if there is no such topic.
pub(super) async fn list(aws: &Aws, topic_arn: &str) -> Result<Vec<Live>> {
    let sns = &aws.connection.clients.sns;
    let listed = pages(async |token| {
        let list = sns.list_subscriptions_by_topic().topic_arn(topic_arn);
        let request = list.set_next_token(token);
        let page = aws
            .call("sns:ListSubscriptionsByTopic", || request.clone().send())
            .await?;
        Ok((page.subscriptions.unwrap_or_default(), page.next_token))
    });
    let live = |one: Subscription| {
        let arn = one.subscription_arn.unwrap_or_default();
        // SNS still lists subscriptions that are being removed.
        (arn != "Deleted").then(|| Live {
            topic_name: topic_arn.rsplit(':').next().unwrap_or_default().to_owned(),
            topic_arn: topic_arn.to_owned(),
            protocol: one.protocol.unwrap_or_default(),
            endpoint: masked(&one.endpoint.unwrap_or_default()),
            arn: confirmed(&arn),
            settings: Settings::default(),
        })
    };
    let listed = found(listed.await)?.unwrap_or_default().into_iter();
    Ok(listed.filter_map(live).collect())
}

/// Adds the settings of a confirmed subscription. `None` if it was deleted after it was listed.
pub(super) async fn read(aws: &Aws, live: Live) -> Result<Option<Live>> {
    let Some(arn) = &live.arn else {
        return Ok(Some(live));
    };
    let sns = &aws.connection.clients.sns;
    let request = sns.get_subscription_attributes().subscription_arn(arn);
    let answer = found(
        aws.call("sns:GetSubscriptionAttributes", || request.clone().send())
            .await,
    )?;
    Ok(answer.map(|answer| {
        let attributes = answer.attributes().cloned().unwrap_or_default();
        Live {
            settings: Settings::read(&attributes),
            ..live
        }
    }))
}
