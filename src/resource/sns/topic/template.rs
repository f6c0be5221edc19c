//! The topic in a CloudFormation template.

use serde_json::json;

use super::SnsTopic;
use crate::resource::Text;
use crate::resource::template::{Attribute, Declaration, Entry, Mark, Template, Templated};

impl Templated for SnsTopic {
    fn template(&self, node: &str, template: &Template) -> Entry {
        let Self {
            name,
            display_name,
            kms_key,
            policy,
            // They mark what alertctl itself subscribed.
            subscriptions: _,
            tags,
        } = self;
        let topic = Declaration::new("AWS::SNS::Topic")
            .arn(Attribute::Ref)
            .computed(template, Some(Text::arn("sns", name.as_str())))
            .set("TopicName", name.as_str())
            .set_some("DisplayName", display_name.as_deref())
            .set_some(
                "KmsMasterKeyId",
                kms_key.as_ref().map(|key| template.text(&key.arn())),
            )
            .tagged(template, tags);
        let policy = Declaration::beside("Policy", "AWS::SNS::TopicPolicy")
            .set("Topics", json!([Mark::Ref(node.to_owned()).to_string()]))
            .set("PolicyDocument", template.policy(policy));
        Entry::Own(vec![topic, policy])
    }
}
