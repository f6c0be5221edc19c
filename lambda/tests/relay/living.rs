//! A Slack app: an incident is one message, whatever happens in between.

use crate::support::function::{Function, QUEUE, RETRIES, batch_from, lock};
use crate::support::workspace::{CHANNEL, Fault, Workspace};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::process::Command;

pub const FIRED: &str = "2026-11-28T01:00:00.000+0000";
pub const OVER: &str = "2026-11-28T01:12:00.000+0000";
const AGAIN: &str = "2026-11-28T02:00:00.000+0000";

pub fn settings() -> Value {
    let channel =
        json!({ "type": { "slack_bot": { "channel": CHANNEL } }, "buffer": { "per_second": 1000.0 } });
    json!({ "stack": "mission", "channels": { "project": channel }, "topics": { "mission-sns": { "to": ["project"] } } })
}

async fn start() -> (Function, Workspace) {
    let (workspace, address) = Workspace::start().await;
    let function = start_in(&workspace, &format!("http://{address}/"), |_| {}).await;
    (function, workspace)
}

/// A relay with other settings.
pub async fn start_with(change: impl FnOnce(&mut Value)) -> (Function, Workspace) {
    let (workspace, address) = Workspace::start().await;
    let mut settings = settings();
    change(&mut settings);
    let address = format!("http://{address}/");
    let function = start_as(&settings, &workspace, &address, |_| {}).await;
    (function, workspace)
}

/// Another process in the same workspace, with other settings.
pub async fn start_beside(workspace: &Workspace, change: impl FnOnce(&mut Value)) -> Function {
    let address = workspace.open().await;
    let mut settings = settings();
    change(&mut settings);
    start_as(&settings, workspace, &format!("http://{address}/"), |_| {}).await
}

async fn start_in(workspace: &Workspace, address: &str, change: impl FnOnce(&mut Command)) -> Function {
    start_as(&settings(), workspace, address, change).await
}

pub async fn start_as(
    settings: &Value,
    workspace: &Workspace,
    address: &str,
    change: impl FnOnce(&mut Command),
) -> Function {
    let function = Function::start_as(settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES)
            .env("INCIDENTS", "mission-incidents");
        change(command);
    })
    .await;
    let mut script = lock(&function.script);
    script.plaintext = format!("{address}slack");
    script.workspace = Some(workspace.clone());
    drop(script);
    function
}

/// The alarm `name` enters a state at a moment.
pub fn alarm(name: &str, old: &str, new: &str, at: &str) -> Value {
    let message = json!({
        "AlarmName": name, "OldStateValue": old, "NewStateValue": new, "StateChangeTime": at,
        "NewStateReason": "Threshold Crossed", "AWSAccountId": "111122223333",
        "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}"),
    });
    let topic = "arn:aws:sns:us-east-1:111122223333:mission-sns";
    let sns = json!({ "MessageId": format!("{name} {new} {at}"), "TopicArn": topic, "Message": message.to_string() });
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": sns }] })
}

fn fired() -> Value {
    alarm("cpu", "OK", "ALARM", FIRED)
}

fn over() -> Value {
    alarm("cpu", "ALARM", "OK", OVER)
}

#[tokio::test]
async fn an_alarm_is_one_message_until_it_is_over() {
    let (mut function, workspace) = start().await;
    assert_eq!(function.succeed(&fired()).await, json!({ "delivered": 1 }));
    let headlines = workspace.headlines();
    assert!(
        matches!(headlines.as_slice(), [one] if one.contains("is in alarm")),
        "{headlines:?}"
    );
    assert_eq!(workspace.replies(), []);

    assert_eq!(function.succeed(&over()).await, json!({ "delivered": 1 }));
    let headlines = workspace.headlines();
    assert!(
        matches!(headlines.as_slice(), [one] if one.contains("back to OK")),
        "{headlines:?}"
    );
    let message = workspace
        .state()
        .messages
        .values()
        .next()
        .cloned()
        .expect("a message");
    assert!(
        message["attachments"].to_string().contains("is in alarm"),
        "the beginning stays: {message}"
    );
    // An update notifies nobody, so the channel shows the end, too.
    let replies = workspace.replies();
    assert!(
        matches!(replies.as_slice(), [(line, true)] if line.contains("back to OK")),
        "{replies:?}"
    );

    assert_eq!(
        function.succeed(&alarm("cpu", "OK", "ALARM", AGAIN)).await,
        json!({ "delivered": 1 })
    );
    assert_eq!(workspace.headlines().len(), 2, "it begins anew");
}

#[tokio::test]
async fn what_comes_late_never_covers_the_end() {
    let (mut function, workspace) = start().await;
    function.succeed(&over()).await;
    function.succeed(&fired()).await;
    let headlines = workspace.headlines();
    assert!(
        matches!(headlines.as_slice(), [one] if one.contains("back to OK")),
        "{headlines:?}"
    );
    let replies = workspace.replies();
    assert!(
        matches!(replies.as_slice(), [(line, false)] if line.contains("is in alarm")),
        "{replies:?}"
    );
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_message() {
    let (mut function, workspace) = start().await;
    workspace.fail("chat.postMessage", Fault::Lost);
    assert_eq!(function.succeed(&fired()).await, json!({ "delivered": 1 }));
    assert_eq!(workspace.headlines().len(), 1);
    assert_eq!(
        workspace.state().calls,
        ["chat.postMessage", "conversations.history"]
    );
    function.succeed(&over()).await;
    assert!(workspace.headlines()[0].contains("back to OK"));
}

/// The app may not read the channel: twice is better than never.
#[tokio::test]
async fn who_cannot_look_posts_again() {
    let (mut function, workspace) = start().await;
    workspace.fail("chat.postMessage", Fault::Lost);
    workspace.fail("conversations.history", Fault::Error("missing_scope"));
    workspace.fail("conversations.history", Fault::Error("missing_scope"));
    assert_eq!(
        function.succeed(&fired()).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    function.restart().await;
    drain(&mut function).await;
    assert_eq!(workspace.headlines().len(), 2);
}

#[tokio::test]
async fn a_process_that_died_in_between_posted_or_not() {
    let (mut function, workspace) = start().await;
    function.succeed(&fired()).await;
    // As if the process had been killed after the post: it holds the incident, and wrote down nothing.
    for item in workspace.state().items.values_mut() {
        item.retain(|name, _| name == "pk");
        item.insert("until".to_owned(), json!({ "N": "1" }));
        item.insert("owner".to_owned(), json!({ "S": "dead" }));
    }
    function.restart().await;
    assert_eq!(function.succeed(&fired()).await, json!({ "delivered": 1 }));
    assert_eq!(workspace.headlines().len(), 1, "it is found");
}

#[tokio::test]
async fn the_end_is_told_although_somebody_deleted_the_message() {
    let (mut function, workspace) = start().await;
    function.succeed(&fired()).await;
    workspace.delete_all();
    assert_eq!(function.succeed(&over()).await, json!({ "delivered": 1 }));
    let headlines = workspace.headlines();
    assert!(
        matches!(headlines.as_slice(), [one] if one.contains("back to OK")),
        "{headlines:?}"
    );
}

#[tokio::test]
async fn who_holds_an_incident_goes_first() {
    let (mut function, workspace) = start().await;
    function.succeed(&fired()).await;
    for item in workspace.state().items.values_mut() {
        item.insert("until".to_owned(), json!({ "N": "9999999999999" }));
        item.insert("owner".to_owned(), json!({ "S": "another" }));
    }
    assert_eq!(
        function.succeed(&over()).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    assert!(workspace.headlines()[0].contains("is in alarm"));
    for item in workspace.state().items.values_mut() {
        item.remove("until");
        item.remove("owner");
    }
    // The channel is not left alone for that.
    assert_eq!(
        function.succeed(&alarm("disk", "OK", "ALARM", FIRED)).await,
        json!({ "delivered": 1 })
    );
    drain(&mut function).await;
    assert!(workspace.headlines()[0].contains("back to OK"));
}

#[tokio::test]
async fn two_processes_at_once_make_one_message() {
    let (workspace, address) = Workspace::start().await;
    let address = format!("http://{address}/");
    let mut functions = Vec::new();
    for _ in 0..4 {
        functions.push(start_in(&workspace, &address, |_| {}).await);
    }
    let event = fired();
    let tell = functions.iter_mut().map(|function| function.succeed(&event));
    futures_util::future::join_all(tell).await;
    for function in &mut functions {
        drain(function).await;
    }
    assert_eq!(workspace.headlines().len(), 1);
    let event = over();
    let tell = functions.iter_mut().map(|function| function.succeed(&event));
    futures_util::future::join_all(tell).await;
    for function in &mut functions {
        drain(function).await;
    }
    let headlines = workspace.headlines();
    assert!(
        matches!(headlines.as_slice(), [one] if one.contains("back to OK")),
        "{headlines:?}"
    );
    assert_eq!(workspace.replies().len(), 1);
}

#[tokio::test]
async fn without_the_table_messages_come_nevertheless() {
    let (mut function, workspace) = start().await;
    workspace.state().table_fails = true;
    assert_eq!(function.succeed(&fired()).await, json!({ "delivered": 1 }));
    assert_eq!(function.succeed(&over()).await, json!({ "delivered": 1 }));
    assert_eq!(workspace.headlines().len(), 2);
    let log = function.stop().await;
    assert!(
        log.contains(r#""outcome":"untracked""#) && log.contains("ResourceNotFoundException"),
        "{log}"
    );
}

#[tokio::test]
async fn what_a_person_has_to_mend_becomes_a_dead_letter() {
    let (mut function, workspace) = start().await;
    workspace.fail("chat.postMessage", Fault::Error("not_in_channel"));
    assert_eq!(
        function.succeed(&fired()).await,
        json!({ "delivered": 0, "parked": 1 })
    );
    let parked = lock(&function.script).sqs_requests[0]["MessageBody"].to_string();
    assert!(
        parked.contains("Slack answers 200 OK: not_in_channel"),
        "{parked}"
    );
    // What it refuses for its form comes once more as text.
    workspace.fail("chat.postMessage", Fault::Error("invalid_blocks"));
    assert_eq!(
        function.succeed(&alarm("disk", "OK", "ALARM", FIRED)).await,
        json!({ "delivered": 1 })
    );
    let text = workspace.state().messages.values().next().expect("a message")["text"].to_string();
    assert!(text.contains("is in alarm"), "{text}");
}

/// Delivers what is in the retry queue.
async fn drain(function: &mut Function) {
    let bodies: Vec<String> = {
        let mut script = lock(&function.script);
        let requests = std::mem::take(&mut script.sqs_requests).into_iter();
        requests
            .map(|request| request["MessageBody"].as_str().expect("a body").to_owned())
            .collect()
    };
    if !bodies.is_empty() {
        let answer = function
            .succeed(&batch_from(RETRIES, Duration::from_secs(5), &bodies))
            .await;
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
    }
}

/// Whoever posted the beginning died, and the end comes first to somebody who can look.
#[tokio::test]
async fn a_beginning_that_nobody_wrote_down_shows_its_end() {
    let (mut function, workspace) = start().await;
    workspace.fail("chat.postMessage", Fault::Lost);
    workspace.fail("conversations.history", Fault::Error("internal_error"));
    for _ in 0..6 {
        workspace.fail("conversations.history", Fault::Error("internal_error"));
    }
    assert_eq!(
        function.succeed(&fired()).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    workspace.state().faults.clear();
    function.restart().await;
    assert_eq!(function.succeed(&over()).await, json!({ "delivered": 1 }));
    let headlines = workspace.headlines();
    assert!(
        matches!(headlines.as_slice(), [one] if one.contains("back to OK")),
        "{headlines:?}"
    );
}

/// The record says that it goes on, and whoever held it last did not let go: its end may have been shown.
#[tokio::test]
async fn what_begins_anew_is_seen_although_its_end_was_not_written_down() {
    let (mut function, workspace) = start().await;
    function.succeed(&fired()).await;
    for item in workspace.state().items.values_mut() {
        item.insert("until".to_owned(), json!({ "N": "1" }));
        item.insert("owner".to_owned(), json!({ "S": "dead" }));
    }
    function.restart().await;
    let again = alarm("cpu", "OK", "ALARM", AGAIN);
    assert_eq!(function.succeed(&again).await, json!({ "delivered": 1 }));
    assert_eq!(workspace.headlines().len(), 2);
}
