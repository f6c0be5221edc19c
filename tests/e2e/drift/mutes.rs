//! Alarm mute rules.

use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::operation::put_alarm_mute_rule::builders::PutAlarmMuteRuleFluentBuilder;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{MuteTargets, Rule, Schedule, Tag};

use super::{Case, REGION};

const RULE: &str = "drift-nightly";

pub const CASES: &[Case] = &[
    case!(
        "muted otherwise",
        ["update cloudwatch-alarm-mute-rule/nightly: duration, schedule, timezone"],
        |aws| {
            let schedule = Schedule::builder().expression("cron(0 3 * * *)").duration("PT1H");
            let rule = Rule::builder()
                .schedule(schedule.timezone("Asia/Seoul").build())
                .build();
            as_it_is(aws).await.rule(rule).send().await.unwrap()
        }
    ),
    case!(
        "another list of muted alarms",
        ["update cloudwatch-alarm-mute-rule/nightly: alarms"],
        |aws| {
            let targets = MuteTargets::builder().alarm_names("drift-cpu").build();
            as_it_is(aws).await.mute_targets(targets).send().await.unwrap()
        }
    ),
    case!(
        "muted from another day to another",
        ["update cloudwatch-alarm-mute-rule/nightly: expire, start"],
        |aws| {
            let put = as_it_is(aws).await.start_date(DateTime::from_secs(1_800_000_000));
            put.expire_date(DateTime::from_secs(1_900_000_000))
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "a mute described otherwise",
        ["update cloudwatch-alarm-mute-rule/nightly: description"],
        |aws| { as_it_is(aws).await.description("x").send().await.unwrap() }
    ),
    case!(
        "a mute's tag changed",
        ["update cloudwatch-alarm-mute-rule/nightly: tags.team"],
        |aws| {
            let tag = Tag::builder().key("team").value("x").build();
            let send = aws.cloudwatch.tag_resource().resource_arn(arn()).tags(tag);
            send.send().await.unwrap()
        }
    ),
    case!(
        "a mute deleted",
        ["create cloudwatch-alarm-mute-rule/nightly"],
        |aws| {
            let send = aws.cloudwatch.delete_alarm_mute_rule().alarm_mute_rule_name(RULE);
            send.send().await.unwrap()
        }
    ),
];

fn arn() -> String {
    format!("arn:aws:cloudwatch:{REGION}:000000000000:alarm-mute-rule:{RULE}")
}

/// A call that changes nothing.
async fn as_it_is(aws: &Clients) -> PutAlarmMuteRuleFluentBuilder {
    let get = aws.cloudwatch.get_alarm_mute_rule().alarm_mute_rule_name(RULE);
    let rule = get.send().await.unwrap();
    let put = aws.cloudwatch.put_alarm_mute_rule().name(RULE);
    put.set_description(rule.description)
        .set_rule(rule.rule)
        .set_mute_targets(rule.mute_targets)
        .set_start_date(rule.start_date)
        .set_expire_date(rule.expire_date)
}
