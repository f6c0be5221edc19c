//! `alertctl policy --check`: the permissions that the caller lacks.

use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome, commands, graph};
use crate::cli::{Format, PolicyArgs};
use crate::commands::preflight::Preflight;
use crate::operate::permissions::needed;
use crate::output::Failure;
use crate::stack::Stack;

pub async fn run(app: &App, args: &PolicyArgs, stack: &Stack) -> Outcome {
    let access = app.access(&stack.stack, stack.region.as_deref()).await?;
    let scope = access.aws.scope().await?;
    let graph = graph(stack, scope);
    let permissions = needed(&stack.stack, &graph, scope, &commands(args));
    let verdict = Preflight::ask(&access.aws, &permissions).await?;
    let problems = verdict.problems("`alertctl policy --deployer` prints the whole policy");
    let none = || format!("{} has all of these permissions", verdict.who);
    if app.out.format == Format::Json {
        let document = || {
            let lacking = verdict.json();
            json!({ "version": 1, "identity": verdict.who, "lacking": lacking, "errors": problems })
        };
        app.out.result(none, document)?;
        return if problems.is_empty() {
            Ok(ExitCode::SUCCESS)
        } else {
            Err(Failure::Reported)
        };
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    app.out.result(none, || json!(null))?;
    Ok(ExitCode::SUCCESS)
}
