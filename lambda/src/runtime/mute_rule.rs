//! The alarm mute rule of somebody who snoozes an alarm: CloudWatch runs none of its actions for the while, and the rule ends
//! by itself.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html>

use super::aws::{Aws, AwsError, Call, Service};
use crate::contract::{MUTE_RULE, NODE_TAG, STACK_TAG, ad_hoc_mute};
use crate::event::AlarmPlace;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

/// As many digits of an incident's key tell it from others.
const DIGITS: usize = 16;

/// A mute rule for one alarm.
pub(super) struct MuteRule<'a> {
    pub stack: &'a str,
    /// The key of the incident.
    pub incident: &'a str,
    pub alarm: &'a AlarmPlace,
    /// The name of the person.
    pub who: &'a str,
    pub length: SignedDuration,
}

impl MuteRule<'_> {
    /// Puts the rule into the alarm's region. The same incident has one rule, which this replaces.
    ///
    /// # Errors
    /// CloudWatch does not take it.
    pub async fn put(&self, aws: &Aws, now: Timestamp) -> Result<(), AwsError> {
        let AlarmPlace { region, name, .. } = self.alarm;
        let digits = self.incident.get(..DIGITS).unwrap_or(self.incident);
        let elsewhere = (region != aws.region()).then_some(region.as_str());
        let (rule, key) = ad_hoc_mute(self.stack, &format!("slack-{digits}"), elsewhere);
        // CloudWatch knows minutes only. The window opens with the minute that runs.
        let minutes = self.length.as_mins() + 1;
        let input = json!({
            "Name": rule,
            "Description": format!("snoozed in the channel ({})", self.who),
            "Rule": { "Schedule": {
                "Expression": format!("at({})", now.strftime("%Y-%m-%dT%H:%M")),
                "Duration": format!("PT{minutes}M"),
                "Timezone": "UTC",
            } },
            "MuteTargets": { "AlarmNames": [name] },
            "Tags": [{ "Key": STACK_TAG, "Value": self.stack }, { "Key": NODE_TAG, "Value": format!("{MUTE_RULE}/{key}") }],
        });
        let call = Call::json(Service::CLOUDWATCH, "PutAlarmMuteRule", &input);
        aws.call(region, &call).await.map(drop)
    }
}
