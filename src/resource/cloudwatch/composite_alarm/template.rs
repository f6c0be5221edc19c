//! The composite alarm in a CloudFormation template.

use super::CloudwatchCompositeAlarm;
use crate::resource::Text;
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

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
        Declaration::new("AWS::CloudWatch::CompositeAlarm")
            .arn(Attribute::Get("Arn"))
            .computed(template, Some(Text::arn("cloudwatch", format!("alarm:{name}"))))
            .set("AlarmName", name.as_str())
            .set_some("AlarmDescription", description.as_deref())
            .set("AlarmRule", rule.as_str())
            .set("ActionsEnabled", *actions_enabled)
            .set("AlarmActions", template.texts(alarm_actions))
            .set("OKActions", template.texts(ok_actions))
            .set(
                "InsufficientDataActions",
                template.texts(insufficient_data_actions),
            )
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
