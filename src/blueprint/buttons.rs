//! The buttons under messages: Slack posts what people press to an endpoint of the stack, whose function checks it and hands it
//! to the relay.

use alertctl_relay::{ACTIONS_PATH, DUTY, RELAY as RELAY_VARIABLE};

use super::elsewhere::region_of;
use super::endpoints::HttpApi;
use super::environment::plain;
use super::function::{Duty, Function};
use super::topics::alarm_patterns;
use super::{Addresses, Build};
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::resource::Ref;
use crate::resource::kms::key::KmsKey;
use crate::stack::{HttpRoute, Throttle};

/// The key of the endpoint's resources in the graph. No key in a stack file contains a dot.
pub const ACTIONS: &str = "slack.actions";
/// Memory in MB; the function needs little.
const MEMORY: i32 = 128;
/// Up to this number, the relay's policy names each alarm that has a name of its own. All policies of a role have 10,240
/// characters.
const NAMED_ALARMS: usize = 15;
/// Seconds. Slack waits three.
const TIMEOUT: i32 = 5;

/// The route that Slack posts to.
pub fn route() -> HttpRoute {
    HttpRoute {
        method: "POST".to_owned(),
        path: ACTIONS_PATH.to_owned(),
    }
}

impl Build<'_> {
    /// Adds the endpoint, if there are buttons.
    pub(super) fn buttons(
        &mut self,
        kms: Option<&Ref<KmsKey>>,
        relay: Option<&Function>,
        addresses: &Addresses,
    ) {
        let channels: Vec<_> = self.stack.with_buttons().collect();
        let (Some(kms), Some(relay), false) = (kms, relay, channels.is_empty()) else {
            return;
        };
        let name = self.names.actions_function();
        let mut environment = plain([
            (DUTY, "actions".into()),
            (RELAY_VARIABLE, self.names.function().into()),
        ]);
        environment.extend(self.channel_variables(channels, addresses));
        let function = self.function(Duty {
            key: ACTIONS.to_owned(),
            description: format!(
                "alertctl stack {}: takes the buttons of messages",
                self.stack.stack
            ),
            memory_mb: MEMORY,
            timeout: TIMEOUT,
            environment,
            kms_key: Some(kms),
            policy_name: "actions",
            may: vec![
                self.may_decrypt(kms),
                Statement::allow("InvokeRelay", &["lambda:InvokeFunction"]).on(relay.function.arn()),
            ],
            policy_after: vec![kms.id().clone()],
            // API Gateway waits for its answer, and who pressed the button presses it again.
            dead_letter_senders: None,
            to: Vec::new(),
            queues: Vec::new(),
            works_off: false,
            reserved_concurrency: None,
            name,
        });
        let api = HttpApi {
            key: ACTIONS,
            name: self.names.actions_api(),
            route: route(),
            throttle: Throttle::default(),
            access_log: true,
        };
        self.http_api(api, &function);
    }

    /// Allows the relay to mute alarms for people who snooze them, and to end that: by rules of the stack, and only the alarms
    /// of the stack, whatever comes by its topics. Not those of other regions: their changes of state come as events, and none
    /// comes when a mute ends.
    pub(super) fn may_snooze(&self) -> Vec<Statement> {
        if self.stack.with_buttons().next().is_none() || self.alarms.is_empty() {
            return Vec::new();
        }
        let prefix = self.stack.default_name("");
        let here = self
            .alarms
            .iter()
            .filter(|(_, alarm)| region_of(alarm, self.home).is_none());
        let named = here.map(|(key, alarm)| self.names.alarm(key, alarm));
        let others = named.filter(|name| !name.starts_with(&prefix)).collect();
        let others = alarm_patterns(others, NAMED_ALARMS).into_iter();
        let alarms = [format!("{prefix}*")].into_iter().chain(others);
        let rules = Text::arn("cloudwatch", format!("alarm-mute-rule:{prefix}adhoc-*"));
        let mute = Statement::allow("SnoozeAlarms", &["cloudwatch:PutAlarmMuteRule"]).on(rules.clone());
        let mute = alarms.fold(mute, |mute, name| {
            mute.on(Text::arn("cloudwatch", format!("alarm:{name}")))
        });
        let manage = ["cloudwatch:DeleteAlarmMuteRule", "cloudwatch:TagResource"];
        vec![mute, Statement::allow("ManageMuteRules", &manage).on(rules)]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::blueprint::tests::rights_of_the_relay;

    const STACK: &str = "
stack: a
channels: { app: { slack: { bot: { env: TOKEN }, channel: C0456DEFG, actions: true } } }
topics: { t: { to: [app] } }
";

    /// What the relay may mute in such a stack, if an alarm has each of these names, and one is in another region.
    fn muted(names: &[String]) -> Vec<String> {
        let alarm = |name: &str, more: &str| {
            let metric = "metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50'";
            format!("{{ name: '{name}', {metric}, to: [t]{more} }}\n")
        };
        let mut text = format!(
            "{STACK}alarms:\n  far: {}",
            alarm("far-away", ", region: us-east-1")
        );
        for (index, name) in names.iter().enumerate() {
            text += &format!("  n{index}: {}", alarm(name, ""));
        }
        let rights = rights_of_the_relay(&text);
        let right = |sid: &str| rights.iter().find(|right| right["Sid"] == sid).cloned().unwrap();
        let resources = |right: &Value| -> Vec<String> {
            let list = right["Resource"].as_array().cloned();
            let list = list.unwrap_or_else(|| vec![right["Resource"].clone()]);
            list.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        let manage = right("ManageMuteRules");
        let rules = "arn:aws:cloudwatch:ap-northeast-2:123456789012:alarm-mute-rule:a-adhoc-*";
        assert_eq!(resources(&manage), [rules]);
        let snooze = right("SnoozeAlarms");
        assert!(snooze.to_string().len() < 3_000, "{snooze}");
        let mut found: Vec<_> = resources(&snooze)
            .into_iter()
            .filter(|one| one != rules)
            .collect();
        found.sort();
        let home = "arn:aws:cloudwatch:ap-northeast-2:123456789012:alarm:";
        found
            .iter()
            .map(|one| one.strip_prefix(home).expect("one of this region").to_owned())
            .collect()
    }

    #[test]
    fn the_relay_may_mute_the_alarms_of_the_stack_in_its_own_region() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            muted(&names(&["a-cpu", "checkout latency"])),
            ["a-*", "checkout latency"]
        );
        // IAM takes no letters beyond Latin, and reads `*`, `?` and `${…}` in its own way.
        assert_eq!(
            muted(&names(&["디스크", "load > 5?", "${aws:username}"])),
            ["***", "*{aws:username}", "a-*", "load > 5*"]
        );
        let many: Vec<_> = (0..300)
            .map(|n| format!("an alarm with a rather long name {n}"))
            .collect();
        assert_eq!(muted(&many), ["*", "a-*"]);
    }
}
