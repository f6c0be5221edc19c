//! What a destination does not take now: it waits in the retry queue, until it is due, for days.

use crate::support::fixture;
use crate::support::function::{BUFFER, Function, QUEUE, RETRIES, SECRET, batch_from, lock};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::process::Command;

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
async fn more_critical_alerts_than_there_is_time_for_become_a_digest() {
    let mut function = function(|_| {}).await;
    function.runtime.hurry(10 * SECOND);
    let critical = |id: usize| {
        let mut event = event(&format!("{id:02}"), &["project"]);
        event["alertctl"]["verdict"] = json!({ "severity": "critical", "mention": ["@here"] });
        event
    };
    let bodies: Vec<_> = (0..20).map(critical).collect();
    assert!(drain(&mut function, SECOND, &bodies).await.is_empty());
    let shown = headlines(&function, "project");
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].starts_with("<!here> 🔔 *20 alerts*"), "{shown:?}");
    function.stop().await;
}

#[tokio::test]
async fn the_most_urgent_comes_first_and_then_the_oldest() {
    let settings = json!({
        "stack": "mission",
        "channels": { "project": { "buffer": { "digest_above": 9, "per_second": 10.0 } } },
    });
    let mut function = Function::start_as(&settings, |command| {
        command.env("RETRY_QUEUE", RETRIES);
    })
    .await;
    let alert = |id: &str, second: u32, severity: &str| {
        let mut event = event(id, &["project"]);
        event["alertctl"]["verdict"] = json!({ "severity": severity });
        event["event"]["Records"][0]["Sns"]["Timestamp"] = format!("2026-11-20T05:00:{second:02}Z").into();
        event
    };
    let bodies = [
        alert("ok", 40, "error"),
        alert("info", 1, "info"),
        alert("alarm", 30, "error"),
        alert("trail", 50, "critical"),
    ];
    assert!(drain(&mut function, SECOND, &bodies).await.is_empty());
    assert_eq!(
        headlines(&function, "project"),
        [
            "🔵 *alert trail*",
            "🔵 *alert alarm*",
            "🔵 *alert ok*",
            "🔵 *alert info*"
        ]
    );
    function.stop().await;
}

#[tokio::test]
async fn an_endpoint_answers_that_the_rest_is_tried_again() {
    let mut function = function(|command| {
        command
            .env("ALERTCTL_DUTY", "ingest")
            .env("ENDPOINT", "elastalert")
            .env("TOPICS", json!([TOPIC]).to_string())
            .env("DESTINATIONS", r#"["project"]"#)
            // The token `token`.
            .env(
                "TOKEN_SHA256",
                "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0",
            );
    })
    .await;
    let request = |id: &str| {
        let alert = json!({ "rule": "5xx", "_id": id, "@timestamp": "2026-11-20T05:00:00Z", "result": 500 });
        json!({
            "headers": { "authorization": "Bearer token" },
            "requestContext": { "http": { "method": "POST" } },
            "body": alert.to_string(),
            "isBase64Encoded": false,
        })
    };
    lock(&function.script).slack_always = Some((500, "internal_error"));
    lock(&function.script).sns_refusals = [(503, "ServiceUnavailable"); 3].into();
    let answer = function.succeed(&request("1")).await;
    assert_eq!(answer["statusCode"], 202, "{answer}");
    assert!(function.queue("dead").is_empty());
    let mut queue = waiting(&function);
    queue.sort_by_key(|(body, _)| body["alertctl"]["topics"].is_array());
    let [(slack, _), (mail, _)] = queue.as_slice() else {
        panic!("{queue:?}")
    };
    assert_eq!(slack["alertctl"]["channels"], json!(["project"]));
    assert_eq!(mail["alertctl"]["topics"], json!([TOPIC]));
    assert_eq!(mail["alertctl"]["channels"], json!([]));
    // ElastAlert sends the alert once more: it is taken.
    let answer = function.succeed(&request("1")).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    assert_eq!(waiting(&function).len(), 2);
    let bodies = [slack.clone(), mail.clone()];
    let direct = lock(&function.script).sns_messages.remove(0);
    function.stop().await;

    // The relay drains the queue: the message to the topic says what it would have said at first.
    let mut relay = self::function(|_| {}).await;
    lock(&relay.script).sns_refusals = [(503, "ServiceUnavailable"); 3].into();
    assert_eq!(drain(&mut relay, SECOND, &bodies).await, ["m-1"]);
    assert_eq!(headlines(&relay, "project"), ["🔵 *ElastAlert: 5xx*"]);
    assert!(drain(&mut relay, SECOND, &bodies[1..]).await.is_empty());
    let sent = lock(&relay.script).sns_messages.pop().expect("a message");
    assert_eq!(
        (&sent["Subject"], &sent["Message"]),
        (&direct["Subject"], &direct["Message"])
    );
    relay.stop().await;
}

#[tokio::test]
async fn what_the_guard_did_is_told_even_later() {
    let mut guard = function(|command| {
        command
            .env("ALERTCTL_DUTY", "guard")
            .env(
                "TRAIL",
                "arn:aws:cloudtrail:ap-northeast-2:111122223333:trail/audit",
            )
            .env("DESTINATIONS", r#"["project"]"#);
    })
    .await;
    lock(&guard.script).slack_always = Some((404, "no_service"));
    let answer = guard.succeed(&fixture("tamper-stop-logging")).await;
    assert_eq!(answer["outcome"], "restarted", "{answer}");
    let (body, _) = waiting(&guard).remove(0);
    assert_eq!(body["alertctl"]["guard"], "restarted");
    guard.stop().await;
    let mut relay = function(|_| {}).await;
    assert!(
        drain(&mut relay, SECOND, std::slice::from_ref(&body))
            .await
            .is_empty()
    );
    let shown = headlines(&relay, "project");
    assert!(
        shown[0].contains("🛡️") && shown[0].contains("logging was started again"),
        "{shown:?}"
    );
    // What Slack will never take becomes a dead letter of the relay.
    lock(&relay.script).slack_always = Some((404, "no_service"));
    relay.restart().await;
    assert!(drain(&mut relay, SECOND, &[body]).await.is_empty());
    assert_eq!(relay.queue("dead")[0]["alertctl"]["guard"], "restarted");
    relay.stop().await;
}

#[tokio::test]
async fn what_a_person_sends_again_comes_together_and_calls_nobody() {
    let mut function = function(|_| {}).await;
    for id in 0..8 {
        let mut letter = event(&format!("{id}"), &["project"]);
        letter["alertctl"]["verdict"] = json!({ "severity": "critical", "mention": ["@here"] });
        letter["alertctl"]["parked"] = json!({ "reason": "no_service", "at": "2026-11-20T05:00:00Z" });
        let answer = function.succeed(&letter).await;
        assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    }
    assert!(function.messages().is_empty());
    let queue = waiting(&function);
    assert!(queue.iter().all(|(_, delay)| *delay == 5), "{queue:?}");
    function.runtime.hurry(10 * SECOND);
    let bodies: Vec<_> = queue.into_iter().map(|(body, _)| body).collect();
    assert!(drain(&mut function, 5 * SECOND, &bodies).await.is_empty());
    let shown = headlines(&function, "project");
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].starts_with("🔔 *8 alerts*"), "{shown:?}");
    function.stop().await;
}

/// A moment this long ago, as AWS writes it.
fn ago(time: Duration) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970") - time;
    let seconds = i64::try_from(since.as_secs()).expect("a time");
    jiff::Timestamp::from_second(seconds).expect("a time").to_string()
}

#[tokio::test]
async fn what_comes_late_says_so() {
    let mut function = function(|_| {}).await;
    let hour = 60 * 60 * SECOND;
    let mut late = event("a", &["project"]);
    late["alertctl"]["verdict"] = json!({ "severity": "critical", "mention": ["@here"] });
    late["event"]["Records"][0]["Sns"]["Timestamp"] = ago(3 * hour).into();
    assert!(drain(&mut function, 3 * hour, &[late.clone()]).await.is_empty());
    // Nobody was called before.
    assert_eq!(
        headlines(&function, "project"),
        ["<!here> ⏱️ *3 h late* · 🔵 *alert a*"]
    );
    late["event"]["Records"][0]["Sns"]["MessageId"] = "b".into();
    assert!(drain(&mut function, 9 * 60 * SECOND, &[late]).await.is_empty());
    let shown = headlines(&function, "project");
    assert_eq!(shown[1], "<!here> 🔵 *alert a*");
    function.stop().await;
}

#[tokio::test]
async fn an_alarm_that_is_over_calls_nobody_any_more() {
    let mut function = function(|_| {}).await;
    let change = |id: &str, old: &str, new: &str, minutes: u32| {
        let message = json!({ "AlarmName": "cpu", "OldStateValue": old, "NewStateValue": new,
            "AWSAccountId": "111122223333", "StateChangeTime": ago(minutes * 60 * SECOND) });
        let topic = "arn:aws:sns:us-east-1:111122223333:t";
        let record = json!({ "Sns": { "MessageId": id, "TopicArn": topic, "Message": message.to_string() } });
        json!({
            "alertctl": { "channels": ["project"], "verdict": { "severity": "critical", "mention": ["@here"] } },
            "event": { "Records": [record] },
        })
    };
    function.succeed(&change("1", "ALARM", "OK", 2)).await;
    let bodies = [change("2", "OK", "ALARM", 5), change("3", "OK", "ALARM", 1)];
    assert!(drain(&mut function, SECOND, &bodies).await.is_empty());
    let shown = headlines(&function, "project");
    assert!(shown[1].starts_with("⏱️ *5 min late* · 🚨"), "{shown:?}");
    assert!(shown[2].starts_with("<!here> 🚨"), "{shown:?}");
    function.stop().await;
}

#[tokio::test]
async fn a_dead_letter_of_a_topic_goes_to_its_topic_alone() {
    let mut function = function(|_| {}).await;
    let mut letter = event("a", &[]);
    letter["alertctl"]["topics"] = json!([TOPIC]);
    letter["alertctl"]["parked"] = json!({ "reason": "no", "at": "2026-11-20T05:00:00Z", "function": "f" });
    let answer = function.succeed(&letter).await;
    assert_eq!(answer, json!({ "delivered": 1 }));
    assert!(function.messages().is_empty());
    let sent = lock(&function.script).sns_messages.clone();
    assert_eq!(
        (
            sent.len(),
            sent[0]["TopicArn"].as_str(),
            sent[0]["Subject"].as_str()
        ),
        (1, TOPIC, "alert a")
    );
    function.stop().await;
}

#[tokio::test]
async fn what_the_guard_did_is_no_copy_of_the_alert_about_the_same_event() {
    let mut function = function(|_| {}).await;
    let stopped = |guard: Value| {
        let mut wrapper = json!({ "channels": ["project"], "verdict": { "severity": "critical" } });
        if guard.is_string() || guard.is_object() {
            wrapper["guard"] = guard;
        }
        json!({ "alertctl": wrapper, "event": fixture("tamper-stop-logging") })
    };
    let bodies = [
        stopped(Value::Null),
        stopped(json!({ "failed": "denied" })),
        stopped(json!("restarted")),
        stopped(json!("restarted")),
    ];
    assert!(drain(&mut function, SECOND, &bodies).await.is_empty());
    assert_eq!(
        headlines(&function, "project").len(),
        3,
        "the alert, the failure, the end"
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

/// Lambda, SNS and EventBridge keep a whole event, also for channels that do not take it.
#[tokio::test]
async fn a_dead_letter_of_others_is_filtered_as_ever() {
    let settings =
        json!({ "stack": "mission", "channels": { "project": { "routes": [{ "severity": "error" }] } } });
    let mut function = Function::start_as(&settings, |command| {
        command.env("RETRY_QUEUE", RETRIES);
    })
    .await;
    let mut letter = event("a", &["project"]);
    letter["alertctl"]["parked"] = json!({ "reason": "RetriesExhausted", "at": null });
    let answer = function.succeed(&letter).await;
    assert_eq!(answer, json!({ "delivered": 0, "filtered": 1 }));
    // What a function parked was accepted before.
    letter["alertctl"]["parked"]["function"] = "mission-relay".into();
    let answer = function.succeed(&letter).await;
    assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    function.stop().await;
}
