//! Observes resources that live in APIs, and are found and owned through them.

use std::collections::BTreeMap;

use super::{Live as Api, listed, of, resolve};
use crate::aws::Aws;
use crate::aws::concurrently;
use crate::aws::fault::{Result, found};
use crate::resource::{NodeId, Observed, Presence, Resource, Wanted};

/// A kind whose resources all live in an API.
pub trait Child: Resource {
    /// The node and the name of its API.
    fn api(&self) -> (&NodeId, &str);

    /// Every resource of the kind in `api`, in a stable order.
    async fn list(aws: &Aws, api: &Api) -> Result<Vec<Self::Live>>;

    /// The index in `all` of this resource.
    async fn find(&self, aws: &Aws, all: &[Self::Live]) -> Result<Option<usize>>;

    /// A key that is unique in the region. `None` for a resource that API Gateway created together with the API
    /// (quick create): it cannot be deleted by itself, and is deleted with the API.
    fn key(live: &Self::Live) -> Option<String>;
}

/// Reads the APIs of the stack, and the APIs that wanted nodes may adopt.
pub async fn observe<R: Child>(aws: &Aws, wanted: &[Wanted<'_, R>]) -> Result<Observed<R::Live>> {
    let apis = listed(aws, !wanted.is_empty()).await?;
    let named: Vec<_> = wanted.iter().map(|wanted| wanted.desired.api()).collect();
    let parents = resolve(aws, &apis, &named);
    let is_parent = |api: &Api| parents.iter().filter_map(of).any(|parent| parent.id == api.id);
    let concerned = apis.iter().filter(|api| api.is_owned(aws) || is_parent(api));
    let children: BTreeMap<&str, Vec<R::Live>> = concurrently(concerned, async |api| {
        let all = found(R::list(aws, api).await)?.unwrap_or_default();
        Ok((api.id.as_str(), all))
    })
    .await?;

    let (mut present, mut used) = (Vec::new(), Vec::new());
    for (wanted, parent) in wanted.iter().zip(&parents) {
        let Some(api) = of(parent) else {
            present.push(Presence::Absent);
            continue;
        };
        let all = &children[api.id.as_str()];
        let at = wanted.desired.find(aws, all).await?;
        used.extend(at.map(|at| (api.id.as_str(), at)));
        // The owner of the API owns everything in it: it is refused or adopted together with the API.
        let live = at.map(|at| all[at].clone());
        present.push(live.map_or(Presence::Absent, Presence::Ours));
    }
    let mut orphans = Vec::new();
    for api in apis.iter().filter(|api| api.is_owned(aws)) {
        for (at, live) in children[api.id.as_str()].iter().enumerate() {
            let Some(key) = R::key(live).filter(|_| !used.contains(&(api.id.as_str(), at))) else {
                continue;
            };
            orphans.push((NodeId { kind: R::KIND, key }, live.clone()));
        }
    }
    Ok(Observed {
        wanted: present,
        orphans,
    })
}
