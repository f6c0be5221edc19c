//! An inline policy of an IAM role: the permissions of the role.
//!
//! It is separate from the role, so that the role can be created while the resources that the policy names are still
//! being created.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::aws::call::pages;
use crate::aws::fault::{found, gone};
use crate::aws::policy::{self, Policy};
use crate::aws::{concurrently, concurrently_found};
use crate::resource::access::{Access, NAMED_ROLE, OWN_ROLES};
use crate::resource::iam::role::{self, IamRole};
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Home, Known, NodeId, Observed, Output, Presence, Ref,
    Regions, Resource, Result, Tags, Wanted,
};

mod template;

/// The desired inline policy.
#[derive(Debug, Clone)]
pub struct IamRolePolicy {
    pub role: Ref<IamRole>,
    pub name: String,
    pub policy: Policy,
}

/// An inline policy as it is. It has no tags: the owner of its role owns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    role_name: String,
    name: String,
    policy: Value,
}

impl Resource for IamRolePolicy {
    const KIND: &'static str = "iam-role-policy";
    const HANDLING: Handling = Handling {
        // A function needs the policy until it is deleted: it still works, and parks what it could not deliver.
        deleted_after: &[
            "lambda-function",
            "lambda-event-invoke-config",
            "eventbridge-targets",
            "cloudtrail-trail",
            // The query of a log alarm runs until the alarm is deleted.
            "cloudwatch-log-alarm",
        ],
        regions: Regions::Global,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(
            &["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"],
            &[OWN_ROLES, NAMED_ROLE],
        ),
        Access::write(&["iam:PutRolePolicy"], &[OWN_ROLES]),
        Access::delete(&["iam:DeleteRolePolicy"], &[OWN_ROLES]),
    ];
    type Live = Live;

    fn parent(&self) -> Option<NodeId> {
        Some(self.role.id().clone())
    }

    fn name(&self) -> String {
        full_name(self.role.name(), &self.name)
    }

    fn subject(&self) -> String {
        self.role.name().to_owned()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let named = concurrently(wanted, |wanted| {
            read(aws, wanted.desired.role.name(), &wanted.desired.name)
        });
        let roles: BTreeSet<_> = wanted.iter().map(|wanted| wanted.desired.role.name()).collect();
        let (named, under_path, mut policies): (Vec<_>, _, _) =
            futures::try_join!(named, role::list_owned(aws), names_of(aws, roles))?;
        let mut owned: BTreeSet<_> = under_path.iter().map(|role| role.role_name.clone()).collect();
        // An adopted role is not under the stack's path, and a new role is not in the list yet.
        let unsure = policies.keys().filter(|role| !owned.contains(*role));
        let unlisted = owned.iter().filter(|role| !policies.contains_key(*role));
        let (tagged, more) =
            futures::try_join!(by_tag(aws, unsure), names_of(aws, unlisted.map(String::as_str)))?;
        owned.extend(tagged);
        policies.extend(more);

        let is_wanted = |role: &str, name: &str| {
            let mut wanted = wanted.iter().map(|wanted| wanted.desired);
            wanted.any(|desired| desired.role.name() == role && desired.name == name)
        };
        // Includes the policies of a role that the stack does not own: they are removed when the role is adopted.
        let extra = policies
            .iter()
            .flat_map(|(role, names)| names.iter().map(move |name| (role, name)));
        let extra: Vec<Live> = concurrently_found(
            extra.filter(|(role, name)| !is_wanted(role, name)),
            |(role, name)| read(aws, role, name),
        )
        .await?;
        let present = |live: Option<Live>| match live {
            Some(live) if owned.contains(&live.role_name) => Presence::Ours(live),
            Some(live) => Presence::Foreign(live),
            None => Presence::Absent,
        };
        Ok(Observed {
            wanted: named.into_iter().map(present).collect(),
            orphans: extra.into_iter().map(|live| (orphan(&live), live)).collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            role: _,
            name: _,
            policy,
        } = self;
        Fields::default().policy("policy", policy, known)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            role_name: _,
            name: _,
            policy,
        } = live;
        Fields::default().set("policy", policy.clone())
    }

    fn live_name(live: &Live) -> String {
        full_name(&live.role_name, &live.name)
    }

    fn output(_live: &Live) -> Output {
        Output::default()
    }

    fn about(live: &Live) -> About {
        About {
            lives_in: Some((IamRole::KIND, live.role_name.clone())),
            home: home(&live.policy),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let iam = &cx.aws.connection.clients.iam;
        let policy = cx.policy(&self.policy)?;
        let request = iam
            .put_role_policy()
            .role_name(self.role.name())
            .policy_name(&self.name)
            .policy_document(&policy);
        let put = cx.aws.call("iam:PutRolePolicy", || request.clone().send());
        put.await.map_err(
            |fault| match fault.is(&["LimitExceeded", "LimitExceededException"]) {
                true => fault.hint("the inline policies of one role hold 10,240 characters altogether"),
                false => fault,
            },
        )?;
        Ok(Live {
            role_name: self.role.name().to_owned(),
            name: self.name.clone(),
            policy: self.policy.render(&cx.known).map_err(Context::too_early)?,
        })
    }

    async fn update(&self, _live: Live, _changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // PutRolePolicy replaces the document.
        self.create(cx).await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let request = cx.aws.connection.clients.iam.delete_role_policy();
        let request = request.role_name(&live.role_name).policy_name(&live.name);
        gone(
            cx.aws
                .call("iam:DeleteRolePolicy", || request.clone().send())
                .await,
        )
    }
}

#[cfg(test)]
impl Live {
    /// A policy of a role.
    pub(crate) fn of(role: &str, name: &str, policy: Value) -> Self {
        Self {
            role_name: role.to_owned(),
            name: name.to_owned(),
            policy,
        }
    }
}

async fn read(aws: &Aws, role: &str, name: &str) -> Result<Option<Live>> {
    let request = aws.connection.clients.iam.get_role_policy();
    let request = request.role_name(role).policy_name(name);
    let answer = found(aws.call("iam:GetRolePolicy", || request.clone().send()).await)?;
    Ok(answer.map(|answer| Live {
        role_name: role.to_owned(),
        name: name.to_owned(),
        policy: policy::parse(answer.policy_document()),
    }))
}

/// The names of the inline policies of each of `roles` that exists.
async fn names_of<'a>(
    aws: &Aws,
    roles: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Vec<String>>> {
    let iam = &aws.connection.clients.iam;
    concurrently_found(roles, async |role| {
        let names = pages(async |marker| {
            let request = iam.list_role_policies().role_name(role).set_marker(marker);
            let page = aws
                .call("iam:ListRolePolicies", || request.clone().send())
                .await?;
            Ok((page.policy_names, page.marker))
        });
        Ok(found(names.await)?.map(|names| (role.to_owned(), names)))
    })
    .await
}

/// The roles among `roles` that carry the stack's tag.
async fn by_tag(aws: &Aws, roles: impl Iterator<Item = &String>) -> Result<Vec<String>> {
    concurrently_found(roles, async |name| {
        let request = aws.connection.clients.iam.get_role().role_name(name);
        let role = found(aws.call("iam:GetRole", || request.clone().send()).await)?;
        let role = role.and_then(|answer| answer.role);
        let tags: Tags = role.iter().flat_map(|role| role.tags()).map(pair).collect();
        let ours = aws.owns(&tags);
        Ok(ours.then(|| name.clone()))
    })
    .await
}

fn pair(tag: &aws_sdk_iam::types::Tag) -> (String, String) {
    (tag.key().to_owned(), tag.value().to_owned())
}

/// The only region of the functions' logs and queues, and of the buses that events are forwarded to: the stack's home.
fn home(policy: &Value) -> Option<Home> {
    let mut regions = BTreeSet::new();
    arns(policy, &mut |arn| {
        let mut parts = arn.split(':').skip(2);
        if let (Some("logs" | "sqs" | "events"), Some(region)) = (parts.next(), parts.next()) {
            regions.insert(region.to_owned());
        }
    });
    let only = regions.pop_first().filter(|_| regions.is_empty());
    only.map(Home::Seems)
}

/// Calls `each` for every ARN in a policy.
fn arns(policy: &Value, each: &mut impl FnMut(&str)) {
    match policy {
        Value::String(text) if text.starts_with("arn:") => each(text),
        Value::Array(items) => items.iter().for_each(|item| arns(item, each)),
        Value::Object(fields) => fields.values().for_each(|value| arns(value, each)),
        _ => {}
    }
}

fn full_name(role: &str, name: &str) -> String {
    format!("{role}/{name}")
}

fn orphan(live: &Live) -> NodeId {
    NodeId {
        kind: IamRolePolicy::KIND,
        key: full_name(&live.role_name, &live.name),
    }
}

#[cfg(test)]
mod tests;
