//! What a plan must not do, and says instead.

use crate::aws::tags::{NODE_TAG, STACK_TAG};
use crate::blueprint::Names;
use crate::cli::Adopt;
use crate::engine::graph::Graph;
use crate::engine::plan::{Action, Conflict, Plan, Step};
use crate::output::{Failure, Problem};
use crate::resource::NodeId;
use crate::stack::Stack;
use alertctl_relay::ArnParts;

/// Refuses to delete what the stack file names as somebody else's: the stack made it, and its tags still say so. `key` is the
/// ARN of the existing key that the stack uses.
pub(super) fn refuse_disowned(stack: &Stack, key: Option<&str>, plan: &Plan) -> Result<(), Failure> {
    let names = Names::of(stack);
    let topics = stack.topics.iter().filter(|(_, topic)| topic.existing.is_some());
    let topics = topics.filter_map(|(key, _)| names.topic_arn(key).fill_computed(&plan.scope).ok());
    let named: Vec<String> = topics.chain(key.map(str::to_owned)).collect();
    let deleted = plan.steps.iter().filter(|step| step.action == Action::Delete);
    let arn = |step: &Step| step.output().map(|output| output.arn);
    let disowned = deleted.filter_map(arn).find(|arn| named.contains(arn));
    let Some(arn) = disowned else { return Ok(()) };
    let untag = match ArnParts::of(&arn).service {
        "kms" => format!("aws kms untag-resource --key-id {arn} --tag-keys {STACK_TAG} {NODE_TAG}"),
        _ => format!("aws sns untag-resource --resource-arn {arn} --tag-keys {STACK_TAG} {NODE_TAG}"),
    };
    Err(Failure::new(
        format!(
            "`{arn}` is named by `existing`, as somebody else's, but it belongs to this stack, which would delete it"
        ),
        format!("give it away first: `{untag}`"),
    ))
}

/// Resources that the stack does not own are never changed: explains how to adopt them.
pub fn refuse_conflicts(plan: &Plan) -> Result<(), Failure> {
    if plan.conflicts.is_empty() {
        return Ok(());
    }
    Err(Failure::Problems(problems(plan)))
}

pub(super) fn problems(plan: &Plan) -> Vec<Problem> {
    let by_hand = plan.conflicts.iter().filter(|conflict| conflict.owner.is_none());
    let all = match by_hand.count() {
        0 | 1 => "",
        _ => ", or `--adopt-all` for all of these",
    };
    let problem = |conflict: &Conflict| Problem {
        message: format!(
            "`{}` exists in account {} and is not part of stack `{}`{} ({})",
            conflict.name,
            plan.scope.account,
            plan.stack,
            conflict
                .owner
                .as_ref()
                .map_or_else(String::new, |owner| format!(" but of `{owner}`")),
            conflict.id
        ),
        help: Some(format!(
            "to adopt it{}, add `--adopt {}`{}; to leave it alone, choose another `name:` in the stack file",
            if conflict.owner.is_some() {
                " from that stack"
            } else {
                ""
            },
            conflict.id,
            all
        )),
    };
    plan.conflicts.iter().map(problem).collect()
}

/// Refuses a region in which some rules would get no events. If the stack file sets the region, its check has
/// already done this.
pub(super) fn refuse_deaf(stack: &Stack, home: &str) -> Result<(), Failure> {
    let deaf = stack.deaf(home).into_iter();
    let problems: Vec<_> = deaf
        .map(|deaf| Problem {
            message: deaf.message,
            help: Some(deaf.help),
        })
        .collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::Problems(problems)),
    }
}

pub(super) fn refuse_unknown(graph: &Graph, adopt: &Adopt) -> Result<(), Failure> {
    let nodes = graph.nodes().iter();
    let there: Vec<_> = nodes.map(|node| (&node.id, node.resource.name())).collect();
    let is_there = |node: &String| there.iter().any(|(id, _)| id.to_string() == *node);
    let unknown = adopt.nodes.iter().filter(|node| !is_there(node));
    let problems: Vec<_> = unknown.map(|node| no_such("--adopt", node, &there)).collect();
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Failure::Problems(problems)),
    }
}

/// That the resource which an option names is not there, and which one may be meant; `there` are the resources with their
/// names.
pub(super) fn no_such(option: &str, node: &str, there: &[(&NodeId, String)]) -> Problem {
    // People who use the console know a resource by its name there.
    let is_named = |(id, name): &&(&NodeId, String)| node == name || node == format!("{}/{name}", id.kind);
    let likeness = |(id, _): &(&NodeId, String)| strsim::jaro_winkler(&id.to_string(), node);
    let named = there.iter().find(is_named);
    let likest = || there.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let nearest = named.or_else(likest);
    Problem {
        message: format!("{option} `{node}`: the stack has no such resource"),
        help: nearest.map(|(id, _)| format!("did you mean `{id}`? `alertctl status` lists them all")),
    }
}
