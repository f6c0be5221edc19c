//! `alertctl destroy`: the plan of an empty graph.

use std::collections::BTreeSet;
use std::process::ExitCode;

use super::planned::json;
use super::refusals::refuse_disowned;
use super::{App, Outcome, protection};
use crate::aws::Aws;
use crate::aws::tags::STACK_TAG;
use crate::blueprint::{self, Home};
use crate::cli::{DestroyArgs, Detail, Format};
use crate::engine::graph::Graph;
use crate::engine::observe::{Observation, observe};
use crate::engine::plan::{Adoption, Plan, Step, plan};
use crate::output::Failure;
use crate::resource::kinds::kind;
use crate::resource::kms::key::KmsKey;
use crate::resource::{Regions, Resource as _};
use crate::stack::{Ciphertexts, Stack};

pub async fn run(app: &App, args: &DestroyArgs) -> Outcome {
    // The whole stack is deleted, so its ciphertexts need not be valid.
    let (access, loaded) = app.access_by_name(&args.which, Ciphertexts::Unused).await?;
    let wanted = match &loaded {
        Some(loaded) => names(&loaded.stack, access.place(&loaded.stack).await?),
        None => Graph::default(),
    };
    // Whoever owned the key may have deleted it.
    let key = match &loaded {
        Some(loaded) => access.existing_key(&loaded.stack).await.ok().flatten(),
        None => None,
    };
    let key = key.map(str::to_owned);
    let mut aws = access.aws;
    aws.may_empty_buckets = args.delete_trail_logs;
    aws.takes_ad_hoc = true;
    let mut plan = look(app, &aws, &wanted).await?;
    if let Some(loaded) = &loaded {
        refuse_disowned(&loaded.stack, key.as_deref(), &plan)?;
    }
    app.warn_of(&plan);
    if !plan.has_changes() {
        let place = &plan.scope;
        let nothing = format!(
            "nothing to destroy: stack {} owns nothing in {}, {}",
            plan.stack, place.account, place.region
        );
        let kept = plan.steps.iter().filter(|step| step.kept).filter_map(|step| {
            let remark = step.remark.as_ref()?;
            Some(format!(" but `{}`: {remark}", step.name))
        });
        app.out.say(&format!("{nothing}{}", kept.collect::<String>()));
        if app.out.format == Format::Json {
            app.out.result(String::new, || json(&plan))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    app.out.say(&plan.text(Detail::default()));
    if loaded.is_none() && is_roles_alone(&plan) {
        app.out.warn(
            "only the roles of this stack were found: resources created within the last few minutes may be \
             missed, since AWS's index of tags can lag behind; `destroy` with the stack file also looks for \
             them by name",
        );
    }
    let again = |plan: &Plan, more| {
        let words = again_words(app, args, plan).into_iter();
        app.again(words.chain(more))
    };
    protection::refuse_unknown(app, &plan, &args.unprotect)?;
    protection::refuse(&plan, &args.unprotect, |more| again(&plan, more))?;
    if !args.run.yes {
        let question = format!(
            "Delete all of this from account {}, {}?",
            plan.scope.account, plan.scope.region
        );
        if !app.out.confirm_by(&question, &plan.stack, "--yes")? {
            return Err(Failure::Declined("nothing was deleted"));
        }
        aws = aws.afresh();
        let now = look(app, &aws, &wanted).await?;
        super::planned::refuse_other(&now, &plan)?;
        plan = now;
    }
    let (graph, parallelism) = (Graph::default(), args.run.parallelism);
    let ended = app
        .execute(&aws, &graph, &plan, parallelism, &again(&plan, Vec::new()), None)
        .await?;
    if !is_behind(&aws, &plan).await? {
        return Ok(ended);
    }
    let known = known(&aws, &plan).await?;
    if aws.indexed().await?.iter().all(|arn| known.contains(arn)) {
        return Ok(ended);
    }
    // These resources were created moments ago, or by another run.
    let aws = aws.afresh();
    let plan = look(app, &aws, &wanted).await?;
    if !plan.has_changes() {
        return Ok(ended);
    }
    app.out.say(&format!(
        "found in the meantime: {}",
        plan.text(Detail::default())
    ));
    protection::refuse(&plan, &args.unprotect, |more| again(&plan, more))?;
    let again = again(&plan, Vec::new());
    app.execute(&aws, &graph, &plan, parallelism, &again, None).await
}

/// The resources of the stack file. They are found by name, without the tag index, which may be behind
/// (eventual consistency).
fn names(stack: &Stack, home: Home<'_>) -> Graph {
    let mut graph = blueprint::names(stack, home).alone();
    // The resource that marks a region for later runs may be gone, so the rules' regions are added.
    let rules = stack.compiled_rules(home.region);
    let regions = rules.into_iter().flat_map(|rule| rule.regions);
    regions.for_each(|region| graph.look_in(region));
    graph
}

/// Observes what the stack owns, by the names in `wanted` and by its tag, and plans to delete it.
async fn look(app: &App, aws: &Aws, wanted: &Graph) -> Result<Plan, Failure> {
    let seen = match observe(aws, wanted).await {
        Ok(seen) => seen,
        Err(faults) if wanted.nodes().is_empty() => return Err(faults.into()),
        // The file may name something that the stack does not own, such as a bucket of another account.
        Err(faults) => {
            let Ok(seen) = by_tag(aws, wanted).await else {
                // Return the first errors, because they name what was looked up.
                return Err(faults.into());
            };
            for fault in faults {
                app.out.warn(&format!(
                    "could not look up all names in the stack file, so resources created within the last few \
                     minutes may be missed: {fault}"
                ));
            }
            seen
        }
    };
    let seen = seen.none_wanted(wanted);
    Ok(plan(&aws.stack, &Graph::default(), &seen, &Adoption::default()))
}

async fn by_tag(aws: &Aws, wanted: &Graph) -> Result<Observation, Failure> {
    let mut graph = Graph::default();
    let regions = wanted.regions().into_iter();
    regions.for_each(|region| graph.look_in(region));
    Ok(observe(aws, &graph).await?)
}

/// Whether the tag index lacks something that was found by name.
async fn is_behind(aws: &Aws, plan: &Plan) -> Result<bool, Failure> {
    let tagged = aws.tagged().await?;
    let own_tag = format!("tags.{STACK_TAG}");
    let unknown = |step: &Step| {
        let (Some(live), Some(output)) = (&step.live, step.output()) else {
            return false;
        };
        let kind = kind(step.id.kind);
        let elsewhere = kind.handling.regions == Regions::Global || step.id.region().is_some();
        let is_tagged = (kind.live_fields)(live).iter().any(|(field, _)| field == own_tag);
        is_tagged && !elsewhere && !tagged.iter().any(|tagged| tagged.arn == output.arn)
    };
    Ok(plan.steps.iter().any(unknown))
}

/// The ARNs of everything that the tag index knew at the first look, and of everything that was deleted.
async fn known(aws: &Aws, plan: &Plan) -> Result<BTreeSet<String>, Failure> {
    let tagged = aws.tagged().await?.iter().map(|tagged| tagged.arn.clone());
    let steps = plan.steps.iter().filter_map(|step| step.output());
    Ok(tagged.chain(steps.map(|output| output.arn)).collect())
}

/// Whether only global resources (roles) are left: IAM and KMS list roles and keys, everything else comes from
/// the tag index.
fn is_roles_alone(plan: &Plan) -> bool {
    let mut found = plan
        .steps
        .iter()
        .filter(|step| !step.kept && step.id.kind != KmsKey::KIND);
    !plan.steps.is_empty() && found.all(|step| kind(step.id.kind).handling.regions == Regions::Global)
}

fn again_words(app: &App, args: &DestroyArgs, plan: &Plan) -> Vec<String> {
    let mut words = vec!["destroy".to_owned()];
    match (&args.which.path, &args.which.stack) {
        (Some(path), _) => words.push(path.display().to_string()),
        (None, Some(name)) => words.extend(["--stack".to_owned(), name.clone()]),
        (None, None) => {}
    }
    // Without a file, only this option names the stack's region.
    if args.which.stack.is_some() && app.global.region.is_none() {
        words.extend(["--region".to_owned(), plan.scope.region.clone()]);
    }
    if args.delete_trail_logs {
        words.push("--delete-trail-logs".to_owned());
    }
    words.extend(args.unprotect.words());
    words
}
