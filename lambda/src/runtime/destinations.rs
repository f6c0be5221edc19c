//! Where alerts go: channels through their webhooks, topics through SNS.

use super::Variables;
use super::aws::{Identity, in_region, refusal};
use super::http::Http;
use super::kms::Kms;
use super::slack::{self, SlackError};
use super::webhooks::{NoWebhook, Webhooks};
use crate::arn::Arn;
use crate::{ChannelKey, Letter, Message, Settings, Told};
use aws_types::SdkConfig;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use tokio::time::{Instant, timeout_at};

/// Why a destination did not take a message. Never holds a part of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Refusal {
    /// Whether sending the same again may help.
    pub transient: bool,
    pub reason: String,
}

impl Refusal {
    pub fn transient(reason: String) -> Self {
        Self {
            transient: true,
            reason,
        }
    }
}

/// A channel of the stack, or the ARN of a topic.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Destination {
    Channel(ChannelKey),
    Topic(String),
}

impl Destination {
    /// Everything that is named, once each.
    pub fn all(told: &Told) -> Vec<Self> {
        let channels = told.channels.iter().cloned().map(Self::Channel);
        let topics = told.topics.iter().cloned().map(Self::Topic);
        let mut all: Vec<_> = channels.chain(topics).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The destination as people know it.
    pub fn name(&self, settings: &Settings) -> String {
        match self {
            Self::Channel(channel) => format!("channel {}", settings.channel_name(channel)),
            Self::Topic(arn) => format!("topic `{}`", arn.rsplit(':').next().unwrap_or(arn)),
        }
    }
}

pub(super) struct Destinations {
    http: Http,
    webhooks: Webhooks,
    /// By region: SNS takes a message only in the region of its topic.
    topics: BTreeMap<String, aws_sdk_sns::Client>,
}

impl Destinations {
    pub fn new(
        topics: &[String],
        identity: &Identity,
        config: &SdkConfig,
        http: Http,
        variable: Variables,
    ) -> Self {
        let client = |region: String| {
            let client = aws_sdk_sns::Client::new(&in_region(config, &region));
            (region, client)
        };
        let kms = Kms::new(config, identity.encrypted_for.clone());
        Self {
            http,
            webhooks: Webhooks::new(kms, variable),
            topics: topics.iter().filter_map(|arn| region(arn)).map(client).collect(),
        }
    }

    /// Sends one message to every destination side by side, until `deadline`.
    pub async fn tell<'a>(
        &self,
        destinations: &'a [Destination],
        message: &Message,
        letter: &Letter,
        deadline: Instant,
    ) -> Vec<(&'a Destination, Result<(), Refusal>)> {
        let send = async |destination: &'a Destination| {
            let sending = async {
                match destination {
                    Destination::Channel(channel) => self.post(channel, message).await,
                    Destination::Topic(arn) => self.publish(arn, letter).await,
                }
            };
            let outcome = timeout_at(deadline, sending).await;
            let late = || Refusal::transient("no answer in the time there is".to_owned());
            (destination, outcome.unwrap_or_else(|_| Err(late())))
        };
        join_all(destinations.iter().map(send)).await
    }

    /// Posts a message to a channel.
    pub async fn post(&self, channel: &ChannelKey, message: &Message) -> Result<(), Refusal> {
        let webhook = self.webhooks.get(channel).await?;
        Ok(slack::post(&self.http, &webhook, message).await?)
    }

    async fn publish(&self, arn: &str, letter: &Letter) -> Result<(), Refusal> {
        let client = region(arn).and_then(|region| self.topics.get(&region));
        let client = client.ok_or_else(|| Refusal {
            transient: false,
            reason: format!("`{arn}` is not the ARN of a topic"),
        })?;
        let publish = client.publish().topic_arn(arn);
        let publish = publish.subject(&letter.subject).message(&letter.text);
        match publish.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(refusal("SNS", &error)),
        }
    }
}

fn region(arn: &str) -> Option<String> {
    Arn::parse(arn)?.region
}

impl From<NoWebhook> for Refusal {
    fn from(error: NoWebhook) -> Self {
        Self {
            transient: matches!(&error, NoWebhook::Kms(error) if error.is_transient()),
            reason: error.to_string(),
        }
    }
}

impl From<SlackError> for Refusal {
    fn from(error: SlackError) -> Self {
        Self {
            transient: error.is_transient(),
            reason: error.to_string(),
        }
    }
}
