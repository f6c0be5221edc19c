//! One invocation, from the event to the answer.

use super::http::Http;
use super::kms::Identity;
use super::slack::{self, SlackError};
use super::webhooks::{NoWebhook, Webhooks};
use crate::{ChannelKey, Delivery, Message, Settings, SettingsError, render};
use aws_sdk_kms::config::Credentials;
use futures_util::future::join_all;
use lambda_runtime::Diagnostic;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

/// An invocation that did not deliver everything. Lambda retries it and then parks the event in the
/// dead-letter queue.
#[derive(Debug)]
pub(super) enum Failure {
    /// The environment of the function is wrong; nothing was tried.
    Settings(String),
    /// Some messages did not arrive. Others may have.
    Undelivered {
        unrouted: BTreeSet<String>,
        refused: Vec<String>,
        delivered: usize,
    },
}

#[derive(Debug, thiserror::Error)]
enum NotDelivered {
    #[error(transparent)]
    Webhook(#[from] NoWebhook),
    #[error(transparent)]
    Slack(#[from] SlackError),
}

pub(super) struct Relay {
    settings: Settings,
    /// Built on first use: setting up TLS and the KMS client takes longer than all else at the start.
    network: LazyLock<Network, Box<dyn FnOnce() -> Network + Send>>,
}

struct Network {
    http: Http,
    webhooks: Webhooks,
}

impl Relay {
    /// Reads the environment through `variable`.
    pub fn from_environment<V>(variable: V) -> Result<Self, SettingsError>
    where
        V: Fn(&str) -> Option<String> + Send + 'static,
    {
        let settings = Settings::read(&variable)?;
        let channels = settings.all_channels();
        let network = move || {
            let http = Http::new();
            let webhooks = Webhooks::new(channels, &variable, identity(&variable), http.clone());
            Network { http, webhooks }
        };
        Ok(Self {
            settings,
            network: LazyLock::new(Box::new(network)),
        })
    }

    /// Delivers everything the event asks for; tries all of it before it fails.
    pub async fn handle(&self, event: &Value) -> Result<Value, Failure> {
        let rendered = render(event, &self.settings);
        // Messages for one channel go one after the other, in the order of the records.
        let mut queues: BTreeMap<ChannelKey, Vec<Message>> = BTreeMap::new();
        for Delivery { channel, message } in rendered.deliveries {
            queues.entry(channel).or_default().push(message);
        }
        let outcomes = join_all(queues.iter().map(|(channel, queue)| self.deliver(channel, queue))).await;
        let delivered = outcomes
            .iter()
            .flatten()
            .filter(|outcome| outcome.is_ok())
            .count();
        let refused: Vec<_> = outcomes.into_iter().flatten().filter_map(Result::err).collect();
        if refused.is_empty() && rendered.unrouted.is_empty() {
            return Ok(json!({ "delivered": delivered }));
        }
        Err(Failure::Undelivered {
            unrouted: rendered.unrouted,
            refused,
            delivered,
        })
    }

    async fn deliver(&self, channel: &ChannelKey, queue: &[Message]) -> Vec<Result<(), String>> {
        let mut outcomes = Vec::with_capacity(queue.len());
        for message in queue {
            let outcome = self.post(channel, message).await;
            outcomes.push(
                outcome.map_err(|error| format!("channel {}: {error}", self.settings.channel_name(channel))),
            );
        }
        outcomes
    }

    async fn post(&self, channel: &ChannelKey, message: &Message) -> Result<(), NotDelivered> {
        let webhook = self.network.webhooks.get(channel).await?;
        Ok(slack::post(&self.network.http, webhook, message).await?)
    }
}

/// Lambda sets these for each execution environment, and its credentials outlive it.
fn identity(variable: impl Fn(&str) -> Option<String>) -> Identity {
    let variable = |name| variable(name).filter(|value| !value.is_empty());
    let required = |name| variable(name).unwrap_or_default();
    Identity {
        function: required("AWS_LAMBDA_FUNCTION_NAME"),
        region: required("AWS_REGION"),
        credentials: Credentials::new(
            required("AWS_ACCESS_KEY_ID"),
            required("AWS_SECRET_ACCESS_KEY"),
            variable("AWS_SESSION_TOKEN"),
            None,
            "lambda",
        ),
        endpoint: variable("AWS_ENDPOINT_URL"),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(reason) => write!(f, "the environment of the function is wrong: {reason}"),
            Self::Undelivered {
                unrouted,
                refused,
                delivered,
            } => {
                let topics = unrouted
                    .iter()
                    .map(|topic| format!("no channel is routed to topic `{topic}`"));
                let problems: Vec<_> = topics.chain(refused.iter().cloned()).collect();
                write!(f, "{} ({delivered} delivered)", problems.join("; "))
            }
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match failure {
            Failure::Settings(_) => "Relay.Settings",
            Failure::Undelivered { .. } => "Relay.Undelivered",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: failure.to_string(),
        }
    }
}
