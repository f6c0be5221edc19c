//! The duty `notify`: events become Slack messages.

use super::destinations::Refusal;
use super::failure::Failure;
use super::{Network, Variables};
use crate::{ChannelKey, Delivery, Message, Settings, SettingsError, render};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) struct Notify {
    settings: Settings,
    network: Network,
}

impl Notify {
    pub fn from_environment(variable: Variables) -> Result<Self, SettingsError> {
        Ok(Self {
            settings: super::settings(variable)?,
            network: Network::new(&[], variable),
        })
    }

    /// Delivers everything the event asks for; tries all of it before it fails.
    pub async fn handle(&self, event: &Value) -> Result<Value, Failure> {
        let rendered = render(event, &self.settings);
        // Messages for one channel go one after the other, in the order of the records.
        let mut queues: BTreeMap<ChannelKey, Vec<Message>> = BTreeMap::new();
        for Delivery { channel, message, .. } in rendered.deliveries {
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
        let unrouted = rendered.unrouted.into_iter();
        let unrouted = unrouted.map(|topic| format!("no channel is routed to topic `{topic}`"));
        Err(Failure::Undelivered {
            problems: unrouted.chain(refused).collect(),
            delivered,
        })
    }

    async fn deliver(&self, channel: &ChannelKey, queue: &[Message]) -> Vec<Result<(), String>> {
        let name = self.settings.channel_name(channel);
        let mut outcomes = Vec::with_capacity(queue.len());
        for message in queue {
            let outcome = self.network.destinations().post(channel, message).await;
            outcomes.push(outcome.map_err(|Refusal { reason, .. }| format!("channel {name}: {reason}")));
        }
        outcomes
    }
}
