//! Other services than Slack's webhooks: what each accepts, and how it answers. Their paths follow that of the channel:
//! `/services/LOCAL/INBOX/<channel>/<service>`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::accept::{self, Refusal};
use super::files;
use super::post::Post;
use super::store::{Message, Store};

impl Post<'_> {
    /// Checks a parsed body by the rules of the service.
    pub(super) fn check(&self, body: &Value, store: &Store) -> Result<(), Refusal> {
        let checked = match self.service {
            "slack" => return self.check_slack(body, store),
            "teams" => teams(body),
            "google_chat" => google_chat(body),
            "discord" => discord(body),
            "pagerduty" => self.check_pagerduty(body),
            "jira_service_management" | "opsgenie" => self.check_opsgenie(body),
            "signed_webhook" => signed_webhook(body),
            other => Err(format!("`{other}` is not a service that the inbox stands in for")),
        };
        checked.map_err(|reason| Refusal {
            code: "refused",
            reason,
        })
    }

    /// The methods of a Slack app. <https://docs.slack.dev/reference/methods>
    fn check_slack(&self, body: &Value, store: &Store) -> Result<(), Refusal> {
        let refuse = |code, reason: &str| {
            Err(Refusal {
                code,
                reason: reason.to_owned(),
            })
        };
        match self.api {
            "api/chat.postMessage" => accept::check(body)?,
            "api/chat.update" => {
                accept::check(body)?;
                if body["ts"]
                    .as_str()
                    .and_then(seq)
                    .and_then(|seq| store.get(seq))
                    .is_none()
                {
                    return refuse("message_not_found", "there is no message with this `ts`");
                }
            }
            "api/chat.postEphemeral" => accept::check(body).and_then(|()| match body["user"].as_str() {
                Some(user) if !user.is_empty() => Ok(()),
                _ => refuse("user_not_found", "it names no `user`"),
            })?,
            "api/files.completeUploadExternal" => {
                return files::check(body, |ts| seq(ts).and_then(|seq| store.get(seq)).is_some());
            }
            _ => return refuse("unknown_method", "the inbox does not know this method"),
        }
        match body["channel"].as_str() {
            Some(channel) if !channel.is_empty() => Ok(()),
            _ => refuse("channel_not_found", "it names no `channel`"),
        }
    }

    /// <https://developer.pagerduty.com/docs/events-api-v2-overview>
    fn check_pagerduty(&self, body: &Value) -> Result<(), String> {
        text(body, "/routing_key", 64)?;
        match self.api {
            "v2/change/enqueue" => text(body, "/payload/summary", 1_024),
            "v2/enqueue" => match body["event_action"].as_str() {
                Some("trigger") => {
                    text(body, "/payload/summary", 1_024)?;
                    text(body, "/payload/source", 1_024)?;
                    match body["payload"]["severity"].as_str() {
                        Some("critical" | "error" | "warning" | "info") => Ok(()),
                        _ => Err("`severity` is none of critical, error, warning, info".to_owned()),
                    }
                }
                Some("acknowledge" | "resolve") => text(body, "/dedup_key", 255),
                _ => Err("`event_action` is none of trigger, acknowledge, resolve".to_owned()),
            },
            _ => Err("there is no such path".to_owned()),
        }
    }

    /// <https://docs.opsgenie.com/docs/alert-api>
    fn check_opsgenie(&self, body: &Value) -> Result<(), String> {
        match self.api.trim_end_matches("/close") {
            _ if self.api.ends_with("/close") => Ok(()),
            api if api.ends_with("v2/alerts") => {
                text(body, "/message", 130)?;
                match body["priority"].as_str() {
                    None | Some("P1" | "P2" | "P3" | "P4" | "P5") => Ok(()),
                    _ => Err("`priority` is none of P1 to P5".to_owned()),
                }
            }
            _ => Err("there is no such path".to_owned()),
        }
    }

    /// What the service answers; `seq` is the number of the message.
    pub(super) fn answer(&self, refused: Option<&Refusal>, seq: u64, store: &Store) -> Response {
        let (status, body) = match (self.service, refused) {
            ("slack", Some(refusal)) => (200, json!({ "ok": false, "error": refusal.code })),
            ("slack", None) => {
                let message = store.get(seq);
                let channel = message.as_ref().map(|message| message.body["channel"].clone());
                (
                    200,
                    json!({ "ok": true, "channel": channel, "ts": message.as_deref().map(ts) }),
                )
            }
            (_, Some(refusal)) => (400, json!({ "error": { "message": refusal.reason } })),
            ("teams", None) => return StatusCode::ACCEPTED.into_response(),
            ("google_chat", None) => (200, json!({ "name": format!("spaces/LOCAL/messages/{seq}") })),
            ("discord", None) => (200, json!({ "id": seq.to_string() })),
            ("pagerduty", None) => (202, json!({ "status": "success", "message": "Event processed" })),
            ("jira_service_management" | "opsgenie", None) => (
                202,
                json!({ "result": "Request will be processed", "requestId": seq.to_string() }),
            ),
            (_, None) => (200, json!({})),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        (status, Json(body)).into_response()
    }

    /// The answer to a method that only reads: the channel's messages with their metadata.
    pub(super) fn read_only(&self, store: &Store) -> Option<Response> {
        let reads = self.service == "slack" && self.api == "api/conversations.history";
        reads.then(|| Json(self.history(store)).into_response())
    }

    fn history(&self, store: &Store) -> Value {
        let newest = store.after(0, 200);
        let own = newest
            .iter()
            .rev()
            .filter(|message| message.channel == self.channel && message.path.ends_with("chat.postMessage"));
        let shown = own.map(|message| json!({ "ts": ts(message), "metadata": message.body["metadata"] }));
        json!({ "ok": true, "messages": shown.collect::<Vec<_>>() })
    }
}

/// Whether a post only asks whether the service would take a message: it has no content, or ends what nobody began. Nobody
/// sees it.
pub(super) fn is_probe(path: &str, body: &Value) -> bool {
    const KEY: &str = "alertctl-heartbeat";
    let is_empty = |part: &str| body[part] == json!([]);
    (body["text"] == "" && (is_empty("blocks") || is_empty("cardsV2")))
        || body["dedup_key"] == KEY
        || path.contains(&format!("/alerts/{KEY}/"))
}

/// Whether it is a message that a Slack app posted: its buttons can be pressed.
pub(super) fn is_of_an_app(message: &Message) -> bool {
    let post = Post::read(&message.path);
    post.is_some_and(|post| post.service == "slack" && post.api == "api/chat.postMessage")
}

/// What Discord says of a webhook that is there.
pub(super) async fn webhook() -> Json<Value> {
    Json(json!({ "type": 1, "name": "alertctl" }))
}

/// The time by which Slack knows a message: seconds, and its number as their fraction.
pub(super) fn ts(message: &Message) -> String {
    let received = message.received.parse::<jiff::Timestamp>().unwrap_or_default();
    format!("{}.{:06}", received.as_second(), message.seq)
}

/// The number of the message with that time.
fn seq(ts: &str) -> Option<u64> {
    ts.split_once('.')?.1.parse().ok()
}

/// A text of at most `most` characters at `place`.
fn text(body: &Value, place: &str, most: usize) -> Result<(), String> {
    match body.pointer(place).and_then(Value::as_str) {
        None | Some("") => Err(format!("`{place}` is missing")),
        Some(text) if text.chars().count() > most => {
            Err(format!("`{place}` is longer than {most} characters"))
        }
        Some(_) => Ok(()),
    }
}

/// Bytes of a body as JSON.
fn size(body: &Value, most: usize) -> Result<(), String> {
    match body.to_string().len() {
        length if length > most => Err(format!("it has {length} bytes, at most {most} are allowed")),
        _ => Ok(()),
    }
}

/// <https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>
fn teams(body: &Value) -> Result<(), String> {
    size(body, 28_000)?;
    let card = &body["attachments"][0];
    if body["type"] != "message" || card["contentType"] != "application/vnd.microsoft.card.adaptive" {
        return Err("it is not a message with an Adaptive Card".to_owned());
    }
    match card["content"]["version"].as_str() {
        Some("1.0" | "1.1" | "1.2" | "1.3" | "1.4" | "1.5") if card["content"]["body"].is_array() => Ok(()),
        _ => Err("the card is not one of version 1.5 or earlier with a body".to_owned()),
    }
}

/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages>
fn google_chat(body: &Value) -> Result<(), String> {
    size(body, 32_000)?;
    match body["text"].is_string() || body["cardsV2"].is_array() {
        true => Ok(()),
        false => Err("it has neither `text` nor `cardsV2`".to_owned()),
    }
}

/// <https://discord.com/developers/docs/resources/webhook#execute-webhook>
fn discord(body: &Value) -> Result<(), String> {
    let length = |text: &Value| text.as_str().map_or(0, |text| text.chars().count());
    let embeds: &[Value] = body["embeds"].as_array().map_or(&[], Vec::as_slice);
    if length(&body["content"]) == 0 && embeds.is_empty() {
        return Err("it is empty".to_owned());
    }
    if length(&body["content"]) > 2_000 {
        return Err("`content` is longer than 2,000 characters".to_owned());
    }
    let of_embed = |embed: &Value| {
        let fields: &[Value] = embed["fields"].as_array().map_or(&[], Vec::as_slice);
        let fields = fields
            .iter()
            .map(|field| length(&field["name"]) + length(&field["value"]));
        let footer = length(&embed["footer"]["text"]);
        length(&embed["title"]) + length(&embed["description"]) + footer + fields.sum::<usize>()
    };
    match embeds.iter().map(of_embed).sum::<usize>() {
        total if total > 6_000 => Err(format!(
            "its embeds have {total} characters, at most 6,000 are allowed"
        )),
        _ => Ok(()),
    }
}

/// <https://github.com/cloudevents/spec/blob/main/cloudevents/formats/json-format.md>
fn signed_webhook(body: &Value) -> Result<(), String> {
    size(body, 20_000)?;
    if body["specversion"] != "1.0" {
        return Err("it is not a CloudEvent of version 1.0".to_owned());
    }
    ["/id", "/source", "/type"]
        .iter()
        .try_for_each(|place| text(body, place, 1_000))
}
