//! An alarm of anybody's in the types of a desired one, so that it can be written down.

use aws_sdk_cloudwatch::types::MetricAlarm;

use super::metrics::{AlarmMetric, MetricQuery, dimensions};

impl AlarmMetric {
    /// What an alarm watches, as AWS describes it. `None` if AWS says it in a way that this alertctl does not know.
    pub(in crate::resource) fn read(alarm: &MetricAlarm) -> Option<Self> {
        if let Some(criteria) = alarm.evaluation_criteria() {
            let criteria = criteria.as_prom_ql_criteria().ok()?;
            return Some(Self::PromQl {
                query: criteria.query()?.to_owned(),
                interval: alarm.evaluation_interval()?,
                pending_period: criteria.pending_period,
                recovery_period: criteria.recovery_period,
            });
        }
        if !alarm.metrics().is_empty() {
            return Some(Self::Math(
                alarm.metrics().iter().map(MetricQuery::read).collect(),
            ));
        }
        let dimensions = dimensions(alarm.dimensions()).into_iter();
        Some(Self::Single {
            namespace: alarm.namespace()?.to_owned(),
            metric_name: alarm.metric_name()?.to_owned(),
            dimensions: dimensions.map(|(name, value)| (name, value.into())).collect(),
            statistic: alarm.statistic().map(|one| one.as_str().to_owned()),
            extended_statistic: alarm.extended_statistic().map(str::to_owned),
            period: alarm.period()?,
            unit: alarm.unit().map(|unit| unit.as_str().to_owned()),
        })
    }
}
