//! Tests of a deployed stack: a marked sample through each of its paths, followed to Slack's answer.

use std::collections::BTreeSet;

use crate::blueprint::Names;
use crate::resource::eventbridge::DEFAULT_BUS;
use crate::stack::Stack;

mod event;
mod follow;
mod send;

pub use follow::{Probe, State, Verdict};
pub use send::{Sender, Sent};

/// A way by which something comes into a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// What it is called, such as `alarm/cpu`.
    pub name: String,
    pub way: Way,
    /// Keys of the channels where it ends.
    pub channels: BTreeSet<String>,
}

/// Where a sample goes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The alarm of this name goes off.
    Alarm { name: String },
    /// An event that this rule matches.
    Rule {
        name: String,
        bus: String,
        /// Its topics get a text of the rule's own, in which no mark is left.
        rewrites: bool,
    },
    /// A message to the topic of this name.
    Topic { name: String },
    /// An alert to the endpoint with this key.
    Endpoint { key: String },
}

/// Every path of a stack whose own region is `home`: its alarms, rules, topics and endpoints.
pub fn paths(stack: &Stack, home: &str) -> Vec<Path> {
    let names = Names::of(stack);
    let alarms = stack.alarms_expanded();
    // A composite alarm goes off only while those that it watches have not set it off.
    let (composites, others): (Vec<_>, Vec<_>) = alarms.iter().partition(|(_, alarm)| alarm.rule.is_some());
    let alarms = composites.into_iter().chain(others).map(|(key, alarm)| {
        let way = Way::Alarm {
            name: names.alarm(key, alarm),
        };
        path(stack, "alarm", key, way, &alarm.to)
    });
    let rules = stack.compiled_rules(home).into_iter().map(|rule| {
        let bus = rule.rule.bus.as_ref();
        let bus = bus.and_then(|key| Some(names.event_bus(key, stack.buses.get(key)?)));
        let way = Way::Rule {
            name: rule.name.clone(),
            bus: bus.unwrap_or_else(|| DEFAULT_BUS.to_owned()),
            rewrites: rule.rule.input.is_some(),
        };
        path(stack, "rule", &rule.key, way, &rule.rule.to)
    });
    let topics = stack.topics.iter().map(|(key, topic)| {
        let way = Way::Topic {
            name: names.topic(key, topic),
        };
        path(stack, "topic", key, way, std::slice::from_ref(key))
    });
    let endpoints = stack.endpoints.iter().map(|(key, endpoint)| {
        let way = Way::Endpoint { key: key.clone() };
        path(stack, "endpoint", key, way, &endpoint.to)
    });
    alarms.chain(rules).chain(topics).chain(endpoints).collect()
}

/// A path to channels, straight or through topics.
fn path(stack: &Stack, kind: &str, key: &str, way: Way, to: &[String]) -> Path {
    let through = to.iter().filter_map(|key| stack.topics.get(key));
    let told = to.iter().chain(through.flat_map(|topic| &topic.to));
    let channels = told.filter(|key| stack.channels.contains_key(*key));
    Path {
        name: format!("{kind}/{key}"),
        way,
        channels: channels.cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_a_path_to_its_channels() {
        let text = "
stack: mission
region: eu-west-1
channels:
  project: { webhook: { env: A } }
  oncall: { webhook: { env: B } }
topics:
  alerts: { to: [project] }
  mail: { subscriptions: [{ email: oncall@example.com }] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [alerts, mail] }
rules:
  audit: { services: { acm: all, ecs: all }, to: [oncall, alerts] }
endpoints:
  hook: { token: { sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 }, to: [mail] }
";
        let loaded = crate::stack::parse("stack.yaml", text).unwrap();
        let told: Vec<_> = paths(&loaded.stack, "eu-west-1")
            .into_iter()
            .map(|path| {
                let channels: Vec<_> = path.channels.into_iter().collect();
                format!("{} → {}", path.name, channels.join(" "))
            })
            .collect();
        assert_eq!(
            told,
            [
                "alarm/cpu → project",
                "rule/audit-acm → oncall project",
                "rule/audit-ecs → oncall project",
                "topic/alerts → project",
                "topic/mail → ",
                "endpoint/hook → ",
            ]
        );
    }
}
