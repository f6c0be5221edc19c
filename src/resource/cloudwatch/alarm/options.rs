//! Optional settings of every metric alarm: a warm-up, and tags in its messages.

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{
    ActionConfiguration, AlarmTagsPropagation, MetricAlarm, WarmUpConfiguration,
};
use serde_json::{Value, json};

use super::in_order;
use crate::resource::Fields;

/// Settings that all sorts of metric alarms have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    pub warm_up: Option<WarmUp>,
    pub propagate_tags: PropagateTags,
}

/// A wait in `INSUFFICIENT_DATA`, without actions, after the alarm was created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WarmUp {
    pub minutes: i32,
    /// Whether to wait for the full time even if there is enough data.
    pub full: bool,
}

/// Which of the alarm's tags its messages carry. Tags that begin with `aws:` are never included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PropagateTags {
    /// AWS's default.
    #[default]
    No,
    All,
    /// The tags with these keys.
    Only(Vec<String>),
    /// All tags except those with these keys.
    Except(Vec<String>),
}

impl Options {
    pub(super) fn fields(&self, fields: Fields) -> Fields {
        let Self {
            warm_up,
            propagate_tags,
        } = self;
        let keys = |keys: &[String]| in_order(keys.to_vec());
        let propagate_tags = match propagate_tags {
            PropagateTags::No => None,
            PropagateTags::All => Some(Value::Bool(true)),
            PropagateTags::Only(only) => Some(json!({ "only": keys(only) })),
            PropagateTags::Except(except) => Some(json!({ "except": keys(except) })),
        };
        fields
            .set_some("warm_up.minutes", warm_up.map(|warm_up| warm_up.minutes))
            .set_some("warm_up.full", warm_up.map(|warm_up| warm_up.full))
            .set_some("propagate_tags", propagate_tags)
    }

    pub(in crate::resource) fn read(alarm: &MetricAlarm) -> Self {
        let warm_up = alarm.warm_up_configuration().map(|warm_up| WarmUp {
            minutes: warm_up.warm_up_period_duration_in_minutes().unwrap_or_default(),
            full: warm_up
                .only_start_evaluating_after_warm_up_period_ends()
                .unwrap_or_default(),
        });
        let propagation = alarm
            .action_configuration()
            .and_then(ActionConfiguration::alarm_tags_propagation)
            .filter(|propagation| propagation.enabled() == Some(true));
        let propagate_tags = match propagation {
            None => PropagateTags::No,
            Some(propagation) => match (propagation.included_tag_keys(), propagation.excluded_tag_keys()) {
                ([], []) => PropagateTags::All,
                ([], except) => PropagateTags::Except(except.to_vec()),
                (only, _) => PropagateTags::Only(only.to_vec()),
            },
        };
        Self {
            warm_up,
            propagate_tags,
        }
    }

    /// Options that are left out get AWS's default again, because the call overwrites the whole alarm.
    pub(super) fn put(&self, put: PutMetricAlarmFluentBuilder) -> PutMetricAlarmFluentBuilder {
        let warm_up = self.warm_up.map(|warm_up| {
            WarmUpConfiguration::builder()
                .warm_up_period_duration_in_minutes(warm_up.minutes)
                .only_start_evaluating_after_warm_up_period_ends(warm_up.full)
                .build()
        });
        let propagation = AlarmTagsPropagation::builder().enabled(true);
        let propagation = match &self.propagate_tags {
            PropagateTags::No => None,
            PropagateTags::All => Some(propagation),
            PropagateTags::Only(keys) => Some(propagation.set_included_tag_keys(Some(keys.clone()))),
            PropagateTags::Except(keys) => Some(propagation.set_excluded_tag_keys(Some(keys.clone()))),
        };
        let actions = propagation.map(|propagation| {
            ActionConfiguration::builder()
                .alarm_tags_propagation(propagation.build())
                .build()
        });
        put.set_warm_up_configuration(warm_up)
            .set_action_configuration(actions)
    }
}
