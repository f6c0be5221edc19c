//! The resources of a template as their kinds declare them, before texts refer to other resources.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::graph::Node;
use crate::resource::template::{Declaration, Entry, Properties, Template, camel, digest};

/// A resource whose texts still have marks.
pub(super) struct Draft {
    pub id: String,
    /// The node that it belongs to.
    pub node: String,
    /// Further nodes whose properties are part of it.
    pub parts: Vec<String>,
    /// The nodes that must exist before it.
    pub after: BTreeSet<String>,
    pub declaration: Declaration,
}

/// The drafts of `nodes`, in their order; one that has parts comes after what these refer to.
pub(super) fn drafts(nodes: &[&Node], template: &Template) -> (Vec<Draft>, Vec<String>) {
    let mut lost = Vec::new();
    let mut own: Vec<(usize, Draft)> = Vec::new();
    let mut parts: BTreeMap<String, Vec<(usize, &Node, Properties)>> = BTreeMap::new();
    let mut ids = BTreeSet::new();
    for (at, node) in nodes.iter().enumerate() {
        let name = node.id.to_string();
        match node.resource.template(&name, template) {
            Entry::PartOf(parent, properties) => {
                let of_parent = parts.entry(parent.to_string()).or_default();
                of_parent.push((at, node, properties));
            }
            Entry::Lost(what) => lost.push(what),
            Entry::Own(declarations) => {
                for declaration in declarations {
                    let id = logical(node, declaration.suffix, &mut ids);
                    let draft = Draft {
                        id,
                        node: name.clone(),
                        parts: Vec::new(),
                        after: node.after.iter().map(ToString::to_string).collect(),
                        declaration,
                    };
                    own.push((at, draft));
                }
            }
        }
    }
    for (at, draft) in &mut own {
        // Only the first resource of a node has parts.
        let of_draft = match draft.declaration.suffix {
            "" => parts.remove(&draft.node),
            _ => None,
        };
        for (later, node, properties) in of_draft.into_iter().flatten() {
            // It refers to what the part refers to.
            *at = (*at).max(later);
            draft.parts.push(node.id.to_string());
            draft.after.extend(node.after.iter().map(ToString::to_string));
            draft.declaration.properties = std::mem::take(&mut draft.declaration.properties).and(properties);
        }
        draft.after.remove(&draft.node);
    }
    own.sort_by_key(|(at, _)| *at);
    (own.into_iter().map(|(_, draft)| draft).collect(), lost)
}

/// A logical id of its own. The region of a node is that of its template.
fn logical(node: &Node, suffix: &str, taken: &mut BTreeSet<String>) -> String {
    let text = node.id.to_string();
    let bare = match node.id.region() {
        Some(region) => text.strip_suffix(&format!("@{region}")).unwrap_or(&text),
        None => &text,
    };
    let id = format!("{}{suffix}", camel(bare));
    let id = match taken.contains(&id) {
        true => format!("{id}{}", digest(&text)),
        false => id,
    };
    taken.insert(id.clone());
    id
}
