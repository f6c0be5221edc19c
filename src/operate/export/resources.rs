//! The resources of a template, in the order of the graph.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::places::Places;
use crate::engine::graph::Node;
use crate::resource::template::{Declaration, Entry, Properties, Template, camel, digest};

/// One resource of a template.
#[derive(Debug)]
pub struct Made {
    /// Its logical id.
    pub id: String,
    /// The nodes that it stands for.
    pub nodes: Vec<String>,
    pub of_type: &'static str,
    pub properties: Value,
    /// Logical ids of what must exist before it, and what it does not refer to.
    pub depends_on: Vec<String>,
    pub deletion: Option<&'static str>,
    /// What CloudFormation cannot say of it.
    pub lost: Vec<String>,
}

impl Made {
    /// As the template declares it.
    pub fn declared(&self) -> Value {
        let mut declared = json!({ "Type": self.of_type });
        if !self.depends_on.is_empty() {
            declared["DependsOn"] = json!(self.depends_on);
        }
        if let Some(deletion) = self.deletion {
            declared["DeletionPolicy"] = deletion.into();
            declared["UpdateReplacePolicy"] = deletion.into();
        }
        declared["Properties"] = self.properties.clone();
        declared
    }
}

/// A resource whose texts still have marks.
pub(super) struct Draft {
    pub id: String,
    /// The node that it belongs to.
    pub node: String,
    /// Further nodes whose properties are part of it.
    parts: Vec<String>,
    /// The nodes that must exist before it.
    after: BTreeSet<String>,
    pub declaration: Declaration,
}

/// The resources of `nodes`, each after what it refers to.
pub(super) fn made(nodes: &[&Node], template: &Template) -> Vec<Made> {
    let drafts = drafts(nodes, template);
    let places = Places::of(&drafts);
    // The resources that each one needs, directly or through others.
    let mut needed: Vec<BTreeSet<usize>> = Vec::new();
    let mut made = Vec::new();
    for (at, draft) in drafts.into_iter().enumerate() {
        let Draft {
            id,
            node,
            parts,
            after,
            declaration,
        } = draft;
        let (properties, referred) = places.referring(at, declaration.properties.into());
        let mut reached: BTreeSet<usize> = referred.iter().copied().collect();
        reached.extend(referred.iter().filter_map(|at| needed.get(*at)).flatten());
        let mut depends_on = Vec::new();
        let mut waits: Vec<_> = after.iter().filter_map(|node| places.whole(node)).collect();
        // What comes last needs most of the others.
        waits.sort_unstable_by(|one, other| other.cmp(one));
        for (other, name) in waits {
            if other < at && reached.insert(other) {
                reached.extend(needed.get(other).into_iter().flatten());
                depends_on.push(name.to_owned());
            }
        }
        depends_on.reverse();
        needed.push(reached);
        made.push(Made {
            id,
            nodes: [node].into_iter().chain(parts).collect(),
            of_type: declaration.of_type,
            properties,
            depends_on,
            deletion: declaration.deletion,
            lost: declaration.lost,
        });
    }
    made
}

fn drafts(nodes: &[&Node], template: &Template) -> Vec<Draft> {
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
    own.into_iter().map(|(_, draft)| draft).collect()
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
