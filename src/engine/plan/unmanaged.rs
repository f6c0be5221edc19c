//! Resources in the account that the stack does not own. They are left alone unless the user asks to adopt them.

use std::collections::HashSet;

use serde::Serialize;

use super::{Action, Plan, of};
use crate::aws::tags::{HUB_ACCOUNT_TAG, HUB_TAG, STACK_TAG};
use crate::engine::observe::Observation;
use crate::resource::any::AnyLive;
use crate::resource::{NodeId, Presence, Shown};

/// A wanted name that is taken by a resource the stack does not own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    pub id: NodeId,
    pub name: String,
    /// The stack whose tag the resource carries. `None` if it carries no stack's tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// The existing resources that may be adopted although the stack does not own them.
#[derive(Debug, Clone, Default)]
pub struct Adoption {
    /// Nodes that may be adopted whoever owns them.
    pub nodes: HashSet<String>,
    /// Everything that no other stack owns may be adopted as well.
    pub all: bool,
}

impl Plan {
    /// True if the resource lives in another one that the stack does not own, and that this plan does not adopt.
    pub(super) fn lives_in_unmanaged(&self, id: &NodeId, live: &AnyLive, seen: &Observation) -> bool {
        let Some((kind, name)) = (of(id).about)(live).lives_in else {
            return false;
        };
        let holds = |(id, presence): (&NodeId, &Presence<AnyLive>)| match presence {
            Presence::Foreign(live) => id.kind == kind && (of(id).live_name)(live) == name,
            Presence::Ours(_) | Presence::Absent => false,
        };
        let stranger = seen.wanted.iter().find(|(id, presence)| holds((id, presence)));
        let taken = |id: &NodeId| {
            self.steps
                .iter()
                .any(|step| step.id == *id && step.action == Action::Adopt)
        };
        stranger.is_some_and(|(id, _)| !taken(id))
    }
}

/// The stack whose tag a resource carries, with its account if that is another one. `None` for kinds without tags.
pub(super) fn owner(id: &NodeId, live: &AnyLive) -> Option<String> {
    let fields = (of(id).live_fields)(live);
    let tag = |tag: &str| {
        let field = format!("tags.{tag}");
        match fields.iter().find(|(name, _)| *name == field)?.1 {
            Shown::Value(value) => value.as_str().map(str::to_owned),
            Shown::AfterApply(_) | Shown::Secret(_) => None,
        }
    };
    tag(STACK_TAG).or_else(|| {
        let account =
            tag(HUB_ACCOUNT_TAG).map_or_else(String::new, |account| format!(" in account {account}"));
        Some(tag(HUB_TAG)? + &account)
    })
}
