//! EventBridge rules: their patterns and targets.

use std::collections::{BTreeMap, BTreeSet};

use super::Build;
use super::buses::{Buses, MEMBERS};
use super::elsewhere::topics_notified;
use super::forwarding::WayHome;
use super::function::Function;
use super::mail::mails;
use super::reminders::reminds;
use super::targets::{by_arn, for_relay, input, target};
use super::wiring::Wiring;
use crate::aws::secret::fingerprint;
use crate::resource::eventbridge::DEFAULT_BUS;
use crate::resource::eventbridge::rule::{RuleState, Trigger};
use crate::resource::eventbridge::targets::{EventbridgeTargets, Target};
use crate::resource::lambda::permission::LambdaPermission;
use crate::resource::sns::topic::SnsTopic;
use crate::resource::{NodeId, Ref, Resource as _};
use crate::stack::{CompiledRule, DeadLetterQueue, Rule, What, is_arn};

/// The permissions for rules to invoke the relay, by the key of a bus, and the name or prefix of the rules on it.
type Permissions = BTreeMap<(Option<String>, String), Vec<NodeId>>;

impl Build<'_> {
    /// Adds every bus, and every rule with its targets. `topics` are the stack's topics by key.
    pub(super) fn rules(
        &mut self,
        relay: Option<&Function>,
        topics: &BTreeMap<String, Ref<SnsTopic>>,
        mut wirings: Vec<Wiring>,
    ) {
        let permissions = relay.map_or_else(BTreeMap::new, |relay| self.permissions(relay));
        let allowed = permissions.get(&self.arrivals_allowed_as()).map(Vec::as_slice);
        let rules = self.rules.clone();
        for rule in rules.iter() {
            wirings.push(self.wiring(rule, relay, topics, &permissions));
        }
        let mut buses = self.buses();
        let hub = self.hub(relay.zip(allowed), topics, &wirings, &mut buses);
        let arrivals: Vec<_> = wirings
            .iter()
            .filter(|wiring| !wiring.regions.is_empty())
            .map(|wiring| self.arrival(wiring, &mut buses))
            .collect();
        wirings.extend(arrivals);
        wirings.extend(hub);
        wirings.extend(self.forwarding_to_buses());
        let states = self.states_forwarded();
        if !states.is_empty() {
            wirings.extend(self.state_rules(relay.zip(allowed), topics, &mut buses));
        }
        if let Some(relay) = relay {
            let allowed = allowed.unwrap_or_default();
            wirings.extend(self.heartbeats(relay, allowed, topics));
            wirings.extend(self.reminding(relay, allowed));
        }
        if !wirings.is_empty() || !states.is_empty() {
            self.wire_all(wirings, &states, &buses);
        }
    }

    /// A rule of the stack file with its targets, and what its events need.
    fn wiring(
        &mut self,
        rule: &CompiledRule<'_>,
        relay: Option<&Function>,
        topics: &BTreeMap<String, Ref<SnsTopic>>,
        permissions: &Permissions,
    ) -> Wiring {
        let mut targets = Vec::new();
        let mut after = Vec::new();
        for topic in self.topics_in(&rule.rule.to) {
            targets.push(Target {
                input: rule.rule.input.as_ref().map(input),
                ..target(topic, self.names.topic_arn(topic), rule.rule)
            });
            after.extend(topics.get(topic).map(|topic| topic.id().clone()));
        }
        let others = rule.rule.to.iter().filter(|name| is_arn(name));
        targets.extend(others.map(|arn| by_arn(arn, rule.rule)));
        let channels: Vec<_> = self.channels_in(&rule.rule.to).collect();
        if let (Some(relay), false) = (relay, channels.is_empty()) {
            targets.push(Target {
                input: Some(for_relay(&rule.origin, &channels)),
                ..target(self.relay_target(), relay.function.arn(), rule.rule)
            });
            let allowed = self.all_allowed_as(rule);
            after.extend(allowed.iter().flat_map(|allowed| permissions[allowed].clone()));
        }
        for region in rule
            .regions
            .iter()
            .filter(|region| !rule.rule.regions.contains(region))
        {
            self.graph.hears(region, heard(rule));
        }
        Wiring {
            key: rule.key.clone(),
            name: rule.name.clone(),
            description: rule.description.clone(),
            trigger: Trigger::Pattern(rule.pattern.clone()),
            state: state(rule.rule),
            regions: rule.regions.clone(),
            arrivals: rule.key.clone(),
            bus: rule.rule.bus.clone(),
            targets,
            dead_letter_queue: rule.rule.dead_letter_queue.clone(),
            after,
        }
    }

    /// Adds rules and targets here, and what forwards to them from other regions; of `states`, only the latter.
    fn wire_all(&mut self, wirings: Vec<Wiring>, states: &[Wiring], buses: &Buses) {
        let parking: Vec<_> = wirings
            .iter()
            .filter(|wiring| wiring.dead_letter_queue == DeadLetterQueue::Own)
            .collect();
        let undelivered = (!parking.is_empty()).then(|| self.undelivered(None, parking, Vec::new()));
        let forwarding: Vec<_> = wirings.iter().chain(states).cloned().collect();
        let ways_home = self.ways_home(&forwarding);
        let targeted = wirings.len();
        let on_hub: Vec<_> = wirings
            .iter()
            .filter(|wiring| wiring.bus.as_deref() == Some(MEMBERS))
            .map(|wiring| targets_of(&wiring.key))
            .collect();
        for (index, wiring) in forwarding.into_iter().enumerate() {
            for region in &wiring.regions {
                self.forwarding_home(&wiring, region, &ways_home[region]);
            }
            if index < targeted {
                self.wire(wiring, buses, undelivered.as_ref());
            }
        }
        if let Some(hub) = buses.get(MEMBERS) {
            self.spokes(hub, &on_hub);
        }
    }

    /// What each other region needs to forward events to this one.
    fn ways_home(&mut self, forwarding: &[Wiring]) -> BTreeMap<String, WayHome> {
        let regions: BTreeSet<_> = forwarding.iter().flat_map(|wiring| &wiring.regions).collect();
        let ways = regions.into_iter().map(|region| {
            let here: Vec<_> = forwarding
                .iter()
                .filter(|wiring| wiring.regions.contains(region))
                .collect();
            (region.clone(), self.way_home(region, &here))
        });
        ways.collect()
    }

    /// The permissions for rules to invoke the relay: one for all rules with the stack's prefix on a bus, and
    /// one for each rule with a custom name. A function's policy is limited to 20 KB, which is about 50 rules.
    fn permissions(&mut self, relay: &Function) -> Permissions {
        let notified = self
            .rules
            .iter()
            .filter(|rule| self.channels_in(&rule.rule.to).next().is_some());
        let mut allowed: BTreeSet<_> = notified.flat_map(|rule| self.all_allowed_as(rule)).collect();
        let notified = topics_notified(self.stack, Some(self.home));
        let relayed = |topic: &String| !self.stack.topics[topic].to.is_empty() && !mails(self.stack, topic);
        let beats = self.stack.monitoring.as_ref();
        let beats = beats.is_some_and(|monitoring| monitoring.heartbeat.is_some());
        let hub = self.stack.organization.is_some();
        let by_prefix = beats || hub || reminds(self.stack) || notified.iter().any(relayed);
        allowed.extend(by_prefix.then(|| self.arrivals_allowed_as()));
        let mut permissions = BTreeMap::new();
        for (bus, names) in allowed {
            let at = bus.as_deref().unwrap_or(DEFAULT_BUS);
            let (key, statement_id) = match names.strip_suffix('*') {
                Some(_) => (format!("rules.{at}"), format!("alertctl-rules-{at}")),
                None => (format!("rule.{at}.{names}"), rule_statement(at, &names)),
            };
            let bus_name = bus.as_deref().map(|key| self.bus_name(Some(key)));
            let permission = self.graph.add_after(
                key,
                LambdaPermission {
                    function: relay.function.clone(),
                    statement_id: super::names::limited(statement_id, 100),
                    principal: "events.amazonaws.com",
                    source_arn: self.rule_arn(bus_name.as_deref(), &names, None),
                },
                relay.after.clone(),
            );
            permissions.insert((bus, names), vec![permission.id().clone()]);
        }
        permissions
    }

    /// All statements that a rule needs: its own, and that of what arrives from other regions.
    fn all_allowed_as(&self, rule: &CompiledRule<'_>) -> BTreeSet<(Option<String>, String)> {
        let arrives = (!rule.regions.is_empty()).then(|| self.arrivals_allowed_as());
        arrives.into_iter().chain([self.allowed_as(rule)]).collect()
    }

    /// The key of the rule's bus, and the name or prefix in the statement that covers the rule.
    fn allowed_as(&self, rule: &CompiledRule<'_>) -> (Option<String>, String) {
        (rule.rule.bus.clone(), self.named_or_prefix(&rule.name))
    }
}

/// The node of the targets of the rule with this key.
fn targets_of(key: &str) -> NodeId {
    NodeId {
        kind: EventbridgeTargets::KIND,
        key: key.to_owned(),
    }
}

/// The id of the statement for one rule. It must not contain a dot, but a rule's name may: a name that is
/// changed gets a digest as its suffix.
fn rule_statement(bus: &str, rule: &str) -> String {
    match rule.contains('.') {
        true => format!(
            "alertctl-rule-{bus}-{}-{}",
            rule.replace('.', "_"),
            &fingerprint(rule)[..8]
        ),
        false => format!("alertctl-rule-{bus}-{rule}"),
    }
}

/// How messages name a rule that needs a trail's events.
fn heard(rule: &CompiledRule<'_>) -> String {
    match &rule.rule.what {
        What::Preset(preset) => format!("the rule `{}` (`preset: {}`)", rule.origin, preset.as_str()),
        What::Services(_) | What::Pattern(_) => format!("the rule `{}`", rule.origin),
    }
}

fn state(rule: &Rule) -> RuleState {
    match (rule.enabled, rule.include_read_only) {
        (false, _) => RuleState::Disabled,
        (true, true) => RuleState::EnabledWithAllManagementEvents,
        (true, false) => RuleState::Enabled,
    }
}
