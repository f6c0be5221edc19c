//! The path of an alert through a stack: from the sources through the functions to the recipients.

use std::collections::BTreeMap;

use alertctl_relay::ArnParts;

use super::words::{address, matched, sort, watched};
use crate::blueprint::{Names, actions_route, is_mailed_by_relay};
use crate::output::picture::{Arrow, Part, Picture};
use crate::stack::{Alarm, AlarmPreset, Loaded, Stack, TrailSource, is_arn};

/// The columns of the picture, from left to right.
mod column {
    pub const ORIGIN: usize = 0;
    pub const SOURCE: usize = 1;
    /// Composite alarms, and functions that belong to one source.
    pub const SECOND: usize = 2;
    pub const TOPIC: usize = 3;
    pub const RELAY: usize = 4;
    pub const BUFFER: usize = 5;
    pub const NOTIFIED: usize = 6;
}

/// Id of the relay's box.
const RELAY: &str = "relay";

/// The picture of a stack, in the order of its file.
pub fn picture(loaded: &Loaded) -> Picture {
    let stack = &loaded.stack;
    let mut flow = Flow {
        stack,
        sections: loaded.sections(),
        names: Names::of(stack),
        picture: Picture {
            title: format!("stack {}", stack.stack),
            ..Picture::default()
        },
    };
    flow.trail();
    flow.buses();
    flow.rules();
    flow.alarms();
    flow.endpoints();
    flow.buttons();
    flow.monitoring();
    flow.topics();
    flow.channels();
    flow.picture
}

struct Flow<'a> {
    stack: &'a Stack,
    /// The keys of each section, in the file's order.
    sections: Vec<(String, Vec<String>)>,
    names: Names<'a>,
    picture: Picture,
}

impl Flow<'_> {
    /// The entries of a section, in the file's order.
    fn in_order<'b, T>(&self, name: &str, section: &'b BTreeMap<String, T>) -> Vec<(&'b String, &'b T)> {
        let written = self.sections.iter().find(|(other, _)| other == name);
        let place = |key: &str| written.and_then(|(_, keys)| keys.iter().position(|other| other == key));
        let mut entries: Vec<_> = section.iter().collect();
        entries.sort_by_key(|(key, _)| place(key));
        entries
    }

    fn trail(&mut self) {
        let Some(trail) = &self.stack.trail else { return };
        let (title, detail) = match &trail.source {
            TrailSource::Existing(name) => (name.clone(), Some("not the stack's own".to_owned())),
            TrailSource::Own(own) => (
                self.names.trail(own),
                own.multi_region.then(|| "all regions".to_owned()),
            ),
        };
        self.part("trail", "trail", title, detail, column::ORIGIN);
        if trail.keep_logging {
            let name = self.names.guard_function(trail);
            let detail = Some("starts it again".to_owned());
            self.part("guard", "guard function", name, detail, column::SECOND);
            self.arrow("trail", "guard", Some("StopLogging"), None);
            self.function_notifies("guard", &trail.to);
        }
    }

    fn buses(&mut self) {
        for (key, bus) in self.in_order("buses", &self.stack.buses) {
            let from = (!bus.forward.is_empty()).then(|| format!("gets {}", bus.forward.join(", ")));
            self.part(&id("bus", key), "bus", key.clone(), from, column::ORIGIN);
        }
    }

    fn rules(&mut self) {
        for (key, rule) in self.in_order("rules", &self.stack.rules) {
            let rule_id = id("rule", key);
            let sort = if rule.enabled { "rule" } else { "rule, off" };
            self.part(&rule_id, sort, key.clone(), Some(matched(rule)), column::SOURCE);
            if let Some(bus) = &rule.bus {
                self.arrow(&id("bus", bus), &rule_id, None, None);
            }
            for to in &rule.to {
                match self.strand(to) {
                    Some(strand) => self.arrow(&rule_id, RELAY, Some(to), Some(strand)),
                    None => {
                        let receiver = self.receiver(to);
                        self.arrow(&rule_id, &receiver, None, None);
                    }
                }
            }
        }
    }

    fn alarms(&mut self) {
        let expanded = self.stack.alarms_expanded();
        for (key, alarm) in self.in_order("alarms", &self.stack.alarms) {
            let alarm_id = id("alarm", key);
            let members = self.stack.alarms_muted(std::slice::from_ref(key));
            let members: Vec<&Alarm> = members.iter().filter_map(|member| expanded.get(member)).collect();
            let count = alarm.preset.map(|_| members.len());
            let (sort, column) = match (&alarm.rule, count) {
                (Some(_), _) => ("composite alarm".to_owned(), column::SECOND),
                (None, Some(count)) => (format!("alarms ({count})"), column::SOURCE),
                (None, None) => ("alarm".to_owned(), column::SOURCE),
            };
            let place = alarm.region.as_ref().map(|region| format!(", in {region}"));
            let detail = watched(alarm) + place.as_deref().unwrap_or_default();
            self.part(&alarm_id, &sort, key.clone(), Some(detail), column);
            let condition = alarm.rule.as_deref().map(|rule| self.stack.alarm_rule_keys(rule));
            for other in condition.unwrap_or_default() {
                self.between_alarms(&other, &alarm_id, None);
            }
            if let Some(suppressor) = &alarm.suppressor {
                self.between_alarms(&suppressor.alarm, &alarm_id, Some("silences"));
            }
            self.log_of(key, alarm);
            let to = members
                .iter()
                .flat_map(|member| &member.to)
                .map(|topic| (topic, None));
            let ok: Vec<_> = members.iter().flat_map(|member| member.on_ok()).collect();
            let ok = ok.iter().map(|topic| (topic, Some("OK")));
            let no_data = members.iter().flat_map(|member| &member.insufficient_data);
            let no_data = no_data.map(|topic| (topic, Some("no data")));
            for (topic, state) in to.chain(ok).chain(no_data) {
                let topic = self.receiver(topic);
                let known = |arrow: &Arrow| arrow.from == alarm_id && arrow.to == topic;
                if !self.picture.arrows.iter().any(known) {
                    self.arrow(&alarm_id, &topic, state, None);
                }
            }
        }
    }

    /// The part that a name in `to:` leads to, which is added if it is an ARN.
    fn receiver(&mut self, name: &str) -> String {
        if !is_arn(name) {
            return id("topic", name);
        }
        let arn = ArnParts::of(name);
        let part = id("arn", name);
        self.part(
            &part,
            arn.service,
            arn.resource.to_owned(),
            Some(name.to_owned()),
            column::NOTIFIED,
        );
        part
    }

    /// Adds an arrow from an alarm to a composite alarm; an alarm of a preset is shown as the preset.
    fn between_alarms(&mut self, other: &str, composite: &str, label: Option<&str>) {
        let keys = self.stack.alarm_keys(other);
        if let Some(key) = keys.iter().find(|key| self.stack.alarms.contains_key(*key)) {
            self.arrow(&id("alarm", key), composite, label, None);
        }
    }

    /// Adds the log group of an alarm's filter.
    fn log_of(&mut self, key: &str, alarm: &Alarm) {
        let group = alarm.filter.as_ref().and_then(|filter| filter.log_group.as_ref());
        let log = match group {
            Some(group) => {
                let log = id("log", group);
                self.part(&log, "log group", group.clone(), None, column::ORIGIN);
                log
            }
            None if alarm.filter.is_some() || alarm.preset.is_some_and(AlarmPreset::is_on_trail) => {
                "trail".to_owned()
            }
            None => return,
        };
        self.arrow(&log, &id("alarm", key), Some("log"), None);
    }

    fn endpoints(&mut self) {
        for (key, endpoint) in self.in_order("endpoints", &self.stack.endpoints) {
            let (source, function) = (id("endpoint", key), id("ingest", key));
            let route = endpoint.route(key).to_string();
            self.part(&source, "endpoint", key.clone(), Some(route), column::SOURCE);
            let name = self.names.ingest_function(key, endpoint);
            self.part(&function, "ingest function", name, None, column::SECOND);
            self.arrow(&source, &function, None, None);
            self.function_notifies(&function, &endpoint.to);
        }
    }

    /// The buttons of messages come back by an endpoint of the stack.
    fn buttons(&mut self) {
        let channels: Vec<_> = self.stack.with_buttons().cloned().collect();
        if channels.is_empty() {
            return;
        }
        let function = "actions";
        let name = self.names.actions_function();
        self.part(
            function,
            "actions function",
            name,
            Some(actions_route().to_string()),
            column::SECOND,
        );
        for channel in channels {
            self.arrow(&id("channel", &channel), function, Some("buttons"), None);
        }
    }

    fn monitoring(&mut self) {
        let Some(monitoring) = &self.stack.monitoring else {
            return;
        };
        let detail = Some("errors, dead letters".to_owned());
        self.part(
            "monitoring",
            "alarms",
            "monitoring".to_owned(),
            detail,
            column::SOURCE,
        );
        for topic in &monitoring.to {
            let receiver = self.receiver(topic);
            self.arrow("monitoring", &receiver, None, None);
        }
    }

    fn topics(&mut self) {
        for (key, topic) in self.in_order("topics", &self.stack.topics) {
            let topic_id = id("topic", key);
            self.part(
                &topic_id,
                "topic",
                key.clone(),
                Some(self.names.topic(key, topic)),
                column::TOPIC,
            );
            for subscription in &topic.subscriptions {
                let address = address(&subscription.endpoint);
                let endpoint_id = id(subscription.endpoint.protocol(), &address);
                self.part(
                    &endpoint_id,
                    subscription.endpoint.protocol(),
                    address,
                    None,
                    column::NOTIFIED,
                );
                let by_relay = is_mailed_by_relay(self.stack, key, subscription);
                self.arrow(if by_relay { RELAY } else { &topic_id }, &endpoint_id, None, None);
            }
            for channel in &topic.to {
                self.arrow(&topic_id, RELAY, Some(channel), self.strand(channel));
            }
        }
    }

    /// Adds the relay if something goes through it, and the channels.
    fn channels(&mut self) {
        if self.picture.arrows.iter().any(|arrow| arrow.to == RELAY) {
            self.part(
                RELAY,
                "relay function",
                self.names.function(),
                None,
                column::RELAY,
            );
        }
        for (key, channel) in self.in_order("channels", &self.stack.channels) {
            let strand = self.strand(key);
            let to = id("channel", key);
            let label = channel.title(key);
            let routes = match channel.routes.len() {
                0 => None,
                1 => Some("1 route".to_owned()),
                many => Some(format!("{many} routes")),
            };
            self.picture.part(Part {
                id: to.clone(),
                sort: sort(&channel.channel_type).to_owned(),
                title: label,
                detail: routes,
                column: Some(column::NOTIFIED),
                strand,
            });
            if !channel.channel_type.takes_alerts() {
                self.arrow(RELAY, &to, Some("heartbeat"), strand);
            }
            let entry = self.entry(key);
            if entry != to {
                let name = self.names.buffer(key);
                self.part(&entry, "buffer queue", name, None, column::BUFFER);
                self.arrow(&entry, &to, Some("relay"), strand);
            }
            let through = |arrow: &Arrow| arrow.to == RELAY && arrow.label.as_ref() == Some(key);
            if self.picture.arrows.iter().any(through) {
                self.arrow(RELAY, &entry, None, strand);
            }
        }
    }

    /// Adds arrows from a function other than the relay to its topics and, directly, to its channels.
    fn function_notifies(&mut self, function: &str, to: &[String]) {
        for to in to {
            match self.strand(to) {
                Some(strand) => self.arrow(function, &self.entry(to), None, Some(strand)),
                None => self.arrow(function, &id("topic", to), None, None),
            }
        }
    }

    /// The first stop on the way to a channel: its queue, or the channel itself.
    fn entry(&self, channel: &str) -> String {
        let buffered = self
            .stack
            .channels
            .get(channel)
            .is_some_and(|channel| channel.buffer.is_some());
        id(if buffered { "buffer" } else { "channel" }, channel)
    }

    /// A channel's colour; `None` if the key is not a channel.
    fn strand(&self, key: &str) -> Option<usize> {
        self.stack.channels.keys().position(|channel| channel == key)
    }

    fn part(&mut self, id: &str, sort: &str, title: String, detail: Option<String>, column: usize) {
        self.picture.part(Part {
            id: id.to_owned(),
            sort: sort.to_owned(),
            title,
            detail,
            column: Some(column),
            strand: None,
        });
    }

    fn arrow(&mut self, from: &str, to: &str, label: Option<&str>, strand: Option<usize>) {
        self.picture.arrow(Arrow {
            from: from.to_owned(),
            to: to.to_owned(),
            label: label.map(str::to_owned),
            strand,
        });
    }
}

fn id(section: &str, key: &str) -> String {
    format!("{section} {key}")
}
