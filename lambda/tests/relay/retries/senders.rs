//! What endpoints, the guard, topics and other services put into the retry queue.

use super::*;

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
