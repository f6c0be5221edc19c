//! Posts one message to an incoming webhook.
//!
//! Slack does not accept a message id from us. So after a broken connection or a missing response, nobody knows
//! whether Slack has the message. It is posted again anyway: a duplicate is better than a lost message.

use super::http::{Fault, Http};
use crate::destination::slack;
use crate::{Card, Form, WebhookError, WebhookUrl};
use ::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ::http::{Request, Response, StatusCode};
use bytes::Bytes;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Longest part of Slack's response that is quoted; its own answers, like `channel_is_archived`, are short.
const MAX_ANSWER: usize = 120;
/// Number of retries, unless Slack says how long to wait.
const RETRIES: u32 = 5;
/// The longest pause before the first retry; it doubles with each further retry.
const BACKOFF: Duration = Duration::from_millis(400);
const MAX_BACKOFF: Duration = PATIENCE;
/// The pause after a 429 that does not say how long to wait. Slack accepts about one message per second.
/// <https://docs.slack.dev/apis/web-api/rate-limits/>
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that an invocation waits for. A queue waits longer for less money.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time that an attempt needs; with less time left, none is started.
const ATTEMPT: Duration = Duration::from_millis(300);

/// Why Slack does not have the message. Never contains a part of the webhook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SlackError {
    #[error("Slack answers {status}: {answer}")]
    Refused {
        status: StatusCode,
        answer: String,
        /// How long Slack asks to wait.
        pause: Option<Duration>,
    },
    #[error("Slack cannot be reached: {0}")]
    Unreachable(#[from] Fault),
    #[error("Slack does not answer in the time there is")]
    Late,
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    #[error("the message cannot be written as JSON")]
    Unwritable,
}

impl SlackError {
    /// Whether a retry may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY
                    )
            }
            Self::Unreachable(_) | Self::Late => true,
            Self::Webhook(_) | Self::Unwritable => false,
        }
    }

    /// How long to wait before attempt `retry + 2`; `None` if there must not be another attempt.
    fn pause(&self, retry: u32) -> Option<Duration> {
        let asked = match self {
            Self::Refused { status, pause, .. } if *status == StatusCode::TOO_MANY_REQUESTS => {
                // Jitter, so that two functions that got the same pause do not retry at the same moment.
                return Some(pause.unwrap_or(DEFAULT_PAUSE) + random(BACKOFF));
            }
            Self::Refused { pause, .. } => pause.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let again = self.is_transient() && !matches!(self, Self::Late) && retry < RETRIES;
        // "Full jitter": a random part of a growing pause.
        // <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
        again.then(|| asked + random((BACKOFF * 2u32.pow(retry)).min(MAX_BACKOFF)))
    }
}

/// How a card is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// As the webhook wants it.
    Usual,
    /// As one text, because Slack refuses its blocks.
    Plain,
}

/// Posts `card` and retries where that may help: after the pause that Slack asks for, after errors of Slack
/// itself and after every connection failure, as long as the next attempt can end before `deadline`.
///
/// Also returns the number of retries.
pub(super) async fn post(
    http: &Http,
    webhook: &WebhookUrl,
    card: &Card,
    shape: Shape,
    deadline: Instant,
) -> (u32, Result<(), SlackError>) {
    let body = match (webhook.form(), shape) {
        (Form::Message, Shape::Usual) => serde_json::to_vec(&slack::message(card)),
        (Form::Message, Shape::Plain) => serde_json::to_vec(&slack::plain(card)),
        (Form::Workflow, _) => serde_json::to_vec(&slack::flat(card)),
    };
    let Ok(body) = body.map(Bytes::from) else {
        return (0, Err(SlackError::Unwritable));
    };
    let mut retry = 0;
    loop {
        let Err(error) = attempt(http, webhook, body.clone(), deadline).await else {
            return (retry, Ok(()));
        };
        match error.pause(retry) {
            Some(pause) if pause <= PATIENCE && Instant::now() + pause + ATTEMPT < deadline => {
                sleep(pause).await;
            }
            _ => return (retry, Err(error)),
        }
        retry += 1;
    }
}

async fn attempt(
    http: &Http,
    webhook: &WebhookUrl,
    body: Bytes,
    deadline: Instant,
) -> Result<(), SlackError> {
    let sending = http.send(request(webhook, body)?);
    let answer = timeout_at(deadline, sending)
        .await
        .map_err(|_| SlackError::Late)??;
    if answer.status().is_success() {
        return Ok(());
    }
    Err(SlackError::Refused {
        status: answer.status(),
        answer: quotable(webhook, &answer),
        pause: pause(&answer),
    })
}

fn pause(answer: &Response<Bytes>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse::<u32>();
    Some(Duration::from_secs(seconds.ok()?.into()))
}

fn random(limit: Duration) -> Duration {
    limit.mul_f64(fastrand::f64())
}

fn request(webhook: &WebhookUrl, body: Bytes) -> Result<Request<Bytes>, WebhookError> {
    Request::post(webhook.expose()?)
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(body)
        .map_err(|_| WebhookError::Malformed)
}

/// Slack's answer on one short line, unless it contains the webhook's address.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, pause: Option<u64>) -> SlackError {
        SlackError::Refused {
            status: StatusCode::from_u16(status).expect("a status"),
            answer: String::new(),
            pause: pause.map(Duration::from_secs),
        }
    }

    #[test]
    fn only_what_may_help_is_tried_again() {
        for status in [400, 401, 403, 404, 410, 302] {
            let error = refused(status, None);
            assert!(!error.is_transient() && error.pause(0).is_none(), "{status}");
        }
        for error in [refused(500, None), refused(408, None), Fault::Broken.into()] {
            assert!(error.is_transient());
            assert!(error.pause(0).is_some_and(|pause| pause <= BACKOFF));
            assert!(error.pause(RETRIES).is_none());
        }
        assert!(
            refused(503, Some(7))
                .pause(0)
                .is_some_and(|pause| pause.as_secs() == 7)
        );
        // Slack itself says when it accepts messages again, so the number of retries is not limited.
        let pause = refused(429, Some(9)).pause(100).expect("a pause");
        assert!((9..10).contains(&pause.as_secs()));
        assert!(
            refused(429, None)
                .pause(0)
                .is_some_and(|pause| pause >= DEFAULT_PAUSE)
        );
    }
}
