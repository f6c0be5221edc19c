//! The webhooks of spaces in Google Chat.

use http::{HeaderMap, Request, StatusCode, Uri};
use serde_json::Value;

use super::{SERVICE, message, plain};
use crate::card::Card;
use crate::destination::address::{Address, Form, Rule, UrlRule};
use crate::destination::post::{Post, Probe, Refused, Why, by_status, json};
use crate::destination::shape::Shape;

/// The address of a webhook. <https://developers.google.com/workspace/chat/quickstart/webhooks>
pub static WEBHOOK: Form = Form {
    service: SERVICE,
    name: "webhook",
    example: "https://chat.googleapis.com/v1/spaces/…/messages?key=…&token=…",
    page: "the space's menu in Google Chat: `Apps & integrations`, then `Webhooks`",
    rule: Rule::Url(UrlRule {
        host: |host| host == "chat.googleapis.com",
        host_is: "not `chat.googleapis.com`",
        path: is_path,
        path_is: "`/v1/spaces/…/messages`",
        query: true,
        parameters: &["key", "token"],
    }),
};

/// Into the thread of this key, or else into a new one. Without the option, Google Chat ignores the key of a thread.
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create#MessageReplyOption>
const REPLY: &str = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
/// What a pasted address must not decide for all messages: their thread, and that the second is the same as the first.
const OURS: [&str; 4] = ["messageReplyOption", "threadKey", "requestId", "messageId"];
/// Why Google refuses the key of an address, although the status says that the message is wrong.
/// <https://cloud.google.com/service-infrastructure/docs/service-control/reference/rpc/google.api#google.api.ErrorReason>
const DENIED: [&str; 2] = ["API_KEY_INVALID", "API_KEY_EXPIRED"];

/// A webhook of a space.
#[derive(Debug)]
pub struct Webhook(pub Address);

impl Webhook {
    /// Where a message goes that is part of a thread, or is not.
    fn to(&self, is_reply: bool) -> Uri {
        let address = self.0.expose();
        let (url, query) = address.split_once('?').unwrap_or((address, ""));
        let given = query.split('&').filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            !name.is_empty() && !OURS.contains(&name)
        });
        let query: Vec<_> = given.chain(is_reply.then_some(REPLY)).collect();
        let separator = if query.is_empty() { "" } else { "?" };
        let url = format!("{url}{separator}{}", query.join("&"));
        url.parse().unwrap_or_default()
    }
}

impl Post for Webhook {
    fn form(&self) -> &'static Form {
        &WEBHOOK
    }

    fn address(&self) -> &Address {
        &self.0
    }

    fn request(&self, card: &Card, shape: Shape) -> Request<Vec<u8>> {
        let to = self.to(card.incident.is_some());
        match shape {
            Shape::Usual => json(to, &message(card)),
            Shape::Plain => json(to, &plain(card)),
        }
    }

    /// An empty message is an `INVALID_ARGUMENT`, but a space or a token that is gone another error.
    fn probe(&self) -> Option<Probe> {
        Some(Probe::Empty(json(
            self.to(false),
            &serde_json::json!({ "text": "", "cardsV2": [] }),
        )))
    }

    /// `RESOURCE_EXHAUSTED` (429) says nothing about how long to wait: a space takes one message per second, from all its
    /// webhooks. <https://developers.google.com/workspace/chat/limits>
    fn judge(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        let refused = match by_status(status, headers) {
            Err(refused) => refused,
            Ok(()) => return Ok(()),
        };
        let why = match refused.why {
            Why::Malformed if is_denied(body) => Why::Denied,
            Why::Denied if status == StatusCode::PAYLOAD_TOO_LARGE => Why::Malformed,
            why => why,
        };
        Err(Refused { why, ..refused })
    }
}

/// Whether `{"error":{"details":[{"reason":…}]}}` refuses the key.
fn is_denied(body: &[u8]) -> bool {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let details = answer.pointer("/error/details").and_then(Value::as_array);
    let reasons = details.into_iter().flatten();
    let mut reasons = reasons.filter_map(|detail| detail.get("reason")?.as_str());
    reasons.any(|reason| DENIED.contains(&reason))
}

fn is_path(path: &str) -> bool {
    let is_id = |id: &str| {
        !id.is_empty()
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["", "v1", "spaces", id, "messages"] if is_id(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::address::{AllowLoopback, Wrong};

    const URL: &str = "https://chat.googleapis.com/v1/spaces/AAAA_b-C0/messages";
    const QUERY: &str = "?key=AIzaSyXXXX&token=hHuPA8Ft28_XXXX%3D";

    fn parse(text: &str) -> Result<String, Wrong> {
        let address = Address::parse(text, &WEBHOOK, AllowLoopback::No);
        address
            .map(|address| address.expose().to_owned())
            .map_err(|error| error.wrong)
    }

    fn webhook(text: &str) -> Webhook {
        let loopback = AllowLoopback::Yes;
        Webhook(Address::parse(text, &WEBHOOK, loopback).expect("a webhook"))
    }

    #[test]
    fn it_is_known_with_and_without_its_scheme() {
        let whole = format!("{URL}{QUERY}");
        let more = format!("{whole}&threadKey=x");
        for (text, address) in [
            (whole.clone(), &whole),
            (whole.replace("https://", ""), &whole),
            (format!(" {whole}\r\n"), &whole),
            (more.clone(), &more),
        ] {
            assert_eq!(parse(&text).as_deref(), Ok(&**address));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use Wrong::*;
        let cases = [
            (format!("https://example.com/v1/spaces/A/messages{QUERY}"), Host),
            (
                format!("https://chat.googleapis.com.example.com/v1/spaces/A/messages{QUERY}"),
                Host,
            ),
            (
                format!("https://xchat.googleapis.com/v1/spaces/A/messages{QUERY}"),
                Host,
            ),
            (
                format!("https://a@chat.googleapis.com/v1/spaces/A/messages{QUERY}"),
                Extras,
            ),
            (
                format!("https://chat.googleapis.com:8443/v1/spaces/A/messages{QUERY}"),
                Extras,
            ),
            (format!("{URL}{QUERY}#x"), Extras),
            (format!("{}{QUERY}", URL.replace("https", "http")), Scheme),
            (format!("{URL}/{QUERY}"), Path),
            (format!("{}{QUERY}", URL.replace("AAAA", "A/B")), Path),
            (format!("{}{QUERY}", URL.replace("AAAA", "%41")), Path),
            (format!("{}{QUERY}", URL.replace("messages", "members")), Path),
            (format!("{}{QUERY}", URL.replace("AAAA_b-C0", "..")), Path),
            (URL.to_owned(), Query),
            (format!("{URL}?key=a"), Query),
            (format!("{URL}?token=a"), Query),
            (format!("{URL}?key=&token=a"), Query),
            (format!("{URL}?xkey=a&token=a"), Query),
            ("http://127.0.0.1:8080/a".to_owned(), Loopback),
        ];
        for (text, error) in cases {
            assert_eq!(parse(&text), Err(error), "{text}");
        }
        let error =
            Address::parse(&format!("{URL}?key=a"), &WEBHOOK, AllowLoopback::No).expect_err("no token");
        assert_eq!(
            error.to_string(),
            "the webhook lacks a part of what follows its `?` (key, token); copy it again from Google Chat, complete, and \
             put it into quotes in a shell"
        );
    }

    #[test]
    fn a_reply_says_that_it_is_one_and_nothing_else_does() {
        let to = |text: &str, is_reply| webhook(text).to(is_reply).to_string();
        let whole = format!("{URL}{QUERY}");
        assert_eq!(to(&whole, false), whole);
        assert_eq!(to(&whole, true), format!("{whole}&{REPLY}"));
        let pasted = format!("{URL}?messageReplyOption=x&key=a&requestId=1&&token=b&threadKey=y");
        assert_eq!(to(&pasted, false), format!("{URL}?key=a&token=b"));
        assert_eq!(
            to("http://127.0.0.1:1/x", true),
            format!("http://127.0.0.1:1/x?{REPLY}")
        );
        assert_eq!(to("http://127.0.0.1:1/x", false), "http://127.0.0.1:1/x");
    }

    #[test]
    fn it_is_never_shown_but_the_name_of_the_space_may_be() {
        let webhook = webhook(&format!("{URL}{QUERY}"));
        let shown = format!("{webhook:?}");
        assert!(!shown.contains("XXXX") && !shown.contains("google"), "{shown}");
        assert!(webhook.0.appears_in("key AIzaSyXXXX") && webhook.0.appears_in("hHuPA8Ft28_XXXX%3D"));
        assert!(!webhook.0.appears_in("no spaces/AAAA_b-C0/messages"));
    }

    #[test]
    fn an_answer_says_who_can_mend_it() {
        let webhook = webhook("http://127.0.0.1:1/x");
        let judge = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            let judged = webhook.judge(status, &HeaderMap::new(), body.as_bytes());
            judged.map_err(|refused| refused.why)
        };
        let error = |reason: &str| {
            format!(
                r#"{{"error":{{"code":400,"status":"INVALID_ARGUMENT","details":[{{"x":1}},{{"reason":"{reason}"}}]}}}}"#
            )
        };
        assert_eq!(judge(200, "{}"), Ok(()));
        assert_eq!(judge(400, &error("OTHER")), Err(Why::Malformed));
        assert_eq!(judge(400, "no JSON"), Err(Why::Malformed));
        assert_eq!(judge(413, ""), Err(Why::Malformed));
        assert_eq!(judge(400, &error("API_KEY_INVALID")), Err(Why::Denied));
        for status in [401, 403, 404] {
            assert_eq!(judge(status, ""), Err(Why::Denied), "{status}");
        }
        assert_eq!(judge(429, ""), Err(Why::Throttled));
        assert_eq!(judge(503, ""), Err(Why::Failing));
    }
}
