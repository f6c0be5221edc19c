//! Reads everything a stack consists of, all kinds and regions concurrently.

use std::collections::{BTreeSet, HashMap};

use futures::future::join_all;

use crate::aws::{Aws, Fault, Scope};
use crate::engine::graph::{Graph, Node};
use crate::resource::any::{AnyLive, AnyObserved, AnyWanted, Kind};
use crate::resource::kinds::kind;
use crate::resource::{KINDS, NodeId, Presence, Regions, Result};

pub mod home;
mod owned;
mod subject;

/// What was found in the account.
pub struct Observation {
    pub scope: Scope,
    /// What exists under the name of each wanted node.
    pub wanted: HashMap<NodeId, Presence<AnyLive>>,
    /// Resources that the stack owns but the graph does not want.
    pub orphans: Vec<(NodeId, AnyLive)>,
    /// Unmet expectations: what the stack relies on without owning it.
    pub warnings: Vec<String>,
}

/// Observes every node of `graph` and everything else the stack owns.
///
/// Other regions than the stack's own are read if the graph names them, or if a resource that was found leads to
/// them: the role that may forward from another region outlives everything in that region.
///
/// # Errors
/// If the stack is at home in another region, only that error. Otherwise every refusal, one for each kind that could
/// not be read. An incomplete observation is never returned.
pub async fn observe(aws: &Aws, graph: &Graph) -> Result<Observation, Vec<Fault>> {
    observe_kinds(aws, graph, KINDS).await
}

/// [`observe`], but only resources of these kinds.
pub(super) async fn observe_kinds(
    aws: &Aws,
    graph: &Graph,
    kinds: &[Kind],
) -> Result<Observation, Vec<Fault>> {
    let regions = graph.regions();
    let home = kinds.iter().map(|kind| of_kind(aws, graph, kind, None));
    let elsewhere = |region| elsewhere(aws, graph, kinds, region);
    let there = regions.iter().copied().map(elsewhere);
    let expected = graph.preconditions().iter().map(|what| what.unmet(aws));
    let (scope, seen, there, warnings) =
        tokio::join!(aws.scope(), join_all(home), join_all(there), join_all(expected));
    // If the caller's identity cannot be read, every other call fails for the same reason.
    let mut found = Found::new(scope.map_err(|fault| vec![fault])?.clone());
    seen.into_iter().for_each(|seen| found.take(seen));
    there.into_iter().flatten().for_each(|seen| found.take(seen));
    for warning in warnings {
        match warning {
            Ok(warning) => found.observation.warnings.extend(warning),
            Err(fault) => found.refused(fault),
        }
    }

    let left: BTreeSet<_> = found
        .regions()
        .filter(|region| !regions.contains(region.as_str()))
        .collect();
    for seen in join_all(left.iter().map(|region| elsewhere(region))).await {
        seen.into_iter().for_each(|seen| found.take(seen));
    }
    // In the wrong region, calls may be refused just because it is the wrong region: report only that.
    if let Some(home) = found.observation.home() {
        return Err(vec![home::elsewhere(aws, &home)]);
    }
    if found.faults.is_empty() {
        Ok(found.observation)
    } else {
        Err(found.faults)
    }
}

/// What was found of one kind.
struct Seen {
    /// The ids of the wanted nodes that were looked for.
    wanted: Vec<NodeId>,
    observed: AnyObserved,
    warning: Option<String>,
}

impl Seen {
    /// Nothing was found: `fault` denies listing resources that have no tags, and none of them is wanted.
    fn nothing(kind: &Kind, fault: &Fault) -> Self {
        let (wanted, orphans) = (Vec::new(), Vec::new());
        Self {
            wanted: Vec::new(),
            observed: AnyObserved { wanted, orphans },
            warning: Some(format!(
                "no `{}` can be listed, so one that this stack no longer needs is left where it is: {fault}",
                kind.name
            )),
        }
    }
}

async fn elsewhere(aws: &Aws, graph: &Graph, kinds: &[Kind], region: &str) -> Vec<Result<Seen>> {
    let there = aws.at(region);
    let kinds = kinds.iter().filter(|kind| kind.handling.regions == Regions::Any);
    let seen = join_all(kinds.map(|kind| of_kind(&there, graph, kind, Some(region)))).await;
    let seen = seen.into_iter();
    seen.map(|seen| seen.map_err(|fault| forbidden(fault, graph, region)))
        .collect()
}

/// Explains a denial in another region by saying why the stack needs that region: an organization may allow only some
/// regions, and the stack file does not name this one.
fn forbidden(fault: Fault, graph: &Graph, region: &str) -> Fault {
    let rules: Vec<_> = graph.heard_in(region).collect();
    if !fault.denied() || rules.is_empty() {
        return fault;
    }
    let hint = format!(
        "{}; the stack has resources in {region} because AWS logs there what {} listens for: if that region \
         is forbidden, write a `pattern:` of your own instead, with `regions:` for the allowed ones",
        fault.help(),
        rules.join(" and ")
    );
    Fault {
        hint: Some(hint),
        ..fault.about(&format!("in {region}"))
    }
}

/// Observes one kind in the region of `aws`. `region` is set only if it is not the stack's own region.
async fn of_kind(aws: &Aws, graph: &Graph, kind: &Kind, region: Option<&str>) -> Result<Seen> {
    let here = |node: &&Node| node.id.kind == kind.name && node.id.region() == region;
    let wanted: Vec<AnyWanted<'_>> = graph
        .nodes()
        .iter()
        .filter(here)
        .map(|node| (node.id.clone(), &*node.resource))
        .collect();
    let mut observed = match (kind.observe)(aws, &wanted).await {
        Ok(observed) => observed,
        Err(fault) if kind.handling.owned_by_name && wanted.is_empty() && fault.denied() => {
            return Ok(Seen::nothing(kind, &fault));
        }
        Err(fault) => return Err(subject::named(aws, fault, kind, &wanted).await),
    };
    if let Some(region) = region {
        for (id, _) in &mut observed.orphans {
            // A resource that was found by its physical name because its tag is lost has a key without the region.
            if id.region() != Some(region) {
                id.key = format!("{}@{region}", id.key);
            }
        }
    }
    Ok(Seen {
        wanted: wanted.into_iter().map(|(id, _)| id).collect(),
        observed,
        warning: None,
    })
}

struct Found {
    observation: Observation,
    faults: Vec<Fault>,
}

impl Found {
    fn new(scope: Scope) -> Self {
        Self {
            observation: Observation {
                scope,
                wanted: HashMap::new(),
                orphans: Vec::new(),
                warnings: Vec::new(),
            },
            faults: Vec::new(),
        }
    }

    fn take(&mut self, seen: Result<Seen>) {
        match seen {
            Ok(seen) => {
                let wanted = seen.wanted.into_iter().zip(seen.observed.wanted);
                self.observation.wanted.extend(wanted);
                self.observation.orphans.extend(seen.observed.orphans);
                self.observation.warnings.extend(seen.warning);
            }
            Err(fault) => self.refused(fault),
        }
    }

    fn refused(&mut self, fault: Fault) {
        if !self.faults.iter().any(|known| known.is_same(&fault)) {
            self.faults.push(fault);
        }
    }

    /// The other regions that the resources found lead to.
    fn regions(&self) -> impl Iterator<Item = String> {
        self.observation
            .owned()
            .filter_map(|(id, live)| (kind(id.kind).about)(live).other_region)
            .filter(|region| *region != self.observation.scope.region)
    }
}

#[cfg(test)]
mod tests;
