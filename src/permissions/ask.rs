//! Permissions as questions to IAM, as few as there can be.

use std::collections::{BTreeMap, BTreeSet};

use super::Permission;
use crate::aws::simulate::{Case, PAGE};
use crate::resource::KINDS;
use crate::resource::access::{BECOMES_OURS, OURS, UNLISTED};

/// Answers worth having to a question about several services: IAM judges every action on every resource, and no
/// action of one service makes sense on a resource of another.
const TOGETHER: usize = 500;

/// An action and what it is done to.
type Pair = (&'static str, String);

/// What to ask IAM about these permissions on the stack `stack`. All that a question holds has the same context, and
/// what is about no resource stands apart from what is about some.
pub fn cases(stack: &str, permissions: &BTreeSet<Permission>) -> Vec<Case> {
    let mut together: BTreeMap<_, BTreeSet<Pair>> = BTreeMap::new();
    for permission in permissions {
        let pair = (permission.action, permission.exact.clone());
        let unlisted = UNLISTED.contains(&permission.action);
        let key = (unlisted, context(stack, permission), permission.exact == "*");
        together.entry(key).or_default().insert(pair);
    }
    let mut cases = Vec::new();
    for ((unlisted, context, _), pairs) in together {
        let services = by(&pairs, |(action, _)| action.split(':').next().unwrap_or_default());
        let mut groups: Vec<BTreeSet<Pair>> = Vec::new();
        for service in services {
            match groups.last_mut() {
                Some(group) if answers(&(&*group | &service)) <= TOGETHER => group.extend(service),
                _ => groups.push(service),
            }
        }
        cases.extend(groups.iter().flat_map(|group| pages(group)).map(|pairs| Case {
            pairs,
            unlisted,
            context: context.clone(),
        }));
    }
    cases
}

/// The same in parts, each of which fills no more than a page of answers.
fn pages(pairs: &BTreeSet<Pair>) -> Vec<BTreeSet<Pair>> {
    let actions: BTreeSet<_> = pairs.iter().map(|(action, _)| action).collect();
    let resources = by(pairs, |(_, resource)| resource.as_str());
    let pages = resources.chunks((PAGE / actions.len().max(1)).max(1));
    pages
        .map(|page| page.iter().flatten().cloned().collect())
        .collect()
}

fn by<'p>(pairs: &'p BTreeSet<Pair>, key: impl Fn(&'p Pair) -> &'p str) -> Vec<BTreeSet<Pair>> {
    let mut groups: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for pair in pairs {
        groups.entry(key(pair)).or_default().insert(pair.clone());
    }
    groups.into_values().collect()
}

fn answers(pairs: &BTreeSet<Pair>) -> usize {
    let actions: BTreeSet<_> = pairs.iter().map(|(action, _)| action).collect();
    let resources: BTreeSet<_> = pairs.iter().map(|(_, resource)| resource).collect();
    actions.len() * resources.len()
}

/// Keys that the conditions of printed policies are about. A request has them just where a case says so.
pub fn conditions() -> BTreeSet<&'static str> {
    let rows = KINDS.iter().flat_map(|kind| kind.access).flat_map(|row| row.when);
    rows.map(|(_, key, _)| *key).collect()
}

/// What a request says besides: the keys of its own conditions, the stack's tag, and the region it goes to, by which
/// organizations bound what their accounts may do.
fn context(stack: &str, permission: &Permission) -> Vec<(&'static str, String)> {
    let tags = [OURS, BECOMES_OURS].map(|(_, key, _)| (key, stack.to_owned()));
    let region = ("aws:RequestedRegion", permission.region.clone());
    let own = permission.context.iter().cloned();
    let context: BTreeMap<_, _> = tags.into_iter().chain([region]).chain(own).collect();
    context.into_iter().collect()
}
