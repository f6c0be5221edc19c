//! References: what a template says where a text has a mark.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::draft::Draft;
use crate::resource::iam::role::exported;
use crate::resource::template::{Attribute, Mark, Piece, pieces};

/// The resources of a template by their nodes.
pub(super) struct Places {
    nodes: BTreeMap<String, Place>,
    /// ARNs that follow from a name, the longest first, with the nodes whose ARNs they are.
    computed: Vec<(String, String)>,
}

struct Place {
    /// The position of the node's first resource.
    at: usize,
    id: String,
    /// The position and the logical id of its last resource.
    last: (usize, String),
    arn: Attribute,
    unique_id: Attribute,
}

/// How a text refers to something.
enum Reference {
    /// `Ref`.
    To(String),
    /// `Fn::GetAtt`.
    Attribute(String, &'static str),
    /// A text with references of its own.
    Text(String),
}

impl Places {
    pub(super) fn of(drafts: &[Draft]) -> Self {
        let mut nodes: BTreeMap<String, Place> = BTreeMap::new();
        let mut computed = Vec::new();
        for (at, draft) in drafts.iter().enumerate() {
            let declaration = &draft.declaration;
            let place = nodes.entry(draft.node.clone()).or_insert_with(|| Place {
                at,
                id: draft.id.clone(),
                last: (at, draft.id.clone()),
                arn: declaration.arn,
                unique_id: declaration.id,
            });
            place.last = (at, draft.id.clone());
            let arn = declaration.computed_arn.iter();
            computed.extend(arn.map(|arn| (arn.clone(), draft.node.clone())));
        }
        computed.sort_by_key(|(arn, _)| std::cmp::Reverse(arn.len()));
        Self { nodes, computed }
    }

    /// The last resource of a node, which is there once the node is complete: its position and logical id.
    pub(super) fn whole(&self, node: &str) -> Option<(usize, &str)> {
        let (at, id) = &self.nodes.get(node)?.last;
        Some((*at, id))
    }

    /// `value` of the resource at this position with references instead of marks, and the positions of the resources
    /// that it refers to.
    pub(super) fn referring(&self, at: usize, value: Value) -> (Value, BTreeSet<usize>) {
        let mut referred = BTreeSet::new();
        let value = self.value(at, value, &mut referred);
        (value, referred)
    }

    fn value(&self, at: usize, value: Value, referred: &mut BTreeSet<usize>) -> Value {
        match value {
            Value::String(text) => self.text(at, &text, referred),
            Value::Array(list) => list
                .into_iter()
                .map(|one| self.value(at, one, referred))
                .collect(),
            Value::Object(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name, self.value(at, value, referred)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            other => other,
        }
    }

    fn text(&self, at: usize, text: &str, referred: &mut BTreeSet<usize>) -> Value {
        let text = exported(&self.with_arns(at, text));
        let pieces = pieces(&text);
        if let [Piece::Mark(mark)] = &pieces[..] {
            return match self.reference(mark, referred) {
                Reference::To(id) => json!({ "Ref": id }),
                Reference::Attribute(id, attribute) => json!({ "Fn::GetAtt": [id, attribute] }),
                Reference::Text(text) => json!({ "Fn::Sub": text }),
            };
        }
        if !pieces.iter().any(|piece| matches!(piece, Piece::Mark(_))) {
            return text.into();
        }
        let mut filled = String::new();
        for piece in pieces {
            match piece {
                // `${!` is how a text with references says `${`.
                Piece::Literal(text) => filled.push_str(&text.replace("${", "${!")),
                Piece::Mark(mark) => match self.reference(&mark, referred) {
                    Reference::To(id) => filled.push_str(&format!("${{{id}}}")),
                    Reference::Attribute(id, attribute) => filled.push_str(&format!("${{{id}.{attribute}}}")),
                    Reference::Text(text) => filled.push_str(&text),
                },
            }
        }
        json!({ "Fn::Sub": filled })
    }

    /// ARNs that others compute become marks, if the resource is there already: otherwise two resources could wait for
    /// each other.
    fn with_arns(&self, at: usize, text: &str) -> String {
        let mut text = text.to_owned();
        for (arn, node) in &self.computed {
            let place = self.nodes.get(node);
            if !place.is_some_and(|place| place.at < at && place.arn != Attribute::None) {
                continue;
            }
            let mut from = 0;
            while let Some(found) = text.get(from..).and_then(|rest| rest.find(arn.as_str())) {
                let (start, end) = (from + found, from + found + arn.len());
                let goes_on = text.get(end..).is_some_and(is_more_of_the_name);
                let mark = Mark::Arn(node.clone()).to_string();
                from = match goes_on {
                    true => end,
                    false => {
                        text.replace_range(start..end, &mark);
                        start + mark.len()
                    }
                };
            }
        }
        text
    }

    fn reference(&self, mark: &Mark, referred: &mut BTreeSet<usize>) -> Reference {
        match mark {
            Mark::Partition => Reference::To("AWS::Partition".to_owned()),
            Mark::Region => Reference::To("AWS::Region".to_owned()),
            Mark::Account => Reference::To("AWS::AccountId".to_owned()),
            Mark::Parameter(name) => Reference::To(name.clone()),
            Mark::Ref(node) => self.to(node, |_| Attribute::Ref, referred),
            Mark::Arn(node) => self.to(node, |place| place.arn, referred),
            Mark::Id(node) => self.to(node, |place| place.unique_id, referred),
        }
    }

    fn to(
        &self,
        node: &str,
        attribute: impl Fn(&Place) -> Attribute,
        referred: &mut BTreeSet<usize>,
    ) -> Reference {
        // Only nodes of the template become marks.
        let Some(place) = self.nodes.get(node) else {
            return Reference::Text(node.to_owned());
        };
        referred.insert(place.at);
        let id = place.id.clone();
        match attribute(place) {
            Attribute::Ref | Attribute::None => Reference::To(id),
            Attribute::Get(attribute) => Reference::Attribute(id, attribute),
            Attribute::Sub(text) => Reference::Text(text.replace("{}", &format!("{{{id}}}"))),
        }
    }
}

/// Whether a name does not end before `rest`, or ends in a wildcard there.
fn is_more_of_the_name(rest: &str) -> bool {
    let next = rest.chars().next();
    next.is_some_and(|c| c.is_alphanumeric() || "-_.*?+=@".contains(c))
}
