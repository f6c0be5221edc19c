//! Tags of a resource: ours are kept exact, tags that others added are left alone.

use super::{Fields, NodeId, Tags};
use crate::aws::discovery::{NODE_TAG, STACK_TAG};

/// Remembers which of a resource's tags came from the stack file: a tag that leaves the file is removed,
/// a tag that somebody else added is not.
const LISTED_TAG: &str = "alertctl:tags";

/// The tags of node `id`: ownership, plus those of the stack file.
pub fn owned(stack: &str, id: &NodeId, user: &Tags) -> Tags {
    let mut tags = user.clone();
    tags.insert(STACK_TAG.to_owned(), stack.to_owned());
    tags.insert(NODE_TAG.to_owned(), id.to_string());
    if !user.is_empty() {
        let listed: Vec<_> = user.keys().map(|key| key.replace(' ', "_")).collect();
        tags.insert(
            LISTED_TAG.to_owned(),
            listed.join(" ").chars().take(256).collect(),
        );
    }
    tags
}

/// The node that `tags` say a resource is, when that is of `kind`; its physical `name` stands in for a
/// lost tag.
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

    /// Adds those live tags that this tool keeps: its own, and those once in the stack file.
    pub fn live_tags(self, tags: &Tags) -> Self {
        tags.iter()
            .filter(|(key, _)| is_kept(tags, key))
            .fold(self, |fields, (key, value)| {
                fields.set(format!("tags.{key}"), value.as_str())
            })
    }
}

/// What to call AWS with: tags to put and keys to remove.
pub fn patch(live: &Tags, wanted: &Tags) -> (Tags, Vec<String>) {
    let put = wanted.iter().filter(|(key, value)| live.get(*key) != Some(value));
    let put = put.map(|(key, value)| (key.clone(), value.clone())).collect();
    let remove = live
        .keys()
        .filter(|key| !wanted.contains_key(*key) && is_kept(live, key));
    (put, remove.cloned().collect())
}

/// True when the `live` tags are the `wanted` ones, as far as they are this tool's to change.
pub fn are(live: &Tags, wanted: &Tags) -> bool {
    let (put, remove) = patch(live, wanted);
    put.is_empty() && remove.is_empty()
}

fn is_kept(live: &Tags, key: &str) -> bool {
    let listed = live.get(LISTED_TAG).map_or("", String::as_str);
    key.starts_with("alertctl:") || listed.split(' ').any(|name| name == key.replace(' ', "_"))
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
    fn the_node_tag_wins_over_the_name() {
        let live = tags(&[("alertctl:node", "sns-topic/alerts")]);
        assert_eq!(node("sns-topic", &live, "mission-sns").key, "alerts");
        assert_eq!(node("sqs-queue", &live, "q").key, "q");
    }
}
