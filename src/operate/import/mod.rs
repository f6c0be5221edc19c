//! What an account has, as a stack file that takes it over as it is; what cannot be written so, with the reason; and what is
//! wrong with it.
//!
//! Nothing here calls AWS. The file is not trusted to be right because it was written with care: it is loaded, the stack's
//! graph is built of it, and each alarm is compared with the account as a plan would do it. What would change is left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Known, Scope};
use crate::resource::inventory::{Alarm, Inventory, Selection, Topic};

mod alarms;
mod composite;
mod defects;
mod exact;
mod fields;
mod keys;
mod log_queries;
mod owners;
mod page;
mod remarks;
mod rules;
#[cfg(test)]
mod tests;
mod topics;

pub use defects::{Defect, Sort};

/// What is made of an account.
#[derive(Debug)]
pub struct Imported {
    /// The stack file.
    pub text: String,
    /// The keys in it: those of alarms and of topics.
    pub alarms: usize,
    pub topics: usize,
    pub left_out: Vec<LeftOut>,
    pub defects: Vec<Defect>,
}

/// Something that is not in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Such as `alarm`.
    pub what: &'static str,
    pub name: String,
    pub reason: String,
}

/// What is asked for.
#[derive(Debug)]
pub struct Request<'a> {
    /// The name that the stack will have.
    pub stack: &'a str,
    pub scope: &'a Scope,
    pub selection: &'a Selection,
}

/// Writes the stack file.
///
/// # Errors
/// The file would not be one, and no alarm is to blame: the reason.
pub fn import(inventory: &Inventory, request: &Request<'_>) -> Result<Imported, String> {
    let mut dropped: BTreeMap<String, String> = BTreeMap::new();
    loop {
        let draft = Draft::of(inventory, request, &dropped);
        let page = page::write(&draft);
        let checked = exact::check(&draft, &page)?;
        if checked.faulty.is_empty() {
            let mut left_out = draft.left_out.clone();
            left_out.sort();
            return Ok(Imported {
                defects: defects::find(&draft, &page, checked.loaded.as_ref()),
                alarms: draft.alarms.len(),
                topics: draft.topics.len(),
                text: page.text,
                left_out,
            });
        }
        dropped.extend(checked.faulty);
    }
}

/// A stack file before it is text.
struct Draft<'a> {
    inventory: &'a Inventory,
    request: &'a Request<'a>,
    /// By key.
    alarms: BTreeMap<String, Written<'a>>,
    /// The topics that alarms tell, by key, also those of other accounts.
    topics: BTreeMap<String, Topic>,
    left_out: Vec<LeftOut>,
}

/// An alarm with its entry in the file.
struct Written<'a> {
    alarm: &'a Alarm,
    entry: serde_yaml::Mapping,
}

impl<'a> Draft<'a> {
    /// Everything that can be written but the alarms in `dropped`, for which that map has the reason.
    fn of(inventory: &'a Inventory, request: &'a Request<'a>, dropped: &BTreeMap<String, String>) -> Self {
        let mut left_out = Vec::new();
        let mut out = |what, name: &str, reason: String| {
            left_out.push(LeftOut {
                what,
                name: name.to_owned(),
                reason,
            });
        };
        let mut kept = Vec::new();
        for alarm in &inventory.alarms {
            let reason = dropped.get(&alarm.name).cloned();
            match reason
                .or_else(|| owners::of_alarm(alarm))
                .or_else(|| alarms::unsayable(alarm))
            {
                Some(reason) => out("alarm", &alarm.name, reason),
                None => kept.push(alarm),
            }
        }
        let names: Vec<&str> = kept.iter().map(|alarm| alarm.name.as_str()).collect();
        let alarm_keys = keys::of(&names, request, "alarm");
        let told: BTreeSet<&str> = kept
            .iter()
            .flat_map(|alarm| alarm.actions.all())
            .map(String::as_str)
            .collect();
        let topics = topics::named(&told, inventory, request);
        let of_arn: BTreeMap<&str, &str> = topics
            .iter()
            .map(|(key, topic)| (topic.arn.as_str(), key.as_str()))
            .collect();
        let of_name: BTreeMap<&str, &str> = kept
            .iter()
            .zip(&alarm_keys)
            .map(|(alarm, key)| (alarm.name.as_str(), key.as_str()))
            .collect();
        let names = alarms::Names {
            stack: request.stack,
            topics: &of_arn,
            alarms: &of_name,
        };
        let mut alarms = BTreeMap::new();
        for (alarm, key) in kept.iter().zip(&alarm_keys) {
            let entry = alarms::entry(alarm, key, &names);
            alarms.insert(key.clone(), Written { alarm, entry });
        }
        for filter in &inventory.filters {
            if request.selection.tags.is_empty() && request.selection.names(&filter.name) {
                out("metric filter", &filter.name, remarks::of_filter(filter));
            }
        }
        for rule in &inventory.rules {
            out("rule", &rule.name, rules::why_not(rule));
        }
        if inventory.managed_rules > 0
            && request.selection.prefix.is_none()
            && request.selection.tags.is_empty()
        {
            let count = format!("{} of services", inventory.managed_rules);
            out(
                "rules",
                &count,
                "services of AWS made them for themselves".to_owned(),
            );
        }
        Self {
            inventory,
            request,
            alarms,
            topics,
            left_out,
        }
    }

    /// The topic with this ARN, if it is in this account and region.
    fn topic(&self, arn: &str) -> Option<&'a Topic> {
        self.inventory.topics.iter().find(|topic| topic.arn == arn)
    }

    /// Whether an ARN is that of a topic of this account and region that does not exist.
    fn is_gone(&self, arn: &str) -> bool {
        let Scope { region, account, .. } = self.request.scope;
        let is_known = self.inventory.unread.iter().all(|one| one.what != "the topics");
        is_known && topics::place(arn) == Some((region, account)) && self.topic(arn).is_none()
    }

    fn known(&self) -> Known {
        Known {
            scope: self.request.scope.clone(),
            outputs: BTreeMap::new(),
        }
    }
}
