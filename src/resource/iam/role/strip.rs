//! Detaches from a role everything that prevents its deletion.

use super::{Context, Result, attached};
use crate::aws::call::pages;
use crate::aws::fault::{found, gone};

pub(super) async fn detach(cx: &Context<'_>, name: &str, arn: &str) -> Result<()> {
    let request = cx.aws.connection.clients.iam.detach_role_policy();
    let request = request.role_name(name).policy_arn(arn);
    let detached = cx.aws.call("iam:DetachRolePolicy", || request.clone().send());
    gone(detached.await)
}

/// Detaches everything that prevents IAM from deleting the role. Returns false if the role is already gone.
pub(super) async fn strip(cx: &Context<'_>, name: &str) -> Result<bool> {
    let iam = &cx.aws.connection.clients.iam;
    let inline = async {
        let names = pages(async |marker| {
            let request = iam.list_role_policies().role_name(name).set_marker(marker);
            let page = cx.aws.call("iam:ListRolePolicies", || request.clone().send());
            let page = page.await?;
            Ok((page.policy_names, page.marker))
        });
        found(names.await)
    };
    let profiles = async {
        let profiles = pages(async |marker| {
            let request = iam.list_instance_profiles_for_role().role_name(name);
            let request = request.set_marker(marker);
            let page = cx
                .aws
                .call("iam:ListInstanceProfilesForRole", || request.clone().send());
            let page = page.await?;
            Ok((page.instance_profiles, page.marker))
        });
        found(profiles.await)
    };
    let (attached, inline, profiles) = futures::try_join!(attached(cx.aws, name), inline, profiles)?;
    let (Some(inline), Some(profiles)) = (inline, profiles) else {
        return Ok(false);
    };
    for arn in attached {
        detach(cx, name, &arn).await?;
    }
    for policy in inline {
        let request = iam.delete_role_policy().role_name(name).policy_name(policy);
        let deleted = cx.aws.call("iam:DeleteRolePolicy", || request.clone().send());
        gone(deleted.await)?;
    }
    for profile in profiles {
        let request = iam.remove_role_from_instance_profile().role_name(name);
        let request = request.instance_profile_name(profile.instance_profile_name());
        let removed = cx
            .aws
            .call("iam:RemoveRoleFromInstanceProfile", || request.clone().send());
        gone(removed.await)?;
    }
    Ok(true)
}
