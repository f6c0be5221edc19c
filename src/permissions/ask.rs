//! Permissions as questions to IAM, as few as there can be.

use std::collections::{BTreeMap, BTreeSet};

use super::Permission;
use crate::aws::simulate::{Case, PAGE};

/// Answers worth having to a question about several services: IAM judges every action on every resource, and no
/// action of one service makes sense on a resource of another.
const TOGETHER: usize = 500;

/// An action and what it is done to.
type Pair = (&'static str, String);

/// What to ask IAM about these permissions. All that a question holds has the same context.
pub fn cases(permissions: &BTreeSet<Permission>) -> Vec<Case> {
    let mut together: BTreeMap<_, BTreeSet<Pair>> = BTreeMap::new();
    for permission in permissions {
        let pair = (permission.action, permission.exact.clone());
        together.entry(context(permission)).or_default().insert(pair);
    }
    let mut cases = Vec::new();
    for (context, pairs) in together {
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

/// What a request says besides: the keys of its own conditions, and the region it goes to, by which organizations
/// bound what their accounts may do. IAM itself is in none of the stack's regions.
fn context(permission: &Permission) -> Vec<(&'static str, String)> {
    let mut context = permission.context.clone();
    if !permission.action.starts_with("iam:") {
        context.push(("aws:RequestedRegion", permission.region.clone()));
    }
    context
}
