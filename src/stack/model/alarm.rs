//! Alarms: what they watch, how they evaluate it, and whom they notify.

use std::collections::BTreeMap;

use alertctl_relay::{ArnParts, Severity, page};
use schemars::JsonSchema;
use serde::Deserialize;

use super::form::{False, Or, one_of};
use super::is_arn;
use super::log_query::LogQuery;
use super::set::{AlarmPreset, Override};
use super::threshold::Threshold;
use super::values::{LowSampleCount, Metric, PropagateTags, Statistic, TreatMissingData, list_or_false, on};
use super::window::EvaluationWindow;

/// The keys that say what an alarm watches; an alarm has exactly one of them.
pub const WATCHED: [&str; 7] = ["metric", "metrics", "promql", "filter", "logs", "rule", "preset"];

/// A CloudWatch alarm: on a metric (every field of `PutMetricAlarm`), on a log (`filter`, `logs`), on other
/// alarms (`rule`), or a ready-made set of them (`preset`).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an alarm: keys such as `metric`, `threshold`, `to`"
)]
#[schemars(extend("oneOf" = one_of(WATCHED)))]
pub struct Alarm {
    /// Physical name, 1–255 characters.
    pub name: Option<String>,
    /// At most 1,024 characters.
    pub description: Option<String>,
    /// Region to create it in, if not the stack's own: AWS publishes the metrics of billing, CloudFront and
    /// Route 53 only in us-east-1. EventBridge forwards its state changes to the home region.
    pub region: Option<String>,
    /// The metric to watch; exactly one of `metric`, `metrics`, `promql`, `filter`, `logs`, `rule` and `preset` is
    /// required.
    pub metric: Option<Metric>,
    /// Dimensions of `metric`, at most 30; with `preset`, which resource of the service the set is for.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// Statistic of `metric`; required with it.
    pub statistic: Option<Statistic>,
    /// Unit of `metric`, one of CloudWatch's.
    pub unit: Option<String>,
    /// Seconds: 10, 20, 30 or a multiple of 60; required with `metric`, 300 by default with `filter`.
    pub period: Option<i32>,
    /// Metric math instead of `metric`: at most 20 queries.
    #[serde(default)]
    pub metrics: Vec<MetricQuery>,
    /// A PromQL query instead of `metric`; the query contains the alarm's condition.
    pub promql: Option<PromQl>,
    /// A log's metric filter instead of `metric`; the alarm watches the metric that it creates.
    pub filter: Option<LogFilter>,
    /// A query of logs instead of `metric`, which runs again and again: a log alarm.
    pub logs: Option<LogQuery>,
    /// A condition on other alarms instead of a metric, 1–10,240 characters: a composite alarm.
    pub rule: Option<String>,
    /// The alarm that silences a composite alarm.
    pub suppressor: Option<Suppressor>,
    /// A ready-made set of alarms, with the keys `<key>-<name>`.
    pub preset: Option<AlarmPreset>,
    /// Alarms of the set to leave out.
    #[serde(default)]
    pub except: Vec<String>,
    /// Alarms to add that the set has only on request.
    #[serde(default)]
    pub extra: Vec<String>,
    /// What alarms of the set have instead, by their names in it.
    #[serde(default, rename = "override")]
    pub overrides: BTreeMap<String, Override>,
    /// When the alarm goes off; required with `metric`, `metrics` and `logs`, `>= 1` by default with `filter`.
    pub threshold: Option<Threshold>,
    /// Number of periods to evaluate; with `logs`, of runs of the query.
    #[serde(default = "one")]
    pub evaluation_periods: i32,
    /// How many of these periods must breach; all by default.
    pub datapoints_to_alarm: Option<i32>,
    /// What a period without data means; `missing` by default, `notBreaching` with `filter` and `logs`.
    pub treat_missing_data: Option<TreatMissingData>,
    /// How to evaluate percentiles of too few samples.
    pub evaluate_low_sample_count_percentile: Option<LowSampleCount>,
    /// When the periods begin and end.
    #[serde(default)]
    pub evaluation_window: EvaluationWindow,
    /// Time to wait before the first evaluation.
    pub warm_up: Option<WarmUp>,
    /// A page that says what to do, `https://`; the description and the messages link to it.
    pub runbook: Option<String>,
    /// A page that shows how things are, `https://`; the description and the messages link to it.
    pub dashboard: Option<String>,
    /// Severity when it goes off; `error` or its topic's severity by default.
    pub severity: Option<Severity>,
    /// Whether state changes send notifications.
    #[serde(default = "on")]
    pub actions_enabled: bool,
    /// What runs on ALARM, at most 5: keys of `topics`, or of `channels`, which get a topic of their own, or the ARN of
    /// any action that CloudWatch can run.
    #[serde(default)]
    pub to: Vec<String>,
    /// What runs on OK, at most 5; by default the topics and channels of `to`, and with `false` nothing.
    #[serde(default, deserialize_with = "list_or_false")]
    #[schemars(with = "Or<Vec<String>, False>")]
    pub ok: Option<Vec<String>>,
    /// What runs on INSUFFICIENT_DATA, at most 5.
    #[serde(default)]
    pub insufficient_data: Vec<String>,
    /// Which of the alarm's tags to include in its messages.
    #[serde(default)]
    pub propagate_tags: PropagateTags,
    /// Whether a Slack app adds a chart of the metric to the thread of the alarm's message; not with `logs`, `rule` and `promql`.
    #[serde(default)]
    pub chart: bool,
    /// Whether the alarm is deleted or replaced only by name, with `--unprotect`; with `preset`, each alarm of the set.
    #[serde(default)]
    pub protect: bool,
}

impl Alarm {
    /// What runs on OK: by default, who hears of ALARM hears of its end.
    pub fn on_ok(&self) -> Vec<String> {
        self.ok.clone().unwrap_or_else(|| hears_of_ends(&self.to))
    }

    /// The description with its pages.
    pub fn described(&self) -> Option<String> {
        let pages = [&self.runbook, &self.dashboard].map(Option::as_deref);
        page::described(self.description.as_deref(), pages[0], pages[1])
    }

    /// What runs in each state that has actions.
    pub fn actions(&self) -> [(&'static str, Vec<String>); 3] {
        [
            ("ALARM", self.to.clone()),
            ("OK", self.on_ok()),
            ("INSUFFICIENT_DATA", self.insufficient_data.clone()),
        ]
    }
}

/// The receivers among the actions on ALARM that are notified of its end, too. Of ARNs, only topics are: another action, such
/// as stopping an instance, would not be undone by running it again.
pub fn hears_of_ends(names: &[String]) -> Vec<String> {
    let hears = |name: &&String| !is_arn(name) || ArnParts::of(name).service == "sns";
    names.iter().filter(hears).cloned().collect()
}

/// A PromQL instant query over metrics that came in by OpenTelemetry; every series it returns breaches.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a PromQL query, such as `{ query: up == 0, interval: 60 }`"
)]
pub struct PromQl {
    /// The query with its condition, 1–10,000 characters.
    pub query: String,
    /// Seconds between two evaluations: 10, 20, 30 or a multiple of 60, at most 3,600.
    pub interval: i32,
    /// Seconds a series must breach before ALARM, 0–86,400; 0 by default.
    pub pending_period: Option<i32>,
    /// Seconds a series must not breach before OK, 0–86,400; 0 by default.
    pub recovery_period: Option<i32>,
}

/// A wait after the alarm is made or changed: it stays in INSUFFICIENT_DATA and runs no actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a warm-up, such as `{ minutes: 10 }`")]
pub struct WarmUp {
    /// Minutes, 1–2,880.
    pub minutes: i32,
    /// Wait the full time, even if there is enough data to begin earlier.
    #[serde(default)]
    pub full: bool,
}

/// One query of a metric-math alarm: an expression, or a metric with its statistic and period.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a query, such as `{ id: errors, metric: AWS/Lambda Errors, … }`"
)]
pub struct MetricQuery {
    /// Name inside expressions, `[a-z][A-Za-z0-9_]*`.
    pub id: String,
    /// Metric math or a Metrics Insights query.
    pub expression: Option<String>,
    /// The metric; exactly one of `expression` and `metric` is required.
    pub metric: Option<Metric>,
    /// Dimensions of `metric`, at most 30.
    #[serde(default)]
    pub dimensions: BTreeMap<String, String>,
    /// Statistic of `metric`; required with it.
    pub statistic: Option<Statistic>,
    /// Unit of `metric`.
    pub unit: Option<String>,
    /// Seconds; required with `metric`.
    pub period: Option<i32>,
    /// Shown in place of the id.
    pub label: Option<String>,
    /// Whether the alarm watches this query; true for exactly one query (and for the band, if there is
    /// one).
    #[serde(default)]
    pub return_data: bool,
    /// Account that holds the metric, 12 digits.
    pub account_id: Option<String>,
}

/// A filter that makes a metric of what a log says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a filter, such as `{ pattern: '{ $.eventName = ConsoleLogin }' }`"
)]
pub struct LogFilter {
    /// CloudWatch Logs filter pattern, 1–1,024 characters.
    pub pattern: String,
    /// Physical name of the log group; the trail's by default.
    pub log_group: Option<String>,
    /// What each match adds: a number, or a field such as `$.bytes`; at most 100 characters.
    #[serde(default = "one_match")]
    pub value: String,
    /// The metric to create; `alertctl/<stack>` and the alarm's key by default.
    pub metric: Option<Metric>,
}

/// The alarm that silences a composite alarm while it is in ALARM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a suppressor, such as `{ alarm: deploy, wait: 60, extension: 60 }`"
)]
pub struct Suppressor {
    /// Key of `alarms`, or a physical name or ARN.
    pub alarm: String,
    /// Seconds the composite alarm waits for the suppressor to go into ALARM, 0–86,400.
    pub wait: i32,
    /// Seconds it stays silent after the suppressor has left ALARM, 0–86,400.
    pub extension: i32,
}

fn one() -> i32 {
    1
}

fn one_match() -> String {
    "1".to_owned()
}
