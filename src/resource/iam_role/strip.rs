//! Takes off a role what keeps IAM from deleting it.

use super::{Cx, Result, attached};
use crate::aws::fault::{found, gone};

pub(super) async fn detach(cx: &Cx<'_>, name: &str, arn: &str) -> Result<()> {
    let send = cx.aws.connection.clients.iam.detach_role_policy();
    let send = send.role_name(name).policy_arn(arn).send();
    gone(cx.aws.call("iam:DetachRolePolicy", send).await)
}

/// Takes everything off a role that keeps IAM from deleting it; false when the role is gone already.
pub(super) async fn strip(cx: &Cx<'_>, name: &str) -> Result<bool> {
    let iam = &cx.aws.connection.clients.iam;
    let inline = async {
        let pages = iam.list_role_policies().role_name(name).into_paginator();
        let names = pages.items().send().collect::<Result<Vec<_>, _>>();
        found(cx.aws.call("iam:ListRolePolicies", names).await)
    };
    let profiles = async {
        let pages = iam
            .list_instance_profiles_for_role()
            .role_name(name)
            .into_paginator();
        let profiles = pages.items().send().collect::<Result<Vec<_>, _>>();
        found(cx.aws.call("iam:ListInstanceProfilesForRole", profiles).await)
    };
    let (attached, inline, profiles) = futures::try_join!(attached(cx.aws, name), inline, profiles)?;
    let (Some(inline), Some(profiles)) = (inline, profiles) else {
        return Ok(false);
    };
    for arn in attached {
        detach(cx, name, &arn).await?;
    }
    for policy in inline {
        let send = iam.delete_role_policy().role_name(name).policy_name(policy);
        gone(cx.aws.call("iam:DeleteRolePolicy", send.send()).await)?;
    }
    for profile in profiles {
        let send = iam.remove_role_from_instance_profile().role_name(name);
        let send = send.instance_profile_name(profile.instance_profile_name());
        gone(
            cx.aws
                .call("iam:RemoveRoleFromInstanceProfile", send.send())
                .await,
        )?;
    }
    Ok(true)
}
