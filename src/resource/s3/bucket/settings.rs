//! The settings of a bucket, which are read, compared and put one by one.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    TransitionDefaultMinimumObjectSize,
};

use super::{Aws, Changes, Context, Fields, Result};
use crate::aws::fault::found;

/// The id of our lifecycle rule. All other rules of a bucket are left alone.
pub(super) const EXPIRY: &str = "alertctl-expiry";
/// After how many days the parts of an unfinished upload are deleted.
pub(super) const INCOMPLETE_UPLOAD_DAYS: i32 = 7;

/// The settings of a bucket.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    /// No ACL and no policy can make anything in it public.
    public_access_blocked: bool,
    /// `AES256` or `aws:kms`.
    encryption: String,
    object_ownership: String,
    lifecycle: Vec<LifecycleRule>,
    /// It is not part of the rules, but is reset if it is not sent with them.
    minimum_size: Option<TransitionDefaultMinimumObjectSize>,
}

impl Settings {
    /// The settings that alertctl wants. Files expire after this many days.
    pub(super) fn wanted(expire_after_days: Option<i32>) -> Self {
        Self {
            public_access_blocked: true,
            encryption: ServerSideEncryption::Aes256.as_str().to_owned(),
            object_ownership: ObjectOwnership::BucketOwnerEnforced.as_str().to_owned(),
            lifecycle: expire_after_days.map(expiry).into_iter().collect(),
            minimum_size: None,
        }
    }

    pub(super) fn fields(&self, fields: Fields) -> Fields {
        let Self {
            public_access_blocked,
            encryption,
            object_ownership,
            lifecycle,
            minimum_size: _,
        } = self;
        let fields = fields
            .set("public_access_blocked", *public_access_blocked)
            .set("encryption", encryption.as_str())
            .set("object_ownership", object_ownership.as_str());
        let Some(rule) = lifecycle.iter().find(|rule| is_ours(rule)) else {
            return fields;
        };
        let prefix = rule.filter().and_then(|filter| filter.prefix());
        let noncurrent = rule.noncurrent_version_expiration();
        let uploads = rule.abort_incomplete_multipart_upload();
        fields
            .set_some("expiry.days", rule.expiration().and_then(|files| files.days()))
            .set_some(
                "expiry.noncurrent_days",
                noncurrent.and_then(|versions| versions.noncurrent_days()),
            )
            .set_some(
                "expiry.incomplete_upload_days",
                uploads.and_then(|uploads| uploads.days_after_initiation()),
            )
            .set("expiry.status", rule.status().as_str())
            .set_some("expiry.prefix", prefix.filter(|prefix| !prefix.is_empty()))
    }

    pub(super) async fn read(aws: &Aws, name: &str) -> Result<Self> {
        let s3 = &aws.connection.clients.s3;
        let access = async {
            let request = s3.get_public_access_block().bucket(name);
            let answer = found(
                aws.call("s3:GetBucketPublicAccessBlock", || request.clone().send())
                    .await,
            )?;
            let block = answer.and_then(|answer| answer.public_access_block_configuration);
            Ok(block.is_some_and(|block| block == blocked()))
        };
        let encryption = async {
            let request = s3.get_bucket_encryption().bucket(name);
            let answer = found(
                aws.call("s3:GetEncryptionConfiguration", || request.clone().send())
                    .await,
            )?;
            let configuration = answer.and_then(|answer| answer.server_side_encryption_configuration);
            let rule = configuration.and_then(|configuration| configuration.rules.into_iter().next());
            let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
            Ok(default.map_or("none".to_owned(), |default| {
                default.sse_algorithm.as_str().to_owned()
            }))
        };
        let ownership = async {
            let request = s3.get_bucket_ownership_controls().bucket(name);
            let answer = found(
                aws.call("s3:GetBucketOwnershipControls", || request.clone().send())
                    .await,
            )?;
            let controls = answer.and_then(|answer| answer.ownership_controls);
            let rule = controls.and_then(|controls| controls.rules.into_iter().next());
            Ok(rule.map_or("none".to_owned(), |rule| {
                rule.object_ownership.as_str().to_owned()
            }))
        };
        let lifecycle = async {
            let request = s3.get_bucket_lifecycle_configuration().bucket(name);
            found(
                aws.call("s3:GetLifecycleConfiguration", || request.clone().send())
                    .await,
            )
        };
        let (public_access_blocked, encryption, object_ownership, lifecycle) =
            futures::try_join!(access, encryption, ownership, lifecycle)?;
        let (lifecycle, minimum_size) = lifecycle.map_or((None, None), |answer| {
            (answer.rules, answer.transition_default_minimum_object_size)
        });
        Ok(Self {
            public_access_blocked,
            encryption,
            object_ownership,
            lifecycle: lifecycle.unwrap_or_default(),
            minimum_size,
        })
    }

    /// Puts the settings in `changes`. Returns the settings afterwards, including rules that others made.
    pub(super) async fn put(
        self,
        name: &str,
        live: &Self,
        changes: &Changes,
        cx: &Context<'_>,
    ) -> Result<Self> {
        let s3 = &cx.aws.connection.clients.s3;
        if changes.touch("public_access_blocked") {
            let request = s3.put_public_access_block().bucket(name);
            let request = request.public_access_block_configuration(blocked());
            cx.aws
                .call("s3:PutBucketPublicAccessBlock", || request.clone().send())
                .await?;
        }
        if changes.touch("encryption") {
            let request = s3.put_bucket_encryption().bucket(name);
            let request = request.server_side_encryption_configuration(sse_s3());
            cx.aws
                .call("s3:PutEncryptionConfiguration", || request.clone().send())
                .await?;
        }
        if changes.touch("object_ownership") {
            let request = s3.put_bucket_ownership_controls().bucket(name);
            let request = request.ownership_controls(owner_enforced());
            cx.aws
                .call("s3:PutBucketOwnershipControls", || request.clone().send())
                .await?;
        }
        let others = live.lifecycle.iter().filter(|rule| !is_ours(rule)).cloned();
        let settings = Self {
            lifecycle: others.chain(self.lifecycle.clone()).collect(),
            minimum_size: live.minimum_size.clone(),
            ..self
        };
        if changes.touch("expiry") {
            settings.put_lifecycle(name, cx).await?;
        }
        Ok(settings)
    }

    async fn put_lifecycle(&self, name: &str, cx: &Context<'_>) -> Result<()> {
        let s3 = &cx.aws.connection.clients.s3;
        // S3 refuses a configuration without rules.
        if self.lifecycle.is_empty() {
            let request = s3.delete_bucket_lifecycle().bucket(name);
            return cx
                .aws
                .call("s3:PutLifecycleConfiguration", || request.clone().send())
                .await
                .map(drop);
        }
        let rules = BucketLifecycleConfiguration::builder().set_rules(Some(self.lifecycle.clone()));
        let request = s3
            .put_bucket_lifecycle_configuration()
            .bucket(name)
            .lifecycle_configuration(rules.build().expect("the rules are set"))
            .set_transition_default_minimum_object_size(self.minimum_size.clone());
        cx.aws
            .call("s3:PutLifecycleConfiguration", || request.clone().send())
            .await
            .map(drop)
    }
}

#[cfg(test)]
impl Settings {
    pub(super) fn rules(&self) -> &[LifecycleRule] {
        &self.lifecycle
    }
}

fn is_ours(rule: &LifecycleRule) -> bool {
    rule.id() == Some(EXPIRY)
}

fn expiry(days: i32) -> LifecycleRule {
    let uploads = AbortIncompleteMultipartUpload::builder().days_after_initiation(INCOMPLETE_UPLOAD_DAYS);
    LifecycleRule::builder()
        .id(EXPIRY)
        .status(ExpirationStatus::Enabled)
        // The empty prefix covers the whole bucket.
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(days).build())
        .noncurrent_version_expiration(
            NoncurrentVersionExpiration::builder()
                .noncurrent_days(days)
                .build(),
        )
        .abort_incomplete_multipart_upload(uploads.build())
        .build()
        .expect("the status is set")
}

fn blocked() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build()
}

fn sse_s3() -> ServerSideEncryptionConfiguration {
    let default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256);
    let default = default.build().expect("the algorithm is set");
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default);
    ServerSideEncryptionConfiguration::builder()
        .rules(rule.build())
        .build()
        .expect("the rule is set")
}

fn owner_enforced() -> OwnershipControls {
    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::BucketOwnerEnforced);
    OwnershipControls::builder()
        .rules(rule.build().expect("the ownership is set"))
        .build()
        .expect("the rule is set")
}
