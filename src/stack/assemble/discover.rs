//! `for_each: { discover: rds, tag: { team: shop } }`: the elements are resources of the account, which somebody who may ask AWS
//! finds between two readings of the stack.
//!
//! The index of AWS's tagging service is asked for all of them alike. It knows what has, or once had, a tag.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>

use std::collections::BTreeMap;

use super::element::Element;
use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::read::nearest;
use crate::stack::file::tree::{Entry, Kind, Node};

mod resource;

use resource::{RESOURCES, Resource};

/// The key that names a service.
const DISCOVER: &str = "discover";
/// The key that selects resources by their tags.
const TAG: &str = "tag";
/// The element of a stack that is read without AWS.
const EXAMPLE: &str = "example";

/// Which resources are asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Query {
    /// As in `preset`.
    service: &'static str,
    /// By tag: the values that match, one of which is enough; an empty list matches any value.
    pub tags: BTreeMap<String, Vec<String>>,
}

/// A resource that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub arn: String,
    pub tags: BTreeMap<String, String>,
}

/// What queries found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Discovered {
    /// Nobody asked: each query has one example.
    #[default]
    Unasked,
    By(BTreeMap<Query, Vec<Found>>),
}

impl Query {
    /// The query that `for_each` asks, or `None` if it names its elements itself. `preset` is the set of the entry.
    pub(super) fn read(
        each: &Entry,
        preset: Option<&str>,
        problems: &mut Vec<Problem>,
    ) -> Option<Option<Self>> {
        let entries = each.value.entries();
        let known = |entry: &Entry| [DISCOVER, TAG].contains(&entry.key.as_str());
        // A service has a name; a mapping there is an element like any other.
        let names_service =
            |entry: &Entry| entry.key == DISCOVER && matches!(entry.value.kind, Kind::Scalar { .. });
        let is_query = entries.iter().any(names_service) || !entries.is_empty() && entries.iter().all(known);
        if !is_query {
            return None;
        }
        let mut refuse = |span: &Span, message: String, help: &str| {
            problems.push(Problem::error(span.clone(), message).help(help).cause());
            None
        };
        if let Some(other) = entries.iter().find(|entry| !known(entry)) {
            let message = format!("`{}` selects nothing", other.key.escape_debug());
            return Some(refuse(
                &other.key_span,
                message,
                "beside `discover` there is `tag`",
            ));
        }
        let known = || RESOURCES.iter().map(|resource| resource.service);
        let written = each.value.entry(DISCOVER).map(|entry| &entry.value);
        let (name, span) = match written.map(|node| (&node.kind, &node.span)) {
            Some((Kind::Scalar { text, .. }, span)) => (text.as_str(), span),
            Some((_, span)) => {
                return Some(refuse(
                    span,
                    "`discover` is the name of a service".to_owned(),
                    "write `discover: rds`",
                ));
            }
            None => match preset {
                Some(preset) => (preset, &each.key_span),
                None => {
                    let message = "`for_each` does not say what to find".to_owned();
                    return Some(refuse(
                        &each.key_span,
                        message,
                        "add `discover: rds` or another service",
                    ));
                }
            },
        };
        let Some(service) = known().find(|service| *service == name) else {
            let message = format!("`{}` cannot be found by its tags", name.escape_debug());
            let all: Vec<_> = known().collect();
            let near = nearest(name, all.iter().copied());
            let help = near.map_or_else(
                || format!("write one of {}", all.join(", ")),
                |near| format!("write `{near}`"),
            );
            return Some(refuse(span, message, &help));
        };
        let Some(tags) = each
            .value
            .entry(TAG)
            .map_or(Some(BTreeMap::new()), |entry| tags(&entry.value))
        else {
            let tag = each
                .value
                .entry(TAG)
                .map_or(&each.key_span, |entry| &entry.key_span);
            let help =
                "write `tag: { team: shop }`, `tag: { env: [prod, staging] }` or `tag: team` for any value";
            return Some(refuse(tag, "`tag` selects by keys and values".to_owned(), help));
        };
        // The index knows DocumentDB and Neptune by the same types, and their metrics are others.
        if ["rds", "aurora"].contains(&service) && tags.is_empty() {
            let message = format!("`discover: {service}` needs a `tag`");
            let help = "AWS's index does not tell RDS from DocumentDB and Neptune: add a tag that only the former have";
            return Some(refuse(&each.key_span, message, help));
        }
        Some(Some(Self { service, tags }))
    }

    fn resource(&self) -> Option<&'static Resource> {
        RESOURCES.iter().find(|resource| resource.service == self.service)
    }

    /// The type of the resources in the index.
    pub fn resource_type(&self) -> &'static str {
        self.resource().map_or("", |resource| resource.types)
    }

    /// The elements: what was found, in the order of the ARNs.
    pub(super) fn elements(&self, discovered: &Discovered, span: &Span) -> Vec<Element> {
        match discovered {
            Discovered::Unasked => vec![self.example(span)],
            Discovered::By(found) => {
                let mut found: Vec<_> = found.get(self).into_iter().flatten().collect();
                found.sort_by(|one, other| one.arn.cmp(&other.arn));
                found
                    .into_iter()
                    .filter_map(|found| self.element(found, span))
                    .collect()
            }
        }
    }

    fn example(&self, span: &Span) -> Element {
        let resource = self.resource();
        let rest = if self.service == "ecs" {
            "example/example"
        } else {
            EXAMPLE
        };
        let dimensions = resource.and_then(|resource| (resource.dimensions)(rest, "111122223333"));
        let tags = self.tags.iter().map(|(key, values)| {
            let value = values.first().map_or(EXAMPLE, String::as_str);
            (key.clone(), value.to_owned())
        });
        element(EXAMPLE, "", dimensions.unwrap_or_default(), &tags.collect(), span)
    }

    /// `None` for a resource of the same type that is not of this service, such as another sort of load balancer.
    fn element(&self, found: &Found, span: &Span) -> Option<Element> {
        let mut parts = found.arn.splitn(6, ':').skip(4);
        let (account, resource) = (parts.next()?, parts.next()?);
        let known = self.resource()?;
        let rest = resource.strip_prefix(known.begins)?;
        let dimensions = (known.dimensions)(rest, account)?;
        // Of a load balancer, what follows the name is an id; a service has the name of its cluster before its own.
        let name = match self.service {
            "alb" | "nlb" => rest.split('/').next()?,
            _ => rest,
        };
        Some(element(name, &found.arn, dimensions, &found.tags, span))
    }
}

impl std::fmt::Display for Query {
    /// `rds with team=shop`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.service)?;
        for (index, (key, values)) in self.tags.iter().enumerate() {
            f.write_str(if index == 0 { " with " } else { ", " })?;
            f.write_str(key)?;
            if !values.is_empty() {
                write!(f, "={}", values.join("|"))?;
            }
        }
        Ok(())
    }
}

/// The tags of a query: a mapping of keys to values, or keys alone.
fn tags(node: &Node) -> Option<BTreeMap<String, Vec<String>>> {
    let text = |node: &Node| match &node.kind {
        Kind::Scalar { text, .. } if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    let texts = |node: &Node| match &node.kind {
        Kind::List(items) => items
            .iter()
            .map(text)
            .collect::<Option<Vec<_>>>()
            .filter(|list| !list.is_empty()),
        _ if node.is_nothing() => Some(vec![]),
        _ => Some(vec![text(node)?]),
    };
    match &node.kind {
        Kind::Map(entries) => entries
            .iter()
            .map(|entry| Some((entry.key.clone(), texts(&entry.value)?)))
            .collect(),
        _ => Some(texts(node)?.into_iter().map(|key| (key, vec![])).collect()),
    }
    .filter(|tags: &BTreeMap<_, _>| !tags.is_empty())
}

/// `{each.key}` is the name, `{each.value}` has `arn`, `dimensions` and `tags`.
fn element(
    name: &str,
    arn: &str,
    dimensions: Vec<(&'static str, String)>,
    tags: &BTreeMap<String, String>,
    span: &Span,
) -> Element {
    let node = |kind: Kind| Node {
        span: span.clone(),
        kind,
    };
    let text = |text: &str| {
        node(Kind::Scalar {
            text: text.to_owned(),
            plain: false,
            filled: Some(Default::default()),
        })
    };
    let entry = |key: &str, value: Node| Entry {
        key: key.to_owned(),
        key_span: span.clone(),
        value,
    };
    let dimensions = dimensions.iter().map(|(name, value)| entry(name, text(value)));
    let tags = tags.iter().map(|(key, value)| entry(key, text(value)));
    let value = vec![
        entry("arn", text(arn)),
        entry("dimensions", node(Kind::Map(dimensions.collect()))),
        entry("tags", node(Kind::Map(tags.collect()))),
    ];
    Element {
        key: name.to_owned(),
        value: node(Kind::Map(value)),
        is_example: arn.is_empty(),
    }
}

#[cfg(test)]
mod tests;
