//! Composite alarms.

use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::operation::put_composite_alarm::builders::PutCompositeAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{AlarmType, Tag};

use super::{Case, REGION};

const ALARM: &str = "drift-trouble";

pub const CASES: &[Case] = &[
    case!(
        "another rule",
        ["update cloudwatch-composite-alarm/trouble: rule"],
        |aws| { alarm(aws).await.alarm_rule("FALSE").send().await.unwrap() }
    ),
    case!(
        "composite alarm described otherwise",
        ["update cloudwatch-composite-alarm/trouble: description"],
        |aws| { alarm(aws).await.alarm_description("x").send().await.unwrap() }
    ),
    case!(
        "its actions disabled",
        ["update cloudwatch-composite-alarm/trouble: actions_enabled"],
        |aws| {
            let send = aws.cloudwatch.disable_alarm_actions().alarm_names(ALARM);
            send.send().await.unwrap()
        }
    ),
    case!(
        "its action on ALARM removed",
        ["update cloudwatch-composite-alarm/trouble: alarm_actions"],
        |aws| { alarm(aws).await.set_alarm_actions(None).send().await.unwrap() }
    ),
    case!(
        "an action on OK",
        ["update cloudwatch-composite-alarm/trouble: ok_actions"],
        |aws| { alarm(aws).await.ok_actions(topic()).send().await.unwrap() }
    ),
    case!(
        "an action without data",
        ["update cloudwatch-composite-alarm/trouble: insufficient_data_actions"],
        |aws| {
            let send = alarm(aws).await.insufficient_data_actions(topic());
            send.send().await.unwrap()
        }
    ),
    case!(
        "another suppressor",
        ["update cloudwatch-composite-alarm/trouble: suppressor"],
        |aws| {
            alarm(aws)
                .await
                .actions_suppressor("drift-cpu")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "another wait",
        ["update cloudwatch-composite-alarm/trouble: suppressor_wait"],
        |aws| {
            let send = alarm(aws).await.actions_suppressor_wait_period(1);
            send.send().await.unwrap()
        }
    ),
    case!(
        "another extension",
        ["update cloudwatch-composite-alarm/trouble: suppressor_extension"],
        |aws| {
            let send = alarm(aws).await.actions_suppressor_extension_period(1);
            send.send().await.unwrap()
        }
    ),
    case!(
        "composite alarm's tag changed",
        ["update cloudwatch-composite-alarm/trouble: tags.team"],
        |aws| {
            let tag = Tag::builder().key("team").value("x").build();
            let arn = format!("arn:aws:cloudwatch:{REGION}:000000000000:alarm:{ALARM}");
            let send = aws.cloudwatch.tag_resource().resource_arn(arn).tags(tag);
            send.send().await.unwrap()
        }
    ),
    case!(
        "composite alarm deleted",
        ["create cloudwatch-composite-alarm/trouble"],
        |aws| {
            aws.cloudwatch
                .delete_alarms()
                .alarm_names(ALARM)
                .send()
                .await
                .unwrap()
        }
    ),
];

fn topic() -> String {
    format!("arn:aws:sns:{REGION}:000000000000:drift-mail")
}

/// The call that puts the alarm as it is.
async fn alarm(aws: &Clients) -> PutCompositeAlarmFluentBuilder {
    let now = aws.cloudwatch.describe_alarms().alarm_names(ALARM);
    let now = now.alarm_types(AlarmType::CompositeAlarm).send().await.unwrap();
    let now = now.composite_alarms.unwrap().remove(0);
    aws.cloudwatch
        .put_composite_alarm()
        .alarm_name(ALARM)
        .set_alarm_rule(now.alarm_rule)
        .set_alarm_description(now.alarm_description)
        .set_actions_enabled(now.actions_enabled)
        .set_alarm_actions(now.alarm_actions)
        .set_ok_actions(now.ok_actions)
        .set_insufficient_data_actions(now.insufficient_data_actions)
        .set_actions_suppressor(now.actions_suppressor)
        .set_actions_suppressor_wait_period(now.actions_suppressor_wait_period)
        .set_actions_suppressor_extension_period(now.actions_suppressor_extension_period)
}
