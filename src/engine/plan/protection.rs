//! Protected resources: they are deleted or replaced only if somebody names them.

use std::collections::BTreeSet;

use super::{Action, Plan, Step, of};
use crate::aws::tags::PROTECT_TAG;
use crate::engine::graph::Graph;
use crate::resource::any::AnyLive;
use crate::resource::{NodeId, Shown};

impl Plan {
    /// Marks the steps that delete or replace a protected resource. What has no tags follows the resource that it lives in,
    /// and is unprotected with it.
    pub(super) fn mark_protected(&mut self, graph: &Graph) {
        let by = |step: &Step| match step.action {
            Action::Delete | Action::Replace if step.is_tagged_as_protected() => Some(step.id.clone()),
            Action::Delete | Action::Replace => {
                let home = self
                    .home(step, graph)
                    .filter(|home| home.is_tagged_as_protected());
                home.map(|home| home.id.clone())
            }
            _ => None,
        };
        let by: Vec<_> = self.steps.iter().map(by).collect();
        for (step, by) in self.steps.iter_mut().zip(by) {
            step.protected_by = by;
        }
    }

    /// The step of the resource that this one lives in.
    fn home(&self, step: &Step, graph: &Graph) -> Option<&Step> {
        let parent = graph.get(&step.id).and_then(|node| node.resource.parent());
        if let Some(parent) = parent {
            return self.steps.iter().find(|other| other.id == parent);
        }
        let (kind, name) = (of(&step.id).about)(step.live.as_ref()?).lives_in?;
        self.steps.iter().find(|other| {
            other.id.kind == kind && other.name == name && other.id.region() == step.id.region()
        })
    }

    /// The steps that delete or replace a protected resource that is not among `unprotected`, by `kind/key`.
    pub fn forbidden<'p>(&'p self, unprotected: &'p [String]) -> impl Iterator<Item = &'p Step> {
        let named: BTreeSet<&str> = unprotected.iter().map(String::as_str).collect();
        self.steps.iter().filter(move |step| {
            let is_named = |id: &NodeId| named.contains(id.to_string().as_str());
            step.protected_by
                .as_ref()
                .is_some_and(|by| !is_named(by) && !is_named(&step.id))
        })
    }
}

impl Step {
    fn is_tagged_as_protected(&self) -> bool {
        self.live.as_ref().is_some_and(|live| is_tagged(&self.id, live))
    }
}

fn is_tagged(id: &NodeId, live: &AnyLive) -> bool {
    let tag = format!("tags.{PROTECT_TAG}");
    (of(id).live_fields)(live)
        .iter()
        .any(|(field, shown)| field == tag && *shown == Shown::Value("true".into()))
}
