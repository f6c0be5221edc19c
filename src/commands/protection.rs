//! Refuses to delete or replace protected resources that nobody named.

use std::collections::BTreeSet;

use crate::cli::Unprotect;
use crate::engine::plan::{Action, Plan, Step};
use crate::output::Failure;

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
