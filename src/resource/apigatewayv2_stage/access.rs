//! Who may do what with it.

use crate::resource::access::{ANY, Access, BECOMES_OURS, OURS};

const ALL: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages";
const ONE: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*";
const LOG: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*/accesslogsettings";
const ROUTES: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*/routesettings/*";
const TAGS: &str = "arn:{partition}:apigateway:{region}::/tags/*";
/// What API Gateway does with CloudWatch Logs in the name of who switches an access log on.
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
/// The same where an access log ends, on its own or with its stage: without these the stage stays.
const LOG_DELIVERY_END: &[&str] = &[
    "logs:DeleteLogDelivery",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
];

/// True for what only an access log takes.
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
    // A stage that is made with tags asks for this action by its name, and for no verb in its place:
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
    // What the access log of an HTTP API takes:
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
