//! Requests to a running local mode: messages from its inbox, events to its AWS.

use alertctl_relay::{AllowLoopback, Card, ChannelType, Shape};
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

    /// Posts a card to a channel's address of the inbox, as the relay posts it to the service.
    ///
    /// # Errors
    /// The service would refuse the message (with its code), or the inbox does not answer.
    pub async fn post(&self, channel: &str, service: &ChannelType, card: &Card) -> Result<(), LocalError> {
        let address = self.address(channel, service);
        let service = service.open(&address, AllowLoopback::Yes);
        let service = service.map_err(|error| self.inbox_failed(error.to_string()))?;
        let request = service.request(card, Shape::Usual);
        let body = String::from_utf8_lossy(request.body());
        let path = request.uri().path();
        let posted = http::post(self.inbox_port, path, &body, parts::ANSWER_PATIENCE).await;
        let (status, answer) = posted.map_err(|error| self.inbox_failed(error.to_string()))?;
        match status {
            200..300 => Ok(()),
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
