//! Checks the evaluation of an alarm: periods, their window, percentiles with few samples, the warm-up.

use super::metrics::{WEEK, is_period};
use super::{Checker, one_of};
use crate::stack::file::problem::Problem;
use crate::stack::file::read::nearest;
use crate::stack::model::{Alarm, Bound, EvaluationWindow, MetricQuery};

const DAY: i64 = 86_400;
/// Longest evaluation range in seconds for an alarm on a Metrics Insights query.
const INSIGHTS: i64 = 3 * 3600;
/// Periods in seconds that align with the clock: full minutes, hours, days or weeks.
const CLOCK_PERIODS: [i32; 5] = [60, 300, 3600, 86_400, 604_800];

pub(super) fn check(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    if let Some(warm_up) = &alarm.warm_up {
        let path = [path, &["warm_up", "minutes"]].concat();
        checker.range(&path, warm_up.minutes, 1..=2880, " minutes");
    }
    // Settings that PromQL and composite alarms must not have are refused elsewhere, whatever their value; a log alarm
    // counts runs of its query, and not periods.
    if ["promql", "rule", "logs"]
        .iter()
        .any(|key| checker.is_written(&[path, &[key]].concat()))
    {
        return;
    }
    periods(checker, path, alarm);
    low_samples(checker, path, alarm);
    if let EvaluationWindow::WallClock { timezone } = &alarm.evaluation_window {
        clock_periods(checker, path, alarm);
        if let Some(name) = timezone {
            clock_timezone(checker, &[path, &["evaluation_window"]].concat(), name);
        }
    }
}

/// An anomaly detection threshold names the query that computes the band.
pub(super) fn band(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let Some(Bound::Band(id)) = alarm.threshold.as_ref().map(|threshold| &threshold.bound) else {
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

/// The number of periods, and their total length.
fn periods(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
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
    let queries = || alarm.metrics.iter();
    let longest = queries()
        .filter_map(|query| query.period)
        .chain(alarm.period)
        .max();
    let insights = queries()
        .filter(|query| is_insights(query))
        .filter_map(|query| query.period)
        .max();
    let Some(period) = insights.or(longest).filter(|period| is_period(*period)) else {
        return;
    };
    let limit = match insights {
        Some(_) => INSIGHTS,
        None if period < 3600 => DAY,
        None => WEEK,
    };
    // A wall-clock window of a Metrics Insights query reads one more period.
    let spare = i64::from(insights.is_some() && alarm.evaluation_window != EvaluationWindow::Sliding);
    let total = i64::from(period) * (i64::from(periods) + spare);
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
            (limit / i64::from(period) - spare).max(1)
        )));
    }
}

fn is_insights(query: &MetricQuery) -> bool {
    let expression = query.expression.as_deref().unwrap_or_default().trim_start();
    expression
        .get(..6)
        .is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
}

/// The setting for percentiles needs a percentile statistic.
fn low_samples(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let low_samples = [path, &["evaluate_low_sample_count_percentile"]].concat();
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

/// A wall-clock window needs periods that align with the clock.
fn clock_periods(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let refuse = |checker: &mut Checker<'_>, place: &[&str], period: i32| {
        let message = format!("a `wall-clock` window has no periods of {period} seconds");
        let problem = Problem::error(checker.at(place), message);
        let allowed = one_of(&CLOCK_PERIODS);
        checker.report(
            problem
                .label(allowed)
                .help("choose one of these, or `evaluation_window: sliding`"),
        );
    };
    let odd = |period: &i32| is_period(*period) && !CLOCK_PERIODS.contains(period);
    if let Some(period) = alarm.period.filter(odd) {
        refuse(checker, &[path, &["period"]].concat(), period);
    }
    for (index, query) in alarm.metrics.iter().enumerate() {
        if let Some(period) = query.period.filter(odd) {
            let index = index.to_string();
            refuse(checker, &[path, &["metrics", &index, "period"]].concat(), period);
        }
    }
}

/// Accepts the forms that CloudWatch documents: `Asia/Seoul`, `Z`, `+05:30`, `UTC+05:30`.
fn clock_timezone(checker: &mut Checker<'_>, path: &[&str], name: &str) {
    let offset = name
        .strip_prefix("UTC")
        .or_else(|| name.strip_prefix("GMT"))
        .unwrap_or(name);
    if let Some(hours_and_minutes) = offset.strip_prefix(['+', '-']) {
        if !is_offset(hours_and_minutes) {
            let message = format!("`{}` is not an offset from UTC", name.escape_debug());
            let problem = Problem::error(checker.at(path), message);
            checker.report(problem.help("write hours and minutes, in steps of 5 minutes, such as `+05:30`"));
        }
        return;
    }
    let database = jiff::tz::db();
    // Without a time zone database on this machine, the name cannot be checked.
    if ["Z", "UTC", "GMT"].contains(&name) || database.is_definitively_empty() {
        return;
    }
    let known: Vec<String> = database.available().map(|name| name.to_string()).collect();
    if known.iter().any(|known| known == name) && name.len() <= 50 {
        return;
    }
    let message = format!("`{}` is not a time zone", name.escape_debug());
    let problem = Problem::error(checker.at(path), message);
    checker.report(match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => problem
            .label(format!("did you mean `{near}`?"))
            .help(format!("write `wall-clock {near}`")),
        None => problem
            .help("write an IANA name or an offset, such as `wall-clock Asia/Seoul` or `wall-clock +09:00`"),
    });
}

fn is_offset(text: &str) -> bool {
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u8>().ok().filter(|_| digits)
    };
    let parts = text
        .split_once(':')
        .and_then(|(hours, minutes)| Some((number(hours)?, number(minutes)?)));
    parts.is_some_and(|(hours, minutes)| hours <= 18 && minutes < 60 && minutes % 5 == 0)
}
