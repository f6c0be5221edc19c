//! Checks names that must differ across the sections of a file: functions, and log groups from those of
//! functions.

use std::collections::HashMap;

use super::Checker;
use crate::stack::file::problem::{Problem, Span};
use crate::stack::model::TrailSource;

/// Lambda's limit.
const MAX_FUNCTION: usize = 64;

pub(super) fn check(checker: &mut Checker<'_>) {
    let functions = functions(checker);
    let mut seen: HashMap<&str, Option<&Span>> = HashMap::new();
    for (name, place) in &functions {
        let shown = name.escape_debug();
        let first = seen.insert(name, place.as_ref());
        let Some(place) = place else { continue };
        if let Some(first) = first {
            let problem = Problem::error(place.clone(), format!("two functions are named `{shown}`"));
            let problem = match first {
                Some(first) => problem.related(first.clone(), "the first one"),
                None => problem.label("the relay is named so"),
            };
            checker.report(problem.help("give one of them another name"));
        }
        // A name that is written in the file was already checked.
        if name.len() > MAX_FUNCTION && name.starts_with(&checker.stack.default_name("")) {
            let message = format!("the function's name `{shown}` has {} characters", name.len());
            let problem = Problem::error(place.clone(), message).label(format!("at most {MAX_FUNCTION}"));
            checker.report(problem.help("shorten the key, or name the function with `function:`"));
        }
    }
    log_group(checker, &functions);
}

/// The functions of the stack, and the place that each name comes from; the relay may not be in the file at
/// all.
fn functions(checker: &Checker<'_>) -> Vec<(String, Option<Span>)> {
    let stack = checker.stack;
    let named = |name: &Option<String>, path: &[&str], owner: &[&str], default: &str| match name {
        Some(name) => (name.clone(), Some(checker.at(path))),
        None => {
            let place = checker.is_written(owner).then(|| checker.key(owner));
            (stack.default_name(default), place)
        }
    };
    let relay = named(&stack.relay.name, &["relay", "name"], &["relay"], "relay");
    let mut functions = vec![relay];
    for (key, endpoint) in &stack.endpoints {
        let path = ["endpoints", key.as_str(), "function"];
        let default = format!("{key}-ingest");
        functions.push(named(&endpoint.function, &path, &path[..2], &default));
    }
    if let Some(key) = stack.with_buttons().next() {
        let owner = ["channels", key.as_str()];
        functions.push(named(&None, &owner, &owner, "slack-actions"));
    }
    if let Some(trail) = stack.trail.as_ref().filter(|trail| trail.keep_logging) {
        let path = ["trail", "guard", "name"];
        functions.push(named(&trail.guard.name, &path, &["trail"], "guard"));
    }
    functions
}

/// The trail's log group must not be one that a function writes to.
fn log_group(checker: &mut Checker<'_>, functions: &[(String, Option<Span>)]) {
    let Some(trail) = &checker.stack.trail else {
        return;
    };
    let group = trail.logs.as_ref().and_then(|logs| logs.group.as_deref());
    let owner = group
        .and_then(|group| group.strip_prefix("/aws/lambda/"))
        .and_then(|function| functions.iter().find(|(name, _)| name == function))
        .filter(|_| matches!(trail.source, TrailSource::Own(_)));
    if let Some((name, place)) = owner {
        let message = format!("the function `{}` writes to this log group", name.escape_debug());
        let problem = Problem::error(checker.at(&["trail", "logs", "group"]), message);
        let problem = match place {
            Some(place) => problem.related(place.clone(), "the function"),
            None => problem,
        };
        checker.report(problem.help("choose another name"));
    }
}
