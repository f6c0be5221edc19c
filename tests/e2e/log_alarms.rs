//! Log alarms, from the stack file to the log events in the message.

use std::time::{SystemTime, UNIX_EPOCH};

use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::operation::put_log_alarm::builders::PutLogAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{AlarmType, LogAlarm, Tag};
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::support::World;
use crate::support::account::{applied, clients, eventually, everything, lines, planned, unchanged};

const REGION: &str = "ap-northeast-2";
const GROUP: &str = "/aws/lambda/checkout";
const STACK: &str = r#"
stack: shop
region: ap-northeast-2
channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics: { alerts: { to: [project] } }
alarms:
  errors:
    description: Too many errors
    logs: { groups: [/aws/lambda/checkout], query: 'filter @message like /ERROR/', every: 5m, delay: 1m, lines: 2 }
    threshold: "> 5"
    to: [alerts]
  calm:
    logs: { groups: [/aws/lambda/checkout], query: 'filter @message like /FATAL/', aggregate: count(*) by service, every: 1h }
    threshold: "> 0"
    to: [alerts]
  any: { rule: ALARM(errors) OR ALARM(calm), to: [alerts] }
mute:
  nightly: { cron: 0 2 * * *, duration: 2h, alarms: [errors] }
"#;

async fn log_events(aws: &Clients, messages: &[&str]) {
    let logs = &aws.logs;
    logs.create_log_group()
        .log_group_name(GROUP)
        .send()
        .await
        .unwrap();
    let stream = logs.create_log_stream().log_group_name(GROUP);
    stream.log_stream_name("s").send().await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    // Before the delay.
    let at = i64::try_from(now).unwrap() - 90_000;
    let events = messages.iter().zip(at..).map(|(message, at)| {
        let event = InputLogEvent::builder().message(*message).timestamp(at);
        event.build().unwrap()
    });
    let put = logs.put_log_events().log_group_name(GROUP).log_stream_name("s");
    put.set_log_events(Some(events.collect())).send().await.unwrap();
}

async fn alarm(aws: &Clients) -> LogAlarm {
    let now = aws.cloudwatch.describe_alarms().alarm_names("shop-errors");
    let now = now.alarm_types(AlarmType::LogAlarm).send().await.unwrap();
    now.log_alarms.unwrap().remove(0)
}

/// The call that puts the alarm as it is.
async fn put(aws: &Clients) -> PutLogAlarmFluentBuilder {
    let now = alarm(aws).await;
    aws.cloudwatch
        .put_log_alarm()
        .set_alarm_name(now.alarm_name)
        .set_alarm_description(now.alarm_description)
        .set_actions_enabled(now.actions_enabled)
        .set_alarm_actions(now.alarm_actions)
        .set_ok_actions(now.ok_actions)
        .set_scheduled_query_configuration(now.scheduled_query_configuration)
        .set_query_results_to_evaluate(now.query_results_to_evaluate)
        .set_query_results_to_alarm(now.query_results_to_alarm)
        .set_threshold(now.threshold)
        .set_comparison_operator(now.comparison_operator)
        .set_treat_missing_data(now.treat_missing_data)
        .set_action_log_line_count(now.action_log_line_count)
        .set_action_log_line_role_arn(now.action_log_line_role_arn)
}

fn steps(world: &World) -> std::collections::BTreeSet<String> {
    planned(&world.run(&["plan", "--local", "--output", "json"]).stdout)
}

#[tokio::test]
async fn a_log_alarm_shows_what_it_found() {
    // A muted alarm tells nobody, so the mute is at another time of the day.
    let later = (Timestamp::now().to_zoned(TimeZone::UTC).hour() + 12) % 24;
    let stack = STACK.replace("0 2 * * *", &format!("0 {later} * * *"));
    let (world, aws) = applied(&stack, REGION).await;
    let (_, inbox) = world.up();
    unchanged(&world, "after apply");
    log_events(
        &aws,
        &["fine", "ERROR one <!channel>", "ERROR two", "ERROR three"],
    )
    .await;

    // The relay may read the results of queries of the group with lines, and nothing else of logs.
    let policy = aws.iam.get_role_policy().role_name("shop-relay-role");
    let policy = policy.policy_name("relay").send().await.unwrap();
    let policy = percent_encoding::percent_decode_str(policy.policy_document());
    let policy: Value = serde_json::from_str(&policy.decode_utf8().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let reads = statements
        .iter()
        .find(|one| one["Sid"] == "ReadLinesOfLogAlarms")
        .unwrap();
    assert_eq!(reads["Action"], serde_json::json!(["logs:GetQueryResults"]));
    assert_eq!(
        reads["Resource"],
        serde_json::json!([format!("arn:aws:logs:{REGION}:000000000000:log-group:{GROUP}:*")])
    );

    // What came after the first `seen` messages.
    let text_since = |seen: usize| {
        let messages = world.messages(&inbox);
        messages
            .iter()
            .skip(seen)
            .map(ToString::to_string)
            .collect::<String>()
    };
    // An alert waits only a moment for its log events. Where the machine was too slow for that, the message says so, and the alarm
    // goes off once more.
    let mut said = String::new();
    eventually("the log events", async || {
        let seen = world.messages(&inbox).len();
        world.ok(&["local", "alarm", "shop-errors"]);
        eventually("the message", async || text_since(seen).contains("Log lines")).await;
        said = text_since(seen);
        !said.contains("no time to wait")
    })
    .await;
    assert!(
        said.contains("ERROR one &lt;!channel&gt;") && said.contains("ERROR two"),
        "{said}"
    );
    assert!(!said.contains("ERROR three") && !said.contains("fine"), "{said}");
    assert!(
        said.contains("Open in Logs Insights") && said.contains(GROUP),
        "{said}"
    );
    // An alarm without `lines` shows none, and says nothing of it.
    let seen = world.messages(&inbox).len();
    world.ok(&["local", "alarm", "shop-calm"]);
    eventually("the other message", async || {
        text_since(seen).contains("shop-calm is in alarm")
    })
    .await;
    let calm = text_since(seen);
    assert!(!calm.contains("Log lines"), "{calm}");
    let status = world.run(&["status", "--local"]);
    assert!(
        status.stdout.contains("cloudwatch-log-alarm/errors"),
        "{}",
        status.all()
    );
}

#[tokio::test]
async fn what_somebody_changes_is_shown_and_put_right() {
    let (world, aws) = applied(STACK, REGION).await;
    let before = everything(&aws).await;
    put(&aws).await.threshold(9.0).send().await.unwrap();
    assert_eq!(
        steps(&world),
        lines(["update cloudwatch-log-alarm/errors: threshold"])
    );
    world.ok(&["plan", "--local", "--absorb"]);
    unchanged(&world, "after absorb");
    world.edit(|text| text.replace("> 9", "> 5"));

    let mut query = alarm(&aws).await.scheduled_query_configuration.unwrap();
    query.query_string = Some("fields @message".to_owned());
    query.aggregation_expression = Some("count(*) by x".to_owned());
    query.log_group_identifiers = Some(vec!["/other".to_owned()]);
    let schedule = query.schedule_configuration.as_mut().unwrap();
    schedule.schedule_expression = Some("rate(1 hour)".to_owned());
    (schedule.start_time_offset, schedule.end_time_offset) = (Some(60), Some(0));
    let other = put(&aws).await.scheduled_query_configuration(query);
    let other = other.query_results_to_evaluate(3).query_results_to_alarm(2);
    let other = other.treat_missing_data("breaching").action_log_line_count(1);
    other
        .alarm_description("x")
        .actions_enabled(false)
        .send()
        .await
        .unwrap();
    let tag = Tag::builder().key("alertctl:tags").value("x").build();
    let arn = alarm(&aws).await.alarm_arn.unwrap();
    aws.cloudwatch
        .tag_resource()
        .resource_arn(arn)
        .tags(tag)
        .send()
        .await
        .unwrap();
    let steps = steps(&world);
    let step = steps
        .iter()
        .find(|step| step.starts_with("update cloudwatch-log-alarm/errors"))
        .unwrap();
    for field in [
        "actions_enabled",
        "description",
        "logs.aggregate",
        "logs.end_offset",
        "logs.groups",
        "logs.lines",
        "logs.query",
        "logs.schedule",
        "logs.start_offset",
        "query_results_to_alarm",
        "query_results_to_evaluate",
        "tags.alertctl:tags",
        "threshold",
        "treat_missing_data",
    ] {
        assert!(step.contains(field), "{field}: {step}");
    }
    assert_eq!(steps.len(), 1, "{steps:?}");
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after repair");
    aws.cloudwatch
        .delete_alarms()
        .alarm_names("shop-any")
        .send()
        .await
        .unwrap();
    aws.cloudwatch
        .delete_alarms()
        .alarm_names("shop-calm")
        .send()
        .await
        .unwrap();
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after it was made again");
    assert_eq!(everything(&aws).await, before);
}

#[tokio::test]
async fn roles_come_and_go_with_the_alarms_that_need_them() {
    let (world, aws) = applied(STACK, REGION).await;
    let roles = async || {
        let there = everything(&aws).await;
        let roles = there
            .iter()
            .filter(|one| one.contains("log-queries") || one.contains("log-lines"));
        roles.cloned().collect::<Vec<_>>()
    };
    let both = roles().await;
    assert!(both.iter().any(|one| one.contains("log-lines")), "{both:?}");
    world.edit(|text| text.replace(", lines: 2", ""));
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "without lines");
    let one = roles().await;
    assert!(!one.iter().any(|one| one.contains("log-lines")), "{one:?}");
    assert!(one.iter().any(|one| one.contains("log-queries")), "{one:?}");
    // The same alarm on a metric is another sort of alarm under the same name. While a composite alarm watches it, AWS would
    // not let it go.
    world.edit(|text| {
        text.lines()
            .filter(|line| !line.starts_with("  any:"))
            .collect::<Vec<_>>()
            .join("\n")
    });
    world.ok(&["apply", "--local", "--yes"]);
    world.edit(|text| {
        let mut kept = Vec::new();
        for line in text.lines() {
            kept.push(match line.trim_start().starts_with("logs: {") {
                true => "    filter: { pattern: ERROR, log_group: /aws/lambda/checkout }".to_owned(),
                false => line.to_owned(),
            });
        }
        kept.join("\n")
    });
    aws.logs
        .create_log_group()
        .log_group_name(GROUP)
        .send()
        .await
        .unwrap();
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "on metrics");
    assert_eq!(roles().await, [""; 0]);
    world.ok(&["destroy", "--local", "--yes"]);
    let left = everything(&aws).await;
    assert!(left.iter().all(|one| !one.contains("shop")), "{left:?}");
}

/// In another region it has no actions of its own, and events bring its changes home. Protected, it goes only by name.
#[tokio::test]
async fn a_protected_one_in_another_region() {
    let far = "  far:\n    region: us-east-1\n    protect: true\n    logs: { groups: [/aws/lambda/far], query: \
               'filter @message like /ERROR/', every: 5m }\n    threshold: \"> 5\"\n    to: [alerts]\n  calm:\n";
    let (world, _) = applied(&STACK.replace("  calm:\n", far), REGION).await;
    unchanged(&world, "after apply");
    let (endpoint, _) = world.up();
    let there = clients(&endpoint, "us-east-1").await;
    let made = async || {
        let alarms = there
            .cloudwatch
            .describe_alarms()
            .alarm_types(AlarmType::LogAlarm);
        alarms.send().await.unwrap().log_alarms.unwrap_or_default()
    };
    let alarms = made().await;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!(alarms[0].alarm_name(), Some("shop-far"));
    assert!(alarms[0].alarm_actions().is_empty(), "{alarms:?}");

    world.write("stack.yaml", STACK);
    let refused = world.run(&["apply", "--local", "--yes"]);
    let node = "cloudwatch-log-alarm/far@us-east-1";
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains(&format!("--unprotect {node}")),
        "{}",
        refused.stderr
    );
    assert_eq!(made().await, alarms);
    world.ok(&["apply", "--local", "--yes", "--unprotect", node]);
    unchanged(&world, "without it");
    assert!(made().await.is_empty());
}

/// Somebody's own log alarm is imported, adopted, and gets the stack's role.
#[tokio::test]
async fn a_log_alarm_is_imported() {
    let mut world = World::new();
    let (endpoint, _) = world.up();
    world.set("SLACK_WEBHOOK_URL", crate::support::NO_WEBHOOK);
    world.write("stack.yaml", STACK);
    world.ok(&["apply", "--local", "--yes"]);
    let aws = clients(&endpoint, REGION).await;
    let made = put(&aws).await.alarm_name("theirs").set_tags(None).threshold(7.0);
    made.send().await.unwrap();
    let imported = world
        .ok(&["import", "--local", "--region", REGION, "--prefix", "theirs"])
        .stdout;
    for said in [
        "logs:",
        "every: 5m",
        "delay: 1m",
        "lines: 2",
        "threshold: \"> 7\"",
        "role of the stack's own",
    ] {
        assert!(imported.contains(said), "{said}: {imported}");
    }
    world.write("stack.yaml", &imported);
    let valid = world.run(&["validate"]);
    assert_eq!(valid.code, 0, "{imported}\n{}", valid.all());
}
