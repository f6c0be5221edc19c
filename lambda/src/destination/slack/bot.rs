//! A Slack app with a bot token. Its messages can be updated, and have threads.
//!
//! Slack answers a call that it refuses with 200 and `"ok":false`. Each method has its own errors:
//! <https://docs.slack.dev/reference/methods/chat.postMessage>.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Message, SERVICE, buttons, markup, message, plain, press};
use crate::card::{Card, Care};
use crate::contract::Locale;
use crate::destination::address::{Address, Form, Rule, Second};
use crate::destination::living::{Header, Living, MessageId, Pictures, Pressed, Unsigned};
use crate::destination::post::{self, Post, Probe, Refused, Why};
use crate::destination::shape::Shape;
use crate::phrase::Phrase;

/// A bot token.
pub static BOT: Form = Form {
    service: SERVICE,
    name: "bot token",
    example: "xoxb-…",
    page: "the app's page `OAuth & Permissions` in Slack, `Bot User OAuth Token`",
    rule: Rule::Key {
        fits: |text| {
            let rest = text.strip_prefix("xoxb-").unwrap_or_default();
            rest.len() >= 16
                && rest
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        },
        is: "a bot token, which begins with `xoxb-`",
        second: Some(Second {
            fits: press::is_secret,
            is: "the app's signing secret, 32 hexadecimal digits",
        }),
    },
};

/// By which the app finds its own message again.
const EVENT_TYPE: &str = "alertctl_incident";
/// Slack fails or is busy, and may do it later.
const AGAIN: [&str; 9] = [
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "org_login_required",
    "external_channel_migrating",
    "ekm_access_denied",
    "accesslimited",
];
/// It refuses the message's form.
const MALFORMED: [&str; 12] = [
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_attachments",
    "msg_blocks_too_long",
    "msg_too_long",
    "no_text",
    "too_many_attachments",
    "attachment_payload_limit_exceeded",
    "metadata_too_large",
    "invalid_metadata_format",
    "invalid_metadata_schema",
    "metadata_must_be_sent_from_app",
];
/// The message that an update or a reply is about is gone.
const GONE: [&str; 7] = [
    "message_not_found",
    "cant_update_message",
    "update_failed",
    "edit_window_closed",
    "block_mismatch",
    "thread_not_found",
    "cannot_reply_to_message",
];

/// The app in one channel.
#[derive(Debug)]
pub struct Bot {
    pub(super) token: Address,
    /// Id of the channel.
    channel: String,
}

impl Bot {
    pub(in crate::destination) fn new(token: Address, channel: String) -> Self {
        Self { token, channel }
    }

    pub(super) fn call(&self, method: &str, body: &Value) -> Request<Vec<u8>> {
        let url = format!("https://slack.com/api/{method}");
        self.authorised(post::json(self.token.url(&url), body))
    }

    /// Calls a method that takes no JSON, with the text of a form.
    pub(super) fn call_by_form(&self, method: &str, form: String) -> Request<Vec<u8>> {
        let mut request = Request::new(form.into_bytes());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.token.url(&format!("https://slack.com/api/{method}"));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        self.authorised(request)
    }

    /// With which Slack signs what it sends to the app.
    fn signing_secret(&self) -> Option<&str> {
        let stands_in = self.token.is_loopback().then_some(press::LOCAL);
        self.token.secrets().next().or(stands_in)
    }

    fn authorised(&self, mut request: Request<Vec<u8>>) -> Request<Vec<u8>> {
        let token = match self.token.is_loopback() {
            true => "xoxb-local",
            false => self.token.first(),
        };
        // A token has only characters that a header may have.
        if let Ok(mut value) = HeaderValue::try_from(format!("Bearer {token}")) {
            value.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        request
    }
}

/// The message in one shape, without its buttons. An update keeps what it does not name, so it names all.
fn content(card: &Card, shape: Shape) -> Value {
    let shown: Message = match shape {
        Shape::Usual => message(card),
        Shape::Plain => plain(card),
    };
    let mut body = json!(shown);
    for part in ["blocks", "attachments"] {
        if body[part].is_null() {
            body[part] = json!([]);
        }
    }
    body
}

/// The message in one shape. Buttons may be what Slack refuses.
fn body(card: &Card, shape: Shape) -> Value {
    let mut body = content(card, shape);
    if let Some(care) = card.care.as_ref().filter(|_| shape == Shape::Usual) {
        buttons::add(&mut body, care, card.locale);
    }
    body
}

/// An update calls nobody, so it would only look as if it did.
fn silent(card: &Card) -> Card {
    Card {
        mentions: Vec::new(),
        ..card.clone()
    }
}

impl Post for Bot {
    fn form(&self) -> &'static Form {
        &BOT
    }

    fn address(&self) -> &Address {
        &self.token
    }

    fn request(&self, card: &Card, shape: Shape) -> Request<Vec<u8>> {
        let mut body = body(card, shape);
        body["channel"] = self.channel.as_str().into();
        // The metadata may be what Slack refuses.
        let incident = card.incident.as_ref().filter(|_| shape == Shape::Usual);
        if let Some(incident) = incident {
            let payload = json!({ "key": incident.key, "at": incident.at.unwrap_or_default().to_string() });
            body["metadata"] = json!({ "event_type": EVENT_TYPE, "event_payload": payload });
        }
        self.call("chat.postMessage", &body)
    }

    /// A message without text is refused with `no_text`, by a token that is gone with another error. Slack does not say whether
    /// it looks for the channel first.
    fn probe(&self) -> Option<Probe> {
        let empty = json!({ "channel": self.channel, "text": "", "blocks": [] });
        Some(Probe::Empty(self.call("chat.postMessage", &empty)))
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        post::by_status(status, headers)?;
        let Ok(answer) = serde_json::from_slice::<Value>(body) else {
            return Err(Why::Failing.into());
        };
        if answer["ok"] == true {
            return Ok(());
        }
        let error = answer["error"].as_str().unwrap_or_default();
        let why = match error {
            "ratelimited" | "rate_limited" => Why::Throttled,
            _ if AGAIN.contains(&error) => Why::Failing,
            _ if MALFORMED.contains(&error) => Why::Malformed,
            _ if GONE.contains(&error) => Why::Gone,
            _ => Why::Denied,
        };
        Err(Refused {
            why,
            pause: post::retry_after(headers),
        })
    }

    /// `missing_scope (chat:write)`
    fn words(&self, body: &[u8]) -> Option<String> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let error = answer["error"].as_str()?.to_owned();
        Some(match answer["needed"].as_str() {
            Some(scope) => format!("{error} ({scope})"),
            None => error,
        })
    }

    fn living(&self) -> Option<&dyn Living> {
        Some(self)
    }
}

/// A message is known by its channel's id, which may differ from the one that was asked for, and its time.
impl Living for Bot {
    fn id(&self, body: &[u8]) -> Option<MessageId> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        let (channel, ts) = (answer["channel"].as_str()?, answer["ts"].as_str()?);
        Some(MessageId(format!("{channel} {ts}")))
    }

    fn update(&self, card: &Card, shape: Shape, id: &MessageId) -> Request<Vec<u8>> {
        self.call("chat.update", &at(body(&silent(card), shape), id))
    }

    fn content(&self, card: &Card, shape: Shape) -> String {
        content(&silent(card), shape).to_string()
    }

    fn redraw(&self, content: &str, care: &Care, locale: Locale, id: &MessageId) -> Request<Vec<u8>> {
        let mut body = serde_json::from_str(content).unwrap_or_default();
        buttons::add(&mut body, care, locale);
        self.call("chat.update", &at(body, id))
    }

    fn whisper(&self, user: &str, text: &Phrase) -> Request<Vec<u8>> {
        let text = markup::mrkdwn(text, None);
        let body = json!({ "channel": self.channel, "user": user, "text": text });
        self.call("chat.postEphemeral", &body)
    }

    fn hears(&self) -> bool {
        self.signing_secret().is_some()
    }

    fn pressed(&self, header: Header<'_>, body: &[u8], now: Timestamp) -> Result<Vec<Pressed>, Unsigned> {
        let secret = self.signing_secret().ok_or(Unsigned::NoSecret)?;
        press::check(secret, header, body, now)?;
        Ok(press::read(body, &self.channel))
    }

    fn reply(&self, card: &Card, shape: Shape, id: &MessageId, loud: bool) -> Request<Vec<u8>> {
        let mut line = card.clone();
        line.sections.clear();
        line.footer.clear();
        line.care = None;
        let mut body = body(&line, shape);
        let (channel, ts) = parts(id);
        body["channel"] = channel.into();
        body["thread_ts"] = ts.into();
        if loud {
            body["reply_broadcast"] = true.into();
        }
        self.call("chat.postMessage", &body)
    }

    fn search(&self, since: Timestamp) -> Request<Vec<u8>> {
        // Not all methods that read take JSON. No character here means something in a form.
        let (channel, oldest) = (&self.channel, since.as_second());
        let form = format!("channel={channel}&oldest={oldest}.000000&include_all_metadata=true&limit=100");
        self.call_by_form("conversations.history", form)
    }

    fn found(&self, body: &[u8], key: &str, after: Option<Timestamp>) -> Option<(MessageId, Timestamp)> {
        let answer: Value = serde_json::from_slice(body).ok()?;
        // Slack lists the newest first.
        answer["messages"].as_array()?.iter().find_map(|message| {
            let metadata = &message["metadata"];
            let payload = &metadata["event_payload"];
            if metadata["event_type"] != EVENT_TYPE || payload["key"] != key {
                return None;
            }
            let at: Timestamp = payload["at"].as_str()?.parse().ok()?;
            let id = format!("{} {}", self.channel, message["ts"].as_str()?);
            after
                .is_none_or(|after| at > after)
                .then_some((MessageId(id), at))
        })
    }

    fn place(&self) -> &str {
        &self.channel
    }

    fn pictures(&self) -> Option<&dyn Pictures> {
        Some(self)
    }
}

/// A message in the place of the one with this id.
fn at(mut body: Value, id: &MessageId) -> Value {
    let (channel, ts) = parts(id);
    body["channel"] = channel.into();
    body["ts"] = ts.into();
    body
}

pub(super) fn parts(id: &MessageId) -> (&str, &str) {
    id.0.split_once(' ').unwrap_or_default()
}
