//! The same call for many resources at the same time.

use futures::future::LocalBoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use super::fault::Result;

/// How many calls of one list are open at the same time. Each call also waits for its turn, so more would only be more
/// connections.
const SIDE_BY_SIDE: usize = 50;

/// Makes `call` for each of `items`, each once its turn has come, since a call takes some KiB before it is made. The results
/// are in the order of the items; the first error ends it.
pub async fn concurrently<I, F, T, C>(items: I, mut call: impl FnMut(I::Item) -> F) -> Result<C>
where
    I: IntoIterator,
    F: Future<Output = Result<T>>,
    C: FromIterator<T>,
{
    let mut calls = items.into_iter().map(|item| call(item).boxed_local());
    Ok(all(&mut calls).await?.into_iter().collect())
}

/// The same, without the items for which there is nothing.
pub async fn concurrently_found<I, F, T, C>(items: I, call: impl FnMut(I::Item) -> F) -> Result<C>
where
    I: IntoIterator,
    F: Future<Output = Result<Option<T>>>,
    C: FromIterator<T>,
{
    let results: Vec<Option<T>> = concurrently(items, call).await?;
    Ok(results.into_iter().flatten().collect())
}

/// Compiled once for each type of result, not for each call.
async fn all<'a, T>(calls: &mut dyn Iterator<Item = LocalBoxFuture<'a, Result<T>>>) -> Result<Vec<T>> {
    stream::iter(calls).buffered(SIDE_BY_SIDE).try_collect().await
}
