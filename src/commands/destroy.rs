//! `alertctl destroy`: the plan of an empty graph.

use std::process::ExitCode;

use super::plan::{json, look, look_again};
use super::{App, Outcome, webhooks};
use crate::cli::{Adopt, DestroyArgs, Format};
use crate::graph::Graph;
use crate::output::Failure;
use crate::plan::Plan;
use crate::stack::Ciphertexts;

pub async fn run(app: &App, args: &DestroyArgs) -> Outcome {
    // A stack goes whole, whatever its ciphertexts are good for.
    let (access, loaded) = app.access_by_name(&args.which, Ciphertexts::Unused).await?;
    let (mut graph, adopt) = (Graph::default(), Adopt::default());
    if let Some(loaded) = &loaded {
        // What leads there in the account may be gone.
        let rules = loaded.stack.compiled_rules(access.region());
        let regions = rules.into_iter().flat_map(|rule| rule.regions);
        regions.for_each(|region| graph.look_in(region));
    }
    let mut aws = access.aws;
    aws.may_empty_buckets = args.delete_trail_logs;
    let mut plan = look(&aws, &graph, &adopt).await?;
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
            app.out.result(String::new, || json(&plan));
        }
        return Ok(ExitCode::SUCCESS);
    }
    app.out.say(&plan.text());
    if !args.run.yes {
        let question = format!(
            "Delete all of this from account {}, {}?",
            plan.scope.account, plan.scope.region
        );
        if !app.out.confirm_by(&question, &plan.stack, "--yes")? {
            return Err(Failure::Declined("nothing was deleted"));
        }
        (aws, plan) = look_again(aws, &graph, &adopt, &plan).await?;
    }
    if access.local.is_some() {
        webhooks::disarm(&aws, &plan).await?;
    }
    let again = app.again(again_words(app, args, &plan));
    app.execute(&aws, &graph, &plan, args.run.parallelism, &again, None)
        .await
}

fn again_words(app: &App, args: &DestroyArgs, plan: &Plan) -> Vec<String> {
    let mut words = vec!["destroy".to_owned()];
    match (&args.which.path, &args.which.stack) {
        (Some(path), _) => words.push(path.display().to_string()),
        (None, Some(name)) => words.extend(["--stack".to_owned(), name.clone()]),
        (None, None) => {}
    }
    // Without a file nothing else says where the stack is.
    if args.which.stack.is_some() && app.global.region.is_none() {
        words.extend(["--region".to_owned(), plan.scope.region.clone()]);
    }
    if args.delete_trail_logs {
        words.push("--delete-trail-logs".to_owned());
    }
    words
}
