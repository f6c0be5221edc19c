//! Topics and who hears them.

use std::collections::BTreeMap;

use alertctl_relay::topic_name;

use crate::aws::call::pages;
use crate::aws::{Aws, concurrently};
use crate::resource::sns::subscription::listed::{self, confirmed};
use crate::resource::{Result, Tags};

/// A topic of this account and region.
#[derive(Debug, Clone, Default)]
pub struct Topic {
    pub name: String,
    pub arn: String,
    /// `None` if they could not be read.
    pub tags: Option<Tags>,
    /// `None` if they were not asked for or could not be read.
    pub subscriptions: Option<Vec<Subscription>>,
}

/// Who hears a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub protocol: String,
    /// An address, number, URL or ARN. It may be a secret.
    pub endpoint: String,
    /// False as long as nobody followed the link in SNS's mail or answered its request.
    pub is_confirmed: bool,
}

/// All topics, in the order of their names.
pub(super) async fn all(aws: &Aws) -> Result<Vec<Topic>> {
    let sns = &aws.connection.clients.sns;
    let arns = pages(async |token| {
        let request = sns.list_topics().set_next_token(token);
        let page = aws.call("sns:ListTopics", || request.clone().send()).await?;
        let arns = page.topics().iter().filter_map(|topic| topic.topic_arn());
        Ok((arns.map(str::to_owned).collect(), page.next_token))
    });
    let topic = |arn: String| Topic {
        name: topic_name(&arn).to_owned(),
        arn,
        ..Topic::default()
    };
    let mut topics: Vec<_> = arns.await?.into_iter().map(topic).collect();
    topics.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(topics)
}

/// Reads who hears the topics that `matter`.
///
/// One list has the subscriptions of all topics, but may lack those that other accounts made. So a topic that nobody hears
/// according to it is asked itself.
pub(super) async fn subscriptions(
    aws: &Aws,
    topics: &mut [Topic],
    matter: impl Fn(&Topic) -> bool,
) -> Result<()> {
    if !topics.iter().any(&matter) {
        return Ok(());
    }
    let mut by_topic: BTreeMap<String, Vec<Subscription>> = BTreeMap::new();
    for one in listed::all(aws).await? {
        let topic = by_topic
            .entry(one.topic_arn.clone().unwrap_or_default())
            .or_default();
        topic.push(subscription(one));
    }
    let mut asked = Vec::new();
    for topic in topics.iter_mut().filter(|topic| matter(topic)) {
        let heard = by_topic.remove(&topic.arn).unwrap_or_default();
        let is_heard = heard.iter().any(|one| one.is_confirmed);
        asked.extend((!is_heard).then(|| topic.arn.clone()));
        topic.subscriptions = Some(heard);
    }
    let ask = async |arn: String| {
        let listed = listed::of_topic(aws, &arn).await?;
        Ok((arn, listed.into_iter().map(subscription).collect()))
    };
    let mut answers: BTreeMap<String, Vec<Subscription>> = concurrently(asked, ask).await?;
    for topic in topics.iter_mut() {
        if let Some(heard) = answers.remove(&topic.arn) {
            topic.subscriptions = Some(heard);
        }
    }
    Ok(())
}

fn subscription(one: aws_sdk_sns::types::Subscription) -> Subscription {
    Subscription {
        is_confirmed: one.subscription_arn().and_then(confirmed).is_some(),
        protocol: one.protocol.unwrap_or_default(),
        endpoint: one.endpoint.unwrap_or_default(),
    }
}
