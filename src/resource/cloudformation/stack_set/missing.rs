//! Accounts of a set's units that have no instance: they have just joined, an operation passed them over, or somebody removed it.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::{Accounts, Deed, Where};
use super::{CloudformationStackSet, Live, Targets, operation};
use crate::aws::organizations::{self, Account};
use crate::resource::{Aws, Result};

/// How often the same accounts are tried. CloudFormation never deploys to some, and does not say so.
const TRIES: usize = 2;

/// The instances that a set lacks in its units and regions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Missing {
    places: Vec<Place>,
    /// The accounts that CloudFormation passes over, whatever is tried.
    pub given_up: BTreeSet<String>,
    /// What is on its way.
    pub coming: Option<Coming>,
}

/// Instances that are not there yet while an operation is under way. Auto-deployment makes one for an account that joins, which may
/// wait behind others: another one for the same instances would be refused, or have nothing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// The id of the operation.
    pub operation: String,
    /// The regions in which each account gets an instance.
    pub accounts: BTreeMap<String, BTreeSet<String>>,
}

/// Where an instance is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    account: String,
    /// The unit of the set that it is in.
    unit: String,
    regions: BTreeSet<String>,
}

/// What `live` lacks of `wanted`, beside units and regions that are new. `None` if the caller may not list the accounts of the
/// organization.
pub(super) async fn read(wanted: &CloudformationStackSet, aws: &Aws, live: &Live) -> Result<Option<Missing>> {
    let Targets::Units { ous, .. } = &wanted.targets else {
        return Ok(None);
    };
    let both = |live: &[String], wanted: &[String]| -> Vec<String> {
        live.iter().filter(|one| wanted.contains(one)).cloned().collect()
    };
    let (units, regions) = (both(&live.units, ous), both(&live.regions, &wanted.regions));
    let set = &wanted.set(aws);
    let accounts = match organizations::accounts(set.aws).await {
        Err(fault) if organizations::denied(&fault) => return Ok(None),
        accounts => accounts?,
    };
    let mut missing = Missing {
        places: places(live, &accounts, &units, &regions),
        ..Missing::default()
    };
    if missing.places.is_empty() {
        return Ok(Some(missing));
    }
    let newest = operation::newest(set).await?;
    // What an earlier run began stays missing: the next apply finds that operation by its id and waits for it.
    let mut begun: BTreeSet<String> = BTreeSet::new();
    for of in missing.each(&BTreeSet::new()) {
        let Accounts::Only(accounts) = &of.accounts else {
            continue;
        };
        let mut passed_over: BTreeSet<_> = accounts.iter().cloned().collect();
        let deed = Deed::CreateInstances(of.clone());
        if operation::is_running(&newest, set.name, &deed) {
            begun.extend(passed_over);
            continue;
        }
        let tried = operation::succeeded(&newest, set.name, &deed);
        if tried.len() < TRIES {
            continue;
        }
        // An attempt that made an instance proves that CloudFormation can: somebody removed it since.
        for id in tried.iter().take(TRIES) {
            let reached = operation::reached(set, id).await?;
            passed_over.retain(|account| !reached.contains(account));
        }
        missing.given_up.extend(passed_over);
    }
    let Missing { places, given_up, .. } = &mut missing;
    places.retain(|place| !given_up.contains(&place.account));
    if let Some(operation) = operation::underway(&newest) {
        missing.wait_for(operation, &begun);
    }
    Ok(Some(missing))
}

fn places(live: &Live, accounts: &[Account], units: &[String], regions: &[String]) -> Vec<Place> {
    let mut there: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in live.instances.iter() {
        there.entry(&one.account).or_default().insert(&one.region);
    }
    let except = live.except();
    let reached =
        |account: &&Account| account.active && !account.manages && !except.contains(account.id.as_str());
    let places = accounts.iter().filter(reached).filter_map(|account| {
        let unit = units.iter().find(|unit| account.is_in(unit))?;
        let has = |region: &&String| {
            let regions = there.get(account.id.as_str());
            regions.is_some_and(|regions| regions.contains(region.as_str()))
        };
        let regions = regions.iter().filter(|region| !has(region)).cloned();
        Some(Place {
            account: account.id.clone(),
            unit: unit.clone(),
            regions: regions.collect(),
        })
    });
    places.filter(|place| !place.regions.is_empty()).collect()
}

impl Missing {
    /// How many accounts lack an instance.
    pub(super) fn accounts(&self) -> usize {
        self.places.len()
    }

    /// Moves all places to `coming`, as what `operation` brings, but for the accounts in `begun`.
    fn wait_for(&mut self, operation: String, begun: &BTreeSet<String>) {
        let coming = self
            .places
            .extract_if(.., |place| !begun.contains(&place.account));
        let accounts: BTreeMap<_, _> = coming.map(|place| (place.account, place.regions)).collect();
        self.coming = (!accounts.is_empty()).then_some(Coming { operation, accounts });
    }

    /// What to make, without the accounts `except`: those that lack the same regions are in one call.
    pub(super) fn each(&self, except: &BTreeSet<String>) -> Vec<Where> {
        let mut calls: BTreeMap<&BTreeSet<String>, (BTreeSet<String>, Vec<String>)> = BTreeMap::new();
        for place in self
            .places
            .iter()
            .filter(|place| !except.contains(&place.account))
        {
            let (units, accounts) = calls.entry(&place.regions).or_default();
            units.insert(place.unit.clone());
            accounts.push(place.account.clone());
        }
        let each = calls.into_iter().flat_map(|(regions, (units, accounts))| {
            let (units, regions): (Vec<_>, Vec<_>) =
                (units.into_iter().collect(), regions.iter().cloned().collect());
            Where::each(&units, &Accounts::Only(accounts), &regions)
        });
        each.collect()
    }
}
