//! The permissions for this kind.

use crate::resource::access::{ANY, Access, Condition, NAMED_ROLE, OURS, OWN_ROLES, Phase};

const FUNCTIONS: &str = "arn:{partition}:lambda:{region}:{account}:function:*";

/// Only with the permissions boundary that the stack file names.
pub(super) const BOUNDED: Condition = ("StringEquals", "iam:PermissionsBoundary", "{boundary}");

pub(super) const ACCESS: &[Access] = &[
    Access::read(
        &["iam:GetRole", "iam:ListAttachedRolePolicies"],
        &[OWN_ROLES, NAMED_ROLE],
    ),
    Access::read(&["iam:ListRoles"], ANY)
        .because("IAM lists roles as a whole")
        .always(),
    // An adopted role is not under the stack's path: its name is found through its function.
    Access::read(&["lambda:GetFunctionConfiguration"], &[FUNCTIONS])
        .when(&[OURS])
        .always(),
    Access::write(&["iam:CreateRole"], &[OWN_ROLES]),
    Access::write(&["iam:CreateRole"], &[OWN_ROLES]).when(&[BOUNDED]),
    // During a run, its mark is among the tags of a role.
    Access::write(&["iam:TagRole", "iam:UntagRole"], &[OWN_ROLES]),
    Access::change(&["iam:PutRolePermissionsBoundary"], &[OWN_ROLES]).when(&[BOUNDED]),
    // A caller who may remove a boundary is not bounded by it. So this is granted only temporarily, when it is
    // needed.
    Access::of(
        Phase::Exceptional,
        &["iam:DeleteRolePermissionsBoundary"],
        &[OWN_ROLES],
    ),
    Access::change(
        &[
            "iam:DetachRolePolicy",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRoleDescription",
        ],
        &[OWN_ROLES],
    ),
    Access::delete(
        &[
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
            "iam:TagRole",
            "iam:UntagRole",
        ],
        &[OWN_ROLES],
    ),
    Access::of(
        Phase::Exceptional,
        &["iam:RemoveRoleFromInstanceProfile"],
        &["arn:{partition}:iam::{account}:instance-profile/*"],
    ),
];
