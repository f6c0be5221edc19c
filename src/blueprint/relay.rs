//! The relay: the function that brings what topics and rules have to tell to Slack.

use super::function::{Duty, Function};
use super::{Build, Webhooks};
use crate::aws::policy::Statement;
use crate::resource::Ref;
use crate::resource::kms_key::KmsKey;

/// The key of the relay's resources in the graph.
const RELAY: &str = "relay";

impl Build<'_> {
    /// The relay, when a topic or a rule of the stack goes to a channel.
    pub(super) fn relay(&mut self, key: &Ref<KmsKey>, webhooks: &Webhooks) -> Option<Function> {
        let topics: Vec<_> = self
            .relayed_topics()
            .map(|(key, _)| self.names.topic_arn(key))
            .collect();
        let by_rules = self
            .rules
            .iter()
            .any(|rule| self.channels_in(&rule.rule.to).next().is_some());
        if topics.is_empty() && !by_rules {
            return None;
        }
        let names = self.names;
        // SNS may park what it could not hand over; Lambda parks by the function's own role.
        let park = Statement::allow("TopicsMayPark", &["sqs:SendMessage"])
            .service("sns.amazonaws.com")
            .on(names.dead_letters_arn(&names.function()));
        let park = (!topics.is_empty()).then(|| {
            topics
                .into_iter()
                .fold(park, |park, topic| park.when("ArnEquals", "aws:SourceArn", topic))
        });
        let environment = Self::webhooks(webhooks, self.stack.channels.keys());
        let settings = &self.stack.relay;
        Some(self.function(Duty {
            key: RELAY.to_owned(),
            name: names.function(),
            description: format!("alertctl stack {}: brings alerts to Slack", self.stack.stack),
            memory_mb: settings.memory,
            timeout: settings.timeout,
            environment,
            kms_key: Some(key),
            policy_name: RELAY,
            may: vec![self.may_decrypt(key)],
            needs: vec![key.id().clone()],
            parked_by: park.into_iter().collect(),
            reserved_concurrency: settings.reserved_concurrency,
        }))
    }

    fn relayed_topics(&self) -> impl Iterator<Item = (&String, &crate::stack::Topic)> {
        self.stack.topics.iter().filter(|(_, topic)| !topic.to.is_empty())
    }
}
