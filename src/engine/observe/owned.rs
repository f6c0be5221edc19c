//! The resources of an observation that the stack owns.

use super::Observation;
use crate::engine::graph::Graph;
use crate::resource::any::AnyLive;
use crate::resource::kinds::{self, kind};
use crate::resource::{NodeId, Presence};

impl Observation {
    /// The same observation for a stack that is to be destroyed: the wanted resources that it owns become orphans,
    /// like those that were found by their tag.
    pub fn none_wanted(mut self, graph: &Graph) -> Self {
        for node in graph.nodes() {
            match self.wanted.remove(&node.id) {
                Some(Presence::Ours(live)) if !(kind(node.id.kind).about)(&live).is_going => {
                    self.orphans.push((node.id.clone(), live));
                }
                Some(foreign @ Presence::Foreign(_)) => drop(self.wanted.insert(node.id.clone(), foreign)),
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
