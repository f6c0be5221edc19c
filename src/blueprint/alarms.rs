//! CloudWatch alarms.

use super::Build;
use crate::aws::Text;
use crate::resource::cloudwatch_alarm::{
    AlarmMetric, CloudwatchAlarm, Condition, EvaluationWindow, MetricQuery, MetricStat, Options,
    PropagateTags, WarmUp,
};
use crate::stack::{self, Alarm, Bound, Statistic, Threshold};

impl Build<'_> {
    /// Every alarm. Its topics are named by computed ARNs, so it waits for nothing.
    pub(super) fn alarms(&mut self) {
        for (key, alarm) in &self.stack.alarms {
            self.graph.add(
                key,
                CloudwatchAlarm {
                    name: self.names.alarm(key, alarm),
                    description: alarm.description.clone(),
                    actions_enabled: alarm.actions_enabled,
                    alarm_actions: self.topic_arns(&alarm.to),
                    ok_actions: self.topic_arns(&alarm.ok),
                    insufficient_data_actions: self.topic_arns(&alarm.insufficient_data),
                    metric: metric(alarm),
                    condition: alarm
                        .threshold
                        .as_ref()
                        .map(|threshold| condition(alarm, threshold)),
                    options: options(alarm),
                    tags: self.tags::<CloudwatchAlarm>(key),
                },
            );
        }
    }

    fn topic_arns(&self, keys: &[String]) -> Vec<Text> {
        keys.iter().map(|key| self.names.topic_arn(key)).collect()
    }
}

fn metric(alarm: &Alarm) -> AlarmMetric {
    if let Some(promql) = &alarm.promql {
        return AlarmMetric::PromQl {
            query: promql.query.clone(),
            interval: promql.interval,
            pending_period: promql.pending_period,
            recovery_period: promql.recovery_period,
        };
    }
    let Some(metric) = &alarm.metric else {
        return AlarmMetric::Math(alarm.metrics.iter().map(query).collect());
    };
    let (statistic, extended_statistic) = match &alarm.statistic {
        Some(Statistic::Extended(name)) => (None, Some(name.clone())),
        Some(Statistic::Standard(name)) => (Some(name.clone()), None),
        None => (None, None),
    };
    AlarmMetric::Single {
        namespace: metric.namespace.clone(),
        metric_name: metric.name.clone(),
        dimensions: alarm.dimensions.clone(),
        statistic,
        extended_statistic,
        period: alarm.period.unwrap_or(60),
        unit: alarm.unit.clone(),
    }
}

fn query(query: &stack::MetricQuery) -> MetricQuery {
    let stat = query.metric.as_ref().map(|metric| MetricStat {
        namespace: metric.namespace.clone(),
        metric_name: metric.name.clone(),
        dimensions: query.dimensions.clone(),
        stat: query
            .statistic
            .as_ref()
            .map_or("Average", Statistic::as_str)
            .to_owned(),
        period: query.period.unwrap_or(60),
        unit: query.unit.clone(),
    });
    MetricQuery {
        id: query.id.clone(),
        expression: query.expression.clone(),
        label: query.label.clone(),
        return_data: query.return_data,
        // The period of a metric is part of its statistic.
        period: query.period.filter(|_| stat.is_none()),
        account_id: query.account_id.clone(),
        stat,
    }
}

fn condition(alarm: &Alarm, threshold: &Threshold) -> Condition {
    let (value, threshold_metric_id) = match &threshold.bound {
        Bound::Value(value) => (Some(*value), None),
        Bound::Band(id) => (None, Some(id.clone())),
    };
    Condition {
        comparison_operator: threshold.comparison.as_str().to_owned(),
        threshold: value,
        threshold_metric_id,
        evaluation_periods: alarm.evaluation_periods,
        datapoints_to_alarm: alarm.datapoints_to_alarm,
        treat_missing_data: Some(alarm.treat_missing_data.as_str().to_owned()),
        evaluate_low_sample_count_percentile: alarm
            .evaluate_low_sample_count_percentile
            .map(|low| low.as_str().to_owned()),
        evaluation_window: match &alarm.evaluation_window {
            stack::EvaluationWindow::Sliding => EvaluationWindow::Sliding,
            stack::EvaluationWindow::WallClock { timezone } => EvaluationWindow::WallClock {
                timezone: timezone.clone(),
            },
        },
    }
}

fn options(alarm: &Alarm) -> Options {
    Options {
        warm_up: alarm.warm_up.map(|warm_up| WarmUp {
            minutes: warm_up.minutes,
            full: warm_up.full,
        }),
        propagate_tags: match &alarm.propagate_tags {
            stack::PropagateTags::No => PropagateTags::No,
            stack::PropagateTags::All => PropagateTags::All,
            stack::PropagateTags::Only(keys) => PropagateTags::Only(keys.clone()),
            stack::PropagateTags::Except(keys) => PropagateTags::Except(keys.clone()),
        },
    }
}
