//! Who may do what with it.

use crate::resource::access::{ANY, Access, BECOMES_OURS, OURS};

const ALL: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages";
const ONE: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*";
const LOG: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*/accesslogsettings";
const ROUTES: &str = "arn:{partition}:apigateway:{region}::/apis/*/stages/*/routesettings/*";
const TAGS: &str = "arn:{partition}:apigateway:{region}::/tags/*";
/// What API Gateway does with CloudWatch Logs in the name of who makes the stage.
pub(super) const LOG_DELIVERY: &[&str] = &[
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
];

pub(super) const ACCESS: &[Access] = &[
    Access::read(&["apigateway:GET"], &[ALL]).by(&["apigateway:GetStages"]),
    Access::write(&["apigateway:POST"], &[ALL])
        .when(&[BECOMES_OURS])
        .by(&["apigateway:CreateStage"]),
    Access::write(&["apigateway:POST"], &[TAGS])
        .by(&["apigateway:CreateStage"])
        .because("the ARN in it is not known before the API exists"),
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
        .because("only an API and a stage have tags"),
    // What the access log of an HTTP API takes:
    // <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html>.
    Access::write(LOG_DELIVERY, ANY)
        .by(&["apigateway:CreateStage", "apigateway:UpdateStage"])
        .because("CloudWatch Logs knows no resource for deliveries and resource policies"),
    Access::delete(&["apigateway:DELETE"], &[ONE])
        .when(&[OURS])
        .by(&["apigateway:DeleteStage"]),
];
