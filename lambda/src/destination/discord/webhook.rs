//! Discord's webhooks.

use std::time::Duration;

use http::header::{HeaderValue, USER_AGENT};
use http::{HeaderMap, Request, StatusCode, Uri};
use serde_json::Value;

use super::{SERVICE, message, plain};
use crate::card::Card;
use crate::destination::address::{Address, Form, Rule, UrlRule};
use crate::destination::post::{Post, Probe, Refused, Why, by_status, json};
use crate::destination::shape::Shape;

/// The address of a webhook. `?thread_id=…` leads into a thread of its channel.
pub static WEBHOOK: Form = Form {
    service: SERVICE,
    name: "webhook",
    example: "https://discord.com/api/webhooks/…",
    page: "the channel's settings in Discord, `Integrations`, `Webhooks`",
    rule: Rule::Url(UrlRule {
        host: |host| {
            matches!(
                host,
                "discord.com" | "discordapp.com" | "canary.discord.com" | "ptb.discord.com"
            )
        },
        host_is: "not `discord.com`",
        path: is_path,
        path_is: "`/api/webhooks/…/…`",
        query: true,
        parameters: &[],
    }),
};

/// Discord's front may block who does not say who it is.
/// <https://discord.com/developers/docs/reference#user-agent>
const AGENT: &str = concat!(
    "DiscordBot (",
    env!("CARGO_PKG_REPOSITORY"),
    ", ",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// Codes of 400 that another form of the message does not change: a channel that is a forum needs a thread, in which no
/// service's webhook may write.
/// <https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>
const OF_CHANNEL: [u64; 4] = [220_001, 220_002, 220_003, 220_004];

/// The longest pause that is believed.
const MAX_PAUSE: f64 = 24.0 * 3_600.0;

/// A webhook of a channel.
#[derive(Debug)]
pub struct Webhook(pub Address);

impl Webhook {
    /// Where messages are posted. Only with `wait=true` does Discord say whether it has kept the message.
    /// <https://discord.com/developers/docs/resources/webhook#execute-webhook-query-string-params>
    fn target(&self) -> Uri {
        let own = self.0.as_url();
        let query = own.query().unwrap_or_default().split('&');
        let kept = query.filter(|part| !part.is_empty() && !part.starts_with("wait="));
        let query: Vec<_> = kept.chain(["wait=true"]).collect();
        let mut parts = own.clone().into_parts();
        let target = format!("{}?{}", own.path(), query.join("&"));
        parts.path_and_query = target.parse().ok();
        Uri::from_parts(parts).unwrap_or(own)
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
        let message = match shape {
            Shape::Usual => message(card),
            Shape::Plain => plain(card),
        };
        let mut request = json(self.target(), &message);
        let agent = HeaderValue::from_static(AGENT);
        request.headers_mut().insert(USER_AGENT, agent);
        request
    }

    /// Reads the webhook. <https://discord.com/developers/docs/resources/webhook#get-webhook-with-token>
    fn probe(&self) -> Option<Probe> {
        let mut request = Request::new(Vec::new());
        *request.uri_mut() = self.0.as_url();
        let agent = HeaderValue::from_static(AGENT);
        request.headers_mut().insert(USER_AGENT, agent);
        Some(Probe::Harmless(request))
    }

    fn judge(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
        let refused = by_status(status, headers);
        let said: Value = serde_json::from_slice(body).unwrap_or_default();
        match refused {
            Err(Refused {
                why: Why::Throttled,
                pause,
            }) => Err(Refused {
                why: Why::Throttled,
                pause: precise(&said).or(pause),
            }),
            Err(Refused {
                why: Why::Malformed, ..
            }) if said["code"]
                .as_u64()
                .is_some_and(|code| OF_CHANNEL.contains(&code)) =>
            {
                Err(Why::Denied.into())
            }
            other => other,
        }
    }
}

/// The pause in the body of a 429, which is more precise than the header's.
/// <https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit>
fn precise(said: &Value) -> Option<Duration> {
    let seconds = said["retry_after"].as_f64().filter(|seconds| *seconds >= 0.0)?;
    Duration::try_from_secs_f64(seconds.min(MAX_PAUSE)).ok()
}

/// `/api/webhooks/ID/TOKEN`, or `/api/v10/webhooks/ID/TOKEN`. What follows the token, such as `/slack`, stands for another
/// form of messages.
fn is_path(path: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let rest = path.strip_prefix("/api/").unwrap_or_default();
    let rest = match rest.split_once('/') {
        Some((version, rest)) if version.strip_prefix('v').is_some_and(digits) => rest,
        _ => rest,
    };
    let parts: Vec<&str> = rest.split('/').collect();
    match parts.as_slice() {
        ["webhooks", id, token] => {
            let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
            digits(id) && !token.is_empty() && token.bytes().all(is_token)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::destination::address::{AllowLoopback, Wrong};

    const PATH: &str = "/api/webhooks/1234567890123456789/abcDEF-_0123456789abcDEF-_0123456789";

    fn parse(text: &str) -> Result<String, Wrong> {
        let address = Address::parse(text, &WEBHOOK, AllowLoopback::No);
        address
            .map(|address| address.expose().to_owned())
            .map_err(|error| error.wrong)
    }

    fn webhook(text: &str) -> Webhook {
        Webhook(Address::parse(text, &WEBHOOK, AllowLoopback::Yes).expect("a webhook"))
    }

    #[test]
    fn every_form_that_discord_gives_is_known() {
        for host in [
            "discord.com",
            "discordapp.com",
            "ptb.discord.com",
            "canary.discord.com",
        ] {
            let whole = format!("https://{host}{PATH}");
            for text in [whole.clone(), format!("{host}{PATH}"), format!(" {whole}\n")] {
                assert_eq!(parse(&text).as_deref(), Ok(whole.as_str()));
            }
        }
        for path in [
            PATH.replace("/api/", "/api/v10/"),
            format!("{PATH}?thread_id=1234567890123456789"),
        ] {
            assert!(parse(&format!("https://discord.com{path}")).is_ok(), "{path}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        use Wrong::*;
        let cases = [
            ("", Empty),
            ("http://discord.com/api/webhooks/1/x", Scheme),
            ("https://discord.com.example.com/api/webhooks/1/x", Host),
            ("https://example.com/api/webhooks/1/x", Host),
            ("https://cdn.discord.com/api/webhooks/1/x", Host),
            ("https://hooks.slack.com/services/T0/B0/x", Host),
            ("https://u@discord.com/api/webhooks/1/x", Extras),
            ("https://discord.com:8443/api/webhooks/1/x", Extras),
            ("https://discord.com/api/webhooks/1/x#y", Extras),
            ("https://discord.com/api/webhooks/1/x/slack", Path),
            ("https://discord.com/api/webhooks/1/x/github", Path),
            ("https://discord.com/api/webhooks/1", Path),
            ("https://discord.com/api/webhooks/1/", Path),
            ("https://discord.com/api/webhooks/a/x", Path),
            ("https://discord.com/api/webhooks/1/x%2f", Path),
            ("https://discord.com/api/vx/webhooks/1/x", Path),
            ("https://discord.com/api/channels/1/x", Path),
            ("https://discord.com/channels/1/2", Path),
            ("https://discord.com", Path),
            ("https://discord.com/api/webhooks/1/x y", Characters),
            ("http://127.0.0.1:8080/a", Loopback),
        ];
        for (text, error) in cases {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn it_asks_discord_whether_the_message_is_kept() {
        let target = |text: &str| webhook(text).target().to_string();
        assert_eq!(
            target(&format!("discord.com{PATH}")),
            format!("https://discord.com{PATH}?wait=true")
        );
        assert_eq!(
            target(&format!("discord.com{PATH}?wait=false&thread_id=7")),
            format!("https://discord.com{PATH}?thread_id=7&wait=true")
        );
        assert_eq!(
            target("http://127.0.0.1:9/api/webhooks/1/x"),
            "http://127.0.0.1:9/api/webhooks/1/x?wait=true"
        );
    }

    #[test]
    fn its_answers_are_understood() {
        let judge = |status: u16, body: &str| {
            let status = StatusCode::from_u16(status).expect("a status");
            let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, HeaderValue::from_static("65"))]);
            let judged = webhook("http://127.0.0.1:9/x").judge(status, &headers, body.as_bytes());
            judged.map_err(|refused| (refused.why, refused.pause.map(|pause| pause.as_secs_f64())))
        };
        assert_eq!(judge(200, r#"{"id":"1"}"#), Ok(()));
        assert_eq!(judge(204, ""), Ok(()));
        let body = r#"{"message":"You are being rate limited.","retry_after":64.57,"global":false}"#;
        assert_eq!(judge(429, body), Err((Why::Throttled, Some(64.57))));
        // Cloudflare answers in HTML.
        for odd in ["<html>", r#"{"retry_after":-1}"#, r#"{"retry_after":"x"}"#] {
            assert_eq!(judge(429, odd), Err((Why::Throttled, Some(65.0))), "{odd}");
        }
        let most = judge(429, r#"{"retry_after":1e300}"#);
        assert_eq!(most, Err((Why::Throttled, Some(MAX_PAUSE))));
        let why = |status, body| judge(status, body).map_err(|(why, _)| why);
        assert_eq!(
            why(400, r#"{"message":"Invalid Form Body","code":50035}"#),
            Err(Why::Malformed)
        );
        assert_eq!(why(400, r#"{"code":220001}"#), Err(Why::Denied));
        assert_eq!(
            why(404, r#"{"message":"Unknown Webhook","code":10015}"#),
            Err(Why::Denied)
        );
        assert_eq!(why(401, r#"{"code":50027}"#), Err(Why::Denied));
        assert_eq!(why(502, "<html>"), Err(Why::Failing));
    }

    #[test]
    fn it_is_never_shown() {
        let webhook = webhook(&format!("discord.com{PATH}"));
        let shown = format!("{webhook:?}");
        assert!(!shown.contains("abcDEF") && !shown.contains("12345"), "{shown}");
        assert!(
            webhook
                .0
                .appears_in("no webhook abcDEF-_0123456789abcDEF-_0123456789")
        );
        assert!(!webhook.0.appears_in("Unknown Webhook"));
    }
}
