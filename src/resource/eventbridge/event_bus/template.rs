//! The bus in a CloudFormation template.

use super::{EventbridgeEventBus, MEMBERS};
use crate::resource::Text;
use crate::resource::template::{Attribute, Declaration, Entry, Mark, Template, Templated};

impl Templated for EventbridgeEventBus {
    fn template(&self, node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            policy,
            tags,
        } = self;
        let bus = Declaration::new("AWS::Events::EventBus")
            .arn(Attribute::Get("Arn"))
            .computed(template, Some(Text::arn("events", format!("event-bus/{name}"))))
            .set("Name", name.as_str())
            .set_some(
                "Description",
                description.as_deref().filter(|text| !text.is_empty()),
            )
            .tagged(template, tags);
        let policy = policy.as_ref().map(|policy| {
            let policy = template.policy(policy);
            Declaration::beside("Policy", "AWS::Events::EventBusPolicy")
                .set("EventBusName", Mark::Ref(node.to_owned()).to_string())
                .set("StatementId", MEMBERS)
                .set("Statement", policy["Statement"][0].clone())
        });
        Entry::Own([bus].into_iter().chain(policy).collect())
    }
}
