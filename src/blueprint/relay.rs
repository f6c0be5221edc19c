//! The relay: the function that brings the messages of topics and rules to their channels.

use alertctl_relay::DEAD_LETTER_QUEUE;

use super::charts::may_read_metrics;
use super::environment::plain;
use super::function::{Duty, Function};
use super::organization::may_name_accounts;
use super::queues::{BATCH_TIMEOUT, Queue, SHORTEST};
use super::reminders::{may_find, reminds};
use super::{Addresses, Build};
use crate::aws::policy::Statement;
use crate::resource::Ref;
use crate::resource::kms::key::KmsKey;

/// The key of the relay's resources in the graph.
pub const RELAY: &str = "relay";

impl Build<'_> {
    /// Adds the relay if a topic or a rule of the stack goes to a channel, or if there is a queue to drain.
    pub(super) fn relay(&mut self, key: &Ref<KmsKey>, addresses: &Addresses) -> Option<Function> {
        let topics: Vec<_> = self
            .relayed_topics()
            .map(|(key, _)| self.names.topic_arn(key))
            .collect();
        let by_rules = self
            .rules
            .iter()
            .any(|rule| self.channels_in(&rule.rule.to).next().is_some());
        let queues = self.stack.channels.keys().chain(self.notified());
        let queues = self.queues(queues.chain(self.mailed()));
        if topics.is_empty() && !by_rules && queues.is_empty() {
            return None;
        }
        let names = self.names;
        // SNS needs permission to send undelivered messages to the dead-letter queue; Lambda sends with the
        // function's own role.
        let statement = Statement::allow("TopicsMayPark", &["sqs:SendMessage"])
            .service("sns.amazonaws.com")
            .on(names.dead_letters_arn(&names.function()));
        let statement = (!topics.is_empty()).then(|| {
            topics.into_iter().fold(statement, |statement, topic| {
                statement.when("ArnEquals", "aws:SourceArn", topic)
            })
        });
        let mut environment = plain([(DEAD_LETTER_QUEUE, names.dead_letters_arn(&names.function()))]);
        environment.extend(self.queue_variables(&queues));
        environment.extend(self.addresses(addresses, self.stack.channels.keys()));
        let settings = &self.stack.relay;
        let has_buffer = queues.iter().any(|queue| matches!(queue, Queue::Buffer(_)));
        let timeout = match has_buffer {
            true => settings.timeout.max(BATCH_TIMEOUT),
            false => settings.timeout.max(SHORTEST),
        };
        let mut may = vec![self.may_decrypt(key)];
        may.extend(self.may_defer(&queues));
        may.extend(
            self.incidents
                .as_ref()
                .filter(|_| reminds(self.stack))
                .map(may_find),
        );
        may.extend(self.may_snooze());
        may.extend(self.may_work_off(&queues));
        may.extend(may_read_metrics(self.stack));
        may.extend(self.may_read_lines());
        may.extend(may_name_accounts(self.stack));
        if queues.contains(&Queue::Retry) {
            // What a function could not publish waits in the retry queue; the mails of topics are the relay's own.
            may.extend(self.may_publish(self.notified().chain(self.mailed()), Some(key)));
        }
        Some(self.function(Duty {
            key: RELAY.to_owned(),
            name: names.function(),
            description: format!("alertctl stack {}: brings alerts to channels", self.stack.stack),
            memory_mb: settings.memory,
            timeout,
            environment,
            kms_key: Some(key),
            policy_name: RELAY,
            may,
            policy_after: vec![key.id().clone()],
            dead_letter_senders: Some(statement.into_iter().collect()),
            to: self.stack.channels.keys().cloned().collect(),
            queues,
            works_off: true,
            reserved_concurrency: settings.reserved_concurrency,
        }))
    }

    fn relayed_topics(&self) -> impl Iterator<Item = (&String, &crate::stack::Topic)> {
        self.stack.topics.iter().filter(|(_, topic)| !topic.to.is_empty())
    }
}
