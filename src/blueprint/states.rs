//! The states of alarms in other regions: events bring their changes to the stack's region.
//!
//! CloudWatch runs an alarm's actions only in the alarm's region, but sends every change of state to
//! EventBridge. So an alarm in another region has no actions. A rule in that region forwards its changes of
//! state to a bus in the stack's region, where one rule per topic does what the alarm's actions would do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Build;
use super::buses::{ARRIVALS, Buses};
use super::elsewhere::{has_readers, notified, region_of, text};
use super::function::Function;
use super::mail::mails;
use super::targets::{bare_target, for_relay};
use super::topics::is_subscribed;
use super::wiring::Wiring;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::eventbridge::rule::{RuleState, Trigger};
use crate::resource::eventbridge::targets::Target;
use crate::resource::sns::topic::SnsTopic;
use crate::resource::{NodeId, Ref};
use crate::stack::{DeadLetterQueue, MAX_PATTERN, unmuted_alarms};

/// The key for changes of state from other regions; no key in a stack file contains a dot.
const STATES: &str = "alarm.states";

impl Build<'_> {
    /// The rules that forward the changes of state of alarms in other regions.
    pub(super) fn states_forwarded(&self) -> Vec<Wiring> {
        let mut regions = BTreeMap::<&str, Vec<(String, bool)>>::new();
        let alarms = self.alarms.clone();
        for (key, alarm) in alarms.iter() {
            if let Some(region) = region_of(alarm, self.home) {
                let notifies = !notified(alarm).is_empty();
                let names = regions.entry(region).or_default();
                names.push((self.names.alarm(key, alarm), notifies));
            }
        }
        let mut wirings = Vec::new();
        for (region, names) in regions {
            // If no alarm notifies anybody, all are named, so that the forwarding rule still exists.
            let none = !names.iter().any(|(_, notifies)| *notifies);
            let names: Vec<_> = names
                .into_iter()
                .filter(|(_, notifies)| none || *notifies)
                .collect();
            let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
            for (part, pattern) in patterns(&names, &forwarded).into_iter().enumerate() {
                let key = numbered(STATES.to_owned(), part);
                wirings.push(Wiring {
                    name: self.names.default_rule(&key),
                    description: format!("alertctl stack {}: alarms of {region}", self.stack.stack),
                    trigger: Trigger::Pattern(pattern),
                    state: RuleState::Enabled,
                    regions: vec![region.to_owned()],
                    arrivals: STATES.to_owned(),
                    bus: None,
                    targets: Vec::new(),
                    dead_letter_queue: DeadLetterQueue::Own,
                    after: Vec::new(),
                    key,
                });
            }
        }
        wirings
    }

    /// The rules in the stack's region that notify the topics, and the bus for the forwarded events.
    pub(super) fn state_rules(
        &mut self,
        relay: Option<(&Function, &[NodeId])>,
        topics: &BTreeMap<String, Ref<SnsTopic>>,
        buses: &mut Buses,
    ) -> Vec<Wiring> {
        let bus = format!("{ARRIVALS}{STATES}");
        let made = EventbridgeEventBus {
            name: self.bus_name(Some(&bus)),
            description: Some(format!(
                "alertctl stack {}: alarms of other regions",
                self.stack.stack
            )),
            policy: None,
            tags: self.tags::<EventbridgeEventBus>(&bus),
        };
        buses.insert(bus.clone(), self.graph.add(&bus, made));
        let mut alike = BTreeMap::<_, Vec<String>>::new();
        let alarms = self.alarms.clone();
        for (key, alarm) in alarms.iter() {
            if region_of(alarm, self.home).is_some() {
                for (topic, states) in notified(alarm) {
                    let names = alike.entry((topic, states)).or_default();
                    names.push(self.names.alarm(key, alarm));
                }
            }
        }
        let mut wirings = Vec::new();
        for ((topic, states), names) in alike {
            let (targets, after) = self.targets_of_states(&topic, relay, topics);
            let said: Vec<_> = states.iter().map(|state| state.to_lowercase()).collect();
            for (part, pattern) in patterns(&names, &|names| of_states(names, &states))
                .into_iter()
                .enumerate()
            {
                let what = numbered(format!("alarm.{topic}.{}", said.join(".")), part);
                wirings.push(Wiring {
                    key: format!("{ARRIVALS}{what}"),
                    name: self.names.default_rule(&what),
                    description: format!(
                        "alertctl stack {}: alarms of other regions to {topic}",
                        self.stack.stack
                    ),
                    trigger: Trigger::Pattern(pattern),
                    state: RuleState::Enabled,
                    regions: Vec::new(),
                    arrivals: String::new(),
                    bus: Some(bus.clone()),
                    targets: targets.clone(),
                    dead_letter_queue: DeadLetterQueue::Own,
                    after: after.clone(),
                });
            }
        }
        wirings
    }

    /// A topic's channels get the event itself, its subscribers get a text, because nobody reads JSON in an
    /// email. If all subscribers are machines, they get the event, too. If the relay writes the topic's mails, the topic
    /// gets the event alone, as it gets the message of an alarm of this region.
    pub(super) fn targets_of_states(
        &self,
        topic: &str,
        relay: Option<(&Function, &[NodeId])>,
        topics: &BTreeMap<String, Ref<SnsTopic>>,
    ) -> (Vec<Target>, Vec<NodeId>) {
        let (mut targets, mut after) = (Vec::new(), Vec::new());
        let settings = &self.stack.topics[topic];
        let relay = relay.filter(|_| !mails(self.stack, topic));
        if is_subscribed(settings) {
            targets.push(Target {
                input: has_readers(self.stack, topic).then(|| text(self.stack)),
                ..bare_target(topic, self.names.topic_arn(topic))
            });
            after.extend(topics.get(topic).map(|topic| topic.id().clone()));
        }
        let channels: Vec<_> = self.channels_in(&settings.to).collect();
        if let (Some((relay, permission)), false) = (relay, channels.is_empty()) {
            targets.push(Target {
                input: Some(for_relay(topic, &channels)),
                ..bare_target(self.relay_target(), relay.function.arn())
            });
            after.extend(permission.iter().cloned());
        }
        (targets, after)
    }
}

/// Matches the changes of state of the alarms with these names, unless their actions are muted or suppressed.
fn forwarded(names: &[String]) -> Value {
    json!({
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "detail": unmuted_alarms(&json!(names)),
    })
}

fn of_states(names: &[String], states: &BTreeSet<&'static str>) -> Value {
    json!({
        "source": ["aws.cloudwatch"],
        "detail": { "alarmName": names, "state": { "value": states } },
    })
}

/// Splits `names` into as many patterns as EventBridge's limit requires.
fn patterns(names: &[String], pattern: &dyn Fn(&[String]) -> Value) -> Vec<Value> {
    let whole = pattern(names);
    if names.len() < 2 || whole.to_string().len() <= MAX_PATTERN {
        return vec![whole];
    }
    let (first, second) = names.split_at(names.len() / 2);
    [patterns(first, pattern), patterns(second, pattern)].concat()
}

/// The key of one of several parts.
fn numbered(key: String, part: usize) -> String {
    match part {
        0 => key,
        part => format!("{key}.{}", part + 1),
    }
}
