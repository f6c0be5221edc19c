//! Mutes: an alarm mute rule in each region that has alarms of it, and windows for the relay.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::mute::{self, Schedule};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::elsewhere::region_of;
use super::{Build, Names};
use crate::resource::NodeId;
use crate::resource::cloudwatch;
use crate::resource::cloudwatch::alarm_mute_rule::CloudwatchAlarmMuteRule;
use crate::stack::{Mute, Stack};

/// The names of alarms by region; `None` is the stack's own.
pub type AlarmsByRegion = BTreeMap<Option<String>, Vec<String>>;

/// The names of these alarms by region. A preset stands for its alarms; `home` is the stack's own region.
pub fn alarms_by_region(stack: &Stack, keys: &BTreeSet<String>, home: &str) -> AlarmsByRegion {
    let names = Names::of(stack);
    let alarms = stack.alarms_expanded();
    let mut regions = AlarmsByRegion::new();
    for (key, alarm) in alarms.iter().filter(|(key, _)| keys.contains(*key)) {
        let region = region_of(alarm, home).map(str::to_owned);
        regions.entry(region).or_default().push(names.alarm(key, alarm));
    }
    regions
}

impl Build<'_> {
    /// Adds the alarm mute rules. An alarm in another region has no actions, but its events say that it is muted.
    pub(super) fn mutes(&mut self) {
        let stack = self.stack;
        for (key, mute) in &stack.mute {
            let muted = stack.alarms_muted(&mute.alarms);
            for (region, alarms) in alarms_by_region(stack, &muted, self.home) {
                self.mute_rule(key, mute, region.as_deref(), alarms);
            }
        }
    }

    fn mute_rule(&mut self, key: &str, mute: &Mute, region: Option<&str>, alarms: Vec<String>) {
        let node = match region {
            Some(region) => format!("{key}@{region}"),
            None => key.to_owned(),
        };
        let window = window(self.stack, mute);
        let is_alarm = |id: &NodeId| cloudwatch::is_alarm(id.kind) && id.region() == region;
        let nodes = self.graph.nodes().iter().filter(|node| is_alarm(&node.id));
        let there: BTreeMap<_, _> = nodes.map(|node| (node.resource.name(), &node.id)).collect();
        let after: Vec<_> = alarms
            .iter()
            .filter_map(|name| there.get(name).copied().cloned())
            .collect();
        let rule = CloudwatchAlarmMuteRule {
            name: self.stack.default_name(key),
            description: mute.why.clone(),
            expression: window.schedule.to_string(),
            minutes: mute.duration.minutes(),
            timezone: window.timezone.iana_name().unwrap_or("UTC").to_owned(),
            alarms,
            start: window.from,
            expire: window.until,
            tags: self.tags::<CloudwatchAlarmMuteRule>(&node),
        };
        self.graph.add_after(node, rule, after);
    }
}

/// The windows in which the relay is silent: of the mutes that name rules or topics.
pub(super) fn windows(stack: &Stack) -> BTreeMap<String, mute::Mute> {
    let names = Names::of(stack);
    let silent = stack.mute.iter().filter(|(_, mute)| !mute.rules.is_empty());
    let window = |(key, mute): (&String, &Mute)| {
        // A topic's key is also that of the rule that reports alarms from other regions to it.
        let topics = mute
            .rules
            .iter()
            .filter_map(|key| Some(names.topic(key, stack.topics.get(key)?)));
        let window = mute::Mute {
            rules: mute.rules.clone(),
            topics: topics.collect(),
            ..window(stack, mute)
        };
        (key.clone(), window)
    };
    silent.map(window).collect()
}

/// When a mute's windows are open, whatever it mutes.
pub fn window(stack: &Stack, mute: &Mute) -> mute::Mute {
    // The check of the stack file has validated it.
    let name = mute.timezone.as_deref().unwrap_or(&stack.timezone);
    let timezone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
    let instant = |local: DateTime| timezone.to_ambiguous_timestamp(local).compatible().ok();
    mute::Mute {
        schedule: match (&mute.cron, mute.at) {
            (Some(cron), _) => Schedule::Cron(cron.clone()),
            (None, at) => Schedule::At(at.map(mute::Moment::begin).unwrap_or_default()),
        },
        seconds: mute.duration.seconds(),
        from: mute.from.and_then(|from| instant(from.begin())),
        until: mute.until.and_then(|until| instant(until.end())),
        timezone,
        rules: Vec::new(),
        topics: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::blueprint::tests::written;
    use crate::blueprint::{names, settings};
    use crate::resource::Resource as _;
    use crate::resource::cloudwatch::alarm_mute_rule::CloudwatchAlarmMuteRule;

    const FIXTURE: &str = include_str!("../stack/fixtures/mutes.yaml");

    #[test]
    fn each_region_has_its_rule() {
        let mut inside = false;
        let rules = |line: &&str| {
            if !line.starts_with(' ') {
                inside = line.starts_with(CloudwatchAlarmMuteRule::KIND);
            }
            inside
        };
        let written = written(FIXTURE);
        let rules: Vec<_> = written.lines().filter(rules).collect();
        insta::assert_snapshot!("mute_rules", rules.join("\n"));
    }

    #[test]
    fn only_the_windows_of_rules_and_topics_are_in_the_settings() {
        let stack = crate::stack::parse("stack.yaml", FIXTURE).unwrap().stack;
        let mut json: serde_json::Value = serde_json::from_str(&settings(&stack).json()).unwrap();
        // The rules of zones change with the world.
        for mute in json["mutes"].as_object_mut().unwrap().values_mut() {
            mute["timezone"] = mute["timezone"]["name"].clone();
        }
        insta::assert_snapshot!(
            "mute_settings",
            serde_json::to_string_pretty(&json["mutes"]).unwrap()
        );
        let text = FIXTURE.split("\nmute:").next().unwrap();
        let without = crate::stack::parse("stack.yaml", text).unwrap().stack;
        assert!(!settings(&without).json().contains("mute\""));
    }

    #[test]
    fn a_rule_comes_after_its_alarms() {
        let stack = crate::stack::parse("stack.yaml", FIXTURE).unwrap().stack;
        let graph = names(&stack, "eu-west-1");
        let of = |key: &str| {
            let mut nodes = graph.nodes().iter();
            let node = nodes.find(|node| node.id.kind == CloudwatchAlarmMuteRule::KIND && node.id.key == key);
            let after = &node.unwrap().after;
            after.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            of("nightly"),
            ["cloudwatch-composite-alarm/any", "cloudwatch-alarm/cpu"]
        );
        assert_eq!(of("moving@us-east-1"), ["cloudwatch-alarm/bill@us-east-1"]);
    }
}
