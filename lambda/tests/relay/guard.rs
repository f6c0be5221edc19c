//! Tests the real executable with the duty `guard`, with a fake CloudTrail, SNS and Slack.

use crate::support::function::{Function, lock, settings};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:security";

async fn guard() -> Function {
    guard_of(&settings()).await
}

async fn guard_of(settings: &Value) -> Function {
    Function::start_as(settings, |command| {
        command
            .env("ALERTCTL_DUTY", "guard")
            .env("TRAIL", TRAIL)
            .env("TOPICS", json!([TOPIC]).to_string())
            .env("DESTINATIONS", r#"["project"]"#);
    })
    .await
}

/// `StopLogging` as EventBridge reports it.
fn stopped(name: &str) -> Value {
    json!({
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.cloudtrail",
        "account": "111122223333",
        "time": "2026-11-20T05:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "AssumedRole",
                "arn": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admins_0123456789abcdef/mallory",
            },
            "eventSource": "cloudtrail.amazonaws.com",
            "eventName": "StopLogging",
            "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.7",
            "requestParameters": { "name": name },
            "responseElements": null,
            "eventID": "e-1",
            "recipientAccountId": "111122223333",
        },
    })
}

fn calls(function: &Function) -> Vec<String> {
    let script = lock(&function.script);
    let call = |(call, trail, region): &(String, String, String)| {
        assert_eq!((trail.as_str(), region.as_str()), (TRAIL, "us-east-1"));
        call.clone()
    };
    script.trail_calls.iter().map(call).collect()
}

/// The headlines that Slack and SNS received.
fn headlines(function: &Function) -> (Vec<String>, Vec<String>) {
    let script = lock(&function.script);
    let headline = |(_, message): &(String, Value)| crate::support::headline(message).to_owned();
    let slack = script.slack_messages.iter().map(headline).collect();
    let sns = script
        .sns_messages
        .iter()
        .map(|letter| letter["Subject"].clone())
        .collect();
    (slack, sns)
}

fn alone(text: &str) -> Vec<String> {
    vec![text.to_owned()]
}

/// A guard of a stack that Organizations answers, or not.
async fn guard_that_knows(names: bool) -> Function {
    let mut settings = settings();
    settings["organization"] = true.into();
    settings["account_names"] = names.into();
    let function = guard_of(&settings).await;
    let own = ("111122223333".to_owned(), "security-hub".to_owned());
    lock(&function.script).account_names = [own].into();
    function
}

#[tokio::test]
async fn the_account_is_shown_with_its_name_where_organizations_may_be_asked() {
    let mut function = guard_that_knows(true).await;
    for id in ["e-1", "e-2"] {
        let mut event = stopped("audit");
        event["detail"]["eventID"] = id.into();
        function.succeed(&event).await;
    }
    let messages = function.messages();
    assert_eq!(messages.len(), 2);
    for (_, message) in messages {
        assert!(
            message.to_string().contains("security-hub (111122223333)"),
            "{message}"
        );
    }
    assert_eq!(lock(&function.script).account_requests, ["111122223333"]);

    let mut function = guard_that_knows(false).await;
    function.succeed(&stopped("audit")).await;
    assert!(!function.messages()[0].1.to_string().contains("security-hub"));
    assert!(lock(&function.script).account_requests.is_empty());
}

#[tokio::test]
async fn a_trail_is_started_and_told_of_though_organizations_never_answers() {
    let mut function = guard_that_knows(true).await;
    lock(&function.script).silent.insert("Organizations");
    let answer = function.succeed(&stopped("audit")).await;
    assert_eq!(answer, json!({ "outcome": "restarted", "delivered": 2 }));
    let message = function.messages()[0].1.to_string();
    assert!(message.contains("111122223333"), "{message}");
}

#[tokio::test]
async fn a_stopped_trail_is_started_and_told_of() {
    for (name, wrapped) in [("audit", false), (TRAIL, true)] {
        let mut function = guard().await;
        let mut event = stopped(name);
        if wrapped {
            event = json!({ "alertctl": { "rule": "r", "channels": ["project"] }, "event": event });
        }
        let answer = function.succeed(&event).await;
        assert_eq!(answer, json!({ "outcome": "restarted", "delivered": 2 }));
        assert_eq!(calls(&function), ["GetTrailStatus", "StartLogging"]);
        let headline = "🛡️ mallory stopped trail audit; logging was started again";
        let (slack, sns) = headlines(&function);
        // In Slack as code: whoever stops a trail chooses the name.
        let shown = "🛡️ `mallory` stopped trail `audit`; logging was started again  ·  us-east-1";
        assert_eq!((slack, sns), (alone(shown), alone(headline)));
        let letter = lock(&function.script).sns_messages[0].clone();
        assert_eq!(letter["TopicArn"], TOPIC);
        assert!(letter["Message"].starts_with(headline) && letter["Message"].contains("203.0.113.7"));
        let lines = function.log().await;
        assert_eq!(
            (&lines[0]["duty"], &lines[0]["Delivered"], &lines[0]["eventId"]),
            (&json!("guard"), &json!(1), &json!("e-1"))
        );
        assert_eq!(
            (&lines[1]["kind"], &lines[1]["outcome"]),
            (&json!("done"), &json!("restarted"))
        );
    }
}

#[tokio::test]
async fn what_it_tells_links_to_the_pages_of_the_trail() {
    let runbook = "https://wiki.example.com/stopped";
    let mut settings = settings();
    settings["trail"] = json!({ "runbook": runbook, "dashboard": "https://g.example.com/trail" });
    let mut function = guard_of(&settings).await;
    function.succeed(&stopped("audit")).await;
    let shown = lock(&function.script).slack_messages[0].1.to_string();
    for link in [
        "<https://wiki.example.com/stopped|Runbook (wiki.example.com)>",
        "<https://g.example.com/trail|Dashboard (g.example.com)>",
    ] {
        assert!(shown.contains(link), "{shown}");
    }
    let letter = lock(&function.script).sns_messages[0]["Message"].clone();
    let lines = format!("\n\nRunbook: {runbook}\nDashboard: https://g.example.com/trail\n\n");
    assert!(letter.contains(&lines), "{letter}");
    function.stop().await;
}

#[tokio::test]
async fn a_trail_that_logs_again_is_told_of_too() {
    let mut function = guard().await;
    lock(&function.script).logging = true;
    let answer = function.succeed(&stopped("audit")).await;
    assert_eq!(answer["outcome"], "already logging");
    // The status may be older than the call that stopped the trail (eventual consistency).
    assert_eq!(calls(&function), ["GetTrailStatus", "StartLogging"]);
    assert_eq!(
        headlines(&function).1,
        alone("🛡️ mallory stopped trail audit; it is logging again")
    );
    function.stop().await;
}

#[tokio::test]
async fn what_does_not_concern_it_is_left_alone() {
    let mut function = guard().await;
    let mut refused = stopped("audit");
    refused["detail"]["errorCode"] = "AccessDenied".into();
    for event in [refused, stopped("other"), json!({}), json!([])] {
        assert_eq!(function.succeed(&event).await["outcome"], "ignored");
    }
    assert!(calls(&function).is_empty());
    assert_eq!(headlines(&function), (Vec::new(), Vec::new()));
    assert!(function.stop().await.contains("another trail"));
}

#[tokio::test]
async fn a_moment_of_trouble_is_overcome() {
    let mut function = guard().await;
    lock(&function.script).start_refusals = [(400, "ThrottlingException"), (500, "InternalFailure")].into();
    assert_eq!(function.succeed(&stopped("audit")).await["outcome"], "restarted");
    assert_eq!(calls(&function).len(), 4);
    function.stop().await;
}

#[tokio::test]
async fn a_trail_that_does_not_start_is_told_of_and_fails() {
    let mut function = guard().await;
    lock(&function.script).start_refusals = [(400, "AccessDeniedException"); 2].into();
    let error = function.fail(&stopped("audit")).await;
    assert_eq!(error, "CloudTrail answers AccessDeniedException: no");
    let headline = "🚨 mallory stopped trail audit; logging could not be started again";
    let shown = "🚨 `mallory` stopped trail `audit`; logging could not be started again  ·  us-east-1";
    assert_eq!(headlines(&function), (alone(shown), alone(headline)));
    // Lambda retries: nobody gets the same message twice, and everybody gets the better news.
    function.fail(&stopped("audit")).await;
    assert_eq!(headlines(&function).0.len(), 1);
    assert_eq!(function.succeed(&stopped("audit")).await["delivered"], 2);
    assert!(function.stop().await.contains("\"outcome\":\"unguarded\""));
}

#[tokio::test]
async fn whoever_was_not_told_is_told_by_the_retry() {
    let mut function = guard().await;
    lock(&function.script).slack_always = Some((500, "rollup_error"));
    function.runtime.hurry(Duration::from_secs(4));
    let error = function.fail(&stopped("audit")).await;
    assert!(
        error.starts_with("channel `project` (#project): Slack answers 500"),
        "{error}"
    );
    assert!(error.ends_with("(1 delivered)"), "{error}");
    lock(&function.script).slack_always = None;
    assert_eq!(function.succeed(&stopped("audit")).await["delivered"], 1);
    assert_eq!(headlines(&function).1.len(), 1);
    function.stop().await;
}

#[tokio::test]
async fn a_guard_without_a_trail_says_so() {
    let mut function = Function::start_with(|command| {
        command.env("ALERTCTL_DUTY", "guard").env("TRAIL", "audit");
    })
    .await;
    let error = function.fail(&stopped("audit")).await;
    assert!(
        error.contains("TRAIL is `audit`, not the ARN of a CloudTrail trail"),
        "{error}"
    );
    function.stop().await;
}

#[tokio::test]
async fn silence_is_told_of_in_the_time_there_is() {
    let mut function = guard().await;
    lock(&function.script).silent = ["CloudTrail"].into();
    function.runtime.hurry(Duration::from_secs(3));
    let started = Instant::now();
    let error = function.fail(&stopped("audit")).await;
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(error, "CloudTrail does not answer in the time there is");
    let (slack, sns) = headlines(&function);
    assert_eq!((slack.len(), sns.len()), (1, 1));
    function.stop().await;
}
