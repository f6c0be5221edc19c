//! Separates drift from intended changes: compares the plan with a previous version of the stack file.
//!
//! alertctl stores no state about the last apply, so only the previous stack file can tell. If the account differs
//! from that file, somebody changed it, or another version of alertctl applied it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Action, Plan, Step};
use crate::engine::graph::Graph;
use crate::resource::{Change, Shown};

/// Why a step is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The stack file asks for something else than the previous one.
    pub file: bool,
    /// The account differs from the previous stack file.
    pub drift: bool,
    /// The fields that drifted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

impl Plan {
    /// Sets the origin of each step. `base` is the graph of the previous stack file, which is called `name`.
    pub fn hold_against(&mut self, base: &Graph, wanted: &Graph, name: &str) {
        let mut origins: BTreeMap<String, Origin> = BTreeMap::new();
        for step in &self.steps {
            if let Some(origin) = self.origin(step, base, wanted, &origins) {
                origins.insert(step.id.to_string(), origin);
            }
        }
        for step in &mut self.steps {
            step.origin = origins.remove(&step.id.to_string());
        }
        self.base = Some(name.to_owned());
    }

    /// The number of steps that are there only because of drift.
    pub fn drifted(&self) -> usize {
        self.steps.iter().filter(|step| step.is_drift()).count()
    }

    fn origin(
        &self,
        step: &Step,
        base: &Graph,
        wanted: &Graph,
        known: &BTreeMap<String, Origin>,
    ) -> Option<Origin> {
        let (before, now) = (base.get(&step.id), wanted.get(&step.id));
        let plain = |file| Origin {
            file,
            drift: !file,
            fields: Vec::new(),
        };
        let parent = now.and_then(|node| node.resource.parent());
        match (step.action, before, now) {
            // An adoption was asked for by name.
            (Action::Keep | Action::Adopt, _, _) => None,
            // It is gone because its parent is replaced or gone.
            (Action::Create, Some(_), _)
                if let Some(origin) = parent.and_then(|parent| known.get(&parent.to_string())) =>
            {
                Some(plain(origin.file))
            }
            (Action::Create, before, _) => Some(plain(before.is_none())),
            (Action::Delete, before, _) => Some(plain(before.is_some())),
            (Action::Update | Action::Replace, Some(before), Some(now)) => {
                let live = step.live.as_ref()?;
                let drifted = before.resource.difference(live, &self.known);
                let drifted: BTreeSet<_> = drifted.iter().map(|change| change.field.as_str()).collect();
                let (before, now) = (
                    before.resource.fields_beside(live, &self.known),
                    now.resource.fields_beside(live, &self.known),
                );
                let edited = now.difference(&before, &[]);
                let edited: BTreeSet<_> = edited.iter().map(|change| change.field.as_str()).collect();
                let mut origin = Origin::default();
                for Change { field, to, .. } in step.changes.iter() {
                    let name = field.as_str();
                    let (file, drift) = match to {
                        // The field refers to a resource that is re-created before it.
                        Some(Shown::AfterApply(node)) if let Some(made) = known.get(node) => {
                            (made.file, made.drift)
                        }
                        // A digest of a secret cannot be compared if the secret is given in two ways.
                        Some(Shown::Secret(_)) => (edited.contains(name), !edited.contains(name)),
                        _ => (edited.contains(name), drifted.contains(name)),
                    };
                    origin.file |= file;
                    origin.drift |= drift;
                    origin.fields.extend(drift.then(|| field.clone()));
                }
                Some(origin)
            }
            (Action::Update | Action::Replace, _, _) => Some(plain(true)),
        }
    }
}

impl Step {
    /// True if the stack file alone would not cause the step.
    pub fn is_drift(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| !origin.file)
    }
}
