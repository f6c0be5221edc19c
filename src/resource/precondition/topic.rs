//! A topic that somebody else owns: whether it is there, and takes what the stack publishes.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use alertctl_relay::ArnParts;
use serde_json::Value;

use crate::aws::{Aws, Text, policy};
use crate::resource::sns::topic;
use crate::resource::{Access, Result};

pub(super) const ACCESS: &[Access] =
    &[
        Access::read(&["sns:GetTopicAttributes"], &["arn:{partition}:sns:{region}:*:*"])
            .because("an existing topic has any name, and may be in another account"),
    ];

pub(super) const ALARMS: &str = "cloudwatch.amazonaws.com";
pub(super) const RULES: &str = "events.amazonaws.com";

/// A topic that the stack publishes to without owning it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Literal or computed.
    pub arn: Text,
    pub named: Named,
    /// The region of who publishes, if it is not the stack's own.
    pub region: Option<String>,
}

/// How the stack file names a topic, and who of the stack publishes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By a key of `topics`, with `existing`.
    Key {
        key: String,
        by_alarms: bool,
        by_rules: bool,
    },
    /// By its ARN, in the `to` of these alarms and rules.
    Arn {
        alarms: BTreeSet<String>,
        rules: BTreeSet<String>,
        /// The key of the stack's own topic that has this name.
        own: Option<String>,
    },
}

impl Topic {
    /// What messages call it.
    pub(super) fn name(&self) -> String {
        match &self.named {
            Named::Key { key, .. } => key.clone(),
            // An ARN is literal.
            Named::Arn { .. } => self.arn.to_string(),
        }
    }

    /// The warning about this topic, if there is one.
    pub(super) async fn unmet(&self, aws: &Aws) -> Result<Option<String>> {
        let scope = aws.scope().await?;
        let arn = self.arn.fill_computed(scope).unwrap_or_default();
        let ArnParts { region, account, .. } = ArnParts::of(&arn);
        let here = self.region.as_ref().unwrap_or(&scope.region);
        if region != here {
            return Ok(Some(self.elsewhere(region, here)));
        }
        if account == scope.account
            && let Some(own) = self.own(&arn)
        {
            return Ok(Some(own));
        }
        let there = self.region.as_ref().map(|region| aws.at(region));
        let aws = there.as_deref().unwrap_or(aws);
        let read: Result<Rc<_>> = aws
            .once(format!("topic/{arn}"), async || {
                topic::attributes(aws, &arn).await
            })
            .await;
        let attributes = match read {
            // Another account that lets this one publish and subscribe need not let it read.
            Err(fault) if fault.denied() && account != scope.account => return Ok(None),
            result => result?,
        };
        Ok(match &*attributes {
            None => Some(self.missing(&arn)),
            Some(attributes) => self.shut(attributes, account != scope.account),
        })
    }

    fn elsewhere(&self, region: &str, here: &str) -> String {
        match &self.named {
            Named::Key { key, .. } => format!(
                "topic `{key}` is in {region}, and the stack in {here}: alarms cannot notify topics of other regions; \
                 correct `topics.{key}.existing`"
            ),
            Named::Arn { alarms, rules, .. } => format!(
                "topic `{}` is in {region}, and {} in {here}: neither alarms nor rules reach topics of other regions; \
                 name one of {here}",
                self.name(),
                listed(alarms, rules),
            ),
        }
    }

    /// Of the stack's own topic, the policy lets in whom the stack file sends there by its key.
    fn own(&self, arn: &str) -> Option<String> {
        let Named::Arn { alarms, rules, own } = &self.named else {
            return None;
        };
        let key = own.as_ref()?;
        Some(format!(
            "`{arn}` is the stack's own topic `{key}`, and its policy may not let in {}: write `{key}` instead of the ARN",
            listed(alarms, rules),
        ))
    }

    fn missing(&self, arn: &str) -> String {
        match &self.named {
            Named::Key { key, .. } => format!(
                "there is no topic `{arn}`: nothing that the stack sends to `{key}` arrives; correct \
                 `topics.{key}.existing`"
            ),
            Named::Arn { alarms, rules, .. } => format!(
                "there is no topic `{arn}`: notifications from {} do not arrive; correct the ARN, or create the topic",
                listed(alarms, rules)
            ),
        }
    }

    /// The warning about a topic that does not let in everybody who publishes there.
    fn shut(&self, attributes: &HashMap<String, String>, is_foreign: bool) -> Option<String> {
        let attribute = |name: &str| attributes.get(name).map(String::as_str);
        // Only a key of the account's own can let these services encrypt.
        // <https://docs.aws.amazon.com/sns/latest/dg/sns-enable-encryption-for-topic-sqs-queue-subscriptions.html>
        let aws_managed = attribute("KmsMasterKeyId").is_some_and(|id| id.ends_with("alias/aws/sns"));
        let policy = policy::parse(attribute("Policy").unwrap_or_default());
        let shut = |service: &str| aws_managed || !lets_publish(&policy, service, is_foreign);
        let (by_alarms, by_rules) = match &self.named {
            Named::Key {
                by_alarms, by_rules, ..
            } => (*by_alarms, *by_rules),
            Named::Arn { alarms, rules, .. } => (!alarms.is_empty(), !rules.is_empty()),
        };
        let (alarms, rules) = (by_alarms && shut(ALARMS), by_rules && shut(RULES));
        let services = [(alarms, ALARMS), (rules, RULES)];
        let services: Vec<_> = services
            .into_iter()
            .filter_map(|(shut, service)| shut.then_some(service))
            .collect();
        if services.is_empty() {
            return None;
        }
        let services = services.join(" and ");
        let (name, lost) = (self.name(), self.lost(alarms, rules));
        Some(match aws_managed {
            true => format!(
                "topic `{name}` is encrypted with AWS's own key, which {services} may not use: {lost}; its owner has to \
                 encrypt it with a key that lets them"
            ),
            false => format!(
                "the policy of topic `{name}` does not let {services} publish: {lost}; its owner has to allow \
                 `sns:Publish` to {services}"
            ),
        })
    }

    /// What is lost where the topic shuts out alarms, or rules.
    fn lost(&self, of_alarms: bool, of_rules: bool) -> String {
        match &self.named {
            Named::Key { .. } => {
                let who = [(of_alarms, "alarms"), (of_rules, "rules")];
                let who: Vec<_> = who
                    .into_iter()
                    .filter_map(|(shut, who)| shut.then_some(who))
                    .collect();
                format!("what the stack's {} send there is lost", who.join(" and "))
            }
            Named::Arn { alarms, rules, .. } => {
                let nobody = BTreeSet::new();
                let shut = |shut, who| if shut { who } else { &nobody };
                let who = listed(shut(of_alarms, alarms), shut(of_rules, rules));
                format!("notifications from {who} are lost")
            }
        }
    }
}

/// The names of alarms and rules, as a part of a sentence.
fn listed(alarms: &BTreeSet<String>, rules: &BTreeSet<String>) -> String {
    const MOST: usize = 3;
    let some = |what: &str, keys: &BTreeSet<String>| {
        let quoted = keys.iter().map(|key| format!("`{key}`"));
        let mut names: Vec<_> = quoted.take(MOST).collect();
        match keys.len() {
            0 => return None,
            more if more > MOST => names.push(format!("{} more", more - MOST)),
            _ => {}
        }
        let last = names.pop()?;
        Some(match names.is_empty() {
            true => format!("the {what} {last}"),
            false => format!("the {what}s {} and {last}", names.join(", ")),
        })
    };
    let parts: Vec<_> = [some("alarm", alarms), some("rule", rules)]
        .into_iter()
        .flatten()
        .collect();
    parts.join(" and ")
}

/// Whether a policy lets a service publish for this account; `is_foreign` if the topic is another's. Conditions are assumed to
/// hold, apart from the one that the policy of every new topic has, `AWS:SourceOwner` with the owner of the topic: EventBridge sends
/// no such key, and for alarms it is the account of the alarm.
fn lets_publish(policy: &Value, service: &str, is_foreign: bool) -> bool {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let allows = |statement: &Value| {
        let principal = &statement["Principal"];
        let anybody = |value: &Value| texts(value).any(|text| text == "*");
        let named = texts(&principal["Service"]).any(|text| text == service);
        let may = publishes(statement);
        let of_owner = statement["Condition"]
            .to_string()
            .to_lowercase()
            .contains("aws:sourceowner");
        let anybody = anybody(principal) || anybody(&principal["AWS"]);
        statement["Effect"] == "Allow"
            && may
            && (named || anybody && !(of_owner && (is_foreign || service == RULES)))
    };
    let denies = |statement: &Value| {
        let principal = &statement["Principal"];
        let all = texts(principal)
            .chain(texts(&principal["AWS"]))
            .any(|text| text == "*");
        let named = texts(&principal["Service"]).any(|text| text == service);
        statement["Effect"] == "Deny"
            && statement["Condition"].is_null()
            && (all || named)
            && publishes(statement)
    };
    statements.clone().any(allows) && !statements.into_iter().any(denies)
}

fn publishes(statement: &Value) -> bool {
    texts(&statement["Action"]).any(|action| {
        let action = action.to_lowercase();
        ["*", "sns:*", "sns:publish", "sns:pub*"].contains(&action.as_str())
    })
}

/// A text, or each of a list of texts.
pub(super) fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    list.iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests;
