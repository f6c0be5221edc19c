//! The alarm in a CloudFormation template.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    AlarmMetric, CloudwatchAlarm, Condition, EvaluationWindow, MetricQuery, MetricStat, Options,
    PropagateTags,
};
use crate::resource::Text;
use crate::resource::template::{Attribute, Declaration, Entry, Properties, Template, Templated};

impl Templated for CloudwatchAlarm {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            actions_enabled,
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
            metric,
            condition,
            options,
            tags,
        } = self;
        let actions = [alarm_actions, ok_actions, insufficient_data_actions].map(Vec::as_slice);
        let alarm = named("AWS::CloudWatch::Alarm", name, description.as_deref(), template);
        let alarm = acting(alarm, *actions_enabled, actions, template);
        let alarm = watching(alarm, metric, template);
        let alarm = match condition {
            Some(condition) => when(alarm, name, condition),
            None => alarm,
        };
        without(alarm, name, options).tagged(template, tags).into()
    }
}

/// An alarm of any sort with its name and description.
pub(in crate::resource::cloudwatch) fn named(
    of_type: &'static str,
    name: &str,
    description: Option<&str>,
    template: &Template,
) -> Declaration {
    Declaration::new(of_type)
        .arn(Attribute::Get("Arn"))
        .computed(template, Some(Text::arn("cloudwatch", format!("alarm:{name}"))))
        .set("AlarmName", name)
        .set_some("AlarmDescription", description)
}

/// The same with its actions: those of ALARM, OK and INSUFFICIENT_DATA.
pub(in crate::resource::cloudwatch) fn acting(
    declared: Declaration,
    enabled: bool,
    [alarm, ok, insufficient_data]: [&[Text]; 3],
    template: &Template,
) -> Declaration {
    declared
        .set("ActionsEnabled", enabled)
        .set("AlarmActions", template.texts(alarm))
        .set("OKActions", template.texts(ok))
        .set("InsufficientDataActions", template.texts(insufficient_data))
}

fn watching(alarm: Declaration, metric: &AlarmMetric, template: &Template) -> Declaration {
    match metric {
        AlarmMetric::Single {
            namespace,
            metric_name,
            dimensions,
            statistic,
            extended_statistic,
            period,
            unit,
        } => {
            let filled = dimensions
                .iter()
                .map(|(name, value)| (name.clone(), template.text(value)));
            alarm
                .set("Namespace", namespace.as_str())
                .set("MetricName", metric_name.as_str())
                .set("Dimensions", listed(&filled.collect()))
                .set_some("Statistic", statistic.as_deref())
                .set_some("ExtendedStatistic", extended_statistic.as_deref())
                .set("Period", *period)
                .set_some("Unit", unit.as_deref())
        }
        AlarmMetric::Math(queries) => alarm.set("Metrics", queries.iter().map(query).collect::<Vec<_>>()),
        AlarmMetric::PromQl {
            query,
            interval,
            pending_period,
            recovery_period,
        } => {
            let criteria = Properties::default()
                .set("Query", query.as_str())
                .set_some("PendingPeriod", *pending_period)
                .set_some("RecoveryPeriod", *recovery_period);
            let criteria = Properties::default().set("PromQLCriteria", criteria);
            alarm
                .set("EvaluationCriteria", criteria)
                .set("EvaluationInterval", *interval)
        }
    }
}

fn query(query: &MetricQuery) -> Value {
    let MetricQuery {
        id,
        expression,
        label,
        return_data,
        period,
        account_id,
        stat,
    } = query;
    Properties::default()
        .set("Id", id.as_str())
        .set_some("Expression", expression.as_deref())
        .set_some("Label", label.as_deref())
        .set("ReturnData", *return_data)
        .set_some("Period", *period)
        .set_some("AccountId", account_id.as_deref())
        .set_some("MetricStat", stat.as_ref().map(statistic))
        .into()
}

fn statistic(of: &MetricStat) -> Value {
    let MetricStat {
        namespace,
        metric_name,
        dimensions,
        stat,
        period,
        unit,
    } = of;
    Properties::default()
        .set(
            "Metric",
            json!({ "Namespace": namespace, "MetricName": metric_name, "Dimensions": listed(dimensions) }),
        )
        .set("Stat", stat.as_str())
        .set("Period", *period)
        .set_some("Unit", unit.as_deref())
        .into()
}

fn listed(dimensions: &BTreeMap<String, String>) -> Value {
    let one = |(name, value)| json!({ "Name": name, "Value": value });
    dimensions.iter().map(one).collect()
}

fn when(alarm: Declaration, name: &str, condition: &Condition) -> Declaration {
    let Condition {
        comparison_operator,
        threshold,
        threshold_metric_id,
        evaluation_periods,
        datapoints_to_alarm,
        treat_missing_data,
        evaluate_low_sample_count_percentile,
        evaluation_window,
    } = condition;
    let alarm = alarm
        .set("ComparisonOperator", comparison_operator.as_str())
        .set_some("Threshold", *threshold)
        .set_some("ThresholdMetricId", threshold_metric_id.as_deref())
        .set("EvaluationPeriods", *evaluation_periods)
        .set_some("DatapointsToAlarm", *datapoints_to_alarm)
        .set_some("TreatMissingData", treat_missing_data.as_deref())
        .set_some(
            "EvaluateLowSampleCountPercentile",
            evaluate_low_sample_count_percentile.as_deref(),
        );
    match evaluation_window {
        EvaluationWindow::Sliding => alarm,
        EvaluationWindow::WallClock { .. } => alarm.lost(unknown(name, "`evaluation_window`")),
    }
}

/// What CloudFormation's alarms do not have.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html>
pub(in crate::resource::cloudwatch) fn without(
    alarm: Declaration,
    name: &str,
    options: &Options,
) -> Declaration {
    let Options {
        warm_up,
        propagate_tags,
    } = options;
    let alarm = match warm_up {
        Some(_) => alarm.lost(unknown(name, "`warm_up`")),
        None => alarm,
    };
    match propagate_tags {
        PropagateTags::No => alarm,
        _ => alarm.lost(unknown(name, "`propagate_tags`")),
    }
}

fn unknown(alarm: &str, setting: &str) -> String {
    format!("the alarm {alarm} has no {setting}: CloudFormation does not know that setting")
}
