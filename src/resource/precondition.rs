//! What a stack relies on without owning it. It is checked with every plan and never changed.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::access::ANY;
use super::cloudformation::stack_set::{self, organization};
use super::cloudtrail::trail;
use super::{Access, Aws, Fault, Result};
use crate::aws::cloudtrail::{self, Trail};
use crate::aws::concurrently;
use crate::aws::fault::{NO_ANSWER, NOT_SENT};

mod key;
mod members;
mod organization_trail;
mod topic;

pub use topic::{Named, Topic};

/// Something in the account that the stack needs to work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// Some trail logs in each of these regions. Without one, EventBridge receives no events "via CloudTrail" there.
    AnyTrail {
        regions: BTreeSet<String>,
        /// The stack file has a trail, but it may not log these regions.
        beside_a_trail: bool,
    },
    /// The existing trail that the stack file names logs. Somebody else owns it.
    Trail {
        name_or_arn: String,
        /// The stack file asks for a guard that keeps it logging.
        guarded: bool,
    },
    /// A topic that somebody else owns takes what the stack publishes.
    Topic(Topic),
    /// The existing key that the stack file names can be used for what the stack needs it for. Somebody else owns it.
    Key {
        /// Its id, alias or ARN.
        key: String,
        by_alarms: bool,
        by_rules: bool,
        by_trail: bool,
    },
    /// The names of the accounts of the organization can be listed.
    NamesOfMembers,
    /// The stack's account may make a trail for all accounts of the organization.
    OrganizationTrail {
        /// The organization in the stack file, `o-…`.
        organization: String,
        /// The account that owns the trail, if the stack file says that it is another.
        management_account: Option<String>,
    },
    /// StackSets may act in the organization of the stack file.
    Organization(organization::Use),
}

impl Precondition {
    /// The permissions for the check. If they are denied, the plan says so and goes on.
    pub fn access(&self) -> &'static [Access] {
        match self {
            Self::AnyTrail { .. } | Self::Trail { .. } => Self::TRAILS,
            Self::Topic(_) => topic::ACCESS,
            Self::Key { .. } => key::ACCESS,
            Self::NamesOfMembers => members::ACCESS,
            Self::OrganizationTrail { .. } => organization_trail::ACCESS,
            Self::Organization(_) => stack_set::ORGANIZATION,
        }
    }

    /// The region that is asked, if it is not the stack's own.
    pub fn region(&self) -> Option<&str> {
        match self {
            Self::Topic(topic) => topic.region.as_deref(),
            _ => None,
        }
    }

    /// The permissions of all preconditions.
    #[cfg(test)]
    pub const ACCESS: [&'static [Access]; 6] = [
        Self::TRAILS,
        topic::ACCESS,
        key::ACCESS,
        stack_set::ORGANIZATION,
        members::ACCESS,
        organization_trail::ACCESS,
    ];

    const TRAILS: &'static [Access] = &[
        Access::read(&["cloudtrail:DescribeTrails"], ANY).because("CloudTrail lists trails as a whole"),
        Access::read(
            &["cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"],
            &["arn:{partition}:cloudtrail:*:*:trail/*"],
        )
        .because("any trail that logs here may belong to another region or account"),
    ];

    /// The warning for the user if the expectation is not met, or cannot be checked.
    ///
    /// # Errors
    /// If AWS does not answer at all. Any refusal becomes a warning instead, because nothing that the stack owns
    /// depends on it.
    pub async fn unmet(&self, aws: &Aws) -> Result<Option<String>> {
        let unmet = match self {
            Self::AnyTrail {
                regions,
                beside_a_trail,
            } => any_trail(aws, regions, *beside_a_trail).await,
            Self::Trail { name_or_arn, guarded } => trail(aws, name_or_arn, *guarded).await,
            Self::Topic(topic) => topic.unmet(aws).await,
            Self::Key {
                key,
                by_alarms,
                by_rules,
                by_trail,
            } => key::unmet(aws, key, [*by_alarms, *by_rules, *by_trail]).await,
            Self::NamesOfMembers => members::unmet(aws).await,
            Self::OrganizationTrail {
                organization,
                management_account,
            } => organization_trail::unmet(aws, organization, management_account.as_deref()).await,
            Self::Organization(used) => organization::unmet(aws, used).await,
        };
        match unmet {
            Err(fault) if !fault.is(&[NO_ANSWER, NOT_SENT]) => Ok(Some(format!(
                "{} could not be checked: {fault}",
                match self {
                    Self::AnyTrail { .. } => "whether a CloudTrail trail logs".to_owned(),
                    Self::Trail { name_or_arn, .. } => format!("whether the trail `{name_or_arn}` logs"),
                    Self::Topic(topic) => format!("whether topic `{}` takes messages", topic.name()),
                    Self::Key { key, .. } => format!("whether the key `{key}` can be used"),
                    Self::NamesOfMembers => "whether the organization's accounts can be listed".to_owned(),
                    Self::OrganizationTrail { organization, .. } =>
                        format!("whether the account may make the trail of organization {organization}"),
                    Self::Organization(used) =>
                        format!("whether StackSets may act in organization {}", used.id),
                }
            ))),
            result => result,
        }
    }
}

async fn any_trail(aws: &Aws, regions: &BTreeSet<String>, beside_a_trail: bool) -> Result<Option<String>> {
    let silent = without_trail(aws, regions).await?;
    if silent.is_empty() {
        return Ok(None);
    }
    let account = &aws.scope().await?.account;
    let help = match beside_a_trail {
        true => "only a multi-region trail records them there (`multi_region: true` of the stack's own)",
        false => "add a `trail:` to the stack file",
    };
    Ok(Some(format!(
        "no CloudTrail trail logs in {account}, {}: rules on events `via CloudTrail` will never fire there; {help}",
        silent.join(", ")
    )))
}

/// Those of `regions` in which no trail logs, that of `aws` first.
///
/// # Errors
/// A trail that may be the one could not be read.
pub async fn without_trail<'r>(aws: &Aws, regions: &'r BTreeSet<String>) -> Result<Vec<&'r str>> {
    let here = &aws.connection.region;
    let at_home = seen(aws).await?;
    // Most accounts have a multi-region trail, and it is the same in all regions.
    let everywhere = |seen: &Seen| seen.everywhere && seen.logs == Ok(true);
    if at_home.iter().any(everywhere) {
        return Ok(Vec::new());
    }
    let others = regions.iter().filter(|region| *region != here);
    let there = others.map(async |region| Ok((region, seen(&aws.at(region)).await?)));
    let mut all = futures::future::try_join_all(there).await?;
    all.extend(regions.get(here).map(|here| (here, at_home)));
    all.sort_by_key(|(region, _)| *region != here);
    let mut silent = Vec::new();
    for (region, seen) in all {
        if seen.iter().any(|seen| seen.logs == Ok(true)) {
            continue;
        }
        // A trail that could not be read may be the one that logs.
        if let Some(fault) = seen.into_iter().find_map(|seen| seen.logs.err()) {
            return Err(fault);
        }
        silent.push(region.as_str());
    }
    Ok(silent)
}

/// The properties of a trail that matter here.
#[derive(Debug)]
struct Seen {
    everywhere: bool,
    logs: Result<bool>,
}

/// The trails that log, or might log, the events in the region of `aws`.
async fn seen(aws: &Aws) -> Result<Vec<Seen>> {
    let trails = cloudtrail::trails(aws).await?;
    concurrently(trails.iter(), async |trail| {
        Ok(Seen {
            everywhere: trail.is_multi_region_trail().unwrap_or(false),
            logs: logs(aws, trail).await,
        })
    })
    .await
}

async fn trail(aws: &Aws, name_or_arn: &str, guarded: bool) -> Result<Option<String>> {
    let (trails, here) = (cloudtrail::trails(aws).await?, &aws.connection.region);
    let is_arn = name_or_arn.starts_with("arn:");
    let mut named = trails.iter().filter(|trail| match is_arn {
        true => trail.trail_arn() == Some(name_or_arn),
        false => trail.name() == Some(name_or_arn),
    });
    let Some(trail) = named.next() else {
        let place = aws.scope().await?;
        return Ok(Some(format!(
            "there is no trail `{name_or_arn}` that logs in {}, {}: rules on events `via CloudTrail` may never \
             fire, and nothing keeps it logging; correct `trail: {{ existing: … }}`",
            place.account, place.region
        )));
    };
    let arn = trail.trail_arn().unwrap_or_default();
    if let Some(account) = cloudtrail::foreign(aws.scope().await?, arn) {
        return Ok(guarded.then(|| {
            format!(
                "the trail `{arn}` belongs to account {account}: it can be stopped and started again only \
                 there, so no guard is created here; remove `keep_logging` and `to`, or apply the guard's \
                 stack there"
            )
        }));
    }
    match trail.home_region() {
        Some(home) if home != here && !is_arn => {
            return Ok(Some(format!(
                "the trail `{name_or_arn}` is at home in {home}, and the stack in {here}: name it by its ARN, \
                 `trail: {{ existing: {arn} }}`"
            )));
        }
        _ => {}
    }
    Ok((!logs(aws, trail).await?).then(|| {
        format!(
            "the trail `{name_or_arn}` logs no management events that change something: rules on events `via \
             CloudTrail` will never fire unless another trail logs; start it with `aws cloudtrail start-logging \
             --name {arn}`"
        )
    }))
}

/// True if the trail is logging, and its events include management events that change something. EventBridge gets
/// only events that a trail logs. By default it gets no read-only ones.
async fn logs(aws: &Aws, trail: &Trail) -> Result<bool> {
    let arn = trail.trail_arn().unwrap_or_default();
    let ask = async || match told(aws, trail).await {
        // A trail of another region may return its selectors only in that region.
        Err(fault) if fault.action == "cloudtrail:GetEventSelectors" && not_told(&fault) => Ok(true),
        result => result,
    };
    let answer: Rc<bool> = aws.once(format!("logs/{arn}"), ask).await?;
    Ok(*answer)
}

/// The same, as far as CloudTrail tells it.
pub(super) async fn told(aws: &Aws, trail: &Trail) -> Result<bool> {
    let arn = trail.trail_arn().unwrap_or_default();
    // A member account sees its organization's trail but cannot ask anything about it: some calls say that there is
    // none, others that the account in the ARN is wrong. All that is known is that the trail exists.
    if cloudtrail::foreign(aws.scope().await?, arn).is_some() {
        return Ok(true);
    }
    let status = trail::status(aws, arn).await?;
    match status.is_some_and(|status| status.logging) {
        true => trail::logs_writes(aws, arn).await,
        false => Ok(false),
    }
}

fn not_told(fault: &Fault) -> bool {
    fault.denied()
        || fault.is(&[
            "InvalidHomeRegionException",
            "UnsupportedOperationException",
            "CloudTrailARNInvalidException",
        ])
}

#[cfg(test)]
mod tests;
