//! The stack's KMS key and its alias.

use super::Build;
use super::elsewhere::topics_notified;
use super::heartbeat::topics_with_heartbeat;
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::resource::Ref;
use crate::resource::kms::alias::KmsAlias;
use crate::resource::kms::key::KmsKey;
use crate::resource::precondition::Precondition;
use crate::stack::TrailSource;

/// The key's name in [`Build::graph`]; there is one per stack.
pub(super) const KEY: &str = "main";

impl Build<'_> {
    /// Adds the key if something in the stack is encrypted with it.
    pub(super) fn key(&mut self) -> Option<Ref<KmsKey>> {
        let stack = self.stack;
        if !stack.encrypts() {
            return None;
        }
        let encrypted = |key: &String| stack.topics.get(key).is_some_and(|topic| topic.encrypted);
        let uses = Uses {
            encrypted_topics: stack.topics.values().any(|topic| topic.encrypted),
            rules_to_encrypted_topics: self.rules.iter().any(|rule| rule.rule.to.iter().any(encrypted))
                || topics_notified(stack, Some(self.home)).iter().any(encrypted)
                || topics_with_heartbeat(stack).any(encrypted),
            trail: stack.trail.as_ref().and_then(|trail| match &trail.source {
                TrailSource::Own(own) if own.encrypted => {
                    Some((self.names.trail_arn(trail), self.names.trail_owner(own)))
                }
                _ => None,
            }),
        };
        let settings = &self.stack.key;
        if settings.existing.is_some() {
            return Some(self.existing_key(&uses));
        }
        let alias = self.names.key_alias();
        let description = format!("alertctl stack {}: addresses and messages", self.stack.stack);
        let key = self.graph.add(
            KEY,
            KmsKey {
                alias: alias.clone(),
                description: settings.description.clone().unwrap_or(description),
                rotation: settings.rotation,
                deletion_window_days: settings.deletion_window_days,
                policy: policy(&uses),
                tags: self.tags::<KmsKey>(KEY),
            },
        );
        self.graph.add(
            KEY,
            KmsAlias {
                name: alias,
                key: key.clone(),
            },
        );
        Some(key)
    }
}

impl Build<'_> {
    /// A key of somebody else, and what the stack relies on in it.
    fn existing_key(&mut self, uses: &Uses<'_>) -> Ref<KmsKey> {
        let name = self.names.key();
        self.graph.require(Precondition::Key {
            key: name.clone(),
            by_alarms: uses.encrypted_topics,
            by_rules: uses.rules_to_encrypted_topics,
            by_trail: uses.trail.is_some(),
        });
        self.graph.given("existing", name, self.key_arn)
    }
}

/// Which AWS services use the key themselves.
struct Uses<'s> {
    encrypted_topics: bool,
    rules_to_encrypted_topics: bool,
    /// ARN of the trail whose log files are encrypted with the key, and the account that owns it, if another.
    trail: Option<(Text, Option<&'s str>)>,
}

/// Delegates to the account's IAM policies, which allow the functions' roles to decrypt and nothing else.
/// Besides that, only AWS services may use the key, each for its purpose.
fn policy(uses: &Uses<'_>) -> Policy {
    let delegate = Statement::allow("DelegateToIam", &["kms:*"])
        .account_root()
        .on("*");
    let for_topics = |sid, service| {
        Statement::allow(sid, &["kms:Decrypt", "kms:GenerateDataKey*"])
            .service(service)
            .on("*")
    };
    // Without these permissions a message to an encrypted topic is dropped, and only the alarm's history shows
    // it.
    let alarms = uses.encrypted_topics.then(|| {
        for_topics("AlarmsToEncryptedTopics", "cloudwatch.amazonaws.com").when(
            "StringEquals",
            "aws:SourceAccount",
            Text::account(),
        )
    });
    // EventBridge sends neither aws:SourceArn nor aws:SourceAccount here, so a condition on either would deny
    // everything.
    let rules = uses
        .rules_to_encrypted_topics
        .then(|| for_topics("RulesToEncryptedTopics", "events.amazonaws.com"));
    let trail = uses.trail.iter().flat_map(trail_statements);
    Policy::of([delegate].into_iter().chain(alarms).chain(rules).chain(trail))
}

/// Source: AWS CloudTrail User Guide, "Configure AWS KMS key policies for CloudTrail".
fn trail_statements((trail, owner): &(Text, Option<&str>)) -> [Statement; 2] {
    let allow = |sid, action| {
        Statement::allow(sid, &[action])
            .service("cloudtrail.amazonaws.com")
            .on("*")
            .when("StringEquals", "aws:SourceArn", trail.clone())
    };
    let any_trail = Text::arn_in("*", "cloudtrail", "trail/*").of_account(*owner);
    [
        allow("CloudTrailEncrypts", "kms:GenerateDataKey*").when(
            "StringLike",
            "kms:EncryptionContext:aws:cloudtrail:arn",
            any_trail,
        ),
        allow("CloudTrailLooks", "kms:DescribeKey"),
    ]
}
