//! Tests of a deployed stack: sends a marked sample through each of its paths and follows it until the service's
//! response.

use std::collections::BTreeSet;

use crate::blueprint::{Names, region_of};
use crate::resource::eventbridge::DEFAULT_BUS;
use crate::stack::Stack;

mod event;
mod follow;
mod reach;
mod send;

pub use follow::{Probe, State, Verdict};
pub use reach::{Reach, Receiver};
pub use send::{Sender, Sent};

/// A path through a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Its name, such as `alarm/cpu`.
    pub name: String,
    pub way: Way,
    /// Keys of the channels at its end.
    pub channels: BTreeSet<String>,
    /// Who receives a sample, including email and other subscribers.
    pub reach: Reach,
    /// Equal for paths that differ only in their start, such as alarms that notify the same topics.
    pub alike: String,
}

/// Where a sample enters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// The alarm of this name goes off.
    Alarm {
        name: String,
        /// Its region, if that is not the stack's own; rules in the stack's region then replace its actions.
        region: Option<String>,
        /// Whether it notifies anybody.
        notifies: bool,
    },
    /// An event that this rule matches.
    Rule {
        name: String,
        bus: String,
        /// Its topics get the rule's own text, which does not contain the mark.
        rewrites: bool,
    },
    /// A message to the topic with this name.
    Topic { name: String },
    /// An alert to the endpoint with this key.
    Endpoint { key: String },
}

/// Every path of a stack whose own region is `home`: its alarms, rules, topics and endpoints.
pub fn paths(stack: &Stack, home: &str) -> Vec<Path> {
    let names = Names::of(stack);
    let alarms = stack.alarms_expanded();
    // Composite alarms come first: once an alarm that they watch has set them off, they cannot be set off
    // again.
    let (composites, others): (Vec<_>, Vec<_>) = alarms.iter().partition(|(_, alarm)| alarm.rule.is_some());
    let alarms = composites.into_iter().chain(others).map(|(key, alarm)| {
        let way = Way::Alarm {
            name: names.alarm(key, alarm),
            region: region_of(alarm, home).map(str::to_owned),
            notifies: !alarm.to.is_empty(),
        };
        let mut path = path(stack, "alarm", key, way, &alarm.to);
        // Afterwards the alarm returns to its previous state, which it reports as well.
        let ok = alarm.on_ok();
        path.reach.merge(&Reach::of(stack, &ok));
        let sort = if alarm.rule.is_some() {
            "composite"
        } else {
            "metric"
        };
        // An alarm in another region uses a different path than one in the stack's region.
        let place = region_of(alarm, home).unwrap_or_default();
        path.alike = format!("alarm {sort} {place} {} {}", sorted(&alarm.to), sorted(&ok));
        path
    });
    let rules = stack.compiled_rules(home).into_iter().map(|rule| {
        let bus = rule.rule.bus.as_ref();
        let bus = bus.and_then(|key| Some(names.event_bus(key, stack.buses.get(key)?)));
        let way = Way::Rule {
            name: rule.name.clone(),
            bus: bus.unwrap_or_else(|| DEFAULT_BUS.to_owned()),
            rewrites: rule.rule.input.is_some(),
        };
        Path {
            alike: format!("rule {}", rule.origin),
            ..path(stack, "rule", &rule.key, way, &rule.rule.to)
        }
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

/// A path to channels, directly or through topics; it is not equal to any other path.
fn path(stack: &Stack, kind: &str, key: &str, way: Way, to: &[String]) -> Path {
    let reach = Reach::of(stack, to);
    let channels = reach.iter().filter_map(|(receiver, _)| match receiver {
        Receiver::Channel { key, .. } => Some(key.clone()),
        _ => None,
    });
    let name = format!("{kind}/{key}");
    Path {
        alike: name.clone(),
        channels: channels.collect(),
        name,
        way,
        reach,
    }
}

fn sorted(keys: &[String]) -> String {
    let keys: BTreeSet<_> = keys.iter().map(String::as_str).collect();
    keys.into_iter().collect::<Vec<_>>().join(",")
}

/// A path to try, and alternatives to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    pub path: Path,
    /// Equal paths. The next one is tried if this one is not possible, for example because the alarm is already
    /// in ALARM.
    pub others: Vec<Path>,
}

impl Trial {
    /// A trial for each path.
    pub fn each(paths: Vec<Path>) -> Vec<Self> {
        let alone = |path| Self {
            path,
            others: Vec::new(),
        };
        paths.into_iter().map(alone).collect()
    }

    /// One trial for all paths that are equal, in the order of the file.
    pub fn distinct(paths: Vec<Path>) -> Vec<Self> {
        let mut trials: Vec<Self> = Vec::new();
        for path in paths {
            match trials.iter_mut().find(|trial| trial.path.alike == path.alike) {
                Some(trial) => trial.others.push(path),
                None => trials.extend(Self::each(vec![path])),
            }
        }
        trials
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_into_the_same_topics_are_one_path() {
        let alarm = |key: &str, more: &str| {
            format!(
                "  {key}: {{ metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', {more} \
                 }}\n"
            )
        };
        let text = format!(
            "stack: a\nregion: eu-west-1\nchannels: {{ ops: {{ webhook: {{ env: A }} }} }}\ntopics:\n  one: {{ to: [ops], \
             subscriptions: [{{ email: a@example.com }}] }}\n  two: {{ to: [ops] }}\nalarms:\n{}{}{}{}{}",
            alarm("a", "to: [one]"),
            alarm("b", "to: [one]"),
            alarm("c", "to: [two, one]"),
            alarm("d", "to: [one, two]"),
            alarm("e", "to: [one], ok: false"),
        );
        let paths = paths(
            &crate::stack::parse("stack.yaml", &text).unwrap().stack,
            "eu-west-1",
        );
        let trials = Trial::distinct(paths.clone());
        let names: Vec<_> = trials.iter().map(|trial| trial.path.name.as_str()).collect();
        assert_eq!(names, ["alarm/a", "alarm/c", "alarm/e", "topic/one", "topic/two"]);
        assert_eq!(trials[0].others.len(), 1);
        // Slack and email each time, and once more for the OK of all alarms but the last.
        let count = Reach::of_all(trials.iter().map(|trial| &trial.path)).messages();
        assert_eq!(
            (count, Reach::of_all(&paths).messages()),
            (4 + 6 + 2 + 2 + 1, 4 + 4 + 6 + 6 + 2 + 2 + 1)
        );
    }

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
        let descriptions: Vec<_> = paths(&loaded.stack, "eu-west-1")
            .into_iter()
            .map(|path| {
                let channels: Vec<_> = path.channels.into_iter().collect();
                format!("{} → {}", path.name, channels.join(" "))
            })
            .collect();
        let paths = paths(&loaded.stack, "eu-west-1");
        let reach: Vec<_> = paths.iter().map(|path| path.reach.messages()).collect();
        // Two topics with a channel and an address, on ALARM and OK; the rule's channel and topic, twice; the rest.
        assert_eq!(reach, [4, 2, 2, 1, 1, 1]);
        let distinct = Trial::distinct(paths);
        let names: Vec<_> = distinct.iter().map(|trial| trial.path.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "alarm/cpu",
                "rule/audit-acm",
                "topic/alerts",
                "topic/mail",
                "endpoint/hook"
            ]
        );
        assert_eq!(distinct[1].others[0].name, "rule/audit-ecs");
        assert_eq!(
            descriptions,
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
