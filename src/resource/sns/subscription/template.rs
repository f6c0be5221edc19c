//! The subscription in a CloudFormation template.

use serde_json::json;

use super::{SnsSubscription, SubscribedTopic};
use crate::resource::template::{Declaration, Entry, Mark, Parameter, Template, Templated};

impl Templated for SnsSubscription {
    fn template(&self, node: &str, template: &Template) -> Entry {
        let Self {
            topic,
            protocol,
            endpoint,
            filter_policy,
            filter_policy_scope,
            raw_message_delivery,
            dead_letter_queue,
        } = self;
        let (topic, name) = match topic {
            SubscribedTopic::Own(topic) => (template.text(&topic.arn()), topic.name().to_owned()),
            SubscribedTopic::Existing(arn) => (template.text(arn), self.topic.name()),
        };
        let endpoint = match *protocol {
            // A URL may contain a token.
            "http" | "https" => {
                let parameter = template.parameter(&format!("endpoint of {node}"), |parameter| Parameter {
                    description: format!("URL that is subscribed to the topic {name}, as in the stack file"),
                    secret: true,
                    ..Parameter::named(parameter)
                });
                Mark::Parameter(parameter.name).to_string()
            }
            _ => template.text(endpoint),
        };
        let filter = filter_policy.clone().filter(|filter| *filter != json!({}));
        let scope = filter.as_ref().and(*filter_policy_scope);
        let queue = dead_letter_queue.as_ref();
        let queue = queue.map(|queue| json!({ "deadLetterTargetArn": template.text(queue) }));
        let declared = Declaration::new("AWS::SNS::Subscription")
            .set("TopicArn", topic)
            .set("Protocol", *protocol)
            .set("Endpoint", endpoint)
            .set_some("FilterPolicy", filter)
            .set_some("FilterPolicyScope", scope)
            .set("RawMessageDelivery", *raw_message_delivery)
            .set_some("RedrivePolicy", queue);
        match *protocol {
            "lambda" | "sqs" => declared,
            _ => declared.lost(
                "CloudFormation does not wait until a subscription is confirmed, and says that it is complete: whoever \
                 gets the message of SNS confirms it",
            ),
        }
        .into()
    }
}
