//! Where alerts go: channels through their webhooks, topics through SNS.

use super::Variables;
use super::aws::{Aws, AwsError, Call, Service};
use super::http::Http;
use super::kms::Kms;
use super::slack::{self, SlackError};
use super::webhooks::{NoWebhook, Webhooks};
use crate::arn::Arn;
use crate::event::TEST_ATTRIBUTE;
use crate::{ChannelKey, Letter, Message, Settings, Told};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Why a destination did not take a message. Never holds a part of a webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Refusal {
    /// Whether sending the same again may help.
    pub transient: bool,
    pub reason: String,
    /// Slack's answer.
    pub status: Option<u16>,
    /// Attempts beyond the first.
    pub retried: u32,
    /// How long Slack wants to be left alone.
    pub pause: Option<Duration>,
}

impl Refusal {
    pub fn transient(reason: String) -> Self {
        Self {
            transient: true,
            reason,
            ..Self::default()
        }
    }

    /// `service` did not do what it was asked for.
    pub fn by(service: &str, error: &AwsError) -> Self {
        Self {
            transient: error.is_transient(),
            reason: format!("{service} {error}"),
            ..Self::default()
        }
    }

    pub fn lasting(reason: String) -> Self {
        Self {
            reason,
            ..Self::default()
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
    aws: Aws,
    webhooks: Webhooks,
}

impl Destinations {
    pub fn new(aws: Aws, http: Http, variable: Variables) -> Self {
        Self {
            http,
            webhooks: Webhooks::new(Kms::new(aws.clone(), variable), variable),
            aws,
        }
    }

    /// Posts a message to a channel before `deadline`; answers with the attempts beyond the first.
    pub async fn post(
        &self,
        channel: &ChannelKey,
        message: &Message,
        deadline: Instant,
    ) -> Result<u32, Refusal> {
        let late = |_| Refusal::transient("KMS does not answer in the time there is".to_owned());
        let webhook = timeout_at(deadline, self.webhooks.get(channel))
            .await
            .map_err(late)??;
        let (retried, outcome) = slack::post(&self.http, &webhook, message, deadline).await;
        outcome.map(|()| retried).map_err(|error| Refusal {
            retried,
            ..error.into()
        })
    }

    /// Publishes a letter to a topic before `deadline`.
    pub async fn publish(&self, arn: &str, letter: &Letter, deadline: Instant) -> Result<(), Refusal> {
        let late = |_| Refusal::transient("SNS does not answer in the time there is".to_owned());
        timeout_at(deadline, self.send(arn, letter)).await.map_err(late)?
    }

    async fn send(&self, arn: &str, letter: &Letter) -> Result<(), Refusal> {
        // SNS takes a message only in the region of its topic.
        let region = Arn::parse(arn).and_then(|arn| arn.region);
        let region = region.ok_or_else(|| Refusal::lasting(format!("`{arn}` is not the ARN of a topic")))?;
        let mut input = vec![
            ("TopicArn", arn),
            ("Subject", &letter.subject),
            ("Message", &letter.text),
        ];
        if let Some(id) = &letter.test {
            input.extend([
                ("MessageAttributes.entry.1.Name", TEST_ATTRIBUTE),
                ("MessageAttributes.entry.1.Value.DataType", "String"),
                ("MessageAttributes.entry.1.Value.StringValue", id),
            ]);
        }
        let call = Call::query(Service::SNS, "Publish", &input);
        match self.aws.call(&region, &call).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Refusal::by("SNS", &error)),
        }
    }
}

/// What only a person can mend (a key that is disabled, denied or gone, a webhook that was encrypted for another
/// function) is no matter of minutes: it is put aside at once, with the words to mend it, and sent again afterwards.
impl From<NoWebhook> for Refusal {
    fn from(error: NoWebhook) -> Self {
        Self {
            transient: matches!(&error, NoWebhook::Kms(error) if error.is_transient()),
            reason: error.to_string(),
            ..Self::default()
        }
    }
}

impl From<SlackError> for Refusal {
    fn from(error: SlackError) -> Self {
        let (status, pause) = match &error {
            SlackError::Refused { status, pause, .. } => (Some(status.as_u16()), *pause),
            _ => (None, None),
        };
        Self {
            transient: error.is_transient(),
            reason: error.to_string(),
            status,
            pause,
            ..Self::default()
        }
    }
}
