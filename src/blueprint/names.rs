//! Physical names and computed ARNs of a stack.

use crate::aws::Text;
use crate::stack::{
    Alarm, EventBus, HttpEndpoint, Organization, OwnTrail, Stack, Topic, Trail, TrailLogs, TrailSource,
    is_arn,
};

/// The names of a stack's resources: set in the stack file, or derived.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    stack: &'a Stack,
}

impl<'a> Names<'a> {
    /// The names of `stack`.
    pub fn of(stack: &'a Stack) -> Self {
        Self { stack }
    }

    /// What KMS knows the stack's key by: its alias, or how the stack file names a key of somebody else.
    pub fn key(&self) -> String {
        let existing = self.stack.key.existing.as_deref();
        existing.map_or_else(|| self.key_alias(), key_id)
    }

    /// `alias/…` of the stack's own key.
    pub fn key_alias(&self) -> String {
        let alias = self
            .stack
            .key
            .alias
            .clone()
            .unwrap_or_else(|| self.stack.default_name("key"));
        format!("alias/{alias}")
    }

    /// The relay function's name, which addresses are encrypted for.
    pub fn function(&self) -> String {
        self.stack.relay_name()
    }

    /// ARN of this function.
    pub fn function_arn_of(&self, function: &str) -> Text {
        Text::arn("lambda", format!("function:{function}"))
    }

    /// Name of a rule that the stack file does not name.
    pub fn default_rule(&self, what: &str) -> String {
        limited(self.stack.default_name(what), 64)
    }

    /// ARN of an event bus of the stack's own region.
    pub fn event_bus_arn(&self, name: &str) -> Text {
        Text::arn("events", format!("event-bus/{name}"))
    }

    /// The path of the stack's roles; every role under it belongs to the stack.
    pub fn role_path(&self) -> String {
        format!("/alertctl/{}/", self.stack.stack)
    }

    /// The role of this function.
    pub fn role_of(&self, function: &str) -> String {
        limited(format!("{function}-role"), 64)
    }

    /// Name of a role that does not belong to a function.
    pub fn role(&self, what: &str) -> String {
        limited(self.stack.default_name(what), 64)
    }

    /// The function's log group, in Lambda's default location.
    pub fn log_group_of(&self, function: &str) -> String {
        format!("/aws/lambda/{function}")
    }

    /// The function's dead-letter queue.
    pub fn dead_letters_of(&self, function: &str) -> String {
        limited(format!("{function}-dead-letters"), 80)
    }

    /// ARN of that queue.
    pub fn dead_letters_arn(&self, function: &str) -> Text {
        Text::arn("sqs", self.dead_letters_of(function))
    }

    /// The queue in front of this channel.
    pub fn buffer(&self, channel: &str) -> String {
        limited(self.stack.default_name(&format!("{channel}-buffer")), 80)
    }

    /// The queue for messages that a destination without a buffer does not take now.
    pub fn retries(&self) -> String {
        limited(self.stack.default_name("retries"), 80)
    }

    /// The table of messages that are updated until an alarm is over.
    pub fn incidents(&self) -> String {
        limited(self.stack.default_name("incidents"), 255)
    }

    /// The dead-letter queue of EventBridge rules; there is one in each region with rules.
    pub fn rule_dead_letters(&self) -> String {
        limited(self.stack.default_name("rules-dead-letters"), 80)
    }

    /// The HTTP API of this endpoint.
    pub fn http_api(&self, key: &str, endpoint: &HttpEndpoint) -> String {
        endpoint
            .name
            .clone()
            .unwrap_or_else(|| self.stack.default_name(key))
    }

    /// The function behind this endpoint.
    pub fn ingest_function(&self, key: &str, endpoint: &HttpEndpoint) -> String {
        let name = || limited(self.stack.default_name(&format!("{key}-ingest")), 64);
        endpoint.function.clone().unwrap_or_else(name)
    }

    /// The HTTP API for the buttons of messages.
    pub fn actions_api(&self) -> String {
        self.stack.default_name("slack-actions")
    }

    /// The function behind it.
    pub fn actions_function(&self) -> String {
        limited(self.stack.default_name("slack-actions"), 64)
    }

    /// The log group for requests to this endpoint. AWS lets services write to log groups with this prefix
    /// without a separate statement in the account's resource policies, which are limited to ten.
    pub fn access_log(&self, key: &str) -> String {
        format!("/aws/vendedlogs/alertctl/{}/{key}", self.stack.stack)
    }

    /// The event bus with this key.
    pub fn event_bus(&self, key: &str, bus: &EventBus) -> String {
        bus.name.clone().unwrap_or_else(|| self.stack.default_name(key))
    }

    /// The bus for events from other regions for the rule with this key.
    pub fn arrivals(&self, rule: &str) -> String {
        limited(self.stack.default_name(&format!("regions-{rule}")), 256)
    }

    /// The bus for events of the organization's members, and the stack set of their spokes.
    pub fn members_bus(&self) -> String {
        self.stack.default_name("organization")
    }

    /// The trail, if the stack creates one.
    pub fn trail(&self, trail: &OwnTrail) -> String {
        trail
            .name
            .clone()
            .unwrap_or_else(|| self.stack.default_name("trail"))
    }

    /// The account that the stack's own trail belongs to, if that is not the stack's: an organization's trail is its
    /// management account's, whoever makes it.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-delegated-administrator.html>
    pub fn trail_owner(&self, trail: &OwnTrail) -> Option<&'a str> {
        self.organization_of(trail)?.management_account.as_deref()
    }

    /// The organization whose accounts the trail logs.
    pub fn organization_of(&self, trail: &OwnTrail) -> Option<&'a Organization> {
        self.stack.organization.as_ref().filter(|_| trail.organization)
    }

    /// ARN of the stack's trail, either its own or an existing one.
    pub fn trail_arn(&self, trail: &Trail) -> Text {
        match &trail.source {
            TrailSource::Existing(arn) if arn.starts_with("arn:") => arn.as_str().into(),
            TrailSource::Existing(name) => Text::arn("cloudtrail", format!("trail/{name}")),
            TrailSource::Own(own) => Text::arn("cloudtrail", format!("trail/{}", self.trail(own)))
                .of_account(self.trail_owner(own)),
        }
    }

    /// The function that keeps the trail logging.
    pub fn guard_function(&self, trail: &Trail) -> String {
        let name = || limited(self.stack.default_name("guard"), 64);
        trail.guard.name.clone().unwrap_or_else(name)
    }

    /// The log group that the trail writes its events to, for metric filters.
    pub fn trail_log_group(&self, logs: &TrailLogs) -> String {
        let name = || format!("/alertctl/{}/trail", self.stack.stack);
        logs.group.clone().unwrap_or_else(name)
    }

    /// A metric filter of the stack; its name marks the stack that owns it.
    pub fn metric_filter(&self, key: &str) -> String {
        format!("alertctl-{}.{key}", self.stack.stack)
    }

    /// The topic with this key.
    pub fn topic(&self, key: &str, topic: &Topic) -> String {
        let written = topic.written_name().map(str::to_owned);
        written.unwrap_or_else(|| self.stack.default_name(key))
    }

    /// Id of the statement in the relay's policy that lets this topic invoke it.
    pub fn topic_statement(&self, key: &str, topic: &Topic) -> String {
        limited(format!("alertctl-topic-{}", self.topic(key, topic)), 100)
    }

    /// ARN of the topic with this key, or the ARN that stands in place of a key. The checks of the stack file ensure that
    /// there is such a topic.
    pub fn topic_arn(&self, key: &str) -> Text {
        let Some(topic) = self.stack.topics.get(key) else {
            return match is_arn(key) {
                true => key.into(),
                false => Text::arn("sns", key),
            };
        };
        match topic.existing.as_deref().filter(|existing| is_arn(existing)) {
            Some(arn) => arn.into(),
            None => Text::arn("sns", self.topic(key, topic)),
        }
    }

    /// The alarm with this key.
    pub fn alarm(&self, key: &str, alarm: &Alarm) -> String {
        alarm.name.clone().unwrap_or_else(|| self.stack.default_name(key))
    }
}

/// The id, alias or ARN of a key as KMS takes it: an alias without its prefix gets it.
pub fn key_id(written: &str) -> String {
    let is_id = written.len() == 36 && written.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-');
    match is_id || is_arn(written) || written.starts_with("alias/") || written.starts_with("mrk-") {
        true => written.to_owned(),
        false => format!("alias/{written}"),
    }
}

/// A derived name within AWS's limit: a longer name is truncated and ends in a digest of the whole name.
pub(super) fn limited(name: String, limit: usize) -> String {
    if name.len() <= limit {
        return name;
    }
    let digest = crate::aws::secret::fingerprint(&name);
    format!("{}-{}", &name[..limit - 9], &digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_but_stay_apart() {
        let (one, two) = (
            limited("a".repeat(70) + "1", 64),
            limited("a".repeat(70) + "2", 64),
        );
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
        assert_eq!(limited("short".into(), 64), "short");
    }
}
