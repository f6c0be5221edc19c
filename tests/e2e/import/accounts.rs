//! Accounts as different people leave them.

use aws_sdk_cloudtrail::Client as CloudTrail;
use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use aws_sdk_eventbridge::types::{RuleState, Target};

use super::*;

/// An alarm, a topic, a mail, a rule with the topic as its target, a trail with a log group and a filter on it.
pub(super) async fn by_the_guides(aws: &Clients) {
    let alerts = topic(aws, "mission-sns").await;
    mail(aws, &alerts, "oncall@company.example").await;
    cpu(aws, "mission-cpu-alarm", &alerts, &[]).await;
    let rule = aws.events.put_rule().name("ec2_state_change");
    rule.event_pattern(
        r#"{"source":["aws.ec2"],"detail-type":["EC2 Instance State-change Notification"],"detail":{"state":["stopped"]}}"#,
    )
    .state(RuleState::Enabled)
    .send()
    .await
    .unwrap();
    let target = Target::builder().id("1").arn(&alerts).build().unwrap();
    let put = aws.events.put_targets().rule("ec2_state_change");
    put.targets(target).send().await.unwrap();
    let group = aws.logs.create_log_group().log_group_name("/mission/trail");
    group.send().await.unwrap();
    let metric = MetricTransformation::builder()
        .metric_namespace("Mission")
        .metric_name("RootUse")
        .metric_value("1");
    let filter = aws.logs.put_metric_filter().log_group_name("/mission/trail");
    filter
        .filter_name("root-use")
        .filter_pattern("{ $.userIdentity.type = \"Root\" }")
        .metric_transformations(metric.build().unwrap())
        .send()
        .await
        .unwrap();
    let alarm = aws.cloudwatch.put_metric_alarm().alarm_name("mission-root-use");
    alarm
        .namespace("Mission")
        .metric_name("RootUse")
        .statistic(Statistic::Sum)
        .period(300)
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .treat_missing_data("notBreaching")
        .alarm_actions(&alerts)
        .send()
        .await
        .unwrap();
    trail(&aws.cloudtrail).await;
}

async fn trail(cloudtrail: &CloudTrail) {
    let trail = cloudtrail.create_trail().name("mission-trail");
    trail.s3_bucket_name("mission-trail").send().await.unwrap();
    let start = cloudtrail.start_logging().name("mission-trail");
    start.send().await.unwrap();
}

#[tokio::test]
async fn what_the_guides_leave() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    by_the_guides(&aws).await;
    let ran = taken_over(&world, &endpoint, &["--stack", "mission"]).await;
    insta::assert_snapshot!(ran.stdout);
    insta::assert_snapshot!(ran.stderr);

    // What is in comments is good for a stack file, too.
    let mut in_rules = false;
    let with_rules = ran.stdout.lines().map(|line| {
        in_rules = line == "# rules:" || in_rules && !line.is_empty();
        let commented = line.strip_prefix("# ").filter(|_| in_rules);
        commented.unwrap_or(line).to_owned()
    });
    let with_rules = with_rules.collect::<Vec<_>>().join("\n");
    assert_ne!(with_rules, ran.stdout.trim_end());
    world.write("with-rules.yaml", &with_rules);
    let valid = world.run(&["validate", "with-rules.yaml"]);
    assert_eq!(valid.code, 0, "{with_rules}\n{}", valid.all());
}

/// Modules of Terraform have names with slashes, `treat_missing_data`, tags, and composite alarms whose names have no quotes.
async fn by_terraform(aws: &Clients) {
    let alerts = topic(aws, "prod-alerts").await;
    let queue = "arn:aws:sqs:eu-west-1:000000000000:alerts";
    let subscribe = aws.sns.subscribe().topic_arn(&alerts).protocol("sqs");
    subscribe.endpoint(queue).send().await.unwrap();
    let tags = [("ManagedBy", "terraform"), ("team", "payments")];
    for name in ["prod/api/cpu", "prod/worker/cpu"] {
        cpu(aws, name, &alerts, &tags).await;
    }
    let alarm = aws
        .cloudwatch
        .put_metric_alarm()
        .alarm_name("prod/api/error-rate");
    alarm
        .alarm_description("More than 5 % of the calls fail.\n\nRunbook: https://wiki.example.com/errors")
        .metrics(expression("rate", "100 * errors / FILL(calls, 1)", true))
        .metrics(stat("errors", "Errors", false))
        .metrics(stat("calls", "Invocations", false))
        .evaluation_periods(5)
        .datapoints_to_alarm(3)
        .threshold(5.5)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("breaching")
        .alarm_actions(&alerts)
        .ok_actions(&alerts)
        .insufficient_data_actions(&alerts)
        .send()
        .await
        .unwrap();
    let alarm = aws.cloudwatch.put_metric_alarm().alarm_name("prod/api/unusual");
    alarm
        .metrics(expression("band", "ANOMALY_DETECTION_BAND(calls, 2)", true))
        .metrics(stat("calls", "Invocations", true))
        .evaluation_periods(2)
        .threshold_metric_id("band")
        .comparison_operator(ComparisonOperator::LessThanLowerOrGreaterThanUpperThreshold)
        .actions_enabled(false)
        .alarm_actions(&alerts)
        .send()
        .await
        .unwrap();
    let alarm = aws.cloudwatch.put_metric_alarm().alarm_name("prod/insights");
    alarm
        .metrics(
            MetricDataQuery::builder()
                .id("q1")
                .expression(
                    "SELECT MAX(CPUUtilization) FROM SCHEMA(\"AWS/EC2\", InstanceId) GROUP BY InstanceId",
                )
                .period(60)
                .return_data(true)
                .build(),
        )
        .evaluation_periods(1)
        .threshold(90.0)
        .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
        .alarm_actions(&alerts)
        .send()
        .await
        .unwrap();
    let composite = aws.cloudwatch.put_composite_alarm().alarm_name("prod/trouble");
    composite
        .alarm_rule("ALARM(prod/api/cpu) AND\n  (ALARM(prod/api/error-rate) OR NOT OK(\"prod/worker/cpu\"))")
        .alarm_actions(&alerts)
        .actions_suppressor("prod/api/unusual")
        .actions_suppressor_wait_period(60)
        .actions_suppressor_extension_period(120)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn what_terraform_made() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    by_terraform(&aws).await;
    let ran = taken_over(&world, &endpoint, &[]).await;
    insta::assert_snapshot!(ran.stdout);
}

/// Names that CloudWatch allows, and people use.
const NAMES: [&str; 12] = [
    "disk full",
    "prod/db:5432",
    "서버 오류: 큼",
    "${x}",
    "$${HOME:-a} and {x}",
    "# not a comment",
    "- a list",
    "\"quoted\" 'twice'",
    "a\\b",
    "null",
    "0x1F",
    "😀 { a: [b, c] }",
];

async fn by_the_cli(aws: &Clients) {
    let alerts = topic(aws, "alerts").await;
    for name in NAMES {
        cpu(aws, name, &alerts, &[]).await;
    }
    let gone = "arn:aws:sns:eu-west-1:000000000000:gone";
    let theirs = "arn:aws:sns:eu-west-1:111122223333:central";
    let recover = "arn:aws:automate:eu-west-1:ec2:recover";
    cpu(aws, "to a deleted topic", gone, &[]).await;
    cpu(aws, "to another account", theirs, &[]).await;
    cpu(aws, "recovers", recover, &[]).await;
    cpu(aws, "TargetTracking-table/orders-AlarmHigh", &alerts, &[]).await;
    cpu(aws, "of a stack", &alerts, &[("alertctl:stack", "other")]).await;
}

#[tokio::test]
async fn what_is_odd() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, REGION).await;
    by_the_cli(&aws).await;
    let ran = taken_over(&world, &endpoint, &[]).await;
    insta::assert_snapshot!(ran.stdout);
    insta::assert_snapshot!(ran.stderr);
    let status = world.json(&["status", "--local"]);
    let names: Vec<_> = status["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect();
    for name in NAMES {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
}
