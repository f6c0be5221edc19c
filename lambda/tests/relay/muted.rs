//! What is muted is told to nobody, kept nowhere, and found in the log.

use crate::support::fixture;
use crate::support::function::{Function, QUEUE, RETRIES, lock, settings};
use serde_json::{Value, json};

/// A relay with these settings and its queues.
async fn start(settings: &Value) -> Function {
    Function::start_as(settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES);
    })
    .await
}

/// A change of an alarm's state that came by a rule.
fn alarm(id: &str, mute: &Value) -> Value {
    let mut event = fixture("alarm-contributor");
    event["id"] = id.into();
    event["detail"]["muteDetail"] = mute.clone();
    json!({ "alertctl": { "rule": "alarms", "channels": ["project"] }, "event": event })
}

fn sns(id: &str, attributes: Value) -> Value {
    let mut event = fixture("text");
    event["Records"][0]["Sns"]["MessageId"] = id.into();
    event["Records"][0]["Sns"]["MessageAttributes"] = attributes;
    event
}

/// Settings with a mute of the topic whose window is open all day, or never any more.
fn muting(until: Option<&str>) -> Value {
    let mut settings = settings();
    settings["mutes"]["always"] = json!({ "cron": "* * * * *", "seconds": 86_400, "timezone": "Asia/Seoul", "topics": ["mission-sns"] });
    if let Some(until) = until {
        settings["mutes"]["always"]["until"] = until.into();
    }
    settings
}

#[tokio::test]
async fn an_alarm_that_cloudwatch_mutes_is_not_told() {
    let mut function = start(&settings()).await;
    let arn = "arn:aws:cloudwatch:ap-northeast-2:111122223333:alarm-mute-rule:night";
    let window = json!({ "mutedByArn": arn, "muteWindowStart": "2026-11-20T02:00:00.000+0000",
        "muteWindowEnd": "2026-11-20T06:00:00.000+0000" });
    assert_eq!(
        function.succeed(&alarm("1", &window)).await,
        json!({ "delivered": 0, "muted": 1 })
    );
    let several = json!({ "mutedByArn": [arn, "arn:aws:cloudwatch:ap-northeast-2:111122223333:alarm-mute-rule:other"] });
    assert_eq!(function.succeed(&alarm("2", &several)).await["muted"], 1);
    // Nothing says that these are muted.
    let others = [
        json!({}),
        json!(null),
        json!({ "mutedByArn": "" }),
        json!({ "mutedByArn": [] }),
        json!({ "mutedByArn": 7 }),
    ];
    for (index, mute) in others.iter().enumerate() {
        let answer = function.succeed(&alarm(&format!("3{index}"), mute)).await;
        assert_eq!(answer, json!({ "delivered": 1 }), "{mute}");
    }
    // Somebody wants a dead letter to be told.
    let mut parked = alarm("4", &window);
    parked["alertctl"]["parked"] =
        json!({ "reason": "x", "at": "2026-11-20T05:00:00Z", "function": "mission-relay" });
    assert_eq!(function.succeed(&parked).await["muted"], Value::Null);
    let log = function.log().await;
    let muted: Vec<_> = log.iter().filter(|line| line["outcome"] == "muted").collect();
    assert_eq!(muted.len(), 2, "{log:#?}");
    assert_eq!(muted[0]["reason"], "the alarm is muted by `night`");
    assert_eq!(muted[1]["reason"], "the alarm is muted by `night`, `other`");
    assert_eq!(
        (&muted[0]["Channel"], &muted[0]["rule"]),
        (&"project".into(), &"alarms".into())
    );
    assert!(muted[0].get("_aws").is_none());
}

#[tokio::test]
async fn what_comes_by_a_muted_topic_is_not_told_and_not_kept() {
    let mut with_mail = muting(None);
    with_mail["topics"]["mission-sns"]["mail"] = true.into();
    let mut function = start(&with_mail).await;
    let answer = function.succeed(&sns("1", json!({}))).await;
    assert_eq!(answer, json!({ "delivered": 0, "muted": 2 }));
    assert!(function.messages().is_empty());
    assert!(lock(&function.script).sns_messages.is_empty());
    assert!(function.queue(RETRIES).is_empty() && function.queue(QUEUE).is_empty());
    // A test asks whether the path works.
    let test = json!({ "alertctl.test": { "Type": "String", "Value": "t-0123abcd" } });
    assert_eq!(function.succeed(&sns("2", test)).await["muted"], Value::Null);
    let log = function.log().await;
    let muted: Vec<_> = log.iter().filter(|line| line["outcome"] == "muted").collect();
    assert_eq!(muted.len(), 2, "{log:#?}");
    assert!(muted.iter().all(|line| line["reason"] == "muted by `always`"));
    assert!(
        muted.iter().any(|line| line["Topic"].is_string())
            && muted.iter().any(|line| line["Channel"].is_string())
    );
}

#[tokio::test]
async fn after_its_window_a_topic_is_told_again() {
    let mut function = start(&muting(Some("2026-01-01T00:00:00Z"))).await;
    assert_eq!(
        function.succeed(&sns("1", json!({}))).await,
        json!({ "delivered": 1 })
    );
}
