//! What is muted is told to nobody, kept nowhere, and found in the log.

use crate::support::fixture;
use crate::support::function::{Function, QUEUE, RETRIES, lock, settings};
use serde_json::{Value, json};

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
    let mut function = Function::start_with_queues(&settings()).await;
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

/// A new alarm gets its first data, and later data is there again: only then may something have ended.
#[tokio::test]
async fn the_first_data_of_a_new_alarm_is_no_news() {
    let mut function = Function::start_with_queues(&settings()).await;
    let mut told = async |id: &str, change: &dyn Fn(&mut Value)| {
        let mut event = fixture("alarm-ok");
        event["Records"][0]["Sns"]["MessageId"] = id.into();
        let text = event["Records"][0]["Sns"]["Message"].as_str().expect("a message");
        let mut message: Value = serde_json::from_str(text).expect("JSON");
        message["OldStateValue"] = "INSUFFICIENT_DATA".into();
        message["AlarmConfigurationUpdatedTimestamp"] = "2026-11-20T04:40:00.000+0000".into();
        change(&mut message);
        event["Records"][0]["Sns"]["Message"] = message.to_string().into();
        function.succeed(&event).await["delivered"] == 1
    };
    assert!(!told("1", &|_| {}).await);
    // After an hour something may have been in alarm; of a long window, after twice that.
    let made = |message: &mut Value, time: &str| message["AlarmConfigurationUpdatedTimestamp"] = time.into();
    assert!(told("2", &|message| made(message, "2026-11-20T04:00:00.000+0000")).await);
    let slow = |message: &mut Value| {
        made(message, "2026-11-20T00:00:00.000+0000");
        message["Trigger"]["Period"] = 10_800.into();
    };
    assert!(!told("3", &slow).await);
    // Who hears that data is missing hears that it is there.
    let hears = |message: &mut Value| message["InsufficientDataActions"] = json!(["arn:aws:sns:x"]);
    assert!(told("4", &hears).await);
    assert!(told("5", &|message| message["OldStateValue"] = "ALARM".into()).await);
    assert!(told("6", &|message| message["InsufficientDataActions"] = Value::Null).await);
    let log = function.log().await;
    let muted: Vec<_> = log.iter().filter(|line| line["outcome"] == "muted").collect();
    assert_eq!(muted.len(), 2, "{log:#?}");
    assert_eq!(muted[0]["reason"], "the alarm is new, and has its first data");
}

#[tokio::test]
async fn what_comes_by_a_muted_topic_is_not_told_and_not_kept() {
    let mut with_mail = muting(None);
    with_mail["topics"]["mission-sns"]["mail"] = true.into();
    let mut function = Function::start_with_queues(&with_mail).await;
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
    let mut function = Function::start_with_queues(&muting(Some("2026-01-01T00:00:00Z"))).await;
    assert_eq!(
        function.succeed(&sns("1", json!({}))).await,
        json!({ "delivered": 1 })
    );
}

/// What was told before the window ends within it, and nothing else is told.
#[tokio::test]
async fn the_end_of_what_was_told_is_told_where_it_goes_on() {
    let mute =
        json!({ "cron": "* * * * *", "seconds": 86_400, "timezone": "UTC", "topics": ["mission-sns"] });
    let told_before = |name: &str| crate::living::alarm(name, "OK", "ALARM", &minutes_ago(30));
    let over = |name: &str| crate::living::alarm(name, "ALARM", "OK", &minutes_ago(0));
    let (mut function, workspace) = crate::living::start_with(|_| {}).await;
    function.succeed(&told_before("cpu")).await;
    let with_mute = |settings: &mut Value| settings["mutes"]["now"] = mute.clone();
    let mut muted = crate::living::start_beside(&workspace, with_mute).await;
    assert_eq!(
        muted.succeed(&told_before("disk")).await,
        json!({ "delivered": 0, "muted": 1 })
    );
    assert_eq!(muted.succeed(&over("cpu")).await, json!({ "delivered": 1 }));
    assert!(
        workspace.headlines()[0].contains("back to OK"),
        "{:?}",
        workspace.headlines()
    );
    // Nobody was told of the beginning of this one.
    muted.succeed(&over("disk")).await;
    assert_eq!(workspace.headlines().len(), 1, "{:?}", workspace.headlines());
    function.stop().await;
    muted.stop().await;

    // A webhook has nothing that goes on.
    let mut settings = settings();
    settings["mutes"]["now"] = mute;
    let mut hook = Function::start_with_queues(&settings).await;
    assert_eq!(
        hook.succeed(&over("cpu")).await,
        json!({ "delivered": 0, "muted": 1 })
    );
    assert!(hook.messages().is_empty());
    hook.stop().await;
}

fn minutes_ago(minutes: i64) -> String {
    let then = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
    then.strftime("%FT%T.000+0000").to_string()
}

/// An alert of before the window that had to be tried again is told.
#[tokio::test]
async fn what_happened_before_its_window_is_told_in_it() {
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(5);
    let mut settings = settings();
    settings["mutes"]["now"] = json!({ "cron": "* * * * *", "seconds": 86_400, "timezone": "UTC",
        "topics": ["mission-sns"], "from": since.to_string() });
    let mut function = Function::start_with_queues(&settings).await;
    let event = |id: &str, minutes: i64| {
        let mut event = sns(id, json!({}));
        let then = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        event["Records"][0]["Sns"]["Timestamp"] = then.to_string().into();
        event
    };
    assert_eq!(function.succeed(&event("1", 10)).await, json!({ "delivered": 1 }));
    assert_eq!(
        function.succeed(&event("2", 1)).await,
        json!({ "delivered": 0, "muted": 1 })
    );
    function.stop().await;
}
