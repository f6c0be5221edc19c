//! The course of deliveries to one channel, which is the same for every service that shows messages.

use super::fixture;
use super::function::{BUFFER, Function, QUEUE, RETRIES, batch, lock, settings};
use serde_json::{Value, json};

/// The relay with one channel of this type at this address, with a buffer if its settings are given.
pub async fn relay(channel_type: &str, buffer: Option<Value>, address: String) -> Function {
    let mut settings = settings();
    let is_buffered = buffer.is_some();
    settings["channels"]["project"]["type"] = channel_type.into();
    if let Some(buffer) = buffer {
        settings["channels"]["project"]["buffer"] = buffer;
    }
    let function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES);
        if is_buffered {
            command.env("BUFFERS", json!({ "project": BUFFER }).to_string());
        }
    })
    .await;
    lock(&function.script).plaintext = address;
    function
}

/// A text by SNS, which is told from others by its id.
pub fn alert(id: &str) -> Value {
    let mut event = fixture("text");
    event["Records"][0]["Sns"]["MessageId"] = id.into();
    event["Records"][0]["Sns"]["Subject"] = format!("alert {id}").into();
    event
}

/// What a person has to mend is parked at once: one alert for each of these reasons. One that ends in `…` is the beginning
/// of what is said.
pub async fn parks(function: &mut Function, reasons: &[&str]) {
    for (index, reason) in reasons.iter().enumerate() {
        let answer = function.succeed(&alert(&index.to_string())).await;
        assert_eq!(answer, json!({ "delivered": 0, "parked": 1 }), "{reason}");
        let parked = function.queue("dead").pop().expect("a dead letter");
        let said = parked["alertctl"]["parked"]["reason"].as_str().expect("a reason");
        match reason.strip_suffix('…') {
            Some(beginning) => assert!(said.starts_with(beginning), "{said}"),
            None => assert_eq!(said, *reason),
        }
    }
}

/// The buffer of a channel that it shows as digests.
pub fn digesting() -> Option<Value> {
    Some(json!({ "digest_above": 3, "per_second": 50.0 }))
}

/// Thirty alerts wait in the channel's buffer. `taken` is what the service has taken, and shows each of them.
pub async fn thirty_become_few(function: &mut Function, taken: impl Fn() -> Vec<Value>) -> Vec<Value> {
    let waiting = |id: usize| {
        let event = alert(&format!("n{id:02}"));
        json!({ "alertctl": { "channels": ["project"] }, "event": event }).to_string()
    };
    let bodies: Vec<_> = (0..30).map(waiting).collect();
    function.succeed(&batch(&bodies)).await;
    let taken = taken();
    assert!(taken.len() < 4, "{}", taken.len());
    let texts = json!(taken).to_string();
    let is_shown = |id: usize| texts.contains(&format!("alert n{id:02}"));
    assert!((0..30).all(is_shown), "{texts}");
    taken
}
