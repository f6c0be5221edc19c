//! Creates a key, and deletes it again if another run was first.

use std::time::Duration;

use aws_sdk_kms::types::KeyMetadata;

use tokio::time::{Instant, sleep};

use super::change::listed;
use super::read::{day, describe};
use super::{ALIAS_TAG, KmsKey, Live};
use crate::aws::fault::{Fault, Result};
use crate::resource::Context;

/// The shortest time in days that KMS keeps a deleted key. It is enough for a key that has encrypted nothing.
const SHORTEST_WINDOW: i32 = 7;
/// How long the other run may take from claiming the stack to creating its key's alias.
const ALIAS: Duration = Duration::from_secs(10);

impl KmsKey {
    /// Sends CreateKey. Sends it again only if KMS says that it created no key, not after a lost answer.
    pub(super) async fn create_key(&self, cx: &Context<'_>) -> Result<KeyMetadata> {
        let policy = cx.policy(&self.policy)?;
        let kms = &cx.aws.connection.clients.kms;
        let request = kms
            .create_key()
            .description(&self.description)
            .policy(policy)
            .set_tags(Some(listed(&self.all_tags())));
        let created = cx.aws.call("kms:CreateKey", || request.clone().send());
        let answer = created.await.map_err(|fault| match fault.code.as_str() {
            "LimitExceededException" => fault.hint(
                "the account's quota of KMS keys in this region is used up: ask for more in Service Quotas, or \
                 delete keys",
            ),
            _ => fault,
        })?;
        let created = answer.key_metadata;
        created.ok_or_else(|| Fault::new("kms:CreateKey", "NoKey", "the response names no key"))
    }
}

/// Deletes a key that was just created and has encrypted nothing, once the stack's alias points to another key.
///
/// The other run may have found this key by its tags and used it: then the key stays.
pub(super) async fn take_back(live: &Live, cx: &Context<'_>) -> Result<Option<String>> {
    let Some(alias) = live.tags.get(ALIAS_TAG) else {
        return Ok(None);
    };
    let start = Instant::now();
    let target = loop {
        if let Some(key) = describe(cx.aws, alias).await? {
            break key.key_id;
        }
        if start.elapsed() > ALIAS {
            let text = format!("the key {} stays: the next apply uses or deletes it", live.id);
            return Ok(Some(text));
        }
        sleep(Duration::from_millis(250)).await;
    };
    if target == live.id {
        return Ok(None);
    }
    let request = cx.aws.connection.clients.kms.schedule_key_deletion();
    let request = request.key_id(&live.id).pending_window_in_days(SHORTEST_WINDOW);
    let answer = cx
        .aws
        .call("kms:ScheduleKeyDeletion", || request.clone().send())
        .await?;
    let when = answer.deletion_date().map(day).unwrap_or_default();
    Ok(Some(format!(
        "the key {} of this one, unused, is deleted on {when}",
        live.id
    )))
}
