//! Reads a role.

use super::find::stack_path;
use super::{Live, boundary};
use crate::aws::call::pages;
use crate::aws::fault::{Result, found};
use crate::aws::run::Mark;
use crate::aws::tags::STACK_TAG;
use crate::aws::{Aws, Text, policy};
use crate::resource::{Presence, Tags};
use aws_sdk_iam::types::{Role, Tag};

impl Live {
    /// The part of a role that IAM returns in one answer. Attached policies are listed separately.
    pub(super) async fn of(aws: &Aws, role: &Role) -> Result<Self> {
        let (name, path) = (role.role_name(), role.path());
        // For a while, IAM returns a new role's unique id instead of its ARN.
        let arn = match role.arn() {
            arn if arn.starts_with("arn:") => arn.to_owned(),
            _ => Text::global_arn("iam", format!("role{path}{name}"))
                .fill_computed(aws.scope().await?)
                .unwrap_or_default(),
        };
        let pair = |tag: &Tag| (tag.key().to_owned(), tag.value().to_owned());
        let tags: Tags = role.tags().iter().map(pair).collect();
        let marks = tags.iter().filter_map(|(key, value)| Mark::read(key, value));
        Ok(Self {
            name: name.to_owned(),
            // An adopted role that was created by hand keeps its own path, which IAM cannot change. With its real
            // path here, the plan would replace the role, and others who use the role would lose it.
            path: stack_path(aws),
            arn,
            id: role.role_id().to_owned(),
            description: role.description().unwrap_or_default().to_owned(),
            trust: policy::parse(role.assume_role_policy_document().unwrap_or_default()),
            attached_policies: Vec::new(),
            permissions_boundary: boundary::of(role),
            marks: marks.collect(),
            tags: tags.into_iter().filter(|(key, _)| !Mark::is_key(key)).collect(),
        })
    }
}

#[cfg(test)]
impl Live {
    /// A role of the stack `mission`, with this home region in its tag.
    pub(crate) fn at_home(name: &str, home: Option<&str>) -> Self {
        let home = home.map(|home| (crate::aws::tags::HOME_TAG.to_owned(), home.to_owned()));
        Self {
            name: name.to_owned(),
            path: "/alertctl/mission/".to_owned(),
            arn: String::new(),
            id: String::new(),
            description: String::new(),
            trust: serde_json::Value::Null,
            attached_policies: Vec::new(),
            permissions_boundary: None,
            tags: home.into_iter().collect(),
            marks: Vec::new(),
        }
    }
}

pub(super) async fn read(aws: &Aws, name: &str) -> Result<Presence<Live>> {
    let role = async {
        let request = aws.connection.clients.iam.get_role().role_name(name);
        found(aws.call("iam:GetRole", || request.clone().send()).await)
    };
    let (role, attached) = futures::try_join!(role, attached(aws, name))?;
    let Some(role) = role.and_then(|answer| answer.role) else {
        return Ok(Presence::Absent);
    };
    let mut live = Live::of(aws, &role).await?;
    live.attached_policies = attached;
    // A role under the stack's path belongs to the stack even if somebody removed its tags.
    if live.tags.contains_key(STACK_TAG) || role.path() != stack_path(aws) {
        Ok(Presence::of(aws.owns(&live.tags), live))
    } else {
        Ok(Presence::Ours(live))
    }
}

/// The ARNs of the managed policies attached to a role, sorted.
pub(super) async fn attached(aws: &Aws, name: &str) -> Result<Vec<String>> {
    let list = aws.connection.clients.iam.list_attached_role_policies();
    let policies = pages(async |marker| {
        let request = list.clone().role_name(name).set_marker(marker);
        let page = aws
            .call("iam:ListAttachedRolePolicies", || request.clone().send())
            .await?;
        Ok((page.attached_policies.unwrap_or_default(), page.marker))
    });
    let policies = found(policies.await)?.unwrap_or_default().into_iter();
    let mut arns: Vec<_> = policies.filter_map(|policy| policy.policy_arn).collect();
    arns.sort();
    Ok(arns)
}
