//! Which of the trails in sight are the stack's.
//!
//! The stack's own are in its account. That of a delegated administrator belongs to the management account, like every
//! organization's trail, and only those two may ask about it.

use std::rc::Rc;

use super::read::{Trail, details, foreign, home_region, is_ours, lone};
use super::{Aws, CloudtrailTrail, Live, Observed, Presence, Resource, Result, Wanted, tags};
use crate::aws::cloudtrail;
use crate::aws::tags::Tagged;

/// See [`Resource::observe`].
pub(super) async fn observe(aws: &Aws, wanted: &[Wanted<'_, CloudtrailTrail>]) -> Result<Observed<Live>> {
    let trails = async {
        // A stack without a trail needs no permission to look for one. Only a trail has a bucket.
        let has_trail = |one: &Tagged| ["cloudtrail", "s3"].contains(&one.service());
        match !wanted.is_empty() || aws.tagged().await?.iter().any(has_trail) {
            true => cloudtrail::trails(aws).await,
            false => Ok(Rc::default()),
        }
    };
    let (trails, tagged, scope) = futures::try_join!(trails, aws.tagged(), aws.scope())?;
    let is = |trail: &Trail, one: &Wanted<'_, CloudtrailTrail>| {
        one.desired.name == trail.name
            && one.desired.owner_beside(scope) == cloudtrail::foreign(scope, &trail.arn)
    };
    let trails: Vec<_> = trails.iter().map(Trail::from).collect();
    for one in wanted {
        let mut named = trails.iter().filter(|trail| trail.name == one.desired.name);
        match (named.clone().find(|trail| is(trail, one)), named.next()) {
            (Some(trail), _) if trail.home_region != aws.connection.region => {
                return Err(home_region(aws, trail));
            }
            (None, Some(other)) if cloudtrail::foreign(scope, &other.arn).is_some() => {
                return Err(foreign(other, one.desired));
            }
            (None, Some(other)) => return Err(lone(other)),
            _ => {}
        }
    }

    // The tagging index does not list what belongs to another account. A trail that was the stack's writes to its bucket.
    let is_of_stack = |trail: &Trail| match cloudtrail::foreign(scope, &trail.arn) {
        None => tagged.iter().any(|one| one.arn == trail.arn),
        Some(_) => tagged
            .iter()
            .any(|one| one.service() == "s3" && one.resource() == trail.bucket),
    };
    let mut here = Vec::new();
    for trail in trails {
        let wanted = wanted.iter().any(|one| is(&trail, one));
        if trail.home_region == aws.connection.region && (wanted || is_of_stack(&trail)) {
            here.push(trail);
        }
    }
    let mut here = details(aws, here).await?;

    let ours = |live: &Live| is_ours(aws, scope, live);
    let present = |one: &Wanted<'_, CloudtrailTrail>| {
        let at = here.iter().position(|live| is(&live.trail, one));
        at.map_or(Presence::Absent, |at| {
            let live = here.swap_remove(at);
            Presence::of(ours(&live), live)
        })
    };
    let wanted = wanted.iter().map(present).collect();
    let left = here.into_iter().filter(ours);
    let orphan = |live: Live| {
        (
            tags::node(CloudtrailTrail::KIND, &live.tags, &live.trail.name),
            live,
        )
    };
    Ok(Observed {
        wanted,
        orphans: left.map(orphan).collect(),
    })
}
