//! Alarms for tests.

use aws_sdk_cloudwatch::types::builders::MetricAlarmBuilder;
use aws_sdk_cloudwatch::types::{
    AlarmPromQlCriteria, ComparisonOperator, CompositeAlarm, Dimension, EvaluationCriteria, LogAlarm,
    MetricAlarm, ScheduleConfiguration, ScheduledQueryConfiguration, Statistic,
};

use super::Alarm;

pub(crate) const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

/// An alarm on the CPU of an instance, with what `change` changes.
pub(crate) fn alarm(name: &str, change: impl FnOnce(MetricAlarmBuilder) -> MetricAlarmBuilder) -> Alarm {
    let instance = Dimension::builder()
        .name("InstanceId")
        .value("i-0f1e2d3c4b5a69780");
    let alarm = MetricAlarm::builder()
        .alarm_name(name)
        .alarm_arn(format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"))
        .namespace("AWS/EC2")
        .metric_name("CPUUtilization")
        .dimensions(instance.build())
        .statistic(Statistic::Average)
        .period(300)
        .evaluation_periods(1)
        .threshold(80.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .alarm_actions(TOPIC)
        .ok_actions(TOPIC);
    Alarm::of_metric(&change(alarm).build())
}

/// An alarm of which AWS says nothing.
pub(crate) fn empty() -> [Alarm; 3] {
    [
        Alarm::of_metric(&MetricAlarm::builder().build()),
        Alarm::of_logs(&LogAlarm::builder().build()),
        Alarm::of_alarms(&CompositeAlarm::builder().build()),
    ]
}

/// An alarm on a PromQL query.
pub(crate) fn promql(name: &str, query: &str) -> Alarm {
    let criteria = AlarmPromQlCriteria::builder().query(query).pending_period(60);
    let alarm = MetricAlarm::builder().alarm_name(name);
    Alarm::of_metric(
        &alarm
            .evaluation_criteria(EvaluationCriteria::PromQlCriteria(criteria.build()))
            .evaluation_interval(60)
            .alarm_actions(TOPIC)
            .build(),
    )
}

/// An alarm on the results of a query of logs.
pub(crate) fn log_alarm(name: &str, schedule: &str) -> Alarm {
    let schedule = ScheduleConfiguration::builder()
        .schedule_expression(schedule)
        .start_time_offset(3_690)
        .end_time_offset(90);
    let query = ScheduledQueryConfiguration::builder()
        .query_string("filter @message like /ERROR/")
        .log_group_identifiers("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/checkout:*")
        .log_group_identifiers("/aws/lambda/orders")
        .aggregation_expression("count(*) by service | sort desc")
        .scheduled_query_role_arn("arn:aws:iam::111122223333:role/query")
        .schedule_configuration(schedule.build());
    let alarm = LogAlarm::builder()
        .alarm_name(name)
        .alarm_arn(format!("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:{name}"))
        .scheduled_query_configuration(query.build())
        .query_results_to_evaluate(3)
        .query_results_to_alarm(2)
        .threshold(5.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("missing")
        .action_log_line_count(10)
        .action_log_line_role_arn("arn:aws:iam::111122223333:role/lines");
    Alarm::of_logs(&alarm.alarm_actions(TOPIC).ok_actions(TOPIC).build())
}

/// An alarm on other alarms.
pub(crate) fn composite(name: &str, rule: &str) -> Alarm {
    let alarm = CompositeAlarm::builder().alarm_name(name).alarm_rule(rule);
    Alarm::of_alarms(&alarm.alarm_actions(TOPIC).ok_actions(TOPIC).build())
}

/// The same, silenced by another one.
pub(crate) fn suppressed(name: &str, rule: &str, by: &str) -> Alarm {
    let alarm = CompositeAlarm::builder().alarm_name(name).alarm_rule(rule);
    let alarm = alarm.actions_suppressor(by).actions_suppressor_wait_period(60);
    let alarm = alarm.actions_suppressor_extension_period(120);
    Alarm::of_alarms(&alarm.alarm_actions(TOPIC).ok_actions(TOPIC).build())
}
