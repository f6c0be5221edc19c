//! What a service is asked, and what its answers mean.

use std::fmt;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Request, StatusCode, Uri};
use jiff::Timestamp;
use serde::Serialize;

use super::address::{Address, Form};
use super::living::Living;
use super::shape::Shape;
use crate::card::Card;

/// Why a service did not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It gets more messages than it takes, and will take this one later.
    Throttled,
    /// It fails itself, or asks to be asked again.
    Failing,
    /// It does not accept the message's form.
    Malformed,
    /// The message that the request is about is gone.
    Gone,
    /// A person has to do something: the channel or its address is gone, for instance.
    Denied,
}

/// A service's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub why: Why,
    /// How long the service asks to wait.
    pub pause: Option<Duration>,
}

/// A question that shows whether a service would take a message.
#[derive(Debug)]
pub enum Probe {
    /// The service takes it, and does nothing.
    Harmless(Request<Vec<u8>>),
    /// A message without content, whose form the service refuses, if it finds nothing else wrong.
    Empty(Request<Vec<u8>>),
}

/// A channel's way to its service: makes requests, and understands the answers. Sends nothing itself.
pub trait Post: fmt::Debug + Send + Sync {
    /// What addresses of the service look like, and its name.
    fn form(&self) -> &'static Form;

    fn address(&self) -> &Address;

    /// The request that shows `card`.
    fn request(&self, card: &Card, shape: Shape) -> Request<Vec<u8>>;

    /// A question that shows whether the service would take a message, and posts none. `None` if the service has no such.
    fn probe(&self) -> Option<Probe> {
        None
    }

    /// Adds to a request what each attempt has anew, such as a signature with its time.
    fn sign(&self, _headers: &mut HeaderMap, _body: &[u8], _now: Timestamp) {}

    /// Whether the service took the message.
    ///
    /// # Errors
    /// It did not.
    fn judge(&self, status: StatusCode, headers: &HeaderMap, _body: &[u8]) -> Result<(), Refused> {
        by_status(status, headers)
    }

    /// What the service says in an answer, if that is a part of it.
    fn words(&self, _body: &[u8]) -> Option<String> {
        None
    }

    /// The service, if its messages can be updated.
    fn living(&self) -> Option<&dyn Living> {
        None
    }

    /// Whether the address may have any host. Then the way there must not lead into a private network.
    fn is_anywhere(&self) -> bool {
        false
    }

    /// Whether a message that is refused for its form can be sent in a simpler one.
    fn has_plain(&self) -> bool {
        true
    }
}

impl From<Why> for Refused {
    fn from(why: Why) -> Self {
        Self { why, pause: None }
    }
}

/// What most services mean by a status.
///
/// # Errors
/// The status is not one of success.
pub(super) fn by_status(status: StatusCode, headers: &HeaderMap) -> Result<(), Refused> {
    let why = match status {
        _ if status.is_success() => return Ok(()),
        StatusCode::TOO_MANY_REQUESTS => Why::Throttled,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => Why::Failing,
        StatusCode::BAD_REQUEST => Why::Malformed,
        _ if status.is_server_error() => Why::Failing,
        _ => Why::Denied,
    };
    Err(Refused {
        why,
        pause: retry_after(headers),
    })
}

/// The pause that an answer asks for.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse::<u32>();
    Some(Duration::from_secs(seconds.ok()?.into()))
}

/// A POST with JSON.
pub(super) fn json(uri: Uri, body: &impl Serialize) -> Request<Vec<u8>> {
    // Cannot fail: every key is a text, and every value can be serialised.
    let mut request = Request::new(serde_json::to_vec(body).unwrap_or_default());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = uri;
    let json = http::HeaderValue::from_static("application/json; charset=utf-8");
    request.headers_mut().insert(CONTENT_TYPE, json);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_help_is_tried_again() {
        let why = |status: u16| {
            let status = StatusCode::from_u16(status).expect("a status");
            by_status(status, &HeaderMap::new()).map_err(|refused| refused.why)
        };
        assert_eq!(
            (why(200), why(202), why(400)),
            (Ok(()), Ok(()), Err(Why::Malformed))
        );
        assert_eq!(why(429), Err(Why::Throttled));
        for status in [408, 425, 500, 503] {
            assert_eq!(why(status), Err(Why::Failing), "{status}");
        }
        for status in [302, 401, 403, 404, 410] {
            assert_eq!(why(status), Err(Why::Denied), "{status}");
        }
    }

    #[test]
    fn a_pause_is_in_seconds() {
        let pause = |text: &'static str| {
            let value = http::HeaderValue::from_static(text);
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
        };
        assert_eq!(pause("7"), Some(Duration::from_secs(7)));
        assert_eq!(pause("Wed, 21 Oct 2026 07:28:00 GMT"), None);
    }
}
