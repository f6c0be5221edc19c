//! The roles of a stack and their permissions.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use crate::aws::{Known, Output, Scope};
use crate::engine::graph::Graph;
use crate::resource::iam::role::IamRole;
use crate::resource::iam::role_policy::IamRolePolicy;

/// A planned role.
#[derive(Debug, Serialize)]
pub struct Role {
    name: String,
    arn: String,
    description: String,
    /// Its permissions boundary.
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions_boundary: Option<String>,
    /// Who may assume it.
    trust: Value,
    policies: Vec<Inline>,
}

#[derive(Debug, Serialize)]
struct Inline {
    name: String,
    document: Value,
}

/// The roles of the graph; values that AWS generates are shown as `{kind/key}`.
pub fn of(graph: &Graph, scope: &Scope) -> Vec<Role> {
    let hole = |id: &dyn std::fmt::Display| Output {
        arn: format!("{{{id}}}"),
        id: format!("{{{id}}}"),
    };
    let nodes = graph.nodes().iter();
    let outputs: BTreeMap<_, _> = nodes.map(|node| (node.id.to_string(), hole(&node.id))).collect();
    let known = Known {
        scope: scope.clone(),
        outputs,
    };
    let all = || graph.nodes().iter().map(|node| node.resource.as_any());
    let inline = |role: &IamRole| {
        let policies = all().filter_map(|one| one.downcast_ref::<IamRolePolicy>());
        let policies = policies.filter(|policy| policy.role.name() == role.name);
        policies
            .map(|policy| Inline {
                name: policy.name.clone(),
                document: policy.policy.render(&known).unwrap_or_default(),
            })
            .collect()
    };
    let roles = all().filter_map(|one| one.downcast_ref::<IamRole>());
    roles
        .map(|role| Role {
            name: role.name.clone(),
            arn: format!(
                "arn:{}:iam::{}:role{}{}",
                scope.partition, scope.account, role.path, role.name
            ),
            description: role.description.clone(),
            permissions_boundary: role
                .permissions_boundary
                .as_ref()
                .and_then(|arn| arn.fill(&known).ok()),
            trust: role.trust.render(&known).unwrap_or_default(),
            policies: inline(role),
        })
        .collect()
}

/// The roles as text for people.
pub fn text(stack: &str, scope: &Scope, roles: &[Role]) -> String {
    let mut text = format!(
        "permissions of the roles of stack {stack} in account {}, {}\n",
        scope.account, scope.region
    );
    if roles.is_empty() {
        text.push_str("\nnothing: the stack has no role\n");
    }
    for role in roles {
        let _ = writeln!(text, "\n{}  {}", role.name, role.description);
        if let Some(arn) = &role.permissions_boundary {
            let _ = writeln!(text, "  limited by the permissions boundary {arn}");
        }
        for statement in role
            .policies
            .iter()
            .flat_map(|policy| list(&policy.document["Statement"]))
        {
            for action in list(&statement["Action"]) {
                let _ = writeln!(text, "  {}", plain(action));
            }
            for resource in list(&statement["Resource"]) {
                let _ = writeln!(text, "    on {}", plain(resource));
            }
            for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
                for (key, values) in keys.as_object().into_iter().flatten() {
                    let values: Vec<_> = list(values).iter().map(|value| plain(value)).collect();
                    let _ = writeln!(text, "    when {key} {operator} {}", values.join(" or "));
                }
            }
        }
        if role.policies.is_empty() {
            let _ = writeln!(text, "  nothing");
        }
    }
    text
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
