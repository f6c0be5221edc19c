//! Compares the access tables with the calls in the sources: a kind that makes a call without declaring it fails
//! here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::resource::KINDS;
use crate::resource::precondition::Precondition;

/// Called instead of AWS's own calls if something emulates AWS. No policy needs it.
const EMULATED: [&str; 1] = ["apigateway:GetTags"];

/// Calls in files that belong to no kind, and the kinds that make them.
const SHARED: [(&str, &[&str]); 5] = [
    (
        "src/resource/eventbridge/mod.rs",
        &[
            "cloudformation-stack",
            "eventbridge-event-bus",
            "eventbridge-rule",
        ],
    ),
    ("src/aws/account.rs", &["cloudformation-stack"]),
    ("src/aws/secret.rs", &["lambda-function"]),
    ("src/aws/cloudtrail.rs", &["cloudtrail-trail"]),
    ("src/aws/roles.rs", &["iam-role"]),
];

/// The file whose calls are made with a role of another account. They are in that role's policy.
const IN_ANOTHER_ACCOUNT: &str = "src/resource/cloudformation/stack/calls.rs";

/// Files whose calls belong to no kind: the caller's identity, discovery by tag, and commands other than plan,
/// apply and destroy.
const APART: [&str; 15] = [
    "src/aws/call.rs",
    "src/aws/discovery.rs",
    "src/aws/functions.rs",
    "src/aws/http.rs",
    "src/aws/invoke.rs",
    "src/aws/logs.rs",
    "src/aws/notify.rs",
    "src/aws/organizations.rs",
    "src/aws/queue.rs",
    "src/aws/simulate.rs",
    "src/aws/stacks.rs",
    "src/commands/event.rs",
    "src/resource/inventory/alarms.rs",
    "src/resource/inventory/rules.rs",
    "src/resource/inventory/topics.rs",
];

#[test]
fn every_call_is_declared_and_every_declaration_called() {
    let mut called: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in sources(Path::new("src")) {
        let path = file.to_string_lossy().into_owned();
        if APART.contains(&path.as_str()) {
            continue;
        }
        let calls = calls(&fs::read_to_string(&file).unwrap());
        if calls.is_empty() {
            continue;
        }
        if path == IN_ANOTHER_ACCOUNT {
            let of_role: BTreeSet<_> = of_role().into_iter().collect();
            assert_eq!(calls.into_iter().collect::<BTreeSet<_>>(), of_role);
            continue;
        }
        let shared = SHARED.iter().find(|(name, _)| *name == path);
        let kinds = shared.map_or_else(
            || vec![kind_of(&path)],
            |(_, kinds)| kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        );
        for kind in kinds {
            called.entry(kind).or_default().extend(calls.clone());
        }
    }
    let mut wrong = Vec::new();
    for kind in KINDS {
        let calls = called.remove(kind.name).unwrap_or_default();
        let direct: BTreeSet<_> = kind
            .access
            .iter()
            .flat_map(|row| if row.by.is_empty() { row.actions } else { row.by })
            .copied()
            .chain(
                kind.access
                    .iter()
                    .chain(COMMON)
                    .flat_map(|row| row.actions)
                    .copied(),
            )
            .collect();
        for call in &calls {
            if !direct.contains(call.as_str()) && !EMULATED.contains(&call.as_str()) {
                wrong.push(format!("{} calls {call} and does not declare it", kind.name));
            }
        }
        for row in kind.access {
            let used = if row.by.is_empty() { row.actions } else { row.by };
            for call in used {
                let elsewhere = KINDS.iter().any(|other| {
                    other.name != kind.name && other.access.iter().any(|row| row.actions.contains(call))
                });
                if !calls.contains(*call) && !elsewhere {
                    wrong.push(format!("{} declares {call} and nobody calls it", kind.name));
                }
            }
        }
    }
    wrong.extend(called.keys().map(|file| format!("{file} is of no kind")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_bounded_says_why() {
    let tables = KINDS.iter().flat_map(|kind| kind.access).chain(COMMON);
    for row in tables.chain(Precondition::ACCESS.into_iter().flatten()) {
        let bounded = !row.when.is_empty()
            || row
                .on
                .iter()
                .any(|on| on.contains("{prefix}") || on.contains("{name}"));
        let bounded = bounded || row.on.iter().any(|on| on.contains("{stack}"));
        let read_by_path =
            row.phase == Phase::Read && row.on != ANY && row.on.iter().all(|on| on.contains(":apigateway:"));
        assert!(
            (bounded && row.on != ANY)
                || !row.why.is_empty()
                || read_by_path
                || row.phase == Phase::Exceptional,
            "{row:?}"
        );
        assert!(
            row.on
                .iter()
                .all(|on| *on == "*" || on.starts_with("arn:{partition}:")),
            "{row:?}"
        );
        assert!(
            !row.always
                || row
                    .on
                    .iter()
                    .all(|on| !on.contains("{name}") && !on.contains("{prefix}"))
        );
    }
}

/// The actions of the role in another account, but for those that CloudFormation asks for without a call.
fn of_role() -> Vec<String> {
    let actions = crate::resource::cloudformation::stack::access::OF_ROLE.iter();
    let called = actions.filter(|action| **action != "cloudformation:TagResource");
    called.map(|action| (*action).to_owned()).collect()
}

/// The actions of the calls in a source.
fn calls(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let sent = [".call(", ".attempt("].into_iter();
    let found = sent.flat_map(|way| code.split(way).skip(1)).map(|rest| {
        let first = rest.trim_start();
        let literal = first.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (action, _) =
            literal.unwrap_or_else(|| panic!("a call whose action is not written out: {first:.60}"));
        action.to_owned()
    });
    found.collect()
}

/// `sns-topic` for `src/resource/sns/topic/calls.rs`. For a file that belongs to no kind, its path.
fn kind_of(path: &str) -> String {
    let inside = path.strip_prefix("src/resource/").unwrap_or(path);
    let mut parts = inside.trim_end_matches(".rs").split('/');
    let (service, file) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    // CloudWatch Logs calls it `log-group`, without the name of the service.
    let names = [format!("{service}-{file}"), file.to_owned()].map(|name| name.replace('_', "-"));
    let known = names
        .into_iter()
        .find(|name| KINDS.iter().any(|kind| kind.name == name));
    known.unwrap_or_else(|| path.to_owned())
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "tests") {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}
