//! Turns permissions into as few questions to IAM as possible.

use std::collections::{BTreeMap, BTreeSet};

use alertctl_relay::ArnParts;

use super::Permission;
use crate::aws::simulate::{Case, PAGE};
use crate::resource::KINDS;
use crate::resource::access::{BECOMES_OURS, OURS, UNLISTED};

/// The most answers for which one question about several services pays off. IAM evaluates every action on every
/// resource, but no action of one service makes sense on a resource of another.
const TOGETHER: usize = 500;

/// An action and the resource it acts on.
type Pair = (&'static str, String);

/// The questions to IAM about these permissions on the stack `stack`. Everything in one question has the same
/// context. Actions on no resource are not mixed with actions on resources.
pub fn cases(stack: &str, permissions: &BTreeSet<Permission>) -> Vec<Case> {
    let mut together: BTreeMap<_, BTreeSet<Pair>> = BTreeMap::new();
    // What may be in another account is not asked about: IAM would have to ask that account, too.
    // <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>
    let is_here = |permission: &&Permission| ArnParts::of(&permission.exact).account != "*";
    for permission in permissions.iter().filter(is_here) {
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

/// Splits the pairs so that each part fills at most one page of answers.
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

/// The condition keys of the printed policies. A request has such a key only if the case sets it.
pub fn conditions() -> BTreeSet<&'static str> {
    let rows = KINDS.iter().flat_map(|kind| kind.access).flat_map(|row| row.when);
    rows.map(|(_, key, _)| *key).collect()
}

/// The context keys of a request: those of its own conditions, the stack's tag, and the region that it is sent to,
/// because organizations restrict their accounts by region.
fn context(stack: &str, permission: &Permission) -> Vec<(&'static str, String)> {
    let tags = [OURS, BECOMES_OURS].map(|(_, key, _)| (key, stack.to_owned()));
    let region = ("aws:RequestedRegion", permission.region.clone());
    let own = permission.context.iter().cloned();
    let context: BTreeMap<_, _> = tags.into_iter().chain([region]).chain(own).collect();
    context.into_iter().collect()
}
