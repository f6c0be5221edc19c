//! The bus in a CloudFormation template.

use super::EventbridgeEventBus;
use crate::resource::Text;
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

impl Templated for EventbridgeEventBus {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            tags,
        } = self;
        Declaration::new("AWS::Events::EventBus")
            .arn(Attribute::Get("Arn"))
            .computed(template, Some(Text::arn("events", format!("event-bus/{name}"))))
            .set("Name", name.as_str())
            .set_some(
                "Description",
                description.as_deref().filter(|text| !text.is_empty()),
            )
            .tagged(template, tags)
            .into()
    }
}
