//! The bucket in a CloudFormation template.

use serde_json::json;

use super::S3Bucket;
use super::settings::{EXPIRY, INCOMPLETE_UPLOAD_DAYS};
use crate::resource::Text;
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

impl Templated for S3Bucket {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            expire_after_days,
            tags,
        } = self;
        let lifecycle = expire_after_days.map(|days| {
            json!({ "Rules": [{
                "Id": EXPIRY,
                "Status": "Enabled",
                "ExpirationInDays": days,
                "NoncurrentVersionExpiration": { "NoncurrentDays": days },
                "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": INCOMPLETE_UPLOAD_DAYS },
            }] })
        });
        Declaration::new("AWS::S3::Bucket")
            .arn(Attribute::Get("Arn"))
            .computed(template, Some(Text::bare_arn("s3", name.clone())))
            .set("BucketName", template.text(name))
            .set(
                "PublicAccessBlockConfiguration",
                json!({
                    "BlockPublicAcls": true,
                    "IgnorePublicAcls": true,
                    "BlockPublicPolicy": true,
                    "RestrictPublicBuckets": true,
                }),
            )
            .set(
                "BucketEncryption",
                json!({ "ServerSideEncryptionConfiguration": [
                    { "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } },
                ] }),
            )
            .set(
                "OwnershipControls",
                json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] }),
            )
            .set_some("LifecycleConfiguration", lifecycle)
            .tagged(template, tags)
            // As alertctl keeps a bucket with log files; CloudFormation could not delete it either.
            .kept()
            .into()
    }
}
