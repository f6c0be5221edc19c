//! What an account has, as a stack file that takes it over as it is; what cannot be written so, with the reason; and what is
//! wrong with it.
//!
//! Nothing here calls AWS. The file is not trusted to be right because it was written with care: it is loaded, the stack's
//! graph is built of it, and each alarm and rule is compared with the account as a plan would do it. What would change is left out.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{Known, Scope};
use crate::resource::NodeId;
use crate::resource::any::AnyLive;
use crate::resource::inventory::{Alarm, Inventory, Rule, Selection, Topic};

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
    /// The keys in it: those of alarms, of rules and of topics.
    pub alarms: usize,
    pub rules: usize,
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
/// The file would not be one, and no alarm or rule is to blame: the reason.
pub fn import(inventory: &Inventory, request: &Request<'_>) -> Result<Imported, String> {
    let mut dropped = Reasons::new();
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
                rules: draft.rules.len(),
                topics: draft.topics.len(),
                text: page.text,
                left_out,
            });
        }
        dropped.extend(checked.faulty);
    }
}

/// What something is, such as `alarm`, and its name.
type Thing = (&'static str, String);
/// Why each of these is not in the file.
type Reasons = BTreeMap<Thing, String>;

/// A stack file before it is text.
struct Draft<'a> {
    inventory: &'a Inventory,
    request: &'a Request<'a>,
    /// By key.
    alarms: BTreeMap<String, Written<'a, Alarm>>,
    /// By key.
    rules: BTreeMap<String, Written<'a, Rule>>,
    /// The topics that alarms and rules tell, by key, also those of other accounts.
    topics: BTreeMap<String, Topic>,
    left_out: Vec<LeftOut>,
}

/// An alarm or a rule with its entry in the file.
struct Written<'a, T> {
    of: &'a T,
    entry: serde_yaml::Mapping,
}

impl<'a> Draft<'a> {
    /// Everything that can be written but what is in `dropped`, which has the reasons.
    fn of(inventory: &'a Inventory, request: &'a Request<'a>, dropped: &Reasons) -> Self {
        let mut left_out = Vec::new();
        let kept = kept(("alarm", &inventory.alarms), dropped, &mut left_out, |alarm| {
            let owner = owners::of_alarm(alarm);
            (&alarm.name, owner.or_else(|| alarms::unsayable(alarm)))
        });
        let kept_rules = self::kept(("rule", &inventory.rules), dropped, &mut left_out, |rule| {
            let owner = owners::of_tags(rule.tags.as_ref());
            (&rule.name, owner.or_else(|| rules::unsayable(rule)))
        });
        let names: Vec<&str> = kept.iter().map(|alarm| alarm.name.as_str()).collect();
        let alarm_keys = keys::of(&names, request, "alarm");
        let names: Vec<&str> = kept_rules.iter().map(|rule| rule.name.as_str()).collect();
        let rule_keys = keys::of(&names, request, "rule");
        let by_alarms = kept.iter().flat_map(|alarm| alarm.actions.all());
        let by_rules = kept_rules.iter().flat_map(|rule| &rule.targets);
        let told = by_alarms.chain(by_rules.map(|target| &target.arn));
        let told: BTreeSet<&str> = told.map(String::as_str).collect();
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
            alarms.insert(key.clone(), Written { of: *alarm, entry });
        }
        let mut rules = BTreeMap::new();
        for (rule, key) in kept_rules.iter().zip(&rule_keys) {
            let entry = rules::entry(rule, key, &names);
            rules.insert(key.clone(), Written { of: *rule, entry });
        }
        let mut out = |what, name: &str, reason: String| {
            left_out.push(LeftOut {
                what,
                name: name.to_owned(),
                reason,
            });
        };
        for filter in &inventory.filters {
            if request.selection.tags.is_empty() && request.selection.names(&filter.name) {
                out("metric filter", &filter.name, remarks::of_filter(filter));
            }
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
            rules,
            topics,
            left_out,
        }
    }

    /// What has the entry with this key in a section of the file.
    fn thing(&self, section: &str, key: &str) -> Option<Thing> {
        match section {
            "rules" => Some(("rule", self.rules.get(key)?.of.name.clone())),
            _ => Some(("alarm", self.alarms.get(key)?.of.name.clone())),
        }
    }

    /// What a node of the stack's graph is, if it is there already, and its state in the account.
    fn there(&self, id: &NodeId) -> Option<(Thing, AnyLive)> {
        let alarm = self.alarms.get(&id.key).map(|written| written.of);
        if let Some(alarm) = alarm.filter(|alarm| alarm.kind == id.kind) {
            return Some((("alarm", alarm.name.clone()), alarm.live.clone()));
        }
        let rule = self.rules.get(&id.key)?.of;
        let live = rule.live().into_iter().find(|(kind, _)| *kind == id.kind)?.1;
        Some((("rule", rule.name.clone()), live))
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

/// The things that can be in the file; of each, `judged` says the name, and why it cannot.
fn kept<'a, T>(
    (what, all): (&'static str, &'a [T]),
    dropped: &Reasons,
    left_out: &mut Vec<LeftOut>,
    judged: impl Fn(&'a T) -> (&'a str, Option<String>),
) -> Vec<&'a T> {
    let mut kept = Vec::new();
    for one in all {
        let (name, reason) = judged(one);
        let name = name.to_owned();
        let of_draft = dropped.get(&(what, name.clone())).cloned();
        match of_draft.or(reason) {
            Some(reason) => left_out.push(LeftOut { what, name, reason }),
            None => kept.push(one),
        }
    }
    kept
}
