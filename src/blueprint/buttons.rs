//! The buttons under messages: Slack posts what people press to an endpoint of the stack, whose function checks it and hands it
//! to the relay.

use alertctl_relay::{DEAD_LETTER_QUEUE, DUTY, RELAY as RELAY_VARIABLE};

use super::endpoints::HttpApi;
use super::function::{Duty, Function, plain};
use super::{Addresses, Build};
use crate::aws::Text;
use crate::aws::policy::Statement;
use crate::resource::Ref;
use crate::resource::kms::key::KmsKey;
use crate::stack::{HttpRoute, Throttle};

/// The key of the endpoint's resources in the graph. No key in a stack file contains a dot.
pub const ACTIONS: &str = "slack.actions";
/// MB, of which the function needs little.
const MEMORY: i32 = 128;
/// Seconds. Slack waits three.
const TIMEOUT: i32 = 5;

/// The route that Slack posts to.
pub fn route() -> HttpRoute {
    HttpRoute {
        method: "POST".to_owned(),
        path: "/slack".to_owned(),
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
            (DEAD_LETTER_QUEUE, self.names.dead_letters_arn(&name)),
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
            dead_letter_senders: Vec::new(),
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

    /// Allows the relay to mute alarms for people who snooze them: by rules of the stack, and only the alarms of the stack,
    /// whatever comes by its topics.
    pub(super) fn may_snooze(&self) -> Vec<Statement> {
        if self.stack.with_buttons().next().is_none() || self.alarms.is_empty() {
            return Vec::new();
        }
        let prefix = self.stack.default_name("");
        let named = self
            .alarms
            .iter()
            .map(|(key, alarm)| self.names.alarm(key, alarm));
        let others = named.filter(|name| !name.starts_with(&prefix));
        let alarms = [format!("{prefix}*")].into_iter().chain(others);
        let mute = Statement::allow("SnoozeAlarms", &["cloudwatch:PutAlarmMuteRule"]);
        let rules = Text::arn_in("*", "cloudwatch", format!("alarm-mute-rule:{prefix}adhoc-*"));
        let mute = alarms.fold(mute.on(rules.clone()), |mute, name| {
            mute.on(Text::arn_in("*", "cloudwatch", format!("alarm:{name}")))
        });
        let tag = Statement::allow("TagMuteRules", &["cloudwatch:TagResource"]).on(rules);
        vec![mute, tag]
    }
}
