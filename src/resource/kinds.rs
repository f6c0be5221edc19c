//! The registry: one line for each kind.

use super::any::Kind;
use super::apigatewayv2_api::ApigatewayApi;
use super::apigatewayv2_integration::ApigatewayIntegration;
use super::apigatewayv2_route::ApigatewayRoute;
use super::apigatewayv2_stage::ApigatewayStage;
use super::cloudtrail_trail::CloudtrailTrail;
use super::cloudwatch_alarm::CloudwatchAlarm;
use super::cloudwatch_composite_alarm::CloudwatchCompositeAlarm;
use super::eventbridge_event_bus::EventbridgeEventBus;
use super::eventbridge_rule::EventbridgeRule;
use super::eventbridge_targets::EventbridgeTargets;
use super::iam_role::IamRole;
use super::iam_role_policy::IamRolePolicy;
use super::kms_alias::KmsAlias;
use super::kms_key::KmsKey;
use super::lambda_event_invoke_config::LambdaEventInvokeConfig;
use super::lambda_event_source_mapping::LambdaEventSourceMapping;
use super::lambda_function::LambdaFunction;
use super::lambda_permission::LambdaPermission;
use super::log_group::LogGroup;
use super::logs_metric_filter::LogsMetricFilter;
use super::s3_bucket::S3Bucket;
use super::s3_bucket_policy::S3BucketPolicy;
use super::sns_subscription::SnsSubscription;
use super::sns_topic::SnsTopic;
use super::sqs_queue::SqsQueue;
#[cfg(test)]
use super::world::{alias::Alias, entry::Entry, group::Group, key::Key};

/// Every kind that alertctl manages.
pub const KINDS: &[Kind] = &[
    Kind::of::<ApigatewayApi>(),
    Kind::of::<ApigatewayIntegration>(),
    Kind::of::<ApigatewayRoute>(),
    Kind::of::<ApigatewayStage>(),
    Kind::of::<CloudtrailTrail>(),
    Kind::of::<CloudwatchAlarm>(),
    Kind::of::<CloudwatchCompositeAlarm>(),
    Kind::of::<EventbridgeEventBus>(),
    Kind::of::<EventbridgeRule>(),
    Kind::of::<EventbridgeTargets>(),
    Kind::of::<IamRole>(),
    Kind::of::<IamRolePolicy>(),
    Kind::of::<KmsAlias>(),
    Kind::of::<KmsKey>(),
    Kind::of::<LambdaEventInvokeConfig>(),
    Kind::of::<LambdaEventSourceMapping>(),
    Kind::of::<LambdaFunction>(),
    Kind::of::<LambdaPermission>(),
    Kind::of::<LogGroup>(),
    Kind::of::<LogsMetricFilter>(),
    Kind::of::<S3Bucket>(),
    Kind::of::<S3BucketPolicy>(),
    Kind::of::<SnsSubscription>(),
    Kind::of::<SnsTopic>(),
    Kind::of::<SqsQueue>(),
    #[cfg(test)]
    Kind::of::<Alias>(),
    #[cfg(test)]
    Kind::of::<Entry>(),
    #[cfg(test)]
    Kind::of::<Group>(),
    #[cfg(test)]
    Kind::of::<Key>(),
];

/// The kind with this name.
///
/// # Panics
/// If there is none: node ids are built only from the kinds' own names.
pub fn kind(name: &str) -> &'static Kind {
    find(name).expect("a node id names a registered kind")
}

/// The kind of this name, if there is one.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
