//! Permissions as a table for people.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::users;
use crate::aws::Scope;
use crate::operate::permissions::{Command, Permission, documents, grants};

/// The title of the table.
pub fn title(stack: &str, scope: &Scope, commands: &[Command]) -> String {
    format!(
        "permissions needed to run {} on stack {stack} in account {}, {}",
        together(commands),
        scope.account,
        scope.region
    )
}

/// One block per resource and set of conditions: which command needs which actions.
pub fn permissions(title: &str, permissions: &BTreeSet<Permission>, commands: &[Command]) -> String {
    let mut blocks: BTreeMap<_, Block<'_>> = BTreeMap::new();
    for permission in permissions {
        let block = blocks
            .entry((&permission.resource, &permission.conditions))
            .or_default();
        let (using, why) = block.entry(permission.action).or_default();
        using.extend(users(permission, commands));
        *why = (*why).max(permission.why);
    }
    let mut text = format!("{title}\n");
    for ((resource, conditions), block) in blocks {
        let _ = writeln!(text, "\n{resource}");
        for (operator, key, value) in conditions {
            let _ = writeln!(text, "  when {key} {operator} {value}");
        }
        rows(&mut text, &block);
    }
    let count = documents(&grants(permissions)).len();
    let what = match count {
        1 => "policy: `--output json` prints it",
        _ => "policies: `--output json` prints them",
    };
    let _ = writeln!(text, "\n{count} {what}");
    text
}

/// The actions on one resource: the commands that use each, and why the permission is not narrower.
type Block<'a> = BTreeMap<&'a str, (BTreeSet<Command>, &'a str)>;

fn rows(text: &mut String, block: &Block<'_>) {
    let whys: BTreeSet<_> = block.values().map(|(_, why)| *why).collect();
    let one = (whys.len() == 1).then(|| whys.first().copied().unwrap_or_default());
    if let Some(why) = one.filter(|why| !why.is_empty()) {
        let _ = writeln!(text, "  cannot be narrowed: {why}");
    }
    let width = block.keys().map(|action| action.len()).max().unwrap_or_default();
    let mut lines: BTreeMap<Vec<Command>, Vec<(&str, &str)>> = BTreeMap::new();
    for (action, (using, why)) in block {
        let using = using.iter().copied().collect();
        lines.entry(using).or_default().push((action, why));
    }
    for (using, actions) in lines {
        let mut using = together(&using);
        for (action, why) in actions {
            let why = if one.is_some() { "" } else { why };
            let line = format!("  {using:<20}  {action:<width$}  {why}");
            let _ = writeln!(text, "{}", line.trim_end());
            using.clear();
        }
    }
}

fn together(commands: &[Command]) -> String {
    let name = |command: &Command| match command {
        Command::Plan => "plan",
        Command::PlanWithBacktest => "plan --backtest",
        Command::Apply => "apply",
        Command::Destroy => "destroy",
        Command::DestroyWithLogs => "destroy --delete-trail-logs",
    };
    commands.iter().map(name).collect::<Vec<_>>().join(", ")
}
