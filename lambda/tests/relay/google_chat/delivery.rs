//! The relay and a space in Google Chat: what arrives, what waits, and what a person has to mend.

use crate::support::course::{self, alert};
use crate::support::fixture;
use crate::support::function::{Function, SECRET, lock};
use crate::support::google_chat::space;
use crate::support::outside::{Answer, Outside};
use alertctl_relay::event::read;
use alertctl_relay::{Settings, compose, google_chat};
use serde_json::{Value, json};

/// The relay with a space in Google Chat.
async fn relay(buffer: Option<Value>) -> (Function, Outside) {
    let chat = Outside::start(space).await;
    let address = format!("http://{}/v1/spaces/{SECRET}/messages", chat.address);
    (course::relay("google_chat", buffer, address).await, chat)
}

fn refusal(code: u16, status: &str, message: &str) -> Answer {
    Answer::new(
        code,
        json!({ "error": { "code": code, "message": message, "status": status } }),
    )
}

#[tokio::test]
async fn a_space_gets_its_card_in_the_thread_of_its_incident() {
    let (mut function, chat) = relay(None).await;
    let fired = fixture("alarm-in-alarm");
    let mut over = fired.clone();
    let message = fired["Records"][0]["Sns"]["Message"].as_str().expect("a message");
    let mut message: Value = serde_json::from_str(message).expect("an alarm");
    message["OldStateValue"] = json!("ALARM");
    message["NewStateValue"] = json!("OK");
    over["Records"][0]["Sns"]["Message"] = message.to_string().into();
    over["Records"][0]["Sns"]["MessageId"] = json!("over");
    for event in [&fired, &over, &alert("a")] {
        assert_eq!(function.succeed(event).await, json!({ "delivered": 1 }));
    }
    let settings = Settings::parse(r#"{"stack":"mission"}"#).expect("settings");
    let expected = compose(&read(&fired)[0], &settings);
    let taken = chat.taken();
    assert_eq!(taken[0], json!(google_chat::message(&expected)));
    assert_eq!(taken[0]["thread"], taken[1]["thread"]);
    assert_eq!(taken[2].get("thread"), None);
    let asked = chat.asked();
    let path = format!("/v1/spaces/{SECRET}/messages");
    let reply = format!("{path}?messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
    let uris: Vec<_> = asked.iter().map(|asked| asked.uri.to_string()).collect();
    assert_eq!(uris, [reply.clone(), reply, path]);
    let log = function.log().await;
    assert!(log.iter().all(|line| line["outcome"] == "delivered"), "{log:#?}");
}

#[tokio::test]
async fn what_a_space_throttles_is_tried_again_and_then_waits() {
    let (mut function, chat) = relay(None).await;
    let throttled = || {
        refusal(
            429,
            "RESOURCE_EXHAUSTED",
            "Resource has been exhausted (e.g. check quota).",
        )
    };
    chat.script([throttled()]);
    let started = std::time::Instant::now();
    assert_eq!(function.succeed(&alert("a")).await, json!({ "delivered": 1 }));
    // Google does not say how long to wait; a space takes one message per second.
    assert!(started.elapsed().as_secs_f64() >= 1.0);
    chat.script([Answer {
        pause: Some(60),
        ..throttled()
    }]);
    assert_eq!(
        function.succeed(&alert("b")).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    let delay = lock(&function.script).sqs_requests[0]["DelaySeconds"].as_u64();
    assert!(delay.is_some_and(|delay| (58..=65).contains(&delay)), "{delay:?}");
    function.stop().await;
}

#[tokio::test]
async fn what_a_space_refuses_for_its_form_comes_as_text() {
    let (mut function, chat) = relay(None).await;
    chat.script([refusal(
        400,
        "INVALID_ARGUMENT",
        "Invalid JSON payload received. Unknown name \"cardsV2\".",
    )]);
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
    let [shown] = &*chat.taken() else {
        panic!("{:#?}", chat.taken())
    };
    assert_eq!(shown.get("cardsV2"), None);
    let text = shown["text"].as_str().expect("a text").replace('\u{200b}', "");
    assert!(text.contains("\nState: OK → In alarm\n"), "{text}");
    assert!(
        text.ends_with("Google Chat refused the usual form of this message, so it comes as text."),
        "{text}"
    );
    // It is a step of the incident all the same.
    assert_eq!(shown["thread"], chat.asked()[0].body["thread"]);
    let log = function.log().await;
    assert_eq!(
        (&log[0]["outcome"], &log[0]["status"]),
        (&json!("delivered"), &json!(400))
    );
}

#[tokio::test]
async fn what_a_person_has_to_mend_is_parked_at_once() {
    let (mut function, chat) = relay(None).await;
    let invalid = json!({ "error": { "code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
        "details": [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID" }] } });
    chat.script([
        refusal(404, "NOT_FOUND", "Space not found."),
        refusal(403, "PERMISSION_DENIED", &format!("not for {SECRET}")),
        Answer::new(400, invalid),
    ]);
    let reasons = [
        "Google Chat answers 404 Not Found: {\"error\":{\"code\":404,\"message\":\"Space not found.\"…",
        "Google Chat answers 403 Forbidden: (an answer that repeats the webhook)…",
        "Google Chat answers 400 Bad Request: {\"error\":{\"code\":400,\"message\":\"API key not valid.\"…",
    ];
    course::parks(&mut function, &reasons).await;
    assert_eq!(chat.asked().len(), 3);
    function.stop().await;
}

#[tokio::test]
async fn many_become_one_card_outside_of_all_threads() {
    let (mut function, chat) = relay(course::digesting()).await;
    let taken = course::thirty_become_few(&mut function, || chat.taken()).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].get("thread"), None);
    function.stop().await;
}
