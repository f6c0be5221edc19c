//! Sending to a queue: a channel's buffer, or the one for dead letters.

use super::Network;
use super::aws::refusal;
use super::destinations::Refusal;
use crate::Queue;
use crate::envelope::Envelope;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use std::sync::OnceLock;
use tokio::time::{Instant, timeout_at};

/// Attempts at sending, as far as the time allows: a pause before each of up to 1, 2, 4 … s.
const ATTEMPTS: u32 = 5;

/// A queue, and its client once it was needed.
pub(super) struct Outbox {
    queue: Queue,
    client: OnceLock<Client>,
}

impl Outbox {
    pub fn new(queue: Queue) -> Self {
        Self {
            queue,
            client: OnceLock::new(),
        }
    }

    pub fn is(&self, queue: &Queue) -> bool {
        self.queue == *queue
    }

    /// Puts `envelope` into the queue before `deadline`.
    pub async fn send(
        &self,
        envelope: &Envelope,
        network: &Network,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let client = self.client.get_or_init(|| {
            let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS);
            let config = network.config(&self.queue.region).into_builder();
            Client::new(&config.retry_config(retries).build())
        });
        let message = client
            .send_message()
            .queue_url(self.queue.url(network.endpoint()))
            .message_body(envelope.text());
        match timeout_at(deadline, message.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refusal("SQS", &error)),
            Err(_) => Err(Refusal::transient(
                "SQS does not answer in the time there is".to_owned(),
            )),
        }
    }
}
