//! Requests to a running local mode: messages from its inbox, events to its AWS.

use alertctl_relay::ChannelType;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::inbox::store::Message;
use super::{LocalError, Session, http, parts};

/// A rule of the local AWS that an event matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    pub rule: String,
    pub bus: String,
    pub region: String,
}

impl Session {
    /// The messages with a number above `seq`, oldest first, at most the newest 500.
    pub async fn messages_after(&self, seq: u64) -> Result<Vec<Message>, LocalError> {
        self.messages(&format!("after={seq}")).await
    }

    /// The number of the newest message, 0 if there is none.
    pub async fn last_seq(&self) -> Result<u64, LocalError> {
        Ok(self
            .messages("limit=1")
            .await?
            .last()
            .map_or(0, |message| message.seq))
    }

    /// Puts an EventBridge event on the default bus of `region`, as an AWS service does, and returns the rules
    /// that it matched. Fields of the event are kept; missing ones are generated.
    ///
    /// # Errors
    /// The JSON is not an event, or the local AWS does not answer.
    pub async fn send_event(&self, event: &Value, region: &str) -> Result<Vec<Matched>, LocalError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Answer {
            Matched(Vec<Matched>),
            Error(String),
        }
        let refused = |reason: String| LocalError::EventRefused {
            url: self.endpoint.clone(),
            reason,
        };
        let region = percent_encoding::utf8_percent_encode(region, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("/_alertctl/event?region={region}");
        let (_, answer) = http::post(
            self.emulator_port,
            &path,
            &event.to_string(),
            parts::ANSWER_PATIENCE,
        )
        .await
        .map_err(|error| refused(error.to_string()))?;
        match serde_json::from_slice(&answer) {
            Ok(Answer::Matched(rules)) => Ok(rules),
            Ok(Answer::Error(reason)) => Err(refused(reason)),
            Err(error) => Err(refused(error.to_string())),
        }
    }

    /// Posts a message to a channel's webhook of the inbox, as the relay posts it to Slack's.
    ///
    /// # Errors
    /// Slack would refuse the message (with Slack's code), or the inbox does not answer.
    pub async fn post(&self, channel: &str, message: &Value) -> Result<(), LocalError> {
        let webhook = self.address(channel, &ChannelType::Slack);
        let path = webhook.strip_prefix(&self.inbox).unwrap_or(&webhook);
        let posted = http::post(
            self.inbox_port,
            path,
            &message.to_string(),
            parts::ANSWER_PATIENCE,
        )
        .await;
        let (status, answer) = posted.map_err(|error| self.inbox_failed(error.to_string()))?;
        match status {
            200 => Ok(()),
            _ => Err(LocalError::MessageRefused {
                url: self.inbox.clone(),
                answer: format!("{status} {}", String::from_utf8_lossy(&answer).trim()),
            }),
        }
    }

    async fn messages(&self, query: &str) -> Result<Vec<Message>, LocalError> {
        let (_, body) = http::get(
            self.inbox_port,
            &format!("/messages?{query}"),
            parts::ANSWER_PATIENCE,
        )
        .await
        .map_err(|error| self.inbox_failed(error.to_string()))?;
        serde_json::from_slice(&body).map_err(|error| self.inbox_failed(error.to_string()))
    }

    fn inbox_failed(&self, reason: String) -> LocalError {
        LocalError::Inbox {
            url: self.inbox.clone(),
            reason,
        }
    }
}
