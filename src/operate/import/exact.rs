//! Whether a draft says exactly what is there: it is loaded, and compared with the account as a plan does it.

use std::collections::BTreeSet;

use super::page::Page;
use super::{Draft, Reasons};
use crate::blueprint;
use crate::resource::iam::role::IamRole;
use crate::resource::iam::role_policy::IamRolePolicy;
use crate::resource::{Resource as _, Shown};
use crate::stack::{Level, Loaded, parse};

/// The name of the file in messages.
const NAME: &str = "stack.yaml";
/// The fields in which a log alarm has its roles.
const OF_ROLES: [&str; 2] = ["logs.role", "logs.lines_role"];
/// Most fields that a reason names.
const NAMED: usize = 3;

/// What came of it.
pub(super) struct Checked {
    pub loaded: Option<Loaded>,
    /// The reasons of what the file cannot say.
    pub faulty: Reasons,
}

/// Checks the draft and its text.
///
/// # Errors
/// Something else than an alarm or a rule is wrong: what.
pub(super) fn check(draft: &Draft<'_>, page: &Page) -> Result<Checked, String> {
    let loaded = match parse(NAME, &page.text) {
        Ok(loaded) => loaded,
        Err(problems) => {
            let mut faulty = Reasons::new();
            let mut others = Vec::new();
            for problem in problems.list().iter().filter(|one| one.severity == Level::Error) {
                let (_, line, _) = problems.source().position(problem.span.start);
                match page
                    .entry_at(line)
                    .and_then(|(section, key)| draft.thing(section, key))
                {
                    Some(thing) => {
                        let reason = || format!("a stack file cannot say it: {}", problem.message);
                        faulty.entry(thing).or_insert_with(reason);
                    }
                    None => others.push(format!("line {line}: {}", problem.message)),
                }
            }
            return match faulty.is_empty() {
                true => Err(others.join("; ")),
                false => Ok(Checked { loaded: None, faulty }),
            };
        }
    };
    let graph = blueprint::names(&loaded.stack, draft.request.scope);
    let known = draft.known();
    let mut faulty = Reasons::new();
    // The graph has none that wait for each other.
    let in_graph: BTreeSet<&str> = graph.nodes().iter().map(|node| node.id.key.as_str()).collect();
    for (_, written) in draft
        .alarms
        .iter()
        .filter(|(key, _)| !in_graph.contains(key.as_str()))
    {
        let reason = "it and other alarms refer to each other in a cycle".to_owned();
        faulty.insert(("alarm", written.of.name.clone()), reason);
    }
    // Log alarms get the stack's own roles in place of theirs.
    let roles = [IamRole::KIND, IamRolePolicy::KIND];
    for node in graph.nodes().iter().filter(|node| !roles.contains(&node.id.kind)) {
        let Some((thing, live)) = draft.there(&node.id) else {
            return Err(format!("it would create `{}`", node.id));
        };
        let changes = node.resource.difference(&live, &known);
        let changes: Vec<String> = changes
            .iter()
            .filter(|change| !change.field.starts_with("tags.") && !OF_ROLES.contains(&change.field.as_str()))
            .map(|change| {
                let shown = |shown: &Option<Shown>| match shown {
                    Some(Shown::Value(value)) => value.to_string(),
                    _ => "nothing".to_owned(),
                };
                format!(
                    "`{}` is {}, and would be {}",
                    change.field,
                    shown(&change.from),
                    shown(&change.to)
                )
            })
            .take(NAMED)
            .collect();
        if !changes.is_empty() {
            let reason = format!("a stack file cannot say it: {}", changes.join("; "));
            faulty.insert(thing, reason);
        }
    }
    Ok(Checked {
        loaded: Some(loaded),
        faulty,
    })
}
