//! What was parked, and how it is delivered again.

use std::time::{Duration, Instant};

use super::{REGION, failed, held, world};
use crate::support::World;
use crate::support::account::{ACCOUNT, clients};
use alertctl::aws::connect::Clients;
use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::{Value, json};

/// Waits until the stack's log has `count` such outcomes; returns its lines.
fn logged(world: &World, outcome: &str, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let ran = world.ok(&["logs", "--local", "--output", "json"]);
        let lines = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap());
        let lines: Vec<Value> = lines.collect();
        let of =
            |line: &&Value| line["message"]["outcome"] == outcome && line["message"]["Channel"] == "project";
        let found = lines.iter().filter(of).count();
        if found >= count {
            assert_eq!(found, count, "{}", ran.stdout);
            return lines;
        }
        assert!(Instant::now() < deadline, "{outcome}: {}", ran.all());
        std::thread::sleep(Duration::from_millis(100));
    }
}

async fn put(aws: &Clients, queue: &str, body: &Value, attributes: &[(&str, &str)]) {
    let url = aws.sqs.get_queue_url().queue_name(queue).send().await.unwrap();
    let mut send = aws.sqs.send_message().queue_url(url.queue_url.unwrap());
    for (name, value) in attributes {
        let value = MessageAttributeValue::builder()
            .data_type("String")
            .string_value(*value);
        send = send.message_attributes(*name, value.build().unwrap());
    }
    send.message_body(body.to_string()).send().await.unwrap();
}

#[test]
fn the_log_tells_what_was_delivered() {
    let (world, ..) = world();
    world.run(&["local", "event", "ec2-stopped", "--region", REGION]);
    let lines = logged(&world, "delivered", 1);
    let of_relay = |line: &&Value| line["function"] == "tools-relay";
    assert!(lines.iter().any(|line| of_relay(&line)), "{lines:#?}");
    let shown = world.ok(&["logs", "--local", "--channel", "project"]).stdout;
    assert_eq!(shown.lines().count(), 1, "{shown}");
    for part in ["tools-relay", "✓ delivered", "project", "rule states", " ms"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let unknown = failed(world.run(&["logs", "--local", "--channel", "projct"]), 1);
    assert!(
        unknown.stderr.contains("did you mean `project`?"),
        "{}",
        unknown.all()
    );
    let everything = world.ok(&["logs", "--local", "--all"]).stdout;
    assert!(everything.contains("START RequestId"), "{everything}");
    assert!(!everything.contains("/services/"), "{everything}");
}

#[tokio::test]
async fn what_was_parked_is_listed_and_delivered_once_slack_is_mended() {
    let (world, _, slack, endpoint) = world();
    let aws = clients(&endpoint, REGION).await;
    let nothing = world.ok(&["redrive", "--local"]);
    assert!(
        nothing.stdout.starts_with("nothing is parked"),
        "{}",
        nothing.all()
    );

    // The webhook is gone: the message becomes a dead letter, and nothing is redriven without consent.
    slack.answer(404, "no_service");
    world.run(&["local", "event", "ec2-stopped", "--region", REGION]);
    logged(&world, "parked", 1);
    let listed = world.ok(&["redrive", "--local", "--list"]).stdout;
    for part in [
        "tools-relay-dead-letters  1",
        "rule states → project",
        "i-0",
        "no_service",
    ] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
    let asked = failed(world.run(&["redrive", "--local"]), 1);
    assert!(asked.stderr.contains("--yes"), "{}", asked.all());
    let listed = world.json(&["redrive", "--local", "--list"]);
    assert_eq!(listed["parked"][0]["to"], json!(["project"]), "{listed:#}");
    // A redrive while Slack still refuses gives a new dead letter.
    world.ok(&["redrive", "--local", "--yes"]);
    logged(&world, "parked", 2);
    assert_eq!(held(&aws, "tools-relay-dead-letters").await, 1);

    dead_letters_of_others(&aws).await;
    slack.answer(200, "ok");
    let ran = failed(world.run(&["redrive", "--local", "--yes", "--output", "json"]), 1);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["sent"], &report["stayed"]),
        (&json!(3), &json!(2)),
        "{report:#}"
    );
    let bodies = {
        logged(&world, "delivered", 3);
        slack.bodies()
    };
    assert!(
        bodies.iter().any(|body| body.contains("disk full")),
        "{bodies:#?}"
    );
    assert_eq!(held(&aws, "tools-relay-dead-letters").await, 0);
    assert_eq!(held(&aws, "tools-rules-dead-letters").await, 1);
    let left = world.ok(&["redrive", "--local", "--list"]).stdout;
    for part in [
        "tools-hook-ingest-dead-letters",
        "cannot be sent again",
        "rule tools-gone",
    ] {
        assert!(left.contains(part), "{part}: {left}");
    }
}

/// Dead letters of EventBridge, of a rule that is gone, of SNS, and one in an unknown format.
async fn dead_letters_of_others(aws: &Clients) {
    let event = json!({ "version": "0", "id": "00000000-0000-4000-8000-000000000001", "source": "aws.ec2",
        "detail-type": "EC2 Instance State-change Notification", "account": ACCOUNT, "region": REGION,
        "time": "2026-11-20T05:03:27Z", "resources": [],
        "detail": { "instance-id": "i-0123456789abcdef0", "state": "stopped" } });
    let arn = |service: &str, what: &str| format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{what}");
    let (rule, relay) = (
        arn("events", "rule/tools-states"),
        arn("lambda", "function:tools-relay"),
    );
    let attributes = [
        ("RULE_ARN", rule.as_str()),
        ("TARGET_ARN", relay.as_str()),
        ("ERROR_CODE", "NO_PERMISSIONS"),
    ];
    put(aws, "tools-rules-dead-letters", &event, &attributes).await;
    let gone = arn("events", "rule/tools-gone");
    put(
        aws,
        "tools-rules-dead-letters",
        &event,
        &[("RULE_ARN", &gone), attributes[1]],
    )
    .await;
    let note = json!({ "Type": "Notification", "MessageId": "00000000-0000-4000-8000-000000000002",
        "TopicArn": arn("sns", "tools-alerts"), "Message": "disk full", "Timestamp": "2026-11-20T05:03:27.381Z" });
    put(aws, "tools-relay-dead-letters", &note, &[("ErrorCode", "403")]).await;
    put(aws, "tools-hook-ingest-dead-letters", &json!("hello"), &[]).await;
}
