//! The instances of a set, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::{
    StackDriftStatus, StackInstanceDetailedStatus as Detailed, StackInstanceStatus, StackInstanceSummary,
};

use super::calls::Set;
use super::{Live, Missing};
use crate::aws::call::pages;
use crate::aws::{concurrently, concurrently_found};
use crate::resource::{Health, Result, Verdict};

/// The field `instances` of a set on which there is nothing to do.
pub(super) const ALL_CURRENT: &str = "all current";

/// The instances of one set, in order of account and region.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Instances(Vec<Instance>);

/// One stack of a set, in one account and region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    pub account: String,
    pub region: String,
    /// `None` if it is current.
    pub state: Option<State>,
    /// The unit through which it was made.
    pub unit: Option<String>,
    /// The ARN of its stack.
    pub stack: Option<String>,
    /// Whether it differs from its template, when CloudFormation last looked.
    pub drifted: bool,
}

/// What is wrong with an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// An operation failed, or never came to it.
    Outdated,
    /// A deletion failed half-way. No update reaches it any more.
    Inoperable,
    /// An operation is about to change it, or does so now.
    Underway,
    /// Its account is suspended.
    Suspended,
    /// Its account has left the organization.
    Left,
}

const STATES: [(State, &str); 5] = [
    (State::Outdated, "outdated"),
    (State::Inoperable, "inoperable"),
    (State::Underway, "being changed"),
    (State::Suspended, "in suspended accounts"),
    (State::Left, "in accounts that left the organization"),
];

/// How many accounts with instances that are not current are looked for in the organization.
const LOOKED_FOR: usize = 20;

/// All instances. A list has 100 a page, so from the second page on all regions are listed at the same time.
pub(super) async fn read(set: &Set<'_>, regions: &[String]) -> Result<Instances> {
    let (mut all, next) = page(set, None, None).await?;
    if next.as_ref().is_some_and(|token| !token.is_empty()) {
        let listed = concurrently(regions, |region| async move {
            pages(async |token| page(set, Some(region), token).await).await
        });
        let listed: Vec<Vec<_>> = listed.await?;
        all = listed.into_iter().flatten().collect();
    }
    Ok(Instances::of(all))
}

/// Marks the instances in accounts that have left the organization, if one there is not current. No operation reaches them.
pub(super) async fn mark_left(set: &Set<'_>, instances: &mut Instances) -> Result<()> {
    let broken = |one: &&Instance| matches!(one.state, Some(State::Outdated | State::Inoperable));
    let accounts: BTreeSet<_> = instances
        .iter()
        .filter(broken)
        .map(|one| one.account.clone())
        .collect();
    let left: BTreeSet<String> = concurrently_found(accounts.into_iter().take(LOOKED_FOR), async |account| {
        let request = set.aws.connection.clients.organizations.describe_account();
        let request = request.account_id(&account);
        let described = set
            .aws
            .call("organizations:DescribeAccount", || request.clone().send());
        match described.await {
            Err(fault) if fault.is(&["AccountNotFoundException"]) => Ok(Some(account)),
            // It is only for a better word.
            Err(fault) if fault.denied() => Ok(None),
            result => result.map(|_| None),
        }
    })
    .await?;
    for one in &mut instances.0 {
        if left.contains(&one.account) {
            one.state = Some(State::Left);
        }
    }
    Ok(())
}

async fn page(
    set: &Set<'_>,
    region: Option<&str>,
    token: Option<String>,
) -> Result<(Vec<StackInstanceSummary>, Option<String>)> {
    let request = set
        .client()
        .list_stack_instances()
        .stack_set_name(set.name)
        .set_stack_instance_region(region.map(str::to_owned))
        .max_results(100)
        .set_next_token(token)
        .call_as(set.call_as.to_sdk());
    let page = set
        .aws
        .call("cloudformation:ListStackInstances", || request.clone().send())
        .await?;
    Ok((page.summaries.unwrap_or_default(), page.next_token))
}

fn state(instance: &StackInstanceSummary) -> Option<State> {
    let detailed = instance.stack_instance_status.as_ref();
    let detailed = detailed.and_then(|status| status.detailed_status.as_ref());
    match (instance.status.as_ref(), detailed) {
        (Some(StackInstanceStatus::Inoperable), _)
        | (_, Some(Detailed::Inoperable | Detailed::FailedImport)) => Some(State::Inoperable),
        (_, Some(Detailed::Pending | Detailed::Running)) => Some(State::Underway),
        (_, Some(Detailed::SkippedSuspendedAccount)) => Some(State::Suspended),
        (Some(StackInstanceStatus::Outdated), _) => Some(State::Outdated),
        _ => None,
    }
}

impl Instance {
    fn of(found: StackInstanceSummary) -> Self {
        Self {
            state: state(&found),
            drifted: found.drift_status == Some(StackDriftStatus::Drifted),
            account: found.account.unwrap_or_default(),
            region: found.region.unwrap_or_default(),
            unit: found.organizational_unit_id,
            stack: found.stack_id,
        }
    }
}

impl Instances {
    fn of(summaries: Vec<StackInstanceSummary>) -> Self {
        let mut all: Vec<_> = summaries.into_iter().map(Instance::of).collect();
        all.sort_unstable();
        Self(all)
    }

    /// In order of account and region.
    pub fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.0.iter()
    }

    /// Those in this state.
    pub(super) fn of_state(&self, state: State) -> impl Iterator<Item = &Instance> {
        self.iter().filter(move |one| one.state == Some(state))
    }

    pub(super) fn total(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The accounts, in order.
    pub(super) fn accounts(&self) -> Vec<String> {
        self.regions_by(|one| Some(&one.account))
            .into_keys()
            .map(str::to_owned)
            .collect()
    }

    fn regions_by<'a>(
        &'a self,
        key: impl Fn(&'a Instance) -> Option<&'a String>,
    ) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let mut regions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for one in &self.0 {
            if let Some(key) = key(one) {
                regions.entry(key).or_default().insert(&one.region);
            }
        }
        regions
    }

    fn count(&self, state: State) -> usize {
        self.of_state(state).count()
    }

    fn drifted(&self) -> usize {
        self.iter().filter(|one| one.drifted).count()
    }

    /// Whether a wanted place has no instance, as far as its neighbours tell: a run ended before it came to it. A unit without
    /// accounts has no instances anywhere. Where the accounts are known, their list tells it exactly.
    pub(super) fn seems_to_have_gaps(&self, live: &Live) -> bool {
        if live.missing.is_some() {
            return false;
        }
        let places = match live.is_service_managed() {
            true => self.regions_by(|one| one.unit.as_ref()),
            false => self.regions_by(|one| Some(&one.account)),
        };
        places.values().any(|regions| regions.len() < live.regions.len())
    }

    fn lacks_some(&self, live: &Live) -> bool {
        let missing = live.missing.as_ref().map_or(0, Missing::accounts);
        missing > 0 || self.seems_to_have_gaps(live)
    }

    /// Accounts with an instance that should have none: auto-deployment knows no exceptions.
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html>
    pub(super) fn unwelcome(&self, live: &Live) -> Vec<String> {
        let except = live.except();
        self.accounts_among(|account| except.contains(account.as_str()))
    }

    /// Those of the accounts with an instance that are meant.
    pub(super) fn accounts_among(&self, is_meant: impl Fn(&String) -> bool) -> Vec<String> {
        let mut accounts = self.accounts();
        accounts.retain(is_meant);
        accounts
    }

    /// The value of the field `instances`.
    pub(super) fn condition(&self, live: &Live) -> String {
        let mut parts = Vec::new();
        for (state, word) in STATES {
            let count = self.count(state);
            // Nothing can be done about a suspended account, so it is no difference.
            if count > 0 && state != State::Suspended {
                parts.push(format!("{count} {word}"));
            }
        }
        let unwelcome = self.unwelcome(live).len();
        if unwelcome > 0 {
            parts.push(format!("{unwelcome} excepted accounts have some"));
        }
        if self.lacks_some(live) {
            parts.push(match &live.missing {
                Some(missing) => format!("some missing in {} accounts", missing.accounts()),
                None => "some missing".to_owned(),
            });
        }
        match parts.is_empty() {
            true => ALL_CURRENT.to_owned(),
            false => format!("of {}: {}", self.total(), parts.join(", ")),
        }
    }

    /// `300 stacks: 100 accounts × 3 regions`.
    pub(super) fn reach(&self) -> String {
        let regions: BTreeSet<_> = self.iter().map(|one| &one.region).collect();
        let counted = |count: usize, word: &str| match count {
            1 => format!("1 {word}"),
            _ => format!("{count} {word}s"),
        };
        format!(
            "{}: {} × {}",
            counted(self.total(), "stack"),
            counted(self.accounts().len(), "account"),
            counted(regions.len(), "region")
        )
    }

    /// The reach, and what no field says.
    pub(super) fn remark(&self, reach: &str, live: &Live) -> String {
        let mut text = reach.to_owned();
        let given_up = live.missing.iter().flat_map(|missing| &missing.given_up);
        let given_up: Vec<_> = given_up.map(String::as_str).collect();
        if let Some(first) = given_up.first() {
            let more = match given_up.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more accounts"),
            };
            text.push_str(&format!(
                "; CloudFormation passes over {first}{more} (`status --org` names all): list them under `targets` or `except`"
            ));
        }
        if let Some(coming) = live.coming() {
            let accounts = match coming.accounts.len() {
                1 => "1 account is about to get its stacks".to_owned(),
                more => format!("{more} accounts are about to get their stacks"),
            };
            text.push_str(&format!(
                "; {accounts}: operation {} is under way",
                coming.operation
            ));
        }
        let suspended = self.count(State::Suspended);
        if suspended > 0 {
            text.push_str(&format!(
                "; {suspended} in suspended accounts are left as they are"
            ));
        }
        let drifted = self.drifted();
        if drifted > 0 {
            text.push_str(&format!("; {drifted} were changed by hand in their accounts"));
        }
        text
    }

    pub(super) fn health(&self, live: &Live) -> Health {
        let broken = [State::Outdated, State::Inoperable, State::Left].map(|state| self.count(state));
        let broken: usize = broken.into_iter().sum();
        let underway = self.count(State::Underway);
        let verdict = match () {
            () if broken > 0 || self.lacks_some(live) => Verdict::Attention,
            () if underway > 0 || live.coming().is_some() || self.is_empty() => Verdict::Waiting,
            () if self.drifted() > 0 => Verdict::Attention,
            () => Verdict::Healthy,
        };
        let reach = self.remark(&self.reach(), live);
        let text = match self.condition(live) {
            text if text == ALL_CURRENT => reach,
            text => format!("{reach}; {text}"),
        };
        let mut health = Health::new(verdict, text)
            .with("instances", self.total())
            .with("accounts", self.accounts().len())
            .with("drifted", self.drifted());
        for (state, name) in [
            (State::Outdated, "outdated"),
            (State::Inoperable, "inoperable"),
            (State::Underway, "underway"),
            (State::Suspended, "suspended"),
            (State::Left, "left"),
        ] {
            health = health.with(name, self.count(state));
        }
        health
    }
}
