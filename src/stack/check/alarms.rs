//! Alarms: the metric, how it is judged, and who hears of it.

use super::{
    super::{
        model::{Alarm, Bound},
        problem::Problem,
    },
    Checker,
    metrics::{Source, is_period, queries, source},
};

const DAY: i64 = 86_400;
pub(super) const WEEK: i64 = 7 * DAY;
/// Topics told of one state.
const MAX_ACTIONS: usize = 5;
pub(super) fn check(checker: &mut Checker<'_>) {
    checker.section_keys("alarms");
    let stack = checker.stack;
    for (key, alarm) in &stack.alarms {
        let path = ["alarms", key.as_str()];
        if let Some(name) = &alarm.name {
            let allowed = |character: char| !character.is_control();
            checker.text(
                &["alarms", key, "name"],
                name,
                1..=255,
                allowed,
                "one line of text",
            );
        }
        if let Some(description) = &alarm.description {
            checker.text(
                &["alarms", key, "description"],
                description,
                0..=1024,
                |_| true,
                "anything",
            );
        }
        signal(checker, &path, alarm);
        evaluation(checker, &path, alarm);
        band(checker, &path, alarm);
        notices(checker, &path, alarm);
    }
    let names = stack
        .alarms
        .iter()
        .map(|(key, alarm)| (key.as_str(), alarm.name.as_deref()));
    checker.distinct_names("alarms", names);
}

/// Exactly one of `metric` and `metrics`, each with what belongs to it.
fn signal(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let written = |checker: &Checker<'_>, key: &str| checker.is_written(&[path, &[key]].concat());
    let (metric, metrics) = (written(checker, "metric"), written(checker, "metrics"));
    if metric && metrics {
        let place = checker.key(&[path, &["metrics"]].concat());
        let problem = Problem::error(place, "an alarm has either `metric` or `metrics`");
        let other = checker.key(&[path, &["metric"]].concat());
        checker.report(problem.related(other, "the other one").help("remove one of them"));
    } else if !metric && !metrics {
        let problem = Problem::error(checker.key(path), "the alarm watches nothing");
        checker.report(problem.help("add `metric:`, such as `metric: AWS/EC2 CPUUtilization`"));
    } else if metric {
        source(checker, path, &Source::of_alarm(alarm), true);
    } else {
        for key in ["dimensions", "statistic", "unit", "period"] {
            if written(checker, key) {
                let place = checker.key(&[path, &[key]].concat());
                let problem = Problem::error(place, format!("`{key}` belongs to a single `metric`"));
                checker.report(problem.help(format!(
                    "move `{key}` into the query in `metrics` it is meant for"
                )));
            }
        }
        queries(checker, path, alarm);
    }
}

/// How many periods are looked at, and how long that is in all.
fn evaluation(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let at = |key: &'static str| [path, &[key]].concat();
    let periods = alarm.evaluation_periods;
    if periods < 1 {
        let problem = Problem::error(
            checker.at(&at("evaluation_periods")),
            "at least one period is evaluated",
        );
        checker.report(problem.help("write 1 or more"));
    }
    if let Some(datapoints) = alarm
        .datapoints_to_alarm
        .filter(|count| !(1..=periods.max(1)).contains(count))
    {
        let message = format!("{datapoints} of {periods} periods cannot breach");
        let problem = Problem::error(checker.at(&at("datapoints_to_alarm")), message);
        checker.report(problem.help(format!(
            "write 1 to {}, or raise `evaluation_periods`",
            periods.max(1)
        )));
    }
    let longest = alarm
        .metrics
        .iter()
        .filter_map(|query| query.period)
        .chain(alarm.period)
        .max();
    if let Some(period) = longest.filter(|period| is_period(*period)) {
        let limit = if period < 3600 { DAY } else { WEEK };
        let total = i64::from(period) * i64::from(periods);
        if total > limit {
            let message = format!("{periods} periods of {period} seconds are too long");
            let place = if checker.is_written(&at("evaluation_periods")) {
                "evaluation_periods"
            } else {
                "period"
            };
            let problem = Problem::error(checker.at(&at(place)), message);
            let problem = problem.label(format!("{total} seconds; CloudWatch looks back {limit} at most"));
            checker.report(problem.help(format!(
                "at this period, at most {} periods",
                (limit / i64::from(period)).max(1)
            )));
        }
    }
    let low_samples = at("evaluate_low_sample_count_percentile");
    let mut statistics = alarm
        .metrics
        .iter()
        .filter_map(|query| query.statistic.as_ref())
        .chain(&alarm.statistic);
    let percentile = statistics.any(|statistic| statistic.as_str().starts_with('p'));
    if alarm.evaluate_low_sample_count_percentile.is_some() && !percentile {
        let problem = Problem::error(checker.key(&low_samples), "this key is for percentiles");
        checker.report(problem.help("remove it, or use a statistic such as `p99`"));
    }
}

/// An anomaly-detection threshold names the query that computes the band.
fn band(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let Bound::Band(id) = &alarm.threshold.bound else {
        return;
    };
    if alarm.metrics.iter().any(|query| query.id == *id) {
        return;
    }
    let place = checker.at(&[path, &["threshold"]].concat());
    let problem = Problem::error(
        place,
        format!("no query in `metrics` has the id `{}`", id.escape_debug()),
    );
    checker.report(
        problem.help("a band is a query such as `{ id: band, expression: ANOMALY_DETECTION_BAND(m1, 2) }`"),
    );
}

fn notices(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let elsewhere = (
        "channels",
        "an alarm tells a topic, the topic tells the channel: give a topic `to: [{}]` and name the topic here",
    );
    for (key, names) in [
        ("to", &alarm.to),
        ("ok", &alarm.ok),
        ("insufficient_data", &alarm.insufficient_data),
    ] {
        let path = [path, &[key]].concat();
        checker.targets(&path, names, "topics", elsewhere);
        if names.len() > MAX_ACTIONS {
            let message = format!("{} topics are too many for one state", names.len());
            let problem = Problem::error(checker.key(&path), message).label(format!("at most {MAX_ACTIONS}"));
            checker.report(problem.help("let one topic reach more receivers"));
        }
    }
    if !["to", "ok", "insufficient_data"]
        .iter()
        .any(|key| checker.is_written(&[path, &[key]].concat()))
    {
        let problem = Problem::warning(checker.key(path), "the alarm tells nobody");
        checker.report(problem.help("add `to: [topic]`"));
    }
}
