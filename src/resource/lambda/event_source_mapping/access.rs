//! The permissions for this kind.

use crate::resource::access::{ANY, Access, BECOMES_OURS, FUNCTION, OURS};

const MAPPING: &str = "arn:{partition}:lambda:{region}:{account}:event-source-mapping:*";
const QUEUES: &str = "arn:{partition}:sqs:{region}:{account}:{stack}-*";

pub(super) const ACCESS: &[Access] = &[
    Access::read(&["lambda:ListEventSourceMappings"], ANY).because("Lambda lists mappings as a whole"),
    Access::read(&["lambda:GetEventSourceMapping", "lambda:ListTags"], &[MAPPING])
        .because("Lambda assigns the ids; only a mapping's tags show whose it is"),
    Access::write(&["lambda:CreateEventSourceMapping"], ANY)
        .when(&[("ArnLike", "lambda:FunctionArn", FUNCTION)])
        .because("Lambda assigns the id; the function limits it"),
    Access::write(&["lambda:TagResource"], &[MAPPING])
        .when(&[BECOMES_OURS])
        .by(&["lambda:CreateEventSourceMapping"]),
    Access::change(
        &[
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:UpdateEventSourceMapping",
        ],
        &[MAPPING],
    )
    .when(&[OURS])
    .by(&["lambda:UpdateEventSourceMapping"]),
    Access::delete(&["sqs:GetQueueAttributes"], &[QUEUES]),
    Access::delete(&["lambda:DeleteEventSourceMapping"], &[MAPPING]).when(&[OURS]),
];
