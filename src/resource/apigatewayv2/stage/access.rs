//! The permissions for this kind.

use crate::resource::access::{ANY, Access, BECOMES_OURS, OURS};

const ALL: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages";
const ONE: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*";
const LOG: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*/accesslogsettings";
const ROUTES: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*/routesettings/*";
const TAGS: &str = "arn:{partition}:apigateway:{region}::/tags/*";
/// Calls to CloudWatch Logs that API Gateway makes with the caller's permissions when an access log is enabled.
const LOG_DELIVERY: &[&str] = &[
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];
/// The same for removing an access log, alone or with its stage. Without these permissions the stage cannot be
/// deleted.
const LOG_DELIVERY_END: &[&str] = &[
    "logs:DeleteLogDelivery",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
];

/// True for permissions that only an access log needs.
pub(super) fn is_for_log(access: &Access) -> bool {
    [LOG_DELIVERY, LOG_DELIVERY_END].contains(&access.actions)
}

pub(super) const ACCESS: &[Access] = &[
    Access::read(&["apigateway:GET"], &[ALL]).by(&["apigateway:GetStages"]),
    Access::write(&["apigateway:POST"], &[ALL])
        .when(&[BECOMES_OURS])
        .by(&["apigateway:CreateStage"]),
    Access::write(&["apigateway:POST"], &[TAGS])
        .by(&["apigateway:CreateStage"])
        .because("the ARN in it is not known before the API exists"),
    // Creating a stage with tags requires this action by its name, instead of an HTTP verb:
    // <https://github.com/hashicorp/terraform-provider-aws/issues/20634>.
    Access::write(&["apigateway:TagResource"], &[ALL, ONE])
        .by(&["apigateway:CreateStage"])
        .because("AWS requires it without documenting it or its conditions"),
    Access::change(&["apigateway:UntagResource"], &[ALL, ONE])
        .by(&["apigateway:UpdateStage"])
        .because("AWS requires it without documenting it or its conditions"),
    Access::change(&["apigateway:DELETE"], &[TAGS])
        .by(&["apigateway:UpdateStage"])
        .because("the ARN in it is not known before the API exists"),
    Access::change(&["apigateway:PATCH"], &[ONE])
        .when(&[OURS])
        .by(&["apigateway:UpdateStage"]),
    Access::change(&["apigateway:DELETE"], &[LOG, ROUTES])
        .by(&[
            "apigateway:DeleteAccessLogSettings",
            "apigateway:DeleteRouteSettings",
        ])
        .because("only APIs and stages have tags"),
    // The permissions for the access log of an HTTP API:
    // <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html>.
    Access::write(LOG_DELIVERY, ANY)
        .by(&["apigateway:CreateStage", "apigateway:UpdateStage"])
        .because("CloudWatch Logs has no resource type for deliveries and resource policies"),
    Access::delete(LOG_DELIVERY_END, ANY)
        .by(&["apigateway:DeleteStage"])
        .because("CloudWatch Logs has no resource type for deliveries and resource policies"),
    Access::delete(&["apigateway:DELETE"], &[ONE])
        .when(&[OURS])
        .by(&["apigateway:DeleteStage"]),
];
