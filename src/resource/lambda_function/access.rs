//! Who may do what with it.

use crate::resource::access::{Access, Condition, FUNCTION, KEYS, OURS, OWN_ROLES};

/// Lambda encrypts and decrypts the environment in the name of who asks.
const THROUGH_LAMBDA: Condition = ("StringEquals", "kms:ViaService", "lambda.{region}.amazonaws.com");
/// The same by the address that Lambda has there. Which of the two KMS compares with outside of the largest partition
/// AWS does not say, so both are let in; where they are one, so are the statements.
const AT_ITS_ADDRESS: Condition = ("StringEquals", "kms:ViaService", "lambda.{region}.{dns}");

/// What comes out is a ciphertext of the same key, which is as good to its reader as the one that went in.
const ON_SAME_KEY: Condition = ("Bool", "kms:ReEncryptOnSameKey", "true");

pub(super) const ACCESS: &[Access] = &[
    Access::read(&["lambda:GetFunction", "lambda:ListTags"], &[FUNCTION]),
    Access::read(&["kms:Decrypt"], &[KEYS])
        .when(&[OURS, THROUGH_LAMBDA])
        .by(&["lambda:GetFunction"]),
    // Whether the function can decrypt its webhooks is asked without having them decrypted.
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
