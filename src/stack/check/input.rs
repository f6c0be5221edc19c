//! Checks the input that a rule's topics get instead of the event.

use std::collections::BTreeMap;

use super::Checker;
use crate::stack::file::problem::Problem;
use crate::stack::file::read::nearest;
use crate::stack::model::RuleInput;

const MAX_PATHS: usize = 100;
/// Placeholders that EventBridge fills itself.
const OWN_NAMES: [&str; 5] = [
    "aws.events.event",
    "aws.events.event.ingestion-time",
    "aws.events.event.json",
    "aws.events.rule-arn",
    "aws.events.rule-name",
];

pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], input: &RuleInput) {
    let at = |key: &'static str| [path, &[key]].concat();
    match input {
        RuleInput::Text(text) => checker.text(&at("text"), text, 1..=8192, |_| true, "anything"),
        RuleInput::Path(json_path) => check_path(checker, &at("path"), json_path),
        RuleInput::Template { paths, template } => {
            checker.text(&at("template"), template, 1..=8192, |_| true, "anything");
            if paths.len() > MAX_PATHS {
                let message = format!("{} paths are too many", paths.len());
                let problem = Problem::error(checker.key(&at("paths")), message);
                checker.report(problem.label(format!("at most {MAX_PATHS}")).help("remove some"));
            }
            for (name, json_path) in paths {
                let path = [path, &["paths", name.as_str()]].concat();
                check_path(checker, &path, json_path);
                let is_fine = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
                if name.is_empty() || !name.chars().all(is_fine) || name.to_lowercase().starts_with("aws") {
                    let message = format!("`{}` cannot be the name of a path", name.escape_debug());
                    let problem = Problem::error(checker.key(&path), message);
                    checker
                        .report(problem.help("write letters, digits, `-` and `_`, not beginning with `aws`"));
                }
            }
            placeholders(checker, &at("template"), template, paths);
        }
    }
}

fn check_path(checker: &mut Checker<'_>, path: &[&str], json_path: &str) {
    if !(json_path == "$" || json_path.starts_with("$.")) || json_path.chars().count() > 256 {
        let message = format!("`{}` is not a path into the event", json_path.escape_debug());
        let problem = Problem::error(checker.at(path), message);
        checker.report(problem.help("write one such as `$.detail.state`, to 256 characters"));
    }
}

/// Every `<name>` of a template must have a path or be one of EventBridge's own.
fn placeholders(checker: &mut Checker<'_>, path: &[&str], template: &str, paths: &BTreeMap<String, String>) {
    let mut used = vec![];
    for (start, _) in template.match_indices('<') {
        let rest = &template[start + 1..];
        let Some(name) = rest.find('>').map(|end| &rest[..end]) else {
            continue;
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        // Something like `a < b` is text.
        if name.is_empty() || !name.chars().all(is_name) {
            continue;
        }
        used.push(name);
        if paths.contains_key(name) || OWN_NAMES.contains(&name) {
            continue;
        }
        let place = checker.within(path, template, &(start..start + name.len() + 2));
        let problem = Problem::error(place, format!("`<{name}>` has no path"));
        let known = paths.keys().map(String::as_str).chain(OWN_NAMES);
        checker.report(match nearest(name, known) {
            Some(near) => problem
                .label(format!("did you mean `<{near}>`?"))
                .help(format!("write `<{near}>`")),
            None => problem.help(format!("add `{name}: $.detail…` to `paths`")),
        });
    }
    let unused: Vec<_> = paths
        .keys()
        .filter(|name| !used.contains(&name.as_str()))
        .collect();
    for name in unused {
        let place = checker.key(&[&path[..path.len() - 1], &["paths", name]].concat());
        let problem = Problem::warning(
            place,
            format!("the template does not use `{}`", name.escape_debug()),
        );
        checker.report(problem.help(format!(
            "write `<{}>` in it, or remove the path",
            name.escape_debug()
        )));
    }
}
