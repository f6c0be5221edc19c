//! The registry: one line a kind.

use super::any::Kind;
use super::cloudwatch_alarm::CloudwatchAlarm;
use super::iam_role::IamRole;
use super::iam_role_policy::IamRolePolicy;
use super::kms_alias::KmsAlias;
use super::kms_key::KmsKey;
use super::lambda_event_invoke_config::LambdaEventInvokeConfig;
use super::lambda_function::LambdaFunction;
use super::lambda_permission::LambdaPermission;
use super::log_group::LogGroup;
use super::sns_subscription::SnsSubscription;
use super::sns_topic::SnsTopic;
use super::sqs_queue::SqsQueue;

/// Every kind this tool manages.
pub const KINDS: &[Kind] = &[
    Kind::of::<CloudwatchAlarm>(),
    Kind::of::<IamRole>(),
    Kind::of::<IamRolePolicy>(),
    Kind::of::<KmsAlias>(),
    Kind::of::<KmsKey>(),
    Kind::of::<LambdaEventInvokeConfig>(),
    Kind::of::<LambdaFunction>(),
    Kind::of::<LambdaPermission>(),
    Kind::of::<LogGroup>(),
    Kind::of::<SnsSubscription>(),
    Kind::of::<SnsTopic>(),
    Kind::of::<SqsQueue>(),
];

/// The kind with this name.
///
/// # Panics
/// When there is none: node ids are made from the kinds' own names only.
pub fn kind(name: &str) -> &'static Kind {
    KINDS
        .iter()
        .find(|kind| kind.name == name)
        .expect("a node id names a registered kind")
}
