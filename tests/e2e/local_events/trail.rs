//! Trails: calls become events on the bus, and lines of a log group whose filter raises an alarm.

use aws_sdk_eventbridge::types as events;
use serde_json::{Value, json};

use super::{HOME, alarm, arn, clients, metric_filter, next, queue, rule, stays_empty, target};
use crate::support::World;
use crate::support::account::ACCOUNT;
use alertctl::aws::connect::Clients;

const GROUP: &str = "trail-logs";

/// Two rules on calls of CloudTrail itself: `told` hears of changes, `all` of calls that only read, too. Returns
/// their queues.
async fn two_rules(aws: &Clients) -> (String, String) {
    let queues = (queue(aws, "told").await, queue(aws, "all").await);
    let pattern = json!({ "source": ["aws.cloudtrail"], "detail-type": ["AWS API Call via CloudTrail"] });
    let states = [
        ("told", events::RuleState::Enabled),
        ("all", events::RuleState::EnabledWithAllCloudtrailManagementEvents),
    ];
    for (name, state) in states {
        let target = target(arn("sqs", name)).build().unwrap();
        rule(aws, name, pattern.clone(), state, target).await;
    }
    queues
}

/// Log group → metric filter → alarm → topic → queue, which is returned.
async fn alarmed(aws: &Clients) -> String {
    let create = aws.logs.create_log_group().log_group_name(GROUP);
    create.send().await.unwrap();
    let pattern =
        r#"{ ($.eventName = "StopLog*") && ($.userIdentity.type = Root) && ($.errorCode NOT EXISTS) }"#;
    metric_filter(aws, GROUP, pattern).send().await.unwrap();
    let queue = queue(aws, "alarmed").await;
    let topic = aws.sns.create_topic().name("alarms").send().await.unwrap();
    let topic = topic.topic_arn.unwrap();
    let subscribe = aws.sns.subscribe().topic_arn(&topic).protocol("sqs");
    subscribe.endpoint(arn("sqs", "alarmed")).send().await.unwrap();
    let alarm = alarm(aws, "trail-changes").alarm_actions(&topic);
    alarm.send().await.unwrap();
    queue
}

/// A trail that writes to the log group, and has not begun. Returns its ARN.
async fn audit(aws: &Clients) -> String {
    let tag = aws_sdk_cloudtrail::types::Tag::builder()
        .key("alertctl:stack")
        .value("mission");
    let create = aws
        .cloudtrail
        .create_trail()
        .name("audit")
        .s3_bucket_name("logs")
        .is_multi_region_trail(true)
        .cloud_watch_logs_log_group_arn(arn("logs", &format!("log-group:{GROUP}:*")))
        .cloud_watch_logs_role_arn(format!("arn:aws:iam::{ACCOUNT}:role/any"))
        .tags_list(tag.build().unwrap());
    create.send().await.unwrap().trail_arn.unwrap()
}

#[tokio::test]
async fn a_trail_tells_the_bus_and_its_log_group() {
    let world = World::new();
    let (endpoint, _) = world.up();
    let aws = clients(&endpoint, HOME).await;
    let (told, all) = two_rules(&aws).await;
    let alarmed = alarmed(&aws).await;
    let trail = audit(&aws).await;
    // No events are sent before it logs.
    aws.cloudtrail.start_logging().name("audit").send().await.unwrap();
    let tags = aws.cloudtrail.list_tags().resource_id_list(&trail);
    let tags = tags.send().await.unwrap();
    assert_eq!(
        tags.resource_tag_list()[0].tags_list()[0].value(),
        Some("mission")
    );
    let (event, _) = next(&aws, &all, "").await.unwrap();
    assert_eq!(event["detail"]["eventName"], "ListTags", "{event:#}");
    let got = aws.cloudtrail.get_trail().name("audit").send().await.unwrap();
    let logs = got.trail.unwrap().cloud_watch_logs_log_group_arn.unwrap();
    assert!(logs.ends_with("trail-logs:*"), "{logs}");

    // A refused call is sent as well, with the error.
    let unknown = aws.cloudtrail.stop_logging().name("unknown");
    unknown.send().await.unwrap_err();
    let (event, _) = next(&aws, &told, "").await.unwrap();
    assert_eq!(
        event["detail"]["errorCode"], "TrailNotFoundException",
        "{event:#}"
    );
    aws.cloudtrail.stop_logging().name(&trail).send().await.unwrap();
    let (event, _) = next(&aws, &told, "").await.unwrap();
    is_stop_logging(&event, &trail);
    let (message, _) = next(&aws, &alarmed, "").await.unwrap();
    let alarm: Value = serde_json::from_str(message["Message"].as_str().unwrap()).unwrap();
    assert_eq!(alarm["NewStateValue"], "ALARM", "{alarm:#}");
    let lines = aws.logs.get_log_events().log_group_name(GROUP);
    let lines = lines.log_stream_name(format!("{ACCOUNT}_CloudTrail_{HOME}"));
    let lines = lines.send().await.unwrap();
    let last: Value = serde_json::from_str(lines.events().last().unwrap().message().unwrap()).unwrap();
    assert_eq!(last, event["detail"]);

    // A stopped trail sends nothing.
    aws.cloudtrail.stop_logging().name(&trail).send().await.unwrap();
    stays_empty(&aws, &told).await;
}

fn is_stop_logging(event: &Value, trail: &str) {
    let detail = &event["detail"];
    assert_eq!(event["source"], "aws.cloudtrail", "{event:#}");
    assert_eq!(event["region"], HOME);
    assert_eq!(detail["eventName"], "StopLogging");
    assert_eq!(detail["eventSource"], "cloudtrail.amazonaws.com");
    assert_eq!(detail["requestParameters"], json!({ "name": trail }));
    assert_eq!(
        detail["userIdentity"]["arn"],
        format!("arn:aws:iam::{ACCOUNT}:root")
    );
    assert_eq!(detail["readOnly"], false);
    assert_eq!(detail["sourceIPAddress"], "127.0.0.1");
    assert!(detail["errorCode"].is_null(), "{event:#}");
}

#[tokio::test]
async fn a_filter_with_a_broken_pattern_is_refused() {
    let world = World::new();
    let aws = clients(&world.up().0, HOME).await;
    let create = aws.logs.create_log_group().log_group_name(GROUP);
    create.send().await.unwrap();
    let refused = metric_filter(&aws, GROUP, "{ $.eventName = }").send().await;
    let refused = format!("{:?}", refused.unwrap_err());
    assert!(refused.contains("Invalid metric filter pattern"), "{refused}");
}
