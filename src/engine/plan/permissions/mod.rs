//! Who may do what after a plan, and could not before, or the other way round.
//!
//! The one source is the documents of the plan: what the policies in the account say, and what they will say. So a change
//! that somebody made by hand is seen as well as one of the stack file.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Action, Plan, Step, of};
use crate::aws::{Known, Output};
use crate::engine::graph::Graph;
use crate::engine::observe::Observation;
use crate::resource::iam::role::IamRole;
use crate::resource::iam::role_policy::IamRolePolicy;
use crate::resource::lambda::function::LambdaFunction;
use crate::resource::lambda::permission::LambdaPermission;
use crate::resource::{Fields, Presence, Resource as _, Shown};

mod grant;
mod names;
#[cfg(test)]
mod tests;
mod words;

use grant::{Condition, Grant, Place, Term, Who};
use names::Names;

/// Whether something is allowed (or denied) from now on, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    Granted,
    Revoked,
}

/// Whether a statement allows something or denies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    Allow,
    Deny,
}

/// What somebody may do after the plan and could not before, or the other way round: a sentence in parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Permission {
    /// `relay`, `EventBridge`, `anybody in account 111122223333`.
    pub who: String,
    /// The actions in words, up to their object: `decrypt with`.
    pub may: String,
    /// The object: `key/main`.
    pub on: String,
    pub change: Turn,
    pub effect: Effect,
    /// The sources on whose behalf a service may act: `alarm/cpu`.
    #[serde(rename = "for", default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// The other conditions, each in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// What makes it wider than a stack usually needs: `anybody`, `another account`, `any action`, `any resource`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wide: Vec<String>,
    /// The node whose policy says so.
    #[serde(rename = "where")]
    pub node: String,
}

/// The grants of several documents, each with the node that makes it.
type Grants = BTreeMap<Grant, String>;

/// The permissions that `plan` changes.
pub(super) fn permissions(plan: &Plan, graph: &Graph, seen: &Observation) -> Vec<Permission> {
    let names = LazyCell::new(|| names(plan, graph, seen));
    let after = LazyCell::new(|| plan.with_holes(graph));
    let (mut old, mut new) = (Grants::new(), Grants::new());
    for step in &plan.steps {
        let live = match seen.wanted.get(&step.id) {
            // The state of a resource that goes with its parent is not that from which its step starts.
            Some(Presence::Ours(live) | Presence::Foreign(live)) if step.action != Action::Delete => {
                Some(live)
            }
            _ => step.live.as_ref(),
        };
        let before = live.map(|live| (of(&step.id).live_fields)(live));
        let wanted = graph.get(&step.id).filter(|_| step.action != Action::Delete);
        let grants = |fields: &Fields| -> Grants {
            // Most resources have no policy.
            if !has_policy(step, fields) {
                return Grants::new();
            }
            let found = of_step(step, fields, graph, &names, &plan.scope.account).into_iter();
            found.map(|grant| (grant, step.id.to_string())).collect()
        };
        let before = before.map(|fields| grants(&fields)).unwrap_or_default();
        new.extend(match (step.action, wanted) {
            // What stays as it is says the same after as before.
            (Action::Keep, _) => before.clone(),
            (_, wanted) => wanted
                .map(|node| grants(&node.resource.fields(&after)))
                .unwrap_or_default(),
        });
        old.extend(before);
    }
    match old == new {
        true => Vec::new(),
        false => changed(&old, &new, &names, &plan.scope.account),
    }
}

/// What people call the nodes of `plan`.
fn names<'p>(plan: &'p Plan, graph: &Graph, seen: &Observation) -> Names<'p> {
    let nodes = graph.nodes().iter().map(|node| {
        let live = match seen.wanted.get(&node.id) {
            Some(Presence::Ours(live) | Presence::Foreign(live)) => Some((of(&node.id).output)(live).id),
            Some(Presence::Absent) | None => None,
        };
        let name = plan.scope.written_out(node.resource.name());
        (node.id.clone(), name, live)
    });
    // What a wanted node takes the place of has the same id, and is called by its own name.
    let left = seen.orphans.iter().filter(|(id, _)| graph.get(id).is_none());
    let left = left.map(|(id, live)| {
        let kind = of(id);
        (id.clone(), (kind.live_name)(live), Some((kind.output)(live).id))
    });
    Names::of(&plan.scope, nodes.chain(left))
}

/// What `new` grants and `old` does not, and the other way round. What is still granted by something wider does not change.
fn changed(old: &Grants, new: &Grants, names: &Names<'_>, account: &str) -> Vec<Permission> {
    let mut permissions = Vec::new();
    for (turn, some, others) in [(Turn::Granted, new, old), (Turn::Revoked, old, new)] {
        let is_new =
            |grant: &Grant| !others.contains_key(grant) && !others.keys().any(|other| other.covers(grant));
        let changed = some.iter().filter(|(grant, _)| is_new(grant));
        permissions.extend(in_words(turn, changed, names, account));
    }
    permissions
}

impl Plan {
    /// What is known, with a node in braces for each ARN and id that AWS has yet to generate.
    fn with_holes(&self, graph: &Graph) -> Known {
        let hole = |id: &str| Output {
            arn: format!("{{{id}}}"),
            id: format!("{{{id}}}"),
        };
        let ids = graph.nodes().iter().map(|node| node.id.to_string());
        let mut outputs: BTreeMap<_, _> = ids.map(|id| (id.clone(), hole(&id))).collect();
        outputs.extend(self.known.outputs.clone());
        Known {
            scope: self.scope.clone(),
            outputs,
        }
    }
}

/// The grants of a resource in this state.
fn of_step(step: &Step, fields: &Fields, graph: &Graph, names: &Names<'_>, account: &str) -> BTreeSet<Grant> {
    let documents: Vec<Cow<'_, Value>> = match step.id.kind {
        LambdaPermission::KIND => vec![Cow::Owned(of_permission(fields, names))],
        _ => fields
            .iter()
            .filter_map(|(_, shown)| document(shown))
            .map(Cow::Borrowed)
            .collect(),
    };
    let holder = match step.id.kind {
        IamRolePolicy::KIND => holder(step, graph, names),
        _ => String::new(),
    };
    let itself = match graph.get(&step.id).filter(|_| step.action == Action::Delete) {
        Some(_) => step.output().unwrap_or_default().arn,
        None => format!("{{{}}}", step.id),
    };
    let place = Place {
        holder: &holder,
        itself: &itself,
        account,
    };
    let grants = documents
        .iter()
        .flat_map(|document| grant::grants(document, &place));
    grants.collect()
}

/// Whether a resource in this state says who may do what.
fn has_policy(step: &Step, fields: &Fields) -> bool {
    step.id.kind == LambdaPermission::KIND || fields.iter().any(|(_, shown)| document(shown).is_some())
}

/// The field's value, if it is a policy document.
fn document(shown: &Shown) -> Option<&Value> {
    match shown {
        Shown::Value(document @ Value::Object(_)) => document.get("Statement").map(|_| document),
        _ => None,
    }
}

/// The role of an inline policy: a node in braces, or its name.
fn holder(step: &Step, graph: &Graph, names: &Names<'_>) -> String {
    let wanted = graph.get(&step.id).filter(|_| step.action != Action::Delete);
    if let Some(role) = wanted.and_then(|node| node.resource.parent()) {
        return format!("{{{role}}}");
    }
    let home = step
        .live
        .as_ref()
        .and_then(|live| (of(&step.id).about)(live).lives_in);
    let name = home.map_or_else(|| step.name.clone(), |(_, name)| name);
    match names.node(IamRole::KIND, &name) {
        Some(role) => format!("{{{role}}}"),
        None => name,
    }
}

/// A function's permission as the document that it is a statement of.
fn of_permission(fields: &Fields, names: &Names<'_>) -> Value {
    let field = |name: &str| {
        let mut fields = fields.iter();
        fields.find_map(|(field, shown)| match shown {
            Shown::Value(value) if field == name => value.as_str().map(str::to_owned),
            _ => None,
        })
    };
    let function = field("function").unwrap_or_default();
    let resource = names
        .node(LambdaFunction::KIND, &function)
        .map_or_else(|| format!("function {function}"), |id| format!("{{{id}}}"));
    let principal = field("principal").unwrap_or_default();
    let kind = match principal.contains(".amazonaws.") {
        true => "Service",
        false => "AWS",
    };
    let mut conditions = json!({});
    let mut add = |operator: &str, key: &str, value: Option<String>| {
        if let Some(value) = value {
            conditions[operator][key] = json!([value]);
        }
    };
    add("ArnLike", "aws:SourceArn", field("source_arn"));
    add("StringEquals", "aws:SourceAccount", field("source_account"));
    for (name, shown) in fields.iter() {
        if let (Some(key), Shown::Value(value)) = (name.strip_prefix("condition."), shown) {
            add("StringEquals", key, value.as_str().map(str::to_owned));
        }
    }
    json!({ "Statement": [{
        "Effect": "Allow",
        "Principal": { kind: [principal] },
        "Action": [field("action").unwrap_or_default()],
        "Resource": [resource],
        "Condition": conditions,
    }] })
}

/// What grants have in common that become one sentence: node, effect, principal, object and conditions.
type Alike<'g> = (&'g String, bool, &'g Who, &'g Term, &'g [Condition]);

/// Grants as sentences: what is said of the same principal, object and conditions is one.
fn in_words<'g>(
    turn: Turn,
    grants: impl Iterator<Item = (&'g Grant, &'g String)>,
    names: &Names<'_>,
    account: &str,
) -> Vec<Permission> {
    let mut by_source: BTreeMap<(Alike<'g>, Option<&String>), BTreeSet<&Term>> = BTreeMap::new();
    for (grant, node) in grants {
        let alike = (
            node,
            grant.denies,
            &grant.who,
            &grant.resource,
            &*grant.conditions,
        );
        let actions = by_source.entry((alike, grant.source.as_ref())).or_default();
        actions.insert(&grant.action);
    }
    let mut sentences: BTreeMap<(Alike<'g>, BTreeSet<&Term>), Vec<&String>> = BTreeMap::new();
    for ((alike, source), actions) in by_source {
        sentences.entry((alike, actions)).or_default().extend(source);
    }
    let sentences = sentences.into_iter();
    sentences
        .map(|(((node, denies, who, object, conditions), actions), sources)| {
            let whom = names.who(who, conditions);
            // Taking away what denies something widens, too.
            let widens = denies == (turn == Turn::Revoked);
            let is_any_action = actions.iter().any(|action| match action {
                Term::Is(action) => words::is_any(action),
                Term::AnyBut(_) => true,
            });
            let is_any_object = match object {
                Term::Is(resource) => resource == "*",
                Term::AnyBut(_) => true,
            };
            // A key's policy delegates to the IAM policies of its account: without that, nobody could manage the key.
            let is_own_account = whom.name.starts_with("this account");
            let wide = [
                whom.wide,
                (is_any_action && !is_own_account).then_some("any action"),
                is_any_object.then_some("any resource"),
            ];
            let wide = wide.into_iter().flatten().filter(|_| widens);
            Permission {
                may: words::actions(actions.into_iter()),
                on: names.object(object),
                change: turn,
                effect: if denies { Effect::Deny } else { Effect::Allow },
                sources: sources.into_iter().map(|source| names.resource(source)).collect(),
                when: words::conditions(conditions, names, account, &whom.name),
                wide: wide.map(str::to_owned).collect(),
                node: node.clone(),
                who: whom.name,
            }
        })
        .collect()
}
