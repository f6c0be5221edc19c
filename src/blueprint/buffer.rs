//! Buffers: a queue in front of a channel, which the relay works off in batches, so that a storm of alerts waits
//! its turn.

use std::collections::BTreeMap;

use alertctl_relay::BUFFERS;

use super::Build;
use super::function::{Function, plain};
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::resource::lambda_event_source_mapping::LambdaEventSourceMapping;
use crate::resource::lambda_function::EnvValue;
use crate::resource::sqs_queue::{Redelivery, SqsQueue};
use crate::resource::{NodeId, Ref, Resource};

/// Seconds that the relay needs at least for a batch: a few posts at Slack's pace, and once the half minute that
/// Slack may tell it to wait.
pub(super) const BATCH_TIMEOUT: i32 = 60;
/// As long as SQS keeps anything: 14 days.
const RETENTION: i32 = 1_209_600;
/// A message that comes back all the time is parked after a week. One in the dead-letter queue is as old as it was
/// here: so another week is left to look at it.
const PARKED_AFTER: i32 = RETENTION / 2;
/// The most that SQS counts.
const RECEIVES: i32 = 1000;
/// A batch may become one digest.
const BATCH_SIZE: i32 = 100;
/// Seconds; AWS wants one for batches of more than 10.
const BATCHING_WINDOW: i32 = 1;
/// The fewest that AWS takes. Each of them keeps to its share of the channel's pace.
const CONCURRENCY: i32 = 2;

impl Build<'_> {
    /// Those of the stack's channels that have a buffer.
    pub(super) fn buffered(&self) -> Vec<String> {
        self.buffered_in(self.stack.channels.keys())
    }

    /// Those of `channels` that have a buffer.
    pub(super) fn buffered_in<'c>(&self, channels: impl IntoIterator<Item = &'c String>) -> Vec<String> {
        let has = |key: &&String| {
            let channel = self.stack.channels.get(*key);
            channel.is_some_and(|channel| channel.buffer.is_some())
        };
        channels.into_iter().filter(has).cloned().collect()
    }

    /// The queue in front of `channel`, which a function with this `timeout` works off. What comes back too often
    /// goes to `dead_letters`, whose ARN stands behind it.
    pub(super) fn buffer(
        &mut self,
        channel: &str,
        (dead_letters, arn): (&Ref<SqsQueue>, Text),
        timeout: i32,
    ) -> Ref<SqsQueue> {
        let (key, name) = (buffer_key(channel), self.names.buffer(channel));
        self.watched.buffers.push((key.clone(), name.clone()));
        // AWS's advice: Lambda then has the time to try again while the function is throttled.
        let visibility_seconds = 6 * timeout;
        self.graph.add_after(
            &key,
            SqsQueue {
                name,
                retention_seconds: RETENTION,
                policy: None,
                // High, so that Slack may be away for days: what Slack refuses for good the relay parks itself.
                redelivery: Some(Redelivery {
                    visibility_seconds,
                    dead_letter_queue: arn,
                    max_receive_count: (PARKED_AFTER / visibility_seconds).clamp(1, RECEIVES),
                }),
                tags: self.tags::<SqsQueue>(&key),
            },
            vec![dead_letters.id().clone()],
        )
    }

    /// Has `function` work off the buffer of `channel`.
    pub(super) fn work_off(&mut self, channel: &str, queue: Ref<SqsQueue>, function: &Function) {
        let key = buffer_key(channel);
        self.graph.add_after(
            &key,
            LambdaEventSourceMapping {
                queue,
                function: function.function.clone(),
                batch_size: BATCH_SIZE,
                batching_window_seconds: BATCHING_WINDOW,
                maximum_concurrency: CONCURRENCY,
                tags: self.tags::<LambdaEventSourceMapping>(&key),
            },
            function.after.clone(),
        );
    }

    /// Where a function finds the buffers of `channels`: a JSON object from channel to ARN.
    pub(super) fn buffers(&self, channels: &[String]) -> BTreeMap<String, EnvValue> {
        if channels.is_empty() {
            return BTreeMap::new();
        }
        let arns = channels
            .iter()
            .map(|channel| (channel.as_str(), self.names.buffer_arn(channel)));
        plain([(BUFFERS, Text::json_object(arns))])
    }

    /// Lets a function put messages into the buffers of `channels`.
    pub(super) fn may_buffer(&self, channels: &[String]) -> Option<Statement> {
        self.on_buffers(Statement::allow("Buffer", &["sqs:SendMessage"]), channels)
    }

    /// Lets Lambda read the buffers of `channels` for a function, and the function put off what it cannot deliver
    /// yet. Source: AWS Lambda Developer Guide, "Configuring execution role permissions" for Amazon SQS.
    pub(super) fn may_work_off(&self, channels: &[String]) -> Option<Statement> {
        let actions = [
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        ];
        self.on_buffers(Statement::allow("WorkOffBuffers", &actions), channels)
    }

    fn on_buffers(&self, allow: Statement, channels: &[String]) -> Option<Statement> {
        let arns = channels.iter().map(|channel| self.names.buffer_arn(channel));
        (!channels.is_empty()).then(|| arns.fold(allow, Statement::on))
    }
}

/// The nodes of these buffers, which are built with the relay.
pub(super) fn buffer_nodes(channels: &[String]) -> Vec<NodeId> {
    let node = |channel: &String| NodeId {
        kind: SqsQueue::KIND,
        key: buffer_key(channel),
    };
    channels.iter().map(node).collect()
}

/// The key of a buffer's resources in the graph.
fn buffer_key(channel: &str) -> String {
    format!("buffer.{channel}")
}
