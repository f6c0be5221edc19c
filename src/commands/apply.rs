//! `alertctl apply`.

use std::process::ExitCode;

use super::plan::{Planned, json, look_again, refuse_conflicts};
use super::{App, Outcome};
use crate::cli::{ApplyArgs, Format};
use crate::output::Failure;

pub async fn run(app: &App, args: &ApplyArgs) -> Outcome {
    let Planned {
        mut plan,
        graph,
        access,
    } = Planned::make(app, &args.file, &args.adopt).await?;
    // The plan is talk here; standard output is for what was done.
    app.out.say(&plan.text());
    refuse_conflicts(&plan)?;
    if !plan.has_changes() {
        if app.out.format == Format::Json {
            app.out.result(String::new, || json(&plan));
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
    let again = format!("alertctl apply {}", args.file.path.display());
    app.execute(&aws, &graph, &plan, args.run.parallelism, &again)
        .await
}
