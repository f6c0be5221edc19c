//! A CloudWatch log alarm: a query of Logs Insights on a schedule, whose results are compared with a threshold.
//!
//! CloudWatch keeps the query as a scheduled query of its own, which it changes and deletes with the alarm.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-log.html>

use aws_sdk_cloudwatch::types::{ComparisonOperator, ScheduleConfiguration, ScheduledQueryConfiguration};

use crate::resource::access::{self, ANY, Access, OWN_ROLES};
use crate::resource::cloudwatch::alarm::{Options, common, observe};
use crate::resource::iam::role::IamRole;
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Known, NodeId, Observed, Output, Ref, Regions, Resource,
    Result, Tags, Text, Wanted,
};

pub(in crate::resource) mod read;
pub mod schedule;
mod template;

pub use common::Live;

/// The role that reads log events is passed.
const PASSED_TO_CLOUDWATCH: access::Condition =
    ("StringEquals", "iam:PassedToService", "cloudwatch.amazonaws.com");
/// The scheduled queries of a region. CloudWatch generates their ids.
const QUERIES: &[&str] = &["arn:{partition}:logs:{region}:{account}:scheduled-query:*"];

/// The desired log alarm.
#[derive(Debug, Clone)]
pub struct CloudwatchLogAlarm {
    pub name: String,
    pub description: Option<String>,
    pub actions_enabled: bool,
    pub alarm_actions: Vec<Text>,
    pub ok_actions: Vec<Text>,
    pub insufficient_data_actions: Vec<Text>,
    pub query: LogQuery,
    /// The role that runs the query.
    pub query_role: Ref<IamRole>,
    pub lines: Option<Lines>,
    pub condition: Condition,
    pub options: Options,
    pub tags: Tags,
}

/// What is asked of the logs, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// In the language of Logs Insights.
    pub query: String,
    /// Names or ARNs.
    pub groups: Vec<String>,
    /// What makes numbers of the results: `count(*) by service`.
    pub aggregate: String,
    /// `rate(5 minutes)`
    pub schedule: String,
    /// Seconds before a run at which the time that it looks at begins and ends.
    pub start_offset: i64,
    pub end_offset: i64,
}

/// The log events that CloudWatch adds to its mails.
#[derive(Debug, Clone)]
pub struct Lines {
    /// At least 1.
    pub count: i32,
    /// The role that reads them.
    pub role: Ref<IamRole>,
}

/// How results are compared and counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub comparison_operator: String,
    pub threshold: f64,
    /// The number of latest results that count.
    pub evaluated: i32,
    /// How many of them must breach; `None`: all.
    pub breaching: Option<i32>,
    pub treat_missing_data: String,
}

impl Resource for CloudwatchLogAlarm {
    const KIND: &'static str = "cloudwatch-log-alarm";
    // All alarms share one namespace: adopting the name of another sort of alarm replaces that alarm.
    const IMMUTABLE: &'static [&'static str] = &["type"];
    const HANDLING: Handling = Handling {
        // An alarm that a composite alarm depends on cannot be deleted.
        deleted_after: &["cloudwatch-composite-alarm"],
        deleted_together: true,
        regions: Regions::Any,
        // The service quota is 3 calls per second.
        at_once: Some(3),
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["cloudwatch:DescribeAlarms"], ANY)
            .because("CloudWatch shows composite alarms only to those who may read all alarms"),
        Access::read(&["cloudwatch:ListTagsForResource"], &[common::ALARM]),
        Access::write(
            &["cloudwatch:PutLogAlarm", "cloudwatch:TagResource"],
            &[common::ALARM],
        ),
        // CloudWatch makes, changes and deletes the query with the caller's permissions: those of the handlers of
        // AWS::CloudWatch::LogAlarm in CloudFormation's registry.
        Access::write(
            &[
                "logs:CreateScheduledQuery",
                "logs:GetScheduledQuery",
                "logs:ListTagsForResource",
                "logs:TagResource",
                "logs:UpdateScheduledQuery",
            ],
            QUERIES,
        )
        .by(&["cloudwatch:PutLogAlarm"])
        .because("CloudWatch Logs generates the ids of scheduled queries"),
        Access::write(&["iam:PassRole"], &[OWN_ROLES])
            .when(&[("StringEquals", "iam:PassedToService", "logs.amazonaws.com")])
            .by(&["cloudwatch:PutLogAlarm"]),
        Access::write(&["iam:PassRole"], &[OWN_ROLES])
            .when(&[PASSED_TO_CLOUDWATCH])
            .by(&["cloudwatch:PutLogAlarm"]),
        Access::change(
            &["cloudwatch:SetAlarmState", "cloudwatch:UntagResource"],
            &[common::ALARM],
        ),
        Access::delete(&["cloudwatch:DeleteAlarms"], &[common::ALARM]),
        Access::delete(&["logs:DeleteScheduledQuery"], QUERIES)
            .by(&["cloudwatch:DeleteAlarms"])
            .because("CloudWatch Logs generates the ids of scheduled queries"),
    ];
    type Live = Live;

    fn refs(&self) -> Vec<NodeId> {
        let lines = self.lines.iter().map(|lines| lines.role.id().clone());
        [self.query_role.id().clone()].into_iter().chain(lines).collect()
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn uses(&self, access: &Access) -> bool {
        access.when != [PASSED_TO_CLOUDWATCH] || self.lines.is_some()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        observe::observe(aws, wanted).await
    }

    fn fields(&self, known: &Known) -> Fields {
        self.settings(known).tags(&self.tags)
    }

    fn live_fields(live: &Live) -> Fields {
        live.settings.clone().live_tags(&live.tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(name: &str, _output: &Output, region: &str) -> Option<String> {
        common::console_page(name, region)
    }

    fn about(live: &Live) -> About {
        live.about()
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        self.put(Some(&self.tags), cx).await?;
        Ok(self.expected(common::arn(&self.name, cx)?, cx))
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        if changes.iter().any(|change| !change.field.starts_with("tags.")) {
            // As with the other alarms, tags count only for a new one.
            self.put(None, cx).await?;
        }
        common::put_tags(cx.aws, &live, &self.tags).await?;
        Ok(self.expected(live.arn, cx))
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        common::delete_together(cx.aws, &live).await
    }
}

impl CloudwatchLogAlarm {
    fn settings(&self, known: &Known) -> Fields {
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
            tags: _,
        } = self;
        let fields = Fields::default().set("name", name.as_str()).set("type", "logs");
        let actions = [alarm_actions, ok_actions, insufficient_data_actions].map(Vec::as_slice);
        let fields = common::desired_fields(fields, description.as_deref(), *actions_enabled, actions, known);
        let fields = query
            .fields(fields, &known.scope.account)
            .text("logs.role", &query_role.arn(), known);
        let fields = match lines {
            Some(lines) => {
                fields
                    .set("logs.lines", lines.count)
                    .text("logs.lines_role", &lines.role.arn(), known)
            }
            None => fields,
        };
        options.fields(condition.fields(fields))
    }

    fn expected(&self, arn: String, cx: &Context<'_>) -> Live {
        Live::put(&self.name, arn, self.settings(&cx.known), &self.tags)
    }

    /// Sets all settings, whatever they were. A change of the query brings the alarm back to `INSUFFICIENT_DATA`.
    async fn put(&self, tags: Option<&Tags>, cx: &Context<'_>) -> Result<()> {
        let LogQuery {
            query,
            groups,
            aggregate,
            schedule,
            start_offset,
            end_offset,
        } = &self.query;
        let schedule = ScheduleConfiguration::builder()
            .schedule_expression(schedule)
            .start_time_offset(*start_offset)
            .end_time_offset(*end_offset);
        let query = ScheduledQueryConfiguration::builder()
            .query_string(query)
            .set_log_group_identifiers(Some(groups.clone()))
            .aggregation_expression(aggregate)
            .scheduled_query_role_arn(cx.text(&self.query_role.arn())?)
            .schedule_configuration(schedule.build());
        let lines = self.lines.as_ref();
        let lines_role = lines.map(|lines| cx.text(&lines.role.arn())).transpose()?;
        let condition = &self.condition;
        let put = cx.aws.connection.clients.cloudwatch.put_log_alarm();
        let put = put
            .alarm_name(&self.name)
            .set_alarm_description(self.description.clone())
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(common::arns(&self.alarm_actions, cx)?)
            .set_ok_actions(common::arns(&self.ok_actions, cx)?)
            .set_insufficient_data_actions(common::arns(&self.insufficient_data_actions, cx)?)
            .scheduled_query_configuration(query.build())
            .action_log_line_count(lines.map_or(0, |lines| lines.count))
            .set_action_log_line_role_arn(lines_role)
            .comparison_operator(ComparisonOperator::from(condition.comparison_operator.as_str()))
            .threshold(condition.threshold)
            .query_results_to_evaluate(condition.evaluated)
            .query_results_to_alarm(condition.breaching.unwrap_or(condition.evaluated))
            .treat_missing_data(&condition.treat_missing_data)
            .set_warm_up_configuration(self.options.warm_up())
            .set_action_configuration(self.options.action_configuration())
            .set_tags(tags.map(common::to_sdk));
        let sent = cx.aws.call("cloudwatch:PutLogAlarm", || put.clone().send());
        sent.await.map(drop).map_err(common::hinted)
    }
}

impl LogQuery {
    /// `account` is the alarm's own: its log groups have the same name with and without their ARN.
    fn fields(&self, fields: Fields, account: &str) -> Fields {
        let Self {
            query,
            groups,
            aggregate,
            schedule,
            start_offset,
            end_offset,
        } = self;
        fields
            .set("logs.query", query.as_str())
            // Their order has no meaning.
            .set(
                "logs.groups",
                common::in_order(groups.iter().map(|group| bare(group, account)).collect()),
            )
            .set("logs.aggregate", aggregate.as_str())
            .set("logs.schedule", schedule::normal(schedule))
            .set("logs.start_offset", *start_offset)
            .set("logs.end_offset", *end_offset)
    }
}

/// The name of a log group of this account; the ARN of one of another account.
fn bare(group: &str, account: &str) -> String {
    let group = group.strip_suffix(":*").unwrap_or(group);
    let own = group.split_once(":log-group:").filter(|(place, _)| {
        let mut parts = place.rsplit(':');
        parts.next() == Some(account)
    });
    own.map_or(group, |(_, name)| name).to_owned()
}

impl Condition {
    fn fields(&self, fields: Fields) -> Fields {
        let Self {
            comparison_operator,
            threshold,
            evaluated,
            breaching,
            treat_missing_data,
        } = self;
        fields
            .set("comparison_operator", comparison_operator.as_str())
            .set("threshold", *threshold)
            .set("query_results_to_evaluate", *evaluated)
            .set("query_results_to_alarm", breaching.unwrap_or(*evaluated))
            .set("treat_missing_data", treat_missing_data.as_str())
    }
}

#[cfg(test)]
mod tests;
