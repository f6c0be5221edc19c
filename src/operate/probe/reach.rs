//! Who receives the samples of a test; counted before anything is sent.

use std::collections::BTreeMap;

use alertctl_relay::ChannelType;

use super::Path;
use crate::stack::{Endpoint, Stack, is_arn};

/// Somebody or something that a sample reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// A channel.
    Channel {
        key: String,
        /// Its service, as people call it.
        service: &'static str,
        /// Its service, as JSON names it: `slack`, or its name in the stack file.
        kind: &'static str,
    },
    /// An email address that subscribes to a topic.
    Email(String),
    /// The host of an HTTPS subscriber; the rest of its URL may be a secret.
    Https(String),
    /// A queue or function that subscribes to a topic, or a topic of somebody else: its ARN, or its name.
    Other(String),
}

/// The number of messages per receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach(BTreeMap<Receiver, usize>);

impl Reach {
    /// The receivers of a message to `to`, which are keys of channels and topics. Subscription filters are
    /// ignored, so there may be fewer.
    pub fn of(stack: &Stack, to: &[String]) -> Self {
        let mut reach = Self::default();
        for key in to {
            reach.add_channel(stack, key);
            // A channel that alarms name has a topic with its key, which leads to it alone.
            if stack.channels.contains_key(key) {
                continue;
            }
            if is_arn(key) {
                reach.add(Receiver::Other(key.clone()), 1);
            }
            let Some(topic) = stack.topics.get(key) else {
                continue;
            };
            // Who subscribes to it is not in the stack file.
            if let Some(existing) = &topic.existing {
                reach.add(Receiver::Other(existing.clone()), 1);
            }
            for channel in &topic.to {
                reach.add_channel(stack, channel);
            }
            for subscription in &topic.subscriptions {
                reach.add(receiver(&subscription.endpoint), 1);
            }
        }
        reach
    }

    /// The receivers of all these paths together.
    pub fn of_all<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut all = Self::default();
        for path in paths {
            all.merge(&path.reach);
        }
        all
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (receiver, count) in &other.0 {
            self.add(receiver.clone(), *count);
        }
    }

    /// Adds a message to a channel, if `key` is one.
    fn add_channel(&mut self, stack: &Stack, key: &str) {
        let Some(channel) = stack.channels.get(key) else {
            return;
        };
        let kind = match &channel.channel_type {
            ChannelType::Slack => "slack",
            other => other.key(),
        };
        let receiver = Receiver::Channel {
            key: key.to_owned(),
            service: match &channel.channel_type {
                // Nobody knows what the receiver is called.
                ChannelType::SignedWebhook => "signed webhook",
                other => other.form().service,
            },
            kind,
        };
        self.add(receiver, 1);
    }

    fn add(&mut self, receiver: Receiver, count: usize) {
        *self.0.entry(receiver).or_default() += count;
    }

    /// The total number of messages.
    pub fn messages(&self) -> usize {
        self.0.values().sum()
    }

    /// Each receiver with its number of messages.
    pub fn iter(&self) -> impl Iterator<Item = (&Receiver, usize)> {
        self.0.iter().map(|(receiver, count)| (receiver, *count))
    }
}

fn receiver(endpoint: &Endpoint) -> Receiver {
    match endpoint {
        Endpoint::Email(address) => Receiver::Email(address.clone()),
        Endpoint::Https(url) => Receiver::Https(host(url)),
        Endpoint::Sqs(arn) | Endpoint::Lambda(arn) => Receiver::Other(arn.clone()),
    }
}

/// The host of a URL, without a user and password before it.
fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_https_subscriber_is_known_by_its_host_alone() {
        assert_eq!(
            host("https://user:pass@events.example.com:8443/x?key=secret"),
            "events.example.com:8443"
        );
        assert_eq!(host("https://events.example.com"), "events.example.com");
    }
}
