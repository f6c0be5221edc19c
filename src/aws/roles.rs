//! The roles of stacks, found by their path: IAM's list does not contain tags.

use aws_sdk_iam::types::Role;

use super::call::{Aws, pages};
use super::fault::{Result, found};
use super::tags::HOME_TAG;

/// The path of the roles of all stacks: `/alertctl/<stack>/`.
pub(super) const ALL: &str = "/alertctl/";

/// The path of all roles that alertctl creates for a stack.
pub fn path_of(stack: &str) -> String {
    format!("{ALL}{stack}/")
}

/// Every role under this path, in all regions, without its tags.
///
/// # Errors
/// IAM refuses the list.
pub async fn under(aws: &Aws, path: &str) -> Result<Vec<Role>> {
    let roles = pages(async |marker| {
        let request = aws.connection.clients.iam.list_roles();
        let request = request.path_prefix(path).set_marker(marker);
        let page = aws.call("iam:ListRoles", || request.clone().send()).await?;
        Ok((page.roles, page.marker))
    });
    roles.await
}

/// The home region of a stack according to the tag of this role. `None` if the role has no such tag, or is gone.
///
/// # Errors
/// IAM refuses to show the role.
pub async fn home(aws: &Aws, role: &str) -> Result<Option<String>> {
    let request = aws.connection.clients.iam.get_role().role_name(role);
    let role = found(aws.call("iam:GetRole", || request.clone().send()).await)?;
    let role = role.and_then(|answer| answer.role);
    let mut tags = role.iter().flat_map(|role| role.tags());
    let home = tags.find(|tag| tag.key() == HOME_TAG);
    Ok(home.map(|tag| tag.value().to_owned()))
}
