//! `alertctl apply`.

use std::process::ExitCode;

use serde_json::json;

use super::addresses::Missing;
use super::planned::{Planned, json, look_again};
use super::refusals::refuse_conflicts;
use super::{App, Outcome, decryption, endpoints, preflight, protection, saved};
use crate::aws::Aws;
use crate::cli::{ApplyArgs, Format, Wait};
use crate::engine::graph::Graph;
use crate::engine::plan::{Action, Plan};
use crate::output::Failure;
use crate::stack::Stack;

pub async fn run(app: &App, args: &ApplyArgs) -> Outcome {
    // A saved plan was reviewed when it was made, so there is no prompt.
    let (planned, continues, agreed) = match saved::read(&args.path)? {
        Some(saved) => {
            let (planned, again) = saved::made_again(app, args, &saved).await?;
            (planned, again, true)
        }
        None => {
            let planned = Planned::make(app, &args.path, &args.adopt, Missing::Refuse).await?;
            (planned, again(app, args, Vec::new()), args.run.yes)
        }
    };
    let Planned {
        mut plan,
        graph,
        access,
        loaded,
        cautions: _,
        without_addresses: _,
    } = planned;
    let file = loaded.source.name().to_owned();
    let stack = loaded.stack;
    // The plan goes to standard error; standard output is for the result.
    app.out.fold("plan", &plan.title(), &plan.text(args.detail));
    app.warn_of(&plan);
    refuse_conflicts(&plan)?;
    protection::refuse_unknown(app, &plan, &args.unprotect)?;
    protection::refuse(&plan, &args.unprotect, |more| again(app, args, more))?;
    app.out.refuse_warnings(args.strict, false)?;
    if !plan.has_changes() {
        let endpoints = endpoints::of(&stack, &access.aws, &plan.known);
        endpoints.iter().for_each(|one| app.out.say(&one.text()));
        if app.out.format == Format::Json {
            let mut document = json(&plan);
            document["endpoints"] = json!(endpoints);
            app.out.result(String::new, || document)?;
        }
        return wait_for(app, access.aws, &graph, &stack, &args.wait, &file).await;
    }
    let mut aws = access.aws;
    if !args.no_preflight {
        preflight::refuse_lacking(&aws, &graph, &plan, &file).await?;
    }
    if !agreed {
        let taken = !args.adopt.all || take_over(app, &plan)?;
        if !taken || !app.out.confirm("Apply these changes?", "--yes")? {
            return Err(Failure::Declined("nothing was changed"));
        }
        (aws, plan) = look_again(aws, &graph, &args.adopt, &plan).await?;
    }
    app.execute(
        &aws,
        &graph,
        &plan,
        args.run.parallelism,
        &continues,
        Some(&stack),
    )
    .await?;
    wait_for(app, aws.afresh(), &graph, &stack, &args.wait, &file).await
}

/// The same command with `more` words.
fn again(app: &App, args: &ApplyArgs, more: Vec<String>) -> String {
    let words = ["apply".to_owned(), args.path.display().to_string()].into_iter();
    let words = words.chain(args.adopt.words()).chain(args.unprotect.words());
    app.again(words.chain(more))
}

/// Asks for consent to adopt resources that somebody created by hand, separately from all other changes.
fn take_over(app: &App, plan: &Plan) -> Result<bool, Failure> {
    let taken = plan.steps.iter().filter(|step| step.action == Action::Adopt);
    let names: Vec<_> = taken
        .map(|step| format!("\n  {}  {}", step.id, step.name))
        .collect();
    if names.is_empty() {
        return Ok(true);
    }
    let question = format!(
        "These resources exist and do not belong to the stack. Once adopted, `apply` changes them and \
         `destroy` deletes them:{}\nAdopt them?",
        names.concat()
    );
    app.out.confirm(&question, "--yes")
}

/// If requested, waits until the stack that was applied works.
async fn wait_for(app: &App, aws: Aws, graph: &Graph, stack: &Stack, wait: &Wait, file: &str) -> Outcome {
    if wait.wait {
        let (aws, plan) = app.until_ready(aws, graph, wait).await?;
        let checked = decryption::check(&aws, &plan, Some(stack)).await?;
        let again = |words: &[&str]| app.again(words.iter().map(|word| (*word).to_owned()));
        app.refuse_not_ready(
            &plan,
            app.undecrypted(&checked, Some(file)),
            &again(&["status", file, "--wait"]),
            Some(&again(&["apply", file])),
        )?;
        app.say_ready(&plan, decryption::not_checked(&checked));
    }
    Ok(ExitCode::SUCCESS)
}
