//! What a destination does not take now: it waits in the retry queue, until it is due, for days.

use crate::support::fixture;
use crate::support::function::{BUFFER, Function, QUEUE, RETRIES, SECRET, batch_from, lock};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::process::Command;

mod batches;
mod senders;

const TOPIC: &str = "arn:aws:sns:ap-northeast-2:111122223333:mail";
const SECOND: Duration = Duration::from_secs(1);

/// A function with a retry queue and two channels, of which each has a webhook of its own.
async fn function(change: impl FnOnce(&mut Command)) -> Function {
    let settings = json!({ "stack": "mission", "channels": { "project": {}, "oncall": {} } });
    let function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES)
            .env("WEBHOOK_oncall", BASE64_STANDARD.encode("oncall"));
        change(command);
    })
    .await;
    {
        let mut script = lock(&function.script);
        let oncall = script.plaintext.replace("/B0/", "/B1/");
        script.webhooks = BTreeMap::from([(BASE64_STANDARD.encode("oncall"), oncall)]);
    }
    function
}

fn path(channel: &str) -> String {
    let hook = match channel {
        "project" => "B0",
        _ => "B1",
    };
    format!("/services/T0/{hook}/{SECRET}")
}

/// A text message through SNS, for these channels.
fn event(id: &str, channels: &[&str]) -> Value {
    let mut event = fixture("text");
    event["Records"][0]["Sns"]["MessageId"] = id.into();
    event["Records"][0]["Sns"]["Subject"] = format!("alert {id}").into();
    json!({ "alertctl": { "channels": channels }, "event": event })
}

/// What is in the retry queue: the bodies, and after how many seconds each is delivered.
fn waiting(function: &Function) -> Vec<(Value, u64)> {
    let script = lock(&function.script);
    let here = script.sqs_requests.iter().filter(|request| {
        request["QueueUrl"]
            .as_str()
            .expect("a queue")
            .ends_with("-retries")
    });
    here.map(|request| {
        let body = request["MessageBody"].as_str().expect("a body");
        let delay = request["DelaySeconds"].as_u64().unwrap_or_default();
        (serde_json::from_str(body).expect("JSON"), delay)
    })
    .collect()
}

/// The next batch from the retry queue.
async fn drain(function: &mut Function, age: Duration, bodies: &[Value]) -> Vec<String> {
    let bodies: Vec<_> = bodies.iter().map(Value::to_string).collect();
    let answer = function.succeed(&batch_from(RETRIES, age, &bodies)).await;
    let left = answer["batchItemFailures"].as_array().expect("a list");
    let id = |one: &Value| one["itemIdentifier"].as_str().expect("an id").to_owned();
    left.iter().map(id).collect()
}

fn headlines(function: &Function, channel: &str) -> Vec<String> {
    let messages = function.messages().into_iter();
    let here = messages.filter(|(at, _)| *at == path(channel));
    here.map(|(_, message)| crate::support::headline(&message).to_owned())
        .collect()
}

#[tokio::test]
async fn what_a_channel_does_not_take_waits_for_it_alone() {
    let mut function = function(|_| {}).await;
    lock(&function.script)
        .slack_at
        .insert(path("project"), (500, "internal_error"));
    let answer = function.succeed(&event("a", &["project", "oncall"])).await;
    assert_eq!(answer, json!({ "delivered": 1, "deferred": 1 }));
    let queue = waiting(&function);
    let [(body, delay)] = queue.as_slice() else {
        panic!("{queue:?}")
    };
    assert_eq!(body["alertctl"]["channels"], json!(["project"]));
    assert_eq!(body["alertctl"]["verdict"]["severity"], "info");
    assert!((13..=15).contains(delay), "{delay}");
    assert_eq!(headlines(&function, "oncall"), ["🔵 *alert a*"]);

    // Lambda delivers the event once more: the queue has it.
    let answer = function.succeed(&event("a", &["project", "oncall"])).await;
    assert_eq!(answer, json!({ "delivered": 0, "duplicates": 2 }));

    // A little later Slack is there again.
    lock(&function.script).slack_at.clear();
    function.restart().await;
    let body = body.clone();
    assert!(drain(&mut function, 15 * SECOND, &[body]).await.is_empty());
    assert_eq!(
        headlines(&function, "project").last().map(String::as_str),
        Some("🔵 *alert a*")
    );
    assert_eq!(headlines(&function, "oncall").len(), 1);
    let log = function.log().await;
    let outcomes: Vec<_> = log
        .iter()
        .filter(|line| line["eventId"] == "a")
        .map(|line| (line["Channel"].as_str(), line["outcome"].as_str()))
        .collect();
    assert!(
        outcomes.contains(&(Some("project"), Some("deferred"))),
        "{outcomes:?}"
    );
    assert_eq!(
        outcomes.last(),
        Some(&(Some("project"), Some("delivered"))),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn the_pause_that_slack_asks_for_is_kept_exactly_and_by_all() {
    let mut function = function(|_| {}).await;
    {
        let mut script = lock(&function.script);
        script.slack_pause = Some(30);
        script.slack_at.insert(path("project"), (429, "rate_limited"));
    }
    for id in ["a", "b"] {
        let answer = function.succeed(&event(id, &["project"])).await;
        assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    }
    // The second message is not even tried.
    assert_eq!(headlines(&function, "project"), ["🔵 *alert a*"]);
    let queue = waiting(&function);
    assert_eq!(queue[0].1, 30);
    assert!((28..=30).contains(&queue[1].1), "{queue:?}");

    // The same in a batch: the first refusal is for all of it, and all come back at the moment that Slack names.
    function.restart().await;
    let bodies: Vec<_> = queue.into_iter().map(|(body, _)| body).collect();
    let left = drain(&mut function, 30 * SECOND, &bodies).await;
    assert_eq!(left, ["m-0", "m-1"]);
    assert_eq!(headlines(&function, "project").len(), 2);
    let put_off = lock(&function.script).put_off.clone();
    assert_eq!(put_off, [("r-0".to_owned(), 30), ("r-1".to_owned(), 30)]);
    let log = function.log().await;
    let waits = log
        .iter()
        .find(|line| line["outcome"] == "waiting")
        .expect("a line");
    assert_eq!(
        (&waits["messages"], &waits["againInSeconds"]),
        (&json!(2), &json!(29))
    );
    assert!(
        waits["Waiting"]
            .as_u64()
            .is_some_and(|age| (59..=62).contains(&age)),
        "{waits}"
    );
    assert_eq!(
        waits["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([["Stack"]])
    );
}

#[tokio::test]
async fn no_channel_waits_for_another() {
    let mut function = function(|_| {}).await;
    lock(&function.script)
        .slack_at
        .insert(path("project"), (503, "unavailable"));
    let bodies = [event("a", &["project"]), event("b", &["oncall"])];
    assert_eq!(drain(&mut function, SECOND, &bodies).await, ["m-0"]);
    assert_eq!(headlines(&function, "oncall"), ["🔵 *alert b*"]);
    let put_off = lock(&function.script).put_off.clone();
    assert!(
        put_off.len() == 1 && put_off[0].0 == "r-0" && (8..=15).contains(&put_off[0].1),
        "{put_off:?}"
    );
    function.stop().await;
}

#[tokio::test]
async fn after_four_days_a_person_looks_at_it() {
    let mut function = function(|_| {}).await;
    lock(&function.script).slack_always = Some((503, "unavailable"));
    let day = 24 * 60 * 60 * SECOND;
    let left = drain(&mut function, 4 * day - 60 * SECOND, &[event("a", &["project"])]).await;
    assert_eq!(left, ["m-0"]);
    assert!(function.queue("dead").is_empty());
    function.restart().await;
    let left = drain(&mut function, 4 * day, &[event("a", &["project"])]).await;
    assert!(left.is_empty());
    let parked = function.queue("dead");
    let reason = &parked[0]["alertctl"]["parked"]["reason"];
    assert_eq!(
        reason,
        "after 4 days: Slack answers 503 Service Unavailable: unavailable"
    );
    assert_eq!(parked[0]["alertctl"]["channels"], json!(["project"]));
    function.stop().await;
}

#[tokio::test]
async fn a_permission_that_iam_has_not_spread_yet_is_waited_for() {
    let mut function = function(|_| {}).await;
    let denied = || {
        let error = json!({ "__type": "AccessDeniedException", "message": "not yet" });
        (400, error)
    };
    lock(&function.script).kms_refusals = [denied()].into();
    let answer = function.succeed(&event("a", &["project"])).await;
    assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    let (body, _) = waiting(&function).remove(0);
    function.restart().await;
    lock(&function.script).kms_refusals = [denied()].into();
    assert_eq!(
        drain(&mut function, 590 * SECOND, std::slice::from_ref(&body)).await,
        ["m-0"]
    );
    function.restart().await;
    lock(&function.script).kms_refusals = [denied()].into();
    assert!(drain(&mut function, 600 * SECOND, &[body]).await.is_empty());
    let parked = function.queue("dead");
    let reason = parked[0]["alertctl"]["parked"]["reason"]
        .as_str()
        .expect("a reason");
    assert!(reason.contains("AccessDeniedException"), "{reason}");
    function.stop().await;
}

#[tokio::test]
async fn without_a_place_to_wait_the_invocation_fails() {
    let mut function = function(|_| {}).await;
    {
        let mut script = lock(&function.script);
        script.slack_always = Some((500, "internal_error"));
        script.sqs_refusals = [(400, "AWS.SimpleQueueService.NonExistentQueue")].into();
    }
    let error = function.fail(&event("a", &["project"])).await;
    assert!(
        error.contains("500 Internal Server Error") && error.contains("retry queue"),
        "{error}"
    );
    function.stop().await;
}

#[tokio::test]
async fn a_permission_for_a_buffer_is_waited_for_too() {
    let settings = json!({ "stack": "mission", "channels": { "project": { "buffer": {} } } });
    let mut function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("BUFFERS", json!({ "project": BUFFER }).to_string());
    })
    .await;
    lock(&function.script).sqs_refusals = [(400, "AccessDenied")].into();
    let error = function.fail(&event("a", &["project"])).await;
    assert!(error.contains("AccessDenied"), "{error}");
    assert!(function.queue("dead").is_empty());
    function.stop().await;
}
