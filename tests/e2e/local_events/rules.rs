//! Rules: an event goes through regions to Slack, and what a target does not take is kept.

use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use aws_sdk_eventbridge::types as events;
use serde_json::{Value, json};

use super::{HOME, arn, clients, function, next, queue, rule, target};
use crate::support::account::ACCOUNT;
use crate::support::{Ran, World};

/// The rule `logins`, as a stack creates it at home and in the region of the sign-ins, and one that would create an endless
/// loop.
async fn rules(world: &World, endpoint: &str, inbox: &str) {
    let aws = clients(endpoint, HOME).await;
    let function = function(world, &aws, "notify", Some(inbox)).await;
    let transformer = events::InputTransformer::builder()
        .input_template(
            r#"{"alertctl":{"rule":<aws.events.rule-name>,"channels":["project"]},"event":<aws.events.event.json>}"#,
        )
        .build()
        .unwrap();
    let notify = target(&function).input_transformer(transformer).build().unwrap();
    let pattern = json!({ "source": ["aws.signin"] });
    rule(
        &aws,
        "logins",
        pattern.clone(),
        events::RuleState::Enabled,
        notify,
    )
    .await;
    let there = clients(endpoint, "us-east-1").await;
    let home =
        target(arn("events", "event-bus/default")).role_arn(format!("arn:aws:iam::{ACCOUNT}:role/any"));
    let home = home.build().unwrap();
    rule(
        &there,
        "logins",
        pattern.clone(),
        events::RuleState::Enabled,
        home,
    )
    .await;
    let back = target(format!("arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"));
    let back = back
        .role_arn(format!("arn:aws:iam::{ACCOUNT}:role/any"))
        .build()
        .unwrap();
    rule(&aws, "back", pattern, events::RuleState::Enabled, back).await;
}

#[tokio::test]
async fn an_event_takes_its_way_through_rules_and_regions_to_slack() {
    let world = World::new();
    let (endpoint, inbox) = world.up();
    rules(&world, &endpoint, &inbox).await;
    let shown = world.json(&["local", "event", "sign-in"]);
    let matched: Vec<_> = shown["matched"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["rule"].as_str().unwrap(),
                one["region"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        matched,
        ["logins us-east-1", "logins ap-northeast-2", "back ap-northeast-2"]
    );
    let got = shown["messages"][0]["body"]["text"].as_str().unwrap();
    let got: Value = serde_json::from_str(got).unwrap();
    assert_eq!(
        got["alertctl"],
        json!({ "rule": "logins", "channels": ["project"] })
    );
    assert_eq!(got["event"]["region"], "us-east-1", "{got:#}");
    assert_eq!(got["event"]["detail"]["userIdentity"]["userName"], "alice");
    assert_eq!(world.messages(&inbox).len(), 1);

    // A custom event keeps its own fields.
    let own = json!({
        "version": "0", "id": "one-of-mine", "source": "aws.signin", "detail-type": "x", "account": "123456789012",
        "time": "2026-01-02T03:04:05Z", "region": HOME, "resources": ["arn:aws:x"], "detail": { "a": [1, "ü"] },
    });
    world.write("own.json", &own.to_string());
    let text = world.ok(&["local", "event", "own.json"]);
    assert!(
        text.stderr
            .contains("matched by logins (ap-northeast-2, bus default)"),
        "{}",
        text.all()
    );
    assert!(text.stdout.contains("── #project ──"), "{}", text.all());
    let messages = world.messages(&inbox);
    let got: Value = serde_json::from_str(messages[1]["body"]["text"].as_str().unwrap()).unwrap();
    assert_eq!(got["event"], own);
    let mut command = world.command(&["local", "event", "-", "--output", "json"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(own.to_string().as_bytes())
        .unwrap();
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.all());
}

#[tokio::test]
async fn an_event_that_goes_nowhere_is_told_at_once() {
    let world = World::new();
    let ran = world.run(&["local", "event", "ec2-stopped"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("the local AWS is not running"),
        "{}",
        ran.all()
    );
    let (endpoint, inbox) = world.up();
    rules(&world, &endpoint, &inbox).await;
    // The session knows of a region from the first event there.
    world.ok(&["local", "event", "sign-in"]);
    // No rule matches it.
    let start = Instant::now();
    let ran = world.run(&["local", "event", "ec2-stopped", "--region", HOME]);
    assert_eq!(ran.code, 1);
    insta::assert_snapshot!("event_without_rule", ran.stderr);
    assert!(start.elapsed() < Duration::from_secs(15));
    world.write("no.json", "[1]");
    for (event, seen) in [
        ("nothing", "is neither a sample nor a readable file"),
        ("no.json", "an event is an object with a `source`"),
        ("index.py", "is not JSON"),
    ] {
        let ran = world.run(&["local", "event", event]);
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(ran.stderr.contains(seen), "{}", ran.all());
    }
}

#[tokio::test]
async fn what_a_target_does_not_take_is_kept() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, HOME).await;
    let kept = queue(&aws, "kept").await;
    let failed = queue(&aws, "failed").await;
    let dead_letters = |name: &str| events::DeadLetterConfig::builder().arn(arn("sqs", name)).build();
    let gone = target(arn("lambda", "function:gone")).dead_letter_config(dead_letters("kept"));
    let pattern = |source: &str| json!({ "source": [source] });
    let enabled = events::RuleState::Enabled;
    rule(
        &aws,
        "gone",
        pattern("aws.ec2"),
        enabled.clone(),
        gone.build().unwrap(),
    )
    .await;
    let fails = function(&world, &aws, "fails", None).await;
    let on_failure = aws_sdk_lambda::types::OnFailure::builder().destination(arn("sqs", "failed"));
    let destinations = aws_sdk_lambda::types::DestinationConfig::builder().on_failure(on_failure.build());
    let put = aws
        .lambda
        .put_function_event_invoke_config()
        .function_name("fails");
    let put = put
        .maximum_retry_attempts(0)
        .destination_config(destinations.build());
    put.send().await.unwrap();
    rule(
        &aws,
        "fails",
        pattern("aws.ec2"),
        enabled,
        target(fails).build().unwrap(),
    )
    .await;

    let mut command = world.command(&["local", "event", "ec2-stopped", "--region", HOME]);
    let mut child = command
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (event, reason) = next(&aws, &kept, "ERROR_MESSAGE").await.unwrap();
    assert_eq!(event["detail"]["state"], "stopped", "{event:#}");
    assert_eq!(reason.as_deref(), Some("it does not exist"));
    let (failure, _) = next(&aws, &failed, "").await.unwrap();
    assert_eq!(
        failure["requestPayload"]["detail"]["state"], "stopped",
        "{failure:#}"
    );
    // It is waiting for a message that never comes.
    child.kill().unwrap();
    child.wait().unwrap();
}
