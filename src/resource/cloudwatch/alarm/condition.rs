//! When an alarm on a metric goes off.

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{self as sdk, ComparisonOperator, MetricAlarm, WallClockWindow};

use crate::resource::Fields;

/// How data points are compared and counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub comparison_operator: String,
    pub threshold: Option<f64>,
    /// The anomaly detection band of `metric` that is used instead of a threshold.
    pub threshold_metric_id: Option<String>,
    pub evaluation_periods: i32,
    /// `None`: all of them.
    pub datapoints_to_alarm: Option<i32>,
    /// `None`: AWS's default, `missing`.
    pub treat_missing_data: Option<String>,
    pub evaluate_low_sample_count_percentile: Option<String>,
    pub evaluation_window: EvaluationWindow,
}

/// How the evaluation periods are aligned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EvaluationWindow {
    /// They move with every evaluation. This is AWS's default.
    #[default]
    Sliding,
    /// They are aligned to the full minute, hour, day or week.
    WallClock {
        /// `None`: AWS's default, `UTC`.
        timezone: Option<String>,
    },
}

/// AWS's default for missing data.
const MISSING: &str = "missing";

impl Condition {
    pub(super) fn fields(&self, fields: Fields) -> Fields {
        let Self {
            comparison_operator,
            threshold,
            threshold_metric_id,
            evaluation_periods,
            datapoints_to_alarm,
            treat_missing_data,
            evaluate_low_sample_count_percentile,
            evaluation_window,
        } = self;
        fields
            .set("comparison_operator", comparison_operator.as_str())
            .set_some("threshold", *threshold)
            .set_some("threshold_metric_id", threshold_metric_id.as_deref())
            .set("evaluation_periods", *evaluation_periods)
            .set(
                "datapoints_to_alarm",
                datapoints_to_alarm.unwrap_or(*evaluation_periods),
            )
            .set(
                "treat_missing_data",
                treat_missing_data.as_deref().unwrap_or(MISSING),
            )
            .set_some(
                "evaluate_low_sample_count_percentile",
                evaluate_low_sample_count_percentile.as_deref(),
            )
            .set_some("evaluation_window", evaluation_window.shown())
    }

    /// The condition of an alarm as AWS describes it. `None` for an alarm on a PromQL query, which has none of its own.
    pub(in crate::resource) fn read(alarm: &MetricAlarm) -> Option<Self> {
        if alarm.evaluation_criteria().is_some() {
            return None;
        }
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Self {
            comparison_operator: alarm
                .comparison_operator()
                .map_or("", |one| one.as_str())
                .to_owned(),
            threshold: alarm.threshold(),
            threshold_metric_id: owned(alarm.threshold_metric_id()),
            evaluation_periods: alarm.evaluation_periods().unwrap_or_default(),
            datapoints_to_alarm: alarm.datapoints_to_alarm(),
            treat_missing_data: owned(alarm.treat_missing_data()),
            evaluate_low_sample_count_percentile: owned(alarm.evaluate_low_sample_count_percentile()),
            evaluation_window: EvaluationWindow::read(alarm.evaluation_window()),
        })
    }

    pub(super) fn put(&self, put: PutMetricAlarmFluentBuilder) -> PutMetricAlarmFluentBuilder {
        put.comparison_operator(ComparisonOperator::from(self.comparison_operator.as_str()))
            .set_threshold(self.threshold)
            .set_threshold_metric_id(self.threshold_metric_id.clone())
            .evaluation_periods(self.evaluation_periods)
            .set_datapoints_to_alarm(self.datapoints_to_alarm)
            .set_treat_missing_data(self.treat_missing_data.clone())
            .set_evaluate_low_sample_count_percentile(self.evaluate_low_sample_count_percentile.clone())
            .set_evaluation_window(self.evaluation_window.to_sdk())
    }
}

impl EvaluationWindow {
    /// In the form that is compared and shown. `None` for the default.
    fn shown(&self) -> Option<String> {
        match self {
            Self::Sliding => None,
            Self::WallClock { timezone } => {
                Some(format!("wall-clock {}", timezone.as_deref().unwrap_or("UTC")))
            }
        }
    }

    fn to_sdk(&self) -> Option<sdk::EvaluationWindow> {
        match self {
            Self::Sliding => None,
            Self::WallClock { timezone } => {
                let window = WallClockWindow::builder().set_timezone(timezone.clone()).build();
                Some(sdk::EvaluationWindow::WallClockWindow(window))
            }
        }
    }

    fn read(window: Option<&sdk::EvaluationWindow>) -> Self {
        match window {
            Some(sdk::EvaluationWindow::WallClockWindow(window)) => Self::WallClock {
                timezone: window.timezone.clone(),
            },
            _ => Self::Sliding,
        }
    }
}
