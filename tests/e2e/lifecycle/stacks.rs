//! Two stacks in one account, and one with everything.

use super::*;

#[tokio::test]
async fn two_stacks_in_one_account_do_not_see_each_other() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, "eu-west-1").await;
    world.write("one.yaml", &TEAM.replace("team", "one"));
    world.write("two.yaml", &TEAM.replace("team", "two"));
    world.ok(&["apply", "--local", "--yes", "one.yaml"]);
    let one = everything(&aws).await;
    world.ok(&["apply", "--local", "--yes", "two.yaml"]);
    for file in ["one.yaml", "two.yaml"] {
        let plan = world.run(&["plan", "--local", "--detailed-exitcode", file]);
        assert_eq!(plan.code, 0, "{}", plan.all());
    }
    // A stack whose name is a prefix of another's does not match it either.
    world.write("on.yaml", "stack: on\nregion: eu-west-1\n");
    assert_eq!(
        world
            .run(&["plan", "--local", "--detailed-exitcode", "on.yaml"])
            .code,
        0
    );
    assert!(
        world
            .ok(&[
                "destroy",
                "--local",
                "--yes",
                "--stack",
                "on",
                "--region",
                "eu-west-1"
            ])
            .stderr
            .contains("nothing to destroy")
    );
    world.ok(&["destroy", "--local", "--yes", "two.yaml"]);
    assert_eq!(everything(&aws).await, one);
    assert_eq!(
        world
            .run(&["plan", "--local", "--detailed-exitcode", "one.yaml"])
            .code,
        0
    );
    world.ok(&["destroy", "--local", "--yes", "one.yaml"]);
    assert_eq!(everything(&aws).await, lines([]));
}

const EVERYTHING: &str = r##"
stack: all
region: us-west-2
locale: en
timezone: Europe/Berlin
tags: { team: platform, "cost centre": "4711" }
key: { alias: all/secrets, deletion_window_days: 7, rotation: false, description: "Webhooks & messages" }
channels:
  project: { label: "#project", webhook: { env: SLACK_WEBHOOK_URL } }
  on-call: { webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts:
    display_name: Alerts
    encrypted: true
    to: [project, on-call]
    subscriptions:
      - { email: oncall@example.com, filter: { severity: [high, { numeric: [">", 3] }] } }
      - { https: "https://127.0.0.1:9/hook?token=secret-of-the-endpoint" }
      - { sqs: "arn:aws:sqs:us-west-2:000000000000:elsewhere", filter: { detail: { state: [stopped] } }, filter_scope: body, raw: true }
  quiet:
    name: quiet_topic
    subscriptions: [{ email: quiet@example.com }]
  calls: { to: [on-call] }
alarms:
  cpu:
    description: "Hot <&> 뜨거움"
    metric: AWS/EC2 CPUUtilization
    dimensions: { InstanceId: i-0123456789abcdef0, ImageId: ami-1 }
    statistic: Maximum
    unit: Percent
    period: 300
    threshold: "> 90.5"
    evaluation_periods: 5
    datapoints_to_alarm: 3
    treat_missing_data: notBreaching
    to: [alerts, calls]
    ok: [alerts]
    insufficient_data: [quiet]
  slow:
    metric: AWS/Lambda Duration
    statistic: p99.9
    period: 10
    threshold: "< 0.001"
    evaluate_low_sample_count_percentile: ignore
    actions_enabled: false
    to: [calls]
  errors:
    metrics:
      - { id: errors, metric: AWS/Lambda Errors, statistic: Sum, period: 60, dimensions: { FunctionName: f }, unit: Count }
      - { id: calls, metric: AWS/Lambda Invocations, statistic: Sum, period: 60 }
      - { id: rate, expression: 100 * errors / calls, label: Rate, return_data: true }
    threshold: "> 1"
    to: [alerts]
  band:
    metrics:
      - { id: cpu, metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, return_data: true }
      - { id: band, expression: "ANOMALY_DETECTION_BAND(cpu, 2)", return_data: true }
    threshold: outside band
    to: [alerts]
MORE_ALARMS
relay:
  name: all_messages
  memory: 256
  timeout: 10
  log_retention_days: 7
  reserved_concurrency: 2
  maximum_retry_attempts: 0
  maximum_event_age_seconds: 60
"##;

#[tokio::test]
async fn a_stack_with_everything() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, "us-west-2").await;
    let more = |number: usize| {
        format!(
            "  more-{number}: {{ metric: AWS/EC2 NetworkIn, statistic: Sum, period: 60, \
             threshold: \">= {number}\", to: [alerts] }}\n"
        )
    };
    let more: String = (0..8).map(more).collect();
    world.write("stack.yaml", &EVERYTHING.replace("MORE_ALARMS\n", &more));
    let applied = world.ok(&["apply", "--local", "--yes"]);
    assert!(
        !applied.all().contains("secret-of-the-endpoint"),
        "{}",
        applied.all()
    );
    assert!(
        applied
            .stderr
            .contains("127.0.0.1:9 has to confirm the subscription"),
        "{}",
        applied.stderr
    );
    assert!(
        applied
            .stderr
            .contains("confirm the e-mail sent to oncall@example.com"),
        "{}",
        applied.stderr
    );
    unchanged(&world, "after apply");
    let status = world.json(&["status", "--local"]);
    let resources = status["resources"].as_array().unwrap();
    assert!(resources.iter().all(|one| one["state"] == "ok"), "{status}");
    assert_eq!(
        everything(&aws)
            .await
            .iter()
            .filter(|one| one.starts_with("alarm "))
            .count(),
        12
    );

    world.ok(&["destroy", "--local", "--yes"]);
    assert_eq!(everything(&aws).await, lines([]));
}
