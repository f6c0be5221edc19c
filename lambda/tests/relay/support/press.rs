//! What Slack posts when somebody presses a button, and the request that API Gateway makes of it.

use alertctl_relay::Act;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::Sha256;

/// The secret that stands for Slack's beside an emulator.
pub const SECRET: &str = "00000000000000000000000000000000";

pub fn click(act: Act, value: &str) -> Value {
    json!({
        "type": "block_actions",
        "user": { "id": "U0123ABCD", "username": "jane", "name": "jane" },
        "container": { "type": "message", "message_ts": "1700000001.000100", "channel_id": "C0123ABCD" },
        "actions": [{ "type": "button", "action_id": act, "value": value, "action_ts": "1.0" }],
        "response_url": "https://hooks.slack.com/actions/T1/2/3",
    })
}

/// The request that API Gateway makes of what Slack posts.
pub fn request(payload: &Value, secret: &str, at: Timestamp) -> Value {
    let text = payload.to_string();
    let body = format!("payload={}", utf8_percent_encode(&text, NON_ALPHANUMERIC));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("v0:{}:{body}", at.as_second()).as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    json!({
        "version": "2.0", "routeKey": "POST /slack", "isBase64Encoded": true, "body": BASE64_STANDARD.encode(&body),
        "headers": {
            "content-type": "application/x-www-form-urlencoded",
            "x-slack-request-timestamp": at.as_second().to_string(), "x-slack-signature": format!("v0={hex}"),
        },
    })
}
