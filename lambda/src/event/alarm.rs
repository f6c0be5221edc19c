//! The message a CloudWatch alarm publishes to SNS.
//!
//! AWS documents the fields only by example. `AlarmDescription`, and `Trigger` of a composite alarm, have been
//! seen absent or null. The trigger of a metric math alarm has `Metrics` instead of a metric.

mod bridge;
mod graph;
mod log_lines;
mod reading;

pub use graph::{Graph, Measure, Query};
pub use log_lines::{LogLines, NoLines};
pub use reading::Reading;

use super::{list, mask, text, time};
use crate::contract::Arn;
use jiff::Timestamp;
use serde_json::Value;

/// A change of state of a metric alarm or of a composite one.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    pub name: String,
    pub description: Option<String>,
    pub old: State,
    pub new: State,
    pub reason: Option<String>,
    pub changed: Option<Timestamp>,
    pub arn: Option<Arn>,
    /// Twelve digits.
    pub account: Option<String>,
    pub metrics: Vec<Metric>,
    /// Metric math expressions, the one compared with the threshold first.
    pub expressions: Vec<String>,
    pub condition: Option<Condition>,
    /// What it watches, if that is metrics.
    pub graph: Option<Graph>,
    /// Rule of a composite alarm.
    pub rule: Option<String>,
    /// Alarms that made a composite alarm change.
    pub children: Vec<Child>,
    /// The value that made it go off, and the limit that it passed.
    pub reading: Option<Reading>,
    /// PromQL, or the query of an alarm on logs.
    pub query: Option<String>,
    /// Log groups that an alarm on logs reads.
    pub log_groups: Vec<String>,
    /// The run of that query which made the alarm change.
    pub run: Option<String>,
    /// Log events of that run, where somebody wants to see them: the runtime adds them.
    pub lines: Option<LogLines>,
    /// Seconds that a contributor of a PromQL alarm has to breach.
    pub pending_seconds: Option<u64>,
    /// The one time series, among those of the alarm, that changed: name and value of its attributes.
    pub contributor: Vec<(String, String)>,
    /// Seconds that it was in alarm, if it is no more.
    pub lasted: Option<i64>,
    pub muted: Option<Muted>,
    /// Whether this is the first data of an alarm that was made or changed just now, and nobody was told that there was none.
    pub begins: bool,
    /// Key and value of the alarm's tags that come with it.
    pub tags: Vec<(String, String)>,
}

/// Why the actions of an alarm come late or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Muted {
    /// By these alarm mute rules, at least one.
    By(Vec<String>),
    /// By what CloudWatch calls the suppressor.
    Suppressed(String),
    /// It went off inside a mute window that is over now.
    Before,
}

/// State of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Ok,
    Alarm,
    InsufficientData,
    Other(String),
}

/// A metric that an alarm watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    pub namespace: Option<String>,
    pub name: String,
    /// Name and value of each dimension.
    pub dimensions: Vec<(String, String)>,
}

/// When a metric alarm goes off.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// `Average`, `p99` …; absent for metric math.
    pub statistic: Option<String>,
    /// Name of the metric, or label of the expression.
    pub subject: String,
    pub comparison: Comparison,
    pub window: Option<Window>,
}

/// What a value is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// A fixed threshold; `sign` is one of `≥ > ≤ <`.
    Number {
        sign: &'static str,
        threshold: f64,
    },
    /// An anomaly detection band, and the sides of it that count.
    OutsideBand,
    AboveBand,
    BelowBand,
}

/// The time window that a condition evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub period_seconds: u64,
    /// Number of periods that are evaluated.
    pub evaluated: u64,
    /// Number of them that must breach the threshold, if not all.
    pub breaching: Option<u64>,
}

/// An alarm inside a composite one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    pub name: String,
    pub state: Option<State>,
}

impl Alarm {
    /// Reads an alarm message; `None` if the JSON has no name and new state of an alarm.
    pub fn read(message: &Value) -> Option<Self> {
        let name = text(message, "AlarmName")?;
        let new = State::read(&text(message, "NewStateValue")?);
        let arn = text(message, "AlarmArn").as_deref().and_then(Arn::parse);
        let trigger = message.get("Trigger").unwrap_or(&Value::Null);
        let queries = list(trigger, "Metrics");
        let mut expressions: Vec<_> = queries.iter().filter(|query| is_result(query)).collect();
        expressions.extend(queries.iter().filter(|query| !is_result(query)));
        let mut metrics: Vec<_> = Metric::read(trigger).into_iter().collect();
        metrics.extend(
            queries
                .iter()
                .filter_map(|query| Metric::read(query.get("MetricStat")?.get("Metric")?)),
        );
        let condition = Condition::read(trigger);
        let reason = text(message, "NewStateReason").unwrap_or_default();
        let aggregate = text(message, "AggregationExpression");
        let subject = condition
            .as_ref()
            .map(|condition| condition.subject.clone())
            .or(aggregate);
        Some(Self {
            name,
            description: prose(message, "AlarmDescription"),
            old: State::read(&text(message, "OldStateValue").unwrap_or_default()),
            new,
            reason: prose(message, "NewStateReason").map(|reason| reading::without_arns(&reason)),
            changed: text(message, "StateChangeTime").as_deref().and_then(time::parse),
            account: arn
                .as_ref()
                .and_then(|arn| arn.account.clone())
                .or_else(|| text(message, "AWSAccountId")),
            arn,
            metrics,
            expressions: expressions
                .iter()
                .filter_map(|query| text(query, "Expression"))
                .collect(),
            condition,
            graph: Graph::read(trigger),
            rule: text(message, "AlarmRule"),
            children: list(message, "TriggeringChildren")
                .iter()
                .filter_map(Child::read)
                .collect(),
            reading: Reading::read(&reason, subject.as_deref()),
            query: reading::query(message, trigger),
            log_groups: reading::names(list(message, "LogGroups")),
            run: text(message, "QueryExecutionId"),
            lines: None,
            pending_seconds: trigger
                .get("EvaluationCriteria")
                .and_then(|criteria| whole(criteria.get("PromQLCriteria")?, "PendingPeriod")),
            contributor: reading::pairs(message.get("AlarmContributorAttributes")),
            lasted: None,
            muted: (message.get("ActionExecutedAfterMuteWindow") == Some(&Value::Bool(true)))
                .then_some(Muted::Before),
            begins: begins(message, trigger),
            tags: reading::pairs(message.get("AlarmTags")),
        })
    }
}

/// How long after it was made or changed an alarm may get its first data, at least, in seconds.
const FIRST_DATA: i64 = 3_600;

/// Whether an alarm that was made or changed just now has its first data: nothing had begun, so nothing ends. Later, what began
/// may have ended while data was missing.
fn begins(message: &Value, trigger: &Value) -> bool {
    let time = |name: &str| text(message, name).as_deref().and_then(time::parse);
    let Some((changed, made)) = time("StateChangeTime").zip(time("AlarmConfigurationUpdatedTimestamp"))
    else {
        return false;
    };
    let is = |name: &str, state: &str| text(message, name).is_some_and(|found| found == state);
    let window = whole(trigger, "Period").zip(whole(trigger, "EvaluationPeriods"));
    let window = window.map_or(0, |(period, count)| {
        period.saturating_mul(count).saturating_mul(2)
    });
    let most = i64::try_from(window).unwrap_or(i64::MAX).max(FIRST_DATA);
    is("OldStateValue", "INSUFFICIENT_DATA")
        && is("NewStateValue", "OK")
        && message
            .get("InsufficientDataActions")
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
        && changed.duration_since(made).as_secs() < most
}

impl State {
    fn read(name: &str) -> Self {
        match name {
            "OK" => Self::Ok,
            "ALARM" => Self::Alarm,
            "INSUFFICIENT_DATA" => Self::InsufficientData,
            "" => Self::Other("?".to_owned()),
            other => Self::Other(other.to_owned()),
        }
    }
}

impl Metric {
    fn read(value: &Value) -> Option<Self> {
        // SNS writes `name` and `value` here; the CloudWatch API capitalizes both.
        let part = |dimension: &Value, lower: &str, upper: &str| {
            text(dimension, lower)
                .or_else(|| text(dimension, upper))
                .unwrap_or_default()
        };
        Some(Self {
            namespace: text(value, "Namespace"),
            name: text(value, "MetricName")?,
            dimensions: list(value, "Dimensions")
                .iter()
                .map(|dimension| (part(dimension, "name", "Name"), part(dimension, "value", "Value")))
                .collect(),
        })
    }
}

impl Condition {
    fn read(trigger: &Value) -> Option<Self> {
        let comparison = Comparison::read(trigger)?;
        let queries = list(trigger, "Metrics");
        // With an anomaly band, the watched metric is the other query: the one that is not an expression.
        let banded = !matches!(comparison, Comparison::Number { .. });
        let query = queries
            .iter()
            .find(|query| {
                if banded {
                    query.get("MetricStat").is_some()
                } else {
                    is_result(query)
                }
            })
            .unwrap_or(&Value::Null);
        let stat = query.get("MetricStat").unwrap_or(&Value::Null);
        let metric = stat.get("Metric").unwrap_or(&Value::Null);
        let subject = text(trigger, "MetricName")
            .or_else(|| text(metric, "MetricName"))
            .or_else(|| text(query, "Label"))
            .or_else(|| text(query, "Expression"))?;
        let period = [trigger, stat, query]
            .into_iter()
            .chain(queries.iter().filter_map(|query| query.get("MetricStat")))
            .find_map(|value| whole(value, "Period"));
        Some(Self {
            statistic: statistic(trigger, stat),
            subject,
            comparison,
            window: Window::read(trigger, period),
        })
    }
}

impl Comparison {
    /// `None` for a comparison without its threshold, and for a comparison that AWS adds later.
    fn read(trigger: &Value) -> Option<Self> {
        let sign = match text(trigger, "ComparisonOperator")?.as_str() {
            "GreaterThanOrEqualToThreshold" => "≥",
            "GreaterThanThreshold" => ">",
            "LessThanOrEqualToThreshold" => "≤",
            "LessThanThreshold" => "<",
            "LessThanLowerOrGreaterThanUpperThreshold" => return Some(Self::OutsideBand),
            "GreaterThanUpperThreshold" => return Some(Self::AboveBand),
            "LessThanLowerThreshold" => return Some(Self::BelowBand),
            _ => return None,
        };
        Some(Self::Number {
            sign,
            threshold: trigger.get("Threshold")?.as_f64()?,
        })
    }
}

impl Window {
    fn read(trigger: &Value, period_seconds: Option<u64>) -> Option<Self> {
        Some(Self {
            period_seconds: period_seconds?,
            evaluated: whole(trigger, "EvaluationPeriods")?,
            breaching: whole(trigger, "DatapointsToAlarm"),
        })
    }
}

impl Child {
    fn read(value: &Value) -> Option<Self> {
        let arn = text(value, "Arn")?;
        // The resource part is `alarm:<name>`, and a name may hold colons.
        let resource = Arn::parse(&arn).map_or(arn, |arn| arn.resource);
        let name = resource.strip_prefix("alarm:").unwrap_or(&resource).to_owned();
        let state = value.get("State").and_then(|state| text(state, "Value"));
        Some(Self {
            name,
            state: state.as_deref().map(State::read),
        })
    }
}

/// Whether this metric query is the one that the alarm compares with its threshold.
fn is_result(query: &Value) -> bool {
    query.get("ReturnData").and_then(Value::as_bool).unwrap_or(false)
}

/// The statistic in the CloudWatch API's spelling. SNS writes it in capitals: `AVERAGE`, `SAMPLE_COUNT`.
fn statistic(trigger: &Value, stat: &Value) -> Option<String> {
    let name = text(trigger, "ExtendedStatistic")
        .or_else(|| text(trigger, "Statistic"))
        .or_else(|| text(stat, "Stat"))?;
    Some(match name.as_str() {
        "AVERAGE" => "Average".to_owned(),
        "SUM" => "Sum".to_owned(),
        "MINIMUM" => "Minimum".to_owned(),
        "MAXIMUM" => "Maximum".to_owned(),
        "SAMPLE_COUNT" | "SAMPLECOUNT" => "SampleCount".to_owned(),
        _ => name,
    })
}

/// A whole number; CloudWatch writes some of them as `1.0`.
fn whole(value: &Value, key: &str) -> Option<u64> {
    let number = value.get(key)?;
    number.as_u64().or_else(|| {
        let number = number.as_f64()?;
        // The limit is far below 2^53, up to which every whole number is an exact f64; periods and counts are
        // at most 86,400.
        (number.fract() == 0.0 && (0.0..=1e9).contains(&number)).then_some(number as u64)
    })
}
/// Text for people, without secrets.
fn prose(value: &Value, key: &str) -> Option<String> {
    text(value, key).map(|text| mask::text(&text))
}
