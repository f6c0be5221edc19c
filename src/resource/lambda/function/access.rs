//! The permissions for this kind.

use crate::resource::access::{Access, Condition, FUNCTION, KEYS, OURS, OWN_ROLES};

/// Lambda encrypts and decrypts the environment with the caller's permissions.
const THROUGH_LAMBDA: Condition = ("StringEquals", "kms:ViaService", "lambda.{region}.amazonaws.com");
/// The same with Lambda's regional address. AWS does not say which of the two values KMS uses outside of the largest
/// partition, so both are allowed. If they are equal, so are the statements.
const AT_ITS_ADDRESS: Condition = ("StringEquals", "kms:ViaService", "lambda.{region}.{dns}");

/// The result is a ciphertext of the same key, which reveals no more to the caller than the original.
const ON_SAME_KEY: Condition = ("Bool", "kms:ReEncryptOnSameKey", "true");

pub(super) const ACCESS: &[Access] = &[
    Access::read(&["lambda:GetFunction", "lambda:ListTags"], &[FUNCTION]),
    Access::read(&["kms:Decrypt"], &[KEYS])
        .when(&[OURS, THROUGH_LAMBDA])
        .by(&["lambda:GetFunction"]),
    // Checks whether the function can decrypt its addresses without decrypting them.
    Access::check(&["kms:ReEncryptFrom", "kms:ReEncryptTo"], &[KEYS])
        .when(&[OURS, ON_SAME_KEY])
        .by(&["kms:ReEncrypt"]),
    Access::read(&["kms:Decrypt"], &[KEYS])
        .when(&[OURS, AT_ITS_ADDRESS])
        .by(&["lambda:GetFunction"]),
    Access::write(
        &[
            "lambda:CreateFunction",
            "lambda:PutFunctionConcurrency",
            "lambda:TagResource",
        ],
        &[FUNCTION],
    ),
    Access::change(
        &[
            "lambda:DeleteFunctionConcurrency",
            "lambda:UntagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
        ],
        &[FUNCTION],
    ),
    Access::write(&["kms:Encrypt"], &[KEYS]).when(&[OURS]),
    Access::write(&["kms:CreateGrant"], &[KEYS])
        .when(&[OURS, THROUGH_LAMBDA])
        .by(&["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"]),
    Access::write(&["kms:CreateGrant"], &[KEYS])
        .when(&[OURS, AT_ITS_ADDRESS])
        .by(&["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"]),
    Access::write(&["iam:PassRole"], &[OWN_ROLES])
        .when(&[("StringEquals", "iam:PassedToService", "lambda.amazonaws.com")])
        .by(&["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"]),
    Access::delete(&["lambda:DeleteFunction"], &[FUNCTION]),
];
