//! The hub of an organization: the bus on which its members' events arrive, the rules there, and the spokes that send them.

use std::collections::{BTreeMap, BTreeSet};

use super::Build;
use super::buses::{Buses, MEMBERS};
use super::function::Function;
use super::targets::{bare_target, for_relay};
use super::wiring::Wiring;
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::resource::eventbridge::event_bus::{self, EventbridgeEventBus};
use crate::resource::eventbridge::rule::{RuleState, Trigger};
use crate::resource::eventbridge::targets::Target;
use crate::resource::precondition::Precondition;
use crate::resource::sns::topic::SnsTopic;
use crate::resource::{NodeId, Ref};
use crate::stack::Stack;
use crate::stack::{DeadLetterQueue, Organization, alarms_of_members, dead_letter_alarms};

pub mod spoke;
mod spokes;

pub use spokes::target_key;

/// What the relay calls the source of the members' alarms.
const ALARMS_OF_MEMBERS: &str = "organization.alarms";

/// Allows the relay to look up the names of the members. Organizations answers only in its management account and to delegated
/// administrators; elsewhere messages show ids.
pub(super) fn may_name_accounts(stack: &Stack) -> Option<Statement> {
    let organization = stack.organization.as_ref().filter(|one| one.knows_names())?;
    // The first account in the ARN is the management account.
    let members = Text::global_arn_of_any("organizations", format!("account/{}/*", organization.id));
    Some(Statement::allow("NameAccounts", &["organizations:DescribeAccount"]).on(members))
}

impl Build<'_> {
    /// Adds the members' bus, and returns the rules on it. `wirings` are those of the stack's own rules.
    pub(super) fn hub(
        &mut self,
        relay: Option<(&Function, &[NodeId])>,
        topics: &BTreeMap<String, Ref<SnsTopic>>,
        wirings: &[Wiring],
        buses: &mut Buses,
    ) -> Vec<Wiring> {
        let stack = self.stack;
        let Some(organization) = stack.organization.as_ref().filter(|one| one.hears()) else {
            return Vec::new();
        };
        self.graph.require(Precondition::NamesOfMembers);
        let made = EventbridgeEventBus {
            name: self.names.members_bus(),
            description: Some(format!(
                "alertctl stack {}: events of the organization",
                stack.stack
            )),
            policy: Some(self.members_may_send(organization)),
            tags: self.tags::<EventbridgeEventBus>(MEMBERS),
        };
        buses.insert(MEMBERS.to_owned(), self.graph.add(MEMBERS, made));
        let heard = self
            .rules
            .iter()
            .filter(|rule| organization.forward.contains(&rule.origin));
        let heard: BTreeSet<_> = heard.map(|rule| rule.key.as_str()).collect();
        let on_bus = |wiring: &Wiring| Wiring {
            key: format!("organization.{}", wiring.key),
            regions: Vec::new(),
            bus: Some(MEMBERS.to_owned()),
            ..wiring.clone()
        };
        let rules = wirings
            .iter()
            .filter(|wiring| heard.contains(wiring.key.as_str()));
        let mut rules: Vec<_> = rules.map(on_bus).collect();
        rules.extend(self.alarms_of_members(organization, relay, topics));
        rules
    }

    /// Only accounts of the organization may send.
    /// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-example-policy-cross-account-custom-bus-source.html>
    fn members_may_send(&self, organization: &Organization) -> Policy {
        Policy::of([Statement::allow(event_bus::MEMBERS, &["events:PutEvents"])
            .anyone()
            .on(self.names.event_bus_arn(&self.names.members_bus()))
            .when("StringEquals", "aws:PrincipalOrgID", organization.id.as_str())])
    }

    /// One rule for each topic, as for alarms in other regions, and one for all channels.
    fn alarms_of_members(
        &self,
        organization: &Organization,
        relay: Option<(&Function, &[NodeId])>,
        topics: &BTreeMap<String, Ref<SnsTopic>>,
    ) -> Vec<Wiring> {
        let pattern = match organization.hears_alarms() {
            true => alarms_of_members(),
            false => dead_letter_alarms(self.stack),
        };
        let wiring = |to: Option<&str>, targets: Vec<Target>, after: Vec<NodeId>| {
            let what = to.map_or_else(|| "alarms".to_owned(), |to| format!("alarms.{to}"));
            Wiring {
                key: format!("organization.{what}"),
                name: self.names.default_rule(&format!("organization.{what}")),
                description: format!("alertctl stack {}: alarms of the organization", self.stack.stack),
                trigger: Trigger::Pattern(pattern.clone()),
                state: RuleState::Enabled,
                regions: Vec::new(),
                arrivals: String::new(),
                bus: Some(MEMBERS.to_owned()),
                targets,
                dead_letter_queue: DeadLetterQueue::Own,
                after,
            }
        };
        let mut wirings = Vec::new();
        for topic in self.topics_in(&organization.to) {
            let (targets, after) = self.targets_of_states(topic, relay, topics);
            wirings.push(wiring(Some(topic), targets, after));
        }
        let channels: Vec<_> = self.channels_in(&organization.to).collect();
        if let (Some((relay, permission)), false) = (relay, channels.is_empty()) {
            let target = Target {
                input: Some(for_relay(ALARMS_OF_MEMBERS, &channels)),
                ..bare_target(self.relay_target(), relay.function.arn())
            };
            wirings.push(wiring(None, vec![target], permission.to_vec()));
        }
        wirings.retain(|wiring| !wiring.targets.is_empty());
        wirings
    }
}

#[cfg(test)]
mod tests;
