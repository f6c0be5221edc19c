//! Changes a key that exists, one call at a time.

use aws_sdk_kms::types::Tag;

use super::{ALIAS_TAG, FORMER_ALIAS_TAG, KmsKey, Live};
use crate::aws::fault::{Fault, Result};
use crate::aws::wait;
use crate::resource::{Cx, Tags, tags};

impl KmsKey {
    pub(super) async fn put_tags(&self, live: &Live, cx: &Cx<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        let mut wanted = self.all_tags();
        let former = live.tags.get(ALIAS_TAG).filter(|alias| **alias != self.alias);
        wanted.extend(former.map(|alias| (FORMER_ALIAS_TAG.to_owned(), alias.clone())));
        let (put, remove) = tags::patch(&live.tags, &wanted);
        if !put.is_empty() {
            change(async || {
                let send = kms.tag_resource().key_id(&live.id);
                let send = send.set_tags(Some(listed(&put))).send();
                cx.aws.call("kms:TagResource", send).await.map(drop)
            })
            .await?;
        }
        if !remove.is_empty() {
            change(async || {
                let send = kms.untag_resource().key_id(&live.id);
                let send = send.set_tag_keys(Some(remove.clone())).send();
                cx.aws.call("kms:UntagResource", send).await.map(drop)
            })
            .await?;
        }
        Ok(())
    }

    pub(super) async fn put_rotation(&self, live: &Live, cx: &Cx<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        change(async || {
            if self.rotation {
                let send = kms.enable_key_rotation().key_id(&live.id).send();
                cx.aws.call("kms:EnableKeyRotation", send).await.map(drop)
            } else {
                let send = kms.disable_key_rotation().key_id(&live.id).send();
                cx.aws.call("kms:DisableKeyRotation", send).await.map(drop)
            }
        })
        .await
    }

    pub(super) async fn put_policy(&self, live: &Live, cx: &Cx<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        let policy = cx.policy(&self.policy)?;
        let passing = |fault: &Fault| unsettled(fault) || names_new_principal(fault);
        wait::retry(wait::PROPAGATION, passing, async || {
            let send = kms.put_key_policy().key_id(&live.id).policy(&policy).send();
            cx.aws.call("kms:PutKeyPolicy", send).await.map(drop)
        })
        .await
    }
}

impl Live {
    /// Makes a pending or disabled key usable.
    pub(super) async fn restore(&self, cx: &Cx<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        if self.pending() {
            let send = kms.cancel_key_deletion().key_id(&self.id).send();
            match cx.aws.call("kms:CancelKeyDeletion", send).await {
                // Somebody else cancelled it in the meantime.
                Err(fault) if fault.says("KMSInvalidStateException", "is not pending deletion") => {}
                result => drop(result?),
            }
        }
        // A key whose deletion was cancelled is disabled.
        change(async || {
            let send = kms.enable_key().key_id(&self.id).send();
            cx.aws.call("kms:EnableKey", send).await.map(drop)
        })
        .await
    }
}

/// Repeats a change while KMS does not know everywhere yet that the key was made, or enabled, a moment ago.
pub(super) async fn change(call: impl AsyncFnMut() -> Result<()>) -> Result<()> {
    wait::retry(wait::PROPAGATION, unsettled, call).await
}

fn unsettled(fault: &Fault) -> bool {
    fault.is(&["NotFoundException", "DisabledException"])
        || fault.says("KMSInvalidStateException", "is pending deletion")
}

/// KMS does not know yet a role that the policy names: "one or more invalid principals". Any other malformed
/// policy stays malformed.
pub(super) fn names_new_principal(fault: &Fault) -> bool {
    fault.says("MalformedPolicyDocumentException", "invalid principals")
}

pub(super) fn listed(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().tag_key(key).tag_value(value).build();
    tags.iter().flat_map(tag).collect()
}
