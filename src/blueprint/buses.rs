//! The stack's own event buses, and how policies name the rules on a bus.

use std::collections::BTreeMap;

use super::Build;
use crate::aws::Text;
use crate::resource::Ref;
use crate::resource::cloudformation::stack::record;
use crate::resource::eventbridge::DEFAULT_BUS;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;

/// Prefix of the keys of buses for a rule's events from other regions; no key in a stack file contains a dot.
pub(super) const ARRIVALS: &str = "regions.";

/// The key of the members' bus.
pub(super) const MEMBERS: &str = record::BUS_KEY;

/// Custom event buses by key.
pub(super) type Buses = BTreeMap<String, Ref<EventbridgeEventBus>>;

impl Build<'_> {
    /// Adds the buses of the stack file.
    pub(super) fn buses(&mut self) -> Buses {
        let mut buses = Buses::new();
        for (key, bus) in &self.stack.buses {
            let made = self.graph.add(
                key,
                EventbridgeEventBus {
                    name: self.names.event_bus(key, bus),
                    description: bus.description.clone(),
                    policy: None,
                    tags: self.tags::<EventbridgeEventBus>(key),
                },
            );
            buses.insert(key.clone(), made);
        }
        buses
    }

    /// The bus and the names of rules on the buses for events from other regions. The names of these buses begin with the
    /// stack's prefix, and the `*` in an ARN also matches the `/` after the bus name.
    pub(super) fn arrivals_allowed_as(&self) -> (Option<String>, String) {
        (None, format!("{}*", self.stack.default_name("")))
    }

    /// `<stack>-*` for a rule with that prefix, otherwise its own name.
    pub(super) fn named_or_prefix(&self, name: &str) -> String {
        let prefix = self.stack.default_name("");
        match name.starts_with(&prefix) {
            true => format!("{prefix}*"),
            false => name.to_owned(),
        }
    }

    pub(super) fn bus_name(&self, key: Option<&str>) -> String {
        let Some(key) = key else {
            return DEFAULT_BUS.to_owned();
        };
        match (key.strip_prefix(ARRIVALS), self.stack.buses.get(key)) {
            _ if key == MEMBERS => self.names.members_bus(),
            (Some(rule), _) => self.names.arrivals(rule),
            (None, Some(bus)) => self.names.event_bus(key, bus),
            (None, None) => DEFAULT_BUS.to_owned(),
        }
    }

    /// The ARN of rules on a bus (`None`: the default one) in a region (`None`: the stack's own).
    pub(super) fn rule_arn(&self, bus: Option<&str>, name: &str, region: Option<&str>) -> Text {
        let resource = match bus {
            Some(bus) => format!("rule/{bus}/{name}"),
            None => format!("rule/{name}"),
        };
        match region {
            Some(region) => Text::arn_in(region, "events", resource),
            None => Text::arn("events", resource),
        }
    }
}
