//! Defects of alarms.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::topic_name;

use super::super::composite::watched;
use super::super::{Draft, owners};
use super::{Defect, Sort, reach};
use crate::resource::inventory::{Alarm, Topic, Watches};

pub(super) fn find(draft: &Draft<'_>) -> Vec<Defect> {
    let used: BTreeSet<String> = draft.inventory.alarms.iter().flat_map(used_by).collect();
    // What somebody else looks after is not for people to mend.
    let alarms = draft.inventory.alarms.iter();
    let alarms: Vec<&Alarm> = alarms.filter(|alarm| owners::of_alarm(alarm).is_none()).collect();
    let mut defects = Vec::new();
    for alarm in &alarms {
        defects.extend(deaf(alarm, &used, draft));
        defects.extend(never_over(alarm));
        if alarm.has_no_data {
            defects.push(Defect::of(
                (Sort::NoData, "alarm"),
                &alarm.name,
                "its metric has had no data for two weeks, so it waits for ever",
                "correct namespace, name and dimensions, or delete the alarm if what it watched is gone",
            ));
        }
        defects.extend(reach::of(alarm));
    }
    defects.extend(twice(&alarms));
    defects
}

/// The names of the alarms that an alarm refers to.
fn used_by(alarm: &Alarm) -> Vec<String> {
    match &alarm.watches {
        Watches::Alarms { rule, suppressor } => {
            let suppressor = suppressor.as_ref().map(|one| one.alarm.clone());
            let names = watched(rule).into_iter().chain(suppressor);
            names.map(|name| bare(&name).to_owned()).collect()
        }
        _ => Vec::new(),
    }
}

fn bare(name: &str) -> &str {
    name.split_once(":alarm:").map_or(name, |(_, name)| name)
}

fn deaf(alarm: &Alarm, used: &BTreeSet<String>, draft: &Draft<'_>) -> Option<Defect> {
    let defect = |message: String, help: &str| {
        Some(Defect::of(
            (Sort::TellsNobody, "alarm"),
            &alarm.name,
            message,
            help,
        ))
    };
    if used.contains(&alarm.name) {
        return None;
    }
    if alarm.actions.all().next().is_none() {
        return match draft.inventory.rules_hear_alarms {
            true => None,
            false => defect(
                "it has no actions".to_owned(),
                "add `to: [topic]` in the file, or delete the alarm",
            ),
        };
    }
    if !alarm.actions_enabled {
        return defect(
            "its actions are off".to_owned(),
            "remove `actions_enabled: false` in the file, or delete the alarm",
        );
    }
    // What is not a topic does something else than tell people.
    let reaches = |arn: &String| {
        let topic = draft.topic(arn);
        let is_heard = |topic: &Topic| {
            let subscriptions = topic.subscriptions.as_ref();
            subscriptions.is_none_or(|all| all.iter().any(|one| one.is_confirmed))
        };
        match topic {
            Some(topic) => is_heard(topic),
            None => !draft.is_gone(arn),
        }
    };
    if alarm.actions.all().any(reaches) {
        return None;
    }
    defect(
        "nobody has confirmed a subscription of the topics that it tells".to_owned(),
        "follow the link in SNS's mail, or subscribe somebody",
    )
}

fn never_over(alarm: &Alarm) -> Option<Defect> {
    let is_topic = |arn: &&String| arn.contains(":sns:");
    let ok = &alarm.actions.ok;
    let silent: Vec<_> = alarm
        .actions
        .alarm
        .iter()
        .filter(is_topic)
        .filter(|arn| !ok.contains(arn))
        .collect();
    if silent.is_empty() || !alarm.actions_enabled {
        return None;
    }
    let names: Vec<_> = silent.iter().map(|arn| topic_name(arn)).collect();
    Some(Defect::of(
        (Sort::NeverOver, "alarm"),
        &alarm.name,
        format!("it does not tell {} that it is over", names.join(", ")),
        "remove `ok:` in the file: who hears of the alarm then hears of its end",
    ))
}

/// Alarms that watch the same, go off at the same, and tell the same.
fn twice(alarms: &[&Alarm]) -> Vec<Defect> {
    let mut same: BTreeMap<String, Vec<&Alarm>> = BTreeMap::new();
    for &alarm in alarms {
        let sorted = |arns: &[String]| arns.iter().cloned().collect::<BTreeSet<_>>();
        let actions = &alarm.actions;
        let told = [&actions.alarm, &actions.ok, &actions.insufficient_data].map(|arns| sorted(arns));
        let watched = match &alarm.watches {
            Watches::Metric(on) => format!("{:?} {:?}", on.metric, on.condition),
            Watches::Alarms { rule, .. } => rule.clone(),
            Watches::Logs(on) => format!("{:?} {:?}", on.query, on.condition),
            Watches::Unknown => continue,
        };
        let key = format!("{watched} {told:?} {}", alarm.actions_enabled);
        same.entry(key).or_default().push(alarm);
    }
    let pairs = same
        .into_values()
        .filter_map(|alarms| match alarms.split_first() {
            Some((first, others)) if !others.is_empty() => Some((first.name.clone(), others.to_vec())),
            _ => None,
        });
    let defect = |first: &str, other: &Alarm| {
        Defect::of(
            (Sort::Duplicate, "alarm"),
            &other.name,
            format!("it watches and tells the same as `{first}`"),
            "delete one of the two",
        )
    };
    pairs
        .flat_map(|(first, others)| {
            others
                .into_iter()
                .map(|other| defect(&first, other))
                .collect::<Vec<_>>()
        })
        .collect()
}
