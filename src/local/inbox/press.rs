//! Buttons under the messages of a Slack app: what somebody presses on the page goes to the stacks of the local AWS that have
//! buttons, in the form in which Slack sends it, and signed as Slack signs it.
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>

use std::path::Path;

use alertctl_relay::ACTIONS_PATH;
use alertctl_relay::slack::signed;
use axum::http::StatusCode;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;

use super::services;
use super::store::{Message, Store};
use crate::local::{http, parts, session};

/// Who presses buttons on the page, for the stack.
const USER: &str = "U0LOCAL";
const NAME: &str = "you";

/// A button of a message.
#[derive(Debug, Deserialize)]
pub(super) struct Pressed {
    /// Number of the message.
    seq: u64,
    action: String,
    #[serde(default)]
    value: String,
}

/// The APIs of the local AWS that have the route for buttons.
#[derive(Deserialize)]
struct Found {
    apis: Vec<String>,
}

/// Hands a press over; `dir` is the inbox's own directory, beside which the local mode notes where its AWS is.
///
/// # Errors
/// Nobody takes it: the status, and why, for the page.
pub(super) async fn hand_over(
    store: &Store,
    dir: &Path,
    pressed: &Pressed,
) -> Result<(), (StatusCode, String)> {
    let message = store
        .get(pressed.seq)
        .filter(|message| services::is_of_an_app(message));
    let message = message.ok_or_else(|| {
        (
            StatusCode::NOT_FOUND,
            "there is no such message of an app".to_owned(),
        )
    })?;
    let nowhere = || {
        (
            StatusCode::BAD_GATEWAY,
            "the local AWS does not answer: run `alertctl local up`".to_owned(),
        )
    };
    let port = dir
        .parent()
        .and_then(session::emulator_port)
        .ok_or_else(nowhere)?;
    let apis = apis(port).await.ok_or_else(nowhere)?;
    if apis.is_empty() {
        let why = "nothing listens here: no stack of the local AWS has `actions: true` on a channel";
        return Err((StatusCode::CONFLICT, why.to_owned()));
    }
    let body = form(&message, pressed);
    let headers = signed(body.as_bytes(), Timestamp::now());
    let mut refused = Vec::new();
    for api in &apis {
        let path = format!("/_aws/execute-api/{api}{ACTIONS_PATH}");
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        match http::post_form(port, &path, &headers, &body, parts::ANSWER_PATIENCE).await {
            Ok((200, _)) => return Ok(()),
            Ok((status, answer)) => {
                refused.push(format!("{status} {}", String::from_utf8_lossy(&answer).trim()))
            }
            Err(error) => refused.push(error.to_string()),
        }
    }
    Err((
        StatusCode::BAD_GATEWAY,
        format!("the stack did not take it: {}", refused.join("; ")),
    ))
}

/// `None` if the local AWS does not answer.
async fn apis(port: u16) -> Option<Vec<String>> {
    let route = utf8_percent_encode(&format!("POST {ACTIONS_PATH}"), NON_ALPHANUMERIC).to_string();
    let path = format!("/_alertctl/apis?route={route}");
    let (_, answer) = http::get(port, &path, parts::ANSWER_PATIENCE).await.ok()?;
    Some(serde_json::from_slice::<Found>(&answer).ok()?.apis)
}

/// The form that Slack posts.
fn form(message: &Message, pressed: &Pressed) -> String {
    let channel = &message.body["channel"];
    let ts = services::ts(message);
    let payload = json!({
        "type": "block_actions",
        "user": { "id": USER, "username": NAME, "name": NAME },
        "container": { "type": "message", "message_ts": ts, "channel_id": channel, "is_ephemeral": false },
        "channel": { "id": channel },
        "message": { "ts": ts },
        "actions": [{ "type": "button", "action_id": pressed.action, "value": pressed.value }],
    });
    format!(
        "payload={}",
        utf8_percent_encode(&payload.to_string(), NON_ALPHANUMERIC)
    )
}
