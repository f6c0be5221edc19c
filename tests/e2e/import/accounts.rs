//! Accounts as different people leave them.

use aws_sdk_cloudtrail::Client as CloudTrail;
use aws_sdk_cloudwatchlogs::types::MetricTransformation;
use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, RetryPolicy, RuleState, SqsParameters, Target,
};

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
}

/// A rule as `aws events put-rule` makes it.
async fn rule(aws: &Clients, name: &str, targets: &[Target]) {
    let put = aws.events.put_rule().name(name);
    let put =
        put.event_pattern(r#"{"source":["aws.ecs"],"detail":{"lastStatus":["STOPPED",{"prefix":"DE"}]}}"#);
    put.send().await.unwrap();
    let put = aws.events.put_targets().rule(name);
    put.set_targets(Some(targets.to_vec())).send().await.unwrap();
}

/// What Terraform writes out in full: input, retries, a dead-letter queue, tags.
async fn rules_by_terraform(aws: &Clients, topic: &str) {
    let queue = aws.sqs.create_queue().queue_name("prod-lost");
    queue.send().await.unwrap();
    let put = aws.events.put_rule().name("prod-ec2-stopped");
    let tag = aws_sdk_eventbridge::types::Tag::builder()
        .key("team")
        .value("payments");
    put.event_pattern(
        r#"{ "detail-type": ["EC2 Instance State-change Notification"], "source": ["aws.ec2"] }"#,
    )
    .description("Instances that stop: ${all} of them")
    .state(RuleState::Disabled)
    .tags(tag.build().unwrap())
    .send()
    .await
    .unwrap();
    let worded = InputTransformer::builder()
        .input_paths_map("instance", "$.detail.instance-id")
        .input_template("\"<instance> stopped\"");
    let target = Target::builder()
        .id("terraform-20240102030405678900000001")
        .arn(topic)
        .input_transformer(worded.build().unwrap())
        .retry_policy(
            RetryPolicy::builder()
                .maximum_retry_attempts(8)
                .maximum_event_age_in_seconds(3600)
                .build(),
        )
        .dead_letter_config(
            DeadLetterConfig::builder()
                .arn("arn:aws:sqs:eu-west-1:000000000000:prod-lost")
                .build(),
        );
    let put = aws.events.put_targets().rule("prod-ec2-stopped");
    put.targets(target.build().unwrap()).send().await.unwrap();
}

/// Modules of Terraform have names with slashes, `treat_missing_data`, tags, and composite alarms whose names have no quotes.
async fn by_terraform(aws: &Clients) {
    let alerts = topic(aws, "prod-alerts").await;
    let queue = "arn:aws:sqs:eu-west-1:000000000000:alerts";
    let subscribe = aws.sns.subscribe().topic_arn(&alerts).protocol("sqs");
    subscribe.endpoint(queue).send().await.unwrap();
    let tags = [("ManagedBy", "terraform"), ("team", "payments")];
    rules_by_terraform(aws, &alerts).await;
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
    // What the file changes of a target is no drift, although somebody else gave the target its id.
    world.write("before.yaml", &ran.stdout);
    world.edit(|file| file.replace("attempts: 8", "attempts: 9"));
    let plan = world.ok(&["plan", "--local", "--base", "before.yaml", "--output", "json"]);
    let changed = "update eventbridge-targets/prod-ec2-stopped: target.terraform-20240102030405678900000001.retry_attempts";
    assert_eq!(planned(&plan.stdout).into_iter().collect::<Vec<_>>(), [changed]);
    let document: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let steps = document["steps"].as_array().unwrap().iter();
    let origins: Vec<_> = steps
        .map(|step| &step["origin"])
        .filter(|origin| !origin.is_null())
        .collect();
    assert_eq!(origins, [&serde_json::json!({ "file": true, "drift": false })]);
    world.ok(&["apply", "--local", "--yes"]);
    let again = world.run(&["plan", "--local", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}", again.all());
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
    let only_by_rules = topic(aws, "only-by-rules").await;
    let to = |id: &str, arn: &str| Target::builder().id(id).arn(arn).build().unwrap();
    let function = "arn:aws:lambda:eu-west-1:000000000000:function:notify";
    let several = [to("1", &only_by_rules), to("Id_2.b", theirs), to("fn", function)];
    rule(aws, "Tasks.of_ECS", &several).await;
    let stream = "arn:aws:kinesis:eu-west-1:000000000000:stream/events";
    rule(aws, "to-a-stream", &[to("1", stream)]).await;
    let queue = SqsParameters::builder().message_group_id("g").build();
    let grouped = Target::builder().id("1").sqs_parameters(queue);
    let grouped = grouped.arn("arn:aws:sqs:eu-west-1:000000000000:jobs.fifo");
    rule(aws, "in-order", &[grouped.build().unwrap()]).await;
    let daily = aws.events.put_rule().name("daily");
    daily.schedule_expression("rate(1 day)").send().await.unwrap();
    let put = aws.events.put_targets().rule("daily");
    put.targets(to("1", &alerts)).send().await.unwrap();
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
