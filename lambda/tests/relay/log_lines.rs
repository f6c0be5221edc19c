//! Log events in the messages of log alarms: whatever fails on the way, the alert comes, and says why it has none.

use crate::support::function::{Function, RETRIES, batch_from, lock, settings};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const NAME: &str = "errors";

async fn start(lines: u32) -> Function {
    let mut settings = settings();
    settings["alarms"] = json!({ NAME: { "lines": lines } });
    Function::start_with_queues(&settings).await
}

fn message(name: &str, state: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut message = json!({
        "AlarmName": name, "OldStateValue": "OK", "NewStateValue": state, "StateChangeTime": "2026-11-20T05:03:27.335+0000",
        "NewStateReason": "Threshold Crossed: 1 query result [9.0 (20/11/26 05:00:00)] was greater than the threshold (5.0).",
        "AWSAccountId": "111122223333", "AlarmArn": format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{name}"),
        "LogGroups": ["/aws/lambda/shop"], "QueryString": "filter @message like /ERROR/",
        "AggregationExpression": "count(*)", "QueryExecutionId": "run-1",
    });
    change(&mut message);
    let topic = "arn:aws:sns:us-east-1:111122223333:mission-sns";
    let id = format!("{name} {state} {message}");
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "MessageId": id, "TopicArn": topic, "Message": message.to_string() } }] })
}

fn results(messages: &[&str]) -> (u16, Value) {
    let field = |name: &str, value: &str| json!({ "field": name, "value": value });
    let row = |message: &&str| json!([field("@message", message), field("@ptr", "CmEKJ")]);
    let rows: Vec<_> = messages.iter().map(row).collect();
    (200, json!({ "status": "Complete", "results": rows }))
}

/// What Slack was told, and why no log events are in it by the log.
async fn told(function: Function) -> (String, Vec<Value>) {
    let text = function
        .messages()
        .iter()
        .map(|(_, message)| message.to_string())
        .collect();
    let log = function.log().await.into_iter();
    let reasons = log.filter(|line| line["outcome"] == "unlined").map(|line| {
        assert_eq!(
            (&line["Stack"], &line["alarm"]),
            (&json!("mission"), &json!(NAME))
        );
        line["reason"].clone()
    });
    (text, reasons.collect())
}

#[tokio::test]
async fn a_message_shows_what_the_query_found() {
    let mut function = start(2).await;
    let secret = "ERROR token=xoxb-1234567890-abcdefghijklmnop";
    let markup = "ERROR <!channel> *b* ```\n at line 2 & more";
    lock(&function.script)
        .query_answers
        .push_back(results(&[markup, secret, "ERROR three"]));
    assert_eq!(
        function.succeed(&message(NAME, "ALARM", |_| {})).await,
        json!({ "delivered": 1 })
    );
    let asked = lock(&function.script).query_requests.clone();
    // The alarm's region, not the function's.
    assert_eq!(
        asked,
        [(
            "us-east-1".to_owned(),
            json!({ "queryId": "run-1", "maxItems": 2 })
        )]
    );
    let (text, reasons) = told(function).await;
    assert!(text.contains("Log lines") && text.contains("at line 2"), "{text}");
    assert!(
        text.contains("&lt;!channel&gt;") && !text.contains("<!channel>"),
        "{text}"
    );
    assert!(
        !text.contains("abcdefghijklmnop") && !text.contains("ERROR three"),
        "{text}"
    );
    assert!(
        text.contains("Open in Logs Insights") && text.contains("queryDetail"),
        "{text}"
    );
    assert_eq!(reasons, [Value::Null; 0]);
}

#[tokio::test]
async fn a_contributor_shows_its_own() {
    let mut function = start(5).await;
    let field = |name: &str, value: &str| json!({ "field": name, "value": value });
    let row = |service: &str| {
        json!([
            field("service", service),
            field("@message", &format!("ERROR in {service}"))
        ])
    };
    let rows = json!([row("cart"), row("orders")]);
    lock(&function.script)
        .query_answers
        .push_back((200, json!({ "results": rows })));
    let one = message(NAME, "ALARM", |message| {
        message["AlarmContributorAttributes"] = json!({ "service": "orders" });
    });
    function.succeed(&one).await;
    let (text, _) = told(function).await;
    assert!(
        text.contains("ERROR in orders") && !text.contains("ERROR in cart"),
        "{text}"
    );
}

#[tokio::test]
async fn only_alarms_that_want_it_and_only_when_they_go_off() {
    let mut function = start(2).await;
    function.succeed(&message("others", "ALARM", |_| {})).await;
    function.succeed(&message(NAME, "OK", |_| {})).await;
    function
        .succeed(&message(NAME, "INSUFFICIENT_DATA", |_| {}))
        .await;
    assert!(lock(&function.script).query_requests.is_empty());
    let (text, reasons) = told(function).await;
    assert!(!text.contains("Log lines"), "{text}");
    assert_eq!(reasons, [Value::Null; 0]);
}

#[tokio::test]
async fn a_message_without_them_says_why() {
    let refusal = |status: u16, code: &str| (status, json!({ "__type": code, "message": "no" }));
    for (answer, reason) in [
        (
            refusal(400, "AccessDeniedException"),
            "None: CloudWatch Logs answered AccessDeniedException",
        ),
        (
            refusal(500, "ServiceUnavailableException"),
            "None: CloudWatch Logs answered ServiceUnavailableException",
        ),
        (results(&[]), "None: the query found no log lines"),
        (
            (200, json!({ "results": [1, [{}], "x"] })),
            "None: the query found no log lines",
        ),
        ((200, json!(null)), "None: the query found no log lines"),
    ] {
        let mut function = start(2).await;
        lock(&function.script).query_answers.push_back(answer);
        assert_eq!(
            function.succeed(&message(NAME, "ALARM", |_| {})).await,
            json!({ "delivered": 1 })
        );
        let (text, reasons) = told(function).await;
        assert!(text.contains(reason), "{reason}: {text}");
        assert_eq!(reasons, [json!(reason)]);
    }
    for (change, reason) in [
        (
            ("QueryExecutionId", Value::Null),
            "None: the event does not name the run of the query",
        ),
        (
            (
                "AlarmArn",
                json!("arn:aws:cloudwatch:us-east-1:444455556666:alarm:errors"),
            ),
            "None: the alarm is in another account",
        ),
    ] {
        let mut function = start(2).await;
        let (key, value) = change;
        let event = message(NAME, "ALARM", |message| message[key] = value);
        assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
        assert!(lock(&function.script).query_requests.is_empty());
        let (text, reasons) = told(function).await;
        assert!(text.contains(reason), "{reason}: {text}");
        assert_eq!(reasons, [json!(reason)]);
    }
}

#[tokio::test]
async fn no_alert_waits_long_for_them() {
    let mut function = start(2).await;
    lock(&function.script).silent.insert("Logs");
    let begun = Instant::now();
    assert_eq!(
        function.succeed(&message(NAME, "ALARM", |_| {})).await,
        json!({ "delivered": 1 })
    );
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    let (text, reasons) = told(function).await;
    let reason = "None: there was no time to wait for them";
    assert!(text.contains(reason), "{text}");
    assert_eq!(reasons, [json!(reason)]);

    // With little time left, it is not even tried to wait.
    let mut function = start(2).await;
    lock(&function.script).silent.insert("Logs");
    function.runtime.hurry(Duration::from_secs(4));
    assert_eq!(
        function.succeed(&message(NAME, "ALARM", |_| {})).await,
        json!({ "delivered": 1 })
    );
    let (text, _) = told(function).await;
    assert!(text.contains(reason), "{text}");
}

#[tokio::test]
async fn what_waited_in_a_queue_shows_them_too() {
    let mut function = start(2).await;
    lock(&function.script)
        .query_answers
        .push_back(results(&["ERROR late"]));
    let event = message(NAME, "ALARM", |_| {});
    let waiting = json!({ "alertctl": { "channels": ["project"] }, "event": event }).to_string();
    function
        .succeed(&batch_from(RETRIES, Duration::from_secs(5), &[waiting]))
        .await;
    let (text, _) = told(function).await;
    assert!(text.contains("ERROR late"), "{text}");
}
