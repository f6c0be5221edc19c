//! The queue for what can never be delivered as it is.

use super::Network;
use super::aws::refusal;
use super::destinations::Refusal;
use crate::Queue;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

/// Every queue takes as much; more only if it is set up for it.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const MAX_RECORD: usize = 262_144;

/// An alert that is parked, and why.
pub(super) struct Record<'a> {
    pub reason: &'a str,
    pub request_id: &'a str,
    /// Key of the endpoint that took it.
    pub endpoint: &'a str,
    /// The destinations that do not have it; empty if nobody was asked.
    pub destinations: Vec<String>,
    pub body: &'a [u8],
}

impl Record<'_> {
    /// The record as JSON that SQS takes. A body that is too long is cut, and one that is no UTF-8 is
    /// Base64; fields beside it say so.
    fn json(&self, time: Timestamp) -> String {
        let mut record = json!({
            "reason": self.reason,
            "requestId": self.request_id,
            "time": time.to_string(),
            "endpoint": self.endpoint,
            "destinations": self.destinations,
        });
        let body = match std::str::from_utf8(self.body) {
            Ok(text) => text.to_owned(),
            Err(_) => {
                record["bodyEncoding"] = "base64".into();
                BASE64_STANDARD.encode(self.body)
            }
        };
        record["bodyBytes"] = self.body.len().into();
        record["bodyCut"] = false.into();
        let room = MAX_RECORD.saturating_sub(record.to_string().len() + r#","body":"""#.len());
        let kept = fit(&body, room);
        record["bodyCut"] = (kept < body.len()).into();
        record["body"] = Value::from(&body[..kept]);
        // The two characters that SQS refuses and JSON does not escape of itself.
        record
            .to_string()
            .replace('\u{fffe}', "\\ufffe")
            .replace('\u{ffff}', "\\uffff")
    }

    /// Stores the record before `deadline`.
    pub async fn store(&self, queue: &Queue, network: &Network, deadline: Instant) -> Result<(), Refusal> {
        let client = aws_sdk_sqs::Client::new(&network.config(&queue.region));
        let message = client
            .send_message()
            .queue_url(queue.url(network.endpoint()))
            .message_body(self.json(Timestamp::now()));
        match timeout_at(deadline, message.send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(refusal("SQS", &error)),
            Err(_) => Err(Refusal::transient(
                "SQS does not answer in the time there is".to_owned(),
            )),
        }
    }
}

/// How many bytes of `text` fit into `room` bytes of a JSON string.
fn fit(text: &str, room: usize) -> usize {
    let mut used = 0;
    for (index, c) in text.char_indices() {
        used += match c {
            '"' | '\\' => 2,
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => 6,
            c => c.len_utf8(),
        };
        if used > room {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(body: &[u8]) -> (usize, Value) {
        let record = Record {
            reason: "the body is not JSON",
            request_id: "id",
            endpoint: "elastalert",
            destinations: Vec::new(),
            body,
        };
        let text = record.json(Timestamp::UNIX_EPOCH);
        assert!(!text.contains(['\u{fffe}', '\u{ffff}']));
        (text.len(), serde_json::from_str(&text).expect("JSON"))
    }

    #[test]
    fn a_body_is_kept_as_it_came() {
        let (_, value) = record("{\"a\": \u{ffff}\u{0}".as_bytes());
        assert_eq!(
            value,
            json!({
                "reason": "the body is not JSON", "requestId": "id", "time": "1970-01-01T00:00:00Z",
                "endpoint": "elastalert", "destinations": [], "bodyBytes": 10, "bodyCut": false,
                "body": "{\"a\": \u{ffff}\u{0}",
            })
        );
        let (_, value) = record(&[0xff, 0xfe]);
        assert_eq!(
            (&value["body"], &value["bodyEncoding"]),
            (&json!("//4="), &json!("base64"))
        );
    }

    #[test]
    fn a_long_body_is_cut_to_what_sqs_takes() {
        for body in [
            "x".repeat(300_000),
            "\"".repeat(200_000),
            "가".repeat(100_000),
            "\u{1}".repeat(50_000),
        ] {
            let (length, value) = record(body.as_bytes());
            assert!((MAX_RECORD - 8..=MAX_RECORD).contains(&length), "{length}");
            assert_eq!(value["bodyCut"], true);
            assert_eq!(value["bodyBytes"], body.len());
            assert!(body.starts_with(value["body"].as_str().expect("a text")));
        }
    }

    proptest! {
        #[test]
        fn every_body_has_a_record(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (_, value) = record(&body);
            prop_assert_eq!(&value["bodyCut"], false);
        }
    }
}
