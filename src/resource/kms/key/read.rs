//! Reads keys, and chooses the right one of several.

use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeySpec, KeyState, KeyUsageType, Tag};
use serde_json::Value;

use super::{Live, WINDOW_TAG};
use crate::aws::Aws;
use crate::aws::fault::{Result, found};
use crate::aws::policy;
use crate::aws::tags::NODE_TAG;
use crate::partition::Partition;
use crate::resource::{Health, Tags, Verdict};

impl Live {
    /// The part of a key that KMS describes. Policy, rotation and tags are read separately.
    pub(super) fn of(key: &KeyMetadata) -> Self {
        Self {
            id: key.key_id().to_owned(),
            arn: key.arn().unwrap_or_default().to_owned(),
            state: key.key_state().map_or("Unknown", KeyState::as_str).to_owned(),
            deletion_date: key.deletion_date().map(day),
            unusable: unusable(key),
            description: key.description().unwrap_or_default().to_owned(),
            rotation: false,
            policy: Value::Null,
            tags: Tags::new(),
        }
    }

    pub(super) fn pending(&self) -> bool {
        [KeyState::PendingDeletion, KeyState::PendingReplicaDeletion]
            .iter()
            .any(|state| state.as_str() == self.state)
    }

    pub(super) fn health(&self) -> Health {
        let (verdict, text) = match &self.deletion_date {
            Some(date) => (Verdict::Failed, format!("{} on {date}", self.state)),
            None if self.state == KeyState::Enabled.as_str() => (Verdict::Healthy, "enabled".to_owned()),
            None if self.state == KeyState::Creating.as_str() => (Verdict::Waiting, self.state.clone()),
            None => (Verdict::Failed, self.state.clone()),
        };
        let health = Health::new(verdict, text).with("key_state", self.state.as_str());
        health.with("deletion_date", self.deletion_date.clone())
    }

    /// How many days the key stays pending, if the tag has a value that KMS accepts.
    pub(super) fn window(&self) -> Option<i32> {
        let days = self.tags.get(WINDOW_TAG)?.parse().ok()?;
        (7..=30).contains(&days).then_some(days)
    }

    pub(super) fn is_owned(&self, aws: &Aws) -> bool {
        aws.owns(&self.tags)
    }

    pub(super) fn is_node(&self, aws: &Aws, node: &str) -> bool {
        self.is_owned(aws) && self.tags.get(NODE_TAG).is_some_and(|tag| tag == node)
    }
}

/// The best of several keys of one node: first the one that its alias points to, because it has encrypted the
/// existing secrets; then one that is not pending deletion; then the one that is deleted last.
pub(super) fn best<'a>(keys: impl Iterator<Item = &'a Live>, target: Option<&str>) -> Option<&'a Live> {
    keys.max_by_key(|live| {
        let aliased = Some(live.id.as_str()) == target;
        (aliased, !live.pending(), live.deletion_date.clone())
    })
}

/// Why a key cannot encrypt a stack's secrets, if no change of the key can fix that.
fn unusable(key: &KeyMetadata) -> Option<String> {
    let spec = key.key_spec().unwrap_or(&KeySpec::SymmetricDefault);
    let usage = key.key_usage().unwrap_or(&KeyUsageType::EncryptDecrypt);
    match key.key_state() {
        _ if key.key_manager() == Some(&KeyManagerType::Aws) => Some("AWS manages this key".to_owned()),
        _ if *spec != KeySpec::SymmetricDefault || *usage != KeyUsageType::EncryptDecrypt => Some(format!(
            "it is a key for {usage} with {spec}, not a symmetric encryption key"
        )),
        Some(KeyState::PendingImport) => Some("it has no key material yet".to_owned()),
        Some(KeyState::Unavailable) => Some("its key store is not available".to_owned()),
        _ => None,
    }
}

pub(super) async fn describe(aws: &Aws, key: &str) -> Result<Option<KeyMetadata>> {
    let request = aws.connection.clients.kms.describe_key().key_id(key);
    let answer = found(aws.call("kms:DescribeKey", || request.clone().send()).await)?;
    Ok(answer.and_then(|answer| answer.key_metadata))
}

/// The key behind an alias, cached: observing the key and its alias takes one call.
pub(in crate::resource) async fn aliased(aws: &Aws, alias: &str) -> Result<Option<KeyMetadata>> {
    let question = format!("the key behind {alias}");
    let key = aws.once(question, async || describe(aws, alias).await).await?;
    Ok((*key).clone())
}

/// Reads the key `id`. Its description is passed if it is already known.
pub(super) async fn read(aws: &Aws, id: String, described: Option<KeyMetadata>) -> Result<Option<Live>> {
    let kms = &aws.connection.clients.kms;
    let key = async {
        match described {
            Some(key) => Ok(Some(key)),
            None => describe(aws, &id).await,
        }
    };
    let policy = async {
        let request = kms.get_key_policy().key_id(&id).policy_name("default");
        found(aws.call("kms:GetKeyPolicy", || request.clone().send()).await)
    };
    let rotation = async {
        let request = kms.get_key_rotation_status().key_id(&id);
        match aws
            .call("kms:GetKeyRotationStatus", || request.clone().send())
            .await
        {
            // Keys that cannot rotate have no rotation status.
            Err(fault) if fault.is(&["UnsupportedOperationException"]) => Ok(None),
            result => found(result),
        }
    };
    let (key, policy, rotation, tags) = futures::try_join!(key, policy, rotation, tags_of(aws, &id))?;
    let (Some(key), Some(tags)) = (key, tags) else {
        return Ok(None);
    };
    let policy = policy.and_then(|answer| answer.policy).unwrap_or_default();
    Ok(Some(Live {
        rotation: rotation.is_some_and(|answer| answer.key_rotation_enabled()),
        policy: policy::parse_in(Partition::of_region(&aws.connection.region).id, &policy),
        tags,
        ..Live::of(&key)
    }))
}

pub(super) async fn tags_of(aws: &Aws, id: &str) -> Result<Option<Tags>> {
    let request = aws.connection.clients.kms.list_resource_tags().key_id(id);
    let answer = found(aws.call("kms:ListResourceTags", || request.clone().send()).await)?;
    let pair = |tag: &Tag| (tag.tag_key().to_owned(), tag.tag_value().to_owned());
    Ok(answer.map(|answer| answer.tags().iter().map(pair).collect()))
}

/// The date of a time in UTC, such as `2026-11-28`.
pub(super) fn day(time: &aws_sdk_kms::primitives::DateTime) -> String {
    let text = time.fmt(aws_sdk_kms::primitives::DateTimeFormat::DateTime);
    text.unwrap_or_default().chars().take(10).collect()
}

/// A key that somebody else owns.
pub struct Existing {
    pub arn: String,
    /// Why it cannot be used.
    pub unusable: Option<String>,
    /// Its policy document.
    pub policy: String,
}

/// The ARN of any key, by its id, alias or ARN. `None` if there is no such key.
pub async fn arn_of(aws: &Aws, key: &str) -> Result<Option<String>> {
    Ok(aliased(aws, key).await?.and_then(|found| found.arn))
}

/// Reads any key by its id, alias or ARN. `None` if there is no such key.
pub async fn existing(aws: &Aws, key: &str) -> Result<Option<Existing>> {
    let Some(found) = aliased(aws, key).await? else {
        return Ok(None);
    };
    let kms = &aws.connection.clients.kms;
    let request = kms.get_key_policy().key_id(&found.key_id).policy_name("default");
    let policy = aws.call("kms:GetKeyPolicy", || request.clone().send()).await?;
    let state = found.key_state.filter(|state| *state != KeyState::Enabled);
    Ok(Some(Existing {
        arn: found.arn.unwrap_or_default(),
        unusable: state.map(|state| state.as_str().to_owned()),
        policy: policy.policy.unwrap_or_default(),
    }))
}
