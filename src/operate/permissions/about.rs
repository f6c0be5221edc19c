//! The subject of the rows of an access table: a resource, with as much of its name and its ARN as is known.

use crate::aws::{Known, Scope};
use crate::engine::graph::{Graph, Node};
use crate::resource::access::OWN_ROLES;
use crate::resource::iam::role::IamRole;
use crate::resource::{NodeId, Resource as _};

/// A resource of the stack, or no resource.
#[derive(Debug)]
pub struct About {
    /// The value of `{name}`.
    pub name: String,
    /// The value of `{boundary}`.
    pub boundary: String,
    pub place: Scope,
    /// The ARNs of the resource and of the resources that it refers to, if they exist.
    arns: Vec<String>,
    roles: Vec<Role>,
    /// The resource is no longer in the stack file.
    leftover: bool,
}

/// A role: the resource itself, or one that it passes to a service.
#[derive(Debug)]
struct Role {
    name: String,
    arn: Option<String>,
}

impl About {
    /// No resource: for permissions that every stack needs.
    pub fn nothing(scope: &Scope) -> Self {
        Self {
            name: String::new(),
            boundary: String::new(),
            place: scope.clone(),
            arns: Vec::new(),
            roles: Vec::new(),
            leftover: false,
        }
    }

    /// No resource, in another region.
    pub fn region(scope: &Scope, region: Option<&str>) -> Self {
        let nothing = Self::nothing(scope);
        Self {
            place: Scope {
                region: region.unwrap_or(&scope.region).to_owned(),
                ..scope.clone()
            },
            ..nothing
        }
    }

    /// A wanted resource. `arn` is its own ARN, if it exists.
    pub fn node(graph: &Graph, known: &Known, node: &Node, arn: Option<String>) -> Self {
        let known_arn = |id: &NodeId| {
            let output = known.outputs.get(&id.to_string())?;
            (!output.arn.is_empty()).then(|| output.arn.clone())
        };
        let all = [(node.id.clone(), arn)]
            .into_iter()
            .chain(node.after.iter().map(|id| (id.clone(), known_arn(id))));
        let all: Vec<_> = all.collect();
        let role = |(id, arn): &(NodeId, Option<String>)| {
            let role = graph.get(id).filter(|_| id.kind == IamRole::KIND)?;
            Some(Role {
                name: role.resource.subject(),
                arn: arn.clone(),
            })
        };
        Self {
            name: node.resource.subject(),
            boundary: boundary(node, known),
            place: place(known, &node.id),
            roles: all.iter().filter_map(role).collect(),
            arns: all.into_iter().filter_map(|(_, arn)| arn).collect(),
            leftover: false,
        }
    }

    /// A resource that is no longer in the stack file: its name is known only from its ARN.
    pub fn leftover(known: &Known, id: &NodeId, arn: Option<String>) -> Self {
        Self {
            name: "*".to_owned(),
            boundary: String::new(),
            place: place(known, id),
            arns: arn.into_iter().collect(),
            roles: Vec::new(),
            leftover: true,
        }
    }

    /// The exact resources that a row means by `on`. `filled` is `on` with everything filled in except the ids that
    /// AWS generates; these are filled in here if they are known. The exact resource matters: a policy that grants
    /// only this resource would be reported as insufficient if the question were about all resources.
    pub fn exacts(&self, on: &str, filled: &str) -> Vec<String> {
        let exacts: Vec<_> = match filled {
            "*" => Vec::new(),
            _ if on == OWN_ROLES && !self.roles.is_empty() => {
                let named = |role: &Role| {
                    role.arn
                        .clone()
                        .unwrap_or_else(|| filled.replace('*', &role.name))
                };
                // A role that was adopted from elsewhere is not covered by the printed policy, so it is not asked
                // about.
                let ours = |arn: &String| written_out(filled, arn).is_some();
                return self.roles.iter().map(named).filter(ours).collect();
            }
            _ => self
                .arns
                .iter()
                .filter_map(|arn| written_out(filled, arn))
                .collect(),
        };
        let open = filled.contains('*') && filled != "*";
        match exacts.is_empty() {
            true if open && self.leftover => Vec::new(),
            true => vec![filled.to_owned()],
            false => exacts,
        }
    }
}

/// The permissions boundary of a role.
fn boundary(node: &Node, known: &Known) -> String {
    let role = node.resource.as_any().downcast_ref::<IamRole>();
    let arn = role.and_then(|role| role.permissions_boundary.as_ref());
    arn.and_then(|arn| arn.fill(known).ok()).unwrap_or_default()
}

/// The region that the resource lives in.
fn place(known: &Known, id: &NodeId) -> Scope {
    let region = id.region().unwrap_or(&known.scope.region);
    Scope {
        region: region.to_owned(),
        ..known.scope.clone()
    }
}

/// The pattern with its first `*` replaced by what `arn` has there. Example: `…/apis/*/routes` and the API
/// `…/apis/a1` give `…/apis/a1/routes`.
fn written_out(pattern: &str, arn: &str) -> Option<String> {
    let (before, behind) = pattern.split_once('*')?;
    let id = arn.strip_prefix(before)?;
    (behind.is_empty() || !id.contains('/')).then(|| format!("{before}{id}{behind}"))
}

#[cfg(test)]
mod tests {
    use super::written_out;

    #[test]
    fn an_arn_fills_what_a_pattern_leaves_open() {
        let api = "arn:aws:apigateway:eu-west-1::/apis";
        let filled =
            |pattern: &str, arn: &str| written_out(&format!("{api}/{pattern}"), &format!("{api}/{arn}"));
        assert_eq!(filled("*/routes", "a1"), Some(format!("{api}/a1/routes")));
        assert_eq!(filled("*", "a1"), Some(format!("{api}/a1")));
        assert_eq!(filled("*/routes", "a1/stages/live"), None);
        assert_eq!(written_out("arn:aws:kms:eu-west-1:1:key/*", api), None);
        assert_eq!(written_out(api, api), None);
    }
}
