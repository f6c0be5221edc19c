//! Reads subscriptions by topic, because only the topic says which of them belong to the stack.

use std::collections::BTreeSet;
use std::rc::Rc;

use alertctl_relay::{ArnParts, topic_name};
use aws_sdk_sns::types::Subscription;

use super::endpoint::{mark, masked};
use super::listed::{self, confirmed};
use super::settings::Settings;
use super::{Live, SnsSubscription};
use crate::aws::fault::found;
use crate::aws::{Aws, Scope, Text};
use crate::resource::lambda::function;
use crate::resource::{Result, Tags, sns};

/// A topic's subscriptions, and which of them belong to the stack.
pub(super) struct Topic {
    pub ours: bool,
    marks: Vec<String>,
    subscriptions: Vec<Live>,
}

impl Topic {
    pub(super) fn new(aws: &Aws, tags: Tags, subscriptions: Vec<Live>) -> Self {
        Self {
            ours: aws.owns(&tags),
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

/// The subscriptions of the stack's functions, which are those tagged and `endpoints`, to topics that the stack does not own.
pub(super) async fn of_functions(
    aws: &Aws,
    topics: BTreeSet<String>,
    mut endpoints: BTreeSet<String>,
) -> Result<Vec<Topic>> {
    if topics.is_empty() {
        return Ok(Vec::new());
    }
    let scope = aws.scope().await?;
    let arn = |name: &str| {
        Text::arn("lambda", format!("function:{name}"))
            .fill_computed(scope)
            .ok()
    };
    endpoints.extend(function::listed(aws).await?.into_iter().filter_map(arn));
    let all = everywhere(aws).await?;
    let topic = |arn: String| {
        let is_ours = |live: &&Live| {
            live.topic_arn == arn && live.protocol == "lambda" && endpoints.contains(&live.endpoint)
        };
        let subscriptions: Vec<_> = all.iter().filter(is_ours).cloned().collect();
        let marks = subscriptions.iter();
        Topic {
            ours: true,
            marks: marks.map(|live| mark(&live.protocol, &live.endpoint)).collect(),
            subscriptions,
        }
    };
    Ok(topics.into_iter().map(topic).collect())
}

/// All subscriptions of this account, also to topics of others, as they were at the begin of the run.
async fn everywhere(aws: &Aws) -> Result<Rc<Vec<Live>>> {
    aws.once("sns:ListSubscriptions", async || everywhere_now(aws).await)
        .await
}

/// The same now. SNS does not tell another account of a topic's subscriptions, but this call does.
async fn everywhere_now(aws: &Aws) -> Result<Vec<Live>> {
    let listed = listed::all(aws).await.map_err(|fault| match fault.denied() {
        true => fault.hint(
            "a function of the stack hears a topic of somebody else, or did, which only this call tells",
        ),
        false => fault,
    });
    Ok(listed?.into_iter().map(live).collect())
}

/// The subscriptions of a topic of this account or of another one, without their settings.
pub(super) async fn list_of_any(aws: &Aws, topic_arn: &str) -> Result<Vec<Live>> {
    let account = &aws.scope().await?.account;
    if ArnParts::of(topic_arn).account == account {
        return list(aws, topic_arn).await;
    }
    let mut all = everywhere_now(aws).await?;
    all.retain(|live| live.topic_arn == topic_arn);
    Ok(all)
}

/// The subscriptions of a topic, without their settings. Empty if there is no such topic.
pub(super) async fn list(aws: &Aws, topic_arn: &str) -> Result<Vec<Live>> {
    Ok(listed::of_topic(aws, topic_arn)
        .await?
        .into_iter()
        .map(live)
        .collect())
}

fn live(one: Subscription) -> Live {
    let topic_arn = one.topic_arn.unwrap_or_default();
    Live {
        topic_name: topic_name(&topic_arn).to_owned(),
        topic_arn,
        protocol: one.protocol.unwrap_or_default(),
        endpoint: masked(&one.endpoint.unwrap_or_default()),
        arn: one.subscription_arn.as_deref().and_then(confirmed),
        settings: Settings::default(),
    }
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
