//! The resources of a template, in the order of the graph.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::draft::{Draft, drafts};
use super::places::Places;
use crate::engine::graph::Node;
use crate::resource::template::Template;

/// One resource of a template.
#[derive(Debug)]
pub struct Made {
    /// Its logical id.
    pub id: String,
    /// The nodes that it stands for.
    pub nodes: Vec<String>,
    pub of_type: &'static str,
    pub properties: Value,
    /// Logical ids of resources that must exist before it, and that its properties do not refer to.
    pub depends_on: Vec<String>,
    pub deletion: Option<&'static str>,
    /// Settings of the resource that CloudFormation has no properties for.
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

/// The resources of `nodes`, each after what it refers to, and what is lost of nodes that are none.
pub(super) fn made(nodes: &[&Node], template: &Template) -> (Vec<Made>, Vec<String>) {
    let (drafts, lost) = drafts(nodes, template);
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
    (made, lost)
}
