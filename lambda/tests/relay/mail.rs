//! The mails of a topic that goes to channels: the relay writes them, and publishes them to the topic that they are about.

use crate::support::fixture;
use crate::support::function::{BUFFER, Function, QUEUE, RETRIES, batch_from, lock, settings};
use alertctl_relay::{Locale, Settings, render, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const TOPIC: &str = "arn:aws:sns:ap-northeast-2:111122223333:mission-sns";

/// The settings of a relay that also mails what comes to its topic.
fn mailing() -> Value {
    let mut settings = settings();
    settings["topics"]["mission-sns"]["mail"] = true.into();
    settings
}

/// An SNS message with this id and text.
fn message(id: &str, text: &str) -> Value {
    let mut event = fixture("text");
    event["Records"][0]["Sns"]["MessageId"] = id.into();
    event["Records"][0]["Sns"]["Message"] = text.into();
    event
}

/// Takes what SNS received.
fn published(function: &Function) -> Vec<BTreeMap<String, String>> {
    std::mem::take(&mut lock(&function.script).sns_messages)
}

fn attributes(message: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    let names = message
        .iter()
        .filter(|(parameter, _)| parameter.ends_with(".Name"));
    let attribute = |(parameter, name): (&String, &'_ String)| {
        let value = parameter.replace(".Name", ".Value.StringValue");
        (name.clone(), message[&value].clone())
    };
    let attributes: Vec<_> = names.map(attribute).collect();
    let known = |(name, value): (String, String)| match name.as_str() {
        "alertctl.mail" => ("alertctl.mail", if value == "true" { "true" } else { "?" }),
        "alertctl.test" => (
            "alertctl.test",
            if value == "t-0123abcd" { "t-0123abcd" } else { "?" },
        ),
        _ => ("?", "?"),
    };
    attributes.into_iter().map(known).collect()
}

/// What SNS would deliver of a message that the relay published.
fn delivered(message: &BTreeMap<String, String>) -> Value {
    let attributes = attributes(message)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), json!({ "Type": "String", "Value": value })));
    let mut event = self::message("its own", &message["Message"]);
    event["Records"][0]["Sns"]["Subject"] = message["Subject"].as_str().into();
    event["Records"][0]["Sns"]["MessageAttributes"] = Value::Object(attributes.collect());
    event
}

#[tokio::test]
async fn a_mail_says_what_the_channel_shows() {
    for locale in Locale::ALL {
        let mut settings = mailing();
        settings["locale"] = locale.code().into();
        let mut function = Function::start_with_queues(&settings).await;
        let settings = Settings::parse(&settings.to_string()).expect("settings");
        for name in [
            "alarm-in-alarm",
            "alarm-ok",
            "text",
            "call-through-sns",
            "budget-exceeded",
        ] {
            let mut event = fixture(name);
            event["Records"][0]["Sns"]["MessageId"] = name.into();
            let card = render(&event, &settings).deliveries.remove(0).card;
            assert_eq!(
                function.succeed(&event).await,
                json!({ "delivered": 2 }),
                "{name}"
            );
            let mail = published(&function).remove(0);
            assert_eq!(mail["TopicArn"], TOPIC, "{name}");
            assert_eq!(mail["Message"], text(&card), "{name}");
            let subject = card.headline.plain().replace("  ·  ", " · ");
            let shown = mail["Subject"].trim_end_matches('…');
            assert!(
                !shown.is_empty() && subject.starts_with(shown),
                "{name}: {subject}"
            );
            assert_eq!(attributes(&mail), [("alertctl.mail", "true")]);
        }
        // An alarm of another region comes as an event.
        let alarm = fixture("alarm-from-eventbridge").to_string();
        function.succeed(&message("elsewhere", &alarm)).await;
        let mail = published(&function).remove(0);
        assert!(mail["Subject"].starts_with("🚨 mission-cpu-alarm"), "{mail:?}");
        assert!(
            !mail["Message"].contains(['{', '<']) && mail["Message"].contains("82.4"),
            "{mail:?}"
        );
        assert_eq!(function.messages().len(), 6);
        function.stop().await;
    }
}

#[tokio::test]
async fn the_relay_does_not_hear_itself() {
    let mut function = Function::start_with_queues(&mailing()).await;
    function.succeed(&fixture("alarm-in-alarm")).await;
    let mail = published(&function).remove(0);
    let own = delivered(&mail);
    assert_eq!(function.succeed(&own).await, json!({ "delivered": 0 }));
    // Nor when it comes back as a dead letter, or together with others.
    let redriven =
        json!({ "alertctl": { "parked": { "reason": "x", "at": "2026-11-20T05:00:00Z" } }, "event": own });
    assert_eq!(function.succeed(&redriven).await, json!({ "delivered": 0 }));
    let mut both = message("2", "disk full");
    both["Records"]
        .as_array_mut()
        .expect("a list")
        .push(own["Records"][0].clone());
    assert_eq!(function.succeed(&both).await, json!({ "delivered": 2 }));
    assert_eq!((published(&function).len(), function.messages().len()), (1, 2));
    function.stop().await;
}

#[tokio::test]
async fn only_what_came_from_such_a_topic_is_mailed() {
    let mut settings = mailing();
    settings["topics"]["other"] = json!({ "to": ["project"] });
    let mut function = Function::start_with_queues(&settings).await;
    let mut other = message("1", "disk full");
    other["Records"][0]["Sns"]["TopicArn"] = TOPIC.replace("mission-sns", "other").into();
    function.succeed(&other).await;
    // What a rule sends names its channels.
    let event = json!({ "alertctl": { "rule": "r", "channels": ["project"] }, "event": message("2", "x") });
    function.succeed(&event).await;
    assert_eq!((published(&function).len(), function.messages().len()), (0, 2));
    function.stop().await;
}

#[tokio::test]
async fn a_test_is_marked_once() {
    let mut function = Function::start_with_queues(&mailing()).await;
    let mut event = message("1", "disk full");
    event["Records"][0]["Sns"]["MessageAttributes"] =
        json!({ "alertctl.test": { "Type": "String", "Value": "t-0123abcd" } });
    function.succeed(&event).await;
    let mail = published(&function).remove(0);
    assert_eq!(
        attributes(&mail),
        [("alertctl.test", "t-0123abcd"), ("alertctl.mail", "true")]
    );
    assert_eq!(mail["Subject"].matches("TEST").count(), 1, "{mail:?}");
    assert_eq!(mail["Message"].matches("t-0123abcd").count(), 1, "{mail:?}");
    let lines = function.log().await;
    let line = lines
        .iter()
        .find(|line| line["Topic"] == TOPIC)
        .expect("a line of the topic");
    assert_eq!(
        (&line["outcome"], &line["test"]),
        (&json!("delivered"), &json!("t-0123abcd"))
    );
}

#[tokio::test]
async fn each_destination_has_its_own_dead_letter() {
    let mut function = Function::start_with_queues(&mailing()).await;
    lock(&function.script).slack_always = Some((404, "no_service"));
    let answer = function.succeed(&message("1", "disk full")).await;
    assert_eq!(answer, json!({ "delivered": 1, "parked": 1 }));
    assert_eq!(published(&function).len(), 1);
    let letter = function.queue("dead").remove(0);
    assert_eq!(letter["alertctl"]["channels"], json!(["project"]));
    assert_eq!(letter["alertctl"].get("topics"), None);
    lock(&function.script).slack_always = None;
    // It waits for the other letters of its redrive.
    let answer = function.succeed(&letter).await;
    assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    let waiting = function.queue("mission-relay-retries").remove(0).to_string();
    function
        .succeed(&batch_from(RETRIES, Duration::from_secs(1), &[waiting]))
        .await;
    assert_eq!(published(&function).len(), 0);

    let shown = function.messages().len();
    lock(&function.script).sns_refusals = [(400, "InvalidParameter")].into();
    let event = message("2", "disk full");
    let answer = function.succeed(&event).await;
    assert_eq!(answer, json!({ "delivered": 1, "parked": 1 }));
    published(&function);
    let letter = function.queue("dead").remove(1);
    assert_eq!(letter["alertctl"]["topics"], json!([TOPIC]));
    assert_eq!(letter["alertctl"]["channels"], json!([]));
    let reason = letter["alertctl"]["parked"]["reason"].as_str().expect("a reason");
    assert!(
        reason.contains("mission-sns") && reason.contains("InvalidParameter"),
        "{reason}"
    );
    // Lambda may try the same event again.
    assert_eq!(
        function.succeed(&event).await,
        json!({ "delivered": 0, "duplicates": 2 })
    );
    assert_eq!(function.succeed(&letter).await, json!({ "delivered": 1 }));
    assert_eq!(attributes(&published(&function)[0]), [("alertctl.mail", "true")]);
    assert_eq!(function.messages().len(), shown + 1);
    function.stop().await;
}

#[tokio::test]
async fn what_sns_does_not_take_now_is_mailed_later() {
    let mut function = Function::start_with_queues(&mailing()).await;
    lock(&function.script).sns_refusals = [(503, "ServiceUnavailable"); 3].into();
    let event = fixture("alarm-in-alarm");
    assert_eq!(
        function.succeed(&event).await,
        json!({ "delivered": 1, "deferred": 1 })
    );
    assert_eq!(
        function.succeed(&event).await,
        json!({ "delivered": 0, "duplicates": 2 })
    );
    let tried = published(&function).remove(0);
    let waiting = function.queue("mission-relay-retries");
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["alertctl"]["topics"], json!([TOPIC]));
    let batch = batch_from(RETRIES, Duration::from_secs(1), &[waiting[0].to_string()]);
    let answer = function.succeed(&batch).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    // The same mail, to nobody else.
    assert_eq!(published(&function), [tried]);
    assert_eq!(function.messages().len(), 1);

    // The other way round: the mail is not sent again for a channel that waits.
    lock(&function.script).slack_always = Some((500, "internal_error"));
    let answer = function.succeed(&message("2", "disk full")).await;
    assert_eq!(answer, json!({ "delivered": 1, "deferred": 1 }));
    lock(&function.script).slack_always = None;
    assert_eq!(published(&function).len(), 1);
    let waiting = function.queue("mission-relay-retries");
    assert_eq!(waiting[1]["alertctl"]["channels"], json!(["project"]));
    let batch = batch_from(RETRIES, Duration::from_secs(1), &[waiting[1].to_string()]);
    function.succeed(&batch).await;
    assert_eq!(published(&function).len(), 0);
    function.stop().await;
}

#[tokio::test]
async fn without_a_queue_that_takes_it_the_invocation_fails_and_only_the_mail_is_tried_again() {
    let mut function = Function::start_with_queues(&mailing()).await;
    let event = message("1", "disk full");
    {
        let mut script = lock(&function.script);
        script.sns_refusals = [(503, "ServiceUnavailable"); 3].into();
        script.sqs_refusals = [(400, "AccessDenied")].into();
    }
    let error = function.fail(&event).await;
    assert!(
        error.contains("mission-sns") && error.contains("(1 delivered)"),
        "{error}"
    );
    published(&function);
    assert_eq!(
        function.succeed(&event).await,
        json!({ "delivered": 1, "duplicates": 1 })
    );
    assert_eq!((published(&function).len(), function.messages().len()), (1, 1));
    function.stop().await;
}

#[tokio::test]
async fn a_mail_holds_all_of_a_long_text_and_does_not_wait_for_a_buffer() {
    let mut settings = mailing();
    settings["channels"]["project"]["buffer"] = json!({ "per_second": 1.0 });
    let mut function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES)
            .env("BUFFERS", json!({ "project": BUFFER }).to_string());
    })
    .await;
    let long = format!("{} the end", "가나다 ".repeat(5_000));
    let answer = function.succeed(&message("1", &long)).await;
    assert_eq!(answer, json!({ "delivered": 1, "buffered": 1 }));
    let mail = published(&function).remove(0);
    assert!(mail["Message"].ends_with(&long), "{}", mail["Message"].len());
    assert!(mail["Message"].contains(" more characters"));
    // Draining the buffer mails nothing.
    let buffered = function.queue("mission-project-buffer").remove(0);
    let batch = batch_from(BUFFER, Duration::from_secs(1), &[buffered.to_string()]);
    function.succeed(&batch).await;
    assert_eq!((published(&function).len(), function.messages().len()), (0, 1));
    function.stop().await;
}
