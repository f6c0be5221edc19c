//! Optional settings of metric alarms and log alarms: a warm-up, and tags in their messages.

use aws_sdk_cloudwatch::types::{ActionConfiguration, AlarmTagsPropagation, WarmUpConfiguration};
use serde_json::{Value, json};

use super::in_order;
use crate::resource::Fields;

/// Settings that all alarms on metrics and logs have.
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
    pub(in crate::resource) fn fields(&self, fields: Fields) -> Fields {
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

    pub(in crate::resource) fn read(
        warm_up: Option<&WarmUpConfiguration>,
        actions: Option<&ActionConfiguration>,
    ) -> Self {
        let warm_up = warm_up.map(|warm_up| WarmUp {
            minutes: warm_up.warm_up_period_duration_in_minutes().unwrap_or_default(),
            full: warm_up
                .only_start_evaluating_after_warm_up_period_ends()
                .unwrap_or_default(),
        });
        let propagation = actions
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

    /// As the calls take it that put alarms. What is left out gets AWS's default again, because these calls overwrite the
    /// whole alarm.
    pub(in crate::resource) fn warm_up(&self) -> Option<WarmUpConfiguration> {
        self.warm_up.map(|warm_up| {
            WarmUpConfiguration::builder()
                .warm_up_period_duration_in_minutes(warm_up.minutes)
                .only_start_evaluating_after_warm_up_period_ends(warm_up.full)
                .build()
        })
    }

    /// The same for the tags in messages.
    pub(in crate::resource) fn action_configuration(&self) -> Option<ActionConfiguration> {
        let propagation = AlarmTagsPropagation::builder().enabled(true);
        let propagation = match &self.propagate_tags {
            PropagateTags::No => None,
            PropagateTags::All => Some(propagation),
            PropagateTags::Only(keys) => Some(propagation.set_included_tag_keys(Some(keys.clone()))),
            PropagateTags::Except(keys) => Some(propagation.set_excluded_tag_keys(Some(keys.clone()))),
        };
        propagation.map(|propagation| {
            ActionConfiguration::builder()
                .alarm_tags_propagation(propagation.build())
                .build()
        })
    }
}
