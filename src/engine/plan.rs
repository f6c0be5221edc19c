//! The plan: the differences between the wanted graph and the observed resources. Does no I/O.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::aws::{Known, Scope};
use crate::engine::graph::{Graph, Node};
use crate::engine::observe::Observation;
use crate::resource::any::{AnyLive, Kind};
use crate::resource::kinds::kind;
use crate::resource::{About, Changes, Fields, Handling, Health, NodeId, Output, Presence};

mod claim;
pub mod cost;
mod document;
mod origin;
mod permissions;
mod protection;
mod ready;
mod unmanaged;

pub use claim::Claim;
pub use cost::Cost;
pub use origin::Origin;
pub use permissions::{Effect, Permission, Turn};
pub use ready::NotReady;
use unmanaged::owner;
pub use unmanaged::{Adoption, Conflict};

/// What happens to one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Create,
    Update,
    /// Delete, then create: AWS cannot make the change in place.
    Replace,
    /// Take over a resource that exists and is not ours, because the user asked for it.
    Adopt,
    Delete,
    Keep,
}

/// One resource and what happens to it.
#[derive(Clone, Serialize)]
pub struct Step {
    pub id: NodeId,
    pub action: Action,
    /// The physical name.
    pub name: String,
    pub changes: Changes,
    /// A remark about the resource as it is, or about what is lost when it is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// The resource is no longer in the stack file but is kept. The remark says why.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
    /// The protected resource that the step deletes or replaces: its own, or the one that it lives in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protected_by: Option<NodeId>,
    /// Why the step is there. Set once the plan was compared with another stack file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Indices of the steps that must have finished before this one starts.
    #[serde(skip)]
    pub after: Vec<usize>,
    /// The state in the account from which the step starts.
    #[serde(skip)]
    pub live: Option<AnyLive>,
}

impl Step {
    /// What AWS generated for the resource, if the resource exists.
    pub fn output(&self) -> Option<Output> {
        self.live.as_ref().map(of(&self.id).output)
    }

    /// Its page in the console, if it exists and has one. `home` is the stack's own region.
    pub fn console_page(&self, home: &str) -> Option<String> {
        let region = self.id.region().unwrap_or(home);
        (of(&self.id).console_page)(&self.name, &self.output()?, region)
    }

    /// The current health of the resource, if AWS reports it.
    pub fn health(&self) -> Option<Health> {
        self.about()?.health
    }

    /// A remark about the resource as it is now, whatever the step does to it.
    pub fn condition(&self) -> Option<String> {
        match self.kept {
            true => self.remark.clone(),
            false => self.about()?.remark,
        }
    }

    fn about(&self) -> Option<About> {
        self.live.as_ref().map(of(&self.id).about)
    }
}

/// Everything that one run does. The same value is printed, serialized and executed.
#[derive(Clone, Serialize)]
pub struct Plan {
    pub stack: String,
    #[serde(flatten)]
    pub scope: Scope,
    pub steps: Vec<Step>,
    pub conflicts: Vec<Conflict>,
    /// Unmet expectations: what the stack relies on without owning it.
    pub warnings: Vec<String>,
    /// The stack file that drift was determined with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Who may do what after the run, and could not before, or the other way round.
    pub permissions: Vec<Permission>,
    pub cost: Cost,
    /// What is known before the run: the outputs of every resource that exists and stays.
    #[serde(skip)]
    pub known: Known,
    /// How the run makes sure that no other run changes the stack at the same time.
    #[serde(skip)]
    pub claim: Claim,
}

/// The number of steps for each action. Kept resources that are no longer in the stack file are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub create: usize,
    pub update: usize,
    pub replace: usize,
    pub adopt: usize,
    pub delete: usize,
    pub keep: usize,
}

impl Plan {
    /// Counts the steps of each action.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for step in self.steps.iter().filter(|step| !step.kept) {
            *match step.action {
                Action::Create => &mut summary.create,
                Action::Update => &mut summary.update,
                Action::Replace => &mut summary.replace,
                Action::Adopt => &mut summary.adopt,
                Action::Delete => &mut summary.delete,
                Action::Keep => &mut summary.keep,
            } += 1;
        }
        summary
    }

    /// True if the plan would change anything.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| step.action != Action::Keep)
    }

    /// True if every step is about a resource that the stack owns but does not want. This is so for a plan without a
    /// stack file.
    pub fn is_by_name(&self) -> bool {
        self.steps
            .iter()
            .all(|step| step.kept || step.action == Action::Delete)
    }

    /// True if both plans would do the same to the same resources. An apply checks this after the user has confirmed.
    pub fn same_as(&self, other: &Self) -> bool {
        let comparable = |plan: &Self| {
            let mut plan = plan.clone();
            // Remarks on kept resources change by themselves, for example the number of messages in a queue.
            let kept = plan.steps.iter_mut().filter(|step| step.action == Action::Keep);
            kept.for_each(|step| step.remark = None);
            // Warnings are about things outside the stack, and some are looked up only once.
            plan.warnings.clear();
            serde_json::to_value(plan).ok()
        };
        comparable(self) == comparable(other)
    }
}

/// Compares `graph` with `seen`. `adopt` says what may be adopted.
pub fn plan(stack: &str, graph: &Graph, seen: &Observation, adopt: &Adoption) -> Plan {
    let known = Known {
        scope: seen.scope.clone(),
        outputs: BTreeMap::new(),
    };
    let (steps, conflicts) = (Vec::new(), Vec::new());
    let mut plan = Plan {
        stack: stack.to_owned(),
        scope: seen.scope.clone(),
        steps,
        conflicts,
        warnings: seen.warnings.clone(),
        base: None,
        permissions: Vec::new(),
        cost: Cost::default(),
        known,
        claim: Claim::None,
    };
    let mut at = HashMap::new();
    for node in graph.nodes() {
        let Some(mut step) = plan.wanted(node, seen, adopt, &at) else {
            continue;
        };
        step.after = node.after.iter().filter_map(|id| at.get(id).copied()).collect();
        if let (Some(live), false) = (&step.live, recreated(step.action)) {
            plan.known
                .outputs
                .insert(node.id.to_string(), (of(&node.id).output)(live));
        }
        at.insert(node.id.clone(), plan.steps.len());
        plan.steps.push(step);
    }
    let taken: HashSet<_> = plan.steps.iter().filter_map(arn).collect();
    for (id, live) in &seen.orphans {
        let step = deletion(id, live);
        // A leftover with the same name as a wanted node is replaced by that node's step, so it gets no step of its
        // own.
        if arn(&step).is_none_or(|arn| !taken.contains(&arn)) && !plan.lives_in_unmanaged(id, live, seen) {
            plan.steps.push(step);
        }
    }
    plan.order_deletions();
    plan.lay_claim(seen);
    plan.mark_protected(graph);
    plan.permissions = permissions::permissions(&plan, graph, seen);
    plan.cost = cost::cost(&plan, graph);
    plan
}

impl Plan {
    /// Leaves out all deletions: the graph was only a part of the stack, so everything else looked like a leftover.
    pub fn without_deletions(&mut self, graph: &Graph) {
        self.steps.retain(|step| step.action != Action::Delete);
        let ids: HashSet<_> = self.steps.iter().map(|step| step.id.to_string()).collect();
        self.permissions.retain(|one| ids.contains(&one.node));
        self.cost = cost::cost(self, graph);
    }

    fn wanted(
        &mut self,
        node: &Node,
        seen: &Observation,
        adopt: &Adoption,
        at: &HashMap<NodeId, usize>,
    ) -> Option<Step> {
        let resource = &node.resource;
        let parent = resource
            .parent()
            .and_then(|id| at.get(&id))
            .map(|&at| self.steps[at].action);
        let step = |action, changes, live: Option<AnyLive>| Step {
            id: node.id.clone(),
            action,
            name: self.scope.written_out(resource.name()),
            changes,
            remark: live.as_ref().and_then(|live| (of(&node.id).about)(live).remark),
            kept: false,
            protected_by: None,
            origin: None,
            after: Vec::new(),
            live,
        };
        let (live, ours) = match seen.wanted.get(&node.id) {
            Some(Presence::Ours(live)) => (live, true),
            Some(Presence::Foreign(live)) => (live, false),
            Some(Presence::Absent) | None => {
                let changes = resource.fields(&self.known).difference(&Fields::default(), &[]);
                return Some(step(Action::Create, changes, None));
            }
        };
        // If the parent is re-created, what lived in it is gone with the old one.
        if parent.is_some_and(recreated) {
            let changes = resource.fields(&self.known).difference(&Fields::default(), &[]);
            return Some(step(Action::Create, changes, None));
        }
        if !ours && parent != Some(Action::Adopt) && !adopt.nodes.contains(&node.id.to_string()) {
            let owner = owner(&node.id, live);
            if !adopt.all || owner.is_some() {
                self.conflicts.push(Conflict {
                    id: node.id.clone(),
                    name: (of(&node.id).live_name)(live),
                    owner,
                });
                return None;
            }
        }
        let changes = resource.difference(live, &self.known);
        self.warnings.extend(resource.caution(live));
        let action = if changes.replace() {
            Action::Replace
        } else if !ours {
            Action::Adopt
        } else if changes.is_empty() {
            Action::Keep
        } else {
            Action::Update
        };
        Some(step(action, changes, Some(live.clone())))
    }

    /// Makes each deletion wait for all steps on kinds that may still use the deleted resource, and what takes its place wait for
    /// the deletion.
    fn order_deletions(&mut self) {
        let home = |step: &Step| {
            let deleted = step.live.as_ref().filter(|_| step.action == Action::Delete)?;
            (of(&step.id).about)(deleted).lives_in
        };
        let homes: Vec<_> = self.steps.iter().map(home).collect();
        for index in 0..self.steps.len() {
            if self.steps[index].action != Action::Delete {
                continue;
            }
            let Handling {
                deleted_after,
                deleted_after_changes_of,
                ..
            } = of(&self.steps[index].id).handling;
            self.steps[index].after = (0..self.steps.len())
                .filter(|&other| {
                    let Step { id, action, .. } = &self.steps[other];
                    let is_after = deleted_after.contains(&id.kind);
                    match action {
                        Action::Keep => false,
                        Action::Delete => {
                            is_after && !self.lives_elsewhere(other, homes[other].as_ref(), index)
                        }
                        _ => is_after || deleted_after_changes_of.contains(&id.kind),
                    }
                })
                .collect();
        }
        for index in 0..self.steps.len() {
            let Step { id, action, .. } = &self.steps[index];
            let before = match action {
                Action::Keep | Action::Delete => continue,
                _ => of(id).handling.changed_after_deletions_of,
            };
            let deletions = self.steps.iter().enumerate();
            let deletions = deletions
                .filter(|(_, other)| other.action == Action::Delete && before.contains(&other.id.kind));
            let deletions: Vec<_> = deletions.map(|(other, _)| other).collect();
            self.steps[index].after.extend(deletions);
        }
    }

    /// True if the resource that `inside` deletes, and which lives in `home`, lives in a resource of the kind that `holder`
    /// deletes, but in a different one.
    fn lives_elsewhere(&self, inside: usize, home: Option<&(&'static str, String)>, holder: usize) -> bool {
        let (inside, holder) = (&self.steps[inside], &self.steps[holder]);
        home.is_some_and(|(kind, name)| {
            *kind == holder.id.kind && (name, inside.id.region()) != (&holder.name, holder.id.region())
        })
    }
}

fn deletion(id: &NodeId, live: &AnyLive) -> Step {
    let kind = of(id);
    let About { stays, data_loss, .. } = (kind.about)(live);
    let kept = stays.is_some();
    Step {
        id: id.clone(),
        action: if kept { Action::Keep } else { Action::Delete },
        name: (kind.live_name)(live),
        changes: match kept {
            true => Changes::default(),
            false => Fields::default().difference(&(kind.live_fields)(live), &[]),
        },
        remark: stays.or(data_loss),
        kept,
        protected_by: None,
        origin: None,
        after: Vec::new(),
        live: Some(live.clone()),
    }
}

/// The ARN of the resource that the step found in the account.
fn arn(step: &Step) -> Option<String> {
    step.output()
        .map(|output| output.arn)
        .filter(|arn| !arn.is_empty())
}

fn recreated(action: Action) -> bool {
    matches!(action, Action::Create | Action::Replace)
}

fn of(id: &NodeId) -> &'static Kind {
    kind(id.kind)
}

#[cfg(test)]
mod tests;
