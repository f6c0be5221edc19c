//! Sends samples into their paths.

use std::collections::BTreeMap;

use alertctl_relay::{TEST_ATTRIBUTE, TEST_HEADER, TEST_REASON, TEST_RESOURCE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Path, Way, event};
use crate::aws::fault::Result;
use crate::aws::{Aws, Scope, Text, http, invoke, notify};
use crate::operate::dead_letters::{Delivery, deliver};
use crate::resource::cloudwatch;
use crate::resource::eventbridge;
use crate::samples::Place;
use crate::stack::Stack;

/// Text that explains the message to a person who reads an email.
const TEXT: &str = "alertctl test: nothing happened. Somebody tries whether alerts arrive.";

/// Everything that is needed for sending.
pub struct Sender<'a> {
    pub aws: &'a Aws,
    pub scope: &'a Scope,
    pub stack: &'a Stack,
    /// Names of the stack's functions.
    pub functions: &'a [String],
    /// Method and URL of each endpoint that exists, by key.
    pub endpoints: BTreeMap<String, (String, String)>,
    /// The ARN of the stack's trail.
    pub trail: Option<String>,
    /// Returns the token for the endpoint with this key, and where it comes from.
    pub token: &'a dyn Fn(&str) -> (Option<SecretString>, String),
}

/// The result of sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// This service accepted it, for example `SNS`.
    To(&'static str),
    /// CloudWatch accepted it; `before` is the alarm's previous state.
    Alarm {
        name: String,
        /// The alarm's region, if that is not the stack's own.
        region: Option<String>,
        before: String,
    },
    /// It was not sent, for this reason.
    Skipped(String),
    /// It was refused, for this reason.
    Refused(String),
}

impl Sender<'_> {
    /// Sends a sample with this mark.
    pub async fn send(&self, path: &Path, mark: &str) -> Sent {
        let sent = match &path.way {
            Way::Alarm {
                name,
                region,
                notifies,
            } => {
                // An alarm in another region has no actions; rules in the stack's region replace them.
                let notifies = region.as_ref().map(|_| *notifies);
                self.alarm(name, region.as_deref(), notifies, mark).await
            }
            Way::Rule { name, bus, rewrites } => self.rule(name, bus, *rewrites, mark).await,
            Way::Topic { name } => self.topic(name, mark).await,
            Way::Endpoint { key } => Ok(self.endpoint(key, mark).await),
        };
        sent.unwrap_or_else(|fault| Sent::Refused(fault.to_string()))
    }

    async fn alarm(
        &self,
        name: &str,
        region: Option<&str>,
        notifies: Option<bool>,
        mark: &str,
    ) -> Result<Sent> {
        let there = region.map(|region| self.aws.at(region));
        let aws = there.as_deref().unwrap_or(self.aws);
        let Some(now) = cloudwatch::alarm::now(aws, name).await? else {
            return Ok(Sent::Refused(format!("there is no alarm `{name}`")));
        };
        if !now.actions_enabled {
            return Ok(Sent::Skipped("the alarm's actions are disabled".to_owned()));
        }
        if !notifies.unwrap_or_else(|| now.notifies_on.contains(&"ALARM")) {
            return Ok(Sent::Skipped(
                "the alarm notifies nobody when it goes off".to_owned(),
            ));
        }
        if now.state == "ALARM" {
            return Ok(Sent::Skipped(
                "the alarm is already in ALARM, so it cannot be set off".to_owned(),
            ));
        }
        if let Some(rule) = cloudwatch::alarm_mute_rule::muting(aws, name).await? {
            return Ok(Sent::Skipped(format!("the alarm is muted by `{rule}`")));
        }
        cloudwatch::alarm::set_state(aws, name, "ALARM", &format!("{TEST_REASON}{mark}")).await?;
        Ok(Sent::Alarm {
            name: name.to_owned(),
            region: region.map(str::to_owned),
            before: now.state,
        })
    }

    /// Restores the state of an alarm that this test set off, unless it has changed by itself.
    pub async fn restore(&self, name: &str, region: Option<&str>, before: &str, mark: &str) -> Result<()> {
        let there = region.map(|region| self.aws.at(region));
        let aws = there.as_deref().unwrap_or(self.aws);
        let now = cloudwatch::alarm::now(aws, name).await?;
        if now.is_none_or(|now| now.state != "ALARM") {
            return Ok(());
        }
        let reason = format!("{TEST_REASON}{mark}: over");
        cloudwatch::alarm::set_state(aws, name, before, &reason).await
    }

    async fn rule(&self, name: &str, bus: &str, rewrites: bool, mark: &str) -> Result<Sent> {
        let rules = eventbridge::rule::now(self.aws, bus).await?;
        let Some(rule) = rules.into_iter().find(|rule| rule.name == name) else {
            return Ok(Sent::Refused(format!("there is no rule `{name}` on bus `{bus}`")));
        };
        if !rule.enabled {
            return Ok(Sent::Skipped("the rule is disabled".to_owned()));
        }
        let Some(event) = self.event(&rule.pattern, mark).await? else {
            return Ok(Sent::Skipped("no sample event matches its pattern".to_owned()));
        };
        let of_aws = event["source"]
            .as_str()
            .is_some_and(|source| source.starts_with("aws."));
        if !of_aws && !rewrites {
            notify::put_event(self.aws, bus, &event).await?;
            return Ok(Sent::To("EventBridge"));
        }
        // Only AWS may put events of its services on a bus. So the rule's targets directly get what the rule
        // would send them.
        let targets = eventbridge::targets::now(self.aws, bus, name).await?;
        if targets.is_empty() {
            return Ok(Sent::Refused("the rule has no target".to_owned()));
        }
        for target in &targets {
            match deliver(target, &event, self.functions) {
                Ok(Delivery::Invoke { function, payload }) => {
                    invoke::invoke(self.aws, &function, &payload).await?;
                }
                Ok(Delivery::Publish { topic, message }) => {
                    let marked = [(TEST_ATTRIBUTE, mark)];
                    notify::publish(self.aws, &topic, None, &message, &marked).await?;
                }
                Err(why) => return Ok(Sent::Refused(why)),
            }
        }
        Ok(Sent::To("the rule's target"))
    }

    /// An event with the mark that the pattern matches according to EventBridge.
    async fn event(&self, pattern: &Value, mark: &str) -> Result<Option<Value>> {
        let place = Place {
            account: &self.scope.account,
            region: &self.scope.region,
            trail: self.trail.as_deref(),
        };
        for mut event in event::candidates(pattern, place) {
            let marked = json!(format!("{TEST_RESOURCE}{mark}"));
            match event["resources"].as_array_mut() {
                Some(resources) => resources.push(marked),
                None => event["resources"] = json!([marked]),
            }
            if notify::matches(self.aws, pattern, &event).await? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    async fn topic(&self, name: &str, mark: &str) -> Result<Sent> {
        let arn = Text::arn("sns", name)
            .fill_computed(self.scope)
            .unwrap_or_default();
        let marked = [(TEST_ATTRIBUTE, mark)];
        notify::publish(self.aws, &arn, Some("alertctl test"), TEXT, &marked).await?;
        Ok(Sent::To("SNS"))
    }

    async fn endpoint(&self, key: &str, mark: &str) -> Sent {
        let Some((method, url)) = self.endpoints.get(key) else {
            return Sent::Refused("it does not exist yet".to_owned());
        };
        let (token, origin) = (self.token)(key);
        let Some(token) = token else {
            return Sent::Skipped(format!("its token is not available: set {origin}"));
        };
        let digest = hex::encode(Sha256::digest(token.expose_secret().as_bytes()));
        let known = self
            .stack
            .endpoints
            .get(key)
            .is_some_and(|one| one.token.sha256.contains(&digest));
        if !known {
            return Sent::Skipped(format!("the token in {origin} is not this endpoint's"));
        }
        let method = if method == "ANY" { "POST" } else { method };
        let alert = json!({ "rule": "alertctl test", "message": TEXT });
        match http::send(method, url, &token, &[(TEST_HEADER, mark)], &alert.to_string()).await {
            Ok((200 | 202, _)) => Sent::To("the endpoint"),
            Ok((status, body)) => {
                let said: String = body.chars().filter(|c| !c.is_control()).take(200).collect();
                Sent::Refused(format!("the endpoint answers {status}: {said}"))
            }
            Err(why) => Sent::Refused(why),
        }
    }
}
