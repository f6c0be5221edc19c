//! What services tell of their own resources, each read into the same few parts.
//!
//! Shapes: the service's own guide, chapter "EventBridge events" or alike, and what services publish to a
//! topic of their own accord, which is another form of the same.

mod compute;
mod costs;
mod findings;
mod notification;
mod operations;

pub(super) use notification::{in_json, in_text};

use super::{mask, text, time};
use jiff::Timestamp;
use serde_json::Value;

/// News of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub news: News,
    /// Id or name of what the news is about; the title of a finding.
    pub subject: String,
    pub tone: Tone,
    /// A service's own words, for people.
    pub summary: Option<String>,
    pub facts: Vec<(Fact, String)>,
    pub moments: Vec<(Fact, Timestamp)>,
    pub page: Option<Page>,
    /// All of it, masked; null if the facts leave nothing out.
    pub details: Value,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An EC2 instance has this state.
    Instance { state: String },
    /// RDS tells something of a database, cluster or snapshot.
    Database,
    /// An ECS task has this status.
    Task { status: String },
    /// An ECS service or deployment; `event` such as `SERVICE_DEPLOYMENT_FAILED`.
    Service { event: String },
    /// An Auto Scaling group started an instance, or tried to.
    Launched { done: bool },
    /// An Auto Scaling group ended an instance, or tried to.
    Terminated { done: bool },
    /// GuardDuty or Security Hub found something.
    Finding,
    /// AWS Health; `category` such as `issue` or `scheduledChange`.
    Health { category: String, closed: bool },
    /// A job of AWS Backup has this state.
    Backup { job: Job, state: String },
    /// Spending passed a threshold of a budget, or will; amounts as AWS writes them.
    Budget {
        forecast: bool,
        amount: String,
        budgeted: String,
    },
    /// Something costs that much more than expected, in US dollars; `percent` is of what was expected.
    CostAnomaly { impact: String, percent: Option<String> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Backup,
    Copy,
    Restore,
}

/// Whether news are good or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    /// Neither.
    Plain,
    /// On the way from one state to another, or at rest.
    Idle,
    Warning,
    Bad,
    /// Bad, and AWS itself calls it critical.
    Critical,
}

/// What a line of facts is about.
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

/// A page of the console with more about it.
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
    /// Of GuardDuty.
    Finding(String),
    /// Of Security Hub; its ARN.
    SecurityFinding(String),
    /// Of AWS Health; its ARN.
    Health(String),
    Vault(String),
    Budget(String),
    CostAnomaly {
        monitor: String,
        id: String,
    },
}

impl News {
    /// Whether it is about the whole account, and where word of it was sent says nothing.
    pub(crate) fn is_global(&self) -> bool {
        matches!(self, Self::Budget { .. } | Self::CostAnomaly { .. })
    }
}

impl Report {
    /// Reads an event of a kind known here; `None` for any other.
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

    /// The report on what `detail` tells, without its secrets.
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

/// Those facts that there are.
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

/// A number as people write it, whole where it is whole.
fn number(value: &Value, key: &str) -> Option<String> {
    let number = value.get(key)?.as_f64()?;
    Some(number.to_string())
}
