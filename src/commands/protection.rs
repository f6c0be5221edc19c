//! Refuses to delete or replace protected resources that nobody named.

use std::collections::BTreeSet;

use super::App;
use super::refusals::no_such;
use crate::cli::Unprotect;
use crate::engine::plan::{Action, Plan, Step};
use crate::output::Failure;
use crate::resource::KINDS;

/// Refuses a plan that would delete or replace protected resources, before anything changes. `again` makes the command
/// that does so nevertheless, from the words that name them.
///
/// # Errors
/// The protected resources that are not among `unprotect`, why each would go, and the whole command.
pub fn refuse(
    plan: &Plan,
    unprotect: &Unprotect,
    again: impl FnOnce(Vec<String>) -> String,
) -> Result<(), Failure> {
    let mut steps: Vec<_> = plan.forbidden(&unprotect.nodes).collect();
    let named: BTreeSet<_> = steps.iter().map(|step| step.id.clone()).collect();
    // What goes with the resource that it belongs to goes without saying.
    let alone = |step: &&Step| {
        let by = step.protected_by.as_ref();
        by.is_some_and(|by| *by == step.id || !named.contains(by))
    };
    steps.retain(alone);
    let lines: Vec<_> = steps.iter().map(|step| line(step, plan.is_by_name())).collect();
    let what = match lines.len() {
        0 => return Ok(()),
        1 => "a protected resource".to_owned(),
        count => format!("{count} protected resources"),
    };
    let by: BTreeSet<_> = steps
        .iter()
        .filter_map(|step| step.protected_by.as_ref())
        .collect();
    let flags = by
        .iter()
        .flat_map(|id| ["--unprotect".to_owned(), id.to_string()]);
    let keep = match plan.is_by_name() {
        true => "",
        false => "; to keep what is protected, undo that change of the stack file",
    };
    Err(Failure::new(
        format!(
            "{what} would be deleted or replaced, so nothing was changed\n    {}",
            lines.join("\n    ")
        ),
        format!("to do it nevertheless, run `{}`{keep}", again(flags.collect())),
    ))
}

/// Refuses names that no resource has, if something is still protected that may be meant, or if there is no such kind. Otherwise
/// it says that they name nothing: a run that goes on where another one ended may name what is gone by now.
///
/// # Errors
/// The names, each with the most similar one.
pub fn refuse_unknown(app: &App, plan: &Plan, unprotect: &Unprotect) -> Result<(), Failure> {
    let is_there = |node: &&String| plan.steps.iter().any(|step| step.id.to_string() == **node);
    let unknown: Vec<_> = unprotect.nodes.iter().filter(|node| !is_there(node)).collect();
    let mut meant: Vec<_> = plan.forbidden(&unprotect.nodes).collect();
    let is_kind = |node: &str| {
        KINDS
            .iter()
            .any(|kind| node.starts_with(&format!("{}/", kind.name)))
    };
    let is_mistyped = |node: &&&String| !meant.is_empty() || !is_kind(node);
    let (mistyped, gone): (Vec<_>, Vec<_>) = unknown.iter().partition(is_mistyped);
    for node in gone {
        app.out.say(&format!(
            "--unprotect `{node}`: the stack has no such resource any more"
        ));
    }
    if mistyped.is_empty() {
        return Ok(());
    }
    if meant.is_empty() {
        meant = plan.steps.iter().collect();
    }
    let there: Vec<_> = meant.iter().map(|step| (&step.id, step.name.clone())).collect();
    let problem = |node: &&String| no_such("--unprotect", node, &there);
    Err(Failure::Problems(mistyped.into_iter().map(problem).collect()))
}

/// A resource, what would become of it, and why.
fn line(step: &Step, is_whole_stack: bool) -> String {
    let by = step.protected_by.as_ref().filter(|by| **by != step.id);
    let of = by
        .map(|by| format!(", which belongs to {by}"))
        .unwrap_or_default();
    let replacing = step.changes.iter().filter(|change| change.replaces);
    let fields: Vec<_> = replacing.map(|change| change.field.as_str()).collect();
    let why = match step.action {
        Action::Replace => format!("replaced: AWS cannot change its {} in place", fields.join(", ")),
        _ if is_whole_stack => "deleted with the whole stack".to_owned(),
        _ => "deleted: the stack file no longer asks for it".to_owned(),
    };
    format!("{} ({}){of}: {why}", step.id, step.name)
}
