//! Permissions as a table for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::users;
use crate::aws::Scope;
use crate::permissions::{Command, Permission, documents, grants};

/// What the table is about.
pub fn title(stack: &str, scope: &Scope, commands: &[Command]) -> String {
    format!(
        "what {} of stack {stack} needs in account {}, {}",
        together(commands),
        scope.account,
        scope.region
    )
}

/// One block for what is on the same resource and bounded in the same way: which command needs which actions.
pub fn permissions(title: &str, permissions: &BTreeSet<Permission>, commands: &[Command]) -> String {
    let mut blocks: BTreeMap<_, BTreeMap<&str, BTreeSet<Command>>> = BTreeMap::new();
    let mut whys: BTreeMap<_, BTreeSet<&str>> = BTreeMap::new();
    for permission in permissions {
        let block = (&permission.resource, &permission.conditions);
        let users = users(permission, commands);
        blocks
            .entry(block)
            .or_default()
            .entry(permission.action)
            .or_default()
            .extend(users);
        whys.entry(block)
            .or_default()
            .extend(Some(permission.why).filter(|why| !why.is_empty()));
    }
    let mut text = format!("{title}\n");
    for (block, actions) in blocks {
        let (resource, conditions) = block;
        let _ = writeln!(text, "\n{resource}");
        for (operator, key, value) in conditions {
            let _ = writeln!(text, "  when {key} {operator} {value}");
        }
        for why in whys.remove(&block).unwrap_or_default() {
            let _ = writeln!(text, "  no narrower: {why}");
        }
        let mut lines: BTreeMap<Vec<Command>, Vec<&str>> = BTreeMap::new();
        for (action, users) in actions {
            lines.entry(users.into_iter().collect()).or_default().push(action);
        }
        for (users, actions) in lines {
            let users = together(&users);
            for (index, action) in actions.into_iter().enumerate() {
                let users = if index == 0 { users.as_str() } else { "" };
                let _ = writeln!(text, "  {users:<20} {action}");
            }
        }
    }
    let count = documents(&grants(permissions)).len();
    let what = if count == 1 {
        "policy: `--output json` prints it"
    } else {
        "policies: `--output json` prints them"
    };
    let _ = writeln!(text, "\n{count} {what}");
    text
}

fn together(commands: &[Command]) -> String {
    let name = |command: &Command| match command {
        Command::Plan => "plan",
        Command::Apply => "apply",
        Command::Destroy => "destroy",
        Command::DestroyWithLogs => "destroy --delete-trail-logs",
    };
    commands.iter().map(name).collect::<Vec<_>>().join(", ")
}
