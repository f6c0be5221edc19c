//! Names of entries with elements, in routes and mutes.

use std::collections::BTreeMap;

use crate::stack::file::tree::{Kind, Node};

/// Where routes and mutes name an entry with elements, they mean all of these.
pub fn name_all(root: &mut Node, made: &BTreeMap<(&str, String), Vec<String>>) {
    let all = |node: &mut Node, sections: &[&str]| {
        let Kind::List(items) = &mut node.kind else {
            return;
        };
        let each = std::mem::take(items).into_iter().flat_map(|item| {
            let Kind::Scalar { text, .. } = &item.kind else {
                return vec![item];
            };
            let keys = sections
                .iter()
                .find_map(|section| made.get(&(*section, text.clone())));
            match keys {
                None => vec![item],
                Some(keys) => keys.iter().map(|key| named(key, &item)).collect(),
            }
        });
        *items = each.collect();
    };
    for_entries(root, "mute", &mut |mute| {
        mute.get_mut(&["alarms"])
            .into_iter()
            .for_each(|names| all(names, &["alarms"]));
        mute.get_mut(&["rules"])
            .into_iter()
            .for_each(|names| all(names, &["rules"]));
    });
    for_entries(root, "channels", &mut |channel| {
        for filters in ["routes", "except"] {
            let Some(Kind::List(items)) = channel.get_mut(&[filters]).map(|node| &mut node.kind) else {
                continue;
            };
            for filter in items {
                let names = filter.get_mut(&["rules"]);
                names
                    .into_iter()
                    .for_each(|names| all(names, &["alarms", "rules"]));
            }
        }
    });
}

fn named(key: &str, like: &Node) -> Node {
    Node {
        span: like.span.clone(),
        kind: Kind::Scalar {
            text: key.to_owned(),
            plain: false,
            filled: true,
        },
    }
}

fn for_entries(root: &mut Node, section: &str, each: &mut dyn FnMut(&mut Node)) {
    let section = root.get_mut(&[section]).map(|node| &mut node.kind);
    if let Some(Kind::Map(entries)) = section {
        entries.iter_mut().for_each(|entry| each(&mut entry.value));
    }
}
