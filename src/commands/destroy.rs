//! `alertctl destroy`: the plan of an empty graph.

use std::process::ExitCode;

use super::plan::{json, look, look_again};
use super::{App, Outcome};
use crate::cli::{Adopt, DestroyArgs, Format};
use crate::graph::Graph;
use crate::output::Failure;

pub async fn run(app: &App, args: &DestroyArgs) -> Outcome {
    let (access, _) = app.access_by_name(&args.which).await?;
    let (graph, adopt) = (Graph::default(), Adopt { nodes: Vec::new() });
    let mut aws = access.aws;
    let mut plan = look(&aws, &graph, &adopt).await?;
    if !plan.has_changes() {
        let place = &plan.scope;
        let nothing = format!(
            "nothing to destroy: stack {} owns nothing in {}, {}",
            plan.stack, place.account, place.region
        );
        app.out.say(&nothing);
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
            return Err(Failure::new(
                "nothing was deleted",
                "run the command again when you are ready",
            ));
        }
        (aws, plan) = look_again(aws, &graph, &adopt, &plan).await?;
    }
    let again = match &args.which.path {
        Some(path) => format!("alertctl destroy {}", path.display()),
        None => format!(
            "alertctl destroy --stack {} --region {}",
            plan.stack, plan.scope.region
        ),
    };
    app.execute(&aws, &graph, &plan, args.run.parallelism, &again)
        .await
}
