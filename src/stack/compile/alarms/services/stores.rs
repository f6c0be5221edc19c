//! Tables, caches and file systems: DynamoDB, ElastiCache and EFS.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html>
//! <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.WhichShouldIMonitor.html>
//! <https://docs.aws.amazon.com/efs/latest/ug/monitoring-metric-math.html>

use super::Dimension::{self, Given, IfGiven, OrElse};
use super::{Row, Service, Watched, metric, query};
use crate::stack::model::AlarmPreset;
use crate::stack::model::Comparison::{Above, AtLeast, AtMost};
use crate::stack::model::TreatMissingData::{Missing, NotBreaching};

const TABLE: &[Dimension] = &[Given("TableName")];
const REPLICA: &[Dimension] = &[Given("TableName"), Given("ReceivingRegion")];
const CACHE: &[Dimension] = &[Given("CacheClusterId")];
const FIRST_NODE: &[Dimension] = &[Given("CacheClusterId"), OrElse("CacheNodeId", "0001")];
const ANY_NODE: &[Dimension] = &[Given("CacheClusterId"), IfGiven("CacheNodeId")];
const FILE_SYSTEM: &[Dimension] = &[Given("FileSystemId")];

pub const DYNAMODB: Service = Service {
    preset: AlarmPreset::Dynamodb,
    required: &["TableName"],
    optional: &["ReceivingRegion"],
    region: None,
    rows: DYNAMODB_ROWS,
};

const DYNAMODB_ROWS: &[Row] = &[
    Row {
        name: "read-throttles",
        is_extra: false,
        description: "For five minutes reads of the table have been refused: look for a key that is read too often, then at the capacity.",
        watched: Watched::Math {
            expression: "FILL(throttles, 0)",
            namespace: "AWS/DynamoDB",
            queries: &[query("throttles", "ReadThrottleEvents", "Sum")],
        },
        dimensions: TABLE,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "write-throttles",
        is_extra: false,
        description: "For five minutes writes to the table have been refused: look for a key that is written too often, then at the capacity.",
        watched: Watched::Math {
            expression: "FILL(throttles, 0)",
            namespace: "AWS/DynamoDB",
            queries: &[query("throttles", "WriteThrottleEvents", "Sum")],
        },
        dimensions: TABLE,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "system-errors",
        is_extra: false,
        description: "For 15 minutes DynamoDB itself has failed: check AWS Health, and that clients retry.",
        watched: Watched::Insights(
            r#"SELECT SUM(SystemErrors) FROM SCHEMA("AWS/DynamoDB", Operation, TableName) WHERE TableName = '{TableName}'"#,
        ),
        dimensions: TABLE,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "index-write-throttles",
        is_extra: true,
        description: "For five minutes an index without enough capacity has held up writes to its table: raise its capacity, or choose a better key.",
        watched: Watched::Insights(
            r#"SELECT SUM(WriteThrottleEvents) FROM SCHEMA("AWS/DynamoDB", GlobalSecondaryIndexName, TableName) WHERE TableName = '{TableName}'"#,
        ),
        dimensions: TABLE,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "replication-lag",
        is_extra: true,
        description: "For 15 minutes the other region has been over three minutes behind: check AWS Health, and whether writes are refused there.",
        watched: metric("AWS/DynamoDB", "ReplicationLatency", "Average"),
        dimensions: REPLICA,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((Above, 180_000.0)),
        missing: Missing,
    },
    Row {
        name: "account-read-capacity",
        is_extra: true,
        description: "All tables together use over 80 % of the read capacity that the account may provision: ask for more.",
        watched: metric(
            "AWS/DynamoDB",
            "AccountProvisionedReadCapacityUtilization",
            "Maximum",
        ),
        dimensions: &[],
        period: 300,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: Some((Above, 80.0)),
        missing: Missing,
    },
    Row {
        name: "account-write-capacity",
        is_extra: true,
        description: "All tables together use over 80 % of the write capacity that the account may provision: ask for more.",
        watched: metric(
            "AWS/DynamoDB",
            "AccountProvisionedWriteCapacityUtilization",
            "Maximum",
        ),
        dimensions: &[],
        period: 300,
        evaluation_periods: 2,
        datapoints_to_alarm: 2,
        threshold: Some((Above, 80.0)),
        missing: Missing,
    },
];

pub const ELASTICACHE: Service = Service {
    preset: AlarmPreset::Elasticache,
    required: &["CacheClusterId"],
    optional: &["CacheNodeId"],
    region: None,
    rows: ELASTICACHE_ROWS,
};

const ELASTICACHE_ROWS: &[Row] = &[
    Row {
        name: "engine-cpu",
        is_extra: false,
        description: "For five minutes the thread that runs commands has been over 90 % busy: look for expensive commands in the slow log, then add shards or replicas.",
        watched: metric("AWS/ElastiCache", "EngineCPUUtilization", "Average"),
        dimensions: CACHE,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 90.0)),
        missing: Missing,
    },
    Row {
        name: "memory",
        is_extra: false,
        description: "For five minutes the memory has been over 90 % full, so keys will be evicted or writes refused: check the number of keys and their expiry.",
        watched: metric("AWS/ElastiCache", "DatabaseMemoryUsagePercentage", "Average"),
        dimensions: CACHE,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 90.0)),
        missing: Missing,
    },
    Row {
        name: "connections",
        is_extra: false,
        description: "The node has over 58,500 connections, and refuses clients at 65,000: look for clients that open connections and do not close them.",
        watched: metric("AWS/ElastiCache", "CurrConnections", "Average"),
        dimensions: FIRST_NODE,
        period: 60,
        evaluation_periods: 10,
        datapoints_to_alarm: 10,
        threshold: Some((Above, 58_500.0)),
        missing: Missing,
    },
    Row {
        name: "replication-lag",
        is_extra: false,
        description: "For 15 minutes the replica has been over ten seconds behind: check the network and the write load.",
        watched: metric("AWS/ElastiCache", "ReplicationLag", "Average"),
        dimensions: CACHE,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((Above, 10.0)),
        missing: NotBreaching,
    },
    Row {
        name: "overload",
        is_extra: false,
        description: "For five minutes the node has slowed clients down to stay alive: it is too small for its load.",
        watched: metric("AWS/ElastiCache", "TrafficManagementActive", "Maximum"),
        dimensions: CACHE,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((AtLeast, 1.0)),
        missing: NotBreaching,
    },
    Row {
        name: "auth-failures",
        is_extra: true,
        description: "Somebody has tried a wrong password: read `ACL LOG`.",
        watched: metric("AWS/ElastiCache", "AuthenticationFailures", "Sum"),
        dimensions: CACHE,
        period: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: Some((Above, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "cpu",
        is_extra: true,
        description: "For five minutes the node has used over 90 % of its CPU: add nodes, or take larger ones.",
        watched: metric("AWS/ElastiCache", "CPUUtilization", "Average"),
        dimensions: ANY_NODE,
        period: 60,
        evaluation_periods: 5,
        datapoints_to_alarm: 5,
        threshold: Some((Above, 90.0)),
        missing: Missing,
    },
];

pub const EFS: Service = Service {
    preset: AlarmPreset::Efs,
    required: &["FileSystemId"],
    optional: &[],
    region: None,
    rows: EFS_ROWS,
};

const EFS_ROWS: &[Row] = &[
    Row {
        name: "io-limit",
        is_extra: false,
        description: "For 15 minutes the file system has been at the limit of operations of its General Purpose mode: spread the files, or look for a client that asks too often.",
        watched: metric("AWS/EFS", "PercentIOLimit", "Average"),
        dimensions: FILE_SYSTEM,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((AtLeast, 100.0)),
        missing: NotBreaching,
    },
    Row {
        name: "burst-credits",
        is_extra: false,
        description: "The burst credits are spent, so the throughput is down to its baseline: switch to elastic throughput.",
        watched: metric("AWS/EFS", "BurstCreditBalance", "Average"),
        dimensions: FILE_SYSTEM,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((AtMost, 0.0)),
        missing: NotBreaching,
    },
    Row {
        name: "throughput",
        is_extra: false,
        description: "For 15 minutes over 80 % of the permitted throughput have been used: change the throughput mode.",
        watched: Watched::Math {
            expression: "metered / PERIOD(metered) / permitted * 100",
            namespace: "AWS/EFS",
            queries: &[
                query("metered", "MeteredIOBytes", "Sum"),
                query("permitted", "PermittedThroughput", "Average"),
            ],
        },
        dimensions: FILE_SYSTEM,
        period: 60,
        evaluation_periods: 15,
        datapoints_to_alarm: 15,
        threshold: Some((Above, 80.0)),
        missing: NotBreaching,
    },
];
