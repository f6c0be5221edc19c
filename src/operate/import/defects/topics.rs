//! Defects of topics and of who hears them.

use std::collections::BTreeMap;

use alertctl_relay::{ChannelType, topic_name};

use super::super::Draft;
use super::super::remarks::quoted;
use super::{Defect, Sort};

pub(super) fn find(draft: &Draft<'_>) -> Vec<Defect> {
    let mut defects = Vec::new();
    for topic in &draft.inventory.topics {
        let Some(subscriptions) = &topic.subscriptions else {
            continue;
        };
        if subscriptions.is_empty() {
            defects.push(Defect::of(
                (Sort::DeadTopic, "topic"),
                &topic.name,
                "it has no subscriptions: what is sent to it is lost",
                "subscribe somebody, or delete it and what tells it",
            ));
        }
        for one in subscriptions.iter().filter(|one| !one.is_confirmed) {
            let who = match one.protocol.as_str() {
                "email" | "email-json" => quoted(&one.endpoint),
                other => format!("a subscriber by {other}"),
            };
            defects.push(Defect::of(
                (Sort::NotConfirmed, "topic"),
                &topic.name,
                format!("{who} has not confirmed, and gets nothing"),
                "follow the link in SNS's mail, which holds for two days, or subscribe again",
            ));
        }
        let is_open = |url: &str| ChannelType::of_address(url).is_some();
        if subscriptions.iter().any(|one| is_open(&one.endpoint)) {
            defects.push(Defect::of(
                (Sort::OpenSecret, "topic"),
                &topic.name,
                "the address of a channel is a subscription's endpoint, which anybody who may list subscriptions can read",
                "make a new address, and let a channel have it (`alertctl encrypt-hook`)",
            ));
        }
    }
    defects.extend(deleted(draft));
    defects
}

/// Topics that are told and do not exist.
fn deleted(draft: &Draft<'_>) -> Vec<Defect> {
    let mut told_by: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let alarms = draft.inventory.alarms.iter();
    let of_alarms = alarms.flat_map(|alarm| {
        let arns = alarm.actions.all();
        arns.map(move |arn| (arn, format!("alarm `{}`", quoted(&alarm.name))))
    });
    let rules = draft.inventory.rules.iter();
    let of_rules = rules.flat_map(|rule| {
        let arns = rule.targets.iter().map(|target| &target.arn);
        arns.map(move |arn| (arn, format!("rule `{}`", quoted(&rule.name))))
    });
    for (arn, teller) in of_alarms.chain(of_rules).filter(|(arn, _)| draft.is_gone(arn)) {
        let tellers = told_by.entry(arn).or_default();
        if !tellers.contains(&teller) {
            tellers.push(teller);
        }
    }
    let defect = |(arn, tellers): (&str, Vec<String>)| {
        Defect::of(
            (Sort::DeadTopic, "topic"),
            topic_name(arn),
            format!("it was deleted, and is still told by {}", tellers.join(", ")),
            "name another topic there",
        )
    };
    told_by.into_iter().map(defect).collect()
}
