//! Changes an existing key, one call at a time.

use aws_sdk_kms::types::Tag;

use super::{ALIAS_TAG, FORMER_ALIAS_TAG, KmsKey, Live};
use crate::aws::fault::Result;
use crate::resource::{Context, Tags, tags};

impl KmsKey {
    pub(super) async fn put_tags(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        let mut wanted = self.all_tags();
        let former = live.tags.get(ALIAS_TAG).filter(|alias| **alias != self.alias);
        wanted.extend(former.map(|alias| (FORMER_ALIAS_TAG.to_owned(), alias.clone())));
        tags::sync(
            &live.tags,
            &wanted,
            async |remove| {
                let request = kms.untag_resource().key_id(&live.id);
                let request = request.set_tag_keys(Some(remove));
                cx.aws.call("kms:UntagResource", || request.clone().send()).await
            },
            async |put| {
                let request = kms.tag_resource().key_id(&live.id);
                let request = request.set_tags(Some(listed(&put)));
                cx.aws.call("kms:TagResource", || request.clone().send()).await
            },
        )
        .await
    }

    pub(super) async fn put_rotation(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        if self.rotation {
            let request = kms.enable_key_rotation().key_id(&live.id);
            let enabled = cx.aws.call("kms:EnableKeyRotation", || request.clone().send());
            enabled.await.map(drop)
        } else {
            let request = kms.disable_key_rotation().key_id(&live.id);
            let disabled = cx.aws.call("kms:DisableKeyRotation", || request.clone().send());
            disabled.await.map(drop)
        }
    }

    pub(super) async fn put_policy(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        let policy = cx.policy(&self.policy)?;
        let request = kms.put_key_policy().key_id(&live.id).policy(policy);
        cx.aws
            .call("kms:PutKeyPolicy", || request.clone().send())
            .await
            .map(drop)
    }
}

impl Live {
    /// Makes a key usable that is disabled or pending deletion.
    pub(super) async fn restore(&self, cx: &Context<'_>) -> Result<()> {
        let kms = &cx.aws.connection.clients.kms;
        // Whoever cancels the deletion, KMS may still see the old state for a while.
        cx.aws.memory.changed("kms");
        if self.pending() {
            let request = kms.cancel_key_deletion().key_id(&self.id);
            match cx
                .aws
                .call("kms:CancelKeyDeletion", || request.clone().send())
                .await
            {
                // Somebody else cancelled it in the meantime.
                Err(fault) if fault.says("KMSInvalidStateException", "is not pending deletion") => {}
                result => drop(result?),
            }
        }
        // A key whose deletion was cancelled is disabled.
        let request = kms.enable_key().key_id(&self.id);
        cx.aws
            .call("kms:EnableKey", || request.clone().send())
            .await
            .map(drop)
    }
}

pub(super) fn listed(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().tag_key(key).tag_value(value).build();
    tags.iter().flat_map(tag).collect()
}
