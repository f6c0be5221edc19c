//! The resources of an observation that the stack owns.

use std::collections::HashSet;

use super::Observation;
use crate::engine::graph::Graph;
use crate::resource::any::AnyLive;
use crate::resource::kinds::{self, kind};
use crate::resource::{NodeId, Presence};

impl Observation {
    /// The same observation for a stack that is to be destroyed: the wanted resources that it owns become orphans,
    /// like those that were found by their tag. What lives in a resource of somebody else is left with it: kinds that are
    /// owned through their parent call it ours, since an apply refuses the parent or adopts both.
    pub fn none_wanted(mut self, graph: &Graph) -> Self {
        let mut foreign = HashSet::new();
        for node in graph.nodes() {
            let in_foreign = node
                .resource
                .parent()
                .is_some_and(|parent| foreign.contains(&parent));
            match self.wanted.remove(&node.id) {
                Some(Presence::Ours(_)) if in_foreign => drop(foreign.insert(node.id.clone())),
                Some(Presence::Ours(live)) if !(kind(node.id.kind).about)(&live).is_going => {
                    self.orphans.push((node.id.clone(), live));
                }
                Some(stranger @ Presence::Foreign(_)) => {
                    foreign.insert(node.id.clone());
                    self.wanted.insert(node.id.clone(), stranger);
                }
                _ => {}
            }
        }
        let place = |(id, _): &(NodeId, AnyLive)| kinds::all().position(|kind| kind.name == id.kind);
        self.orphans.sort_by_key(place);
        self
    }

    /// Everything that the stack owns.
    pub fn owned(&self) -> impl Iterator<Item = (&NodeId, &AnyLive)> {
        let wanted = self.wanted.iter().filter_map(|(id, presence)| match presence {
            Presence::Ours(live) => Some((id, live)),
            Presence::Foreign(_) | Presence::Absent => None,
        });
        wanted.chain(self.orphans.iter().map(|(id, live)| (id, live)))
    }
}
