//! Posts one message to a service over HTTP.
//!
//! Most services do not accept a message id from us. So after a broken connection or a missing response, nobody knows
//! whether the service has the message. It is posted again anyway: a duplicate is better than a lost message.

use super::http::{Fault, Http};
use super::refusal::Refusal;
use crate::destination::{Post, Refused, Why};
use ::http::{Request, StatusCode};
use bytes::Bytes;
use jiff::Timestamp;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Longest part of a service's response that is quoted; Slack's own, like `channel_is_archived`, are short.
const MAX_ANSWER: usize = 120;
/// Number of retries, unless the service says how long to wait.
const RETRIES: u32 = 5;
/// The longest pause before the first retry; it doubles with each further retry.
const BACKOFF: Duration = Duration::from_millis(400);
const MAX_BACKOFF: Duration = PATIENCE;
/// The pause after a 429 that does not say how long to wait. Slack and Google Chat accept one message per second.
/// <https://docs.slack.dev/apis/web-api/rate-limits/>
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause that an invocation waits for. A queue waits longer for less money.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time that an attempt needs; with less time left, none is started.
const ATTEMPT: Duration = Duration::from_millis(300);

/// Why a service does not have the message. Never contains a part of its address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PostError {
    #[error("{service} answers {status}: {answer}")]
    Refused {
        service: &'static str,
        status: StatusCode,
        answer: String,
        refused: Refused,
    },
    #[error("{0} cannot be reached: {1}")]
    Unreachable(&'static str, Fault),
    #[error("{0} does not answer in the time there is")]
    Late(&'static str),
}

impl PostError {
    /// Whether a retry may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { refused, .. } => matches!(refused.why, Why::Throttled | Why::Failing),
            // Who set up the address has to mend it.
            Self::Unreachable(_, fault) => *fault != Fault::Private,
            Self::Late(_) => true,
        }
    }

    /// Whether the message that the request was about is gone.
    pub fn is_gone(&self) -> bool {
        self.is_because(Why::Gone)
    }

    /// Whether the service refuses for this reason.
    pub fn is_because(&self, why: Why) -> bool {
        matches!(self, Self::Refused { refused, .. } if refused.why == why)
    }

    /// Whether the service may have taken the message nevertheless.
    pub fn is_unsure(&self) -> bool {
        match self {
            Self::Refused { status, refused, .. } => {
                status.is_server_error() || (status.is_success() && refused.why == Why::Failing)
            }
            Self::Unreachable(_, fault) => !matches!(fault, Fault::Connect(_) | Fault::Tls),
            Self::Late(_) => true,
        }
    }

    /// How long to wait before attempt `retry + 2`; `None` if there must not be another attempt.
    fn pause(&self, retry: u32) -> Option<Duration> {
        let asked = match self {
            Self::Refused { refused, .. } if refused.why == Why::Throttled => {
                // Jitter, so that two functions that got the same pause do not retry at the same moment.
                return Some(refused.pause.unwrap_or(DEFAULT_PAUSE) + random(BACKOFF));
            }
            Self::Refused { refused, .. } => refused.pause.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let again = self.is_transient() && !matches!(self, Self::Late(_)) && retry < RETRIES;
        // "Full jitter": a random part of a growing pause.
        // <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>
        again.then(|| asked + random((BACKOFF * 2u32.pow(retry)).min(MAX_BACKOFF)))
    }
}

impl From<PostError> for Refusal {
    fn from(error: PostError) -> Self {
        let (status, pause, malformed) = match &error {
            PostError::Refused { status, refused, .. } => (
                Some(status.as_u16()),
                refused.pause,
                refused.why == Why::Malformed,
            ),
            _ => (None, None, false),
        };
        Self {
            malformed,
            transient: error.is_transient(),
            reason: error.to_string(),
            status,
            pause,
            ..Self::default()
        }
    }
}

/// When a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Whenever that may help, even if the service may have taken it: twice is better than never.
    Always,
    /// Only if the service did not take it: who asks can find out.
    IfSure,
}

/// Sends a request and retries where that may help: after the pause that the service asks for, after errors of the service
/// itself and after every connection failure, as long as the next attempt can end before `deadline`.
///
/// Returns the number of retries, and the service's answer.
pub(super) async fn send(
    http: &Http,
    service: &dyn Post,
    request: Request<Vec<u8>>,
    again: Again,
    deadline: Instant,
) -> (u32, Result<Bytes, PostError>) {
    let request = request.map(Bytes::from);
    let mut retry = 0;
    let mut before = None;
    loop {
        let error = match attempt(http, service, &request, deadline).await {
            Ok(answer) => return (retry, Ok(answer)),
            // Why it was sent again says more than that the last attempt came to no end.
            Err(PostError::Late(name)) => {
                let error = before.filter(|_| again == Again::Always);
                return (retry, Err(error.unwrap_or(PostError::Late(name))));
            }
            Err(error) => error,
        };
        if again == Again::IfSure && error.is_unsure() {
            return (retry, Err(error));
        }
        match error.pause(retry) {
            Some(pause) if pause <= PATIENCE && Instant::now() + pause + ATTEMPT < deadline => {
                sleep(pause).await;
            }
            _ => return (retry, Err(error)),
        }
        before = Some(error);
        retry += 1;
    }
}

async fn attempt(
    http: &Http,
    service: &dyn Post,
    request: &Request<Bytes>,
    deadline: Instant,
) -> Result<Bytes, PostError> {
    let name = service.form().service;
    let mut request = request.clone();
    let body = request.body().clone();
    service.sign(request.headers_mut(), &body, Timestamp::now());
    let sent = async {
        match service.is_anywhere() {
            true => http.send_abroad(request).await,
            false => http.send(request).await,
        }
    };
    let answer = timeout_at(deadline, sent)
        .await
        .map_err(|_| PostError::Late(name))?
        .map_err(|fault| PostError::Unreachable(name, fault))?;
    let judged = service.judge(answer.status(), answer.headers(), answer.body());
    match judged {
        Ok(()) => Ok(answer.into_body()),
        Err(refused) => Err(PostError::Refused {
            service: name,
            status: answer.status(),
            answer: quotable(service, answer.body()),
            refused,
        }),
    }
}

fn random(limit: Duration) -> Duration {
    limit.mul_f64(fastrand::f64())
}

/// A service's answer on one short line, unless it contains the channel's address.
fn quotable(service: &dyn Post, answer: &[u8]) -> String {
    let words = service.words(answer);
    let text = words.map_or_else(|| String::from_utf8_lossy(answer), Into::into);
    if service.address().appears_in(&text) {
        return format!("(an answer that repeats the {})", service.form().name);
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
    use crate::destination::{Address, AllowLoopback, Shape, signed_webhook};
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    fn refused(why: Why, pause: Option<u64>) -> PostError {
        PostError::Refused {
            service: "Slack",
            status: StatusCode::IM_A_TEAPOT,
            answer: String::new(),
            refused: Refused {
                why,
                pause: pause.map(Duration::from_secs),
            },
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_into_a_private_network_is_not_asked() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let address = listener.local_addr().expect("its address");
        let text = format!("http://localhost:{}/secret", address.port());
        let form = &signed_webhook::WEBHOOK;
        // As if the name were one of the internet, and had become one of this machine.
        let address = Address::parse(&text, form, AllowLoopback::Yes).expect("an address");
        let webhook = |loopback| signed_webhook::Webhook {
            address: address.clone(),
            loopback,
        };
        let card = compose(&read(&json!({ "any": 1 }))[0], &Settings::default());
        let http = Http::new();
        let try_once = async |webhook: &dyn Post, time| {
            let deadline = Instant::now() + time;
            let request = webhook.request(&card, Shape::Usual);
            let (retries, outcome) = send(&http, webhook, request, Again::Always, deadline).await;
            (retries, outcome.expect_err("nobody answers"))
        };
        let (retries, refused) = try_once(&webhook(AllowLoopback::No), Duration::from_secs(20)).await;
        assert_eq!(
            refused.to_string(),
            "the receiver cannot be reached: its host is in a private network"
        );
        assert!(retries == 0 && !refused.is_transient());
        let (_, late) = try_once(&webhook(AllowLoopback::Yes), Duration::from_millis(400)).await;
        assert_eq!(late, PostError::Late("the receiver"));
    }

    #[test]
    fn only_what_may_help_is_tried_again() {
        for why in [Why::Malformed, Why::Denied] {
            let error = refused(why, None);
            assert!(!error.is_transient() && error.pause(0).is_none(), "{why:?}");
        }
        for error in [
            refused(Why::Failing, None),
            PostError::Unreachable("Slack", Fault::Broken),
        ] {
            assert!(error.is_transient());
            assert!(error.pause(0).is_some_and(|pause| pause <= BACKOFF));
            assert!(error.pause(RETRIES).is_none());
        }
        let asked = refused(Why::Failing, Some(7)).pause(0);
        assert!(asked.is_some_and(|pause| pause.as_secs() == 7));
        // The service itself says when it accepts messages again, so the number of retries is not limited.
        let pause = refused(Why::Throttled, Some(9)).pause(100).expect("a pause");
        assert!((9..10).contains(&pause.as_secs()));
        assert!(
            refused(Why::Throttled, None)
                .pause(0)
                .is_some_and(|pause| pause >= DEFAULT_PAUSE)
        );
    }
}
