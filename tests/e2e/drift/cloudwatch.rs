//! Metric alarms: their threshold, actions, description and tags.

use alertctl::aws::connect::Clients;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::ComparisonOperator;

use super::sns::{PLAIN_TOPIC, TOPIC};
use super::{Case, REGION};
use crate::support::account::ACCOUNT;

pub mod metric;

pub const CASES: &[Case] = &[
    case!(
        "alarm described otherwise",
        ["update cloudwatch-alarm/cpu: description"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .alarm_description("x")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "alarm's description removed",
        ["update cloudwatch-alarm/cpu: description"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_alarm_description(None)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "actions disabled",
        ["update cloudwatch-alarm/cpu: actions_enabled"],
        |aws| {
            aws.cloudwatch
                .disable_alarm_actions()
                .alarm_names("drift-cpu")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "action on ALARM added",
        ["update cloudwatch-alarm/cpu: alarm_actions"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .alarm_actions(PLAIN_TOPIC)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "action on OK removed",
        ["update cloudwatch-alarm/cpu: ok_actions"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_ok_actions(None)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "action without data changed",
        ["update cloudwatch-alarm/cpu: insufficient_data_actions"],
        |aws| {
            let actions = Some(vec![TOPIC.to_owned()]);
            alarm(aws, "drift-cpu")
                .await
                .set_insufficient_data_actions(actions)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "comparison changed",
        ["update cloudwatch-alarm/cpu: comparison_operator"],
        |aws| {
            let less = ComparisonOperator::LessThanThreshold;
            alarm(aws, "drift-cpu")
                .await
                .comparison_operator(less)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "threshold changed",
        ["update cloudwatch-alarm/cpu: threshold"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .threshold(99.5)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "periods changed",
        ["update cloudwatch-alarm/cpu: evaluation_periods"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .evaluation_periods(5)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "datapoints changed",
        ["update cloudwatch-alarm/cpu: datapoints_to_alarm"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .datapoints_to_alarm(1)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "datapoints removed",
        ["update cloudwatch-alarm/cpu: datapoints_to_alarm"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .set_datapoints_to_alarm(None)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "missing data treated otherwise",
        ["update cloudwatch-alarm/cpu: treat_missing_data"],
        |aws| {
            alarm(aws, "drift-cpu")
                .await
                .treat_missing_data("ignore")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "few samples treated otherwise",
        ["update cloudwatch-alarm/slow: evaluate_low_sample_count_percentile"],
        |aws| {
            let send = alarm(aws, "drift-slow")
                .await
                .evaluate_low_sample_count_percentile("evaluate");
            send.send().await.unwrap()
        }
    ),
    case!(
        "another band",
        ["update cloudwatch-alarm/band: threshold_metric_id"],
        |aws| {
            alarm(aws, "drift-band")
                .await
                .threshold_metric_id("cpu")
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "alarm's tag changed",
        ["update cloudwatch-alarm/cpu: tags.team"],
        |aws| {
            let tag = aws_sdk_cloudwatch::types::Tag::builder()
                .key("team")
                .value("x")
                .build();
            aws.cloudwatch
                .tag_resource()
                .resource_arn(alarm_arn("drift-cpu"))
                .tags(tag)
                .send()
                .await
                .unwrap()
        }
    ),
    case!(
        "alarm's tag removed",
        ["update cloudwatch-alarm/cpu: tags.team"],
        |aws| { untag_alarm(aws, "team").await }
    ),
    case!(
        "alarm's node tag removed",
        ["update cloudwatch-alarm/cpu: tags.alertctl:node"],
        |aws| { untag_alarm(aws, "alertctl:node").await }
    ),
    case!("alarm deleted", ["create cloudwatch-alarm/cpu"], |aws| {
        aws.cloudwatch
            .delete_alarms()
            .alarm_names("drift-cpu")
            .send()
            .await
            .unwrap()
    }),
];

fn alarm_arn(name: &str) -> String {
    format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}")
}

async fn untag_alarm(aws: &Clients, tag: &str) {
    aws.cloudwatch
        .untag_resource()
        .resource_arn(alarm_arn("drift-cpu"))
        .tag_keys(tag)
        .send()
        .await
        .unwrap();
}

/// The call that puts an alarm as it is.
async fn alarm(aws: &Clients, name: &str) -> PutMetricAlarmFluentBuilder {
    let answer = aws
        .cloudwatch
        .describe_alarms()
        .alarm_names(name)
        .send()
        .await
        .unwrap();
    let now = answer.metric_alarms.unwrap().remove(0);
    let some = |list: Option<Vec<_>>| list.filter(|list| !list.is_empty());
    aws.cloudwatch
        .put_metric_alarm()
        .set_alarm_name(now.alarm_name)
        .set_alarm_description(now.alarm_description)
        .set_actions_enabled(now.actions_enabled)
        .set_alarm_actions(now.alarm_actions)
        .set_ok_actions(now.ok_actions)
        .set_insufficient_data_actions(now.insufficient_data_actions)
        .set_namespace(now.namespace)
        .set_metric_name(now.metric_name)
        .set_dimensions(now.dimensions)
        .set_statistic(now.statistic)
        .set_extended_statistic(now.extended_statistic)
        .set_period(now.period)
        .set_unit(now.unit)
        .set_metrics(some(now.metrics))
        .set_comparison_operator(now.comparison_operator)
        .set_threshold(now.threshold)
        .set_threshold_metric_id(now.threshold_metric_id)
        .set_evaluation_periods(now.evaluation_periods)
        .set_datapoints_to_alarm(now.datapoints_to_alarm)
        .set_treat_missing_data(now.treat_missing_data)
        .set_evaluate_low_sample_count_percentile(now.evaluate_low_sample_count_percentile)
}
