//! What services tell of their own resources, each read into the same few parts.
//!
//! Shapes: the service's own guide, chapter "EventBridge events" or alike.

mod compute;
mod findings;
mod operations;

use super::{text, time};
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
    Health { category: String },
    /// A job of AWS Backup has this state.
    Backup { job: Job, state: String },
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
}

/// A page of the console with more about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    Instance(String),
    Database { id: String, cluster: bool },
    ScalingGroup(String),
    Finding(String),
}

impl Report {
    /// Reads an event of a kind known here; `None` for any other.
    pub(super) fn read(source: &str, detail_type: &str, event: &Value) -> Option<Self> {
        let detail = event.get("detail")?;
        match source {
            "aws.ec2" => compute::instance(detail_type, detail),
            "aws.autoscaling" => compute::scaling(detail_type, detail),
            "aws.ecs" => compute::ecs(detail_type, event, detail),
            "aws.rds" => operations::database(detail_type, detail),
            "aws.health" => operations::health(detail_type, detail),
            "aws.backup" => operations::backup(detail_type, detail),
            "aws.guardduty" => findings::guardduty(detail_type, detail),
            "aws.securityhub" => findings::securityhub(detail_type, detail),
            _ => None,
        }
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
