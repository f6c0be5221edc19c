//! What services report about their own resources, all read into the same few parts.
//!
//! Formats: each service's own guide, chapter "EventBridge events" or similar. Some services also publish the
//! same to an SNS topic on their own, in another format.

mod alarms;
mod compute;
mod costs;
mod data;
mod delivery;
mod developer;
mod findings;
mod fleet;
mod health;
mod layout;
mod mail;
mod notification;
mod operations;
mod security;
mod storage;
mod systems;
mod thing;
mod turn;

pub(super) use notification::{in_json, in_record, in_text};
pub use thing::Thing;
pub use turn::Turn;

use super::tone::Tone;
use super::{link, mask, text, time};
use crate::excerpt::Excerpt;
use jiff::Timestamp;
use serde_json::Value;

/// Longest details worth showing.
const MAX_DETAILS: usize = 1_800;

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
    /// Masked JSON that a person needs to decide and that no fact can hold. Usually `None`.
    pub details: Option<Excerpt>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// An EC2 instance entered this state.
    Instance { state: String },
    /// An ECS task entered this status.
    Task { status: String },
    /// An ECS service or deployment; `event` such as `SERVICE_DEPLOYMENT_FAILED`.
    Service { event: String },
    /// An Auto Scaling group started an instance, or tried to.
    Launched { done: bool },
    /// An Auto Scaling group terminated an instance, or tried to.
    Terminated { done: bool },
    /// A thing entered a state; `raw` is AWS's word for it, `of` what the thing belongs to.
    Changed {
        thing: Thing,
        turn: Turn,
        raw: String,
        of: Option<(Thing, String)>,
    },
    /// A service says in a sentence of its own what happened to a thing.
    Told { thing: Thing },
    /// A security service found something; `settled`: it is over (resolved, archived or passed).
    Finding { settled: bool },
    /// AWS Health; `category` is `issue` or `scheduledChange`, for example, or `abuse`. The subject is what happens to
    /// `service`.
    Health {
        category: String,
        closed: bool,
        service: String,
    },
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

/// What AWS Backup did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    Backup,
    Copy,
    Restore,
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
    Action,
    Author,
    Branch,
    Commit,
    Description,
    Digest,
    Execution,
    Hook,
    Place,
    Queue,
    Reason,
    Remedy,
    Rule,
    Run,
    Size,
    Stack,
    Stage,
    Target,
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
    /// The page of a job of AWS Backup.
    BackupJob {
        job: Job,
        id: String,
    },
    Vault(String),
    /// A page of the console of the event's region; names in it are encoded.
    Console {
        path: String,
        fragment: String,
    },
    /// An address of a console, as the event has it.
    Address(String),
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
    /// A report that says only what happened to what.
    fn new(news: News, subject: String) -> Self {
        Self {
            news,
            subject,
            tone: Tone::Plain,
            summary: None,
            facts: Vec::new(),
            moments: Vec::new(),
            page: None,
            details: None,
        }
    }

    /// Reads an event of a known kind; `None` for any other. A target's input path may have left the source out.
    pub(super) fn read(
        source: Option<&str>,
        detail_type: &str,
        event: &Value,
        detail: Option<&Value>,
    ) -> Option<Self> {
        let detail = detail?;
        let is = |name: &str| source.is_none_or(|source| source == name);
        let special: [(&str, Reader); 21] = [
            ("aws.ec2", compute::instance),
            ("aws.ec2", storage::volumes),
            ("aws.ec2", fleet::spot),
            ("aws.autoscaling", compute::scaling),
            ("aws.autoscaling", fleet::scaling),
            ("aws.ecs", compute::ecs),
            ("aws.rds", operations::database),
            ("aws.health", health::health),
            ("aws.backup", operations::backup),
            ("aws.guardduty", findings::guardduty),
            ("aws.securityhub", findings::securityhub),
            ("aws.inspector2", security::inspector),
            ("aws.ecr", security::inspector),
            ("aws.trustedadvisor", findings::advisor),
            ("aws.macie", security::macie),
            ("aws.access-analyzer", security::access),
            ("aws.s3", storage::object),
            ("aws.cloudwatch", alarms::changed),
            ("aws.codecommit", delivery::codecommit),
            ("aws.dms", data::dms),
            ("aws.ce", costs::anomaly_event),
        ];
        let layouts = [
            data::LAYOUTS,
            developer::LAYOUTS,
            fleet::LAYOUTS,
            security::LAYOUTS,
            systems::LAYOUTS,
        ];
        let mut layouts = layouts.into_iter().flatten();
        let report = special
            .iter()
            .filter(|(source, _)| is(source))
            .find_map(|(_, read)| read(detail_type, event, detail))
            .or_else(|| {
                let layout = layouts.find(|layout| layout.kind == detail_type && is(layout.source))?;
                layout.read(event, detail)
            });
        let resource = || link::of_arn(event.get("resources")?.get(0)?.as_str()?).map(Page::Address);
        report.map(|report| Self {
            page: report.page.clone().or_else(resource),
            ..report.masked()
        })
    }

    /// Masks secrets in what others wrote.
    fn masked(mut self) -> Self {
        self.summary = self.summary.map(|summary| mask::text(&summary));
        self.subject = mask::text(&self.subject);
        if let News::Changed { raw, of, .. } = &mut self.news {
            *raw = mask::text(raw);
            if let Some((_, name)) = of {
                *name = mask::text(name);
            }
        }
        for (_, fact) in &mut self.facts {
            *fact = mask::text(fact);
        }
        self
    }
}

/// Reads an event by its detail type; gets the event and its detail.
type Reader = fn(&str, &Value, &Value) -> Option<Report>;

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
