//! The alarm mute rule of somebody who snoozes an alarm: CloudWatch runs none of its actions for the while, and the rule ends
//! by itself.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html>

use super::aws::{Aws, AwsError, Call, Service};
use super::refusal::Refusal;
use crate::contract::{ChannelKey, MUTE_RULE, NODE_TAG, STACK_TAG, ad_hoc_mute, mute_duration};
use crate::hash::hex_digest;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// As many digits of a digest tell an incident of a channel from others.
const DIGITS: usize = 16;
/// How long a call of CloudWatch may take. Who pressed the button waits, and the incident is held meanwhile.
const CALL_TIMEOUT: Duration = Duration::from_secs(8);

/// The mute rule of one incident of one channel, in the stack's region.
pub(super) struct MuteRule<'a> {
    name: String,
    /// Its key in the graph.
    key: String,
    stack: &'a str,
}

impl<'a> MuteRule<'a> {
    /// The one rule of an incident in a channel, by the incident's key. Several channels may snooze one alarm, and a person in
    /// one of them ends only what people asked for there: CloudWatch mutes the alarm as long as any of the rules is active.
    pub fn of(stack: &'a str, channel: &ChannelKey, incident: &str) -> Self {
        let digest = hex_digest([channel.0.as_str(), incident]);
        let digits = digest.get(..DIGITS).unwrap_or(&digest);
        let (name, key) = ad_hoc_mute(stack, &format!("slack-{digits}"), None);
        Self { name, key, stack }
    }

    /// Mutes an alarm for `length` from the minute of `now`, in place of what the rule did before; `who` is named in it.
    ///
    /// # Errors
    /// Why CloudWatch does not take it.
    pub async fn put(
        &self,
        aws: &Aws,
        alarm: &str,
        who: &str,
        now: Timestamp,
        length: SignedDuration,
    ) -> Result<(), String> {
        // CloudWatch knows minutes only. The window opens with the minute that runs.
        let minutes = u64::try_from(length.as_mins()).unwrap_or_default() + 1;
        let input = json!({
            "Name": self.name,
            "Description": format!("snoozed in the channel ({who})"),
            "Rule": { "Schedule": {
                "Expression": format!("at({})", now.strftime("%Y-%m-%dT%H:%M")),
                "Duration": mute_duration(minutes),
                "Timezone": "UTC",
            } },
            "MuteTargets": { "AlarmNames": [alarm] },
            "Tags": [
                { "Key": STACK_TAG, "Value": self.stack },
                { "Key": NODE_TAG, "Value": format!("{MUTE_RULE}/{}", self.key) },
            ],
        });
        call(aws, "PutAlarmMuteRule", &input)
            .await
            .map_err(|error| reason(&error))
    }

    /// Ends the rule, if it is there: CloudWatch runs what it held back.
    ///
    /// # Errors
    /// Why CloudWatch does not delete it.
    pub async fn delete(&self, aws: &Aws) -> Result<(), String> {
        let input = json!({ "AlarmMuteRuleName": self.name });
        match call(aws, "DeleteAlarmMuteRule", &input).await {
            Err(error) if error.code() != Some("ResourceNotFoundException") => Err(reason(&error)),
            _ => Ok(()),
        }
    }
}

async fn call(aws: &Aws, operation: &'static str, input: &Value) -> Result<(), AwsError> {
    let call = Call::json(Service::CLOUDWATCH, operation, input);
    aws.call_within(CALL_TIMEOUT, aws.region(), &call).await.map(drop)
}

fn reason(error: &AwsError) -> String {
    Refusal::by("CloudWatch", error).reason
}
