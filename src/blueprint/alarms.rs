//! CloudWatch alarms: on a metric, on a log by a metric filter, and on other alarms.

use std::collections::BTreeSet;

use super::Build;
use super::elsewhere::region_of;
use crate::aws::Text;
use crate::resource::cloudwatch::alarm::{
    AlarmMetric, CloudwatchAlarm, Condition, EvaluationWindow, MetricQuery, MetricStat, Options,
    PropagateTags, WarmUp,
};
use crate::resource::cloudwatch::composite_alarm::{CloudwatchCompositeAlarm, Suppressor};
use crate::resource::cloudwatch::log_alarm::CloudwatchLogAlarm;
use crate::resource::logs::metric_filter::{Group, LogsMetricFilter};
use crate::resource::{NodeId, Resource as _};
use crate::stack::{self, Alarm, Bound, LogFilter, Statistic, Threshold, is_arn};

impl Build<'_> {
    /// Adds every alarm, including those of presets, and the metric filters. The topics' ARNs are computed, so
    /// alarms depend only on each other.
    pub(super) fn alarms(&mut self) {
        let alarms = self.alarms.clone();
        let (composites, others): (Vec<_>, Vec<_>) =
            alarms.iter().partition(|(_, alarm)| alarm.rule.is_some());
        let roles = self.log_roles();
        for (key, alarm) in others {
            if let (Some(logs), Some(roles)) = (&alarm.logs, &roles) {
                self.log_alarm(key, alarm, logs, roles);
                continue;
            }
            if let Some(filter) = &alarm.filter {
                self.metric_filter(key, filter);
            }
            self.metric_alarm(key, alarm);
        }
        // A composite alarm may watch another one, so each is added after those that it watches.
        let mut left: Vec<_> = composites;
        while !left.is_empty() {
            let waits = |alarm: &Alarm| {
                let watched = self.watched(alarm);
                left.iter().any(|(key, _)| watched.contains(*key))
            };
            let (later, now): (Vec<_>, Vec<_>) = left.iter().partition(|(_, alarm)| waits(alarm));
            for (key, alarm) in now {
                self.composite_alarm(key, alarm);
            }
            // The checks of the stack file rule out a cycle.
            if later.len() == left.len() {
                break;
            }
            left = later;
        }
    }

    /// The key of an alarm's node, and its dependencies.
    pub(super) fn node_of(&self, key: &str, alarm: &Alarm) -> (String, Vec<NodeId>) {
        match region_of(alarm, self.home) {
            Some(region) => (
                format!("{key}@{region}"),
                self.leads.get(region).cloned().unwrap_or_default(),
            ),
            None => (key.to_owned(), Vec::new()),
        }
    }

    /// An alarm's own actions. An alarm in another region has only those that are named by their ARNs, because it cannot
    /// notify topics of the stack's region.
    pub(super) fn actions(&self, alarm: &Alarm, names: &[String]) -> Vec<Text> {
        let elsewhere = region_of(alarm, self.home).is_some();
        let names = names.iter().filter(|name| !elsewhere || is_arn(name));
        names.map(|name| self.names.topic_arn(name)).collect()
    }

    fn metric_alarm(&mut self, key: &str, alarm: &Alarm) {
        let (node, after) = self.node_of(key, alarm);
        let tags = self.tags::<CloudwatchAlarm>(&node);
        self.graph.add_after(
            node,
            CloudwatchAlarm {
                name: self.names.alarm(key, alarm),
                description: alarm.described(),
                actions_enabled: alarm.actions_enabled,
                alarm_actions: self.actions(alarm, &alarm.to),
                ok_actions: self.actions(alarm, &alarm.on_ok()),
                insufficient_data_actions: self.actions(alarm, &alarm.insufficient_data),
                metric: metric(alarm),
                condition: alarm
                    .threshold
                    .as_ref()
                    .map(|threshold| condition(alarm, threshold)),
                options: options(alarm),
                tags,
            },
            after,
        );
    }

    fn composite_alarm(&mut self, key: &str, alarm: &Alarm) {
        let alarms = self.alarms.clone();
        let node = |key: &String| {
            let alarm = alarms.get(key)?;
            Some(NodeId {
                kind: match (&alarm.rule, &alarm.logs) {
                    (Some(_), _) => CloudwatchCompositeAlarm::KIND,
                    (None, Some(_)) => CloudwatchLogAlarm::KIND,
                    (None, None) => CloudwatchAlarm::KIND,
                },
                key: self.node_of(key, alarm).0,
            })
        };
        let (own, after) = self.node_of(key, alarm);
        let watched = self.watched(alarm);
        let alarms_watched: Vec<_> = watched.iter().filter_map(node).collect();
        let suppressor = alarm.suppressor.as_ref().map(|suppressor| Suppressor {
            alarm: alarms.get(&suppressor.alarm).map_or_else(
                || suppressor.alarm.clone(),
                |alarm| self.names.alarm(&suppressor.alarm, alarm),
            ),
            wait_seconds: suppressor.wait,
            extension_seconds: suppressor.extension,
        });
        let rule = alarm.rule.as_deref().map(|rule| self.stack.alarm_rule(rule));
        let tags = self.tags::<CloudwatchCompositeAlarm>(&own);
        self.graph.add_after(
            own,
            CloudwatchCompositeAlarm {
                name: self.names.alarm(key, alarm),
                description: alarm.described(),
                rule: rule.unwrap_or_default(),
                actions_enabled: alarm.actions_enabled,
                alarm_actions: self.actions(alarm, &alarm.to),
                ok_actions: self.actions(alarm, &alarm.on_ok()),
                insufficient_data_actions: self.actions(alarm, &alarm.insufficient_data),
                suppressor,
                tags,
            },
            alarms_watched.into_iter().chain(after),
        );
    }

    /// The keys of the stack's alarms that a composite watches.
    fn watched(&self, alarm: &Alarm) -> BTreeSet<String> {
        let rule = alarm
            .rule
            .iter()
            .flat_map(|rule| self.stack.alarm_rule_keys(rule));
        let suppressor = alarm.suppressor.iter().map(|suppressor| suppressor.alarm.clone());
        let all = rule.chain(suppressor);
        all.filter(|key| self.alarms.contains_key(key)).collect()
    }

    /// Adds a metric filter on its log group; by default that is the trail's.
    fn metric_filter(&mut self, key: &str, filter: &LogFilter) {
        let log_group = match (&filter.log_group, &self.trail_log_group) {
            (Some(name), _) => Group::Existing(name.clone()),
            (None, Some(group)) => Group::Own(group.clone()),
            (None, None) => Group::Existing(String::new()),
        };
        let Some(metric) = &filter.metric else {
            return;
        };
        self.graph.add(
            key,
            LogsMetricFilter {
                name: self.names.metric_filter(key),
                log_group,
                pattern: filter.pattern.clone(),
                metric_namespace: metric.namespace.clone(),
                metric_name: metric.name.clone(),
                metric_value: filter.value.clone(),
                default_value: None,
            },
        );
    }

    /// The names of the alarms that notify a topic.
    pub(super) fn alarms_notifying(&self, topic: &str) -> Vec<String> {
        let notifies = |alarm: &Alarm| {
            let names = [&alarm.to, &alarm.on_ok(), &alarm.insufficient_data];
            names.into_iter().flatten().any(|key| key == topic)
        };
        let at_home = |alarm: &Alarm| region_of(alarm, self.home).is_none();
        let alarms = self.alarms.iter();
        let alarms = alarms.filter(|(_, alarm)| notifies(alarm) && at_home(alarm));
        let alarms = alarms.map(|(key, alarm)| self.names.alarm(key, alarm));
        alarms.chain(self.monitors_notifying(topic)).collect()
    }

    pub(super) fn topic_arns(&self, keys: &[String]) -> Vec<Text> {
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
    let dimensions = alarm.dimensions.iter();
    AlarmMetric::Single {
        namespace: metric.namespace.clone(),
        metric_name: metric.name.clone(),
        dimensions: dimensions
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect(),
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
        // For a metric, the period is part of its statistic.
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
        treat_missing_data: Some(alarm.treat_missing_data.unwrap_or_default().as_str().to_owned()),
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

pub(super) fn options(alarm: &Alarm) -> Options {
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
