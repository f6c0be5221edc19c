//! PagerDuty: the events, and their delivery.

use crate::support::function::{BUFFER, Function, QUEUE, RETRIES, SECRET, batch, lock, settings};
use crate::support::pager::{
    Pager, assert_valid, cards, events_with, hostile, pagerduty_problems, sent, skeleton, snapshot,
};
use crate::support::{english, fixture, fixtures, korean, languages};
use alertctl_relay::destination::Shape;
use alertctl_relay::{ChannelType, ServiceRegion};
use proptest::prelude::*;
use serde_json::{Value, json};

const PAGERDUTY: ChannelType = ChannelType::Pagerduty {
    region: ServiceRegion::Us,
};

/// The relay with a channel in PagerDuty, which is the fake.
async fn relay(change: impl FnOnce(&mut Value)) -> (Function, Pager) {
    let mut settings = settings();
    settings["channels"]["project"]["type"] = json!({ "pagerduty": { "region": "us" } });
    change(&mut settings);
    let is_buffered = settings["channels"]["project"]["buffer"].is_object();
    let function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES);
        if is_buffered {
            command.env("BUFFERS", json!({ "project": BUFFER }).to_string());
        }
    })
    .await;
    let pager = Pager::start().await;
    lock(&function.script).plaintext = format!("http://{}/{SECRET}", pager.address);
    (function, pager)
}

/// An alarm through SNS, in this state.
fn alarm(id: &str, old: &str, new: &str) -> Value {
    let mut event = fixture("alarm-in-alarm");
    let sns = &mut event["Records"][0]["Sns"];
    sns["MessageId"] = id.into();
    let message = sns["Message"].as_str().expect("a message");
    let mut message: Value = serde_json::from_str(message).expect("JSON");
    message["OldStateValue"] = old.into();
    message["NewStateValue"] = new.into();
    sns["Message"] = message.to_string().into();
    event
}

#[test]
fn every_fixture_is_a_valid_event() {
    for name in fixtures() {
        for (_, settings) in languages() {
            for card in cards(&fixture(&name), &settings) {
                assert_valid(&PAGERDUTY, &card, pagerduty_problems);
            }
        }
    }
}

#[test]
fn telling_fixtures_in_both_languages() {
    let all = json!({ "en": snapshot(&PAGERDUTY, &english()), "ko": snapshot(&PAGERDUTY, &korean()) });
    insta::assert_json_snapshot!("pagerduty", all);
}

#[test]
fn the_fake_refuses_what_pagerduty_refuses() {
    let card = cards(&fixture("alarm-in-alarm"), &english()).remove(0);
    let (path, body) = sent(&PAGERDUTY, &card, Shape::Usual);
    let refuses = |at: &str, value: Value| {
        let mut body = body.clone();
        *body.pointer_mut(at).expect("a field") = value;
        !pagerduty_problems(&path, &body).is_empty()
    };
    assert!(pagerduty_problems(&path, &body).is_empty());
    for (at, value) in [
        ("/routing_key", json!("e93f")),
        ("/event_action", json!("fire")),
        ("/dedup_key", json!("k".repeat(256))),
        ("/payload/summary", json!(" ")),
        ("/payload/summary", json!("가".repeat(1_025))),
        ("/payload/source", json!("")),
        ("/payload/severity", json!("fatal")),
        ("/payload/custom_details", json!([])),
        ("/payload/timestamp", json!("yesterday")),
        ("/links/0/href", json!("javascript:alert(1)")),
        ("/payload", Value::Null),
    ] {
        assert!(refuses(at, value), "{at}");
    }
    assert!(!pagerduty_problems("/v2/change/enqueue", &body).is_empty());
    assert!(!pagerduty_problems("/v1/enqueue", &body).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_from_outside_is_more_than_text(text in hostile(), times in 1..400usize) {
        let harmless = events_with("x");
        for (event, plain) in events_with(&text).iter().zip(&harmless) {
            let bodies = |event: &Value| {
                let cards = cards(event, &english());
                cards.iter().map(|card| sent(&PAGERDUTY, card, Shape::Usual)).collect::<Vec<_>>()
            };
            for ((path, body), (plain_path, plain)) in bodies(event).iter().zip(bodies(plain)) {
                prop_assert_eq!(path, &plain_path);
                prop_assert_eq!(skeleton(body), skeleton(&plain));
                // A name may be in the fragment of a console's address, but no page is anybody else's.
                let pages = |body: &Value| {
                    let links = body["links"].as_array().into_iter().flatten();
                    let page = |link: &Value| link["href"].as_str().and_then(|href| href.split('#').next()).map(str::to_owned);
                    links.map(page).collect::<Vec<_>>()
                };
                prop_assert_eq!(pages(body), pages(&plain));
            }
        }
        for event in events_with(&text.repeat(times)) {
            for card in cards(&event, &korean()) {
                assert_valid(&PAGERDUTY, &card, pagerduty_problems);
            }
        }
    }
}

#[tokio::test]
async fn an_alarm_opens_one_incident_and_closes_it() {
    let (mut function, pager) = relay(|_| {}).await;
    let fires = alarm("1", "OK", "ALARM");
    assert_eq!(function.succeed(&fires).await, json!({ "delivered": 1 }));
    // Another process knows nothing of the first, and PagerDuty itself counts what it has.
    function.restart().await;
    assert_eq!(function.succeed(&fires).await, json!({ "delivered": 1 }));
    function.succeed(&alarm("2", "ALARM", "INSUFFICIENT_DATA")).await;
    {
        let seen = pager.seen();
        assert_eq!((seen.opened, seen.open.values().sum::<usize>()), (1, 3));
    }
    function.succeed(&alarm("3", "ALARM", "OK")).await;
    assert!(pager.seen().open.is_empty());
    let bodies = pager.bodies();
    let over = bodies.last().expect("a body");
    let summary = over["payload"]["summary"].as_str().expect("a summary");
    assert!(
        summary.starts_with("✅ mission-cpu-alarm is back to OK"),
        "{summary}"
    );
    assert!(
        pager
            .seen()
            .requests
            .iter()
            .all(|(path, _)| *path == format!("/{SECRET}/v2/enqueue"))
    );
    assert!(!function.stop().await.contains("00000000"));
}

#[tokio::test]
async fn what_is_sent_twice_pages_once_also_when_it_is_late() {
    let (mut function, pager) = relay(|settings| {
        settings["topics"]["mission-sns"]["severity"] = json!("critical");
    })
    .await;
    let text = fixture("text");
    function.succeed(&text).await;
    let waited = json!({ "alertctl": { "channels": ["project"] }, "event": text });
    function.restart().await;
    let hour = std::time::Duration::from_secs(3_600);
    let late = crate::support::function::batch_from(RETRIES, hour, &[waited.to_string()]);
    assert_eq!(function.succeed(&late).await, json!({ "batchItemFailures": [] }));
    let bodies = pager.bodies();
    let [first, late] = bodies.as_slice() else {
        panic!("{bodies:#?}")
    };
    assert_ne!(first["payload"]["summary"], late["payload"]["summary"]);
    assert_eq!(first["dedup_key"], late["dedup_key"]);
    assert_eq!(pager.seen().opened, 1);
    function.stop().await;
}

#[tokio::test]
async fn what_is_good_to_know_and_a_test_page_nobody() {
    let (mut function, pager) = relay(|_| {}).await;
    function.succeed(&fixture("text")).await;
    let test = json!({ "alertctl": { "channels": ["project"], "test": "t-0123abcd" }, "event": alarm("t", "OK", "ALARM") });
    function.succeed(&test).await;
    let seen = pager.seen();
    assert_eq!((seen.opened, seen.changes.len()), (0, 2));
    let summary = seen.changes[1]["payload"]["summary"].as_str().expect("a summary");
    assert!(summary.starts_with("🧪 TEST · 🚨 mission-cpu-alarm"), "{summary}");
}

#[tokio::test]
async fn too_many_events_wait_as_long_as_pagerduty_asks() {
    let (mut function, pager) = relay(|_| {}).await;
    pager.answer(429, &[], json!({ "status": "throttle exceeded", "message": "Requests for this service are arriving too quickly." }));
    assert_eq!(
        function.succeed(&alarm("1", "OK", "ALARM")).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    let delay = lock(&function.script).sqs_requests[0]["DelaySeconds"].as_u64();
    assert_eq!(delay, Some(30));
    assert_eq!(pager.bodies().len(), 1);
    let queued = function.queue("mission-relay-retries").remove(0);
    pager.answer(
        500,
        &[],
        json!({ "status": "error", "message": "Internal Server Error" }),
    );
    function.restart().await;
    let again = crate::support::function::batch_from(
        RETRIES,
        std::time::Duration::from_secs(31),
        &[queued.to_string()],
    );
    assert_eq!(function.succeed(&again).await, json!({ "batchItemFailures": [] }));
    assert_eq!(pager.counts(), (1, 1));
    assert_eq!(pager.bodies().len(), 3);
    function.stop().await;
}

#[tokio::test]
async fn what_pagerduty_refuses_for_its_form_comes_in_a_plain_one() {
    let (mut function, pager) = relay(|_| {}).await;
    let refusal = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": ["'links' is invalid"] });
    pager.answer(400, &[], refusal);
    assert_eq!(
        function.succeed(&alarm("1", "OK", "ALARM")).await,
        json!({ "delivered": 1 })
    );
    let bodies = pager.bodies();
    let [usual, plain] = bodies.as_slice() else {
        panic!("{bodies:#?}")
    };
    assert_eq!(usual["dedup_key"], plain["dedup_key"]);
    assert!(plain.get("links").is_none(), "{plain:#}");
    let text = plain["payload"]["custom_details"]["text"]
        .as_str()
        .expect("a text");
    assert!(
        text.starts_with("https://ap-northeast-2.console.aws.amazon.com/")
            && text.contains("\nState: OK → In alarm\n"),
        "{text}"
    );
    let line = &function.log().await[0];
    assert_eq!(
        (&line["outcome"], &line["status"]),
        (&json!("delivered"), &json!(400))
    );
}

#[tokio::test]
async fn an_unknown_key_is_for_a_person() {
    let (mut function, pager) = relay(|_| {}).await;
    let refusal = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": ["Invalid routing key"] });
    pager.answer(400, &[], refusal);
    assert_eq!(
        function.succeed(&alarm("1", "OK", "ALARM")).await,
        json!({ "delivered": 0, "parked": 1 })
    );
    assert_eq!(pager.bodies().len(), 1);
    let parked = function.queue("dead").remove(0);
    let reason = parked["alertctl"]["parked"]["reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("PagerDuty answers 400 Bad Request: ") && reason.contains("Invalid routing key"),
        "{reason}"
    );
    function.stop().await;
}

#[tokio::test]
async fn many_alerts_are_no_digest() {
    let (mut function, pager) = relay(|settings| {
        settings["channels"]["project"]["buffer"] = json!({ "digest_above": 3, "per_second": 100.0 });
    })
    .await;
    let waiting = |id: usize| {
        let mut event = alarm(&id.to_string(), "OK", "ALARM");
        let message = event["Records"][0]["Sns"]["Message"].as_str().expect("a message");
        event["Records"][0]["Sns"]["Message"] = message
            .replace("mission-cpu-alarm", &format!("alarm-{id}"))
            .into();
        json!({ "alertctl": { "channels": ["project"] }, "event": event }).to_string()
    };
    let bodies: Vec<_> = (0..8).map(waiting).collect();
    assert_eq!(
        function.succeed(&batch(&bodies)).await,
        json!({ "batchItemFailures": [] })
    );
    assert_eq!(pager.seen().open.len(), 8);
    function.stop().await;
}

/// The most urgent comes first, but not what would end an incident that began anew.
#[tokio::test]
async fn what_goes_on_is_not_ended_by_what_waited_with_it() {
    let (mut function, pager) = relay(|settings| {
        settings["channels"]["project"]["buffer"] = json!({ "per_second": 100.0 });
    })
    .await;
    let step = |id: &str, old: &str, new: &str, minute: u32| {
        let mut event = alarm(id, old, new);
        let message = event["Records"][0]["Sns"]["Message"].as_str().expect("a message");
        let mut message: Value = serde_json::from_str(message).expect("JSON");
        message["StateChangeTime"] = format!("2026-11-28T01:{minute:02}:00.000+0000").into();
        event["Records"][0]["Sns"]["Message"] = message.to_string().into();
        json!({ "alertctl": { "channels": ["project"] }, "event": event }).to_string()
    };
    let bodies = [
        step("1", "OK", "ALARM", 1),
        step("2", "ALARM", "OK", 2),
        step("3", "OK", "ALARM", 3),
    ];
    function.succeed(&batch(&bodies)).await;
    assert_eq!(pager.seen().open.len(), 1, "it is in alarm");
    // What is late by now must not open what nobody would close.
    function.succeed(&batch(&[step("4", "ALARM", "OK", 9)])).await;
    assert!(pager.seen().open.is_empty());
    function.succeed(&batch(&[step("5", "OK", "ALARM", 5)])).await;
    assert!(pager.seen().open.is_empty());
}
