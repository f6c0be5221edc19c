//! The health of a stack: what `status` reports for each resource, waiting until it works, and drift.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use crate::support::World;
use crate::support::account::{clients, everything};
use crate::support::proxy::Proxy;
use aws_sdk_cloudwatch::types::StateValue;
use serde_json::Value;

const REGION: &str = "eu-west-1";

const STACK: &str = r##"
stack: health
region: eu-west-1
key: { deletion_window_days: 7 }
channels:
  project: { webhook: { env: SLACK_WEBHOOK_URL }, buffer: true }
topics:
  alerts: { to: [project] }
trail: { name: health, bucket: "health-{account}", keep_logging: false }
rules:
  stopped: { pattern: { source: [aws.ec2] }, to: [project] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, threshold: ">= 50", period: 60, statistic: Average, to: [alerts] }
"##;

fn world() -> World {
    let world = World::new();
    world.write("stack.yaml", STACK);
    world
}

/// The health of the resource `id`, without the parts that differ from run to run.
fn health<'a>(status: &'a Value, id: &str) -> &'a Value {
    let resources = status["resources"].as_array().unwrap();
    let one = resources.iter().find(|one| one["id"] == id);
    &one.unwrap_or_else(|| panic!("no {id}: {status:#}"))["health"]
}

/// Each function is read once, and without channels it is not searched for webhooks.
#[test]
fn without_a_channel_no_function_is_asked_for_webhooks() {
    let world = World::new();
    world.bundled("elastalert-email");
    let (endpoint, _) = world.up();
    world.ok(&["apply", "--local", "--yes"]);
    let proxy = Proxy::start(&endpoint, Duration::ZERO);
    world.reach_at(&proxy.url);
    world.ok(&["status", "--local"]);
    let asked = proxy.actions().into_iter();
    assert_eq!(asked.filter(|action| action == "lambda:GetFunction").count(), 1);
}

/// The health of all resources whose id begins like this.
fn healths(status: &Value, kind: &str) -> Vec<Value> {
    let resources = status["resources"].as_array().unwrap().iter();
    let mine = resources.filter(|one| one["id"].as_str().unwrap().starts_with(kind));
    mine.map(|one| one["health"].clone()).collect()
}

#[test]
fn status_tells_the_health_of_each_resource() {
    let world = world();
    world.up();
    // If nothing exists, waiting is useless.
    let ran = world.run(&["status", "--local", "--wait"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr
            .contains("lambda-function/relay (health-relay): does not exist")
            && ran.stderr.contains("run `alertctl apply stack.yaml --local`"),
        "{}",
        ran.stderr
    );

    let applied = world.ok(&["apply", "--local", "--yes", "--wait"]);
    assert!(
        applied
            .stderr
            .ends_with("everything is ready, but alarm `cpu` has no data yet\n"),
        "{}",
        applied.stderr
    );
    let again = world.ok(&["apply", "--local", "--wait"]);
    assert!(
        again
            .stderr
            .ends_with("everything is ready, but alarm `cpu` has no data yet\n"),
        "{}",
        again.stderr
    );

    let status = world.json(&["status", "--local", "--wait"]);
    assert_eq!(status["ready"], true, "{status:#}");
    assert_eq!(
        health(&status, "lambda-function/relay")["function_state"],
        "active"
    );
    assert_eq!(health(&status, "kms-key/main")["key_state"], "Enabled");
    assert_eq!(health(&status, "cloudtrail-trail/trail")["logging"], true);
    assert_eq!(health(&status, "sns-topic/alerts"), &Value::Null);
    let confirmed = healths(&status, "sns-subscription/");
    assert!(
        !confirmed.is_empty() && confirmed.iter().all(|one| one["confirmed"] == true),
        "{status:#}"
    );
    let mapped = healths(&status, "lambda-event-source-mapping/");
    assert!(
        !mapped.is_empty() && mapped.iter().all(|one| one["verdict"] == "healthy"),
        "{status:#}"
    );
    let queues = healths(&status, "sqs-queue/");
    let waiting = queues.iter().filter(|one| one["dead_letters"] == false).count();
    assert_eq!((waiting, queues.len()), (1, 3), "{status:#}");
    // The AWS console does not show the local AWS.
    assert!(status["resources"][0]["console"].is_null(), "{status:#}");
}

/// An alarm in ALARM and a dead letter ask for attention, and the stack is ready all the same; a trail that stands still
/// and a key that waits for its deletion are told.
#[tokio::test]
async fn status_tells_what_is_not_well() {
    let world = world();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.ok(&["apply", "--local", "--yes"]);
    let set = aws.cloudwatch.set_alarm_state().alarm_name("health-cpu");
    let set = set.state_value(StateValue::Alarm).state_reason("too hot");
    set.send().await.unwrap();
    let url = aws.sqs.get_queue_url().queue_name("health-relay-dead-letters");
    let url = url.send().await.unwrap().queue_url.unwrap();
    aws.sqs
        .send_message()
        .queue_url(url)
        .message_body("{}")
        .send()
        .await
        .unwrap();
    let status = world.json(&["status", "--local", "--wait"]);
    assert_eq!(status["ready"], true, "{status:#}");
    let alarm = health(&status, "cloudwatch-alarm/cpu");
    assert_eq!(
        (&alarm["alarm_state"], &alarm["verdict"]),
        (&"ALARM".into(), &"attention".into())
    );
    assert_eq!(health(&status, "sqs-queue/relay")["messages"], 1, "{status:#}");
    let text = world.ok(&["status", "--local"]).stdout;
    for words in [
        "1 parked",
        "undelivered messages: about 1",
        "ALARM since 2",
        "in ALARM: too hot",
        "logging",
        "confirmed",
        "active",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }

    // A trail without a guard stays stopped.
    aws.cloudtrail.stop_logging().name("health").send().await.unwrap();
    let start = Instant::now();
    let ran = world.run(&[
        "status",
        "--local",
        "--wait",
        "--timeout",
        "2s",
        "--output",
        "json",
    ]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(start.elapsed() >= Duration::from_secs(2), "{}", ran.all());
    let status: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        status["not_ready"][0]["id"], "cloudtrail-trail/trail",
        "{status:#}"
    );
    assert!(
        ran.stderr
            .contains("waiting for cloudtrail-trail/trail (not logging)")
            && ran
                .stderr
                .contains("run `alertctl status stack.yaml --wait --local`"),
        "{}",
        ran.stderr
    );
    world.ok(&["destroy", "--local", "--yes"]);
    let status = world.json(&["status", "--local"]);
    let key = health(&status, "kms-key/main");
    assert_eq!(key["key_state"], "PendingDeletion", "{status:#}");
    assert!(key["deletion_date"].is_string(), "{status:#}");
}

/// Interrupted while waiting: nothing is half done, so there is nothing more to report.
#[test]
fn waiting_ends_at_ctrl_c() {
    let world = world();
    let (endpoint, _) = world.up();
    world.ok(&["apply", "--local", "--yes"]);
    crate::support::inventory::past(
        &endpoint,
        crate::support::account::ACCOUNT,
        REGION,
        async |config| {
            let stop = alertctl::aws::connect::Clients::new(&config)
                .cloudtrail
                .stop_logging();
            stop.name("health").send().await.unwrap();
        },
    );
    let mut command = world.command(&["status", "--local", "--wait"]);
    let mut child = command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let waiting = said.find(|line| {
        let line = line.as_ref().unwrap();
        line.contains("waiting for cloudtrail-trail/trail")
    });
    assert!(waiting.is_some());
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[tokio::test]
async fn drift_is_told_apart_by_the_file_that_was_applied() {
    let world = world();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    world.ok(&["apply", "--local", "--yes"]);
    world.write("base.yaml", STACK);
    // In the account: the alarm's actions are disabled, a topic has lost a tag, a log group is gone.
    let off = aws.cloudwatch.disable_alarm_actions().alarm_names("health-cpu");
    off.send().await.unwrap();
    let untag = aws.sns.untag_resource().tag_keys("alertctl:node");
    let untag = untag.resource_arn(format!("arn:aws:sns:{REGION}:000000000000:health-alerts"));
    untag.send().await.unwrap();
    let group = aws
        .logs
        .delete_log_group()
        .log_group_name("/aws/lambda/health-relay");
    group.send().await.unwrap();
    // In the file: another threshold of the same alarm, and one more alarm, which the topic's policy must name.
    world.edit(|text| {
        let more = "  disk: { metric: AWS/EC2 DiskReadOps, threshold: \">= 1\", period: 60, statistic: Sum, to: [alerts] }\n";
        text.replace(">= 50", ">= 60") + more
    });
    let before = everything(&aws).await;
    let plan = world.json(&["plan", "--local", "--base", "base.yaml"]);
    let origins: std::collections::BTreeMap<_, _> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["action"] != "keep")
        .map(|step| (step["id"].as_str().unwrap(), step["origin"].clone()))
        .collect();
    assert_eq!(plan["base"], "base.yaml");
    insta::assert_snapshot!(
        origins.iter().map(|(id, origin)| format!("{id} {origin}")).collect::<Vec<_>>().join("\n"),
        @r#"
    cloudwatch-alarm/cpu {"file":true,"drift":true,"fields":["actions_enabled"]}
    cloudwatch-alarm/disk {"file":true,"drift":false}
    log-group/relay {"file":false,"drift":true}
    sns-topic/alerts {"file":true,"drift":true,"fields":["tags.alertctl:node"]}
    "#
    );
    let text = world.ok(&["plan", "--local", "--base", "base.yaml"]).stdout;
    let (file, drift) = text
        .split_once("drift: differs from `base.yaml`")
        .expect("two parts");
    assert!(
        file.contains("changed in the stack file since `base.yaml`"),
        "{text}"
    );
    assert!(
        file.contains("cloudwatch-alarm/disk") && !drift.contains("cloudwatch-alarm/disk"),
        "{text}"
    );
    assert!(
        drift.contains("log-group/relay") && !file.contains("log-group/relay"),
        "{text}"
    );
    // With `--base`, the file's changes and the drift are distinguished.
    assert!(file.contains("      drift: actions_enabled\n"), "{text}");
    assert_eq!(everything(&aws).await, before);

    // Without it they cannot be distinguished.
    let plain = world.ok(&["plan", "--local"]).stdout;
    assert!(!plain.contains("drift"), "{plain}");
    world.write("other.yaml", &STACK.replace("stack: health", "stack: other"));
    let other = world.run(&["plan", "--local", "--base", "other.yaml"]);
    assert_eq!(other.code, 1, "{}", other.all());
    assert!(
        other
            .stderr
            .contains("`other.yaml` is for stack `other`, not for `health`"),
        "{}",
        other.stderr
    );
}
