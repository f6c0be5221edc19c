//! Tags of a resource. Our tags are kept exactly as wanted, and tags that others added are left alone.

use std::collections::HashMap;

use super::{Fields, NodeId, Result, Tags};
use crate::aws::tags::{NODE_TAG, SPOKE_TAG, STACK_TAG};

/// Lists the tag keys that came from the stack file: a tag that leaves the file is removed, but a tag that somebody
/// else added is not. If the list does not fit, it continues in `alertctl:tags-2` and so on.
const LISTED_TAG: &str = "alertctl:tags";
/// The maximum number of characters in a tag's value. Source:
/// <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>.
const VALUE: usize = 256;

/// The tags of node `id`: the ownership tags and the tags of the stack file.
pub fn owned(stack: &str, id: &NodeId, user: &Tags) -> Tags {
    let mut tags = user.clone();
    tags.insert(STACK_TAG.to_owned(), stack.to_owned());
    tags.insert(NODE_TAG.to_owned(), id.to_string());
    tags.extend(list(user.keys().map(String::as_str)));
    tags
}

/// The tags that list `keys`. Each contains as many whole keys as fit.
fn list<'a>(keys: impl Iterator<Item = &'a str>) -> Tags {
    let mut lists: Vec<String> = Vec::new();
    for key in keys.map(in_list) {
        match lists.last_mut() {
            Some(list) if list.chars().count() + 1 + key.chars().count() <= VALUE => {
                list.push(' ');
                list.push_str(&key);
            }
            _ => lists.push(key),
        }
    }
    let named = |(index, list)| match index {
        0 => (LISTED_TAG.to_owned(), list),
        _ => (format!("{LISTED_TAG}-{}", index + 1), list),
    };
    lists.into_iter().enumerate().map(named).collect()
}

/// A key in the form used in the list, where spaces separate the keys.
fn in_list(key: &str) -> String {
    key.replace(' ', "_")
}

/// The node that a resource is according to `tags`, if it is of `kind`. If the tag is lost, the physical `name` is
/// used as the key.
pub fn node(kind: &'static str, tags: &Tags, name: &str) -> NodeId {
    let key = tags
        .get(NODE_TAG)
        .and_then(|node| node.strip_prefix(kind)?.strip_prefix('/'));
    NodeId {
        kind,
        key: key.unwrap_or(name).to_owned(),
    }
}

impl Fields {
    /// Adds the wanted tags as fields `tags.<key>`.
    pub fn tags(self, tags: &Tags) -> Self {
        tags.iter().fold(self, |fields, (key, value)| {
            fields.set(format!("tags.{key}"), value.as_str())
        })
    }

    /// Adds the live tags that alertctl manages: its own, and those that came from the stack file.
    pub fn live_tags(self, tags: &Tags) -> Self {
        tags.iter()
            .filter(|(key, _)| is_kept(tags, key))
            .fold(self, |fields, (key, value)| {
                fields.set(format!("tags.{key}"), value.as_str())
            })
    }
}

/// The changes to send to AWS: tags to put and keys to remove.
fn patch(live: &Tags, wanted: &Tags) -> (Tags, Vec<String>) {
    let put = wanted.iter().filter(|(key, value)| live.get(*key) != Some(value));
    let put = put.map(|(key, value)| (key.clone(), value.clone())).collect();
    let remove = live
        .keys()
        .filter(|key| !wanted.contains_key(*key) && is_kept(live, key));
    (put, remove.cloned().collect())
}

/// Changes a resource's tags from `live` to `wanted` with its service's two calls. Tags are removed before the new
/// list of our keys is put: otherwise, if a removal fails, the next run would take that tag for somebody else's.
pub async fn sync<U, T>(
    live: &Tags,
    wanted: &Tags,
    untag: impl AsyncFnOnce(Vec<String>) -> Result<U>,
    tag: impl AsyncFnOnce(Tags) -> Result<T>,
) -> Result<()> {
    let (put, remove) = patch(live, wanted);
    if !remove.is_empty() {
        untag(remove).await?;
    }
    if !put.is_empty() {
        tag(put).await?;
    }
    Ok(())
}

/// All tags after our tags were set to the `wanted` ones. For a service that accepts only the whole set.
pub fn merged(live: &Tags, wanted: &Tags) -> Tags {
    let (put, remove) = patch(live, wanted);
    let kept = live.iter().filter(|(key, _)| !remove.contains(key));
    let kept = kept.map(|(key, value)| (key.clone(), value.clone()));
    kept.chain(put).collect()
}

/// True if the `live` tags match the `wanted` ones, not counting tags that others added.
pub fn are(live: &Tags, wanted: &Tags) -> bool {
    let (put, remove) = patch(live, wanted);
    put.is_empty() && remove.is_empty()
}

/// Tags as the SDK takes them for services whose tags are a map.
pub fn hashed(tags: &Tags) -> HashMap<String, String> {
    tags.clone().into_iter().collect()
}

fn is_kept(live: &Tags, key: &str) -> bool {
    // These tell of another resource. Its kind puts and removes them.
    if key.starts_with(SPOKE_TAG) {
        return false;
    }
    if key.starts_with("alertctl:") {
        return true;
    }
    let key = in_list(key);
    let mut lists = live.iter().filter(|(name, _)| name.starts_with(LISTED_TAG));
    lists.any(|(_, list)| list.split(' ').any(|name| name == key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_tag_that_left_the_file_goes_and_a_strangers_tag_stays() {
        let id = NodeId {
            kind: "sns-topic",
            key: "alerts".into(),
        };
        let mut live = owned("mission", &id, &tags(&[("team", "a"), ("cost centre", "7")]));
        live.insert("auto".into(), "tagger".into());
        let wanted = owned("mission", &id, &tags(&[("team", "b")]));
        let (put, remove) = patch(&live, &wanted);
        assert_eq!(put, tags(&[("team", "b"), ("alertctl:tags", "team")]));
        assert_eq!(remove, ["cost centre"]);
        let changes = Fields::default()
            .tags(&wanted)
            .difference(&Fields::default().live_tags(&live), &[]);
        assert_eq!(changes.iter().count(), 3, "{changes:?}");
    }

    #[test]
    fn keys_that_do_not_fit_in_one_tag_are_listed_in_several() {
        let id = NodeId {
            kind: "sns-topic",
            key: "alerts".into(),
        };
        let of = |count: usize| {
            let keys = (0..count).map(|number| (format!("a-rather-long-tag-{number:02}"), "x".to_owned()));
            owned("mission", &id, &keys.collect())
        };
        let (many, few) = (of(30), of(3));
        assert!(
            many.values().all(|value| value.chars().count() <= 256),
            "{many:?}"
        );
        let shown = |tags: &Tags| Fields::default().live_tags(tags);
        // What was put is read back the same, so there is no permanent difference.
        let difference = Fields::default().tags(&many).difference(&shown(&many), &[]);
        assert!(difference.is_empty(), "{difference:?}");
        assert!(are(&many, &many));
        // Lists that are no longer needed are removed with the tags.
        let (put, remove) = patch(&many, &few);
        assert_eq!(put.keys().collect::<Vec<_>>(), ["alertctl:tags"]);
        assert_eq!(remove.len(), 27 + 2, "{remove:?}");
        assert!(remove.contains(&"alertctl:tags-3".to_owned()), "{remove:?}");
    }

    #[test]
    fn the_node_tag_wins_over_the_name() {
        let live = tags(&[("alertctl:node", "sns-topic/alerts")]);
        assert_eq!(node("sns-topic", &live, "mission-sns").key, "alerts");
        assert_eq!(node("sqs-queue", &live, "q").key, "q");
    }
}
