//! Checks that rules listen in the regions where AWS logs their events.

use serde_json::Value;

use super::Checker;
use crate::partition::Partition;
use crate::stack::compile::events::{regions, services};
use crate::stack::file::problem::Problem;
use crate::stack::model::{Preset, Rule, TrailSource, What};

/// The exact sources of a pattern.
pub(super) fn sources(pattern: &Value) -> Vec<&str> {
    let listed = pattern.get("source").and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Warns about services whose events are in another region than the stack's, unless the rule listens there.
pub(super) fn global_sources(checker: &mut Checker<'_>, key: &str, rule: &Rule, raw: &Value) {
    let Some(home) = checker.stack.region.as_deref().filter(|_| rule.bus.is_none()) else {
        return;
    };
    let partition = Partition::of_region(home);
    let elsewhere =
        |regions: &[&str]| format!("move the rule to a stack with `region: {}`", regions.join(" or "));
    for (index, source) in sources(raw).into_iter().enumerate() {
        let index = index.to_string();
        let path = ["rules", key, "pattern", "source", index.as_str()];
        let service = source.strip_prefix("aws.").unwrap_or_default();
        let hears = |region: &str| home == region || rule.regions.iter().any(|known| known == region);
        if service == "signin" {
            let missing: Vec<_> = regions::sign_in(home)
                .into_iter()
                .filter(|region| !hears(region))
                .collect();
            if !missing.is_empty() {
                let message = format!("sign-ins are also logged in {}", missing.join(", "));
                let problem = Problem::warning(checker.at(&path), message);
                let all = [rule.regions.iter().map(String::as_str).collect(), missing].concat();
                checker.report(problem.help(match partition.forwards {
                    true => format!(
                        "add `regions: [{}]`, or use `preset: console-sign-in`",
                        all.join(", ")
                    ),
                    false => elsewhere(&all),
                }));
            }
            continue;
        }
        let global = regions::of_global(service, home);
        if !global.is_empty() && !global.iter().any(|region| hears(region)) {
            let message = format!(
                "events of {source} are in {}, this rule listens in {home}",
                global.join(" and ")
            );
            let problem = Problem::error(checker.at(&path), message);
            let all = [rule.regions.iter().map(String::as_str).collect(), global].concat();
            checker.report(problem.help(match partition.forwards {
                true => format!(
                    "add `regions: [{}]`: they are then forwarded to the home region",
                    all.join(", ")
                ),
                false => elsewhere(&all),
            }));
        }
    }
}

/// Rules, and the trail's guard, that need events from another region which are not forwarded here.
pub(super) fn deaf(checker: &mut Checker<'_>) {
    let Some(home) = checker.stack.region.as_deref() else {
        return;
    };
    for deaf in checker.stack.deaf(home) {
        let path: Vec<_> = deaf.path.iter().map(String::as_str).collect();
        checker.report(Problem::error(checker.key(&path), deaf.message).help(deaf.help));
    }
}

/// What a preset or a service will not receive, given the stack's region or the trail that the stack names.
pub(super) fn unheard(checker: &mut Checker<'_>, key: &str, rule: &Rule) {
    let stack = checker.stack;
    let Some(home) = stack.region.as_deref() else {
        return;
    };
    let partition = Partition::of_region(home);
    let is_preset = |preset: Preset| matches!(rule.what, What::Preset(found) if found == preset);
    if is_preset(Preset::StackChanges) && !partition.forwards && home != partition.iam_region {
        let message = format!(
            "changes to the stack's roles are logged in {} and are not forwarded from there",
            partition.iam_region
        );
        let problem = Problem::warning(checker.at(&["rules", key, "preset"]), message);
        checker.report(problem.help(format!(
            "give a stack with `region: {}` the rule `preset: iam-changes`",
            partition.iam_region
        )));
    }
    let path = match &rule.what {
        What::Preset(Preset::CloudtrailTampering) => vec!["rules", key, "preset"],
        What::Services(services) => match services
            .keys()
            .find(|name| services::source(name) == "cloudtrail")
        {
            Some(name) => vec!["rules", key, "services", name.as_str()],
            None => return,
        },
        _ => return,
    };
    let source = stack.trail.as_ref().map(|trail| &trail.source);
    if let (None, Some(TrailSource::Existing(name)), true) =
        (rule.bus.as_ref(), source, rule.regions.is_empty())
        && !name.starts_with("arn:")
    {
        let message = format!(
            "the trail `{}` is assumed to be at home in {home}: if it is not, this rule does not receive its \
             events",
            name.escape_debug()
        );
        let problem = Problem::warning(checker.key(&path), message);
        let problem = problem.related(checker.at(&["trail", "existing"]), "named without its region");
        checker.report(problem.help(format!(
            "write its ARN, `arn:{}:cloudtrail:REGION:ACCOUNT:trail/{}`, where REGION is its home region",
            partition.id,
            name.escape_debug()
        )));
    }
}
