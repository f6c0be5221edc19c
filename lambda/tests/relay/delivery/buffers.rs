//! A buffer in front of a channel, and the digests from it.

use super::*;

/// The relay with a buffer in front of its channel, which posts as often as it can.
async fn buffered(per_second: f64) -> Function {
    let mut settings = settings();
    settings["channels"]["project"]["buffer"] = json!({ "digest_above": 3, "per_second": per_second });
    Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("BUFFERS", json!({ "project": BUFFER }).to_string());
    })
    .await
}

fn waiting(id: &str) -> String {
    json!({ "alertctl": { "channels": ["project"] }, "event": text(id) }).to_string()
}

#[tokio::test]
async fn a_buffer_takes_messages_for_its_channel_alone() {
    let mut function = buffered(50.0).await;
    lock(&function.script).sqs_refusals = [(500, "InternalFailure")].into();
    let event = json!({ "alertctl": { "rule": "r", "channels": ["project"] }, "event": text("1") });
    assert_eq!(
        function.succeed(&event).await,
        json!({ "delivered": 0, "buffered": 1 })
    );
    let mut queued = event.clone();
    queued["alertctl"]["verdict"] = json!({ "severity": "info" });
    assert_eq!(function.queue("mission-project-buffer"), [queued]);
    assert!(function.messages().is_empty());
    let buffered = batch(&[event.to_string()]);
    assert_eq!(
        function.succeed(&buffered).await,
        json!({ "batchItemFailures": [] })
    );
    assert_eq!(headlines(&function), ["🔵 *alert 1*"]);
    // SQS delivers at least once, but the message is posted only once.
    function.succeed(&buffered).await;
    assert_eq!(function.messages().len(), 1);
    let lines = function.log().await;
    let outcomes: Vec<_> = lines.iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["buffered", "delivered", "duplicate"]);
    assert!(lines[1]["Latency"].as_u64() >= Some(1_000), "{}", lines[1]);
    assert!(lines[0].get("_aws").is_none() && lines[2].get("_aws").is_none());
}

#[tokio::test]
async fn many_become_a_digest_that_shows_each() {
    let mut function = buffered(50.0).await;
    let ids: Vec<_> = (0..40).map(|n| format!("n{n:02}")).collect();
    let mut bodies: Vec<_> = ids.iter().map(|id| waiting(id)).collect();
    // A test is never hidden in a digest, and a plain text from anybody is shown.
    bodies.push(
        json!({ "alertctl": { "channels": ["project"], "test": "t-0123abcd" }, "event": text("t") })
            .to_string(),
    );
    bodies.push("no envelope".to_owned());
    assert_eq!(
        function.succeed(&batch(&bodies)).await,
        json!({ "batchItemFailures": [] })
    );
    let messages = function.messages();
    assert!(messages.len() < 5, "{}", messages.len());
    assert!(headlines(&function)[0].contains("alert t"));
    let digests = json!(messages[1..]).to_string();
    for id in &ids {
        assert!(digests.contains(&format!("alert {id}")), "{id}");
    }
    let lines = function.log().await;
    let delivered = lines.iter().filter(|line| line["Delivered"] == 1);
    assert_eq!(delivered.count(), 42);
}

#[tokio::test]
async fn a_digest_that_is_refused_is_posted_one_by_one() {
    let mut function = buffered(100.0).await;
    lock(&function.script).slack_answers = [
        (400, "invalid_blocks".to_owned()),
        (200, "ok".to_owned()),
        (400, "invalid_blocks".to_owned()),
        (400, "no_text".to_owned()),
    ]
    .into();
    let bodies: Vec<_> = ["a", "b", "c", "d", "e"].into_iter().map(waiting).collect();
    function.succeed(&batch(&bodies)).await;
    let said = |(_, message): &(String, Value)| message["text"].as_str().expect("a text").to_owned();
    let texts: Vec<_> = function.messages().iter().map(said).collect();
    assert_eq!(
        texts[1..]
            .iter()
            .map(|text| text.lines().next().unwrap_or_default())
            .collect::<Vec<_>>(),
        [
            "🔵 alert a",
            "🔵 alert b",
            "🔵 alert b",
            "🔵 alert c",
            "🔵 alert d",
            "🔵 alert e"
        ]
    );
    let parked = function.queue("dead");
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0]["event"], text("b"));
    function.stop().await;
}

#[tokio::test]
async fn what_finds_no_time_or_no_ear_stays_in_the_buffer() {
    let mut function = buffered(1.0).await;
    function.runtime.hurry(std::time::Duration::from_secs(6));
    let bodies: Vec<_> = ["a", "b", "c"].into_iter().map(waiting).collect();
    // Two functions may post at the same time, so each posts every two seconds: at 0 s and at 2 s.
    let answer = function.succeed(&batch(&bodies)).await;
    assert_eq!(
        answer,
        json!({ "batchItemFailures": [{ "itemIdentifier": "m-2" }] })
    );
    assert_eq!(headlines(&function), ["🔵 *alert a*", "🔵 *alert b*"]);
    // The pause that Slack asks for also applies to the following messages.
    lock(&function.script).slack_always = Some((429, "rate_limited"));
    let answer = function.succeed(&batch(&[waiting("c"), waiting("d")])).await;
    assert_eq!(answer["batchItemFailures"].as_array().expect("a list").len(), 2);
    lock(&function.script).slack_always = None;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let answer = function.succeed(&batch(&[waiting("a"), waiting("c")])).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    assert_eq!(headlines(&function).last().expect("a message"), "🔵 *alert c*");
    function.stop().await;
}

#[tokio::test]
async fn a_batch_for_nobody_stays_where_it_is() {
    let mut function = Function::start().await;
    let answer = function.succeed(&batch(&["x".to_owned()])).await;
    assert_eq!(
        answer,
        json!({ "batchItemFailures": [{ "itemIdentifier": "m-0" }] })
    );
    assert!(
        function
            .stop()
            .await
            .contains("no channel has `arn:aws:sqs:ap-northeast-2")
    );
}
