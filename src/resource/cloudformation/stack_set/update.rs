//! Brings a set and its instances to what is wanted.
//!
//! The step itself only begins operations, which CloudFormation queues in this order; the wait for them is the rest of the
//! step. A run that ends before them loses nothing: the next one finds the operations by their ids.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::calls::{Accounts, Deed, Update, Where};
use super::failures::{self, Failure};
use super::instances::{Instance, State};
use super::operation::Operations;
use super::{CloudformationStackSet, EXCEPT_TAG, Live, Targets, instances, sorted};
use crate::aws::retry;
use crate::resource::{Changes, Context, Result, tags};

/// The fields that one update of the set changes, with those that start with `parameters.` and `tags.`.
const SET: &[&str] = &[
    "description",
    "template",
    "parameters",
    "auto_deployment",
    "managed_execution",
    "tags",
];
/// How long roles that were just made may stay unknown to the accounts, and the pause between two attempts.
const UNSEEN: Duration = Duration::from_secs(2 * 60);
const PAUSE: Duration = Duration::from_secs(10);

/// Begins the operations that make the planned changes.
pub(super) async fn update(
    wanted: &CloudformationStackSet,
    live: Live,
    changes: &Changes,
    cx: &Context<'_>,
) -> Result<Live> {
    let body = wanted.template_body()?;
    let operations = Operations::of(wanted.set(cx.aws), cx);
    let mut started = Vec::new();
    // What is wanted no longer goes first: an account may be in a unit that goes and in one that comes.
    for of in gone(wanted, &live, cx) {
        let deed = Deed::DeleteInstances { of, retain: false };
        started.push(operations.start(&deed).await?);
    }
    // What is made next may be in the same places.
    for id in &started {
        operations.ended(id).await?;
    }
    let whole = changes.touch_any(SET);
    let parameters = wanted.filled(cx)?;
    let all_tags = tags::merged(&live.tags, &wanted.all_tags(&cx.known));
    if whole {
        let is_service_managed = live.is_service_managed();
        let update = Update {
            description: wanted.description.clone(),
            template: Some(body),
            parameters: parameters
                .iter()
                .map(|(name, value)| (name.clone(), Some(value.clone())))
                .collect(),
            tags: all_tags.clone(),
            is_service_managed,
            auto_deployment: is_service_managed.then_some(true),
            only: None,
        };
        started.push(operations.start(&Deed::Update(update)).await?);
    }
    let others_may_join = changes.iter().any(|change| {
        let field = change.field.strip_prefix("tags.").unwrap_or_default();
        field.starts_with(EXCEPT_TAG)
    });
    // A unit that left may be below one that stays, whose accounts just lost their instances.
    let unit_left = match &wanted.targets {
        Targets::Units { ous, .. } => live.units.iter().any(|unit| !ous.contains(unit)),
        Targets::Accounts(_) => false,
    };
    let all = others_may_join || unit_left || live.instances.seems_to_have_gaps(&live);
    let mut made = missing(wanted, &live, cx, all);
    if let (false, Some(missing)) = (all, &live.missing) {
        made.extend(missing.each(&wanted.except(&cx.known).into_iter().collect()));
    }
    for of in made {
        started.push(operations.start(&Deed::CreateInstances(of)).await?);
    }
    // A change of the whole set reaches those that are outdated, too.
    if changes.touch("instances") {
        started.extend(repair(wanted, &live, &operations, whole).await?);
    }
    Ok(Live {
        description: wanted.description.clone(),
        template: wanted.template.clone(),
        parameters,
        tags: all_tags,
        started,
        ..live
    })
}

/// Begins to make all instances of a set that has just been created.
pub(super) async fn deploy(wanted: &CloudformationStackSet, live: Live, cx: &Context<'_>) -> Result<Live> {
    let operations = Operations::of(wanted.set(cx.aws), cx);
    let mut started = Vec::new();
    for of in missing(wanted, &live, cx, true) {
        started.push(operations.start(&Deed::CreateInstances(of)).await?);
    }
    Ok(Live { started, ..live })
}

/// The instances that are no longer wanted: of units, accounts and regions that left the stack file, and of accounts that are
/// excepted now.
fn gone(wanted: &CloudformationStackSet, live: &Live, cx: &Context<'_>) -> Vec<Where> {
    let left = |live: &[String], wanted: &[String]| -> Vec<String> {
        live.iter().filter(|one| !wanted.contains(one)).cloned().collect()
    };
    let regions = left(&live.regions, &wanted.regions);
    match &wanted.targets {
        Targets::Units { ous, .. } => {
            let units = left(&live.units, ous);
            let kept = left(&live.units, &units);
            let except = wanted.except(&cx.known);
            let unwelcome = Accounts::Only(live.instances.accounts_among(|one| except.contains(one)));
            let staying = left(&live.regions, &regions);
            let mut all = Where::each(&units, &Accounts::All, &live.regions);
            all.extend(Where::each(&kept, &Accounts::All, &regions));
            if !kept.is_empty() {
                all.extend(Where::each(&kept, &unwelcome, &staying));
            }
            all
        }
        Targets::Accounts(wanted) => {
            let live_accounts = live.instances.accounts();
            let accounts = left(&live_accounts, wanted);
            let kept = left(&live_accounts, &accounts);
            let mut all = Where::each(&[], &Accounts::Only(accounts), &live.regions);
            all.extend(Where::each(&[], &Accounts::Only(kept), &regions));
            all
        }
    }
}

/// The instances that are to be made: of units, accounts and regions that are new, or of `all`, where those that exist
/// stay as they are.
fn missing(wanted: &CloudformationStackSet, live: &Live, cx: &Context<'_>, all: bool) -> Vec<Where> {
    let wanted_regions = sorted(&wanted.regions);
    let new = |live: &[String], wanted: Vec<String>| -> (Vec<String>, Vec<String>) {
        let known = |one: &String| !all && live.contains(one);
        wanted.into_iter().partition(|one| !known(one))
    };
    let (regions, _) = new(&live.regions, wanted_regions.clone());
    match &wanted.targets {
        Targets::Units { ous, .. } => {
            let (units, kept) = new(&live.units, sorted(ous));
            let except = Accounts::Except(wanted.except(&cx.known));
            let mut calls = Where::each(&units, &except, &wanted_regions);
            calls.extend(Where::each(&kept, &except, &regions));
            calls
        }
        Targets::Accounts(accounts) => {
            let (accounts, kept) = new(&live.instances.accounts(), sorted(accounts));
            let mut calls = Where::each(&[], &Accounts::Only(accounts), &wanted_regions);
            calls.extend(Where::each(&[], &Accounts::Only(kept), &regions));
            calls
        }
    }
}

/// Begins to bring the instances that are not current up to date. An operation that already changes them is waited for
/// instead; what it leaves, the next run repairs.
async fn repair(
    wanted: &CloudformationStackSet,
    live: &Live,
    operations: &Operations<'_>,
    whole: bool,
) -> Result<Vec<String>> {
    let mut started = Vec::new();
    if live.instances.of_state(State::Underway).next().is_some() {
        let open = operations.open().await?;
        if !open.is_empty() {
            return Ok(open);
        }
    }
    let of = |state: State| live.instances.of_state(state);
    // Their stacks are out of reach.
    for of in places(wanted, live, of(State::Left)) {
        started.push(
            operations
                .start(&Deed::DeleteInstances { of, retain: true })
                .await?,
        );
    }
    // No update reaches these. What was left of their stacks goes, and they are made anew.
    for of in places(wanted, live, of(State::Inoperable)) {
        let deed = Deed::DeleteInstances {
            of: of.clone(),
            retain: false,
        };
        started.push(operations.start(&deed).await?);
        started.push(operations.start(&Deed::CreateInstances(of)).await?);
    }
    if whole {
        return Ok(started);
    }
    // Without a change of the template, the update leaves the state of all other instances as it is.
    // <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStackSet.html>
    let outdated = of(State::Outdated).chain(of(State::Underway));
    for only in places(wanted, live, outdated) {
        let update = Update {
            only: Some(only),
            ..Update::nothing(live)
        };
        started.push(operations.start(&Deed::Update(update)).await?);
    }
    Ok(started)
}

/// The accounts and regions of these instances that are still wanted.
fn places<'a>(
    wanted: &CloudformationStackSet,
    live: &Live,
    off: impl Iterator<Item = &'a Instance>,
) -> Vec<Where> {
    let except = live.except();
    let is_wanted = |off: &&Instance| {
        let account = match &wanted.targets {
            Targets::Units { .. } => !except.contains(off.account.as_str()),
            Targets::Accounts(accounts) => accounts.contains(&off.account),
        };
        account && wanted.regions.contains(&off.region)
    };
    let mut by_regions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for off in off.filter(is_wanted) {
        by_regions
            .entry(off.account.clone())
            .or_default()
            .push(off.region.clone());
    }
    // Accounts that need the same regions share a call.
    let mut calls: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (account, regions) in by_regions {
        calls.entry(sorted(&regions)).or_default().push(account);
    }
    let units = match &wanted.targets {
        Targets::Units { ous, .. } => sorted(ous),
        Targets::Accounts(_) => Vec::new(),
    };
    let each = |(regions, accounts): (Vec<String>, Vec<String>)| {
        Where::each(&units, &Accounts::Only(accounts), &regions)
    };
    calls.into_iter().flat_map(each).collect()
}

/// Waits until all begun operations have ended, and says where they failed.
pub(super) async fn settle(wanted: &CloudformationStackSet, live: &Live, cx: &Context<'_>) -> Result<()> {
    let set = wanted.set(cx.aws);
    let operations = Operations::of(set, cx);
    let begun = Instant::now();
    let mut ids = live.started.clone();
    loop {
        let mut failed: Vec<Failure> = Vec::new();
        for id in &ids {
            failed.extend(operations.failures(id).await?);
        }
        if failed.is_empty() {
            return Ok(());
        }
        let passes = failed
            .iter()
            .all(|failure| retry::is_unseen_role(&failure.reason));
        if !passes || begun.elapsed() > UNSEEN {
            failed.sort();
            let all = instances::read(&set, &wanted.regions).await?;
            let again = "run `alertctl apply` again: it repeats only these";
            return Err(failures::fault(
                &set,
                &failed,
                all.total(),
                "all others are done",
                again,
            ));
        }
        sleep(PAUSE).await;
        let instances = instances::read(&set, &wanted.regions).await?;
        let now = Live {
            instances,
            ..live.clone()
        };
        // The list of operations may have changed since.
        ids = repair(wanted, &now, &Operations::of(set, cx), false).await?;
    }
}
