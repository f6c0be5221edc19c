//! Instances and functions: EC2 and Lambda.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html>

use super::Dimension::{self, Given};
use super::{Row, Service, Watched, metric, query};
use crate::stack::model::AlarmPreset;
use crate::stack::model::Comparison::{Above, AtLeast, Below};
use crate::stack::model::TreatMissingData::{Missing, NotBreaching};

const INSTANCE: &[Dimension] = &[Given("InstanceId")];
const FUNCTION: &[Dimension] = &[Given("FunctionName")];

pub const EC2: Service = Service {
    preset: AlarmPreset::Ec2,
    required: &["InstanceId"],
    optional: &[],
    region: None,
    rows: EC2_ROWS,
};

const EC2_ROWS: &[Row] = &[
    Row {
        name: "status-check",
        is_extra: false,
        description: "The host or the operating system fails its status checks: see which of the two it is, then the system log.",
        watched: metric("AWS/EC2", "StatusCheckFailed", "Maximum"),
        dimensions: INSTANCE,
        period: 300,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: Some((AtLeast, 1.0)),
        missing: Missing,
    },
    Row {
        name: "ebs-status-check",
        is_extra: false,
        description: "The instance has not reached one of its volumes for ten minutes: check the state of the volume, and AWS Health.",
        watched: metric("AWS/EC2", "StatusCheckFailed_AttachedEBS", "Maximum"),
        dimensions: INSTANCE,
        period: 60,
        evaluation_periods: 10,
        datapoints_to_alarm: 10,
        threshold: Some((AtLeast, 1.0)),
        missing: Missing,
    },
    Row {
        name: "cpu",
        is_extra: false,
        description: "The CPU has been used over 80 % for 15 minutes: find the process, or spread the load.",
        watched: metric("AWS/EC2", "CPUUtilization", "Average"),
        dimensions: INSTANCE,
        period: 300,
        evaluation_periods: 3,
        datapoints_to_alarm: 3,
        threshold: Some((Above, 80.0)),
        missing: Missing,
    },
    Row {
        name: "ebs-io-balance",
        is_extra: true,
        description: "The burst of disk operations is almost spent, so the instance will soon be as slow as its baseline: find what reads or writes much.",
        watched: metric("AWS/EC2", "EBSIOBalance%", "Minimum"),
        dimensions: INSTANCE,
        period: 300,
        evaluation_periods: 3,
        datapoints_to_alarm: 3,
        threshold: Some((Below, 10.0)),
        missing: Missing,
    },
    Row {
        name: "ebs-byte-balance",
        is_extra: true,
        description: "The burst of disk throughput is almost spent, so the instance will soon be as slow as its baseline: find what reads or writes much.",
        watched: metric("AWS/EC2", "EBSByteBalance%", "Minimum"),
        dimensions: INSTANCE,
        period: 300,
        evaluation_periods: 3,
        datapoints_to_alarm: 3,
        threshold: Some((Below, 10.0)),
        missing: Missing,
    },
];

pub const LAMBDA: Service = Service {
    preset: AlarmPreset::Lambda,
    required: &["FunctionName"],
    optional: &[],
    region: None,
    rows: LAMBDA_ROWS,
};

const LAMBDA_ROWS: &[Row] = &[
    Row {
        name: "error-rate",
        is_extra: false,
        description: "More than 5 % of the calls of five minutes have failed: check the function's log and its last deployment.",
        watched: Watched::Math {
            expression: "errors / invocations * 100",
            namespace: "AWS/Lambda",
            queries: &[
                query("errors", "Errors", "Sum"),
                query("invocations", "Invocations", "Sum"),
            ],
        },
        dimensions: FUNCTION,
        period: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 5.0)),
        missing: NotBreaching,
    },
    Row {
        name: "throttles",
        is_extra: false,
        description: "For five minutes calls have been turned away: check the reserved concurrency, then the account's limit.",
        watched: metric("AWS/Lambda", "Throttles", "Sum"),
        dimensions: FUNCTION,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((AtLeast, 1.0)),
        missing: NotBreaching,
    },
    Row {
        name: "dropped-events",
        is_extra: false,
        description: "Asynchronous events were given up after all retries: check the errors, then the failure destination or the dead-letter queue.",
        watched: metric("AWS/Lambda", "AsyncEventsDropped", "Sum"),
        dimensions: FUNCTION,
        period: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "dlq-errors",
        is_extra: false,
        description: "A failed event could not be put into the dead-letter queue and is lost: check the function's permissions and the size of its events.",
        watched: metric("AWS/Lambda", "DeadLetterErrors", "Sum"),
        dimensions: FUNCTION,
        period: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "destination-errors",
        is_extra: false,
        description: "The result of a call could not be delivered to its destination: check the function's permissions and the size of its results.",
        watched: metric("AWS/Lambda", "DestinationDeliveryFailures", "Sum"),
        dimensions: FUNCTION,
        period: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "recursion",
        is_extra: false,
        description: "Lambda has stopped the function because it kept calling itself through a queue, a topic or a bucket: break that loop.",
        watched: metric("AWS/Lambda", "RecursiveInvocationsDropped", "Sum"),
        dimensions: FUNCTION,
        period: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "errors",
        is_extra: true,
        description: "The function has failed in three minutes in a row: check its log.",
        watched: metric("AWS/Lambda", "Errors", "Sum"),
        dimensions: FUNCTION,
        period: 60,
        evaluation_periods: 3,
        datapoints_to_alarm: 3,
        threshold: Some((AtLeast, 1.0)),
        missing: NotBreaching,
    },
    Row {
        name: "iterator-age",
        is_extra: true,
        description: "Records of the stream have waited over an hour for 15 minutes: look for one that fails again and again.",
        watched: metric("AWS/Lambda", "IteratorAge", "Maximum"),
        dimensions: FUNCTION,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((Above, 3_600_000.0)),
        missing: NotBreaching,
    },
];
