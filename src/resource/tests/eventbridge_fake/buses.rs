//! Event buses.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::operation::create_event_bus::CreateEventBusOutput;
use aws_sdk_eventbridge::operation::delete_event_bus::DeleteEventBusOutput;
use aws_sdk_eventbridge::operation::describe_event_bus::DescribeEventBusOutput;
use aws_sdk_eventbridge::operation::update_event_bus::UpdateEventBusOutput;
use aws_smithy_mocks::mock;

use super::{Fake, missing, read};

impl Fake {
    pub(super) fn bus_rules(&self) -> Vec<aws_smithy_mocks::Rule> {
        let script = &self.script;
        let (create, describe, update, delete) = (self.with(), self.with(), self.with(), self.with());
        vec![
            script.rule_or(
                "create-bus",
                mock!(Client::create_event_bus),
                |r| {
                    format!(
                        "{} {:?} tags={}",
                        r.name().unwrap(),
                        r.description(),
                        r.tags().len()
                    )
                },
                move |r| {
                    create(&|state| {
                        let name = r.name().unwrap();
                        if state.buses.contains_key(name) {
                            return Err(("ResourceAlreadyExistsException", format!("{name} exists")));
                        }
                        let arn = state.bus_arn(name);
                        let bus = DescribeEventBusOutput::builder()
                            .name(name)
                            .arn(&arn)
                            .set_description(r.description.clone());
                        state.buses.insert(name.to_owned(), bus.build());
                        state.tags.insert(arn.clone(), read(r.tags()));
                        Ok(CreateEventBusOutput::builder().event_bus_arn(arn).build())
                    })
                },
            ),
            script.rule_or(
                "bus",
                mock!(Client::describe_event_bus),
                |r| r.name().unwrap().to_owned(),
                move |r| describe(&|state| state.buses.get(r.name().unwrap()).cloned().ok_or_else(missing)),
            ),
            script.rule_or(
                "update-bus",
                mock!(Client::update_event_bus),
                |r| {
                    format!(
                        "{} {:?} {:?}",
                        r.name().unwrap(),
                        r.description(),
                        r.kms_key_identifier()
                    )
                },
                move |r| {
                    update(&|state| {
                        let bus = state.buses.get_mut(r.name().unwrap()).ok_or_else(missing)?;
                        bus.description = r.description.clone();
                        bus.kms_key_identifier = r.kms_key_identifier.clone();
                        Ok(UpdateEventBusOutput::builder().build())
                    })
                },
            ),
            script.rule_or(
                "delete-bus",
                mock!(Client::delete_event_bus),
                |r| r.name().unwrap().to_owned(),
                move |r| {
                    delete(&|state| {
                        let name = r.name().unwrap();
                        if state.rules.keys().any(|(bus, _)| bus == name) {
                            let text = "Event bus can't be deleted since it has rules.";
                            return Err(("ValidationException", text.into()));
                        }
                        state.buses.remove(name);
                        Ok(DeleteEventBusOutput::builder().build())
                    })
                },
            ),
        ]
    }
}
