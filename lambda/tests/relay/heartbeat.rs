//! A heartbeat comes along the ways of alerts, and asks the services of channels without a message.

use crate::support::function::{Function, lock, settings};
use alertctl_relay::{ChannelKey, Signal, webhook_variable};
use serde_json::{Value, json};

/// A relay with a second topic and channel.
async fn relay() -> Function {
    let mut settings = settings();
    settings["channels"]["oncall"] = json!({});
    settings["topics"]["oncall-sns"] = json!({ "to": ["oncall"] });
    let key = webhook_variable(&ChannelKey("oncall".to_owned()));
    Function::start_as(&settings, |command| {
        command.env(key, "Y2lwaGVydGV4dA==");
    })
    .await
}

fn by_rule() -> Value {
    Signal::Heartbeat("rules/*".to_owned()).message()
}

fn by_topic(name: &str) -> Value {
    let text = Signal::Heartbeat(name.to_owned()).message().to_string();
    let arn = format!("arn:aws:sns:ap-northeast-2:111122223333:{name}");
    json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "TopicArn": arn, "MessageId": "m", "Message": text } }] })
}

fn beats(log: &[Value]) -> Vec<(Value, Value, Value)> {
    let beats = log.iter().filter(|line| line["Heartbeat"].is_number());
    beats
        .map(|line| {
            (
                line["Path"].clone(),
                line["Heartbeat"].clone(),
                line["channels"].clone(),
            )
        })
        .collect()
}

#[tokio::test]
async fn it_reaches_each_channel_and_tells_nobody() {
    let mut function = relay().await;
    lock(&function.script).slack_always = Some((400, "no_text"));
    assert_eq!(function.succeed(&by_rule()).await, json!({ "heartbeat": true }));
    let bodies: Vec<_> = function.messages().into_iter().map(|(_, body)| body).collect();
    assert_eq!(
        bodies,
        [
            json!({ "text": "", "blocks": [] }),
            json!({ "text": "", "blocks": [] })
        ]
    );
    assert_eq!(
        function.succeed(&by_topic("oncall-sns")).await,
        json!({ "heartbeat": true })
    );
    assert_eq!(
        function.messages().len(),
        2,
        "a topic's heartbeat asks no service"
    );
    assert!(function.queue("dead").is_empty());
    let log = function.log().await;
    assert_eq!(
        beats(&log),
        [
            (
                json!("rules/*"),
                json!(1),
                json!({ "oncall": "ok", "project": "ok" })
            ),
            (json!("oncall-sns"), json!(1), json!({ "oncall": "ok" })),
        ]
    );
    let metrics = &log.last().expect("a line")["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(metrics["Dimensions"], json!([["Stack", "Path"]]));
    assert_eq!(metrics["Metrics"][0]["Name"], "Heartbeat");
}

#[tokio::test]
async fn a_channel_that_is_gone_ends_it() {
    let mut function = relay().await;
    lock(&function.script).slack_always = Some((404, "no_service"));
    assert_eq!(function.succeed(&by_rule()).await, json!({ "heartbeat": false }));
    // Who is asked too much is there.
    lock(&function.script).slack_always = Some((429, "rate_limited"));
    lock(&function.script).slack_pause = Some(30);
    assert_eq!(function.succeed(&by_rule()).await, json!({ "heartbeat": true }));
    let log = function.log().await;
    let said = "Slack answers 404 Not Found: no_service";
    assert_eq!(
        beats(&log)[0],
        (
            json!("rules/*"),
            json!(0),
            json!({ "oncall": said, "project": said })
        )
    );
}

#[tokio::test]
async fn a_key_that_is_gone_ends_it() {
    let mut function = relay().await;
    lock(&function.script).slack_always = Some((400, "no_text"));
    let disabled = json!({ "__type": "DisabledException", "message": "the key is disabled" });
    lock(&function.script).kms_refusals = [(400, disabled)].into();
    assert_eq!(
        function.succeed(&by_topic("mission-sns")).await,
        json!({ "heartbeat": false })
    );
    assert!(function.messages().is_empty());
    assert_eq!(
        function.succeed(&by_topic("mission-sns")).await,
        json!({ "heartbeat": true })
    );
    function.stop().await;
}

/// A relay with a heartbeat service, whose URL is another path of the fake.
async fn watched() -> (Function, String) {
    let mut settings = settings();
    settings["channels"]["watchdog"] = json!({ "type": "heartbeat" });
    let key = webhook_variable(&ChannelKey("watchdog".to_owned()));
    let function = Function::start_as(&settings, |command| {
        command.env(key, "d2F0Y2hkb2c=");
    })
    .await;
    let mut script = lock(&function.script);
    script.slack_always = Some((400, "no_text"));
    let url = script.plaintext.replace("/services/", "/ping/");
    script.webhooks.insert("d2F0Y2hkb2c=".to_owned(), url.clone());
    let path = url.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
    let path = path.expect("a path");
    script.slack_at.insert(path.clone(), (200, "OK"));
    drop(script);
    (function, path)
}

/// How often the heartbeat service was called.
fn calls(function: &Function, path: &str) -> usize {
    function.messages().iter().filter(|(at, _)| at == path).count()
}

#[tokio::test]
async fn a_heartbeat_service_is_called_when_all_is_well() {
    let (mut function, path) = watched().await;
    assert_eq!(function.succeed(&by_rule()).await, json!({ "heartbeat": true }));
    assert_eq!(calls(&function, &path), 1);
    // The way by a topic says nothing of the others.
    function.succeed(&by_topic("mission-sns")).await;
    assert_eq!(calls(&function, &path), 1);
    // Its own failure is one of the heartbeat, too; it may be busy for a moment.
    lock(&function.script)
        .slack_at
        .insert(path.clone(), (404, "not found"));
    assert_eq!(function.succeed(&by_rule()).await, json!({ "heartbeat": false }));
    lock(&function.script)
        .slack_at
        .insert(path.clone(), (302, "elsewhere"));
    assert_eq!(function.succeed(&by_rule()).await, json!({ "heartbeat": false }));
    assert_eq!(calls(&function, &path), 3, "no redirect is followed");
    for status in [429, 500] {
        lock(&function.script)
            .slack_at
            .insert(path.clone(), (status, "later"));
        assert_eq!(
            function.succeed(&by_rule()).await,
            json!({ "heartbeat": false }),
            "{status}"
        );
    }
    assert_eq!(calls(&function, &path), 5, "services count calls");
    let log = function.log().await;
    let said: Vec<_> = beats(&log)
        .into_iter()
        .map(|(_, _, channels)| channels["watchdog"].clone())
        .collect();
    assert_eq!(said[0], "ok");
    assert_eq!(said[1], Value::Null);
    assert_eq!(said[2], "the heartbeat service answers 404 Not Found: not found");
}

#[tokio::test]
async fn a_heartbeat_service_is_not_called_when_a_channel_is_gone() {
    let (mut function, path) = watched().await;
    lock(&function.script).slack_always = Some((404, "no_service"));
    assert_eq!(function.succeed(&by_rule()).await, json!({ "heartbeat": false }));
    assert_eq!(calls(&function, &path), 0);
    let log = function.log().await;
    assert_eq!(beats(&log)[0].2["watchdog"], "not called, since not all is well");
}
