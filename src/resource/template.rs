//! What a desired resource is in a CloudFormation template.
//!
//! A template is good for any account, so what is known only there stands in its texts as a [`Mark`]. Whoever writes the
//! template turns marks into references.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Known, NodeId, Output, Ref, Tags, Text};
use crate::aws::Scope;
use crate::aws::policy::Policy;
use crate::aws::secret::fingerprint;
use crate::aws::tags::{HOME_TAG, PROTECT_TAG, REGION_TAG, STACK_TAG};

mod declaration;
mod mark;

pub use declaration::{Attribute, Declaration, Entry, Parameter, Properties, optional};
pub use mark::{Mark, Piece, pieces};

/// On every resource of an exported stack, with the name of the stack. [`STACK_TAG`] would say that alertctl owns it, and may
/// delete it as a leftover.
pub const EXPORTED_TAG: &str = "alertctl:exported";

/// Tags that only alertctl's own runs need: whose a resource is, where the rest of the stack is, and what may be deleted.
const OF_RUNS: &[&str] = &[STACK_TAG, HOME_TAG, REGION_TAG, PROTECT_TAG];

/// A desired resource, as CloudFormation declares it.
pub trait Templated {
    /// Its declarations in a template; `node` is its id. Pure.
    fn template(&self, node: &str, template: &Template) -> Entry;
}

/// One template under construction: all resources of a stack in one region.
pub struct Template {
    known: RefCell<Known>,
    /// Where the template is deployed, as its own ARNs say it.
    here: Scope,
    /// Ids of the nodes that are in it.
    nodes: BTreeSet<String>,
    /// By what they stand for.
    parameters: RefCell<BTreeMap<String, Parameter>>,
}

impl Template {
    /// The template of `nodes` in another region than the stack's `home`, if `region` is one.
    pub fn new<'n>(home: &str, region: Option<&str>, nodes: impl IntoIterator<Item = &'n NodeId>) -> Self {
        let in_region = |region: String| Scope {
            partition: Mark::Partition.to_string(),
            region,
            account: Mark::Account.to_string(),
        };
        // Elsewhere, `AWS::Region` is not the stack's own region.
        let (home, here) = match region {
            Some(region) => (home.to_owned(), region.to_owned()),
            None => (Mark::Region.to_string(), Mark::Region.to_string()),
        };
        let nodes: BTreeSet<String> = nodes.into_iter().map(ToString::to_string).collect();
        let outputs = nodes.iter().map(|node| {
            let output = Output {
                arn: Mark::Arn(node.clone()).to_string(),
                id: Mark::Id(node.clone()).to_string(),
            };
            (node.clone(), output)
        });
        Self {
            known: RefCell::new(Known {
                scope: in_region(home),
                outputs: outputs.collect(),
            }),
            here: in_region(here),
            nodes,
            parameters: RefCell::default(),
        }
    }

    /// A text, with marks for what is not known yet.
    pub fn text(&self, text: &Text) -> String {
        self.filled(|known| text.fill(known))
    }

    /// Several texts.
    pub fn texts<'t>(&self, texts: impl IntoIterator<Item = &'t Text>) -> Vec<String> {
        texts.into_iter().map(|text| self.text(text)).collect()
    }

    /// A policy document.
    pub fn policy(&self, policy: &Policy) -> Value {
        self.filled(|known| policy.render(known))
    }

    /// What CloudFormation's `Ref` gives for another resource: the name, for most kinds.
    pub fn reference<R>(&self, to: &Ref<R>) -> String {
        let node = to.id().to_string();
        match self.nodes.contains(&node) {
            true => Mark::Ref(node).to_string(),
            false => to.name().to_owned(),
        }
    }

    /// The ARN that others compute for a resource of this template.
    pub fn computed(&self, arn: &Text) -> Option<String> {
        arn.fill_computed(&self.here).ok()
    }

    /// The tags of a resource, by key.
    pub fn tags(&self, tags: &Tags) -> Tags {
        let mut written = tags.clone();
        written.retain(|key, _| !OF_RUNS.contains(&key.as_str()));
        written.extend(
            tags.get(STACK_TAG)
                .map(|stack| (EXPORTED_TAG.to_owned(), stack.clone())),
        );
        written
    }

    /// The parameter that stands for `subject`, which becomes its name. Asked again, it is the same one.
    pub fn parameter(&self, subject: &str, make: impl FnOnce(String) -> Parameter) -> Parameter {
        let mut parameters = self.parameters.borrow_mut();
        if let Some(known) = parameters.get(subject) {
            return known.clone();
        }
        let mut name = camel(subject);
        if parameters.values().any(|other| other.name == name) {
            name = format!("{name}{}", digest(subject));
        }
        let parameter = make(name);
        parameters.insert(subject.to_owned(), parameter.clone());
        parameter
    }

    /// All parameters, by their names.
    pub fn parameters(&self) -> Vec<Parameter> {
        let mut parameters: Vec<_> = self.parameters.borrow().values().cloned().collect();
        parameters.sort_by(|one, other| one.name.cmp(&other.name));
        parameters
    }

    /// Fills until nothing is unknown. What is not in this template is a parameter.
    fn filled<T: Default>(&self, fill: impl Fn(&Known) -> Result<T, super::Unknown>) -> T {
        let mut last = None;
        loop {
            let node = match fill(&self.known.borrow()) {
                Ok(filled) => return filled,
                Err(node) => node,
            };
            // Each round makes one more node known. The same one again would be a defect, and no reason to hang.
            if last.as_ref() == Some(&node) {
                return T::default();
            }
            let given = self.parameter(&format!("arn of {node}"), |name| Parameter {
                description: format!("ARN of {node}, which is not part of this template"),
                ..Parameter::named(name)
            });
            let output = Output::of_arn(Mark::Parameter(given.name).to_string());
            self.known.borrow_mut().outputs.insert(node.clone(), output);
            last = Some(node);
        }
    }
}

/// A list of CloudFormation's `{Key, Value}`.
pub fn pairs(tags: &Tags) -> Value {
    let pair = |(key, value): (&String, &String)| json!({ "Key": key, "Value": value });
    tags.iter().map(pair).collect()
}

/// The same as a mapping.
pub fn mapping(tags: &Tags) -> Value {
    let pairs = tags.iter().map(|(key, value)| (key.clone(), json!(value)));
    Value::Object(pairs.collect::<Map<_, _>>())
}

/// A name that CloudFormation accepts, letters and digits only: `sns-topic/alerts` becomes `SnsTopicAlerts`, and
/// `WEBHOOK_ops` `WebhookOps`.
pub fn camel(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let mut name = String::new();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        name.push_str(&first.to_ascii_uppercase());
        match rest.bytes().all(|c| c.is_ascii_uppercase()) {
            true => name.push_str(&rest.to_ascii_lowercase()),
            false => name.push_str(rest),
        }
    }
    // Letters of other alphabets are lost, and so would be the difference between two names.
    match text.is_ascii() && name.len() <= LONGEST {
        true => name,
        false => format!("{:.LONGEST$}{}", name, digest(text)),
    }
}

/// The maximum length of a logical id is 255; suffixes and a digest must fit.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
const LONGEST: usize = 200;

/// What keeps two names apart that would otherwise be the same.
pub fn digest(text: &str) -> String {
    fingerprint(text).chars().take(8).collect()
}

#[cfg(test)]
mod tests;
