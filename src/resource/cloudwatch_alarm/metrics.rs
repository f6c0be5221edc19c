//! What an alarm watches, and how an alarm is read.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types as sdk;
use aws_sdk_cloudwatch::types::{
    AlarmPromQlCriteria, CompositeAlarm, Dimension, EvaluationCriteria, Metric, MetricAlarm, MetricDataQuery,
    StandardUnit, StateValue, Statistic,
};
use serde_json::{Map, Value, json};

use super::common::{bare, describe_fields};
use super::silence::{Patience, health};
use super::{Condition, Live, Options, in_order};
use crate::resource::{Cx, Fields, Known, Result, Tags, Text};

/// What an alarm watches.
#[derive(Debug, Clone, PartialEq)]
pub enum AlarmMetric {
    Single {
        namespace: String,
        metric_name: String,
        /// Values that AWS generates for other resources are among them.
        dimensions: BTreeMap<String, Text>,
        /// `Average` and the like.
        statistic: Option<String>,
        /// A percentile such as `p99`, in place of `statistic`.
        extended_statistic: Option<String>,
        period: i32,
        unit: Option<String>,
    },
    /// Metrics and expressions over them.
    Math(Vec<MetricQuery>),
    /// A query that holds its own condition: each series it returns breaches.
    PromQl {
        query: String,
        /// Seconds between two evaluations.
        interval: i32,
        /// Seconds before a breaching series counts; `None`: AWS's default, 0.
        pending_period: Option<i32>,
        /// Seconds before a series that no longer breaches counts as recovered; `None`: AWS's default, 0.
        recovery_period: Option<i32>,
    },
}

/// A metric, or an expression over others.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricQuery {
    pub id: String,
    pub expression: Option<String>,
    pub label: Option<String>,
    /// True for the one that the alarm watches.
    pub return_data: bool,
    pub period: Option<i32>,
    pub account_id: Option<String>,
    pub stat: Option<MetricStat>,
}

/// A statistic of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricStat {
    pub namespace: String,
    pub metric_name: String,
    pub dimensions: BTreeMap<String, String>,
    pub stat: String,
    pub period: i32,
    pub unit: Option<String>,
}

impl AlarmMetric {
    pub(super) fn fields(&self, fields: Fields, known: &Known) -> Fields {
        match self {
            Self::Single {
                namespace,
                metric_name,
                dimensions,
                statistic,
                extended_statistic,
                period,
                unit,
            } => dimensions
                .iter()
                .fold(
                    fields
                        .set("namespace", namespace.as_str())
                        .set("metric_name", metric_name.as_str()),
                    |fields, (name, value)| fields.text(format!("dimensions.{name}"), value, known),
                )
                .set_some("statistic", statistic.as_deref())
                .set_some("extended_statistic", extended_statistic.as_deref())
                .set("period", *period)
                .set_some("unit", unit.as_deref()),
            Self::Math(queries) => math(fields, queries),
            Self::PromQl {
                query,
                interval,
                pending_period,
                recovery_period,
            } => promql(fields, query, *interval, *pending_period, *recovery_period),
        }
    }

    pub(super) fn put(
        &self,
        put: PutMetricAlarmFluentBuilder,
        cx: &Cx<'_>,
    ) -> Result<PutMetricAlarmFluentBuilder> {
        Ok(match self {
            Self::Single {
                namespace,
                metric_name,
                dimensions,
                statistic,
                extended_statistic,
                period,
                unit,
            } => put
                .namespace(namespace)
                .metric_name(metric_name)
                .set_dimensions(Some(in_aws_words(&filled(dimensions, cx)?)))
                .set_statistic(statistic.as_deref().map(Statistic::from))
                .set_extended_statistic(extended_statistic.clone())
                .period(*period)
                .set_unit(unit.as_deref().map(StandardUnit::from)),
            Self::Math(queries) => {
                put.set_metrics(Some(queries.iter().map(MetricQuery::in_aws_words).collect()))
            }
            Self::PromQl {
                query,
                interval,
                pending_period,
                recovery_period,
            } => {
                let criteria = AlarmPromQlCriteria::builder()
                    .query(query)
                    .set_pending_period(*pending_period)
                    .set_recovery_period(*recovery_period)
                    .build();
                put.evaluation_criteria(EvaluationCriteria::PromQlCriteria(criteria))
                    .evaluation_interval(*interval)
            }
        })
    }
}

impl MetricQuery {
    /// As it is compared and shown.
    fn shown(&self) -> Value {
        let Self {
            id: _,
            expression,
            label,
            return_data,
            period,
            account_id,
            stat,
        } = self;
        let stat = stat.as_ref().map(|stat| {
            let MetricStat {
                namespace,
                metric_name,
                dimensions,
                stat,
                period,
                unit,
            } = stat;
            without_null(json!({
                "namespace": namespace, "metric_name": metric_name, "dimensions": dimensions, "stat": stat,
                "period": period, "unit": unit,
            }))
        });
        without_null(json!({
            "expression": expression, "label": label, "return_data": return_data, "period": period,
            "account_id": account_id, "stat": stat,
        }))
    }

    fn in_aws_words(&self) -> MetricDataQuery {
        let stat = self.stat.as_ref().map(|stat| {
            let metric = Metric::builder()
                .namespace(&stat.namespace)
                .metric_name(&stat.metric_name)
                .set_dimensions(Some(in_aws_words(&stat.dimensions)))
                .build();
            sdk::MetricStat::builder()
                .metric(metric)
                .stat(&stat.stat)
                .period(stat.period)
                .set_unit(stat.unit.as_deref().map(StandardUnit::from))
                .build()
        });
        MetricDataQuery::builder()
            .id(&self.id)
            .set_expression(self.expression.clone())
            .set_label(self.label.clone())
            .return_data(self.return_data)
            .set_period(self.period)
            .set_account_id(self.account_id.clone())
            .set_metric_stat(stat)
            .build()
    }

    fn read(query: &MetricDataQuery) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let stat = query.metric_stat().map(|stat| {
            let metric = stat.metric();
            MetricStat {
                namespace: text(metric.and_then(Metric::namespace)),
                metric_name: text(metric.and_then(Metric::metric_name)),
                dimensions: dimensions(metric.map(Metric::dimensions).unwrap_or_default()),
                stat: text(stat.stat()),
                period: stat.period().unwrap_or_default(),
                unit: stat.unit().map(|unit| unit.as_str().to_owned()),
            }
        });
        Self {
            id: text(query.id()),
            expression: query.expression().map(str::to_owned),
            label: query.label().map(str::to_owned),
            return_data: query.return_data().unwrap_or(true),
            period: query.period(),
            account_id: query.account_id().map(str::to_owned),
            stat,
        }
    }
}

/// A metric alarm as AWS describes it.
pub(super) fn read(alarm: &MetricAlarm) -> Live {
    let name = alarm.alarm_name().unwrap_or_default();
    let arns = |arns: &[String]| in_order(arns.to_vec());
    let fields = describe_fields(
        Fields::default().set("name", name),
        alarm.alarm_description(),
        alarm.actions_enabled().unwrap_or(true),
    );
    let fields = fields
        .set("alarm_actions", arns(alarm.alarm_actions()))
        .set("ok_actions", arns(alarm.ok_actions()))
        .set(
            "insufficient_data_actions",
            arns(alarm.insufficient_data_actions()),
        );
    let settings = Options::read(alarm).fields(Condition::read(alarm, watched(alarm, fields)));
    Live {
        name: name.to_owned(),
        arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
        settings,
        alarm: in_alarm(alarm.state_value(), alarm.state_reason()),
        health: health(
            alarm.state_value(),
            alarm
                .state_transitioned_timestamp()
                .or(alarm.state_updated_timestamp()),
            Some(&Patience::of(alarm)),
        ),
        tags: Tags::new(),
    }
}

fn watched(alarm: &MetricAlarm, fields: Fields) -> Fields {
    if let Some(criteria) = alarm.evaluation_criteria() {
        let criteria = criteria.as_prom_ql_criteria().ok();
        return promql(
            fields,
            criteria.and_then(|promql| promql.query()).unwrap_or_default(),
            alarm.evaluation_interval().unwrap_or_default(),
            criteria.and_then(|promql| promql.pending_period),
            criteria.and_then(|promql| promql.recovery_period),
        );
    }
    match alarm.metrics() {
        [] => with_dimensions(
            fields
                .set_some("namespace", alarm.namespace())
                .set_some("metric_name", alarm.metric_name()),
            &dimensions(alarm.dimensions()),
        )
        .set_some("statistic", alarm.statistic().map(Statistic::as_str))
        .set_some("extended_statistic", alarm.extended_statistic())
        .set_some("period", alarm.period())
        .set_some("unit", alarm.unit().map(StandardUnit::as_str)),
        queries => math(fields, &queries.iter().map(MetricQuery::read).collect::<Vec<_>>()),
    }
}

fn math(fields: Fields, queries: &[MetricQuery]) -> Fields {
    queries.iter().fold(fields, |fields, query| {
        fields.set(format!("metrics.{}", query.id), query.shown())
    })
}

fn promql(
    fields: Fields,
    query: &str,
    interval: i32,
    pending_period: Option<i32>,
    recovery_period: Option<i32>,
) -> Fields {
    fields
        .set("promql.query", query)
        .set("promql.interval", interval)
        .set("promql.pending_period", pending_period.unwrap_or_default())
        .set("promql.recovery_period", recovery_period.unwrap_or_default())
}

/// A composite alarm as AWS describes it.
pub(super) fn read_composite(alarm: &CompositeAlarm) -> Live {
    let name = alarm.alarm_name().unwrap_or_default();
    let arns = |arns: &[String]| in_order(arns.to_vec());
    let fields = Fields::default().set("name", name).set("type", "composite");
    let fields = describe_fields(
        fields,
        alarm.alarm_description(),
        alarm.actions_enabled().unwrap_or(true),
    );
    let suppressor = alarm.actions_suppressor().filter(|name| !name.is_empty());
    let seconds = |seconds: Option<i32>| suppressor.and(seconds);
    let settings = fields
        .set("alarm_actions", arns(alarm.alarm_actions()))
        .set("ok_actions", arns(alarm.ok_actions()))
        .set(
            "insufficient_data_actions",
            arns(alarm.insufficient_data_actions()),
        )
        .set("rule", alarm.alarm_rule().unwrap_or_default())
        .set_some("suppressor", suppressor.map(bare))
        .set_some("suppressor_wait", seconds(alarm.actions_suppressor_wait_period()))
        .set_some(
            "suppressor_extension",
            seconds(alarm.actions_suppressor_extension_period()),
        );
    Live {
        name: name.to_owned(),
        arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
        settings,
        alarm: in_alarm(alarm.state_value(), alarm.state_reason()),
        health: health(
            alarm.state_value(),
            alarm
                .state_transitioned_timestamp()
                .or(alarm.state_updated_timestamp()),
            None,
        ),
        tags: Tags::new(),
    }
}

fn in_alarm(state: Option<&StateValue>, reason: Option<&str>) -> Option<String> {
    let reason = reason.unwrap_or("no reason given");
    (state == Some(&StateValue::Alarm)).then(|| format!("in ALARM: {reason}"))
}

fn with_dimensions(fields: Fields, dimensions: &BTreeMap<String, String>) -> Fields {
    dimensions.iter().fold(fields, |fields, (name, value)| {
        fields.set(format!("dimensions.{name}"), value.as_str())
    })
}

pub(super) fn dimensions(dimensions: &[Dimension]) -> BTreeMap<String, String> {
    let pair = |one: &Dimension| Some((one.name()?.to_owned(), one.value()?.to_owned()));
    dimensions.iter().filter_map(pair).collect()
}

fn in_aws_words(dimensions: &BTreeMap<String, String>) -> Vec<Dimension> {
    dimensions
        .iter()
        .map(|(name, value)| Dimension::builder().name(name).value(value).build())
        .collect()
}

fn without_null(value: Value) -> Value {
    let Value::Object(fields) = value else {
        return value;
    };
    let set = fields.into_iter().filter(|(_, value)| !value.is_null());
    set.collect::<Map<_, _>>().into()
}

fn filled(dimensions: &BTreeMap<String, Text>, cx: &Cx<'_>) -> Result<BTreeMap<String, String>> {
    let pairs = dimensions.iter();
    pairs
        .map(|(name, value)| Ok((name.clone(), cx.text(value)?)))
        .collect()
}
