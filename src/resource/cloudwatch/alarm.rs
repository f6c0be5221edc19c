//! A CloudWatch metric alarm.

use aws_sdk_cloudwatch::types::StateValue;

use crate::resource::access::{ANY, Access, Phase};
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Known, Observed, Output, Regions, Resource, Result, Tags,
    Text, Wanted,
};

pub(in crate::resource) mod common;
mod condition;
mod history;
pub(in crate::resource) mod metrics;
pub(in crate::resource) mod observe;
mod options;
mod reported;
mod seen;
pub(in crate::resource) mod silence;
pub(in crate::resource::cloudwatch) mod template;

pub use common::Live;
use common::{in_order, to_sdk};
pub use condition::{Condition, EvaluationWindow};
pub use history::{Series, history};
pub use metrics::{AlarmMetric, MetricQuery, MetricStat};
pub use options::{Options, PropagateTags, WarmUp};
#[cfg(test)]
pub(crate) use reported::reporting;
pub(in crate::resource) use reported::watched_by;
pub use reported::{Reported, Watched, reported};

/// The desired alarm.
#[derive(Debug, Clone)]
pub struct CloudwatchAlarm {
    pub name: String,
    pub description: Option<String>,
    pub actions_enabled: bool,
    /// ARNs. Those of topics are computed: CloudWatch does not check whether they exist.
    pub alarm_actions: Vec<Text>,
    pub ok_actions: Vec<Text>,
    pub insufficient_data_actions: Vec<Text>,
    pub metric: AlarmMetric,
    /// `None` for a PromQL query, which contains its own condition.
    pub condition: Option<Condition>,
    pub options: Options,
    pub tags: Tags,
}

impl Resource for CloudwatchAlarm {
    const KIND: &'static str = "cloudwatch-alarm";
    // Composite alarms and metric alarms share one namespace: adopting a composite alarm's name replaces that alarm.
    const IMMUTABLE: &'static [&'static str] = &["type"];
    const HANDLING: Handling = Handling {
        // An alarm that a composite alarm depends on cannot be deleted.
        deleted_after: &["cloudwatch-composite-alarm"],
        deleted_together: true,
        // Some services have their metrics in one region only.
        regions: Regions::Any,
        // The service quota is 3 calls per second.
        at_once: Some(3),
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["cloudwatch:DescribeAlarms"], ANY)
            .because("CloudWatch shows composite alarms only to those who may read all alarms"),
        Access::read(&["cloudwatch:ListTagsForResource"], &[common::ALARM]),
        // A plan checks whether the metrics of new alarms exist. If that is denied, it says so and goes on.
        Access::read(&["cloudwatch:ListMetrics"], ANY)
            .because("CloudWatch lists the metrics of all services"),
        Access::write(
            &["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"],
            &[common::ALARM],
        ),
        Access::change(
            &["cloudwatch:SetAlarmState", "cloudwatch:UntagResource"],
            &[common::ALARM],
        ),
        Access::delete(&["cloudwatch:DeleteAlarms"], &[common::ALARM]),
        Access::of(Phase::Backtest, &["cloudwatch:GetMetricData"], ANY)
            .because("CloudWatch knows no permission for a single metric"),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.name.clone()
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
            // This call ignores tags for an existing alarm.
            self.put(None, cx).await?;
        }
        common::put_tags(cx.aws, &live, &self.tags).await?;
        Ok(self.expected(live.arn, cx))
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        common::delete_together(cx.aws, &live).await
    }
}

impl CloudwatchAlarm {
    fn settings(&self, known: &Known) -> Fields {
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
            tags: _,
        } = self;
        let fields = Fields::default().set("name", name.as_str());
        let actions = [alarm_actions, ok_actions, insufficient_data_actions].map(Vec::as_slice);
        let fields = common::desired_fields(fields, description.as_deref(), *actions_enabled, actions, known);
        let fields = metric.fields(fields, known);
        let fields = match condition {
            Some(condition) => condition.fields(fields),
            None => fields,
        };
        options.fields(fields)
    }

    fn expected(&self, arn: String, cx: &Context<'_>) -> Live {
        Live::put(&self.name, arn, self.settings(&cx.known), &self.tags)
    }

    /// Sets all settings, whatever they were. The alarm's state stays.
    async fn put(&self, tags: Option<&Tags>, cx: &Context<'_>) -> Result<()> {
        let put = cx.aws.connection.clients.cloudwatch.put_metric_alarm();
        let put = self.metric.put(put, cx)?;
        let put = match &self.condition {
            Some(condition) => condition.put(put),
            None => put,
        };
        let request = put
            .alarm_name(&self.name)
            .set_alarm_description(self.description.clone())
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(common::arns(&self.alarm_actions, cx)?)
            .set_ok_actions(common::arns(&self.ok_actions, cx)?)
            .set_insufficient_data_actions(common::arns(&self.insufficient_data_actions, cx)?)
            .set_warm_up_configuration(self.options.warm_up())
            .set_action_configuration(self.options.action_configuration())
            .set_tags(tags.map(to_sdk));
        let sent = cx
            .aws
            .call("cloudwatch:PutMetricAlarm", || request.clone().send())
            .await;
        sent.map(drop).map_err(common::hinted)
    }
}

/// The current state of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// The states in which it notifies somebody.
    pub notifies_on: Vec<&'static str>,
    /// Whether it runs any actions at all.
    pub actions_enabled: bool,
}

/// The alarm called `name`, of any sort. `None` if there is none.
pub async fn now(aws: &Aws, name: &str) -> Result<Option<Now>> {
    let request = aws.connection.clients.cloudwatch.describe_alarms();
    let request = request
        .alarm_names(name)
        .set_alarm_types(Some(common::types(aws)));
    let answer = aws
        .call("cloudwatch:DescribeAlarms", || request.clone().send())
        .await?;
    let now = |state: Option<&StateValue>, [alarm, ok, unknown]: [&[String]; 3], enabled: Option<bool>| {
        let actions = [("ALARM", alarm), ("OK", ok), ("INSUFFICIENT_DATA", unknown)];
        let on = actions.into_iter().filter(|(_, actions)| !actions.is_empty());
        Now {
            state: state.map_or("INSUFFICIENT_DATA", StateValue::as_str).to_owned(),
            notifies_on: on.map(|(state, _)| state).collect(),
            actions_enabled: enabled.unwrap_or(true),
        }
    };
    if let Some(alarm) = answer.metric_alarms().first() {
        let actions = [
            alarm.alarm_actions(),
            alarm.ok_actions(),
            alarm.insufficient_data_actions(),
        ];
        return Ok(Some(now(alarm.state_value(), actions, alarm.actions_enabled())));
    }
    if let Some(alarm) = answer.log_alarms().first() {
        let actions = [
            alarm.alarm_actions(),
            alarm.ok_actions(),
            alarm.insufficient_data_actions(),
        ];
        return Ok(Some(now(alarm.state_value(), actions, alarm.actions_enabled())));
    }
    Ok(answer.composite_alarms().first().map(|alarm| {
        let actions = [
            alarm.alarm_actions(),
            alarm.ok_actions(),
            alarm.insufficient_data_actions(),
        ];
        now(alarm.state_value(), actions, alarm.actions_enabled())
    }))
}

/// Puts the alarm `name` into `state` (`OK`, `ALARM`, `INSUFFICIENT_DATA`) until its next evaluation. This runs the
/// actions of that state.
pub async fn set_state(aws: &Aws, name: &str, state: &str, reason: &str) -> Result<()> {
    let request = aws
        .connection
        .clients
        .cloudwatch
        .set_alarm_state()
        .alarm_name(name)
        .state_value(StateValue::from(state))
        .state_reason(reason);
    aws.call("cloudwatch:SetAlarmState", || request.clone().send())
        .await
        .map(drop)
}

#[cfg(test)]
mod tests;
