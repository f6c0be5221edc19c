//! Which of the trails in sight are the stack's.
//!
//! The stack's own are in its account. That of a delegated administrator belongs to the management account, like every
//! organization's trail, and only those two may read its tags: whoever else asks is refused.

use std::rc::Rc;

use super::read::{Trail, details, foreign, home_region, lone};
use super::{Aws, CloudtrailTrail, Live, Observed, Presence, Resource, Result, Wanted, tags};
use crate::aws::cloudtrail;
use crate::aws::tags::{NODE_TAG, Tagged};

/// The function that keeps the stack's trail logging. It has no bucket of the stack's own, if it writes to somebody else's.
const GUARD: &str = "lambda-function/trail.guard";
/// What ListTags answers for a trail of another account, if the caller is no delegated administrator.
const NOT_ADMINISTERED: [&str; 3] = [
    "AccessDenied",
    "AccessDeniedException",
    "CloudTrailARNInvalidException",
];

/// See [`Resource::observe`].
pub(super) async fn observe(aws: &Aws, wanted: &[Wanted<'_, CloudtrailTrail>]) -> Result<Observed<Live>> {
    let trails = async {
        // A stack without a trail needs no permission to look for one.
        match !wanted.is_empty() || aws.tagged().await?.iter().any(is_of_a_trail) {
            true => cloudtrail::trails(aws).await,
            false => Ok(Rc::default()),
        }
    };
    let (trails, tagged, scope) = futures::try_join!(trails, aws.tagged(), aws.scope())?;
    let owner = |trail: &Trail| cloudtrail::foreign(scope, &trail.arn).map(str::to_owned);
    let is = |trail: &Trail, one: &Wanted<'_, CloudtrailTrail>| {
        let theirs = one
            .desired
            .owner
            .as_ref()
            .filter(|owner| **owner != scope.account);
        one.desired.name == trail.name && owner(trail).as_ref() == theirs
    };
    let trails: Vec<_> = trails.iter().map(Trail::from).collect();
    for one in wanted {
        let mut named = trails.iter().filter(|trail| trail.name == one.desired.name);
        match (named.clone().find(|trail| is(trail, one)), named.next()) {
            (Some(trail), _) if trail.home_region != aws.connection.region => {
                return Err(home_region(aws, trail));
            }
            (None, Some(other)) if owner(other).is_some() => return Err(foreign(other)),
            (None, Some(other)) => return Err(lone(other)),
            _ => {}
        }
    }

    let at_home = trails
        .into_iter()
        .filter(|trail| trail.home_region == aws.connection.region);
    let (candidates, own): (Vec<_>, Vec<_>) =
        at_home.partition(|trail| owner(trail).is_some() && !wanted.iter().any(|one| is(trail, one)));
    let is_tagged = |trail: &Trail| tagged.iter().any(|tagged| tagged.arn == trail.arn);
    let is_wanted = |trail: &Trail| wanted.iter().any(|one| is(trail, one));
    let own: Vec<_> = own
        .into_iter()
        .filter(|trail| is_wanted(trail) || is_tagged(trail))
        .collect();
    // The tagging index does not list what belongs to another account.
    let administers = wanted.iter().any(|one| one.desired.owner.is_some());
    let lost = own.is_empty() && tagged.iter().any(is_of_a_trail);
    let mut here = details(aws, own).await?;
    if administers || lost {
        for trail in candidates {
            here.extend(left(aws, trail).await?);
        }
    }

    let mut observed = Observed {
        wanted: Vec::new(),
        orphans: Vec::new(),
    };
    for one in wanted {
        let at = here.iter().position(|live| is(&live.trail, one));
        observed.wanted.push(at.map_or(Presence::Absent, |at| {
            let live = here.swap_remove(at);
            Presence::of(aws.owns(&live.tags), live)
        }));
    }
    let left = here.into_iter().filter(|live| aws.owns(&live.tags));
    let orphan = |live: Live| {
        (
            tags::node(CloudtrailTrail::KIND, &live.tags, &live.trail.name),
            live,
        )
    };
    observed.orphans.extend(left.map(orphan));
    Ok(observed)
}

/// Whether something of the stack is a trail, or is there only with one.
fn is_of_a_trail(tagged: &Tagged) -> bool {
    let node = tagged.tags.get(NODE_TAG).map_or("", String::as_str);
    ["cloudtrail", "s3"].contains(&tagged.service()) || node == GUARD
}

/// An organization's trail that the stack made and no longer wants; `None` if it is another's.
async fn left(aws: &Aws, trail: Trail) -> Result<Option<Live>> {
    match cloudtrail::tags(aws, vec![trail.arn.clone()]).await {
        Ok(tagged) if tagged.iter().any(|one| aws.owns(&one.tags)) => {
            Ok(details(aws, vec![trail]).await?.pop())
        }
        Err(fault) if !fault.is(&NOT_ADMINISTERED) => Err(fault),
        _ => Ok(None),
    }
}
