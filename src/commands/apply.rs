//! `alertctl apply`.

use std::process::ExitCode;

use serde_json::json;

use super::plan::{Planned, json, look_again, refuse_conflicts};
use super::{App, Outcome, endpoints, saved};
use crate::cli::{ApplyArgs, Format};
use crate::output::Failure;

pub async fn run(app: &App, args: &ApplyArgs) -> Outcome {
    let path = args.path.display().to_string();
    // A saved plan was looked at where it was made: nothing is asked.
    let (planned, again, agreed) = match saved::read(&args.path)? {
        Some(saved) => {
            let (planned, again) = saved::made_again(app, args, &saved).await?;
            (planned, again, true)
        }
        None => {
            let planned = Planned::make(app, &args.path, &args.adopt).await?;
            let again = app.again(["apply".to_owned(), path].into_iter().chain(args.adopt.words()));
            (planned, again, args.run.yes)
        }
    };
    let Planned {
        mut plan,
        graph,
        access,
        loaded,
        cautions: _,
    } = planned;
    let stack = loaded.stack;
    // The plan is talk here; standard output is for what was done.
    app.out.fold("plan", &plan.title(), &plan.text());
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
    if !agreed {
        if !app.out.confirm("Apply these changes?", "--yes")? {
            return Err(Failure::new(
                "nothing was changed",
                "run the command again when you are ready",
            ));
        }
        (aws, plan) = look_again(aws, &graph, &args.adopt, &plan).await?;
    }
    app.execute(&aws, &graph, &plan, args.run.parallelism, &again, Some(&stack))
        .await
}
