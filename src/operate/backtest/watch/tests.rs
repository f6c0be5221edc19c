use std::collections::BTreeMap;

use super::*;
use crate::operate::backtest::alarms::merged;
use crate::operate::backtest::evaluate::State;
use crate::operate::backtest::replay::Change;
use crate::operate::backtest::tracks::Answers;
use crate::resource::cloudwatch::alarm::{Options, Series, WarmUp};

/// 2026-11-30, noon.
const NOW: i64 = 1_796_040_000;

fn known() -> Known {
    Known {
        scope: crate::aws::Scope::of("111122223333", "eu-west-1"),
        outputs: BTreeMap::new(),
    }
}

fn span(seconds: i64) -> Span {
    Span {
        from: NOW - 600 - seconds,
        until: NOW - 600,
        now: NOW,
    }
}

fn condition(periods: i32, to_alarm: i32) -> Condition {
    Condition {
        comparison_operator: "GreaterThanOrEqualToThreshold".to_owned(),
        threshold: Some(50.0),
        threshold_metric_id: None,
        evaluation_periods: periods,
        datapoints_to_alarm: Some(to_alarm),
        treat_missing_data: None,
        evaluate_low_sample_count_percentile: None,
        evaluation_window: EvaluationWindow::Sliding,
    }
}

fn alarm(statistic: &str, period: i32, condition: Condition) -> CloudwatchAlarm {
    let is_plain = !statistic.starts_with('p');
    CloudwatchAlarm {
        name: "a".to_owned(),
        description: None,
        actions_enabled: true,
        alarm_actions: Vec::new(),
        ok_actions: Vec::new(),
        insufficient_data_actions: Vec::new(),
        metric: AlarmMetric::Single {
            namespace: "Shop".to_owned(),
            metric_name: "Load".to_owned(),
            dimensions: BTreeMap::new(),
            statistic: is_plain.then(|| statistic.to_owned()),
            extended_statistic: (!is_plain).then(|| statistic.to_owned()),
            period,
            unit: None,
        },
        condition: Some(condition),
        options: Options::default(),
        tags: crate::resource::Tags::new(),
    }
}

fn watch(alarm: &CloudwatchAlarm) -> Watch {
    Watch::of(alarm, &known()).unwrap()
}

/// The states of an alarm in the last `seconds`, whose metric had this value at each time.
fn lived(watch: &Watch, seconds: i64, value: impl Fn(&str, i64) -> Option<f64>) -> Vec<Change> {
    let span = span(seconds);
    let asks = watch.asks(span);
    let answers: Answers = asks
        .asks
        .iter()
        .map(|ask| {
            let series = ask.queries.iter().filter(|query| query.return_data).map(|query| {
                let times = (ask.from..ask.until).step_by(usize::try_from(ask.grain).unwrap());
                let id = query.id.clone();
                Series {
                    points: times.filter_map(|at| Some((at, value(&id, at)?))).collect(),
                    label: id.clone(),
                    id,
                }
            });
            (ask.clone(), series.collect())
        })
        .collect();
    let seen = watch.tracks(&asks, &answers, span);
    merged(&watch.live(&seen, asks.since))
}

fn told(changes: &[Change], from: i64) -> String {
    let each = changes
        .iter()
        .map(|change| format!("{} {}", (change.at - from) / 60, change.state.as_str()));
    each.collect::<Vec<_>>().join(", ")
}

#[test]
fn what_is_asked_depends_on_what_is_kept() {
    let asked = |statistic: &str, period: i32, days: i64| {
        let asks = watch(&alarm(statistic, period, condition(1, 1))).asks(span(days * DAY));
        let each = asks.asks.iter().map(|ask| {
            let days = |at: i64| (NOW - at) as f64 / DAY as f64;
            format!(
                "{}x{} {:.1}-{:.1}",
                ask.queries.len(),
                ask.grain,
                days(ask.from),
                days(ask.until)
            )
        });
        let since = (NOW - asks.since) as f64 / DAY as f64;
        format!("{}; since {since:.1}", each.collect::<Vec<_>>().join(", "))
    };
    // Average: sums and counts, of minutes as long as there are any.
    assert_eq!(asked("Average", 60, 10), "2x60 10.0-0.0; since 10.0");
    assert_eq!(
        asked("Average", 60, 30),
        "2x60 15.0-0.0, 2x300 30.0-15.0; since 30.0"
    );
    assert_eq!(
        asked("Sum", 300, 30),
        "1x60 15.0-0.0, 1x300 30.0-15.0; since 30.0"
    );
    assert_eq!(
        asked("Maximum", 3600, 300),
        "1x60 15.0-0.0, 1x300 63.0-15.0, 1x3600 300.2-63.0; since 300.0"
    );
    // Nothing is known of the sums of single minutes any more.
    assert_eq!(asked("Sum", 60, 30), "1x60 15.0-0.0; since 15.0");
    // Only CloudWatch can compute a percentile, and of values of less than a minute it knows the last three hours.
    assert_eq!(asked("p99", 300, 100), "1x300 63.0-0.0; since 63.0");
    assert_eq!(asked("p99", 60, 30), "1x60 15.0-0.0; since 15.0");
    assert_eq!(asked("Average", 10, 1), "1x10 0.1-0.0; since 0.1");
}

#[test]
fn averages_of_any_five_minutes_are_those_of_their_samples() {
    let watch = watch(&alarm("Average", 300, condition(1, 1)));
    let from = span(HOUR).from;
    // Ten samples of 10 each minute, and 90 of 100 in one minute: 93.8 of 130 samples.
    let changes = lived(&watch, HOUR, |id, at| {
        let peak = at == from + 30 * MINUTE;
        Some(match (id, peak) {
            (AMOUNT, true) => 9_000.0,
            (_, true) => 90.0,
            (AMOUNT, false) => 100.0,
            (_, false) => 10.0,
        })
    });
    assert_eq!(told(&changes, from), "0 OK, 31 ALARM, 36 OK");
}

/// AWS's example of an alarm that looks back for more than a day: it is evaluated once an hour.
#[test]
fn who_looks_back_for_more_than_a_day_is_evaluated_once_an_hour() {
    let slow = Condition {
        datapoints_to_alarm: Some(1),
        ..condition(25, 1)
    };
    let watch = watch(&alarm("Maximum", 3600, slow));
    assert_eq!(watch.every(), HOUR);
    let from = span(3 * HOUR).from;
    let fails = (from.div_euclid(HOUR) + 1) * HOUR + 2 * MINUTE;
    let changes = lived(&watch, 3 * HOUR, |_, at| {
        Some(if at == fails { 100.0 } else { 0.0 })
    });
    let alarms: Vec<_> = changes
        .iter()
        .filter(|change| change.state == State::Alarm)
        .collect();
    assert_eq!(alarms[0].at, fails + 58 * MINUTE, "at the next full hour");
}

/// AWS's example: three periods of five minutes, data from four minutes after the alarm was made on.
#[test]
fn a_warm_up_ends_when_there_is_enough_data() {
    let mut alarm = alarm("Maximum", 300, condition(3, 3));
    for (full, first) in [(false, 19), (true, 60)] {
        alarm.options.warm_up = Some(WarmUp { minutes: 60, full });
        let from = span(2 * HOUR).from;
        let changes = lived(&watch(&alarm), 2 * HOUR, |_, at| {
            (at >= from + 4 * MINUTE).then_some(100.0)
        });
        assert_eq!(told(&changes, from), format!("{first} ALARM"), "{full}");
    }
    // Whose metric has had data for long is evaluated at once.
    alarm.options.warm_up = Some(WarmUp {
        minutes: 60,
        full: false,
    });
    let changes = lived(&watch(&alarm), HOUR, |_, _| Some(1.0));
    assert_eq!(told(&changes, span(HOUR).from), "0 OK");
}

#[test]
fn days_on_the_clock_are_looked_at_when_they_are_over() {
    let seoul = EvaluationWindow::WallClock {
        timezone: Some("Asia/Seoul".to_owned()),
    };
    let daily = Condition {
        evaluation_window: seoul,
        threshold: Some(100.0),
        ..condition(1, 1)
    };
    let watch = watch(&alarm("Sum", 86_400, daily));
    let midnight = "2026-11-28T15:00:00Z"
        .parse::<jiff::Timestamp>()
        .unwrap()
        .as_second();
    // 120 within one day of Seoul, over midnight of UTC.
    let peak = midnight - 16 * HOUR..midnight - 14 * HOUR;
    let changes = lived(&watch, 5 * DAY, |_, at| {
        Some(if peak.contains(&at) { 1.0 } else { 0.0 })
    });
    let alarms: Vec<_> = changes
        .iter()
        .filter(|change| change.state == State::Alarm)
        .collect();
    assert_eq!(alarms.len(), 1, "{changes:?}");
    assert_eq!(alarms[0].at, midnight);
}

fn query(id: &str, expression: Option<&str>, return_data: bool) -> MetricQuery {
    let stat = MetricStat {
        namespace: "Shop".to_owned(),
        metric_name: "Load".to_owned(),
        dimensions: BTreeMap::new(),
        stat: "Average".to_owned(),
        period: 300,
        unit: None,
    };
    MetricQuery {
        id: id.to_owned(),
        expression: expression.map(str::to_owned),
        label: Some("load".to_owned()),
        return_data,
        period: expression.map(|_| 300),
        account_id: None,
        stat: expression.is_none().then_some(stat),
    }
}

#[test]
fn a_value_outside_its_band_breaches() {
    let outside = Condition {
        comparison_operator: "LessThanLowerOrGreaterThanUpperThreshold".to_owned(),
        threshold: None,
        threshold_metric_id: Some("band".to_owned()),
        ..condition(1, 1)
    };
    let mut alarm = alarm("Average", 300, outside);
    alarm.metric = AlarmMetric::Math(vec![
        query("load", None, true),
        query("band", Some("ANOMALY_DETECTION_BAND(load, 2)"), true),
    ]);
    let watch = watch(&alarm);
    let span = span(DAY);
    let asks = watch.asks(span);
    assert_eq!(asks.asks.len(), 1);
    assert!(asks.asks[0].queries.iter().all(|query| query.label.is_none()));
    let times: Vec<_> = (asks.asks[0].from..span.until).step_by(300).collect();
    let series = |id: &str, value: &dyn Fn(usize) -> f64| Series {
        id: id.to_owned(),
        label: String::new(),
        points: times
            .iter()
            .enumerate()
            .map(|(index, at)| (*at, value(index)))
            .collect(),
    };
    let last = times.len() - 1;
    let load = series("load", &|index| match index {
        100 => 31.0,
        200 => 9.0,
        _ => 20.0,
    });
    let bands = [series("band", &|_| 10.0), series("band", &|_| 30.0)];
    let answers = |bands: &[Series]| {
        vec![(
            asks.asks[0].clone(),
            [std::slice::from_ref(&load), bands].concat(),
        )]
    };
    let seen = watch.tracks(&asks, &answers(&bands), span);
    assert!(seen.has_data && !seen.lacks_band);
    let lives = watch.live(&seen, asks.since);
    let alarms: Vec<_> = lives[0]
        .iter()
        .filter(|change| change.state == State::Alarm)
        .collect();
    assert_eq!(alarms.len(), 2, "{lives:?}, {last}");
    // Without a model there is no band, or nothing but one line.
    assert!(watch.tracks(&asks, &answers(&[]), span).lacks_band);
    assert!(watch.tracks(&asks, &answers(&bands[..1]), span).lacks_band);
}

#[test]
fn each_series_of_a_query_that_groups_goes_off_by_itself() {
    let mut alarm = alarm("Average", 300, condition(1, 1));
    let select = "SELECT MAX(Load) FROM Shop GROUP BY Host";
    alarm.metric = AlarmMetric::Math(vec![query("q", Some(select), true)]);
    let watch = watch(&alarm);
    let span = span(30 * DAY);
    let asks = watch.asks(span);
    assert_eq!(
        (NOW - asks.since) / DAY,
        13,
        "Metrics Insights looks back two weeks"
    );
    let at = asks.asks[0].from + 100 * 300;
    let series = |label: &str, at: i64| Series {
        id: "q".to_owned(),
        label: label.to_owned(),
        points: vec![(at, 99.0), (at + 300, 1.0)],
    };
    let answers = vec![(asks.asks[0].clone(), vec![series("a", at), series("b", at + 300)])];
    let lives = watch.live(&watch.tracks(&asks, &answers, span), asks.since);
    assert_eq!(lives.len(), 2);
    assert_eq!(
        told(&merged(&lives), at),
        "-29995 OK, 5 ALARM, 15 OK".replace("-29995", &format!("{}", (lives[0][0].at - at) / 60))
    );
}

#[test]
fn what_is_not_known_says_why() {
    let mut alarm = alarm("Average", 300, condition(1, 1));
    alarm.metric = AlarmMetric::PromQl {
        query: "up == 0".to_owned(),
        interval: 60,
        pending_period: None,
        recovery_period: None,
    };
    assert!(Watch::of(&alarm, &known()).unwrap_err().contains("PromQL"));
    alarm.condition = None;
    assert!(Watch::of(&alarm, &known()).is_err());
}

#[test]
fn dynamodb_keeps_its_state_without_data() {
    let mut alarm = alarm("Sum", 60, condition(1, 1));
    if let AlarmMetric::Single { namespace, .. } = &mut alarm.metric {
        *namespace = "AWS/DynamoDB".to_owned();
    }
    assert_eq!(watch(&alarm).counting.missing, Treatment::Ignore);
}

/// Whatever numbers a file may hold.
#[test]
fn odd_numbers_do_not_panic() {
    for (period, periods, to_alarm) in [
        (0, 0, 0),
        (-60, -1, 5),
        (i32::MAX, i32::MAX, 1),
        (7, 3, 9),
        (90, 2, 1),
    ] {
        for statistic in ["Average", "Sum", "p99", "?"] {
            let watch = watch(&alarm(statistic, period, condition(periods, to_alarm)));
            let _ = lived(&watch, 2 * HOUR, |_, _| Some(1.0));
        }
    }
}
