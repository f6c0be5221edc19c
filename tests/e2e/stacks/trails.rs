//! The stacks about CloudTrail: its guard, sign-ins, calls, and a trail that was there before.

use super::{Applied, REGION, SIGN_IN};
use crate::support::World;
use crate::support::account::{clients, eventually, unchanged};
use serde_json::Value;

#[tokio::test]
async fn trail_guard() {
    let stack = Applied::new("trail-guard").await;
    let reader = stack.reader("ec2_state_mail").await;
    // This event reaches no channel, which the command reports by its exit code.
    stack
        .world
        .run(&["local", "event", "ec2-stopped", "--region", REGION]);
    stack.mail(&reader, &["EC2 instance i-"]).await;

    // Somebody stops the trail: it is logging again, and the email says who it was.
    let trails = &stack.aws.cloudtrail;
    trails
        .stop_logging()
        .name("management-events")
        .send()
        .await
        .unwrap();
    eventually("the trail logging again", async || {
        let status = trails
            .get_trail_status()
            .name("management-events")
            .send()
            .await
            .unwrap();
        status.is_logging() == Some(true)
    })
    .await;
    stack.mail(&reader, &["management-events"]).await;
    unchanged(&stack.world, "after the guard");

    let rules = stack
        .aws
        .events
        .remove_targets()
        .rule("ec2_state_change")
        .ids("mail");
    rules.send().await.unwrap();
    let update = trails
        .update_trail()
        .name("management-events")
        .enable_log_file_validation(false);
    update.send().await.unwrap();
    stack.repaired(&[
        "update cloudtrail-trail/trail: log_file_validation",
        "create eventbridge-targets/ec2",
    ]);
    stack.destroyed(&["queue reader"]).await;
}

#[tokio::test]
async fn console_login() {
    let stack = Applied::new("console-login").await;
    for region in [REGION].iter().chain(&SIGN_IN) {
        stack.event("sign-in", region, &[region]).await;
    }
    stack.event("sign-in-root", "us-east-1", &["루트 사용자"]).await;

    let there = clients(&stack.endpoint, "eu-north-1").await;
    let disable = there.events.disable_rule().name("console-login-logins");
    disable.send().await.unwrap();
    stack.repaired(&["update eventbridge-rule/logins@eu-north-1: state"]);

    // The guide's other variant: trail, log group, metric filter, alarm.
    let line = r#"{"eventName":"ConsoleLogin","userIdentity":{"type":"IAMUser"},
        "additionalEventData":{"MFAUsed":"No"},"responseElements":{"ConsoleLogin":"Success"}}"#;
    let group = "/alertctl/console-login/trail";
    let logs = &stack.aws.logs;
    let stream = logs
        .create_log_stream()
        .log_group_name(group)
        .log_stream_name("by-hand");
    stream.send().await.unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let event = aws_sdk_cloudwatchlogs::types::InputLogEvent::builder()
        .timestamp(i64::try_from(now.as_millis()).unwrap())
        .message(line)
        .build()
        .unwrap();
    let put = logs
        .put_log_events()
        .log_group_name(group)
        .log_stream_name("by-hand")
        .log_events(event);
    put.send().await.unwrap();
    stack
        .arrives("a sign-in without MFA", &["console-login-without-mfa"])
        .await;
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn audit_slack() {
    let stack = Applied::new("audit-slack").await;
    stack
        .event("call-role", REGION, &["RequestCertificate", "audit"])
        .await;
    // IAM is logged in us-east-1 only.
    stack.event("call-failed", "us-east-1", &["CreateUser"]).await;
    let rules = stack.aws.events.list_rules().send().await.unwrap();
    assert!(rules.rules().len() >= 25);

    // One statement for all rules of the stack.
    let policy = stack
        .aws
        .lambda
        .get_policy()
        .function_name("audit-relay")
        .send()
        .await
        .unwrap();
    let policy: Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    assert_eq!(statements.len(), 1, "{policy:#}");
    assert!(policy.to_string().contains(":rule/audit-*"), "{policy:#}");
    let tag = stack.aws.events.disable_rule().name("audit-calls-acm");
    tag.send().await.unwrap();
    let there = clients(&stack.endpoint, "us-east-1").await;
    let gone = there.events.remove_targets().rule("audit-calls-iam").ids("home");
    gone.send().await.unwrap();
    stack.repaired(&[
        "create eventbridge-targets/calls-iam@us-east-1",
        "update eventbridge-rule/calls-acm: state",
    ]);
    stack.destroyed(&[]).await;
}

/// An existing trail: none of it is changed, but its logging is kept on.
#[tokio::test]
async fn a_trail_that_was_there_before() {
    let world = World::new();
    let rule = "stack: t\nregion: ap-northeast-2\nchannels:\n  c: { webhook: { env: HOOK } }\n\
                rules:\n  acm: { services: { acm: all }, to: [c] }\n";
    world.write("stack.yaml", rule);
    let (endpoint, inbox) = world.up();
    let plan = world.ok(&["plan", "--local"]);
    assert!(plan.stderr.contains("no CloudTrail trail logs"), "{}", plan.all());

    let existing = format!("{rule}trail: {{ existing: old, to: [c] }}\n");
    world.write("stack.yaml", &existing);
    let plan = world.ok(&["plan", "--local"]);
    assert!(plan.stderr.contains("`old`"), "{}", plan.all());

    let aws = clients(&endpoint, REGION).await;
    let here = aws_sdk_s3::types::CreateBucketConfiguration::builder()
        .location_constraint(REGION.into())
        .build();
    let bucket = aws
        .s3
        .create_bucket()
        .bucket("old-logs")
        .create_bucket_configuration(here);
    bucket.send().await.unwrap();
    let trail = aws
        .cloudtrail
        .create_trail()
        .name("old")
        .s3_bucket_name("old-logs");
    trail.send().await.unwrap();
    let plan = world.ok(&["plan", "--local"]);
    assert!(
        plan.stderr.contains("logs no management events"),
        "{}",
        plan.all()
    );
    aws.cloudtrail.start_logging().name("old").send().await.unwrap();
    let apply = world.ok(&["apply", "--local", "--yes"]);
    assert!(!apply.stderr.contains("warning"), "{}", apply.all());
    unchanged(&world, "after apply");

    aws.cloudtrail.stop_logging().name("old").send().await.unwrap();
    eventually("the old trail logging again", async || {
        let status = aws
            .cloudtrail
            .get_trail_status()
            .name("old")
            .send()
            .await
            .unwrap();
        status.is_logging() == Some(true)
    })
    .await;
    eventually("word of it", async || {
        let messages = world.messages(&inbox);
        messages
            .iter()
            .any(|message| message.to_string().contains("stopped trail old"))
    })
    .await;
    world.ok(&["destroy", "--local", "--yes"]);
    let left = aws
        .cloudtrail
        .get_trail_status()
        .name("old")
        .send()
        .await
        .unwrap();
    assert_eq!(left.is_logging(), Some(true));
}
