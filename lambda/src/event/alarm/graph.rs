//! What an alarm compares with its threshold, in the form in which CloudWatch can be asked for it.

use super::{Metric, is_result, statistic, whole};
use crate::event::{list, text};
use crate::json;
use serde_json::Value;

/// Most queries of an alarm, and dimensions of a metric.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html>
const MAX_QUERIES: usize = 20;
const MAX_DIMENSIONS: usize = 30;
/// Longest text in a query, in bytes; CloudWatch's own limits are lower.
const MAX_TEXT: usize = 4_096;
/// A week: the longest period.
const MAX_SECONDS: u64 = 604_800;
/// The period of an expression that does not say it.
const MINUTE: u64 = 60;
/// How an expression begins that computes a band instead of a line.
const BAND: &str = "ANOMALY_DETECTION_BAND";

/// The queries of a metric alarm, and its threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Not empty.
    pub queries: Vec<Query>,
    /// `None` for an anomaly detection band.
    pub threshold: Option<f64>,
    /// Seconds from one value to the next.
    pub period: u64,
    /// Number of periods that are evaluated.
    pub evaluated: u64,
}

/// A metric, or an expression over others.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Matches `[a-z][a-zA-Z0-9_]*`.
    pub id: String,
    pub measure: Measure,
    pub label: Option<String>,
    /// Whether the alarm watches it.
    pub is_result: bool,
    /// Twelve digits: the account of the metric, if it is another.
    pub account: Option<String>,
}

/// What a query asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Measure {
    Metric {
        metric: Metric,
        statistic: String,
        unit: Option<String>,
        /// Seconds.
        period: u64,
    },
    /// Metric math or a Metrics Insights query, with its own period if it has one.
    Expression { text: String, period: Option<u64> },
}

impl Graph {
    /// Of the trigger in an alarm's message: one metric, or queries.
    pub(super) fn read(trigger: &Value) -> Option<Self> {
        let queries = list(trigger, "Metrics");
        let queries = match queries.is_empty() {
            true => vec![Query::alone(trigger)?],
            false => Query::all(queries)?,
        };
        let threshold = trigger.get("Threshold").and_then(Value::as_f64);
        Some(Self::of(queries, threshold, whole(trigger, "EvaluationPeriods")))
    }

    /// Of the configuration in an event, which may lack the threshold: `state` and the limit that was passed know it.
    pub(super) fn read_event(configuration: &Value, state: &Value, limit: Option<f64>) -> Option<Self> {
        let queries = Query::all(list(configuration, "metrics"))?;
        let data = text(state, "reasonData").and_then(|data| json::parse(&data).ok());
        let number = |value: &Value| value.get("threshold").and_then(Value::as_f64);
        let threshold = number(configuration).or_else(|| number(data.as_ref()?));
        let evaluated = whole(configuration, "evaluationPeriods");
        Some(Self::of(queries, threshold.or(limit), evaluated))
    }

    fn of(queries: Vec<Query>, threshold: Option<f64>, evaluated: Option<u64>) -> Self {
        let has_band = queries.iter().any(Query::is_band);
        let periods = queries.iter().filter_map(Query::period);
        Self {
            period: periods.max().unwrap_or(MINUTE),
            threshold: threshold.filter(|_| !has_band),
            evaluated: evaluated.unwrap_or(1).clamp(1, MAX_SECONDS),
            queries,
        }
    }

    /// Whether a part of it is a query of Metrics Insights, which knows only the last hours.
    pub fn is_insights(&self) -> bool {
        self.queries.iter().any(Query::is_insights)
    }
}

impl Query {
    /// The metric of an alarm that watches only one.
    fn alone(trigger: &Value) -> Option<Self> {
        let metric = known(Metric::read(trigger)?)?;
        Some(Self {
            id: "m1".to_owned(),
            measure: Measure::Metric {
                metric,
                statistic: statistic(trigger, &Value::Null)?,
                unit: short(trigger, "Unit"),
                period: period(trigger, "Period")?,
            },
            label: None,
            is_result: true,
            account: None,
        })
    }

    /// All queries, of which at least one is watched; `None` if one of them cannot be read, since others may need it.
    fn all(queries: &[Value]) -> Option<Vec<Self>> {
        if !(1..=MAX_QUERIES).contains(&queries.len()) {
            return None;
        }
        let read = queries
            .iter()
            .enumerate()
            .map(|(nth, query)| Self::read(query, nth));
        let queries: Vec<_> = read.collect::<Option<_>>()?;
        queries.iter().any(|query| query.is_result).then_some(queries)
    }

    /// A message writes names in capitals, an event in small letters.
    fn read(query: &Value, nth: usize) -> Option<Self> {
        let measure = match (query.get("MetricStat"), query.get("metricStat")) {
            (Some(stat), _) => Measure::Metric {
                metric: known(Metric::read(stat.get("Metric")?)?)?,
                statistic: short(stat, "Stat")?,
                unit: short(stat, "Unit"),
                period: period(stat, "Period")?,
            },
            (None, Some(stat)) => Measure::Metric {
                metric: known(Metric::read_event(stat.get("metric")?)?)?,
                statistic: short(stat, "stat")?,
                unit: short(stat, "unit"),
                period: period(stat, "period")?,
            },
            (None, None) => Measure::Expression {
                text: short(query, "Expression").or_else(|| short(query, "expression"))?,
                period: period(query, "Period").or_else(|| period(query, "period")),
            },
        };
        let either = |large: &str, small: &str| short(query, large).or_else(|| short(query, small));
        let event_says = query.get("returnData").and_then(Value::as_bool);
        Some(Self {
            // The metric of a simple alarm has an id that CloudWatch itself would not accept, and that no expression knows.
            id: either("Id", "id")
                .filter(|id| is_id(id))
                .unwrap_or_else(|| format!("alertctl{nth}")),
            measure,
            label: either("Label", "label"),
            is_result: event_says.unwrap_or_else(|| is_result(query)),
            account: either("AccountId", "accountId").filter(|id| crate::contract::is_account(id)),
        })
    }

    fn period(&self) -> Option<u64> {
        match &self.measure {
            Measure::Metric { period, .. } => Some(*period),
            Measure::Expression { period, .. } => *period,
        }
    }

    fn expression(&self) -> Option<&str> {
        match &self.measure {
            Measure::Metric { .. } => None,
            Measure::Expression { text, .. } => Some(text.trim_start()),
        }
    }

    fn is_band(&self) -> bool {
        self.expression().is_some_and(|text| text.starts_with(BAND))
    }

    /// Whether it asks Metrics Insights.
    pub fn is_insights(&self) -> bool {
        let beginning = self.expression().and_then(|text| text.get(..7));
        beginning.is_some_and(|word| word.eq_ignore_ascii_case("SELECT "))
    }
}

/// A metric that can be asked for.
fn known(metric: Metric) -> Option<Metric> {
    (metric.namespace.is_some() && metric.dimensions.len() <= MAX_DIMENSIONS).then_some(metric)
}

fn short(value: &Value, key: &str) -> Option<String> {
    value.get(key)?.as_str().filter(|text| text.len() <= MAX_TEXT)?;
    text(value, key)
}

fn period(value: &Value, key: &str) -> Option<u64> {
    whole(value, key).filter(|seconds| (1..=MAX_SECONDS).contains(seconds))
}

fn is_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.len() <= 255
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Alarm, Content, read};
    use serde_json::json;

    fn alarm(event: &Value) -> Alarm {
        match read(event).remove(0).content {
            Content::Alarm(alarm) => *alarm,
            other => panic!("{other:?}"),
        }
    }

    fn cpu() -> Metric {
        Metric {
            namespace: Some("AWS/EC2".to_owned()),
            name: "CPUUtilization".to_owned(),
            dimensions: vec![("InstanceId".to_owned(), "i-1".to_owned())],
        }
    }

    #[test]
    fn a_message_and_an_event_ask_for_the_same() {
        let trigger = json!({ "MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "StatisticType": "Statistic",
            "Statistic": "AVERAGE", "Unit": null, "Dimensions": [{ "value": "i-1", "name": "InstanceId" }], "Period": 60,
            "EvaluationPeriods": 3, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 50.0 });
        let message = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "Trigger": trigger });
        let query = json!({ "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92", "returnData": true, "metricStat": {
            "metric": { "namespace": "AWS/EC2", "name": "CPUUtilization", "dimensions": { "InstanceId": "i-1" } },
            "period": 60, "stat": "Average" } });
        let event = json!({ "source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change",
            "detail": { "alarmName": "cpu", "configuration": { "metrics": [query] },
                "state": { "value": "ALARM", "reasonData": "{\"threshold\":50.0}" } } });
        let graphs = [message, event].map(|event| alarm(&event).graph.expect("a graph"));
        for (graph, evaluated) in graphs.iter().zip([3, 1]) {
            assert_eq!(
                (graph.threshold, graph.period, graph.evaluated),
                (Some(50.0), 60, evaluated)
            );
            let [query] = graph.queries.as_slice() else {
                panic!("{graph:?}")
            };
            assert!(is_id(&query.id) && query.is_result, "{query:?}");
            let Measure::Metric {
                metric,
                statistic,
                unit,
                period,
            } = &query.measure
            else {
                panic!("{query:?}")
            };
            assert_eq!(
                (metric, statistic.as_str(), unit, *period),
                (&cpu(), "Average", &None, 60)
            );
        }
    }

    #[test]
    fn a_band_has_no_threshold_and_an_expression_keeps_what_it_needs() {
        let stat = json!({ "Metric": { "MetricName": "Errors", "Namespace": "AWS/Lambda", "Dimensions": [] },
            "Period": 300, "Stat": "Sum" });
        let of = |expression: &str, threshold: Value| {
            let metrics = json!([{ "Id": "e1", "Expression": expression, "Label": "l", "ReturnData": true },
                { "Id": "m1", "MetricStat": stat, "ReturnData": false, "AccountId": "111122223333" }]);
            let trigger = json!({ "Metrics": metrics, "Threshold": threshold });
            alarm(&json!({ "AlarmName": "a", "NewStateValue": "ALARM", "Trigger": trigger })).graph
        };
        let math = of("m1 / 2", json!(5)).expect("a graph");
        assert_eq!(
            (math.threshold, math.period, math.is_insights()),
            (Some(5.0), 300, false)
        );
        let results: Vec<_> = math.queries.iter().map(|query| query.is_result).collect();
        assert_eq!(results, [true, false]);
        assert_eq!(math.queries[1].account.as_deref(), Some("111122223333"));
        let band = of("ANOMALY_DETECTION_BAND(m1, 2)", json!(5)).expect("a graph");
        assert_eq!(band.threshold, None);
        assert!(of("select MAX(x) FROM y", json!(5)).is_some_and(|graph| graph.is_insights()));
        assert!(of(&"x".repeat(MAX_TEXT + 1), json!(5)).is_none());
    }

    #[test]
    fn whatever_a_trigger_is_it_is_read() {
        for trigger in [
            json!(null),
            json!([]),
            json!({ "MetricName": "x" }),
            json!({ "MetricName": "x", "Namespace": "y", "Statistic": "SUM", "Period": 0 }),
            json!({ "Metrics": [1, "x"] }),
            json!({ "Metrics": [{ "Id": "e", "Expression": "1", "ReturnData": false }] }),
            json!({ "Metrics": [{ "Id": "m", "MetricStat": { "Metric": 1 }, "ReturnData": true }] }),
            json!({ "Metrics": vec![json!({ "Id": "e", "Expression": "1", "ReturnData": true }); 21] }),
        ] {
            let message = json!({ "AlarmName": "a", "NewStateValue": "ALARM", "Trigger": trigger });
            assert_eq!(alarm(&message).graph, None, "{trigger}");
        }
        let composite = json!({ "AlarmName": "a", "NewStateValue": "ALARM", "AlarmRule": "ALARM(x)" });
        assert_eq!(alarm(&composite).graph, None);
    }
}
