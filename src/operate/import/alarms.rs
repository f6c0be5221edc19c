//! An alarm as an entry of a stack file.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::{Mapping, Value};

use super::fields::Fields;
use super::{composite, log_queries};
use crate::aws::Text;
use crate::resource::cloudwatch::alarm::{
    AlarmMetric, Condition, EvaluationWindow, MetricQuery, Options, PropagateTags,
};
use crate::resource::inventory::{Actions, Alarm, OnMetric, Watches};
use crate::stack::{Comparison, hears_of_ends};

/// How the file calls what an alarm refers to.
pub(super) struct Names<'a> {
    pub stack: &'a str,
    /// Keys of topics by ARN.
    pub topics: &'a BTreeMap<&'a str, &'a str>,
    /// Keys of alarms by name.
    pub alarms: &'a BTreeMap<&'a str, &'a str>,
}

/// Why an alarm has no entry, whoever owns it.
pub(super) fn unsayable(alarm: &Alarm) -> Option<String> {
    let reason = match &alarm.watches {
        Watches::Logs(on) => log_queries::unsayable(on)?,
        Watches::Unknown => "it watches something that this alertctl does not know",
        Watches::Metric(on) => match on.metric {
            AlarmMetric::Single {
                statistic: None,
                extended_statistic: None,
                ..
            } => "AWS says no statistic of it",
            _ => return None,
        },
        Watches::Alarms { rule, .. } if composite::rule(rule, &BTreeMap::new()).is_none() => {
            "its rule cannot be read"
        }
        Watches::Alarms { .. } => return None,
    };
    Some(reason.to_owned())
}

/// The entry of the alarm with this key.
pub(super) fn entry(alarm: &Alarm, key: &str, names: &Names<'_>) -> Mapping {
    let mut fields = Fields::default();
    let is_default = alarm.name == format!("{}-{key}", names.stack);
    fields.some("name", (!is_default).then_some(alarm.name.as_str()));
    fields.some("description", alarm.description.as_deref());
    match &alarm.watches {
        Watches::Metric(on) => on_metric(&mut fields, on),
        Watches::Alarms { rule, suppressor } => {
            composite::entry(&mut fields, rule, suppressor.as_ref(), names.alarms);
        }
        Watches::Logs(on) => log_queries::entry(&mut fields, on),
        Watches::Unknown => {}
    }
    fields.some("actions_enabled", (!alarm.actions_enabled).then_some(false));
    match &alarm.watches {
        Watches::Metric(on) => propagation(&mut fields, &on.options),
        Watches::Logs(on) => propagation(&mut fields, &on.options),
        Watches::Alarms { .. } | Watches::Unknown => {}
    }
    let named = |arns: &[String]| -> Vec<String> {
        let name = |arn: &String| {
            names
                .topics
                .get(arn.as_str())
                .map_or_else(|| arn.clone(), |key| (*key).to_owned())
        };
        arns.iter().map(name).collect()
    };
    let Actions {
        alarm: to,
        ok,
        insufficient_data,
    } = &alarm.actions;
    let (to, ok) = (named(to), named(ok));
    fields.full("to", to.clone().into());
    // Who hears of ALARM hears of OK, unless the file says something else.
    let usual = hears_of_ends(&to);
    let same = |one: &[String], other: &[String]| {
        let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        set(one) == set(other)
    };
    match (same(&ok, &usual), ok.is_empty()) {
        (true, _) => {}
        (false, true) => fields.set("ok", false),
        (false, false) => fields.set("ok", ok),
    }
    fields.full("insufficient_data", named(insufficient_data).into());
    fields.0
}

fn on_metric(fields: &mut Fields, on: &OnMetric) {
    match &on.metric {
        AlarmMetric::Single {
            namespace,
            metric_name,
            dimensions,
            statistic,
            extended_statistic,
            period,
            unit,
        } => {
            fields.set("metric", format!("{namespace} {metric_name}"));
            let pair = |(name, value): (&String, &Text)| (name.as_str().into(), value.to_string().into());
            let dimensions: Mapping = dimensions.iter().map(pair).collect();
            fields.full("dimensions", dimensions.into());
            let statistic = statistic.as_ref().or(extended_statistic.as_ref());
            fields.some("statistic", statistic.map(String::as_str));
            fields.some("unit", unit.as_deref());
            fields.set("period", *period);
        }
        AlarmMetric::Math(queries) => {
            let queries: Vec<Value> = queries.iter().map(|query| one(query).into()).collect();
            fields.set("metrics", queries);
        }
        AlarmMetric::PromQl {
            query,
            interval,
            pending_period,
            recovery_period,
        } => {
            let mut promql = Fields::default();
            promql.set("query", query.as_str());
            promql.set("interval", *interval);
            promql.some("pending_period", pending_period.filter(|seconds| *seconds != 0));
            promql.some("recovery_period", recovery_period.filter(|seconds| *seconds != 0));
            fields.set("promql", promql.0);
        }
    }
    if let Some(condition) = &on.condition {
        judged(fields, condition);
    }
    fields.warm_up(&on.options);
}

/// One query of metric math.
fn one(query: &MetricQuery) -> Mapping {
    let mut fields = Fields::default();
    fields.set("id", query.id.as_str());
    fields.some("label", query.label.as_deref());
    fields.some("expression", query.expression.as_deref());
    if let Some(stat) = &query.stat {
        fields.set("metric", format!("{} {}", stat.namespace, stat.metric_name));
        let pair = |(name, value): (&String, &String)| (name.as_str().into(), value.as_str().into());
        let dimensions: Mapping = stat.dimensions.iter().map(pair).collect();
        fields.full("dimensions", dimensions.into());
        fields.set("statistic", stat.stat.as_str());
        fields.some("unit", stat.unit.as_deref());
        fields.set("period", stat.period);
    }
    fields.some("period", query.period.filter(|_| query.stat.is_none()));
    fields.some("account_id", query.account_id.as_deref());
    fields.some("return_data", query.return_data.then_some(true));
    fields.0
}

fn judged(fields: &mut Fields, condition: &Condition) {
    let operator = condition.comparison_operator.as_str();
    let sign = Comparison::named(operator).map_or(operator, |one| one.sign());
    let number = condition.threshold.map(|number| number.to_string());
    let bound = condition.threshold_metric_id.clone().or(number);
    fields.set("threshold", format!("{sign} {}", bound.unwrap_or_default()));
    let periods = condition.evaluation_periods;
    fields.some("evaluation_periods", (periods != 1).then_some(periods));
    fields.some(
        "datapoints_to_alarm",
        condition.datapoints_to_alarm.filter(|points| *points != periods),
    );
    let missing = condition.treat_missing_data.as_deref();
    fields.some(
        "treat_missing_data",
        missing.filter(|missing| *missing != "missing"),
    );
    fields.some(
        "evaluate_low_sample_count_percentile",
        condition.evaluate_low_sample_count_percentile.as_deref(),
    );
    if let EvaluationWindow::WallClock { timezone } = &condition.evaluation_window {
        let timezone = timezone.iter().map(|zone| format!(" {zone}"));
        fields.set(
            "evaluation_window",
            format!("wall-clock{}", timezone.collect::<String>()),
        );
    }
}

fn propagation(fields: &mut Fields, options: &Options) {
    let keys = |key: &str, keys: &[String]| -> Value {
        Mapping::from_iter([(key.into(), keys.to_vec().into())]).into()
    };
    fields.some(
        "propagate_tags",
        match &options.propagate_tags {
            PropagateTags::No => None,
            PropagateTags::All => Some(Value::Bool(true)),
            PropagateTags::Only(only) => Some(keys("only", only)),
            PropagateTags::Except(except) => Some(keys("except", except)),
        },
    );
}
