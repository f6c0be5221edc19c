//! Looks for a key that an unanswered CreateKey may have made.
//!
//! The tagging index may learn of it seconds later, KMS itself lists it at once: both are asked. A key whose
//! making was cut short has no alias yet, so KMS is asked for the tags of few keys only.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use super::Live;
use super::read::{best, read, tags_of};
use crate::aws::discovery::{NODE_TAG, STACK_TAG};
use crate::aws::{Aws, fault::Result};
use crate::resource::Tags;

/// How often, and how far apart, a key is looked for after a lost answer: 15 s, longer than KMS takes to
/// list a new key.
const LOOKS: u32 = 6;
const PAUSE: Duration = Duration::from_secs(3);

/// Looks until the key shows, or has had time to.
pub(super) async fn patiently(aws: &Aws, tags: &Tags) -> Result<Option<Live>> {
    for look in 1..=LOOKS {
        if let Some(live) = once(aws, tags).await? {
            return Ok(Some(live));
        }
        if look < LOOKS {
            sleep(PAUSE).await;
        }
    }
    Ok(None)
}

/// The key with the stack and node of `tags`.
async fn once(aws: &Aws, tags: &Tags) -> Result<Option<Live>> {
    let (indexed, unaliased) = futures::try_join!(indexed(aws, tags), unaliased(aws, tags))?;
    let ids: BTreeSet<_> = indexed.into_iter().chain(unaliased).collect();
    let keys: Vec<Live> = stream::iter(ids)
        .map(|id| read(aws, id, None))
        .buffered(16)
        .try_filter_map(async |live| Ok(live))
        .try_collect()
        .await?;
    let ours = keys.iter().filter(|live| same_node(&live.tags, tags));
    Ok(best(ours, None).cloned())
}

/// What the tagging index knows by now; the list of this run is older than the key.
async fn indexed(aws: &Aws, tags: &Tags) -> Result<Vec<String>> {
    let filter = |key: &str| {
        TagFilter::builder()
            .key(key)
            .set_values(tags.get(key).cloned().map(|v| vec![v]))
    };
    let send = aws
        .connection
        .clients
        .tagging
        .get_resources()
        .resource_type_filters("kms:key")
        .tag_filters(filter(STACK_TAG).build())
        .tag_filters(filter(NODE_TAG).build())
        .send();
    let answer = aws.call("tag:GetResources", send).await?;
    let arns = answer.resource_tag_mapping_list().iter();
    let id = |arn: &str| arn.rsplit_once("key/").map(|(_, id)| id.to_owned());
    Ok(arns.filter_map(|one| id(one.resource_arn()?)).collect())
}

/// The keys that KMS lists without an alias and with the wanted tags.
pub(super) async fn unaliased(aws: &Aws, tags: &Tags) -> Result<Vec<String>> {
    let kms = &aws.connection.clients.kms;
    let keys = kms.list_keys().limit(1000).into_paginator().items().send();
    let aliases = kms.list_aliases().limit(100).into_paginator().items().send();
    let (keys, aliases) = futures::try_join!(
        aws.call("kms:ListKeys", keys.collect::<Result<Vec<_>, _>>()),
        aws.call("kms:ListAliases", aliases.collect::<Result<Vec<_>, _>>()),
    )?;
    let aliased: HashSet<_> = aliases.iter().filter_map(|alias| alias.target_key_id()).collect();
    let bare = keys.iter().filter_map(|key| key.key_id());
    let bare: Vec<_> = bare.filter(|id| !aliased.contains(id)).collect();
    stream::iter(bare)
        .map(|id| async move {
            match tags_of(aws, id).await {
                // Somebody else's key, whose policy lets nobody look.
                Err(fault) if fault.is(&["AccessDeniedException"]) => Ok(None),
                tags => Ok(tags?.map(|tags| (id.to_owned(), tags))),
            }
        })
        .buffered(16)
        .try_filter_map(async |key| Ok(key.filter(|(_, live)| same_node(live, tags)).map(|(id, _)| id)))
        .try_collect()
        .await
}

fn same_node(live: &Tags, tags: &Tags) -> bool {
    [STACK_TAG, NODE_TAG]
        .iter()
        .all(|key| live.contains_key(*key) && live.get(*key) == tags.get(*key))
}
