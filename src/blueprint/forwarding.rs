//! Forwards events from one bus to another: from other regions to the stack's region, and from the default bus
//! to the stack's own buses.

use std::collections::BTreeSet;

use serde_json::json;

use super::Build;
use super::buses::{ARRIVALS, Buses};
use super::roles::Role;
use super::targets::bare_target;
use super::wiring::Wiring;
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::resource::NodeId;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::eventbridge::rule::{EventbridgeRule, RuleState, Trigger};
use crate::resource::eventbridge::targets::{EventbridgeTargets, Target};
use crate::resource::iam::role_policy::IamRolePolicy;
use crate::stack::DeadLetterQueue;

/// The resources that forward events from another region to the stack's region.
pub(super) struct WayHome {
    role: Text,
    /// Tells later runs that the stack uses the region, so it exists before anything else there.
    lead: Vec<NodeId>,
    undelivered: Text,
    after: Vec<NodeId>,
}

impl Build<'_> {
    /// Moves the rule for its events from other regions to a separate bus. On a shared bus, an event that two
    /// rules forward would arrive twice, and each of the two rules would report it twice.
    pub(super) fn arrival(&mut self, wiring: &Wiring, buses: &mut Buses) -> Wiring {
        let key = arrivals(&wiring.arrivals);
        let bus = EventbridgeEventBus {
            name: self.bus_name(Some(&key)),
            description: Some(format!(
                "alertctl stack {}: {} from other regions",
                self.stack.stack, wiring.name
            )),
            policy: None,
            tags: self.tags::<EventbridgeEventBus>(&key),
        };
        buses.insert(key.clone(), self.graph.add(&key, bus));
        Wiring {
            regions: Vec::new(),
            bus: Some(key.clone()),
            key,
            ..wiring.clone()
        }
    }

    /// Events of AWS services arrive only on the default bus. A rule there forwards what a custom bus asks for.
    pub(super) fn forwarding_to_buses(&mut self) -> Vec<Wiring> {
        let mut wirings = Vec::new();
        for (key, bus) in &self.stack.buses {
            if bus.forward.is_empty() {
                continue;
            }
            let name = self.names.default_rule(&format!("to-{key}"));
            let arn = self.names.event_bus_arn(&self.names.event_bus(key, bus));
            let what = format!("to-{key}");
            let (role, after) =
                self.forwarding_role(&format!("bus.{key}"), &what, None, [name.as_str()], &arn);
            let reads = self
                .rules
                .iter()
                .filter(|rule| rule.rule.bus.as_deref() == Some(key));
            let read_only = reads.clone().any(|rule| rule.rule.include_read_only);
            wirings.push(Wiring {
                key: format!("bus.{key}"),
                description: format!("alertctl stack {}: hands on to bus {key}", self.stack.stack),
                trigger: Trigger::Pattern(json!({ "source": bus.forward })),
                state: match read_only {
                    true => RuleState::EnabledWithAllManagementEvents,
                    false => RuleState::Enabled,
                },
                regions: Vec::new(),
                arrivals: String::new(),
                bus: None,
                targets: vec![Target {
                    role_arn: Some(role),
                    ..bare_target("bus", arn)
                }],
                dead_letter_queue: DeadLetterQueue::Own,
                after: [
                    after,
                    vec![NodeId {
                        kind: "eventbridge-event-bus",
                        key: key.clone(),
                    }],
                ]
                .concat(),
                name,
            });
        }
        wirings
    }

    /// The same rule in another region. Its only target is its bus in the stack's region.
    pub(super) fn forwarding_home(&mut self, wiring: &Wiring, region: &str, way: &WayHome) {
        let key = format!("{}@{region}", wiring.key);
        let bus = NodeId {
            kind: "eventbridge-event-bus",
            key: arrivals(&wiring.arrivals),
        };
        let rule = self.graph.add_after(
            &key,
            EventbridgeRule {
                name: wiring.name.clone(),
                description: wiring.description.clone(),
                bus: None,
                trigger: wiring.trigger.clone(),
                state: wiring.state,
                tags: self.tags::<EventbridgeRule>(&key),
            },
            way.lead.clone(),
        );
        self.graph.add_after(
            key,
            EventbridgeTargets {
                rule,
                targets: vec![Target {
                    role_arn: Some(way.role.clone()),
                    dead_letter_queue: Some(way.undelivered.clone()),
                    ..bare_target(
                        "home",
                        self.names.event_bus_arn(&self.names.arrivals(&wiring.arrivals)),
                    )
                }],
            },
            [way.after.clone(), vec![bus]].concat(),
        );
    }

    /// What rules in `region` need to forward events: a queue, and a role. The role outlives the rules and
    /// tells later runs that the stack has resources there.
    pub(super) fn way_home(&mut self, region: &str, wirings: &[&Wiring]) -> WayHome {
        let names = wirings.iter().map(|wiring| wiring.name.as_str());
        let (key, what) = (format!("forward.{region}"), format!("forward-{region}"));
        let home = self.names.event_bus_arn(&self.names.arrivals("*"));
        let (role, mut after) = self.forwarding_role(&key, &what, Some(region), names, &home);
        let lead = after.clone();
        self.leads.insert(region.to_owned(), lead.clone());
        let queue = self.undelivered(Some(region), wirings.iter().copied(), lead.clone());
        after.push(queue.id().clone());
        WayHome {
            role,
            lead,
            undelivered: Text::arn_in(region, "sqs", self.names.rule_dead_letters()),
            after,
        }
    }

    /// A role that allows the rules called `names` to put events on the bus `to`, and nothing else.
    fn forwarding_role<'n>(
        &mut self,
        key: &str,
        what: &str,
        region: Option<&str>,
        names: impl IntoIterator<Item = &'n str>,
        to: &Text,
    ) -> (Text, Vec<NodeId>) {
        let role_name = self.names.role(what);
        let trust = Statement::allow("Rules", &["sts:AssumeRole"])
            .service("events.amazonaws.com")
            .when("StringEquals", "aws:SourceAccount", Text::account());
        let sources: BTreeSet<_> = names
            .into_iter()
            .map(|name| self.rule_arn(None, &self.named_or_prefix(name), region))
            .collect();
        let trust = sources
            .into_iter()
            .fold(trust, |trust, arn| trust.when("ArnLike", "aws:SourceArn", arn));
        let role = self.role(
            key,
            Role {
                name: role_name,
                description: format!("alertctl stack {}: forwards events", self.stack.stack),
                trust,
                region,
            },
        );
        let policy = self.graph.add(
            key,
            IamRolePolicy {
                role: role.clone(),
                name: "forward".to_owned(),
                policy: Policy::of([Statement::allow("Forward", &["events:PutEvents"]).on(to.clone())]),
            },
        );
        let after = vec![role.id().clone(), policy.id().clone()];
        (role.arn(), after)
    }
}

/// The key of the bus for the rule's events from other regions.
fn arrivals(key: &str) -> String {
    format!("{ARRIVALS}{key}")
}
