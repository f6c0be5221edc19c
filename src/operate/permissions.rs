//! The permissions that a user needs to run a command on a stack: turns the access tables of the kinds into policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::aws::{Known, Scope};
use crate::engine::graph::Graph;
use crate::resource::access::{Access, COMMON, Condition, Phase};
use crate::resource::kinds::kind;
use crate::resource::precondition::Precondition;
use crate::resource::{KINDS, NodeId};

mod about;
mod ask;

use about::About;
pub use ask::{cases, conditions};

/// A command that needs permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    Plan,
    /// `plan --backtest`.
    PlanWithBacktest,
    Apply,
    Destroy,
    /// `destroy --delete-trail-logs`.
    DestroyWithLogs,
}

impl Command {
    /// The phases that the command goes through.
    pub fn phases(self) -> &'static [Phase] {
        match self {
            Self::Plan => &[Phase::Read, Phase::Check],
            Self::PlanWithBacktest => &[Phase::Read, Phase::Check, Phase::Backtest],
            Self::Apply => &[
                Phase::Read,
                Phase::Check,
                Phase::Write,
                Phase::Change,
                Phase::Delete,
            ],
            Self::Destroy => &[Phase::Read, Phase::Delete],
            Self::DestroyWithLogs => &[Phase::Read, Phase::Delete, Phase::Empty],
        }
    }
}

/// A condition with its placeholders filled in: operator, key, value.
pub type Bound = (&'static str, &'static str, String);

/// One action on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// An ARN pattern, or `*`.
    pub resource: String,
    pub conditions: Vec<Bound>,
    pub action: &'static str,
    pub phase: Phase,
    /// Why the resource is not narrower. Empty if no explanation is needed.
    pub why: &'static str,
    /// The resource as the request will name it: with the whole name instead of a prefix.
    pub exact: String,
    /// The values that a request has for the keys of its conditions, also with whole names.
    pub context: Vec<(&'static str, String)>,
    /// The region that the request is sent to.
    pub region: String,
}

/// The permissions that `commands` need for the stack `stack` of this graph, sorted.
pub fn needed(stack: &str, graph: &Graph, scope: &Scope, commands: &[Command]) -> BTreeSet<Permission> {
    let phases: BTreeSet<_> = commands.iter().flat_map(|command| command.phases()).collect();
    let known = Known {
        scope: scope.clone(),
        outputs: BTreeMap::new(),
    };
    let at_all = |row: &'static Access| (row, About::nothing(scope));
    let mut rows: Vec<_> = COMMON.iter().map(at_all).collect();
    let of = |what: &Precondition| {
        let rows = what.access().iter();
        let region = what.region().map(str::to_owned);
        rows.map(move |row| (row, About::region(scope, region.as_deref())))
    };
    rows.extend(graph.preconditions().iter().flat_map(of));
    for kind in KINDS {
        rows.extend(kind.access.iter().filter(|row| row.always).map(at_all));
        let nodes = graph.nodes().iter().filter(|node| node.id.kind == kind.name);
        for node in nodes {
            let used = kind.access.iter().filter(|row| node.resource.uses(row));
            rows.extend(used.map(|row| (row, About::node(graph, &known, node, None))));
        }
    }
    rows.retain(|(row, _)| phases.contains(&row.phase));
    rows.iter()
        .flat_map(|(row, about)| of_row(stack, row, about))
        .collect()
}

/// The operations on one resource.
#[derive(Debug)]
pub struct Deed<'a> {
    pub id: &'a NodeId,
    pub phases: &'static [Phase],
    /// The resource's ARN, if the resource exists and has one.
    pub arn: Option<String>,
}

/// The permissions that these deeds need. `known` holds the outputs of the existing resources that they refer to.
/// Permissions that are needed just to look at the stack are not included.
pub fn needed_for(stack: &str, graph: &Graph, known: &Known, deeds: &[Deed<'_>]) -> BTreeSet<Permission> {
    let mut permissions = BTreeSet::new();
    for deed in deeds {
        let node = graph.get(deed.id);
        let about = match node {
            Some(node) => About::node(graph, known, node, deed.arn.clone()),
            None => About::leftover(known, deed.id, deed.arn.clone()),
        };
        let rows = kind(deed.id.kind).access.iter();
        let rows = rows.filter(|row| !row.always && deed.phases.contains(&row.phase));
        let rows = rows.filter(|row| node.is_none_or(|node| node.resource.uses(row)));
        permissions.extend(rows.flat_map(|row| of_row(stack, row, &about)));
    }
    permissions
}

fn of_row(stack: &str, row: &Access, about: &About) -> Vec<Permission> {
    let fill = |text: &str, prefix: &str| {
        let text = text.replace("{prefix}", prefix).replace("{name}", &about.name);
        let text = text.replace("{boundary}", &about.boundary);
        about.place.written_out(text.replace("{stack}", stack))
    };
    let wide = prefix(stack, &about.name);
    let bound = |(operator, key, value): &Condition| (*operator, *key, fill(value, &wide));
    let conditions: Vec<_> = row.when.iter().map(bound).collect();
    let said = row
        .when
        .iter()
        .map(|(_, key, value)| (*key, fill(value, &about.name)));
    let context: Vec<_> = said.collect();
    let mut permissions = Vec::new();
    for on in row.on {
        let resource = fill(on, &wide);
        // `mission-*` already covers `mission-*:*`. A row that is written as `*:*` has no narrower twin, so it stays.
        if resource.ends_with("*:*") && !on.ends_with("*:*") {
            continue;
        }
        for exact in about.exacts(on, &fill(on, &about.name)) {
            permissions.extend(row.actions.iter().map(|action| Permission {
                action,
                phase: row.phase,
                resource: resource.clone(),
                conditions: conditions.clone(),
                why: row.why,
                exact: exact.clone(),
                context: context.clone(),
                region: match action.starts_with("iam:") {
                    true => about.place.iam_region().to_owned(),
                    false => about.place.region.clone(),
                },
            }));
        }
    }
    permissions
}

/// Cuts a name behind the stack's own name and appends `*`, so that the policy stays valid when the stack file
/// changes. A name that does not contain the stack's name is returned unchanged.
fn prefix(stack: &str, name: &str) -> String {
    for separator in ['-', '/', '.'] {
        let part = format!("{stack}{separator}");
        let starts = name.match_indices(&part).map(|(at, _)| at);
        let whole = |at: &usize| *at == 0 || name[..*at].ends_with(['/', '-', '.']);
        if let Some(at) = { starts }.find(whole) {
            return format!("{}*", &name[..at + part.len()]);
        }
    }
    name.to_owned()
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub actions: BTreeSet<&'static str>,
    pub resources: BTreeSet<String>,
    pub conditions: Vec<Bound>,
}

/// The fewest statements that grant these permissions.
pub fn grants(permissions: &BTreeSet<Permission>) -> Vec<Grant> {
    let mut of_action: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for permission in permissions {
        of_action
            .entry((permission.action, permission.conditions.clone()))
            .or_default()
            .insert(permission.resource.clone());
    }
    let mut together: BTreeMap<_, BTreeSet<&'static str>> = BTreeMap::new();
    for ((action, conditions), mut resources) in of_action {
        let all = resources.clone();
        resources.retain(|one| !all.iter().any(|other| other != one && covers(other, one)));
        let service = action.split(':').next().unwrap_or_default();
        // One statement for each service, except for actions on `*`: these share one.
        let service = if resources.contains("*") { "" } else { service };
        together
            .entry((service, resources, conditions))
            .or_default()
            .insert(action);
    }
    let grant = |((_, resources, conditions), actions)| Grant {
        actions,
        resources,
        conditions,
    };
    together.into_iter().map(grant).collect()
}

/// True if the pattern `wide` matches everything that `narrow` matches. The only `*` of `wide` must be at its end.
fn covers(wide: &str, narrow: &str) -> bool {
    wide.strip_suffix('*')
        .is_some_and(|start| !start.contains('*') && narrow.starts_with(start))
}

/// The maximum size of a managed policy, without white space:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
pub const LIMIT: usize = 6144;

/// The statements as policy documents, as many as [`LIMIT`] requires.
pub fn documents(grants: &[Grant]) -> Vec<Value> {
    let mut documents: Vec<Vec<Value>> = Vec::new();
    let frame = document(Vec::new()).to_string().len();
    let mut size = 0;
    let parts: Vec<_> = grants
        .iter()
        .flat_map(|grant| grant.in_parts(LIMIT - frame))
        .collect();
    for (index, grant) in parts.iter().enumerate() {
        let statement = grant.statement(index + 1);
        let length = statement.to_string().len() + 1;
        match documents.last_mut() {
            Some(last) if size + length <= LIMIT => last.push(statement),
            _ => {
                documents.push(vec![statement]);
                size = frame;
            }
        }
        size += length;
    }
    documents.into_iter().map(document).collect()
}

fn document(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

impl Grant {
    /// Splits a statement that is longer than `limit` into several with fewer resources each.
    fn in_parts(&self, limit: usize) -> Vec<Self> {
        // The 8 characters leave room for a longer number in the statement's name.
        let long = self.statement(0).to_string().len() + 8 > limit;
        let half = self.resources.len() / 2;
        if !long || half == 0 {
            return vec![self.clone()];
        }
        let of = |resources: BTreeSet<String>| Self {
            resources,
            ..self.clone()
        };
        let first = of(self.resources.iter().take(half).cloned().collect());
        let second = of(self.resources.iter().skip(half).cloned().collect());
        [first.in_parts(limit), second.in_parts(limit)].concat()
    }

    fn statement(&self, number: usize) -> Value {
        let service = self
            .actions
            .iter()
            .next()
            .and_then(|action| action.split(':').next());
        let mut statement = Map::new();
        statement.insert(
            "Sid".into(),
            json!(format!("{}{number}", service.unwrap_or_default())),
        );
        statement.insert("Effect".into(), json!("Allow"));
        statement.insert("Action".into(), json!(self.actions));
        statement.insert("Resource".into(), json!(self.resources));
        if !self.conditions.is_empty() {
            let mut block = Map::new();
            for (operator, key, value) in &self.conditions {
                block.entry(*operator).or_insert_with(|| json!({}))[*key] = json!(value);
            }
            statement.insert("Condition".into(), block.into());
        }
        statement.into()
    }
}

#[cfg(test)]
mod tests;
