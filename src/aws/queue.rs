//! Receives messages from an SQS queue, and returns them.

use std::collections::BTreeMap;

use aws_sdk_sqs::types::{MessageSystemAttributeName as System, QueueAttributeName};

use super::call::Aws;
use super::fault::{Result, found, gone};

/// The maximum number of messages that SQS returns for one call.
const BATCH: usize = 10;
/// Seconds for which a received message is hidden from others, unless it is given back earlier.
const HIDDEN: i32 = 900;

/// A queue that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub name: String,
    url: String,
}

/// A received message, hidden from others for 15 minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub id: String,
    receipt: String,
    pub body: String,
    /// Text attributes by name, such as `ERROR_MESSAGE`.
    pub attributes: BTreeMap<String, String>,
    /// When it was sent to the queue, in milliseconds since 1970.
    pub sent: Option<i64>,
    /// How often it was received, including this time.
    pub times: u32,
}

impl Queue {
    /// The queue called `name` in the region of `aws`. `None` if there is none.
    pub async fn find(aws: &Aws, name: &str) -> Result<Option<Self>> {
        let request = aws.connection.clients.sqs.get_queue_url().queue_name(name);
        let answer = found(aws.call("sqs:GetQueueUrl", || request.clone().send()).await)?;
        Ok(answer.and_then(|answer| answer.queue_url).map(|url| Self {
            name: name.to_owned(),
            url,
        }))
    }

    /// `ApproximateNumberOfMessages`: about how many messages can be received now, without those in flight or delayed. 0 if the
    /// queue does not exist.
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html>
    pub async fn waiting(&self, aws: &Aws) -> Result<usize> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let request = aws.connection.clients.sqs.get_queue_attributes();
        let request = request.queue_url(&self.url).attribute_names(name.clone());
        let answer = found(
            aws.call("sqs:GetQueueAttributes", || request.clone().send())
                .await,
        )?;
        let attributes = answer.and_then(|answer| answer.attributes).unwrap_or_default();
        Ok(attributes
            .get(&name)
            .and_then(|count| count.parse().ok())
            .unwrap_or_default())
    }

    /// Receives up to `most` messages. One call returns at most ten. It asks all of SQS's servers only if it waits a
    /// moment, so a waiting call that returns nothing means that the queue is empty.
    pub async fn take(&self, aws: &Aws, most: usize) -> Result<Vec<Taken>> {
        let mut taken: Vec<Taken> = Vec::new();
        while taken.len() < most {
            let room = (most - taken.len()).min(BATCH);
            let request = aws.connection.clients.sqs.receive_message().queue_url(&self.url);
            let request = request
                .max_number_of_messages(i32::try_from(room).unwrap_or(1))
                .wait_time_seconds(1)
                .visibility_timeout(HIDDEN)
                .message_attribute_names("All")
                .message_system_attribute_names(System::SentTimestamp)
                .message_system_attribute_names(System::ApproximateReceiveCount);
            let batch = aws
                .call("sqs:ReceiveMessage", || request.clone().send())
                .await?
                .messages
                .unwrap_or_default();
            if batch.is_empty() {
                break;
            }
            for message in batch.into_iter().map(Taken::of) {
                // SQS may deliver a message twice. Only the newer receipt is valid.
                match taken.iter_mut().find(|known| known.id == message.id) {
                    Some(known) => *known = message,
                    None => taken.push(message),
                }
            }
        }
        Ok(taken)
    }

    /// Makes a message visible to others again at once. It is no error if the message is gone.
    pub async fn give_back(&self, aws: &Aws, message: &Taken) -> Result<()> {
        let request = aws.connection.clients.sqs.change_message_visibility();
        let request = request.queue_url(&self.url).receipt_handle(&message.receipt);
        let request = request.visibility_timeout(0);
        match aws
            .call("sqs:ChangeMessageVisibility", || request.clone().send())
            .await
        {
            // The visibility timeout is over, so the message is visible already.
            Err(fault) if fault.is(&["MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"]) => {
                Ok(())
            }
            other => gone(other),
        }
    }

    /// Deletes a message.
    pub async fn delete(&self, aws: &Aws, message: &Taken) -> Result<()> {
        let request = aws.connection.clients.sqs.delete_message();
        let request = request.queue_url(&self.url).receipt_handle(&message.receipt);
        aws.call("sqs:DeleteMessage", || request.clone().send())
            .await
            .map(drop)
    }
}

impl Taken {
    fn of(message: aws_sdk_sqs::types::Message) -> Self {
        let system = message.attributes.unwrap_or_default();
        let number = |name: &System| system.get(name)?.parse::<i64>().ok();
        let attributes = message.message_attributes.unwrap_or_default();
        Self {
            sent: number(&System::SentTimestamp),
            times: number(&System::ApproximateReceiveCount)
                .and_then(|times| u32::try_from(times).ok())
                .unwrap_or(1),
            id: message.message_id.unwrap_or_default(),
            receipt: message.receipt_handle.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            attributes: attributes
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.string_value?)))
                .collect(),
        }
    }
}
