//! The bucket policy in a CloudFormation template.

use super::S3BucketPolicy;
use crate::resource::template::{Declaration, Entry, Template, Templated};

impl Templated for S3BucketPolicy {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self { bucket, policy } = self;
        Declaration::new("AWS::S3::BucketPolicy")
            .set("Bucket", template.reference(bucket))
            .set("PolicyDocument", template.policy(policy))
            // A bucket that is kept stays protected.
            .kept()
            .into()
    }
}
