//! `alertctl apply`.

use std::process::ExitCode;

use serde_json::json;

use super::plan::{Planned, json, look_again, refuse_conflicts};
use super::{App, Outcome, endpoints};
use crate::cli::{ApplyArgs, Format};
use crate::output::Failure;

pub async fn run(app: &App, args: &ApplyArgs) -> Outcome {
    let Planned {
        mut plan,
        graph,
        access,
        stack,
    } = Planned::make(app, &args.file, &args.adopt).await?;
    // The plan is talk here; standard output is for what was done.
    app.out.say(&plan.text());
    app.warn_of(&plan);
    refuse_conflicts(&plan)?;
    if !plan.has_changes() {
        let endpoints = endpoints::of(&stack, &access.aws, &plan.known);
        endpoints.iter().for_each(|one| app.out.say(&one.text()));
        if app.out.format == Format::Json {
            let mut document = json(&plan);
            document["endpoints"] = json!(endpoints);
            app.out.result(String::new, || document);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut aws = access.aws;
    if !args.run.yes {
        if !app.out.confirm("Apply these changes?", "--yes")? {
            return Err(Failure::new(
                "nothing was changed",
                "run the command again when you are ready",
            ));
        }
        (aws, plan) = look_again(aws, &graph, &args.adopt, &plan).await?;
    }
    let file = args.file.path.display().to_string();
    let again = app.again(["apply".to_owned(), file].into_iter().chain(args.adopt.words()));
    app.execute(&aws, &graph, &plan, args.run.parallelism, &again, Some(&stack))
        .await
}
