//! Checks services and their calls: the names must exist, and EventBridge must deliver them.

use std::collections::BTreeMap;

use super::Checker;
use crate::stack::compile::events::except::is_like;
use crate::stack::compile::events::record::is_omitted;
use crate::stack::compile::events::services;
use crate::stack::file::problem::Problem;
use crate::stack::file::read::nearest;
use crate::stack::model::{Calls, Rule};

/// Where AWS lists the services.
const REFERENCE: &str = "https://docs.aws.amazon.com/eventbridge/latest/ref/events.html";

pub(super) fn check(checker: &mut Checker<'_>, key: &str, rule: &Rule, of: &BTreeMap<String, Calls>) {
    let path = ["rules", key, "services"];
    if checker
        .written
        .get(&path)
        .is_some_and(|services| services.entries().is_empty())
    {
        let problem = Problem::error(checker.key(&path), "no service is named");
        checker.report(problem.help("write one, such as `ecs: [RunTask]` or `acm: all`"));
    }
    for (service, calls) in of {
        let path = [path.as_slice(), &[service.as_str()]].concat();
        service_name(checker, &path, service);
        let Calls::Only(names) = calls else {
            flooded(checker, &path, rule, service);
            continue;
        };
        if names.is_empty() {
            let problem = Problem::error(checker.at(&path), "no call is named");
            checker.report(problem.help("write `all`, or names such as `[RunTask, StopTask]`"));
        }
        for (index, name) in names.iter().enumerate() {
            let index_text = index.to_string();
            let path = [path.as_slice(), &[index_text.as_str()]].concat();
            if names[..index].contains(name) {
                let message = format!("`{}` is named twice", name.escape_debug());
                checker.report(Problem::error(checker.at(&path), message).help("remove one of the two"));
            } else if !is_call_name(name) {
                let message = format!("`{}` cannot be the name of a call", name.escape_debug());
                let problem = Problem::error(checker.at(&path), message);
                checker.report(problem.help("copy the event name from CloudTrail, such as `RunTask`"));
            } else {
                call_name(checker, &path, service, name);
                read_only(checker, &path, rule, service, name);
            }
        }
        let excepted = |name: &String| rule.except.event_name.iter().any(|except| is_like(name, except));
        if !names.is_empty() && names.iter().all(excepted) {
            let problem = Problem::error(checker.at(&path), "`except` leaves none of these calls");
            checker.report(problem.help("remove the service, or the exception"));
        }
    }
}

fn service_name(checker: &mut Checker<'_>, path: &[&str], service: &str) {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let shown = service.escape_debug();
    if service.is_empty() || service.len() > 40 || !service.chars().all(is_fine) {
        let problem = Problem::error(
            checker.key(path),
            format!("`{shown}` cannot be the name of a service"),
        );
        let lower = service.to_lowercase();
        let bare = lower
            .trim_start_matches("aws.")
            .trim_end_matches(".amazonaws.com");
        let help = match nearest(bare, services::known_services()) {
            Some(near) => format!("write `{near}`"),
            None => "write it as in `aws.<service>`, such as `ecs`".to_owned(),
        };
        checker.report(problem.help(help));
    } else if !services::is_known(service) {
        let problem = Problem::warning(
            checker.key(path),
            format!("`{shown}` is not a known service: if it has no events, the rule never matches"),
        );
        checker.report(match nearest(service, services::known_services()) {
            Some(near) => problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`, or keep it if AWS added it recently")),
            None => problem.help(format!(
                "write what stands after `aws.` in {REFERENCE}, or keep it if AWS added it recently"
            )),
        });
    }
}

/// Warns about `all` for a service with very frequent calls.
fn flooded(checker: &mut Checker<'_>, path: &[&str], rule: &Rule, service: &str) {
    let Some((calls, except)) = services::flood(service, &rule.except) else {
        return;
    };
    let message = format!("`{service}: all` includes each {}, too", calls.join(" and "));
    let problem = Problem::warning(checker.at(path), message);
    checker.report(problem.label("thousands a day in most accounts").help(format!(
        "add `except: {{ event_name: [{}] }}` to the rule, or list the calls you want",
        except.join(", ")
    )));
}

fn is_call_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// AWS adds calls faster than a list can follow, so an unknown one is only suspicious.
fn call_name(checker: &mut Checker<'_>, path: &[&str], service: &str, name: &str) {
    let Some(known) = services::known_calls(service) else {
        return;
    };
    // Some event names end in the date of their API.
    let dated = |known: &&str| {
        name.strip_prefix(*known)
            .is_some_and(|rest| rest.starts_with("20"))
    };
    if known.contains(&name) || known.iter().any(dated) {
        return;
    }
    let message = format!("`{name}` is not a call known of {service}");
    let problem = Problem::warning(checker.at(path), message);
    checker.report(match nearest(name, known.into_iter()) {
        Some(near) => problem
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `{near}`, or keep it if AWS added it recently")),
        None => problem.help("look up the event name in CloudTrail; keep it if AWS added it recently"),
    });
}

/// EventBridge does not deliver read-only calls, except for a few such as two of STS.
fn read_only(checker: &mut Checker<'_>, path: &[&str], rule: &Rule, service: &str, name: &str) {
    if !rule.include_read_only && is_omitted(service, name) {
        let message = format!("EventBridge omits `{name}`: it is a read-only call");
        let problem = Problem::warning(checker.at(path), message);
        checker.report(problem.help("add `include_read_only: true` to the rule"));
    }
}
