//! Names of entries with elements, in routes and mutes.

use std::collections::BTreeMap;

use crate::stack::file::tree::{Kind, Node};

/// What a route may name.
const SOURCES: [&str; 4] = ["alarms", "rules", "endpoints", "topics"];

/// The keys that were made of an entry, by section and key.
pub type Made<'a> = BTreeMap<(&'a str, String), Vec<String>>;

/// Where routes and mutes name an entry with elements, they mean all of these. What names nothing then is gone: without a
/// condition, a route would match everything.
pub fn name_all(root: &mut Node, made: &Made<'_>) {
    let keys = |root: &Node, sections: &[&str]| -> Vec<String> {
        let entries = sections.iter().filter_map(|section| root.entry(section));
        entries
            .flat_map(|section| section.value.entries().iter().map(|entry| entry.key.clone()))
            .collect()
    };
    let sources = keys(root, &SOURCES);
    for_entries(root, "mute", &mut |mute| {
        let mut is_left = false;
        let mut is_emptied = false;
        for (list, sections) in [("alarms", &["alarms"]), ("rules", &["rules"])] {
            let Some(names) = mute.get_mut(&[list]) else {
                continue;
            };
            is_emptied |= all(names, sections, &[], made);
            is_left |= matches!(&names.kind, Kind::List(items) if !items.is_empty());
        }
        is_left || !is_emptied
    });
    for_entries(root, "channels", &mut |channel| {
        for filters in ["routes", "except"] {
            if let Some(Kind::List(items)) = channel.get_mut(&[filters]).map(|node| &mut node.kind) {
                items.retain_mut(|filter| {
                    let names = filter.get_mut(&["rules"]);
                    !names.is_some_and(|names| all(names, &["alarms", "rules"], &sources, made))
                });
            }
        }
        true
    });
}

/// Replaces names in a list, but keeps those that are the `keys` of entries; whether that left nothing of it.
fn all(node: &mut Node, sections: &[&str], keys: &[String], made: &Made<'_>) -> bool {
    let Kind::List(items) = &mut node.kind else {
        return false;
    };
    let count = items.len();
    let each = std::mem::take(items).into_iter().flat_map(|item| {
        let Kind::Scalar { text, .. } = &item.kind else {
            return vec![item];
        };
        let mut made = sections
            .iter()
            .filter_map(|section| made.get(&(*section, text.clone())))
            .peekable();
        if made.peek().is_none() {
            return vec![item];
        }
        let mut names: Vec<_> = made.flatten().map(|key| named(key, &item)).collect();
        if keys.contains(text) {
            names.insert(0, item);
        }
        names
    });
    *items = each.collect();
    count > 0 && items.is_empty()
}

fn named(key: &str, like: &Node) -> Node {
    Node {
        span: like.span.clone(),
        kind: Kind::Scalar {
            text: key.to_owned(),
            plain: false,
            filled: Some(Default::default()),
        },
    }
}

/// Changes each entry of a section, and keeps those for which `each` says so.
fn for_entries(root: &mut Node, section: &str, each: &mut dyn FnMut(&mut Node) -> bool) {
    let section = root.get_mut(&[section]).map(|node| &mut node.kind);
    if let Some(Kind::Map(entries)) = section {
        entries.retain_mut(|entry| each(&mut entry.value));
    }
}
