//! The health of an alarm, in particular of one without data.

use std::time::SystemTime;

use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{LogAlarm, MetricAlarm, StateValue, WarmUpConfiguration};

use crate::resource::{Health, Verdict, health};

/// Data is overdue after this many times the period that the alarm looks back.
const LOOKS: i64 = 3;
/// Data is overdue after this many seconds at the earliest: many metrics arrive every five minutes, and new ones
/// become visible after up to fifteen.
const LEAST: i64 = 15 * 60;
/// Data of a metric that had some before is overdue after this many seconds. A count of errors has no data while
/// there are no errors. CloudWatch lists metrics for two weeks after their last data.
const HAD_DATA: i64 = 14 * 24 * 60 * 60;
/// Seconds between the put of an alarm and its first state.
const MADE: i64 = 60;

/// How long an alarm on metrics or logs may be without data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// Seconds.
    new: i64,
    /// When it was last put, in seconds.
    put: Option<i64>,
}

impl Patience {
    /// The patience with an alarm as AWS describes it.
    pub(super) fn of(alarm: &MetricAlarm) -> Self {
        let queries = alarm.metrics().iter();
        let periods = queries.flat_map(|query| {
            let stat = query.metric_stat().and_then(|stat| stat.period());
            stat.into_iter().chain(query.period())
        });
        let own = [alarm.period(), alarm.evaluation_interval()];
        let period = own.into_iter().flatten().chain(periods).max().unwrap_or_default();
        let (periods, warm_up) = (alarm.evaluation_periods(), alarm.warm_up_configuration());
        Self {
            new: new(i64::from(period), periods, warm_up),
            put: alarm.alarm_configuration_updated_timestamp().map(DateTime::secs),
        }
    }

    /// The patience with a log alarm, whose query runs every so many seconds.
    pub(in crate::resource) fn with_query(alarm: &LogAlarm, every: i64) -> Self {
        let (runs, warm_up) = (alarm.query_results_to_evaluate(), alarm.warm_up_configuration());
        Self {
            new: new(every, runs, warm_up),
            put: alarm.alarm_configuration_updated_timestamp().map(DateTime::secs),
        }
    }

    /// Whether an alarm without data from `since` to `now` should have had some.
    fn is_over(&self, since: i64, now: i64) -> bool {
        // It had data after it was put, and then lost it. What was before the put is unknown.
        let had_data = self.put.is_some_and(|put| since > put + MADE);
        now - since > if had_data { HAD_DATA } else { self.new }
    }
}

/// How many seconds a new alarm may be without data that looks back at so many periods of `every` seconds.
fn new(every: i64, periods: Option<i32>, warm_up: Option<&WarmUpConfiguration>) -> i64 {
    let periods = i64::from(periods.unwrap_or(1).max(1));
    let warm_up = warm_up.and_then(|warm_up| warm_up.warm_up_period_duration_in_minutes());
    LOOKS
        .saturating_mul(every.saturating_mul(periods))
        .max(LEAST)
        .saturating_add(60 * i64::from(warm_up.unwrap_or_default()))
}

/// The health of an alarm that has been in this state since then. `patience` is not set for composite alarms.
pub(in crate::resource) fn health(
    state: Option<&StateValue>,
    since: Option<&DateTime>,
    patience: Option<&Patience>,
) -> Option<Health> {
    let now = DateTime::from(SystemTime::now()).secs();
    at(state?, since, patience, now)
}

fn at(state: &StateValue, since: Option<&DateTime>, patience: Option<&Patience>, now: i64) -> Option<Health> {
    let without_data = *state == StateValue::InsufficientData;
    let overdue = without_data
        && patience
            .zip(since)
            .is_some_and(|(patience, since)| patience.is_over(since.secs(), now));
    let verdict = match state {
        StateValue::Alarm => Verdict::Attention,
        _ if overdue => Verdict::Attention,
        _ => Verdict::Healthy,
    };
    let since = since.and_then(health::moment);
    let mut text = state.as_str().to_owned();
    if let Some(since) = &since {
        text += &format!(" since {since}");
    }
    if overdue {
        text += ": no data came";
    }
    let health = Health::new(verdict, text).with("alarm_state", state.as_str());
    let health = health.with("since", since);
    Some(match patience.is_some() && without_data {
        true => health.with("overdue", overdue),
        false => health,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::types::{Metric, MetricDataQuery, MetricStat};

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn verdict(alarm: &MetricAlarm, since: i64) -> Verdict {
        let since = DateTime::from_secs(since);
        let health = at(
            &StateValue::InsufficientData,
            Some(&since),
            Some(&Patience::of(alarm)),
            NOW,
        );
        let health = health.unwrap();
        assert_eq!(
            health.text.contains("no data came"),
            health.verdict == Verdict::Attention
        );
        health.verdict
    }

    fn alarm(put: i64, period: i32, periods: i32) -> MetricAlarm {
        MetricAlarm::builder()
            .period(period)
            .evaluation_periods(periods)
            .alarm_configuration_updated_timestamp(DateTime::from_secs(put))
            .build()
    }

    #[test]
    fn an_alarm_that_never_had_data_wants_attention_after_a_while() {
        for (period, periods, patience) in [(60, 1, 900), (300, 3, 2700), (86_400, 1, 259_200)] {
            let since = NOW - patience;
            let early = alarm(since, period, periods);
            assert_eq!(verdict(&early, since), Verdict::Healthy, "{period} × {periods}");
            let late = alarm(since - 1, period, periods);
            assert_eq!(
                verdict(&late, since - 1),
                Verdict::Attention,
                "{period} × {periods}"
            );
        }
    }

    #[test]
    fn changing_it_is_no_data() {
        let changed = alarm(NOW - 10, 60, 1);
        assert_eq!(verdict(&changed, NOW - 7200), Verdict::Attention);
    }

    #[test]
    fn what_had_data_may_be_without_for_two_weeks() {
        let alarm = alarm(NOW - 3 * HAD_DATA, 60, 1);
        assert_eq!(verdict(&alarm, NOW - 7200), Verdict::Healthy);
        assert_eq!(verdict(&alarm, NOW - HAD_DATA - 1), Verdict::Attention);
    }

    #[test]
    fn the_longest_period_of_metric_math_counts() {
        let query = |period| {
            let stat = MetricStat::builder()
                .metric(Metric::builder().build())
                .period(period);
            MetricDataQuery::builder().metric_stat(stat.build()).build()
        };
        let alarm = MetricAlarm::builder()
            .evaluation_periods(2)
            .metrics(query(60))
            .metrics(query(3600))
            .build();
        assert_eq!(verdict(&alarm, NOW - 6 * 3600), Verdict::Healthy);
        assert_eq!(verdict(&alarm, NOW - 6 * 3600 - 1), Verdict::Attention);
    }

    #[test]
    fn other_states_and_composites_are_never_overdue() {
        let since = DateTime::from_secs(0);
        let health = |state, patience| at(&state, Some(&since), patience, NOW).unwrap();
        let patience = Patience::of(&alarm(0, 60, 1));
        assert_eq!(health(StateValue::Ok, Some(&patience)).verdict, Verdict::Healthy);
        let composite = health(StateValue::InsufficientData, None);
        assert_eq!(composite.verdict, Verdict::Healthy);
        assert!(!composite.facts.contains_key("overdue"));
    }
}
