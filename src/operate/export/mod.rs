//! A stack as CloudFormation templates, one for each region that it has resources in. Nothing is called.

use serde_json::{Map, Value, json};

use crate::engine::graph::Graph;
use crate::resource::lambda::function::LambdaFunction;
use crate::resource::template::{Parameter, Template};

mod draft;
mod places;
mod resources;
mod spoke;
mod yaml;

use resources::Made;
pub use spoke::{SpokeFile, Spokes};

/// The maximum number of resources in a template, and of bytes.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>
pub const MOST_RESOURCES: usize = 500;
pub const MOST_BYTES: usize = 1_000_000;

/// One template.
#[derive(Debug)]
pub struct Exported {
    /// The region of a template that is not for the stack's own region.
    pub region: Option<String>,
    /// The template with CloudFormation's functions in their long form, `{"Ref": …}`.
    pub document: Value,
    /// The same as YAML, with comments.
    pub text: String,
    /// How many resources it has.
    pub resources: usize,
}

/// A stack and where it is deployed.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The name of the stack.
    pub stack: &'a str,
    /// Its own region.
    pub home: &'a str,
}

/// What CloudFormation cannot say or do of the resources in `graph`; each thing once.
pub fn lost(graph: &Graph, source: Source<'_>) -> Vec<String> {
    let mut lost: Vec<String> = Vec::new();
    for region in regions(graph) {
        let (made, _, of_others) = made(graph, source, region);
        for what in made.into_iter().flat_map(|made| made.lost).chain(of_others) {
            if !lost.contains(&what) {
                lost.push(what);
            }
        }
    }
    lost
}

/// The templates of `graph`, that of the stack's own region first. `lost` is recorded in it.
pub fn exported(graph: &Graph, source: Source<'_>, lost: &[String]) -> Vec<Exported> {
    let regions = regions(graph).into_iter();
    regions
        .map(|region| {
            let (made, parameters, _) = made(graph, source, region);
            let lost = if region.is_none() { lost } else { &[] };
            let document = document(source, region, &made, &parameters, lost);
            Exported {
                region: region.map(str::to_owned),
                text: yaml::written(&document, &made),
                document,
                resources: made.len(),
            }
        })
        .collect()
}

/// The package that the functions of `graph` run, in two parts; `None` without functions.
pub fn code(graph: &Graph) -> Option<[&[u8]; 2]> {
    let mut functions = graph.nodes().iter();
    let function = functions.find_map(|node| node.resource.as_any().downcast_ref::<LambdaFunction>())?;
    let package = function.code.package();
    Some([package.head, &package.tail])
}

/// The regions that resources are in; `None` is the stack's own.
fn regions(graph: &Graph) -> Vec<Option<&str>> {
    let mut regions: Vec<_> = graph.nodes().iter().map(|node| node.id.region()).collect();
    regions.sort_unstable();
    regions.dedup();
    regions
}

/// The resources in a region, the template's parameters, and what is lost of nodes that have no resource in it.
fn made(graph: &Graph, source: Source<'_>, region: Option<&str>) -> (Vec<Made>, Vec<Parameter>, Vec<String>) {
    let nodes: Vec<_> = graph
        .nodes()
        .iter()
        .filter(|node| node.id.region() == region)
        .collect();
    let template = Template::new(source.home, region, nodes.iter().map(|node| &node.id));
    let (made, lost) = resources::made(&nodes, &template);
    (made, template.parameters(), lost)
}

fn document(
    source: Source<'_>,
    region: Option<&str>,
    made: &[Made],
    parameters: &[Parameter],
    lost: &[String],
) -> Value {
    let Source { stack, home } = source;
    let description = match region {
        None => format!("alertctl stack {stack}, for {home}"),
        Some(region) => {
            format!("alertctl stack {stack}, its part in {region}; deployed after the one in {home}")
        }
    };
    let mut metadata = json!({
        "Stack": stack, "Region": region.unwrap_or(home), "Version": env!("CARGO_PKG_VERSION"),
    });
    if !lost.is_empty() {
        metadata["NotExported"] = json!(lost);
    }
    let mut document = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Metadata": { "Alertctl": metadata },
    });
    let declared = parameters.iter().map(|one| (one.name.clone(), parameter(one)));
    let declared: Map<_, _> = declared.collect();
    if !declared.is_empty() {
        document["Parameters"] = declared.into();
    }
    let optional = parameters.iter().filter(|one| one.optional);
    let conditions = optional.map(|one| {
        let is_empty = json!({ "Fn::Equals": [{ "Ref": one.name }, ""] });
        (one.condition(), json!({ "Fn::Not": [is_empty] }))
    });
    let conditions: Map<_, _> = conditions.collect();
    if !conditions.is_empty() {
        document["Conditions"] = conditions.into();
    }
    let resources = made.iter().map(|made| (made.id.clone(), made.declared()));
    document["Resources"] = Value::Object(resources.collect());
    document
}

fn parameter(parameter: &Parameter) -> Value {
    let mut declared = json!({ "Type": "String", "Description": parameter.description });
    if parameter.secret {
        declared["NoEcho"] = true.into();
    }
    if let Some(default) = &parameter.default {
        declared["Default"] = default.as_str().into();
    }
    declared
}

#[cfg(test)]
mod tests;
