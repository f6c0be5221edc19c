//! Buttons that people press: Slack posts a form to the app, signed with the app's signing secret.
//! <https://docs.slack.dev/authentication/verifying-requests-from-slack>,
//! <https://docs.slack.dev/reference/interaction-payloads/block_actions-payload>

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize as _;
use serde_json::Value;
use sha2::Sha256;

use crate::contract::Act;
use crate::destination::living::{Header, MessageId, Pressed, Unsigned};
use crate::hash::hex;
use crate::phrase::one_line;

/// Stands for the signing secret beside an emulator.
pub const LOCAL: &str = "00000000000000000000000000000000";
/// Header: when Slack signed the request, in seconds since 1970.
const TIMESTAMP: &str = "x-slack-request-timestamp";
/// Header: the signature.
const SIGNATURE: &str = "x-slack-signature";
/// How old a request may be, in seconds, as Slack advises: whoever has seen one cannot use it later.
const OLDEST: i64 = 300;
/// Longest name of a person, in characters.
const MAX_NAME: usize = 80;

/// Whether a text is a signing secret.
pub(super) fn is_secret(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Checks that Slack signed `body` a moment before `now`; takes the same time whatever the signature is.
///
/// # Errors
/// It did not, or some minutes ago.
pub(super) fn check(secret: &str, header: Header<'_>, body: &[u8], now: Timestamp) -> Result<(), Unsigned> {
    let timestamp = header(TIMESTAMP).ok_or(Unsigned::Bare)?;
    let signature = header(SIGNATURE);
    let signature = signature.and_then(|text| bytes(text.strip_prefix("v0=")?));
    let signature = signature.ok_or(Unsigned::Bare)?;
    let mac = mac(secret, &timestamp, body).ok_or(Unsigned::NoSecret)?;
    mac.verify_slice(&signature).map_err(|_| Unsigned::Wrong)?;
    let seconds: i64 = timestamp.parse().map_err(|_| Unsigned::Bare)?;
    match now.as_second().abs_diff(seconds) <= OLDEST.unsigned_abs() {
        true => Ok(()),
        false => Err(Unsigned::Old),
    }
}

/// What Slack signs: the version of the scheme, the time, and the body.
fn mac(secret: &str, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(b"v0:");
    mac.update(timestamp.as_bytes());
    mac.update(b":");
    mac.update(body);
    Some(mac)
}

/// The headers with which Slack would send `body` now, signed with the secret that stands for one beside an emulator.
pub fn signed(body: &[u8], now: Timestamp) -> [(&'static str, String); 2] {
    let timestamp = now.as_second().to_string();
    let signature = mac(LOCAL, &timestamp, body).map(|mac| hex(&mac.finalize().into_bytes()));
    let signature = format!("v0={}", signature.unwrap_or_default());
    [(TIMESTAMP, timestamp), (SIGNATURE, signature)]
}

/// The bytes of a text in hexadecimal.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    (text.len() == 64).then(|| digits.map(byte).collect())?
}

/// The buttons of ours that the request says were pressed in `channel`.
pub(super) fn read(body: &[u8], channel: &str) -> Vec<Pressed> {
    let Some(payload) = payload(body).filter(|payload| payload["type"] == "block_actions") else {
        return Vec::new();
    };
    let place = [&payload["container"]["channel_id"], &payload["channel"]["id"]];
    let place = place.into_iter().find_map(Value::as_str);
    let message = payload["container"]["message_ts"].as_str();
    let user = &payload["user"];
    let id = user["id"].as_str().filter(|id| is_id(id));
    let (Some(id), Some(message), true) = (id, message, place == Some(channel)) else {
        return Vec::new();
    };
    let name = ["username", "name"].iter().find_map(|key| user[key].as_str());
    let actions = payload["actions"].as_array().into_iter().flatten();
    let pressed = actions.filter_map(|action| {
        Some(Pressed {
            act: Act::deserialize(&action["action_id"]).ok()?,
            incident: action["value"]
                .as_str()
                .filter(|key| bytes(key).is_some())?
                .to_owned(),
            message: MessageId(format!("{channel} {message}")),
            user: id.to_owned(),
            name: name.map(|name| one_line(name).chars().take(MAX_NAME).collect()),
        })
    });
    pressed.collect()
}

/// Whether a text may be the id of a person.
fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (2..=30).contains(&text.len()) && text.bytes().all(plain)
}

/// The JSON in the form's field `payload`.
fn payload(body: &[u8]) -> Option<Value> {
    let form = std::str::from_utf8(body).ok()?;
    let field = form.split('&').find_map(|field| field.strip_prefix("payload="))?;
    let field = field.replace('+', " ");
    serde_json::from_str(&percent_decode_str(&field).decode_utf8().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn header(at: &'static str, signature: &'static str) -> impl Fn(&str) -> Option<String> {
        move |name| match name {
            TIMESTAMP => Some(at.to_owned()),
            SIGNATURE => Some(signature.to_owned()),
            _ => None,
        }
    }

    fn asked(header: Header<'_>, body: &[u8], second: i64) -> Result<(), Unsigned> {
        let now = Timestamp::from_second(second).expect("a time");
        check("8f742231b10e8888abcd99yyyzzz85a5", header, body, now)
    }

    /// The example of Slack's documents.
    #[test]
    fn slacks_own_example_is_signed() {
        let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                     channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                     response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                     96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
        let signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
        let right = header("1531420618", signature);
        assert_eq!(asked(&right, body, 1_531_420_618), Ok(()));
        assert_eq!(asked(&right, body, 1_531_420_918), Ok(()));
        assert_eq!(asked(&right, body, 1_531_420_919), Err(Unsigned::Old));
        assert_eq!(asked(&right, body, 1_531_420_317), Err(Unsigned::Old));
        assert_eq!(asked(&right, b"token=other", 1_531_420_618), Err(Unsigned::Wrong));
        let later = header("1531420619", signature);
        assert_eq!(asked(&later, body, 1_531_420_619), Err(Unsigned::Wrong));
        for bare in [
            "",
            "v0=",
            "v1=00",
            "v0=a2",
            "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        ] {
            let bare = header("1531420618", bare);
            assert_eq!(asked(&bare, body, 1_531_420_618), Err(Unsigned::Bare));
        }
        assert_eq!(asked(&|_| None, body, 1_531_420_618), Err(Unsigned::Bare));
        assert_eq!(
            check("other", &right, body, Timestamp::UNIX_EPOCH),
            Err(Unsigned::Wrong)
        );
    }

    fn form(payload: &Value) -> Vec<u8> {
        let text = payload.to_string();
        let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
        format!("payload={encoded}").replace("%20", "+").into_bytes()
    }

    fn click() -> Value {
        json!({
            "type": "block_actions",
            "user": { "id": "U0123ABCD", "username": "jane doe\n", "name": "jane", "team_id": "T1" },
            "container": { "type": "message", "message_ts": "1.0", "channel_id": "C1" },
            "channel": { "id": "C1", "name": "ops" },
            "actions": [
                { "type": "button", "action_id": "acknowledge", "block_id": "b", "value": KEY },
                { "type": "button", "action_id": "open", "block_id": "b" },
                { "type": "button", "action_id": "snooze_one_hour", "value": "arn:aws:cloudwatch:…" },
            ],
        })
    }

    #[test]
    fn only_our_buttons_in_our_channel_are_read() {
        let one = Pressed {
            act: Act::Acknowledge,
            incident: KEY.to_owned(),
            message: MessageId("C1 1.0".to_owned()),
            user: "U0123ABCD".to_owned(),
            name: Some("jane doe".to_owned()),
        };
        assert_eq!(read(&form(&click()), "C1"), [one]);
        assert_eq!(read(&form(&click()), "C2"), []);
        for (at, other) in [
            ("/type", json!("view_submission")),
            ("/user/id", json!("<!channel>")),
            ("/user", json!(null)),
            ("/container/message_ts", json!(1.0)),
            ("/actions", json!({})),
            ("/actions/0/value", json!("9f2c")),
            ("/actions/0/action_id", json!("delete_everything")),
        ] {
            let mut click = click();
            *click.pointer_mut(at).expect("a field") = other;
            assert_eq!(read(&form(&click), "C1"), [], "{at}");
        }
        for other in [
            "",
            "payload=",
            "payload=%7B%7D",
            "ssl_check=1",
            "payload=%ff",
            "payload={",
        ] {
            assert_eq!(read(other.as_bytes(), "C1"), [], "{other}");
        }
        assert_eq!(read(b"payload=\xff", "C1"), []);
    }

    #[test]
    fn a_signing_secret_has_32_hexadecimal_digits() {
        assert!(is_secret(LOCAL) && is_secret("8f742231b10e8888abcd99aaabbb85a5"));
        for other in [
            "",
            "8f742231b10e8888abcd99aaabbb85a",
            "8f742231b10e8888abcd99yyyzzz85a5",
        ] {
            assert!(!is_secret(other), "{other}");
        }
    }
}
