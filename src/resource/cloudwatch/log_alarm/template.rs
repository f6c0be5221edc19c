//! The log alarm in a CloudFormation template.

use super::{CloudwatchLogAlarm, Condition, LogQuery};
use crate::resource::cloudwatch::alarm::template::{acting, named, without};
use crate::resource::template::{Entry, Properties, Template, Templated};

impl Templated for CloudwatchLogAlarm {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            actions_enabled,
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
            query,
            query_role,
            lines,
            condition,
            options,
            tags,
        } = self;
        let LogQuery {
            query,
            groups,
            aggregate,
            schedule,
            start_offset,
            end_offset,
        } = query;
        let schedule = Properties::default()
            .set("ScheduleExpression", schedule.as_str())
            .set("StartTimeOffset", *start_offset)
            .set("EndTimeOffset", *end_offset);
        let query = Properties::default()
            .set("QueryString", query.as_str())
            .set("LogGroupIdentifiers", groups.clone())
            .set("AggregationExpression", aggregate.as_str())
            .set("ScheduledQueryRoleARN", template.text(&query_role.arn()))
            .set("ScheduleConfiguration", schedule);
        let Condition {
            comparison_operator,
            threshold,
            evaluated,
            breaching,
            treat_missing_data,
        } = condition;
        let actions = [alarm_actions, ok_actions, insufficient_data_actions].map(Vec::as_slice);
        let alarm = named(
            "AWS::CloudWatch::LogAlarm",
            name,
            description.as_deref(),
            template,
        );
        let alarm = acting(alarm, *actions_enabled, actions, template)
            .set("ScheduledQueryConfiguration", query)
            .set_some("ActionLogLineCount", lines.as_ref().map(|lines| lines.count))
            .set_some(
                "ActionLogLineRoleArn",
                lines.as_ref().map(|lines| template.text(&lines.role.arn())),
            )
            .set("ComparisonOperator", comparison_operator.as_str())
            .set("Threshold", *threshold)
            .set("QueryResultsToEvaluate", *evaluated)
            .set("QueryResultsToAlarm", breaching.unwrap_or(*evaluated))
            .set("TreatMissingData", treat_missing_data.as_str());
        without(alarm, name, options).tagged(template, tags).into()
    }
}
