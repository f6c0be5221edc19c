//! Reading a role.

use super::find::stack_path;
use super::{Live, boundary};
use crate::aws::call::pages;
use crate::aws::discovery::STACK_TAG;
use crate::aws::fault::{Result, found};
use crate::aws::run::Mark;
use crate::aws::{Aws, Text, policy};
use crate::resource::{Presence, Tags};
use aws_sdk_iam::types::{Role, Tag};

impl Live {
    /// What IAM says about a role in one answer; attached policies are listed apart.
    pub(super) async fn of(aws: &Aws, role: &Role) -> Result<Self> {
        let (name, path) = (role.role_name(), role.path());
        // IAM gives a role that is new its unique id in place of its ARN for a while.
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
            // A hand-made role that was adopted keeps its own path, which IAM cannot change. Shown as it is, the
            // role would be replaced, and with it what others may use it for.
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
    /// A role of the stack `mission`, and the home that it says.
    pub(crate) fn at_home(name: &str, home: Option<&str>) -> Self {
        let home = home.map(|home| (crate::aws::discovery::HOME_TAG.to_owned(), home.to_owned()));
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
    // Under the stack's path it is the stack's even where somebody took its tags away.
    if live.tags.contains_key(STACK_TAG) || role.path() != stack_path(aws) {
        Ok(Presence::by_tag(aws, &live.tags.clone(), live))
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
