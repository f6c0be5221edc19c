//! Log alarms: queries of logs on a schedule, with a role that runs them and one that reads log events for messages.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Alarm-On-Logs.html>

use std::collections::BTreeSet;

use super::Build;
use super::alarms::options;
use super::elsewhere::region_of;
use super::roles::Role;
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::resource::cloudwatch::log_alarm::{CloudwatchLogAlarm, Condition, Lines, LogQuery};
use crate::resource::iam::role::IamRole;
use crate::resource::iam::role_policy::IamRolePolicy;
use crate::resource::{NodeId, Ref};
use crate::stack::{self, Alarm, Bound, is_arn};

/// The keys of the roles in the graph. No key in a stack file contains a dot.
const QUERIES: &str = "logs.queries";
const LINES: &str = "logs.lines";

/// The roles of the log alarms, and what must exist before one of them is made.
pub(super) struct LogRoles {
    queries: Ref<IamRole>,
    /// `None` if no alarm shows log events.
    lines: Option<Ref<IamRole>>,
    after: Vec<NodeId>,
}

impl Build<'_> {
    /// Adds the roles of log alarms, if the stack has such alarms.
    pub(super) fn log_roles(&mut self) -> Option<LogRoles> {
        let queried = self.log_groups(|_| true);
        if queried.is_empty() {
            return None;
        }
        let shown = self.log_groups(|logs| logs.lines > 0);
        let may_query = Statement::allow(
            "RunQueries",
            &[
                "logs:StartQuery",
                "logs:StopQuery",
                "logs:GetQueryResults",
                "logs:DescribeLogGroups",
            ],
        );
        let what = "runs the queries of log alarms";
        let service = "logs.amazonaws.com";
        let (queries, policy) =
            self.log_role(QUERIES, ("log-queries", what), service, on(may_query, queried));
        let mut after = vec![policy];
        let lines = (!shown.is_empty()).then(|| {
            let what = "reads log events for the mails of log alarms";
            let may_read = Statement::allow("ReadResults", &["logs:GetQueryResults"]);
            let service = "cloudwatch.amazonaws.com";
            let (role, policy) = self.log_role(LINES, ("log-lines", what), service, on(may_read, shown));
            after.push(policy);
            role
        });
        Some(LogRoles {
            queries,
            lines,
            after,
        })
    }

    /// A role of this service, and its policy. AWS documents no condition for its trust; a role is passed only within its
    /// account.
    fn log_role(
        &mut self,
        key: &str,
        (name, what): (&str, &str),
        service: &'static str,
        may: Statement,
    ) -> (Ref<IamRole>, NodeId) {
        let role = self.role(
            key,
            Role {
                name: self.names.role(name),
                description: format!("alertctl stack {}: {what}", self.stack.stack),
                trust: Statement::allow("LogAlarms", &["sts:AssumeRole"]).service(service),
                region: None,
            },
        );
        let policy = IamRolePolicy {
            role: role.clone(),
            name: name.to_owned(),
            policy: Policy::of([may]),
        };
        let policy = self.graph.add(key, policy);
        (role, policy.id().clone())
    }

    pub(super) fn log_alarm(&mut self, key: &str, alarm: &Alarm, logs: &stack::LogQuery, roles: &LogRoles) {
        let (node, after) = self.node_of(key, alarm);
        let tags = self.tags::<CloudwatchLogAlarm>(&node);
        let lines = (logs.lines > 0).then_some(roles.lines.as_ref()).flatten();
        let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        let alarm = CloudwatchLogAlarm {
            name: self.names.alarm(key, alarm),
            description: alarm.described(),
            actions_enabled: alarm.actions_enabled,
            alarm_actions: self.actions(alarm, &alarm.to),
            ok_actions: self.actions(alarm, &alarm.on_ok()),
            insufficient_data_actions: self.actions(alarm, &alarm.insufficient_data),
            query: LogQuery {
                query: logs.query.clone(),
                groups: logs.groups.clone(),
                aggregate: logs.aggregate.clone(),
                schedule: logs.schedule(),
                start_offset: seconds(logs.start_offset()),
                end_offset: seconds(logs.end_offset()),
            },
            query_role: roles.queries.clone(),
            lines: lines.map(|role| Lines {
                count: logs.lines,
                role: role.clone(),
            }),
            condition: condition(alarm),
            options: options(alarm),
            tags,
        };
        self.graph
            .add_after(node, alarm, roles.after.iter().cloned().chain(after));
    }

    /// Allows the relay to read the log events that it shows, if it shows any.
    pub(super) fn may_read_lines(&self) -> Option<Statement> {
        let shown = self.log_groups(|logs| logs.lines > 0);
        let may = Statement::allow("ReadLinesOfLogAlarms", &["logs:GetQueryResults"]);
        (!shown.is_empty()).then(|| on(may, shown))
    }

    /// The ARNs of the log groups of these queries.
    fn log_groups(&self, of: impl Fn(&stack::LogQuery) -> bool) -> BTreeSet<Text> {
        let alarms = self.alarms.values();
        let queries = alarms.filter_map(|alarm| Some((alarm, alarm.logs.as_ref().filter(|logs| of(logs))?)));
        let groups = queries.flat_map(|(alarm, logs)| {
            let region = region_of(alarm, self.home);
            logs.groups.iter().map(move |group| group_arn(group, region))
        });
        groups.collect()
    }
}

fn on(statement: Statement, resources: BTreeSet<Text>) -> Statement {
    resources.into_iter().fold(statement, Statement::on)
}

/// What permissions for a log group are on.
fn group_arn(group: &str, region: Option<&str>) -> Text {
    if is_arn(group) {
        return format!("{}:*", group.trim_end_matches(":*")).as_str().into();
    }
    let resource = format!("log-group:{group}:*");
    match region {
        Some(region) => Text::arn_in(region, "logs", resource),
        None => Text::arn("logs", resource),
    }
}

/// The checks of the stack file ensure that there is a threshold, and that it is a number.
fn condition(alarm: &Alarm) -> Condition {
    let threshold = alarm.threshold.as_ref();
    Condition {
        comparison_operator: threshold
            .map_or("", |threshold| threshold.comparison.as_str())
            .to_owned(),
        threshold: match threshold.map(|threshold| &threshold.bound) {
            Some(Bound::Value(value)) => *value,
            Some(Bound::Band(_)) | None => 0.0,
        },
        evaluated: alarm.evaluation_periods,
        breaching: alarm.datapoints_to_alarm,
        treat_missing_data: alarm.treat_missing_data.unwrap_or_default().as_str().to_owned(),
    }
}
