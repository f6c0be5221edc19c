//! Checks event buses: their names, and what is forwarded to them.

use super::Checker;
use crate::stack::compile::events::regions;
use crate::stack::file::problem::Problem;

pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("buses");
    let stack = checker.stack;
    for (key, bus) in &stack.buses {
        let path = ["buses", key.as_str(), "name"];
        if let Some(name) = &bus.name {
            checker.text(
                &path,
                name,
                1..=256,
                is_event_name,
                "letters, digits, `.`, `_` and `-`",
            );
            if name == "default" || name.starts_with("aws.") {
                let message = format!("the name `{}` belongs to AWS", name.escape_debug());
                let problem = Problem::error(checker.at(&path), message);
                checker.report(problem.help("choose another name; rules without `bus` use the default bus"));
            }
        }
        if let Some(description) = &bus.description {
            let path = ["buses", key, "description"];
            checker.text(&path, description, 0..=512, |_| true, "anything");
        }
        forwarded(checker, key, &bus.forward);
        let is_used = stack.rules.values().any(|rule| rule.bus.as_ref() == Some(key));
        if !is_used {
            let message = format!("no rule listens on the bus `{}`", key.escape_debug());
            let problem = Problem::warning(checker.key(&["buses", key]), message);
            checker.report(problem.help(format!("add `bus: {}` to a rule", key.escape_debug())));
        }
    }
    let names = stack
        .buses
        .iter()
        .map(|(key, bus)| (key.as_str(), bus.name.as_deref()));
    checker.distinct_names("buses", names);
}

/// Checks the sources that the default bus forwards, and whether their events arrive in the stack's region at
/// all.
fn forwarded(checker: &mut Checker<'_>, key: &str, sources: &[String]) {
    let home = checker.stack.region.clone();
    for (index, source) in sources.iter().enumerate() {
        let index_text = index.to_string();
        let path = ["buses", key, "forward", index_text.as_str()];
        let is_fine = |c: char| is_event_name(c) || c == '/';
        if !(1..=256).contains(&source.len()) || !source.chars().all(is_fine) {
            let message = format!("`{}` is not a source of events", source.escape_debug());
            checker.report(Problem::error(checker.at(&path), message).help("write one such as `aws.s3`"));
        }
        if sources[..index].contains(source) {
            let message = format!("`{}` is named twice", source.escape_debug());
            checker.report(Problem::error(checker.at(&path), message).help("remove one of the two"));
        }
        let Some(home) = &home else { continue };
        let service = source.strip_prefix("aws.").unwrap_or_default();
        let global = regions::of_global(service, home);
        let message = if service == "signin" && regions::sign_in(home) != [home.as_str()] {
            format!("most sign-ins are logged in other regions than {home} and do not reach this bus")
        } else if !global.is_empty() && !global.contains(&home.as_str()) {
            let global = global.join(" and ");
            format!("events of {source} are in {global} and do not reach this bus in {home}")
        } else {
            continue;
        };
        let problem = Problem::warning(checker.at(&path), message);
        checker
            .report(problem.help("remove `bus` from the rules about them: they then listen in all regions"));
    }
}

/// The characters that EventBridge allows in names of buses and rules.
pub(super) fn is_event_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || "._-".contains(character)
}
