//! The rule in a CloudFormation template.

use super::EventbridgeRule;
use crate::resource::template::{Attribute, Declaration, Entry, Template, Templated};

impl Templated for EventbridgeRule {
    fn template(&self, _node: &str, template: &Template) -> Entry {
        let Self {
            name,
            description,
            bus,
            trigger,
            state,
            tags,
        } = self;
        let bus = bus.as_ref().map(|bus| template.reference(bus));
        let described = Some(description.as_str()).filter(|text| !text.is_empty());
        Declaration::new("AWS::Events::Rule")
            .arn(Attribute::Get("Arn"))
            .set("Name", name.as_str())
            .set_some("Description", described)
            .set_some("EventBusName", bus)
            .set_some("EventPattern", trigger.pattern().cloned())
            .set_some("ScheduleExpression", trigger.schedule())
            .set("State", state.to_sdk().as_str())
            .tagged(template, tags)
            .into()
    }
}
