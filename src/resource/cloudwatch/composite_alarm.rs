//! A CloudWatch composite alarm: its state depends on the states of other alarms.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::resource::access::{ANY, Access};
use crate::resource::cloudwatch::alarm::{common, observe};
use crate::resource::{
    About, Aws, Changes, Context, Fault, Fields, Handling, Known, Observed, Output, Regions, Resource,
    Result, Tags, Text, Wanted,
};

pub(super) mod rule;
mod template;

pub use common::Live;

/// How long to wait for the deletion of another composite alarm that depends on this one, and the pause between two
/// attempts.
const HELD: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_secs(1);

/// The desired composite alarm.
#[derive(Debug, Clone)]
pub struct CloudwatchCompositeAlarm {
    pub name: String,
    pub description: Option<String>,
    /// For example `ALARM("cpu") AND NOT ALARM("deploy")`, with physical names.
    pub rule: String,
    pub actions_enabled: bool,
    pub alarm_actions: Vec<Text>,
    pub ok_actions: Vec<Text>,
    pub insufficient_data_actions: Vec<Text>,
    pub suppressor: Option<Suppressor>,
    pub tags: Tags,
}

/// While this alarm is in `ALARM`, the composite alarm runs no actions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressor {
    /// Its physical name.
    pub alarm: String,
    /// How long actions wait for it to go into `ALARM`.
    pub wait_seconds: i32,
    /// How long actions wait after it left `ALARM`.
    pub extension_seconds: i32,
}

impl Resource for CloudwatchCompositeAlarm {
    const KIND: &'static str = "cloudwatch-composite-alarm";
    // Metric alarms and composite alarms share one namespace: adopting a metric alarm's name replaces that alarm.
    const IMMUTABLE: &'static [&'static str] = &["type"];
    const HANDLING: Handling = Handling {
        regions: Regions::Any,
        // The service quota is 3 calls per second.
        at_once: Some(3),
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(&["cloudwatch:DescribeAlarms"], ANY)
            .because("CloudWatch shows composite alarms only to those who may read all alarms"),
        Access::read(&["cloudwatch:ListTagsForResource"], &[common::ALARM]),
        Access::write(&["cloudwatch:PutCompositeAlarm"], ANY)
            .because("CloudWatch accepts composite alarms only from those who may write all alarms"),
        Access::write(&["cloudwatch:TagResource"], &[common::ALARM]),
        Access::change(&["cloudwatch:UntagResource"], &[common::ALARM]),
        Access::delete(&["cloudwatch:DeleteAlarms"], ANY)
            .because("CloudWatch lets only those who may delete all alarms delete composite alarms"),
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
        let start = Instant::now();
        loop {
            match common::delete_alone(cx.aws, &live).await {
                // Another composite alarm that depends on this one may be being deleted right now.
                Err(fault) if common::in_use(&fault) && start.elapsed() < HELD => sleep(LOOK).await,
                result => return result,
            }
        }
    }
}

impl CloudwatchCompositeAlarm {
    fn settings(&self, known: &Known) -> Fields {
        let Self {
            name,
            description,
            rule,
            actions_enabled,
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
            suppressor,
            tags: _,
        } = self;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("type", "composite");
        let actions = [alarm_actions, ok_actions, insufficient_data_actions].map(Vec::as_slice);
        let fields = common::desired_fields(fields, description.as_deref(), *actions_enabled, actions, known)
            .set("rule", rule::normal(rule));
        let Some(suppressor) = suppressor else {
            return fields;
        };
        let Suppressor {
            alarm,
            wait_seconds,
            extension_seconds,
        } = suppressor;
        fields
            .set("suppressor", common::bare(alarm))
            .set("suppressor_wait", *wait_seconds)
            .set("suppressor_extension", *extension_seconds)
    }

    fn expected(&self, arn: String, cx: &Context<'_>) -> Live {
        Live::put(&self.name, arn, self.settings(&cx.known), &self.tags)
    }

    /// Sets all settings, whatever they were. The alarm's state stays.
    async fn put(&self, tags: Option<&Tags>, cx: &Context<'_>) -> Result<()> {
        let suppressor = self.suppressor.as_ref();
        let put = cx.aws.connection.clients.cloudwatch.put_composite_alarm();
        let put = put
            .alarm_name(&self.name)
            .set_alarm_description(self.description.clone())
            .alarm_rule(&self.rule)
            .actions_enabled(self.actions_enabled)
            .set_alarm_actions(common::arns(&self.alarm_actions, cx)?)
            .set_ok_actions(common::arns(&self.ok_actions, cx)?)
            .set_insufficient_data_actions(common::arns(&self.insufficient_data_actions, cx)?)
            .set_actions_suppressor(suppressor.map(|one| one.alarm.clone()))
            .set_actions_suppressor_wait_period(suppressor.map(|one| one.wait_seconds))
            .set_actions_suppressor_extension_period(suppressor.map(|one| one.extension_seconds))
            .set_tags(tags.map(common::to_sdk));
        let sent = cx.aws.call("cloudwatch:PutCompositeAlarm", || put.clone().send());
        sent.await.map(drop).map_err(|fault| match child_missing(&fault) {
            true => {
                fault.hint("correct the names in the alarm's `rule:` and `suppressor:` in the stack file")
            }
            false => common::hinted(fault),
        })
    }
}

/// "Could not save the composite alarm as alarms [ARN] in the alarm rule do not exist."
fn child_missing(fault: &Fault) -> bool {
    fault.says("ValidationError", "do not exist") || fault.says("ValidationError", "does not exist")
}

#[cfg(test)]
mod tests;
