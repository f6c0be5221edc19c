//! `alertctl policy --check`: what the identity that runs this lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome, commands, graph};
use crate::aws::simulate::{self, Caller, Case};
use crate::cli::{Format, PolicyArgs};
use crate::output::{Failure, Problem};
use crate::permissions::{Bound, Permission, needed};
use crate::stack::Stack;

pub async fn run(app: &App, args: &PolicyArgs, stack: &Stack) -> Outcome {
    let access = app.access(&stack.stack, stack.region.as_deref()).await?;
    let scope = access.aws.scope().await?;
    let graph = graph(stack, access.region());
    let permissions = needed(&stack.stack, &graph, scope, &commands(args));
    let (who, lacking) = match simulate::caller(&access.aws).await? {
        Caller::Root => ("the account's root user".to_owned(), Vec::new()),
        Caller::Identity(arn) => {
            let lacking = simulate::refused(&access.aws, &arn, &cases(&permissions)).await?;
            (arn, lacking)
        }
    };
    let lacking: BTreeSet<_> = lacking.into_iter().collect();
    let problems = lacking.iter().map(|(action, resource)| Problem {
        message: format!("{who} may not {action} on {resource}"),
        help: None,
    });
    let mut problems: Vec<_> = problems.collect();
    if let Some(last) = problems.last_mut() {
        last.help = Some("`alertctl policy --deployer` prints the whole policy".to_owned());
    }
    let none = || format!("{who} may do all of it");
    if app.out.format == Format::Json {
        let lacking = lacking
            .iter()
            .map(|(action, resource)| json!({ "action": action, "resource": resource }));
        let lacking: Vec<_> = lacking.collect();
        app.out.result(
            none,
            || json!({ "version": 1, "identity": who, "lacking": lacking, "errors": problems }),
        );
        return if problems.is_empty() {
            Ok(ExitCode::SUCCESS)
        } else {
            Err(Failure::Told)
        };
    }
    if !problems.is_empty() {
        return Err(Failure::Problems(problems));
    }
    app.out.result(none, || json!(null));
    Ok(ExitCode::SUCCESS)
}

/// The permissions as questions, as few as there are contexts and sets of actions.
fn cases(permissions: &BTreeSet<Permission>) -> Vec<Case> {
    let mut of_resource: BTreeMap<(&str, &[Bound]), BTreeSet<&'static str>> = BTreeMap::new();
    for permission in permissions {
        let key = (permission.exact.as_str(), permission.conditions.as_slice());
        of_resource.entry(key).or_default().insert(permission.action);
    }
    let mut cases: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for ((resource, conditions), actions) in of_resource {
        cases
            .entry((actions, conditions))
            .or_default()
            .push(resource.to_owned());
    }
    let case = |((actions, conditions), resources): ((BTreeSet<_>, &[Bound]), _)| Case {
        actions: actions.into_iter().collect(),
        resources,
        context: conditions
            .iter()
            .map(|(_, key, value)| (*key, value.clone()))
            .collect(),
    };
    cases.into_iter().map(case).collect()
}
