//! One event that comes by several rules: the copy that pages is never the one that is dropped.

use crate::support::fixture;
use crate::support::function::{BUFFER, Function, batch, settings};
use serde_json::{Value, json};

/// A relay whose rule `logins` is a warning, `root` critical, and `audit` critical, too. Its channel mentions
/// `@channel` from critical on.
async fn relay(routes: Value, is_buffered: bool) -> Function {
    let mut settings = settings();
    settings["rules"] = json!({
        "logins": { "severity": "warning" },
        "root": { "severity": "critical" },
        "audit": { "severity": "critical" },
    });
    let channel = &mut settings["channels"]["project"];
    channel["routes"] = routes;
    channel["mention"] = json!({ "from": "critical", "who": ["@channel"] });
    if is_buffered {
        channel["buffer"] = json!({ "digest_above": 3, "per_second": 100.0 });
    }
    Function::start_as(&settings, |command| {
        if is_buffered {
            command.env("BUFFERS", json!({ "project": BUFFER }).to_string());
        }
    })
    .await
}

/// The same event, by this rule.
fn by(rule: &str) -> Value {
    json!({ "alertctl": { "rule": rule, "channels": ["project"] }, "event": fixture("ec2-stopped") })
}

/// A batch of the messages that wait in the channel's buffer.
fn batched(waiting: &[Value]) -> Value {
    batch(&waiting.iter().map(Value::to_string).collect::<Vec<_>>())
}

/// Whether each message that Slack got mentions the channel.
fn pages(function: &Function) -> Vec<bool> {
    let messages = function.messages();
    let pages = |(_, message): &(String, Value)| message.to_string().contains("<!channel>");
    messages.iter().map(pages).collect()
}

/// What the channel sees of `rules` in this order.
async fn seen(routes: Value, rules: [&str; 2]) -> Vec<bool> {
    let mut function = relay(routes, false).await;
    for rule in rules {
        function.succeed(&by(rule)).await;
    }
    let pages = pages(&function);
    function.stop().await;
    pages
}

#[tokio::test]
async fn the_more_urgent_copy_arrives_whichever_comes_first() {
    let all = json!([]);
    assert_eq!(seen(all.clone(), ["root", "logins"]).await, [true]);
    // The warning was already posted when the critical copy came.
    assert_eq!(seen(all.clone(), ["logins", "root"]).await, [false, true]);
    assert_eq!(seen(all, ["root", "audit"]).await, [true]);
}

#[tokio::test]
async fn what_a_route_kept_out_is_not_taken_for_told() {
    let severe = json!([{ "severity": "error" }]);
    assert_eq!(seen(severe.clone(), ["logins", "root"]).await, [true]);
    assert_eq!(seen(severe, ["root", "logins"]).await, [true]);
    let by_rule = json!([{ "rules": ["root"], "mention": ["U0123ABCD"] }, { "rules": ["audit"] }]);
    let mut function = relay(by_rule, false).await;
    for rule in ["audit", "root", "audit"] {
        function.succeed(&by(rule)).await;
    }
    // The second copy calls somebody whom the first did not.
    let messages = function.messages();
    assert_eq!(messages.len(), 2, "{messages:#?}");
    assert!(messages[1].1.to_string().contains("<@U0123ABCD>"));
}

#[tokio::test]
async fn copies_in_a_buffer_become_one_message() {
    for rules in [["logins", "root"], ["root", "logins"]] {
        let mut function = relay(json!([]), true).await;
        for rule in rules {
            function.succeed(&by(rule)).await;
        }
        let waiting = function.queue("mission-project-buffer");
        assert_eq!(waiting[0]["alertctl"]["verdict"]["severity"], {
            if rules[0] == "root" { "critical" } else { "warning" }
        });
        let answer = function.succeed(&batched(&waiting)).await;
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
        assert_eq!(pages(&function), [true], "{rules:?}");
        // Both copies are done with.
        function.succeed(&batched(&waiting)).await;
        assert_eq!(pages(&function), [true], "{rules:?}");
    }
}

#[tokio::test]
async fn a_process_that_knows_nothing_of_the_first_copy_tells_the_second() {
    for rules in [["logins", "root"], ["root", "logins"]] {
        let mut function = relay(json!([]), false).await;
        function.succeed(&by(rules[0])).await;
        function.restart().await;
        function.succeed(&by(rules[1])).await;
        let pages = pages(&function);
        assert!(pages.len() == 2 && pages.contains(&true), "{rules:?}: {pages:?}");
    }
}

#[tokio::test]
async fn what_is_cut_for_the_buffer_keeps_its_severity_and_its_words() {
    let mut function = relay(json!([{ "severity": "error" }]), true).await;
    let mut event = fixture("alarm-in-alarm");
    let message = event["Records"][0]["Sns"]["Message"].as_str().expect("a text");
    let mut alarm: Value = serde_json::from_str(message).expect("an alarm");
    alarm["AlarmDescription"] = "x".repeat(1_100_000).into();
    event["Records"][0]["Sns"]["Message"] = alarm.to_string().into();
    function.succeed(&event).await;
    let waiting = function.queue("mission-project-buffer");
    assert!(waiting[0]["alertctl"]["cut"].is_u64(), "it was to be cut");
    function.succeed(&batched(&waiting)).await;
    let messages = function.messages();
    assert_eq!(messages.len(), 1);
    let headline = crate::support::headline(&messages[0].1);
    assert!(
        headline.contains(alarm["AlarmName"].as_str().expect("a name")),
        "{headline}"
    );
}
