//! Reads everything a stack is made of, all kinds side by side.

use std::collections::HashMap;

use futures::future::join_all;

use crate::aws::{Aws, Fault, Scope};
use crate::graph::Graph;
use crate::resource::any::AnyLive;
use crate::resource::{KINDS, NodeId, Presence};

/// What was found in the account.
pub struct Observation {
    pub scope: Scope,
    /// What holds the name of each wanted node.
    pub wanted: HashMap<NodeId, Presence<AnyLive>>,
    /// What the stack owns and the graph does not want.
    pub orphans: Vec<(NodeId, AnyLive)>,
}

/// Observes every node of `graph` and everything else the stack owns.
///
/// # Errors
/// Every refusal, one for each kind that could not be read; never an incomplete observation.
pub async fn observe(aws: &Aws, graph: &Graph) -> Result<Observation, Vec<Fault>> {
    let of_kind: Vec<Vec<_>> = KINDS
        .iter()
        .map(|kind| {
            let nodes = graph.nodes().iter().filter(|node| node.id.kind == kind.name);
            nodes.map(|node| (node.id.clone(), &*node.resource)).collect()
        })
        .collect();
    let reading = KINDS
        .iter()
        .zip(&of_kind)
        .map(|(kind, wanted)| (kind.observe)(aws, wanted));
    let (scope, seen) = tokio::join!(aws.scope(), join_all(reading));
    // Without an identity every other answer fails too, and for the same reason.
    let scope = scope.map_err(|fault| vec![fault])?.clone();

    let mut observation = Observation {
        scope,
        wanted: HashMap::new(),
        orphans: Vec::new(),
    };
    let mut faults = Vec::new();
    for (wanted, seen) in of_kind.into_iter().zip(seen) {
        match seen {
            Ok(seen) => {
                let ids = wanted.into_iter().map(|(id, _)| id);
                observation.wanted.extend(ids.zip(seen.wanted));
                observation.orphans.extend(seen.orphans);
            }
            Err(fault) if faults.contains(&fault) => {}
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(observation)
    } else {
        Err(faults)
    }
}
