//! The policies of the role that is assumed in another account.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::aws::Scope;
use crate::engine::graph::Graph;
use crate::output::Failure;
use crate::resource::cloudformation::stack::CloudformationStack;
use crate::resource::cloudformation::stack::access::trust;

/// A role that the hub's deployer assumes, and its two policies.
#[derive(Debug, Serialize)]
pub struct Role {
    role: String,
    trust: Value,
    permissions: Value,
}

/// The roles in the target `account` of the stack `stack`; one, unless its regions have different ones.
///
/// # Errors
/// The stack file has no such target.
pub fn of(stack: &str, graph: &Graph, scope: &Scope, account: &str) -> Result<Vec<Role>, Failure> {
    let all = graph.nodes().iter();
    let all = all.filter_map(|node| node.resource.as_any().downcast_ref::<CloudformationStack>());
    let (here, elsewhere): (Vec<_>, Vec<_>) = all.partition(|one| one.account == account);
    if here.is_empty() {
        let mut others: Vec<_> = elsewhere.iter().map(|one| one.account.as_str()).collect();
        others.sort_unstable();
        others.dedup();
        let known = match others.is_empty() {
            true => "it has no `organization.targets`".to_owned(),
            false => format!("its targets are in {}", others.join(", ")),
        };
        return Err(Failure::new(
            format!("the stack file has no target in account {account}: {known}"),
            "name an account of `organization.targets`, or add a target",
        ));
    }
    let mut by_role: BTreeMap<&str, Vec<&CloudformationStack>> = BTreeMap::new();
    for one in here {
        by_role.entry(&one.role).or_default().push(one);
    }
    let role = |(role, stacks): (&str, Vec<_>)| Role {
        role: role.to_owned(),
        trust: trust(&scope.account, &scope.partition),
        permissions: CloudformationStack::policy_of_role(&stacks, stack, &scope.partition),
    };
    Ok(by_role.into_iter().map(role).collect())
}

/// The roles in `account` as text for people.
pub fn text(account: &str, roles: &[Role]) -> String {
    let role = |one: &Role| {
        let Role {
            role,
            trust,
            permissions,
        } = one;
        format!(
            "role {role} in account {account}\n\ntrust policy: who may assume it; name your deployer instead of \
             `:root` to allow nobody else\n{trust:#}\n\npermissions policy: what it may do\n{permissions:#}\n"
        )
    };
    let roles: Vec<_> = roles.iter().map(role).collect();
    roles.join("\n")
}
