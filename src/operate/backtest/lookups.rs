//! What to look for in CloudTrail's event history, so that it has everything that a pattern can match.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::resource::eventbridge::rule::Lookup;
use crate::stack::VIA_TRAIL;

/// Up to this number of names of calls, each is looked for by itself. Beyond it, those of the whole service are read.
const NAMES: usize = 25;

/// How the names of calls begin that change something.
const CHANGES: [&str; 40] = [
    "Add",
    "Allocate",
    "Associate",
    "Attach",
    "Authorize",
    "BatchDelete",
    "Cancel",
    "Change",
    "Copy",
    "Create",
    "Deactivate",
    "Delete",
    "Deregister",
    "Detach",
    "Disable",
    "Disassociate",
    "Enable",
    "Execute",
    "Failover",
    "Import",
    "Modify",
    "Promote",
    "Put",
    "Reboot",
    "Register",
    "Release",
    "Remove",
    "Replace",
    "Reset",
    "Restore",
    "Revoke",
    "Rotate",
    "Run",
    "Schedule",
    "Set",
    "Start",
    "Stop",
    "Terminate",
    "Update",
    "Upload",
];

/// Whether what is looked for is among all calls that change something, as far as its name says.
pub fn is_change(lookup: &Lookup) -> bool {
    match lookup {
        Lookup::Name(name) => CHANGES.iter().any(|verb| name.starts_with(verb)),
        Lookup::Source(_) | Lookup::User(_) | Lookup::Writes => false,
    }
}

/// How much of what a rule matches is in the event history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    Nothing,
    /// Its API calls and sign-ins, and not its other events.
    Calls,
    All,
}

/// How much of what this pattern matches is in the event history.
pub fn covered(pattern: &Value) -> Covered {
    if let Some(Value::Array(branches)) = pattern.get("$or") {
        let each: Vec<_> = branches.iter().map(covered).collect();
        return match (
            each.contains(&Covered::All),
            each.iter().all(|one| *one == Covered::All),
        ) {
            (_, true) => Covered::All,
            (false, _) if !each.contains(&Covered::Calls) => Covered::Nothing,
            _ => Covered::Calls,
        };
    }
    let Some(Value::Array(types)) = pattern.get("detail-type") else {
        // Without a type, also the calls of a service of AWS match.
        let sources = pattern.get("source").and_then(Value::as_array);
        let of_aws = |source: &Value| source.as_str().is_none_or(|source| source.starts_with("aws."));
        let may = sources.is_none_or(|sources| sources.iter().any(of_aws));
        return if may { Covered::Calls } else { Covered::Nothing };
    };
    let of_trail = |kind: &&Value| kind.as_str().is_none_or(|kind| kind.ends_with(VIA_TRAIL));
    match types.iter().filter(of_trail).count() {
        0 => Covered::Nothing,
        some if some == types.len() => Covered::All,
        _ => Covered::Calls,
    }
}

/// What to look for. All of it together has every call that the pattern can match.
pub fn lookups(pattern: &Value) -> BTreeSet<Lookup> {
    narrow(pattern).unwrap_or_else(|| [Lookup::Writes].into())
}

/// The same, if the pattern says more than that something changes.
fn narrow(pattern: &Value) -> Option<BTreeSet<Lookup>> {
    let detail = pattern.get("detail").unwrap_or(&Value::Null);
    let names = texts(detail.get("eventName")).filter(|names| names.len() <= NAMES);
    if let Some(names) = names {
        return Some(names.into_iter().map(Lookup::Name).collect());
    }
    if let Some(Value::Array(branches)) = pattern.get("$or").or_else(|| detail.get("$or")) {
        let inside = pattern.get("$or").is_none();
        let each = branches.iter().map(|branch| match inside {
            true => narrow(&serde_json::json!({ "detail": branch })),
            false => narrow(branch),
        });
        let each: Option<Vec<_>> = each.collect();
        if let Some(each) = each.filter(|each| !each.is_empty()) {
            return Some(each.into_iter().flatten().collect());
        }
    }
    // The root user has no other name in the event history.
    let user = texts(detail.pointer("/userIdentity/type"));
    if user.is_some_and(|types| types == ["Root"]) {
        return Some([Lookup::User("root".to_owned())].into());
    }
    if let Some(sources) = texts(detail.get("eventSource")) {
        return Some(sources.into_iter().map(Lookup::Source).collect());
    }
    let services = texts(pattern.get("source"))?;
    let service = |source: String| {
        Some(Lookup::Source(format!(
            "{}.amazonaws.com",
            source.strip_prefix("aws.")?
        )))
    };
    let services: BTreeSet<_> = services.into_iter().filter_map(service).collect();
    (!services.is_empty()).then_some(services)
}

/// The texts of a condition, if it is nothing but texts.
fn texts(condition: Option<&Value>) -> Option<Vec<String>> {
    let list = condition?.as_array()?;
    let texts: Option<Vec<_>> = list.iter().map(|one| one.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(name: &str) -> Lookup {
        Lookup::Name(name.to_owned())
    }

    fn source(source: &str) -> Lookup {
        Lookup::Source(source.to_owned())
    }

    #[test]
    fn the_narrowest_attribute_is_looked_for() {
        let call = "AWS API Call via CloudTrail";
        for (pattern, expected) in [
            (
                json!({ "source": ["aws.ec2"], "detail": { "eventName": ["RunInstances", "StopInstances"] } }),
                vec![name("RunInstances"), name("StopInstances")],
            ),
            (
                json!({ "source": ["aws.iam"], "detail": { "eventSource": ["iam.amazonaws.com"],
                    "eventName": [{ "anything-but": { "prefix": ["Get"] } }] } }),
                vec![source("iam.amazonaws.com")],
            ),
            (
                json!({ "source": ["aws.kms", "my.shop"] }),
                vec![source("kms.amazonaws.com")],
            ),
            (
                json!({ "detail-type": [call], "detail": { "userIdentity": { "type": ["Root"] } } }),
                vec![Lookup::User("root".to_owned())],
            ),
            (
                json!({ "$or": [
                    { "detail": { "eventName": ["DeleteTrail"] } },
                    { "source": ["aws.kms"], "detail": { "eventSource": ["kms.amazonaws.com"] } },
                ] }),
                vec![name("DeleteTrail"), source("kms.amazonaws.com")],
            ),
            (
                json!({ "$or": [{ "detail": { "eventName": ["A"] } }, { "region": ["x"] }] }),
                vec![Lookup::Writes],
            ),
            (
                json!({ "detail": { "$or": [{ "eventName": ["A"] }, { "eventName": ["B"] }] } }),
                vec![name("A"), name("B")],
            ),
            (json!({ "detail-type": [call] }), vec![Lookup::Writes]),
            (json!(null), vec![Lookup::Writes]),
            (
                json!({ "detail": { "eventName": [] }, "source": "aws.x", "$or": [] }),
                vec![Lookup::Writes],
            ),
        ] {
            assert_eq!(lookups(&pattern), expected.into_iter().collect(), "{pattern}");
        }
    }

    #[test]
    fn changes_are_told_by_their_names() {
        assert!(is_change(&name("RunInstances")) && is_change(&name("PutBucketPolicy")));
        for other in [
            name("AssumeRole"),
            name("ConsoleLogin"),
            name("GetObject"),
            source("iam.amazonaws.com"),
        ] {
            assert!(!is_change(&other), "{other:?}");
        }
    }

    #[test]
    fn only_calls_are_in_the_history() {
        let (call, other) = ("AWS API Call via CloudTrail", "GuardDuty Finding");
        for (pattern, expected) in [
            (json!({ "detail-type": [call] }), Covered::All),
            (json!({ "detail-type": [call, other] }), Covered::Calls),
            (json!({ "detail-type": [other] }), Covered::Nothing),
            (json!({ "source": ["aws.ec2"] }), Covered::Calls),
            (json!({ "source": ["my.shop"] }), Covered::Nothing),
            (
                json!({ "$or": [{ "detail-type": [call] }, { "detail-type": [other] }] }),
                Covered::Calls,
            ),
            (
                json!({ "$or": [{ "detail-type": [other] }, { "source": ["my.shop"] }] }),
                Covered::Nothing,
            ),
        ] {
            assert_eq!(covered(&pattern), expected, "{pattern}");
        }
    }
}
