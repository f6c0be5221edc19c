//! Sends messages to a queue: a channel's buffer, or the dead-letter queue.

use super::Network;
use super::aws::{Call, Service};
use super::destinations::Refusal;
use crate::Queue;
use crate::contract::Envelope;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

/// Attempts to send, if the time allows, with pauses of up to 1, 2, 4 … s between them.
const ATTEMPTS: u32 = 5;

pub(super) struct Outbox(Queue);

impl Outbox {
    pub fn new(queue: Queue) -> Self {
        Self(queue)
    }

    pub fn is(&self, queue: &Queue) -> bool {
        self.0 == *queue
    }

    /// Puts `envelope` into the queue before `deadline`.
    pub async fn send(
        &self,
        envelope: &Envelope,
        network: &Network,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let aws = network.aws();
        let input = json!({ "QueueUrl": self.0.url(aws.endpoint()), "MessageBody": envelope.text() });
        let call = Call::json(Service::SQS, "SendMessage", &input).attempts(ATTEMPTS);
        match timeout_at(deadline, aws.call(&self.0.region, &call)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Refusal::by("SQS", &error)),
            Err(_) => Err(Refusal::transient(
                "SQS does not answer in the time there is".to_owned(),
            )),
        }
    }
}
