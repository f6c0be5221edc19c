//! The tools for a running stack, against the local AWS and a Slack that fails on request: `logs`, `redrive`
//! and `test`.

use crate::support::account::{ACCOUNT, clients};
use crate::support::slack::Slack;
use crate::support::{Ran, World};
use alertctl::aws::connect::Clients;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

mod redrive;
mod stopping;

const REGION: &str = "ap-northeast-2";

const STACK: &str = r#"
stack: tools
region: ap-northeast-2
locale: en
timezone: Asia/Seoul
channels:
  project: { webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts: { to: [project] }
alarms:
  cpu:
    metric: AWS/EC2 CPUUtilization
    statistic: Average
    period: 60
    threshold: ">= 50"
    to: [alerts]
rules:
  states:
    pattern: { source: [aws.ec2], detail-type: [EC2 Instance State-change Notification] }
    to: [project]
  orders:
    pattern: { source: [shop.orders], detail: { state: [failed], total: [{ numeric: [">", 100] }] } }
    to: [project, alerts]
endpoints:
  hook: { token: { sha256: DIGEST }, to: [project, alerts] }
"#;

/// A world with the stack applied; its token, and its Slack.
fn world() -> (World, String, Slack, String) {
    let mut world = World::new();
    let token = world.json(&["token"]);
    let text = |name: &str| token[name].as_str().unwrap().to_owned();
    world.write("stack.yaml", &STACK.replace("DIGEST", &text("sha256")));
    let (endpoint, _) = world.up();
    let (slack, webhook) = Slack::start();
    world.set("SLACK_WEBHOOK_URL", &webhook);
    world.ok(&["apply", "--local", "--yes"]);
    (world, text("token"), slack, endpoint)
}

/// Waits until this is true.
fn within(time: Duration, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + time;
    while !is_so() {
        assert!(Instant::now() < deadline, "not within {time:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn failed(ran: Ran, code: i32) -> Ran {
    assert_eq!(ran.code, code, "{}", ran.all());
    ran
}

/// Number of messages in a queue, including those in flight.
async fn held(aws: &Clients, queue: &str) -> u32 {
    let url = aws.sqs.get_queue_url().queue_name(queue).send().await.unwrap();
    let send = aws.sqs.get_queue_attributes().queue_url(url.queue_url.unwrap());
    let answer = send
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap();
    let counts = answer.attributes.unwrap().into_iter();
    let counts = counts.filter(|(name, _)| name.as_str().starts_with("ApproximateNumberOfMessages"));
    counts.map(|(_, count)| count.parse::<u32>().unwrap()).sum()
}

/// The result of each path of a test.
fn results(report: &Value) -> Vec<(String, String)> {
    let text = |path: &Value, name: &str| path[name].as_str().unwrap().to_owned();
    let paths = report["paths"].as_array().unwrap().iter();
    paths
        .map(|path| (text(path, "path"), text(path, "result")))
        .collect()
}

/// The state of the stack's alarm.
async fn alarm(aws: &Clients) -> String {
    let send = aws.cloudwatch.describe_alarms().alarm_names("tools-cpu");
    let answer = send.send().await.unwrap();
    answer.metric_alarms()[0]
        .state_value()
        .unwrap()
        .as_str()
        .to_owned()
}

/// This is not a failure.
#[test]
fn an_endpoint_without_its_token_cannot_be_tested() {
    let (mut world, ..) = world();
    let ran = failed(world.run(&["test", "--local"]), 3);
    let last = ran.stdout.lines().last().unwrap();
    assert!(
        last.contains("endpoint/hook") && last.contains("ALERTCTL_TOKEN"),
        "{}",
        ran.all()
    );
    assert!(ran.stdout.contains("✓ alarm/cpu"), "{}", ran.all());
    world.set("ALERTCTL_TOKEN_HOOK", "another");
    let ran = failed(world.run(&["test", "--local", "--path", "endpoint"]), 3);
    assert!(ran.stdout.contains("is not this endpoint's"), "{}", ran.all());
    assert!(!ran.all().contains("another"), "{}", ran.all());
    let unknown = failed(world.run(&["test", "--local", "--path", "alarm/cpuu"]), 1);
    assert!(
        unknown.stderr.contains("did you mean `alarm/cpu`?"),
        "{}",
        unknown.all()
    );
}

#[tokio::test]
async fn a_sample_goes_through_each_path() {
    let (mut world, token, slack, endpoint) = world();
    let aws = clients(&endpoint, REGION).await;
    let before = alarm(&aws).await;
    world.set("ALERTCTL_TOKEN_HOOK", &token);
    let report = world.json(&["test", "--local"]);
    let arrived = |path: &str| (path.to_owned(), "arrived".to_owned());
    let all = [
        "alarm/cpu",
        "rule/orders",
        "rule/states",
        "topic/alerts",
        "endpoint/hook",
    ]
    .map(arrived);
    assert_eq!(results(&report), all, "{report:#}");
    let run = report["test"].as_str().unwrap();
    for path in report["paths"].as_array().unwrap() {
        let mark = path["test"].as_str().unwrap();
        assert!(mark.starts_with(run) && mark.len() == 10, "{mark}");
        assert!(path["channels"][0]["milliseconds"].is_number(), "{path:#}");
        assert!(slack.bodies().iter().any(|body| body.contains(mark)), "{mark}");
    }
    // Both paths of the endpoint and of the rule are marked.
    let of_run: Vec<_> = slack
        .bodies()
        .into_iter()
        .filter(|body| body.contains("\"text\""))
        .collect();
    assert!(of_run.iter().all(|body| body.contains("TEST")), "{of_run:#?}");
    assert_eq!(alarm(&aws).await, before);
}

/// Every path reports Slack's answer, and everything can be redriven.
#[tokio::test]
async fn a_test_with_a_revoked_webhook_tells_what_was_parked() {
    let (world, _, slack, endpoint) = world();
    let aws = clients(&endpoint, REGION).await;
    let before = alarm(&aws).await;
    slack.answer(404, "no_service");
    let ran = failed(
        world.run(&["test", "--local", "--path", "alarm", "--path", "rule/states"]),
        1,
    );
    for part in [
        "✗ alarm/cpu",
        "✗ rule/states",
        "project: parked",
        "no_service",
        "0 of 2 paths arrived",
    ] {
        assert!(ran.all().contains(part), "{part}: {}", ran.all());
    }
    assert_eq!(alarm(&aws).await, before);
    let shown = world.ok(&["logs", "--local", "--channel", "project"]).stdout;
    assert!(shown.contains("✗ parked") && shown.contains("test t-"), "{shown}");
    let listed = world.ok(&["redrive", "--local", "--list"]).stdout;
    assert!(listed.contains("no_service"), "{listed}");
    let parked = held(&aws, "tools-relay-dead-letters").await as usize;
    let taken = slack.bodies().len();
    slack.answer(200, "ok");
    let ran = world.ok(&["redrive", "--local", "--yes"]);
    assert!(
        ran.stderr
            .contains(&format!("{parked} of {parked} messages sent again")),
        "{}",
        ran.all()
    );
    let deadline = Instant::now() + Duration::from_secs(60);
    while slack.bodies().len() < taken + parked {
        assert!(Instant::now() < deadline, "{:?}", slack.bodies().len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(held(&aws, "tools-relay-dead-letters").await, 0);
    let nothing = world.ok(&["redrive", "--local"]);
    assert!(
        nothing.stdout.starts_with("nothing is parked"),
        "{}",
        nothing.all()
    );
}

/// A topic has no subscriptions, and a rule no target.
#[tokio::test]
async fn a_path_that_is_broken_tells_where_the_sample_stopped() {
    let (world, _, _slack, endpoint) = world();
    let aws = clients(&endpoint, REGION).await;
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:tools-alerts");
    let subscriptions = aws
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(&topic)
        .send()
        .await
        .unwrap();
    let arn = subscriptions.subscriptions()[0].subscription_arn().unwrap();
    aws.sns.unsubscribe().subscription_arn(arn).send().await.unwrap();
    aws.events
        .remove_targets()
        .rule("tools-states")
        .ids("relay")
        .send()
        .await
        .unwrap();
    let ran = failed(
        world.run(&[
            "test",
            "--local",
            "--path",
            "topic",
            "--path",
            "rule/states",
            "--timeout",
            "2s",
        ]),
        1,
    );
    for part in [
        "SNS accepted it, but no function logged it",
        "the rule has no target",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.all());
    }
}

#[test]
fn how_many_messages_a_test_sends_is_told_and_asked() {
    let mut world = World::new();
    let alarms: String = (1..=12)
        .map(|number| {
            format!(
                "  cpu{number}: {{ metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', \
                 to: [alerts] }}\n"
            )
        })
        .collect();
    world.write(
        "stack.yaml",
        &format!(
            "stack: tools\nregion: {REGION}\nchannels: {{ project: {{ webhook: {{ env: SLACK_WEBHOOK_URL }} }} }}\ntopics:\n  \
             alerts: {{ to: [project], subscriptions: [{{ email: oncall@example.com }}] }}\nalarms:\n{alarms}"
        ),
    );
    // Without AWS: lists what would be sent, and to whom.
    let list = world.json(&["test", "--list"]);
    // On ALARM, and when it is over.
    assert_eq!(list["messages"], 6, "{list:#}");
    assert_eq!(list["paths"][0]["path"], "alarm/cpu1");
    assert_eq!(list["paths"][0]["alike"].as_array().unwrap().len(), 11);
    assert_eq!(list["paths"][1]["path"], "topic/alerts");
    let mail = json!({ "kind": "email", "to": "oncall@example.com", "messages": 3 });
    assert!(list["receivers"].as_array().unwrap().contains(&mail), "{list:#}");
    assert_eq!(world.json(&["test", "--list", "--all"])["messages"], 50);
    let text = world.ok(&["test", "--list", "--path", "topic"]).stdout;
    assert!(
        text.contains("topic/alerts  Slack project, mail oncall@example.com")
            && text.contains("1 path, 2 messages"),
        "{text}"
    );

    let (slack, webhook) = Slack::start();
    world.set("SLACK_WEBHOOK_URL", &webhook);
    world.ok(&["apply", "--local", "--yes"]);
    // More than ten messages need consent; nothing is sent before.
    let asked = failed(world.run(&["test", "--local", "--all"]), 1);
    for part in [
        "13 paths, 50 messages: Slack project 25, mail oncall@example.com 25",
        "add --yes",
    ] {
        assert!(asked.stderr.contains(part), "{part}: {}", asked.stderr);
    }
    assert_eq!(slack.bodies().len(), 0);
    let ran = world.ok(&["test", "--local"]);
    assert!(
        ran.stderr.contains("2 paths, 6 messages") && ran.stderr.contains("11 paths like these omitted"),
        "{}",
        ran.stderr
    );
    assert!(ran.all().contains("2 of 2 paths arrived"), "{}", ran.all());
    // The alarm returned to what it was, without data, of which nobody is told.
    assert_eq!(slack.bodies().len(), 2);
}
