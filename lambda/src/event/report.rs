//! What services report about their own resources, all read into the same few parts.
//!
//! Formats: each service's own guide, chapter "EventBridge events" or similar. Some services also publish the
//! same to an SNS topic on their own, in another format.

mod compute;
mod costs;
mod findings;
mod notification;
mod operations;

pub(super) use notification::{in_json, in_text};

use super::{mask, text, time};
use crate::contract::Severity;
use jiff::Timestamp;
use serde_json::Value;

/// News of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub news: News,
    /// Id or name of the resource in the news; the title of a finding.
    pub subject: String,
    pub tone: Tone,
    /// The service's own words, for people.
    pub summary: Option<String>,
    pub facts: Vec<(Fact, String)>,
    pub moments: Vec<(Fact, Timestamp)>,
    pub page: Option<Page>,
    /// The whole detail, masked; null if the facts already show all of it.
    pub details: Value,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An EC2 instance entered this state.
    Instance { state: String },
    /// RDS reports on a database, cluster or snapshot.
    Database,
    /// An ECS task entered this status.
    Task { status: String },
    /// An ECS service or deployment; `event` such as `SERVICE_DEPLOYMENT_FAILED`.
    Service { event: String },
    /// An Auto Scaling group started an instance, or tried to.
    Launched { done: bool },
    /// An Auto Scaling group terminated an instance, or tried to.
    Terminated { done: bool },
    /// GuardDuty or Security Hub found something.
    Finding,
    /// AWS Health; `category` is `issue` or `scheduledChange`, for example.
    Health { category: String, closed: bool },
    /// A job of AWS Backup entered this state.
    Backup { job: Job, state: String },
    /// Spending has exceeded a threshold of a budget, or is forecast to. The amounts are as AWS writes them.
    Budget {
        forecast: bool,
        amount: String,
        budgeted: String,
    },
    /// Something costs this much more than expected, in US dollars. `percent` is relative to the expected
    /// amount.
    CostAnomaly { impact: String, percent: Option<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Backup,
    Copy,
    Restore,
}

/// Whether the news is good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    /// Neither.
    Plain,
    /// In transition between two states, or idle.
    Idle,
    /// Bad, with this severity.
    Bad(Severity),
}

impl Tone {
    /// How urgent the news is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Good | Self::Plain | Self::Idle => Severity::Info,
            Self::Bad(severity) => severity,
        }
    }
}

/// The label of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    State,
    Kind,
    Severity,
    Cluster,
    Group,
    Task,
    Definition,
    Containers,
    Instance,
    Resource,
    Count,
    FirstSeen,
    LastSeen,
    Categories,
    Vault,
    Service,
    Status,
    Starts,
    Ends,
    Product,
    Compliance,
    Job,
    Budgeted,
    Spent,
    Forecast,
    Threshold,
    Expected,
    Excess,
    Monitor,
    Causes,
}

/// A console page with more details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    Instance(String),
    Database {
        id: String,
        cluster: bool,
    },
    ScalingGroup(String),
    Task {
        cluster: String,
        id: String,
    },
    Service {
        cluster: String,
        name: String,
    },
    /// A GuardDuty finding.
    Finding(String),
    /// ARN of a Security Hub finding.
    SecurityFinding(String),
    /// ARN of an AWS Health event.
    Health(String),
    Vault(String),
    Budget(String),
    CostAnomaly {
        monitor: String,
        id: String,
    },
}

impl News {
    /// Whether the page is about the whole account; the region that the report came from is then meaningless.
    pub(crate) fn is_global(&self) -> bool {
        matches!(self, Self::Budget { .. } | Self::CostAnomaly { .. })
    }
}

impl Report {
    /// Reads an event of a known kind; `None` for any other.
    pub(super) fn read(source: &str, detail_type: &str, event: &Value) -> Option<Self> {
        let detail = event.get("detail")?;
        let report = match source {
            "aws.ec2" => compute::instance(detail_type, detail),
            "aws.autoscaling" => compute::scaling(detail_type, detail),
            "aws.ecs" => compute::ecs(detail_type, event, detail),
            "aws.rds" => operations::database(detail_type, detail),
            "aws.health" => operations::health(detail_type, detail),
            "aws.backup" => operations::backup(detail_type, detail),
            "aws.guardduty" => findings::guardduty(detail_type, detail),
            "aws.securityhub" => findings::securityhub(detail_type, detail),
            "aws.ce" => costs::anomaly_event(detail_type, detail),
            _ => None,
        };
        report.map(|report| report.with_details(detail))
    }

    /// Adds the masked `detail` and masks the other texts of the report.
    fn with_details(mut self, detail: &Value) -> Self {
        self.summary = self.summary.map(|summary| mask::text(&summary));
        for (_, fact) in &mut self.facts {
            *fact = mask::text(fact);
        }
        self.details = match self.news {
            News::Instance { .. } => Value::Null,
            _ => mask::value(detail),
        };
        self
    }
}

/// The facts that have a value.
fn facts<T, const N: usize>(facts: [(Fact, Option<T>); N]) -> Vec<(Fact, T)> {
    facts
        .into_iter()
        .filter_map(|(fact, value)| Some((fact, value?)))
        .collect()
}

/// The name at the end of an ARN or path.
fn last_name(value: &Value, key: &str) -> Option<String> {
    let name = text(value, key)?;
    name.rsplit(['/', ':'])
        .next()
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

fn moment(value: &Value, key: &str) -> Option<Timestamp> {
    time::parse(&text(value, key)?)
}

/// A number as people write it: without decimals if it is whole.
fn number(value: &Value, key: &str) -> Option<String> {
    let number = value.get(key)?.as_f64()?;
    Some(number.to_string())
}
