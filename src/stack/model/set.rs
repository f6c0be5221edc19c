//! Ready-made sets of alarms, and what a stack file changes in them.

use alertctl_relay::Severity;
use schemars::JsonSchema;
use serde::Deserialize;

use super::form::{False, Or};
use super::threshold::Threshold;
use super::values::{Statistic, TreatMissingData, list_or_false};

/// Ready sets of alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlarmPreset {
    /// The log metric filters of the CIS AWS Foundations Benchmark, section "Monitoring".
    CisAwsFoundations,
    /// An RDS instance, but not one of Aurora.
    Rds,
    /// An Aurora cluster.
    Aurora,
    /// An EC2 instance.
    Ec2,
    /// An Application Load Balancer, and a target group of it.
    Alb,
    /// A Network Load Balancer, and a target group of it.
    Nlb,
    /// A service of ECS.
    Ecs,
    /// A cluster of EKS.
    Eks,
    /// A function.
    Lambda,
    /// A queue, and its dead-letter queue.
    Sqs,
    /// A table of DynamoDB.
    Dynamodb,
    /// A node of ElastiCache.
    Elasticache,
    /// A stage of a REST API.
    Apigateway,
    /// A stage of an HTTP API.
    ApigatewayHttp,
    /// A domain of OpenSearch.
    Opensearch,
    /// A NAT gateway.
    Nat,
    /// A file system of EFS.
    Efs,
    /// The estimated charges of the account.
    Billing,
}

impl AlarmPreset {
    /// Whether its alarms are on the trail's log, and not on metrics of a resource.
    pub fn is_on_trail(self) -> bool {
        self == Self::CisAwsFoundations
    }

    /// The name as it is written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CisAwsFoundations => "cis-aws-foundations",
            Self::Rds => "rds",
            Self::Aurora => "aurora",
            Self::Ec2 => "ec2",
            Self::Alb => "alb",
            Self::Nlb => "nlb",
            Self::Ecs => "ecs",
            Self::Eks => "eks",
            Self::Lambda => "lambda",
            Self::Sqs => "sqs",
            Self::Dynamodb => "dynamodb",
            Self::Elasticache => "elasticache",
            Self::Apigateway => "apigateway",
            Self::ApigatewayHttp => "apigateway-http",
            Self::Opensearch => "opensearch",
            Self::Nat => "nat",
            Self::Efs => "efs",
            Self::Billing => "billing",
        }
    }
}

/// What one alarm of a set has instead of what the set gives it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "what one alarm of the set has instead, such as `{ threshold: '> 95' }`"
)]
pub struct Override {
    /// Its description, after that of the whole set.
    pub description: Option<String>,
    /// When it goes off.
    pub threshold: Option<Threshold>,
    /// Statistic of its metric; not with metric math.
    pub statistic: Option<Statistic>,
    /// Seconds: 10, 20, 30 or a multiple of 60; of every metric, with metric math.
    pub period: Option<i32>,
    /// Number of periods to evaluate.
    pub evaluation_periods: Option<i32>,
    /// How many of these periods must breach.
    pub datapoints_to_alarm: Option<i32>,
    /// What a period without data means.
    pub treat_missing_data: Option<TreatMissingData>,
    /// Severity when it goes off.
    pub severity: Option<Severity>,
    /// Whether its state changes send notifications.
    pub actions_enabled: Option<bool>,
    /// Topics to notify on ALARM, at most 5.
    pub to: Option<Vec<String>>,
    /// Topics to notify on OK, at most 5.
    #[serde(default, deserialize_with = "list_or_false")]
    #[schemars(with = "Or<Vec<String>, False>")]
    pub ok: Option<Vec<String>>,
    /// Topics to notify on INSUFFICIENT_DATA, at most 5.
    pub insufficient_data: Option<Vec<String>>,
}
