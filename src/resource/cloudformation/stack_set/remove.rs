//! Deletes a set with all its instances, from its name alone.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::sleep;

use super::calls::{Accounts, Deed, Set, Update, Where};
use super::failures::{self, Failure};
use super::instances::{self, Instance, Instances, State};
use super::operation::Operations;
use super::{Live, read, sorted};
use crate::aws::fault::gone;
use crate::aws::wait;
use crate::resource::{Context, Result};

/// How long a list of instances may lag behind their deletion.
const LAG: Duration = Duration::from_secs(2 * 60);
/// How often, and how far apart, instances are looked for that no operation on units reached, such as those of accounts that
/// left the organization.
const LOOKS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(3);

/// Deletes the set. Auto-deployment goes first: an account that joins meanwhile would get a new instance.
pub(super) async fn remove(live: &Live, cx: &Context<'_>) -> Result<()> {
    let set = Set {
        aws: cx.aws,
        name: &live.name,
        call_as: live.call_as,
    };
    let Some(live) = read::read(&set).await? else {
        return Ok(());
    };
    let operations = Operations::of(set, cx);
    operations.stop_ours().await?;
    if live.auto_deployment == Some(true) {
        let update = Update {
            auto_deployment: Some(false),
            ..Update::nothing(&live)
        };
        let id = operations.start(&Deed::Update(update)).await?;
        // Where it fails on instances it has changed the set all the same, and they are about to go.
        operations.ended(&id).await?;
    }
    let mut failed = Vec::new();
    for of in everything(&live) {
        let id = operations
            .start(&Deed::DeleteInstances { of, retain: false })
            .await?;
        failed.extend(operations.failures(&id).await?);
    }
    let left = left(&set, &live.regions, !failed.is_empty()).await?;
    if !left.is_empty() {
        leave(&operations, &live, &left, failed).await?;
    }
    let emptied = wait::until(
        LAG,
        "cloudformation:ListStackInstances",
        "the last instances of the stack set to go",
        async || {
            let now = instances::read(&set, &live.regions).await?;
            Ok(now.is_empty().then_some(()))
        },
    );
    emptied.await?;
    gone(set.delete().await)
}

fn everything(live: &Live) -> Vec<Where> {
    match live.is_service_managed() {
        true => Where::each(&live.units, &Accounts::All, &live.regions),
        false => Where::each(&[], &Accounts::Only(live.instances.accounts()), &live.regions),
    }
}

/// The instances that are still there. Where nothing failed, those that the list only still shows get a moment to go.
async fn left(set: &Set<'_>, regions: &[String], some_failed: bool) -> Result<Instances> {
    let mut now = instances::read(set, regions).await?;
    for _ in 0..LOOKS {
        if now.is_empty() || some_failed {
            break;
        }
        sleep(PAUSE).await;
        now = instances::read(set, regions).await?;
    }
    Ok(now)
}

/// Gives up the instances whose stacks cannot be deleted. Those that failed for a reason that somebody can mend stay, and are
/// an error.
async fn leave(
    operations: &Operations<'_>,
    live: &Live,
    left: &Instances,
    mut failed: Vec<Failure>,
) -> Result<()> {
    let set = operations.set;
    let is_lost = |place: &Instance| {
        let reported = failed
            .iter()
            .any(|failure| failure.account == place.account && failure.region == place.region);
        matches!(place.state, Some(State::Inoperable | State::Suspended)) || !reported
    };
    let (lost, mendable): (Vec<_>, Vec<_>) = left.iter().partition(|place| is_lost(place));
    if !mendable.is_empty() {
        failed.retain(|failure| {
            let is = |place: &&Instance| place.account == failure.account && place.region == failure.region;
            failure.account.is_empty() || mendable.iter().any(is)
        });
        failed.sort();
        let again = "run the same command again: it goes on with these";
        let done = "the stacks of all others are deleted";
        return Err(failures::fault(
            &set,
            &failed,
            live.instances.total(),
            done,
            again,
        ));
    }
    let mut calls: BTreeMap<(Option<&str>, &str), Vec<String>> = BTreeMap::new();
    for place in &lost {
        let key = (place.unit.as_deref(), place.region.as_str());
        calls.entry(key).or_default().push(place.account.clone());
    }
    let mut refused = Vec::new();
    for ((unit, region), accounts) in calls {
        let units: Vec<_> = unit.map(str::to_owned).into_iter().collect();
        let accounts = Accounts::Only(sorted(&accounts));
        for of in Where::each(&units, &accounts, &[region.to_owned()]) {
            let id = operations
                .start(&Deed::DeleteInstances { of, retain: true })
                .await?;
            refused.extend(operations.failures(&id).await?);
        }
    }
    if !refused.is_empty() {
        let again = "run the same command again";
        return Err(failures::fault(
            &set,
            &refused,
            live.instances.total(),
            "the others are gone",
            again,
        ));
    }
    for place in lost {
        operations.cx.note(stays(place));
    }
    Ok(())
}

/// What somebody has to do about a stack that nobody could delete.
fn stays(place: &Instance) -> String {
    let Instance {
        account,
        region,
        stack,
        ..
    } = place;
    match stack {
        Some(stack) => format!(
            "the stack {stack} stays in account {account}, because StackSets could not delete it: delete it there with `aws \
             cloudformation delete-stack --region {region} --stack-name {stack}`"
        ),
        None => format!("StackSets could not look at account {account} in {region}: a stack may stay there"),
    }
}
