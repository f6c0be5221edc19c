//! An IAM role.
//!
//! The tagging index does not contain roles, so a stack's roles are found by their path.

use std::collections::BTreeSet;

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_iam::types::Tag;
use serde_json::Value;

use crate::aws::concurrently;
use crate::aws::fault::gone;
use crate::aws::policy::Policy;
use crate::aws::run::{self, Mark};
use crate::aws::tags::{HOME_TAG, REGION_TAG};
use crate::resource::access::Access;
use crate::resource::{
    About, Aws, Changes, ClaimOrder, Context, Fault, Fields, Handling, Home, Known, Observed, Output,
    Presence, Regions, Resource, Result, Tags, Text, Wanted, converge, tags,
};

mod access;
mod boundary;
pub mod claim;
mod find;
mod read;
mod strip;
mod template;

pub use boundary::BOUNDARY_TAG;
pub use template::exported;

pub use find::home;
pub(in crate::resource) use find::list_owned;
use find::of_functions;
use read::{attached, read};
use strip::{detach, strip};

/// The desired role.
#[derive(Debug, Clone)]
pub struct IamRole {
    pub name: String,
    /// `/alertctl/<stack>/`
    pub path: String,
    pub description: String,
    /// Who may assume it.
    pub trust: Policy,
    /// The ARN of the permissions boundary. It goes together with [`BOUNDARY_TAG`].
    pub permissions_boundary: Option<Text>,
    pub tags: Tags,
}

/// A role as it is. Its session duration is left alone, and so is a permissions boundary that others set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    path: String,
    arn: String,
    /// `AROA…`. A re-created role with the same name has another id.
    id: String,
    description: String,
    trust: Value,
    /// ARNs of attached managed policies, sorted. alertctl attaches none.
    attached_policies: Vec<String>,
    /// Set only if the boundary is the stack's.
    permissions_boundary: Option<String>,
    tags: Tags,
    /// The marks of runs that have not ended. They do not count as a difference.
    marks: Vec<Mark>,
}

impl Resource for IamRole {
    const KIND: &'static str = "iam-role";
    const IMMUTABLE: &'static [&'static str] = &["path"];
    const HANDLING: Handling = Handling {
        // A function needs its role until it is deleted: it still works, and parks what it could not deliver. A role
        // that forwards from another region leads alertctl to that region, so it stays as long as any resource is left
        // there.
        deleted_after: &[
            "lambda-function",
            "lambda-event-invoke-config",
            "eventbridge-targets",
            "eventbridge-rule",
            "sqs-queue",
            "cloudwatch-alarm",
            "cloudwatch-composite-alarm",
            "cloudwatch-log-alarm",
            "iam-role-policy",
            "cloudtrail-trail",
        ],
        regions: Regions::Global,
        claim: ClaimOrder::Claims,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = access::ACCESS;
    type Live = Live;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn arn(&self) -> Option<Text> {
        Some(Text::global_arn("iam", format!("role{}{}", self.path, self.name)))
    }

    fn uses(&self, access: &Access) -> bool {
        let bounded = access.when == [access::BOUNDED];
        match self.permissions_boundary {
            // A caller who may create roles without a boundary is not bounded.
            Some(_) => bounded || access.actions != ["iam:CreateRole"],
            None => !bounded,
        }
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        let named = concurrently(wanted, |wanted| read(aws, &wanted.desired.name));
        let (named, listed, adopted): (Vec<_>, _, _) =
            futures::try_join!(named, list_owned(aws), of_functions(aws))?;
        let names: BTreeSet<_> = listed.iter().map(|role| role.role_name.clone()).collect();
        let left: BTreeSet<_> = names
            .into_iter()
            .chain(adopted)
            .filter(|name| !wanted.iter().any(|wanted| wanted.desired.name == *name))
            .collect();
        let left: Vec<_> = concurrently(left, async |name| read(aws, &name).await).await?;
        let owned = left.into_iter().filter_map(|presence| match presence {
            Presence::Ours(live) => Some((tags::node(Self::KIND, &live.tags, &live.name), live)),
            Presence::Foreign(_) | Presence::Absent => None,
        });
        Ok(Observed {
            wanted: named,
            orphans: owned.collect(),
        })
    }

    fn fields(&self, known: &Known) -> Fields {
        let Self {
            name,
            path,
            description,
            trust,
            permissions_boundary,
            tags,
        } = self;
        Fields::default()
            .set("name", name.as_str())
            .set("path", path.as_str())
            .set("description", description.as_str())
            .policy("trust", trust, known)
            .set("attached_policies", Value::Array(Vec::new()))
            .text_some("permissions_boundary", permissions_boundary.as_ref(), known)
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            path,
            arn: _,
            id: _,
            description,
            trust,
            attached_policies,
            permissions_boundary,
            tags,
            marks: _,
        } = live;
        Fields::default()
            .set("name", name.as_str())
            .set("path", path.as_str())
            .set("description", description.as_str())
            .set("trust", trust.clone())
            .set("attached_policies", attached_policies.clone())
            .set_some("permissions_boundary", permissions_boundary.as_deref())
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output {
            arn: live.arn.clone(),
            id: live.id.clone(),
        }
    }

    fn console_page(name: &str, _output: &Output, region: &str) -> Option<String> {
        let fragment = format!("/roles/details/{}", encode_fragment(name));
        console_page(region, "iam/home", &fragment)
    }

    fn about(live: &Live) -> About {
        About {
            home: live.tags.get(HOME_TAG).cloned().map(Home::Is),
            other_region: live.tags.get(REGION_TAG).cloned(),
            marks: live.marks.clone(),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let (trust, boundary) = (cx.policy(&self.trust)?, self.boundary(cx)?);
        let mut tags = self.tags.clone();
        // Of several runs that create the stack, only one can create this role. The mark tells it from the others.
        tags.extend(cx.claim.then(|| Mark::first(&cx.aws.run).tag()));
        let iam = &cx.aws.connection.clients.iam;
        let request = iam
            .create_role()
            .role_name(&self.name)
            .path(&self.path)
            .description(&self.description)
            .assume_role_policy_document(&trust)
            .set_permissions_boundary(boundary.clone())
            .set_tags(Some(listed(&tags)));
        let role = match cx.aws.call("iam:CreateRole", || request.clone().send()).await {
            Err(fault) if fault.is(&["EntityAlreadyExists", "EntityAlreadyExistsException"]) => {
                // After a lost answer or a retry the role may already exist: it is ours only if its tags say so.
                let Presence::Ours(live) = read(cx.aws, &self.name).await? else {
                    return Err(fault);
                };
                let own = live.marks.iter().any(|mark| mark.run == cx.aws.run);
                if cx.claim && !own {
                    let what = format!("it created the role `{}` a moment ago", self.name);
                    return Err(run::another(&cx.aws.stack, &what));
                }
                return converge(self, live, cx).await;
            }
            Err(fault) if fault.is(&["LimitExceeded", "LimitExceededException"]) => {
                return Err(fault.hint(
                    "the account's quota of IAM roles is used up: ask for more in Service Quotas, or delete roles",
                ));
            }
            result => result.map_err(boundary::explain)?.role,
        };
        let role =
            role.ok_or_else(|| Fault::new("iam:CreateRole", "NoRole", "the response names no role"))?;
        Ok(Live {
            trust: self.trust.render(&cx.known).map_err(Context::too_early)?,
            permissions_boundary: boundary,
            tags: self.tags.clone(),
            ..Live::of(cx.aws, &role).await?
        })
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        let iam = &cx.aws.connection.clients.iam;
        let (boundary, bounds) = (self.boundary(cx)?, changes.touch("permissions_boundary"));
        if bounds && boundary.is_none() {
            // Before the tag is removed that says who set the boundary.
            boundary::remove(cx, &self.name).await?;
        }
        // Ownership first: if a later call fails, the next run finishes the rest.
        self.put_tags(&live, cx).await?;
        if let Some(arn) = boundary.as_ref().filter(|_| bounds) {
            boundary::put(cx, &self.name, arn).await?;
        }
        if changes.touch("trust") {
            let trust = cx.policy(&self.trust)?;
            let request = iam.update_assume_role_policy().role_name(&self.name);
            let request = request.policy_document(&trust);
            cx.aws
                .call("iam:UpdateAssumeRolePolicy", || request.clone().send())
                .await?;
        }
        if changes.touch("description") {
            // UpdateRole would reset the session duration to one hour.
            let request = iam.update_role_description().role_name(&self.name);
            let request = request.description(&self.description);
            cx.aws
                .call("iam:UpdateRoleDescription", || request.clone().send())
                .await?;
        }
        if changes.touch("attached_policies") {
            for arn in &live.attached_policies {
                detach(cx, &self.name, arn).await?;
            }
        }
        Ok(Live {
            description: self.description.clone(),
            trust: self.trust.render(&cx.known).map_err(Context::too_early)?,
            attached_policies: Vec::new(),
            permissions_boundary: boundary,
            tags: self.tags.clone(),
            ..live
        })
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let iam = &cx.aws.connection.clients.iam;
        let request = iam.delete_role().role_name(&live.name);
        // The role's own policies are separate resources and already deleted. Anything else attached to it is rare.
        if gone(cx.aws.attempt("iam:DeleteRole", request.clone().send()).await).is_ok()
            || !strip(cx, &live.name).await?
        {
            return Ok(());
        }
        // IAM may still see for a while what was just detached from the role.
        gone(cx.aws.call("iam:DeleteRole", || request.clone().send()).await)
    }
}

impl IamRole {
    async fn put_tags(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let iam = &cx.aws.connection.clients.iam;
        tags::sync(
            &live.tags,
            &self.tags,
            async |remove| {
                let request = iam.untag_role().role_name(&self.name);
                let request = request.set_tag_keys(Some(remove));
                cx.aws.call("iam:UntagRole", || request.clone().send()).await
            },
            async |put| {
                let request = iam.tag_role().role_name(&self.name);
                let request = request.set_tags(Some(listed(&put)));
                cx.aws.call("iam:TagRole", || request.clone().send()).await
            },
        )
        .await
    }
}

fn listed(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().flat_map(tag).collect()
}

#[cfg(test)]
mod tests;
