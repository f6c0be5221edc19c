//! The common parts of all roles of a stack.

use super::Build;
use crate::aws::Text;
use crate::aws::policy::{Policy, Statement};
use crate::aws::tags::REGION_TAG;
use crate::resource::Ref;
use crate::resource::iam::role::{BOUNDARY_TAG, IamRole};

/// A role to add.
pub(super) struct Role<'a> {
    pub name: String,
    pub description: String,
    /// Who may assume it.
    pub trust: Statement,
    /// The other region that the role marks for later runs.
    pub region: Option<&'a str>,
}

impl Build<'_> {
    /// Adds a role, under the stack's path and with the permissions boundary from the stack file.
    pub(super) fn role(&mut self, key: &str, role: Role<'_>) -> Ref<IamRole> {
        let boundary = self.stack.role_permissions_boundary.as_deref();
        let mut tags = self.role_tags(key);
        tags.extend(
            role.region
                .map(|region| (REGION_TAG.to_owned(), region.to_owned())),
        );
        tags.extend(boundary.map(|_| (BOUNDARY_TAG.to_owned(), "stack-file".to_owned())));
        self.graph.add(
            key,
            IamRole {
                name: role.name,
                path: self.names.role_path(),
                description: role.description,
                trust: Policy::of([role.trust]),
                permissions_boundary: boundary.map(Text::with_account),
                tags,
            },
        )
    }
}
