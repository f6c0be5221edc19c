//! What a log alarm says of itself.

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{EvaluationState, LogAlarm, StateValue};

use super::*;
use crate::resource::Verdict;

#[test]
fn an_alarm_whose_query_fails_says_why() {
    let alarm = LogAlarm::builder()
        .state_value(StateValue::InsufficientData)
        .evaluation_state(EvaluationState::EvaluationError)
        .state_reason("The role cannot be assumed");
    let health = read::read(&alarm.build()).health.unwrap();
    assert_eq!(health.verdict, Verdict::Attention);
    assert_eq!(health.text, "its query fails: The role cannot be assumed");
}

#[test]
fn an_alarm_that_waits_for_its_first_results_is_well() {
    let alarm = |since: i64| {
        let schedule = ScheduleConfiguration::builder().schedule_expression("rate(1 hour)");
        let query = ScheduledQueryConfiguration::builder().schedule_configuration(schedule.build());
        let alarm = LogAlarm::builder()
            .state_value(StateValue::InsufficientData)
            .query_results_to_evaluate(2)
            .scheduled_query_configuration(query.build());
        let now = DateTime::from(std::time::SystemTime::now()).secs();
        let at = DateTime::from_secs(now - since);
        let alarm = alarm
            .state_transitioned_timestamp(at)
            .alarm_configuration_updated_timestamp(at);
        read::read(&alarm.build()).health.unwrap().verdict
    };
    // Three times the two hours that it looks at.
    assert_eq!(alarm(5 * 3_600), Verdict::Healthy);
    assert_eq!(alarm(7 * 3_600), Verdict::Attention);
}
