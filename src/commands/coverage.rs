//! `alertctl status --org`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::planned::look;
use super::{App, Outcome, addresses};
use crate::aws::organizations;
use crate::blueprint::{self, spoke};
use crate::cli::{Adopt, Format, StatusArgs};
use crate::engine::plan::{Action, Plan, Step};
use crate::operate::organization::{self, Coming, Instance, Place, Standing};
use crate::output::Failure;
use crate::resource::Resource as _;
use crate::resource::cloudformation::stack::CloudformationStack;
use crate::resource::cloudformation::stack_set::{self, CloudformationStackSet};
use crate::stack::{Ciphertexts, Organization};

/// The exit code if somebody in the organization is not heard.
const GAPS: u8 = 2;

/// Compares the accounts of the organization with the spokes that stand in them, and asks each spoke what it could not forward.
pub async fn run(app: &App, args: &StatusArgs) -> Outcome {
    let (access, loaded) = app.access_by_name(&args.which, Ciphertexts::Unused).await?;
    let Some(loaded) = loaded else {
        return Err(Failure::new(
            "who should be heard is in the stack file",
            "run the command with the file in place of --stack",
        ));
    };
    let stack = &loaded.stack;
    let Some(organization) = &stack.organization else {
        return Err(Failure::new(
            format!("the stack `{}` names no organization", stack.stack),
            "run `alertctl status` without --org, or add `organization:` to the stack file",
        ));
    };
    let missing = addresses::Missing::LeaveOut;
    let addresses = addresses::resolve(app, stack, &access, missing).await?;
    let graph = blueprint::graph(stack, access.home(stack).await?, &addresses);
    let aws = &access.aws;
    let (accounts, here) =
        futures::try_join!(organizations::accounts(aws), organizations::organization(aws))?;
    let plan = look(aws, &graph, &Adopt::default()).await?;
    app.warn_of(&plan);
    let mut instances = in_set(&plan);
    instances.extend(of_targets(organization, &plan));
    let home = access.region();
    let regions = stack.regions_of_members(organization, home);
    let rules = stack.rules_of_members(organization, home);
    let needs_trail = rules.iter().any(|rule| rule.needs_trail());
    let reader = |region: &str| spoke::reader(stack, region);
    let queue = spoke::dead_letters(stack);
    let read = organization::read(aws, &instances, &reader, &queue, needs_trail).await?;
    let scope = aws.scope().await?;
    let place = Place {
        accounts: &accounts,
        hub: &scope.account,
        management_account: here.as_ref().as_ref().map_or("", |here| &here.management_account),
        regions: &regions,
        except: &organization.except,
        needs_trail,
        coming: &coming(&plan),
        names: Some(&stack.accounts),
    };
    let coverage = organization::coverage(&place, &instances, &read);
    let text = || match app.out.format {
        Format::Markdown => coverage.markdown(),
        _ => coverage.text(),
    };
    app.out.result(text, || coverage.json())?;
    Ok(match coverage.is_complete() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(GAPS),
    })
}

/// The stack set as it is, with its step.
fn live_set(plan: &Plan) -> Option<(&Step, &stack_set::Live)> {
    let mut sets = of_kind(plan, CloudformationStackSet::KIND);
    let set = sets.find(|step| step.action != Action::Create)?;
    Some((set, set.live.as_ref()?.downcast_ref()?))
}

/// The instances that an operation of the set is about to make.
fn coming(plan: &Plan) -> Vec<Coming> {
    let Some(coming) = live_set(plan).and_then(|(_, live)| live.coming()) else {
        return Vec::new();
    };
    let of = |(account, regions): (&String, &BTreeSet<String>)| {
        let one = |region: &String| Coming {
            account: account.clone(),
            region: region.clone(),
            operation: coming.operation.clone(),
        };
        regions.iter().map(one).collect::<Vec<_>>()
    };
    coming.accounts.iter().flat_map(of).collect()
}

/// The instances of the stack set. If the set itself is not what the file says, none of them is.
fn in_set(plan: &Plan) -> Vec<Instance> {
    let Some((set, live)) = live_set(plan) else {
        return Vec::new();
    };
    let is_old = set.changes.touch("template") || set.changes.touch("parameters");
    let instances = live.instances.iter();
    let instance = |one: &stack_set::Instance| Instance {
        account: one.account.clone(),
        region: one.region.clone(),
        standing: match one.state {
            None if is_old => Standing::Old,
            None => Standing::Current,
            Some(stack_set::State::Underway) => Standing::Underway,
            Some(stack_set::State::Outdated) => Standing::Old,
            Some(stack_set::State::Inoperable | stack_set::State::Suspended | stack_set::State::Left) => {
                Standing::Broken
            }
        },
    };
    instances.map(instance).collect()
}

fn of_kind<'p>(plan: &'p Plan, kind: &'static str) -> impl Iterator<Item = &'p Step> {
    plan.steps.iter().filter(move |step| step.id.kind == kind)
}

/// The stacks of `targets`.
fn of_targets(organization: &Organization, plan: &Plan) -> Vec<Instance> {
    let there: Vec<_> = of_kind(plan, CloudformationStack::KIND)
        .filter(|step| step.action != Action::Create)
        .collect();
    let targets = organization.targets.iter().filter_map(|target| {
        let key = blueprint::target_key(target);
        let step = there.iter().find(|step| step.id.key == key)?;
        Some(Instance {
            account: target.account.clone(),
            region: target.region.clone(),
            standing: match step.action {
                Action::Keep => Standing::Current,
                _ => Standing::Old,
            },
        })
    });
    targets.collect()
}
