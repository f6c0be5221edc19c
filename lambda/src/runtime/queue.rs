//! The stack's queues, as the relay uses them: it puts envelopes into a channel's buffer, the retry queue and the
//! dead-letter queue, and puts off what it was given from the first two.

use super::Network;
use super::aws::{AwsError, Call, Service};
use super::refusal::Refusal;
use crate::Queue;
use crate::contract::Envelope;
use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Attempts to send, if the time allows, with pauses of up to 1, 2, 4 … s between them.
const ATTEMPTS: u32 = 5;
/// Entries that one call of SQS takes.
const ENTRIES: usize = 10;
/// SQS's longest delay of a new message.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
const LONGEST_DELAY: Duration = Duration::from_secs(900);

/// A queue that messages are put into, as many a request as SQS takes.
pub(super) struct Outbox(Queue);

/// A message that SQS delivered, and when it shall do so again.
pub(super) struct PutOff {
    pub receipt: String,
    /// From now; at least one second, because SQS counts in seconds.
    pub due: Duration,
}

impl Outbox {
    pub fn new(queue: Queue) -> Self {
        Self(queue)
    }

    pub fn is(&self, queue: &Queue) -> bool {
        self.0 == *queue
    }

    /// Puts `envelope` into the queue before `deadline`; SQS delivers it after `delay`.
    pub async fn send(
        &self,
        envelope: &Envelope,
        delay: Duration,
        network: &Network,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let mut input = json!({ "MessageBody": envelope.text() });
        let delay = seconds(delay.min(LONGEST_DELAY));
        if delay > 0 {
            input["DelaySeconds"] = delay.into();
        }
        let sent = self.call("SendMessage", input, network, deadline).await;
        sent.map(drop)
    }

    /// Makes SQS deliver each of `messages` again when it is due, instead of when the queue's visibility timeout is over.
    /// A message whose time cannot be set stays hidden for that timeout, and so is only late.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html>
    pub async fn put_off(
        &self,
        messages: &[PutOff],
        network: &Network,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let calls = messages.chunks(ENTRIES).map(|chunk| {
            let entries = chunk.iter().enumerate().map(|(index, message)| {
                json!({
                    "Id": index.to_string(),
                    "ReceiptHandle": message.receipt,
                    "VisibilityTimeout": seconds(message.due).max(1),
                })
            });
            let input = json!({ "Entries": entries.collect::<Value>() });
            self.call("ChangeMessageVisibilityBatch", input, network, deadline)
        });
        for answer in join_all(calls).await {
            let answer: Value = serde_json::from_slice(&answer?).unwrap_or_default();
            if let Some(failed) = answer.pointer("/Failed/0/Code").and_then(Value::as_str) {
                return Err(Refusal::transient(format!("SQS answers {failed}")));
            }
        }
        Ok(())
    }

    async fn call(
        &self,
        operation: &'static str,
        mut input: Value,
        network: &Network,
        deadline: Instant,
    ) -> Result<Bytes, Refusal> {
        let aws = network.aws();
        input["QueueUrl"] = self.0.url(aws.endpoint()).into();
        let call = Call::json(Service::SQS, operation, &input).attempts(ATTEMPTS);
        match timeout_at(deadline, aws.call(&self.0.region, &call)).await {
            Ok(outcome) => outcome.map_err(|error: AwsError| Refusal::by("SQS", &error)),
            Err(_) => Err(Refusal::transient(
                "SQS does not answer in the time there is".to_owned(),
            )),
        }
    }
}

/// Whole seconds, rounded up: what is delivered too early would only be put off again.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}
