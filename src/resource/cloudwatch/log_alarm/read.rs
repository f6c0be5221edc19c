//! A log alarm as AWS describes it.

use alertctl_relay::ArnParts;
use aws_sdk_cloudwatch::types::{EvaluationState, LogAlarm, ScheduleConfiguration, StateValue};

use super::{Condition, LogQuery, schedule};
use crate::resource::cloudwatch::alarm::Options;
use crate::resource::cloudwatch::alarm::common::{Live, describe_fields, in_order};
use crate::resource::cloudwatch::alarm::metrics::in_alarm;
use crate::resource::cloudwatch::alarm::silence::{Patience, health};
use crate::resource::{Fields, Health, Tags, Verdict};

pub(in crate::resource) fn read(alarm: &LogAlarm) -> Live {
    let name = alarm.alarm_name().unwrap_or_default();
    let arns = |arns: &[String]| in_order(arns.to_vec());
    let fields = Fields::default().set("name", name).set("type", "logs");
    let fields = describe_fields(
        fields,
        alarm.alarm_description(),
        alarm.actions_enabled().unwrap_or(true),
    )
    .set("alarm_actions", arns(alarm.alarm_actions()))
    .set("ok_actions", arns(alarm.ok_actions()))
    .set(
        "insufficient_data_actions",
        arns(alarm.insufficient_data_actions()),
    );
    let role = alarm
        .scheduled_query_configuration()
        .and_then(|query| query.scheduled_query_role_arn());
    let account = alarm
        .alarm_arn()
        .map(|arn| ArnParts::of(arn).account)
        .unwrap_or_default();
    let query = LogQuery::read(alarm);
    let fields = query.fields(fields, account).set_some("logs.role", role);
    let lines = alarm.action_log_line_count().filter(|count| *count > 0);
    let fields = fields.set_some("logs.lines", lines).set_some(
        "logs.lines_role",
        alarm.action_log_line_role_arn().filter(|_| lines.is_some()),
    );
    let options = Options::read(alarm.warm_up_configuration(), alarm.action_configuration());
    let settings = options.fields(Condition::read(alarm).fields(fields));
    Live {
        name: name.to_owned(),
        arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
        settings,
        alarm: in_alarm(alarm.state_value(), alarm.state_reason()),
        health: health_of(alarm, &query),
        tags: Tags::new(),
    }
}

/// The health of an alarm. One whose query fails sees nothing, and its state does not tell why.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-log.html>
fn health_of(alarm: &LogAlarm, query: &LogQuery) -> Option<Health> {
    let state = alarm.state_value();
    if alarm.evaluation_state() == Some(&EvaluationState::EvaluationError) {
        let reason = alarm.state_reason().unwrap_or("no reason given");
        let health = Health::new(Verdict::Attention, format!("its query fails: {reason}"));
        return Some(health.with(
            "alarm_state",
            state.map_or("INSUFFICIENT_DATA", StateValue::as_str),
        ));
    }
    let since = alarm
        .state_transitioned_timestamp()
        .or(alarm.state_updated_timestamp());
    let minutes = schedule::minutes(&query.schedule).and_then(|minutes| i64::try_from(minutes).ok());
    let every = minutes.unwrap_or_default().saturating_mul(60);
    health(state, since, Some(&Patience::with_query(alarm, every)))
}

impl LogQuery {
    pub(in crate::resource) fn read(alarm: &LogAlarm) -> Self {
        let query = alarm.scheduled_query_configuration();
        let schedule = query.and_then(|query| query.schedule_configuration());
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self {
            query: text(query.and_then(|query| query.query_string())),
            groups: query
                .map(|query| query.log_group_identifiers().to_vec())
                .unwrap_or_default(),
            aggregate: text(query.and_then(|query| query.aggregation_expression())),
            schedule: text(schedule.and_then(ScheduleConfiguration::schedule_expression)),
            start_offset: schedule
                .and_then(ScheduleConfiguration::start_time_offset)
                .unwrap_or_default(),
            end_offset: schedule
                .and_then(ScheduleConfiguration::end_time_offset)
                .unwrap_or_default(),
        }
    }
}

impl Condition {
    pub(in crate::resource) fn read(alarm: &LogAlarm) -> Self {
        let operator = alarm.comparison_operator().map_or("", |one| one.as_str());
        Self {
            comparison_operator: operator.to_owned(),
            threshold: alarm.threshold().unwrap_or_default(),
            evaluated: alarm.query_results_to_evaluate().unwrap_or_default(),
            breaching: alarm.query_results_to_alarm(),
            // AWS's default.
            treat_missing_data: alarm.treat_missing_data().unwrap_or("missing").to_owned(),
        }
    }
}
