//! The key in a CloudFormation template.

use super::KmsKey;
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

impl Templated for KmsKey {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            // A resource of its own.
            alias: _,
            description,
            rotation,
            deletion_window_days,
            policy,
            tags: _,
        } = self;
        Declaration::new("AWS::KMS::Key")
            .arn(Attribute::Get("Arn"))
            .id(Attribute::Ref)
            .set("Description", description.as_str())
            .set("Enabled", true)
            .set("EnableKeyRotation", *rotation)
            .set("PendingWindowInDays", *deletion_window_days)
            .set("KeyPolicy", template.policy(policy))
            .tagged(template, &self.all_tags())
            .holding()
            .into()
    }
}
