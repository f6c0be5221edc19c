//! The permissions boundary of a role: the maximum permissions, whatever its policies allow.
//!
//! A tag marks a boundary that the stack set, because organizations set boundaries too: a boundary that the stack
//! file does not name is left alone.

use aws_sdk_iam::types::Role;

use super::{Context, Fault, IamRole, Result};
use crate::aws::fault::gone;

/// On a role whose boundary comes from the stack file.
pub const BOUNDARY_TAG: &str = "alertctl:boundary";

/// The boundary of a role, if the stack set it.
pub(super) fn of(role: &Role) -> Option<String> {
    role.tags().iter().find(|tag| tag.key() == BOUNDARY_TAG)?;
    let boundary = role.permissions_boundary()?;
    boundary.permissions_boundary_arn().map(str::to_owned)
}

impl IamRole {
    /// The ARN of the wanted boundary.
    pub(super) fn boundary(&self, cx: &Context<'_>) -> Result<Option<String>> {
        let boundary = self.permissions_boundary.as_ref();
        boundary.map(|arn| cx.text(arn)).transpose()
    }
}

pub(super) async fn put(cx: &Context<'_>, role: &str, arn: &str) -> Result<()> {
    let put = cx.aws.connection.clients.iam.put_role_permissions_boundary();
    let request = put.role_name(role).permissions_boundary(arn);
    let put = cx
        .aws
        .call("iam:PutRolePermissionsBoundary", || request.clone().send());
    put.await.map(drop).map_err(explain)
}

pub(super) async fn remove(cx: &Context<'_>, role: &str) -> Result<()> {
    let delete = cx.aws.connection.clients.iam.delete_role_permissions_boundary();
    let request = delete.role_name(role);
    let deleted = cx
        .aws
        .call("iam:DeleteRolePermissionsBoundary", || request.clone().send());
    gone(deleted.await)
}

/// "Scope ARN: … does not exist or is not attachable."
pub(super) fn explain(fault: Fault) -> Fault {
    match fault.not_found() && fault.message.contains("Scope ARN") {
        true => fault.hint(
            "correct `role_permissions_boundary:` in the stack file: it is the ARN of a managed policy in this account",
        ),
        false => fault,
    }
}
