//! The queue in a CloudFormation template.

use serde_json::json;

use super::{MAXIMUM_MESSAGE_SIZE, SqsQueue};
use crate::resource::Resource as _;
use crate::resource::template::{Attribute, Declaration, Entry, Mark, Template, Templated};

impl Templated for SqsQueue {
    fn template(&self, node: &str, template: &Template) -> Entry {
        let Self {
            name,
            retention_seconds,
            policy,
            redelivery,
            tags,
        } = self;
        let queue = Declaration::new("AWS::SQS::Queue")
            .arn(Attribute::Get("Arn"))
            .computed(template, self.arn())
            .set("QueueName", name.as_str())
            .set("MessageRetentionPeriod", *retention_seconds)
            .set("MaximumMessageSize", MAXIMUM_MESSAGE_SIZE)
            .set("SqsManagedSseEnabled", true);
        let queue = match redelivery {
            Some(redelivery) => queue.set("VisibilityTimeout", redelivery.visibility_seconds).set(
                "RedrivePolicy",
                json!({
                    "deadLetterTargetArn": template.text(&redelivery.dead_letter_queue),
                    "maxReceiveCount": redelivery.max_receive_count,
                }),
            ),
            None => queue,
        };
        let queue = queue.tagged(template, tags).holding();
        let policy = policy.as_ref().map(|policy| {
            Declaration::beside("Policy", "AWS::SQS::QueuePolicy")
                .set("Queues", json!([Mark::Ref(node.to_owned()).to_string()]))
                .set("PolicyDocument", template.policy(policy))
        });
        Entry::Own([queue].into_iter().chain(policy).collect())
    }
}
