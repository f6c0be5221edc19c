//! The relay and a channel in Discord: what arrives, what waits, and what a person must mend.

use crate::support::course::{self, alert};
use crate::support::discord::{Channel, start};
use crate::support::function::{Function, SECRET, lock};
use crate::support::{english, fixture};
use alertctl_relay::card::{Phrase, Row};
use alertctl_relay::destination::discord::{fit, message};
use alertctl_relay::{Locale, render};
use serde_json::json;
use std::sync::{Arc, Mutex};

async fn relay() -> (Function, Arc<Mutex<Channel>>) {
    let (address, channel) = start().await;
    let address = format!("http://{address}/api/webhooks/1442100000000000001/{SECRET}");
    (course::relay("discord", None, address).await, channel)
}

#[tokio::test]
async fn an_alarm_reaches_discord() {
    let (mut function, channel) = relay().await;
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
    let expected = render(&event, &english()).deliveries.remove(0).card;
    assert_eq!(
        channel.lock().expect("not poisoned").taken,
        [json!(message(&expected))]
    );
    assert!(function.messages().is_empty());
    let log = function.log().await;
    assert_eq!((log.len(), &log[0]["outcome"]), (1, &json!("delivered")));
}

#[tokio::test]
async fn discord_is_given_the_pause_it_asks_for() {
    let (mut function, channel) = relay().await;
    let limited = |seconds: f64| json!({ "message": "You are being rate limited.", "retry_after": seconds, "global": false });
    channel.lock().expect("not poisoned").answers = [(429, limited(0.25)), (429, limited(64.57))].into();
    let answer = function.succeed(&alert("1")).await;
    // A short one is waited for, a long one is a queue's.
    assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    assert_eq!(channel.lock().expect("not poisoned").asked.len(), 2);
    let request = lock(&function.script).sqs_requests.remove(0);
    assert!(
        request["QueueUrl"]
            .as_str()
            .expect("a queue")
            .ends_with("/mission-relay-retries")
    );
    assert_eq!(request["DelaySeconds"], 65);
    function.stop().await;
}

#[tokio::test]
async fn a_form_that_discord_refuses_comes_as_text() {
    let (mut function, channel) = relay().await;
    let form = json!({ "message": "Invalid Form Body", "code": 50035 });
    channel.lock().expect("not poisoned").answers = [(400, form)].into();
    assert_eq!(function.succeed(&alert("1")).await, json!({ "delivered": 1 }));
    let taken = channel.lock().expect("not poisoned").taken.remove(0);
    let content = taken["content"].as_str().expect("a text");
    assert!(
        content.ends_with("\n-# Discord refused the usual form of this message, so it comes as text."),
        "{content}"
    );
    assert!(taken.get("embeds").is_none() && taken["flags"] == 4, "{taken}");
    let log = function.log().await;
    assert_eq!(
        (&log[0]["Delivered"], &log[0]["status"]),
        (&json!(1), &json!(400))
    );
}

#[tokio::test]
async fn what_a_person_must_mend_is_parked_with_discords_words() {
    let (mut function, channel) = relay().await;
    channel.lock().expect("not poisoned").answers = [
        (404, json!({ "message": "Unknown Webhook", "code": 10015 })),
        (400, json!({ "message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001 })),
        (401, json!({ "message": format!("Invalid Webhook Token {SECRET}"), "code": 50027 })),
    ]
    .into();
    let reasons = [
        r#"Discord answers 404 Not Found: {"message":"Unknown Webhook","code":10015}"#,
        r#"Discord answers 400 Bad Request: {"message":"Webhooks posted to forum channels must have a thread_name or thread_id","code":220001}"#,
        "Discord answers 401 Unauthorized: (an answer that repeats the webhook)",
    ];
    course::parks(&mut function, &reasons).await;
    assert_eq!(channel.lock().expect("not poisoned").asked.len(), 3);
    function.stop().await;
}

#[test]
fn a_digest_has_as_many_rows_as_fit() {
    let row = Row {
        phrase: Phrase::text(&"x".repeat(200)),
        link: None,
    };
    let rows = vec![row; 100];
    let counts = Locale::ALL.map(|locale| fit(&rows, locale));
    assert_eq!(counts, [26, 26]);
}
