//! Observes resources that are found by name and owned by tag, as most kinds are.

use super::{Aws, Observed, Presence, Resource, Result, Tags, Wanted, tags};
use crate::aws::{concurrently, concurrently_found};

/// Reads every wanted name, and every other name in `listed`. The tagging index says that those carry the stack's
/// tag; if a resource no longer carries it, it is not reported as an orphan.
pub async fn observe<'a, R: Resource>(
    aws: &'a Aws,
    wanted: &[Wanted<'_, R>],
    listed: impl AsyncFnOnce() -> Result<Vec<&'a str>>,
    read: impl AsyncFn(&str, Option<&R>) -> Result<Option<R::Live>>,
    tags_of: fn(&R::Live) -> &Tags,
) -> Result<Observed<R::Live>> {
    let read = &read;
    let named = concurrently(wanted, |wanted| async move {
        let name = wanted.desired.name();
        let live = read(&name, Some(wanted.desired)).await;
        live.map_err(|fault| fault.of(|| format!("{} ({name})", wanted.id)))
    });
    let left = async {
        let mut left = listed().await?;
        left.retain(|name| !wanted.iter().any(|wanted| wanted.desired.name() == *name));
        concurrently_found(left, |name| async move {
            let live = read(name, None).await;
            live.map_err(|fault| fault.of(|| format!("{} ({name})", R::KIND)))
        })
        .await
    };
    let (named, left): (Vec<_>, Vec<R::Live>) = futures::try_join!(named, left)?;
    let present = |live: R::Live| Presence::of(aws.owns(tags_of(&live)), live);
    let left = left.into_iter().filter(|live| aws.owns(tags_of(live)));
    let orphan = |live| (tags::node(R::KIND, tags_of(&live), &R::live_name(&live)), live);
    Ok(Observed {
        wanted: named
            .into_iter()
            .map(|live| live.map_or(Presence::Absent, present))
            .collect(),
        orphans: left.map(orphan).collect(),
    })
}
