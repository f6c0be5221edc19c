//! Posting one message to an incoming webhook.

use super::http::{Fault, Http};
use crate::{Message, WebhookError, WebhookUrl};
use ::http::{Request, Response, StatusCode, header::CONTENT_TYPE};
use bytes::Bytes;

/// Longest part of Slack's answer that is repeated; its own words, like `channel_is_archived`, are short.
const MAX_ANSWER: usize = 120;

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

/// Posts `message`, trying a second time only if no connection came about, because only then it is
/// certain that Slack does not have the message yet.
pub(super) async fn post(http: &Http, webhook: &WebhookUrl, message: &Message) -> Result<(), SlackError> {
    let body = Bytes::from(serde_json::to_vec(message).map_err(|_| SlackError::Unwritable)?);
    let answer = match http.send(request(webhook, body.clone())?).await {
        Err(Fault::Connect(_)) => http.send(request(webhook, body)?).await?,
        other => other?,
    };
    if answer.status().is_success() {
        return Ok(());
    }
    Err(SlackError::Refused {
        status: answer.status(),
        answer: quotable(webhook, &answer),
    })
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
