//! The permissions for the calls.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/security_iam_id-based-policy-examples.html>

use crate::resource::Access;
use crate::resource::access::ANY;

/// A delegated administrator's sets are in the management account, whose id is then in their ARNs.
const SETS: &[&str] = &[
    "arn:{partition}:cloudformation:{region}:*:stackset/{prefix}",
    "arn:{partition}:cloudformation:{region}:*:stackset/{prefix}:*",
];
/// What a change of instances is checked on: the set, the accounts and units that it reaches, the types of the template.
const REACHED: &[&str] = &[
    "arn:{partition}:cloudformation:{region}:*:stackset/{prefix}",
    "arn:{partition}:cloudformation:{region}:*:stackset/{prefix}:*",
    "arn:{partition}:cloudformation:*:*:stackset-target/*",
    "arn:{partition}:cloudformation:*::type/resource/AWS-*",
];
const WHY: &str = "a stack set's targets and the types in its template have no name of the stack";

/// The permissions to check the organization.
pub const ORGANIZATION: &[Access] = &[
    Access::check(
        &[
            "cloudformation:DescribeOrganizationsAccess",
            "organizations:DescribeOrganization",
        ],
        ANY,
    )
    .because("they are about the organization as a whole"),
    Access::check(&["organizations:ListDelegatedAdministrators"], ANY)
        .because("CloudFormation asks for the organization's delegated administrators as the caller")
        .by(&["cloudformation:DescribeOrganizationsAccess"]),
];

pub(super) const ROWS: &[Access] = &[
    Access::check(
        &[
            "cloudformation:DescribeOrganizationsAccess",
            "organizations:DescribeOrganization",
        ],
        ANY,
    )
    .because("they are about the organization as a whole"),
    Access::read(
        &[
            "cloudformation:DescribeStackSet",
            "cloudformation:ListStackInstances",
            "cloudformation:ListStackSetOperationResults",
            "cloudformation:ListStackSetOperations",
        ],
        SETS,
    ),
    Access::check(
        &["organizations:DescribeAccount", "organizations:ListAccounts"],
        ANY,
    )
    .because("any account may have joined or left the organization"),
    Access::read(&["organizations:ListDelegatedAdministrators"], ANY)
        .because("CloudFormation asks for the organization's delegated administrators as the caller")
        .by(&["cloudformation:DescribeStackSet"]),
    Access::write(&["cloudformation:CreateStackSet"], ANY)
        .because("a set that does not exist has no ARN yet"),
    Access::write(&["cloudformation:TagResource"], ANY)
        .because("a set that does not exist has no ARN yet")
        .by(&["cloudformation:CreateStackSet", "cloudformation:UpdateStackSet"]),
    Access::change(&["cloudformation:UntagResource"], SETS).by(&["cloudformation:UpdateStackSet"]),
    Access::write(
        &[
            "cloudformation:CreateStackInstances",
            "cloudformation:UpdateStackSet",
            "cloudformation:DeleteStackInstances",
        ],
        REACHED,
    )
    .because(WHY),
    Access::write(&["cloudformation:DescribeStackSetOperation"], SETS),
    Access::delete(
        &[
            "cloudformation:UpdateStackSet",
            "cloudformation:DeleteStackInstances",
        ],
        REACHED,
    )
    .because(WHY),
    Access::delete(
        &[
            "cloudformation:DescribeStackSetOperation",
            "cloudformation:StopStackSetOperation",
            "cloudformation:DeleteStackSet",
        ],
        SETS,
    ),
];
