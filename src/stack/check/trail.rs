//! Checks the trail: its name, bucket, events, log group and guard.

use super::bucket::{bucket_fault, existing_bucket_fault, trail_fault};
use super::relay::retention;
use super::{Checker, destinations, is_account_id, is_name, selectors};
use crate::stack::file::problem::Problem;
use crate::stack::model::{EventSelectors, ManagementEvents, OwnTrail, Trail, TrailBucket, TrailSource};

/// Keys that are only valid for a trail that the stack owns.
const OF_OWN: [&str; 11] = [
    "name",
    "bucket",
    "prefix",
    "multi_region",
    "organization",
    "log_file_validation",
    "encrypted",
    "events",
    "exclude",
    "selectors",
    "protect",
];
/// The only sources whose management events a trail can leave out.
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

pub(super) fn check(checker: &mut Checker<'_>) {
    let stack = checker.stack;
    let Some(trail) = &stack.trail else {
        return;
    };
    match &trail.source {
        TrailSource::Existing(name) => existing(checker, name),
        TrailSource::Own(own) => {
            own_trail(checker, own);
            heard(checker, own);
        }
    }
    guard(checker, trail);
    if let Some(logs) = &trail.logs {
        let path = ["trail", "logs", "group"];
        if let Some(group) = &logs.group {
            log_group_name(checker, &path, group);
        }
        retention(checker, &["trail", "logs", "retention_days"], logs.retention_days);
        if checker.is_written(&["trail", "logs", "retention_days"])
            && checker.is_written(&["trail", "existing"])
        {
            let place = checker.key(&["trail", "logs", "retention_days"]);
            let problem = Problem::error(
                place,
                "the log group of an existing trail belongs to somebody else",
            );
            checker.report(problem.help("remove `retention_days`"));
        }
    }
    destinations::check(checker, &["trail", "to"], &trail.to, false);
}

/// Checks the name of a log group, whoever owns it.
pub(super) fn log_group_name(checker: &mut Checker<'_>, path: &[&str], name: &str) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    checker.text(
        path,
        name,
        1..=512,
        allowed,
        "letters, digits, `.`, `_`, `-`, `/` and `#`",
    );
    if name.starts_with("aws/") {
        let problem = Problem::error(checker.at(path), "names that begin with `aws/` belong to AWS");
        checker.report(problem.help("write `/aws/…`, or another name"));
    }
}

fn existing(checker: &mut Checker<'_>, name: &str) {
    for key in OF_OWN {
        if checker.is_written(&["trail", key]) {
            let message = format!("`{key}` is a setting of a trail of the stack's own");
            let problem = Problem::error(checker.key(&["trail", key]), message);
            let problem = problem.related(checker.key(&["trail", "existing"]), "this one is somebody else's");
            checker.report(problem.help(format!("remove `{key}`, or `existing` for a trail of your own")));
        }
    }
    let path = ["trail", "existing"];
    if name.starts_with("arn:") {
        let parts: Vec<_> = name.splitn(6, ':').collect();
        let fits = matches!(parts.as_slice(), [_, partition, "cloudtrail", region, account, resource]
            if partition.starts_with("aws") && !region.is_empty() && is_account_id(account)
                && resource.strip_prefix("trail/").is_some_and(|name| trail_fault(name).is_none()));
        if !fits {
            let problem = Problem::error(checker.at(&path), "this is not the ARN of a trail");
            checker.report(problem.help("write `arn:aws:cloudtrail:<region>:<account>:trail/<name>`"));
        }
    } else if let Some((fact, help)) = trail_fault(name) {
        checker.report(Problem::error(checker.at(&path), fact).help(help));
    }
}

fn own_trail(checker: &mut Checker<'_>, own: &OwnTrail) {
    let stack = checker.stack;
    let name = own.name.clone().unwrap_or_else(|| stack.default_name("trail"));
    if let Some((fact, help)) = trail_fault(&name) {
        let place = if own.name.is_some() {
            checker.at(&["trail", "name"])
        } else {
            checker.key(&["trail"])
        };
        checker.report(Problem::error(place, fact).help(help));
    }
    if own.organization {
        of_organization(checker);
    }
    match &own.bucket {
        TrailBucket::Existing(name) => {
            let path = ["trail", "bucket", "existing"];
            if let Some((fact, help)) = existing_bucket_fault(name) {
                checker.report(Problem::error(checker.at(&path), fact).help(help));
            }
        }
        TrailBucket::Own {
            name: Some(name),
            expire_after_days,
        } => {
            let long = ["trail", "bucket", "name"];
            let path = if checker.is_written(&long) {
                &long[..]
            } else {
                &long[..2]
            };
            bucket(checker, path, name);
            expiry(checker, *expire_after_days);
        }
        TrailBucket::Own {
            name: None,
            expire_after_days,
        } => {
            bucket(checker, &["trail"], &stack.default_name("trail-{account}"));
            expiry(checker, *expire_after_days);
        }
    }
    if let Some(prefix) = &own.prefix {
        let path = ["trail", "prefix"];
        let allowed = |c: char| c.is_ascii_alphanumeric() || "!_.*'()-/".contains(c);
        checker.text(&path, prefix, 1..=200, allowed, "letters, digits and !_.*'()-/");
        if prefix.starts_with('/') || prefix.ends_with('/') {
            let problem = Problem::error(checker.at(&path), "CloudTrail adds the `/` itself");
            checker.report(problem.help(format!("write `{}`", prefix.trim_matches('/').escape_debug())));
        }
    }
    match &own.selectors {
        EventSelectors::Advanced(raw) => {
            selectors::check(checker, &["trail", "selectors"], raw);
            for key in ["events", "exclude"] {
                if checker.is_written(&["trail", key]) {
                    let problem = Problem::error(
                        checker.key(&["trail", key]),
                        format!("a trail has either `selectors` or `{key}`"),
                    );
                    let other = checker.key(&["trail", "selectors"]);
                    checker.report(
                        problem
                            .related(other, "the other one")
                            .help("remove one of the two"),
                    );
                }
            }
        }
        EventSelectors::Management { exclude, .. } => excluded(checker, exclude),
    }
}

/// The bucket's policy names the organization, and the trail's ARN the management account.
fn of_organization(checker: &mut Checker<'_>) {
    let place = checker.at(&["trail", "organization"]);
    match &checker.stack.organization {
        None => {
            let problem = Problem::error(place, "the trail logs an organization, and the stack names none");
            checker.report(problem.help("add `organization: { id: o-… }`"));
        }
        Some(organization) if organization.delegated_admin && organization.management_account.is_none() => {
            let message = "a trail that logs the organization belongs to its management account, and the stack does not name it";
            let problem = Problem::error(place, message).related(
                checker.key(&["organization", "delegated_admin"]),
                "this stack is elsewhere",
            );
            checker.report(problem.help(
                "add `management_account: \"…\"` to `organization`; the stack's account must be a delegated administrator of CloudTrail, too",
            ));
        }
        Some(_) => {}
    }
}

fn bucket(checker: &mut Checker<'_>, path: &[&str], name: &str) {
    if let Some((fact, help)) = bucket_fault(name) {
        checker.report(Problem::error(checker.at(path), fact).help(help));
    }
}

fn expiry(checker: &mut Checker<'_>, days: Option<i32>) {
    if let Some(days) = days {
        checker.range(
            &["trail", "bucket", "expire_after_days"],
            days,
            1..=36_500,
            " days",
        );
    }
}

fn excluded(checker: &mut Checker<'_>, sources: &[String]) {
    for (index, source) in sources.iter().enumerate() {
        let index = index.to_string();
        if !EXCLUDABLE.contains(&source.as_str()) {
            let message = format!("a trail cannot exclude the events of `{}`", source.escape_debug());
            let problem = Problem::error(checker.at(&["trail", "exclude", index.as_str()]), message);
            let meant = EXCLUDABLE
                .into_iter()
                .find(|known| known.starts_with(source.as_str()));
            checker.report(match meant {
                Some(known) => problem
                    .label(format!("did you mean `{known}`?"))
                    .help(format!("write `{known}`")),
                None => problem.help(format!(
                    "it can exclude {}; for others, write `selectors`",
                    EXCLUDABLE.join(" and ")
                )),
            });
        }
    }
}

fn guard(checker: &mut Checker<'_>, trail: &Trail) {
    if let Some(name) = &trail.guard.name {
        let path = ["trail", "guard", "name"];
        checker.text(&path, name, 1..=64, is_name, "letters, digits, `_` and `-`");
    }
    checker.range(
        &["trail", "guard", "memory"],
        trail.guard.memory,
        128..=10_240,
        " MB",
    );
    if !trail.keep_logging {
        for key in ["guard", "to", "runbook", "dashboard"]
            .into_iter()
            .filter(|key| checker.is_written(&["trail", key]))
            .collect::<Vec<_>>()
        {
            let message = format!("`{key}` has no meaning without the guard");
            let problem = Problem::warning(checker.key(&["trail", key]), message);
            let switch = checker.key(&["trail", "keep_logging"]);
            checker.report(
                problem
                    .related(switch, "off here")
                    .help(format!("remove `{key}`, or `keep_logging: false`")),
            );
        }
    }
}

/// Rules only get events that a trail logs, and only in the region where it logs them.
fn heard(checker: &mut Checker<'_>, own: &OwnTrail) {
    let stack = checker.stack;
    let Some(home) = &stack.region else {
        return;
    };
    let rules = stack.compiled_rules(home);
    let mut on_trail = rules.iter().filter(|rule| rule.needs_trail()).peekable();
    let only_reads = matches!(
        own.selectors,
        EventSelectors::Management {
            events: ManagementEvents::ReadOnly,
            ..
        }
    );
    if only_reads && on_trail.peek().is_some() {
        let problem = Problem::warning(
            checker.at(&["trail", "events"]),
            "rules on API calls will receive none that change anything",
        );
        checker.report(problem.help("write `events: all` or `events: write-only`"));
    }
    if let Some(far) = on_trail
        .find(|rule| !rule.regions.is_empty())
        .filter(|_| !own.multi_region)
    {
        let message = format!(
            "the trail logs only in {home}, and the rule `{}` listens in {} as well",
            far.key,
            far.regions.join(", ")
        );
        let problem = Problem::warning(checker.at(&["trail", "multi_region"]), message);
        checker.report(problem.help("write `multi_region: true`"));
    }
}
