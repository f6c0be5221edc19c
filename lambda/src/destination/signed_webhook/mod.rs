//! A webhook of any receiver: requests are signed by Standard Webhooks, and their bodies are `CloudEvents`.
//!
//! - <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>
//! - <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>
//! - <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md>

mod event;
mod sign;

pub use event::{Event, event, fit};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use jiff::Timestamp;

use super::address::{Address, AllowLoopback, Form, Rule};
use super::post::{Post, Refused, Why, by_status, json, retry_after};
use super::shape::Shape;
use crate::card::Card;

/// The URL, and after it the secrets that sign what is sent there.
pub static WEBHOOK: Form = Form {
    service: "the receiver",
    name: "webhook",
    example: "https://… whsec_…",
    page: "the receiver's settings",
    rule: Rule::Signed {
        fits: sign::is_secret,
        is: "`whsec_` and the Base64 of 24 to 64 bytes",
        // While one replaces the other.
        most: 2,
    },
};

/// What can be mentioned, for people.
pub const MENTIONS: &str = "a signed webhook passes on every text of up to 64 letters, digits and `@<>&!._:/+-`, and its \
                            receiver decides whom that calls";

/// Longest text that is passed on.
const MAX_MENTION: usize = 64;

/// Stands for the secret beside an emulator.
const LOCAL: &str = "whsec_YWxlcnRjdGwsIGJlc2lkZSBhbiBlbXVsYXRvcg==";

/// The same for all tries of a message. Receivers recognise by it what they already have.
const ID: &str = "webhook-id";
/// When this try is made, in seconds since 1970. Receivers refuse what is older than some minutes.
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// Whether a mention of the stack file is passed on.
pub fn is_mention(who: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@<>&!._:/+-".contains(&byte);
    (1..=MAX_MENTION).contains(&who.len()) && who.bytes().all(plain)
}

/// A webhook of any receiver.
#[derive(Debug)]
pub struct Webhook {
    pub address: Address,
    /// Beside an emulator, a receiver may be in a private network.
    pub loopback: AllowLoopback,
}

impl Post for Webhook {
    fn form(&self) -> &'static Form {
        &WEBHOOK
    }

    fn address(&self) -> &Address {
        &self.address
    }

    fn request(&self, card: &Card, _: Shape) -> Request<Vec<u8>> {
        let event = event(card);
        let mut request = json(self.address.as_url(), &event);
        let headers = request.headers_mut();
        let kind = HeaderValue::from_static("application/cloudevents+json; charset=utf-8");
        headers.insert(CONTENT_TYPE, kind);
        // Always possible: an id has only digits and letters.
        if let Ok(id) = HeaderValue::from_str(event.id()) {
            headers.insert(ID, id);
        }
        request
    }

    /// With both secrets while one replaces the other, so that the receiver can change when it likes.
    fn sign(&self, headers: &mut HeaderMap, body: &[u8], now: Timestamp) {
        let seconds = now.as_second();
        headers.insert(TIMESTAMP, seconds.into());
        let id = headers
            .get(ID)
            .and_then(|id| id.to_str().ok())
            .unwrap_or_default();
        let mut secrets: Vec<_> = self.address.secrets().collect();
        if secrets.is_empty() {
            secrets.push(LOCAL);
        }
        let signatures = secrets
            .iter()
            .filter_map(|secret| sign::signature(secret, id, seconds, body));
        let signatures = signatures.collect::<Vec<_>>().join(" ");
        if let Ok(value) = HeaderValue::from_str(&signatures) {
            headers.insert(SIGNATURE, value);
        }
    }

    /// 410 and a redirection need a person: the receiver wants no more, or is elsewhere.
    fn judge(&self, status: StatusCode, headers: &HeaderMap, _: &[u8]) -> Result<(), Refused> {
        match status {
            // A digest that is too large, or has something in it that the receiver cannot read, is sent alert by alert.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => Err(Refused {
                why: Why::Malformed,
                pause: retry_after(headers),
            }),
            _ => by_status(status, headers),
        }
    }

    fn is_anywhere(&self) -> bool {
        self.loopback == AllowLoopback::No
    }

    /// An event has one form.
    fn has_plain(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
