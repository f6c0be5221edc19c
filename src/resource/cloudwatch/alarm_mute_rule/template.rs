//! The mute rule in a CloudFormation template.

use alertctl_relay::mute_duration;
use jiff::Timestamp;
use serde_json::json;

use super::CloudwatchAlarmMuteRule;
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for CloudwatchAlarmMuteRule {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            expression,
            minutes,
            timezone,
            alarms,
            start,
            expire,
            tags,
        } = self;
        Declaration::new("AWS::CloudWatch::AlarmMuteRule")
            .set("Name", name.as_str())
            .set_some("Description", description.as_deref())
            .set(
                "Rule",
                json!({ "Schedule": {
                    "Expression": expression,
                    "Duration": mute_duration(*minutes),
                    "Timezone": timezone,
                } }),
            )
            .set("MuteTargets", json!({ "AlarmNames": alarms }))
            .set_some("StartDate", start.as_ref().map(Timestamp::to_string))
            .set_some("ExpireDate", expire.as_ref().map(Timestamp::to_string))
            .tagged(template, tags)
            .into()
    }
}
