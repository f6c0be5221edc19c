//! The registry: one line for each kind.

use super::any::Kind;
use super::apigatewayv2::api::ApigatewayApi;
use super::apigatewayv2::integration::ApigatewayIntegration;
use super::apigatewayv2::route::ApigatewayRoute;
use super::apigatewayv2::stage::ApigatewayStage;
use super::cloudformation::stack::CloudformationStack;
use super::cloudformation::stack_set::CloudformationStackSet;
use super::cloudtrail::trail::CloudtrailTrail;
use super::cloudwatch::alarm::CloudwatchAlarm;
use super::cloudwatch::alarm_mute_rule::CloudwatchAlarmMuteRule;
use super::cloudwatch::composite_alarm::CloudwatchCompositeAlarm;
use super::cloudwatch::log_alarm::CloudwatchLogAlarm;
use super::dynamodb::table::DynamodbTable;
use super::eventbridge::event_bus::EventbridgeEventBus;
use super::eventbridge::rule::EventbridgeRule;
use super::eventbridge::targets::EventbridgeTargets;
use super::iam::role::IamRole;
use super::iam::role_policy::IamRolePolicy;
use super::kms::alias::KmsAlias;
use super::kms::key::KmsKey;
use super::lambda::event_invoke_config::LambdaEventInvokeConfig;
use super::lambda::event_source_mapping::LambdaEventSourceMapping;
use super::lambda::function::LambdaFunction;
use super::lambda::permission::LambdaPermission;
use super::logs::log_group::LogGroup;
use super::logs::metric_filter::LogsMetricFilter;
use super::s3::bucket::S3Bucket;
use super::s3::bucket_policy::S3BucketPolicy;
use super::sns::subscription::SnsSubscription;
use super::sns::topic::SnsTopic;
use super::sqs::queue::SqsQueue;

/// Every kind that alertctl manages.
pub const KINDS: &[Kind] = &[
    Kind::of::<ApigatewayApi>(),
    Kind::of::<ApigatewayIntegration>(),
    Kind::of::<ApigatewayRoute>(),
    Kind::of::<ApigatewayStage>(),
    Kind::of::<CloudformationStack>(),
    Kind::of::<CloudformationStackSet>(),
    Kind::of::<CloudtrailTrail>(),
    Kind::of::<CloudwatchAlarm>(),
    Kind::of::<CloudwatchAlarmMuteRule>(),
    Kind::of::<CloudwatchCompositeAlarm>(),
    Kind::of::<CloudwatchLogAlarm>(),
    Kind::of::<DynamodbTable>(),
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
];

#[cfg(not(test))]
const IN_MEMORY: &[Kind] = &[];
#[cfg(test)]
const IN_MEMORY: &[Kind] = super::tests::world::KINDS;

/// The kinds that node ids can have: [`KINDS`], and in tests also the kinds of the account in memory.
pub fn all() -> impl DoubleEndedIterator<Item = &'static Kind> {
    KINDS.iter().chain(IN_MEMORY)
}

/// The kind with this name.
///
/// # Panics
/// If there is none: node ids are built only from the kinds' own names.
pub fn kind(name: &str) -> &'static Kind {
    find(name).expect("a node id names a registered kind")
}

/// The kind of this name, if there is one.
pub fn find(name: &str) -> Option<&'static Kind> {
    // From the end, where the kinds in memory are: the engine's property test asks for them millions of times.
    all().rfind(|kind| kind.name == name)
}
