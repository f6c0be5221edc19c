//! What of a batch from the retry queue comes first, what comes together, and what is late.

use super::*;

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
