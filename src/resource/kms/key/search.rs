//! Looks for a key that a CreateKey with a lost answer may have created, or that a destroy left pending.
//!
//! The tagging index may list such a key seconds later, but KMS itself lists it at once, so both are asked. KMS's
//! list contains only ids, so other people's keys must be excluded with as few calls as possible. A key whose
//! creation was cut short has no alias yet. For most keys without an alias the index knows the owner, at one page per
//! call. After a lost answer, only a key that was not there before can be the one.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_sdk_resourcegroupstagging::types::TagFilter;

use super::Live;
use super::read::{best, read, tags_of};
use crate::aws::call::pages;
use crate::aws::concurrently_found;
use crate::aws::discovery;
use crate::aws::tags::{NODE_TAG, STACK_TAG, Tagged};
use crate::aws::{Aws, fault::Result, wait};
use crate::resource::{Tags, iam};

/// The maximum number of keys, unknown to aliases and index, whose tags are read. They are read only for a stack of
/// which nothing else exists: a run that is killed leaves more than a key, and the index is only seconds behind.
const MOST: usize = 100;
/// The cached ids of all keys when the account was observed.
const BEFORE: &str = "kms:ListKeys";

/// The key with the stack and node of `tags`. Waits until KMS has had time to list it.
pub(super) async fn patiently(aws: &Aws, tags: &Tags) -> Result<Option<Live>> {
    wait::for_unseen(async || once(aws, tags).await).await
}

async fn once(aws: &Aws, tags: &Tags) -> Result<Option<Live>> {
    let made = async {
        let mut new = bare(aws, keys(aws).await?).await?;
        if let Some(before) = aws.answered::<BTreeSet<String>>(BEFORE) {
            new.retain(|id| !before.contains(id));
        }
        asked(aws, new, tags).await
    };
    let (indexed, made) = futures::try_join!(indexed(aws, tags), made)?;
    let ids: BTreeSet<_> = indexed.into_iter().chain(made).collect();
    let keys: Vec<Live> = concurrently_found(ids, |id| read(aws, id, None)).await?;
    let ours = keys.iter().filter(|live| same_node(&live.tags, tags));
    Ok(best(ours, None).cloned())
}

/// The keys that the tagging index lists now. This run's cached list is older than the key.
async fn indexed(aws: &Aws, tags: &Tags) -> Result<Vec<String>> {
    let filter = |key: &str| {
        TagFilter::builder()
            .key(key)
            .set_values(tags.get(key).cloned().map(|v| vec![v]))
            .build()
    };
    let known = index(aws, vec![filter(STACK_TAG), filter(NODE_TAG)]).await?;
    Ok(known.into_keys().collect())
}

/// The tags of the keys that the tagging index returns for `filters`, by key id.
async fn index(aws: &Aws, filters: Vec<TagFilter>) -> Result<BTreeMap<String, Tags>> {
    let get = aws.connection.clients.tagging.get_resources();
    let get = get.resource_type_filters("kms:key");
    let filters = Some(filters).filter(|filters| !filters.is_empty());
    let known = discovery::indexed(aws, get.set_tag_filters(filters)).await?;
    let of_id = |one: Tagged| {
        let id = one.resource().strip_prefix("key/")?.to_owned();
        Some((id, one.tags))
    };
    Ok(known.into_iter().filter_map(of_id).collect())
}

/// The keys without an alias that have the stack and node of `tags`.
pub(super) async fn unaliased(aws: &Aws, tags: &Tags) -> Result<Vec<String>> {
    let keys = aws.once(BEFORE, async || keys(aws).await).await?;
    let bare = bare(aws, (*keys).clone()).await?;
    if bare.is_empty() {
        return Ok(Vec::new());
    }
    let index = index(aws, Vec::new()).await?;
    let (known, unknown): (Vec<_>, Vec<_>) = bare.into_iter().partition(|id| index.contains_key(id));
    let known = known.into_iter().filter(|id| same_node(&index[id], tags));
    let unknown = match unknown.len() > MOST && !is_begun(aws).await? {
        true => Vec::new(),
        false => asked(aws, unknown, tags).await?,
    };
    Ok(known.chain(unknown).collect())
}

/// Whether any resource of the stack exists.
async fn is_begun(aws: &Aws) -> Result<bool> {
    Ok(!aws.tagged().await?.is_empty() || !iam::role::list_owned(aws).await?.is_empty())
}

/// The ids of all keys.
async fn keys(aws: &Aws) -> Result<BTreeSet<String>> {
    let keys = pages(async |marker| {
        let request = aws.connection.clients.kms.list_keys().limit(1000);
        let request = request.set_marker(marker);
        let page = aws.call("kms:ListKeys", || request.clone().send()).await?;
        Ok((page.keys.unwrap_or_default(), page.next_marker))
    });
    Ok(keys.await?.into_iter().filter_map(|key| key.key_id).collect())
}

/// The keys among `keys` that have no alias.
async fn bare(aws: &Aws, keys: BTreeSet<String>) -> Result<Vec<String>> {
    let aliases = pages(async |marker| {
        let request = aws.connection.clients.kms.list_aliases().limit(100);
        let request = request.set_marker(marker);
        let page = aws.call("kms:ListAliases", || request.clone().send()).await?;
        Ok((page.aliases.unwrap_or_default(), page.next_marker))
    });
    let aliases = aliases.await?;
    let aliased: HashSet<_> = aliases.iter().filter_map(|alias| alias.target_key_id()).collect();
    Ok(keys
        .into_iter()
        .filter(|id| !aliased.contains(id.as_str()))
        .collect())
}

/// The keys among `keys` that have the stack and node of `tags`, according to KMS itself.
async fn asked(aws: &Aws, keys: Vec<String>, tags: &Tags) -> Result<Vec<String>> {
    concurrently_found(keys, async |id| {
        let live = match tags_of(aws, &id).await {
            // Somebody else's key, whose policy does not let us read the tags.
            Err(fault) if fault.is(&["AccessDeniedException"]) => None,
            live => live?,
        };
        Ok(live.filter(|live| same_node(live, tags)).map(|_| id))
    })
    .await
}

fn same_node(live: &Tags, tags: &Tags) -> bool {
    [STACK_TAG, NODE_TAG]
        .iter()
        .all(|key| live.contains_key(*key) && live.get(*key) == tags.get(*key))
}
