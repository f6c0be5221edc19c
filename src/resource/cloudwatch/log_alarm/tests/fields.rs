//! A log alarm as AWS describes it is compared field by field.

use aws_sdk_cloudwatch::types::builders::LogAlarmBuilder;
use aws_sdk_cloudwatch::types::{
    ActionConfiguration, AlarmTagsPropagation, LogAlarm, ScheduleConfiguration, WarmUpConfiguration,
};

use super::*;

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alerts";

fn query() -> ScheduledQueryConfiguration {
    let schedule = ScheduleConfiguration::builder()
        .schedule_expression("rate(1 hour)")
        .start_time_offset(3_660)
        .end_time_offset(60);
    ScheduledQueryConfiguration::builder()
        .query_string("filter @message like /ERROR/")
        .log_group_identifiers("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/a:*")
        .log_group_identifiers("/aws/lambda/b")
        .aggregation_expression("count(*) by service")
        .query_arn("arn:aws:logs:eu-west-1:111122223333:scheduled-query:1")
        .scheduled_query_role_arn("arn:aws:iam::111122223333:role/queries")
        .schedule_configuration(schedule.build())
        .build()
}

fn described() -> LogAlarmBuilder {
    let propagation = AlarmTagsPropagation::builder().enabled(true).build();
    LogAlarm::builder()
        .alarm_name("shop-errors")
        .alarm_arn("arn:aws:cloudwatch:eu-west-1:111122223333:alarm:shop-errors")
        .alarm_description("too many")
        .actions_enabled(true)
        .alarm_actions(TOPIC)
        .ok_actions(TOPIC)
        .insufficient_data_actions(TOPIC)
        .scheduled_query_configuration(query())
        .query_results_to_evaluate(3)
        .query_results_to_alarm(2)
        .threshold(5.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .treat_missing_data("notBreaching")
        .action_log_line_count(10)
        .action_log_line_role_arn("arn:aws:iam::111122223333:role/lines")
        .warm_up_configuration(
            WarmUpConfiguration::builder()
                .warm_up_period_duration_in_minutes(10)
                .only_start_evaluating_after_warm_up_period_ends(true)
                .build(),
        )
        .action_configuration(
            ActionConfiguration::builder()
                .alarm_tags_propagation(propagation)
                .build(),
        )
}

/// The fields in which the alarm as AWS describes it differs from the desired one.
fn different(alarm: &LogAlarm) -> Vec<String> {
    let live = read::read(alarm);
    let changes = desired().settings(&known()).difference(&live.settings, &["type"]);
    changes.iter().map(|change| change.field.clone()).collect()
}

#[test]
fn what_was_put_is_no_change() {
    assert_eq!(different(&described().build()), [""; 0]);
}

#[test]
fn each_setting_that_differs_is_a_change() {
    type Edit = fn(LogAlarmBuilder) -> LogAlarmBuilder;
    fn with(
        change: impl FnOnce(ScheduledQueryConfiguration) -> ScheduledQueryConfiguration,
    ) -> impl FnOnce(LogAlarmBuilder) -> LogAlarmBuilder {
        |alarm| alarm.scheduled_query_configuration(change(query()))
    }
    let edits: [(&str, Edit); 18] = [
        ("description", |alarm| alarm.alarm_description("others")),
        ("actions_enabled", |alarm| alarm.actions_enabled(false)),
        ("alarm_actions", |alarm| alarm.alarm_actions("arn:x")),
        ("ok_actions", |alarm| alarm.set_ok_actions(None)),
        ("insufficient_data_actions", |alarm| {
            alarm.set_insufficient_data_actions(None)
        }),
        ("logs.query", |alarm| {
            with(|mut query| {
                query.query_string = Some("fields @message".to_owned());
                query
            })(alarm)
        }),
        ("logs.groups", |alarm| {
            with(|mut query| {
                query.log_group_identifiers = Some(vec!["/aws/lambda/a".to_owned()]);
                query
            })(alarm)
        }),
        ("logs.aggregate", |alarm| {
            with(|mut query| {
                query.aggregation_expression = Some("count(*)".to_owned());
                query
            })(alarm)
        }),
        ("logs.role", |alarm| {
            with(|mut query| {
                query.scheduled_query_role_arn = Some("arn:aws:iam::111122223333:role/x".to_owned());
                query
            })(alarm)
        }),
        ("logs.schedule", |alarm| {
            with(|mut query| {
                query.schedule_configuration.as_mut().unwrap().schedule_expression =
                    Some("rate(5 minutes)".to_owned());
                query
            })(alarm)
        }),
        ("logs.start_offset", |alarm| {
            with(|mut query| {
                query.schedule_configuration.as_mut().unwrap().start_time_offset = Some(3_600);
                query
            })(alarm)
        }),
        ("logs.end_offset", |alarm| {
            with(|mut query| {
                query.schedule_configuration.as_mut().unwrap().end_time_offset = None;
                query
            })(alarm)
        }),
        ("logs.lines", |alarm| alarm.action_log_line_count(5)),
        ("logs.lines_role", |alarm| {
            alarm.action_log_line_role_arn("arn:aws:iam::1:role/x")
        }),
        ("threshold", |alarm| alarm.threshold(6.0)),
        ("query_results_to_evaluate", |alarm| {
            alarm.query_results_to_evaluate(4)
        }),
        ("query_results_to_alarm", |alarm| alarm.query_results_to_alarm(3)),
        ("treat_missing_data", |alarm| alarm.set_treat_missing_data(None)),
    ];
    for (field, edit) in edits {
        assert_eq!(different(&edit(described()).build()), [field]);
    }
    let other = described().comparison_operator(ComparisonOperator::LessThanThreshold);
    assert_eq!(different(&other.build()), ["comparison_operator"]);
    let bare = described()
        .set_action_configuration(None)
        .set_warm_up_configuration(None);
    assert_eq!(
        different(&bare.build()),
        ["warm_up.minutes", "warm_up.full", "propagate_tags"]
    );
    let without = described().action_log_line_count(0);
    assert_eq!(different(&without.build()), ["logs.lines", "logs.lines_role"]);
}

/// A group of another account is another group, whatever its name.
#[test]
fn the_arn_of_an_own_group_is_its_name() {
    for (group, expected) in [
        ("/aws/lambda/a", "/aws/lambda/a"),
        (
            "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/a:*",
            "/aws/lambda/a",
        ),
        ("arn:aws:logs:eu-west-1:111122223333:log-group:a", "a"),
        (
            "arn:aws:logs:eu-west-1:444455556666:log-group:a:*",
            "arn:aws:logs:eu-west-1:444455556666:log-group:a",
        ),
        ("arn:", "arn:"),
    ] {
        assert_eq!(bare(group, ACCOUNT), expected);
    }
}

#[test]
fn an_alarm_of_which_aws_says_nothing_is_read_all_the_same() {
    assert_eq!(read::read(&LogAlarm::builder().build()).name, "");
}
