//! A plan of a stack file, with all that it was made of.

use std::path::Path;

use serde_json::{Value, json};

use super::addresses::Missing;
use super::preflight::Preflight;
use super::refusals::{problems, refuse_deaf, refuse_disowned, refuse_unknown};
use super::{Access, App, addresses, decryption, metrics};
use crate::aws::Aws;
use crate::blueprint;
use crate::cli::Adopt;
use crate::engine::graph::Graph;
use crate::engine::observe::observe;
use crate::engine::plan::{Action, Adoption, Plan, Step, plan};
use crate::output::{Failure, warnings_of_file};
use crate::resource::Resource as _;
use crate::resource::cloudwatch;
use crate::resource::kms::key::KmsKey;
use crate::stack::{Loaded, SecretSource, Stack};

/// A plan with everything that is needed to run it.
pub struct Planned {
    pub plan: Plan,
    pub graph: Graph,
    pub access: Access,
    pub loaded: Loaded,
    /// Warnings about the stack file and its addresses; already shown.
    pub cautions: Vec<String>,
    /// Channels whose address is not available, so it is unknown whether it changes.
    pub without_addresses: Vec<String>,
}

impl Planned {
    /// Loads the stack file, observes and plans.
    pub async fn make(app: &App, file: &Path, adopt: &Adopt, missing: Missing) -> Result<Self, Failure> {
        let loaded = app.load_to_deploy(file).await?;
        let stack = &loaded.stack;
        let access = app.access(&stack.stack, stack.region.as_deref()).await?;
        Self::of(app, loaded, access, adopt, missing).await
    }

    /// The same for a loaded stack file in a known account.
    pub async fn of(
        app: &App,
        loaded: Loaded,
        access: Access,
        adopt: &Adopt,
        missing: Missing,
    ) -> Result<Self, Failure> {
        let stack = &loaded.stack;
        refuse_deaf(stack, access.region())?;
        let addresses = addresses::resolve(app, stack, &access, missing).await?;
        let graph = blueprint::graph(stack, access.home(stack).await?, &addresses);
        refuse_unknown(&graph, adopt)?;
        let mut plan = look(&access.aws, &graph, adopt).await?;
        refuse_disowned(stack, access.existing_key(stack).await?, &plan)?;
        let misfits = decryption::held_by_a_former_relay(&access.aws, stack, &plan).await?;
        if !misfits.is_empty() {
            let of: Vec<_> = misfits
                .iter()
                .map(|(channel, relay)| (channel.as_str(), relay.as_str()))
                .collect();
            return Err(loaded.refuse_ciphertexts(&of).into());
        }
        if let Some(session) = &access.local {
            // `alertctl local alarm` searches these regions for alarms.
            let alarms = graph.nodes().iter();
            let alarms = alarms.filter(|node| cloudwatch::is_alarm(node.id.kind));
            for region in alarms.filter_map(|node| node.id.region()) {
                session.remember_region(region)?;
            }
        } else {
            // The local AWS does not run the services that report metrics, so this check is only for AWS.
            plan.warnings
                .extend(metrics::silent(&access.aws, &graph, &plan).await);
        }
        let mut cautions = warnings_of_file(&loaded);
        if access.local.is_none() {
            let orphaned = orphaned_addresses(stack, &plan);
            orphaned.iter().for_each(|text| app.out.warn(text));
            cautions.extend(orphaned);
        }
        let left_out = addresses::left_out(stack, &addresses);
        for (channel, variable) in &left_out {
            let note = format!(
                "channel `{channel}`: {variable} is not set, so changes to its address are not shown; \
                 `apply` needs it"
            );
            app.out.say(&note);
            cautions.push(note);
        }
        Ok(Self {
            plan,
            graph,
            access,
            loaded,
            cautions,
            without_addresses: left_out.into_iter().map(|(channel, _)| channel).collect(),
        })
    }

    /// Distinguishes drift from changes since `before`, an earlier version of the stack file.
    pub async fn hold_against(&mut self, app: &App, before: &Loaded) -> Result<(), Failure> {
        let (stack, name) = (&before.stack, before.source.name());
        if stack.stack != self.plan.stack {
            return Err(Failure::new(
                format!(
                    "`{name}` is for stack `{}`, not for `{}`",
                    stack.stack, self.plan.stack
                ),
                "pass an earlier version of the same stack file to `--base`",
            ));
        }
        let here = self.access.region();
        let other = stack.region.as_deref().filter(|region| *region != here);
        // `--region` overrides the region in both files.
        if let Some(other) = other.filter(|_| app.global.region.is_none()) {
            return Err(Failure::new(
                format!("`{name}` is for region {other}, not for {here}"),
                "pass an earlier version of the same stack file to `--base`",
            ));
        }
        let addresses = addresses::resolve(app, stack, &self.access, Missing::LeaveOut).await?;
        let graph = blueprint::graph(stack, self.access.former_home(stack).await?, &addresses);
        self.plan.hold_against(&graph, &self.graph, name);
        Ok(())
    }

    /// Asks IAM whether the caller could apply the plan, and warns about missing permissions; `None` if AWS
    /// does not answer.
    pub async fn preflight(&mut self, app: &App) -> Option<Preflight> {
        let asked = Preflight::of(&self.access.aws, &self.graph, &self.plan).await;
        let warnings = match &asked {
            Ok(verdict) => verdict.texts().collect(),
            Err(fault) => vec![format!(
                "could not ask IAM whether you may apply the plan: {fault}"
            )],
        };
        warnings.iter().for_each(|text| app.out.warn(text));
        self.cautions.extend(warnings);
        asked.ok()
    }
}

/// Warns about ciphertexts whose key is gone. A ciphertext is only valid as long as its key exists and the
/// function that it was made for keeps its name.
fn orphaned_addresses(stack: &Stack, plan: &Plan) -> Vec<String> {
    let new_key = |step: &Step| step.id.kind == KmsKey::KIND && step.action == Action::Create;
    if !plan.steps.iter().any(new_key) {
        return Vec::new();
    }
    let encrypted = stack
        .channels
        .iter()
        .filter(|(_, settings)| matches!(settings.address, SecretSource::Encrypted { .. }));
    let warning = |channel: &String| {
        format!(
            "channel `{channel}`: its address was encrypted with a key that no longer exists, so no message \
             will arrive: run `alertctl encrypt-hook --channel {channel} --write` first"
        )
    };
    encrypted.map(|(channel, _)| warning(channel)).collect()
}

/// Observes and plans.
pub async fn look(aws: &Aws, graph: &Graph, adopt: &Adopt) -> Result<Plan, Failure> {
    let seen = observe(aws, graph).await?;
    let adopt = Adoption {
        nodes: adopt.nodes.iter().cloned().collect(),
        all: adopt.all,
    };
    Ok(plan(&aws.stack, graph, &seen, &adopt))
}

/// Observes and plans again after a prompt, because the account may have changed meanwhile.
///
/// # Errors
/// The new plan differs from `agreed`, the plan that the user approved.
pub async fn look_again(
    aws: Aws,
    graph: &Graph,
    adopt: &Adopt,
    agreed: &Plan,
) -> Result<(Aws, Plan), Failure> {
    let aws = aws.afresh();
    let now = look(&aws, graph, adopt).await?;
    refuse_other(&now, agreed)?;
    Ok((aws, now))
}

/// Returns an error if the plan differs from the one that the user approved.
pub fn refuse_other(now: &Plan, agreed: &Plan) -> Result<(), Failure> {
    match now.same_as(agreed) {
        true => Ok(()),
        false => Err(Failure::new(
            "the account changed before you answered: the plan you saw is out of date",
            "run the command again to see the new plan",
        )),
    }
}

/// The plan as JSON, as described in `docs/plan.schema.json`.
pub fn json(plan: &Plan) -> Value {
    let mut document = json!({ "version": 1, "summary": plan.summary() });
    if let (Some(document), Ok(Value::Object(plan))) = (document.as_object_mut(), serde_json::to_value(plan))
    {
        document.extend(plan);
    }
    let steps = document["steps"].as_array_mut().into_iter().flatten();
    for (entry, step) in steps.zip(&plan.steps) {
        if let Some(arn) = step
            .output()
            .map(|output| output.arn)
            .filter(|arn| !arn.is_empty())
        {
            entry["arn"] = arn.into();
        }
    }
    if !plan.conflicts.is_empty() {
        document["errors"] = json!(problems(plan));
    }
    document
}
