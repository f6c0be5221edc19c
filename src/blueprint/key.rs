//! The stack's KMS key and its alias.

use super::Build;
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::resource::Ref;
use crate::resource::kms_alias::KmsAlias;
use crate::resource::kms_key::KmsKey;

/// The key of the stack in [`Build::graph`]; there is one a stack.
pub(super) const KEY: &str = "main";

impl Build<'_> {
    /// The key, when something in the stack is encrypted with it.
    pub(super) fn key(&mut self) -> Option<Ref<KmsKey>> {
        let encrypted_topics = self.stack.topics.values().any(|topic| topic.encrypted);
        if self.stack.channels.is_empty() && !encrypted_topics {
            return None;
        }
        let settings = &self.stack.key;
        let alias = self.names.key_alias();
        let description = format!("alertctl stack {}: webhooks and messages", self.stack.stack);
        let key = self.graph.add(
            KEY,
            KmsKey {
                alias: alias.clone(),
                description: settings.description.clone().unwrap_or(description),
                rotation: settings.rotation,
                deletion_window_days: settings.deletion_window_days,
                policy: policy(encrypted_topics),
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

/// Delegates to the account's IAM policies, where the relay's own role is granted decryption and nothing
/// else; alarms may use the key for encrypted topics.
fn policy(encrypted_topics: bool) -> Policy {
    let delegate = Statement::allow("DelegateToIam", &["kms:*"])
        .account_root()
        .on("*");
    // Without this an alarm's message to an encrypted topic is dropped, and only the alarm's history says so.
    let alarms = Statement::allow(
        "AlarmsToEncryptedTopics",
        &["kms:Decrypt", "kms:GenerateDataKey*"],
    )
    .service("cloudwatch.amazonaws.com")
    .on("*")
    .when("StringEquals", "aws:SourceAccount", Text::account());
    Policy::of([delegate].into_iter().chain(encrypted_topics.then_some(alarms)))
}
