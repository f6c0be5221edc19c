//! Alarms in other regions than the stack's own: events bring their changes of state to the stack's region.
//!
//! CloudWatch runs an alarm's actions only in the alarm's region, but sends every change of state to
//! EventBridge. So an alarm in another region has no actions. A rule in that region forwards its changes of
//! state to a bus in the stack's region, where one rule per topic does what the alarm's actions would do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Build;
use super::forwarding::ARRIVALS;
use super::function::Function;
use super::mail::mails;
use super::rules::{Buses, Wiring};
use super::targets::{bare_target, for_relay};
use super::topics::is_subscribed;
use crate::resource::eventbridge::event_bus::EventbridgeEventBus;
use crate::resource::eventbridge::rule::{RuleState, Trigger};
use crate::resource::eventbridge::targets::{Input, Target};
use crate::resource::sns::topic::SnsTopic;
use crate::resource::{NodeId, Ref};
use crate::stack::{Alarm, Endpoint, MAX_PATTERN, Stack, is_arn, unmuted_alarms};

/// The key for changes of state from other regions; no key in a stack file contains a dot.
const STATES: &str = "alarm.states";

/// The topics that an alarm notifies, each with the states for it.
fn notified(alarm: &Alarm) -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut notified = BTreeMap::<_, BTreeSet<_>>::new();
    // Like an alarm in the stack's region, an alarm with disabled actions notifies nobody.
    for (state, topics) in alarm.actions() {
        // What is named by its ARN is in the alarm's region, so the alarm runs it itself.
        let topics = topics.into_iter().filter(|name| !is_arn(name));
        for topic in topics.filter(|_| alarm.actions_enabled) {
            notified.entry(topic).or_default().insert(state);
        }
    }
    notified
}

/// The text that people read instead of CloudWatch's own message.
fn text(stack: &Stack) -> Input {
    let path = |name: &str, path: &str| (name.to_owned(), path.to_owned());
    Input::Transformer {
        paths: BTreeMap::from([
            path("name", "$.detail.alarmName"),
            path("state", "$.detail.state.value"),
            path("before", "$.detail.previousState.value"),
            path("reason", "$.detail.state.reason"),
            path("region", "$.region"),
            path("account", "$.account"),
            path("time", "$.time"),
        ]),
        template: format!(
            "\"<state>: alarm <name> in <region>, account <account>. It was <before> until <time>. Reason: <reason> {}\"",
            mark(stack)
        ),
    }
}

/// The end of such a text, by which subscription filters recognize it.
fn mark(stack: &Stack) -> String {
    format!("(alertctl stack {}, alarm in another region)", stack.stack)
}

/// An EventBridge pattern for these texts. A channel of such a topic does not need them, because it gets the
/// whole event.
pub(super) fn text_for_people(stack: &Stack) -> Value {
    json!({ "Message": [{ "wildcard": format!("*{}*", mark(stack)) }] })
}

/// The alarm's region, if it is not `home`, the stack's own region.
pub fn region_of<'a>(alarm: &'a Alarm, home: &str) -> Option<&'a str> {
    alarm.region.as_deref().filter(|region| *region != home)
}

/// The topics that alarms in other regions notify, and those of the organization's members; `home` may be unknown.
pub(super) fn topics_notified(stack: &Stack, home: Option<&str>) -> BTreeSet<String> {
    let home = home.or(stack.region.as_deref()).unwrap_or_default();
    let alarms = stack.alarms_expanded();
    let elsewhere = alarms.values().filter(|alarm| region_of(alarm, home).is_some());
    let members = stack
        .organization
        .iter()
        .flat_map(|organization| &organization.to);
    let members = members.filter(|to| stack.topics.contains_key(*to) && !stack.channels.contains_key(*to));
    let topics = elsewhere.flat_map(notified).map(|(topic, _)| topic);
    topics.chain(members.cloned()).collect()
}

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

/// Whether people subscribe to a topic and get what comes to it as it is. Of an existing topic, that is assumed.
fn has_readers(stack: &Stack, topic: &str) -> bool {
    if stack
        .topics
        .get(topic)
        .is_some_and(|topic| topic.existing.is_some())
    {
        return true;
    }
    let subscriptions = stack.topics.get(topic).map(|topic| &topic.subscriptions);
    let mut subscriptions = subscriptions.into_iter().flatten();
    subscriptions.any(|one| matches!(one.endpoint, Endpoint::Email(_))) && !mails(stack, topic)
}

/// The channels that get both the event and the text of an alarm in another region; they must not show the
/// text.
pub(super) fn channels_notified_twice(stack: &Stack) -> BTreeSet<String> {
    let topics = topics_notified(stack, None).into_iter();
    let topics = topics.filter(|topic| has_readers(stack, topic));
    topics
        .filter_map(|topic| stack.topics.get(&topic))
        .flat_map(|topic| topic.to.iter().cloned())
        .collect()
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
