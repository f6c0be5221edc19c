//! APIs and queues: API Gateway and SQS.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html>

use super::Dimension::{self, As, Given};
use super::{Row, Service, metric};
use crate::stack::model::AlarmPreset;
use crate::stack::model::Comparison::{Above, AtLeast};
use crate::stack::model::TreatMissingData::NotBreaching;

const REST: &[Dimension] = &[Given("ApiName"), Given("Stage")];
const HTTP: &[Dimension] = &[Given("ApiId"), Given("Stage")];
const QUEUE: &[Dimension] = &[Given("QueueName")];
const DEAD_LETTERS: &[Dimension] = &[As("QueueName", "DeadLetterQueueName")];

pub const APIGATEWAY: Service = Service {
    preset: AlarmPreset::Apigateway,
    required: &["ApiName", "Stage"],
    optional: &[],
    region: None,
    rows: APIGATEWAY_ROWS,
};

const APIGATEWAY_ROWS: &[Row] = &[
    Row {
        name: "4xx",
        is_extra: false,
        description: "For five minutes over 5 % of the requests have been refused as the client's fault: look for a broken client, expired credentials or throttling.",
        watched: metric("AWS/ApiGateway", "4XXError", "Average"),
        dimensions: REST,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.05)),
        missing: NotBreaching,
    },
    Row {
        name: "5xx",
        is_extra: false,
        description: "For three minutes over 5 % of the requests have failed in the API: check the log and the time-outs of the integration.",
        watched: metric("AWS/ApiGateway", "5XXError", "Average"),
        dimensions: REST,
        period: 60,
        evaluation_periods: 3,
        datapoints_to_alarm: 3,
        threshold: Some((Above, 0.05)),
        missing: NotBreaching,
    },
    Row {
        name: "latency",
        is_extra: false,
        description: "One request in ten takes 2.5 seconds or longer: compare it with the integration's share.",
        watched: metric("AWS/ApiGateway", "Latency", "p90"),
        dimensions: REST,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((AtLeast, 2_500.0)),
        missing: NotBreaching,
    },
    Row {
        name: "integration-latency",
        is_extra: true,
        description: "The integration takes 2 seconds or longer for one request in ten: look there, not at the API.",
        watched: metric("AWS/ApiGateway", "IntegrationLatency", "p90"),
        dimensions: REST,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((AtLeast, 2_000.0)),
        missing: NotBreaching,
    },
];

pub const APIGATEWAY_HTTP: Service = Service {
    preset: AlarmPreset::ApigatewayHttp,
    required: &["ApiId", "Stage"],
    optional: &[],
    region: None,
    rows: APIGATEWAY_HTTP_ROWS,
};

const APIGATEWAY_HTTP_ROWS: &[Row] = &[
    Row {
        name: "4xx",
        is_extra: false,
        description: "For five minutes over 5 % of the requests have been refused as the client's fault: look for a broken client, expired credentials or throttling.",
        watched: metric("AWS/ApiGateway", "4xx", "Average"),
        dimensions: HTTP,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.05)),
        missing: NotBreaching,
    },
    Row {
        name: "5xx",
        is_extra: false,
        description: "For three minutes over 5 % of the requests have failed in the API: check the log and the time-outs of the integration.",
        watched: metric("AWS/ApiGateway", "5xx", "Average"),
        dimensions: HTTP,
        period: 60,
        evaluation_periods: 3,
        datapoints_to_alarm: 3,
        threshold: Some((Above, 0.05)),
        missing: NotBreaching,
    },
    Row {
        name: "latency",
        is_extra: false,
        description: "One request in ten takes 2.5 seconds or longer: compare it with the integration's share.",
        watched: metric("AWS/ApiGateway", "Latency", "p90"),
        dimensions: HTTP,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((AtLeast, 2_500.0)),
        missing: NotBreaching,
    },
    Row {
        name: "integration-latency",
        is_extra: false,
        description: "The integration takes 2 seconds or longer for one request in ten: look there, not at the API.",
        watched: metric("AWS/ApiGateway", "IntegrationLatency", "p90"),
        dimensions: HTTP,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((AtLeast, 2_000.0)),
        missing: NotBreaching,
    },
];

pub const SQS: Service = Service {
    preset: AlarmPreset::Sqs,
    required: &["QueueName"],
    optional: &["DeadLetterQueueName"],
    region: None,
    rows: SQS_ROWS,
};

const SQS_ROWS: &[Row] = &[
    Row {
        name: "oldest-message",
        is_extra: false,
        description: "For 15 minutes a message has been waiting over an hour: check whether the consumer runs, fails or is too slow.",
        watched: metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum"),
        dimensions: QUEUE,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((AtLeast, 3_600.0)),
        missing: NotBreaching,
    },
    Row {
        name: "in-flight",
        is_extra: false,
        description: "Consumers hold over 108,000 messages that they do not delete, and at 120,000 they get no more: check the consumers.",
        watched: metric("AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "Average"),
        dimensions: QUEUE,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((AtLeast, 108_000.0)),
        missing: NotBreaching,
    },
    Row {
        name: "dead-letters",
        is_extra: false,
        description: "A message has failed for good: read it and the consumer's log, then move it back.",
        watched: metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"),
        dimensions: DEAD_LETTERS,
        period: 60,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
];
