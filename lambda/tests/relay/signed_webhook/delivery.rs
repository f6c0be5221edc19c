//! The relay and a receiver that verifies signatures: what arrives, what is sent again, and what a person must mend.

use super::assert_valid;
use crate::support::course::{self, alert};
use crate::support::function::{Function, RETRIES, SECRET, batch_from, lock};
use crate::support::receiver::{Receiver, start};
use crate::support::{english, fixture};
use alertctl_relay::render;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn secret(byte: u8) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode([byte; 32]))
}

/// The relay with a channel whose receiver knows these secrets.
async fn relay(sends: &[String], knows: &[String]) -> (Function, Arc<Mutex<Receiver>>) {
    let (address, receiver) = start(knows).await;
    let address = format!("http://{address}/in/{SECRET} {}", sends.join(" "));
    let function = course::relay("signed_webhook", None, address).await;
    (function, receiver)
}

fn answer(receiver: &Arc<Mutex<Receiver>>, answers: &[(u16, &str)]) {
    let answers = answers.iter().map(|(status, text)| {
        let location = ("location", "http://127.0.0.1:1/elsewhere".to_owned());
        let headers = match status {
            429 | 503 => vec![("retry-after", "30".to_owned())],
            301 | 307 => vec![location],
            _ => Vec::new(),
        };
        (*status, headers, (*text).to_owned())
    });
    receiver.lock().expect("not poisoned").answers = answers.collect();
}

#[tokio::test]
async fn a_receiver_verifies_what_it_gets() {
    // While a secret is replaced, a receiver with either of them does.
    let (new, old) = (secret(1), secret(2));
    for (sends, knows) in [
        (vec![new.clone()], vec![new.clone()]),
        (vec![new.clone(), old.clone()], vec![new.clone(), old.clone()]),
    ] {
        let (mut function, receiver) = relay(&sends, &knows).await;
        let event = fixture("alarm-in-alarm");
        assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
        let card = render(&event, &english()).deliveries.remove(0).card;
        let said = function.stop().await;
        let receiver = receiver.lock().expect("not poisoned");
        assert_eq!(
            receiver.taken.values().collect::<Vec<_>>(),
            [&assert_valid(&card)]
        );
        assert_eq!(receiver.asked[0].0, format!("/in/{SECRET}"));
        assert!(!said.contains("whsec") && !said.contains(&new[6..]), "{said}");
    }
}

#[tokio::test]
async fn a_receiver_with_another_secret_refuses_it() {
    let (mut function, receiver) = relay(&[secret(1)], &[secret(3)]).await;
    assert_eq!(
        function.succeed(&alert("1")).await,
        json!({ "delivered": 0, "parked": 1 })
    );
    let parked = function.queue("dead").remove(0);
    let reason = "the receiver answers 401 Unauthorized: signature invalid";
    assert_eq!(parked["alertctl"]["parked"]["reason"], reason);
    assert!(receiver.lock().expect("not poisoned").taken.is_empty());
    function.stop().await;
}

#[tokio::test]
async fn each_try_has_the_same_id_and_a_signature_of_its_own() {
    let (mut function, receiver) = relay(&[secret(1)], &[secret(1)]).await;
    answer(&receiver, &[(500, "busy"), (502, ""), (504, "")]);
    assert_eq!(function.succeed(&alert("1")).await, json!({ "delivered": 1 }));
    // A receiver that asks for time gets it.
    answer(&receiver, &[(429, "slower"), (503, "")]);
    assert_eq!(
        function.succeed(&alert("2")).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    let request = lock(&function.script).sqs_requests.remove(0);
    assert!(
        (30..=31).contains(&request["DelaySeconds"].as_u64().expect("seconds")),
        "{request}"
    );
    answer(&receiver, &[]);
    // From the retry queue it comes late, and is the same message.
    let body = request["MessageBody"].as_str().expect("a body").to_owned();
    function.restart().await;
    let batch = batch_from(RETRIES, Duration::from_secs(900), &[body]);
    function.succeed(&batch).await;
    function.stop().await;
    let receiver = receiver.lock().expect("not poisoned");
    let ids: Vec<_> = receiver.asked.iter().map(|(_, id, _)| id.clone()).collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), unique.len(), receiver.taken.len()), (6, 2, 2));
    let late = &receiver.taken[&ids[5]];
    assert!(
        late["data"]["title"]
            .as_str()
            .expect("a title")
            .starts_with("⏱️ "),
        "{late}"
    );
    assert_eq!(ids[4], ids[5]);
}

#[tokio::test]
async fn what_a_person_must_mend_is_parked() {
    let (mut function, receiver) = relay(&[secret(1)], &[secret(1)]).await;
    let repeated = format!("nothing at /in/{SECRET}");
    answer(
        &receiver,
        &[
            (410, "gone"),
            (307, ""),
            (404, &repeated),
            (400, "no such type"),
            (401, &secret(1)[6..]),
        ],
    );
    let reasons = [
        "the receiver answers 410 Gone: gone",
        "the receiver answers 307 Temporary Redirect: ",
        "the receiver answers 404 Not Found: (an answer that repeats the webhook)",
        "the receiver answers 400 Bad Request: no such type",
        "the receiver answers 401 Unauthorized: (an answer that repeats the webhook)",
    ];
    course::parks(&mut function, &reasons).await;
    // One try each: nobody follows, and there is no other form.
    assert_eq!(receiver.lock().expect("not poisoned").asked.len(), 5);
    let said = function.stop().await;
    assert!(!said.contains(&secret(1)[6..]), "{said}");
}

#[tokio::test]
async fn a_url_without_a_secret_fails_with_what_is_missing() {
    let (mut function, _receiver) = relay(&[], &[]).await;
    lock(&function.script).plaintext = format!("https://hooks.example.com/in/{SECRET}");
    // An apply that is under way may bring the right one, so the alert waits.
    assert_eq!(
        function.succeed(&alert("1")).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    let said = function.stop().await;
    assert!(
        said.contains("the webhook has no signing secret after its URL"),
        "{said}"
    );
    assert!(
        !said.contains(SECRET) && !said.contains("hooks.example"),
        "{said}"
    );
}

/// What turns out more urgent is another message, or a receiver that leaves out what it has would leave out that.
#[tokio::test]
async fn a_more_urgent_copy_has_an_id_of_its_own() {
    let (address, receiver) = start(&[secret(1)]).await;
    let settings = json!({
        "stack": "mission",
        "channels": { "project": {
            "type": "signed_webhook", "mention": { "from": "error", "who": ["oncall"] },
        } },
        "rules": { "low": { "severity": "warning" }, "high": { "severity": "critical" } },
    });
    let mut function = Function::start_with_queues(&settings).await;
    lock(&function.script).plaintext = format!("http://{address}/in/{SECRET} {}", secret(1));
    let by = |rule: &str| json!({ "alertctl": { "rule": rule, "channels": ["project"] }, "event": fixture("call-from-rule")["event"] });
    for rule in ["low", "high"] {
        assert_eq!(
            function.succeed(&by(rule)).await,
            json!({ "delivered": 1 }),
            "{rule}"
        );
    }
    // Another process sends the same again.
    function.restart().await;
    function.succeed(&by("high")).await;
    function.stop().await;
    let receiver = receiver.lock().expect("not poisoned");
    let ids: Vec<_> = receiver.asked.iter().map(|(_, id, _)| id).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids[0] != ids[1] && ids[1] == ids[2], "{ids:?}");
    let (low, high) = (&receiver.taken[ids[0]]["data"], &receiver.taken[ids[1]]["data"]);
    assert_eq!(
        (&low["severity"], &low["mentions"]),
        (&json!("warning"), &json!([]))
    );
    assert_eq!(
        (&high["severity"], &high["mentions"]),
        (&json!("critical"), &json!(["oncall"]))
    );
}
