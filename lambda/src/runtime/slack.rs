//! Posting one message to an incoming webhook.

use super::http::{Fault, Http};
use crate::{Form, Message, WebhookError, WebhookUrl};
use ::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ::http::{Request, Response, StatusCode};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::sleep;

/// Longest part of Slack's answer that is repeated; its own words, like `channel_is_archived`, are short.
const MAX_ANSWER: usize = 120;
/// Slack takes about one message a second for a webhook and says how long to wait. A longer wait is left
/// to whoever sends the alert again.
const PATIENCE: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 3;

/// Why Slack does not have the message. Never holds a part of the webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SlackError {
    #[error("Slack answers {status}: {answer}")]
    Refused { status: StatusCode, answer: String },
    #[error("Slack cannot be reached: {0}")]
    Unreachable(#[from] Fault),
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    #[error("the message cannot be written as JSON")]
    Unwritable,
}

impl SlackError {
    /// Whether the same message may arrive later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unreachable(_) => true,
            Self::Webhook(_) | Self::Unwritable => false,
        }
    }
}

/// Posts `message`. Tries again only when it is certain that Slack does not have the message yet: once if
/// no connection came about, and after the pause that Slack asks for, if it is short.
pub(super) async fn post(http: &Http, webhook: &WebhookUrl, message: &Message) -> Result<(), SlackError> {
    let body = match webhook.form() {
        Form::Message => serde_json::to_vec(message),
        Form::Workflow => serde_json::to_vec(&message.flat()),
    };
    let body = Bytes::from(body.map_err(|_| SlackError::Unwritable)?);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let answer = match http.send(request(webhook, body.clone())?).await {
            Err(Fault::Connect(_)) => http.send(request(webhook, body.clone())?).await?,
            other => other?,
        };
        if answer.status().is_success() {
            return Ok(());
        }
        match pause(&answer).filter(|pause| *pause <= PATIENCE && attempt < ATTEMPTS) {
            Some(pause) => sleep(pause).await,
            None => {
                return Err(SlackError::Refused {
                    status: answer.status(),
                    answer: quotable(webhook, &answer),
                });
            }
        }
    }
}

/// How long Slack wants to be left alone.
fn pause(answer: &Response<Bytes>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    (answer.status() == StatusCode::TOO_MANY_REQUESTS).then(|| Duration::from_secs(seconds))
}

fn request(webhook: &WebhookUrl, body: Bytes) -> Result<Request<Bytes>, WebhookError> {
    Request::post(webhook.expose()?)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body)
        .map_err(|_| WebhookError::Malformed)
}

/// What Slack says, on one short line, unless it says the address.
fn quotable(webhook: &WebhookUrl, answer: &Response<Bytes>) -> String {
    let text = String::from_utf8_lossy(answer.body());
    if webhook.appears_in(&text) {
        return "(an answer that repeats the webhook)".to_owned();
    }
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_ANSWER)
        .collect()
}
