//! The composite alarm in a CloudFormation template.

use super::CloudwatchCompositeAlarm;
use crate::resource::cloudwatch::alarm::template::{acting, named};
use crate::resource::template::{Entry, Template, Templated};

impl Templated for CloudwatchCompositeAlarm {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            rule,
            actions_enabled,
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
            suppressor,
            tags,
        } = self;
        let suppressor = suppressor.as_ref();
        let actions = [alarm_actions, ok_actions, insufficient_data_actions].map(Vec::as_slice);
        let description = description.as_deref();
        let alarm = named("AWS::CloudWatch::CompositeAlarm", name, description, template)
            .set("AlarmRule", rule.as_str());
        acting(alarm, *actions_enabled, actions, template)
            .set_some("ActionsSuppressor", suppressor.map(|one| one.alarm.as_str()))
            .set_some(
                "ActionsSuppressorWaitPeriod",
                suppressor.map(|one| one.wait_seconds),
            )
            .set_some(
                "ActionsSuppressorExtensionPeriod",
                suppressor.map(|one| one.extension_seconds),
            )
            .tagged(template, tags)
            .into()
    }
}
