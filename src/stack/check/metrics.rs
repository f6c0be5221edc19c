//! Checks metrics: names, statistics, units, periods, and the queries of metric math.

use std::collections::{BTreeMap, HashMap};

use super::{Checker, is_account_id, one_of, published};
use crate::stack::file::problem::Problem;
use crate::stack::file::read::nearest;
use crate::stack::model::{Alarm, Bound, Metric, MetricQuery, Statistic};

/// In seconds.
pub(super) const WEEK: i64 = 604_800;
const MAX_DIMENSIONS: usize = 30;
const MAX_QUERIES: usize = 20;
/// CloudWatch's units.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// A metric of an alarm or of a query, with its settings.
pub(super) struct Source<'a> {
    metric: Option<&'a Metric>,
    dimensions: &'a BTreeMap<String, String>,
    statistic: Option<&'a Statistic>,
    unit: Option<&'a str>,
    period: Option<i32>,
}

impl<'a> Source<'a> {
    pub(super) fn of_alarm(alarm: &'a Alarm) -> Self {
        let Alarm {
            metric,
            dimensions,
            statistic,
            unit,
            period,
            ..
        } = alarm;
        let (metric, statistic, unit) = (metric.as_ref(), statistic.as_ref(), unit.as_deref());
        Self {
            metric,
            dimensions,
            statistic,
            unit,
            period: *period,
        }
    }

    fn of_query(query: &'a MetricQuery) -> Self {
        let MetricQuery {
            metric,
            dimensions,
            statistic,
            unit,
            period,
            ..
        } = query;
        let (metric, statistic, unit) = (metric.as_ref(), statistic.as_ref(), unit.as_deref());
        Self {
            metric,
            dimensions,
            statistic,
            unit,
            period: *period,
        }
    }
}

pub(super) fn source(checker: &mut Checker<'_>, path: &[&str], source: &Source<'_>, whole: bool) {
    let at = |key: &'static str| [path, &[key]].concat();
    if whole {
        let needed = [("statistic", "statistic: Average"), ("period", "period: 60")];
        for (key, example) in needed
            .iter()
            .filter(|(key, _)| !checker.is_written(&at(key)))
            .copied()
            .collect::<Vec<_>>()
        {
            let problem = Problem::error(checker.key(&at("metric")), format!("a metric needs `{key}`"));
            checker.report(problem.help(format!("add `{example}`")));
        }
    }
    if let Some(metric) = source.metric {
        metric_name(checker, &at("metric"), metric);
        published::check(checker, path, metric, source.dimensions.keys());
    }
    if source.dimensions.len() > MAX_DIMENSIONS {
        let message = format!("{} dimensions are too many", source.dimensions.len());
        let problem = Problem::error(checker.key(&at("dimensions")), message);
        checker.report(
            problem
                .label(format!("at most {MAX_DIMENSIONS}"))
                .help("remove some"),
        );
    }
    for (name, value) in source.dimensions {
        let place = [path, &["dimensions", name.as_str()]].concat();
        let printable = |character: char| character.is_ascii_graphic() || character == ' ';
        checker.text(&place, value, 1..=1024, printable, "printable ASCII");
        if name.is_empty() || name.len() > 255 || name.starts_with(':') || !name.chars().all(printable) {
            let problem = Problem::error(checker.key(&place), "this cannot be the name of a dimension");
            checker.report(problem.help("write 1 to 255 printable ASCII characters, not `:` first"));
        }
    }
    if let Some(Statistic::Extended(text)) = source.statistic.filter(|statistic| !is_statistic(statistic)) {
        let message = format!("`{}` is not a statistic", text.escape_debug());
        let problem = Problem::error(checker.at(&at("statistic")), message);
        checker.report(match nearest(text, Statistic::STANDARD.into_iter()) {
            Some(near) => problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
            None => problem.help(format!(
                "write {}, or one like p99, tm90, IQM",
                one_of(&Statistic::STANDARD)
            )),
        });
    }
    if let Some(unit) = source.unit.filter(|unit| !UNITS.contains(unit)) {
        let message = format!("`{}` is not a unit", unit.escape_debug());
        let problem = Problem::error(checker.at(&at("unit")), message);
        checker.report(match nearest(unit, UNITS.into_iter()) {
            Some(near) => problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
            None => problem.help("remove `unit`: CloudWatch then uses whatever unit the metric has"),
        });
    }
    if let Some(period) = source.period.filter(|period| !is_period(*period)) {
        let problem = Problem::error(
            checker.at(&at("period")),
            format!("{period} seconds cannot be a period"),
        );
        let near = (i64::from(period.max(1)) + 59) / 60 * 60;
        let problem = problem.label("10, 20, 30 or a multiple of 60");
        checker.report(problem.help(format!("the next longer one is {}", near.min(WEEK))));
    }
}

/// Namespace and name of a metric.
pub(super) fn metric_name(checker: &mut Checker<'_>, path: &[&str], metric: &Metric) {
    let printable = |character: char| character.is_ascii_graphic() || character == ' ';
    let place = checker.at(path);
    if !(1..=255).contains(&metric.name.chars().count()) || !metric.name.chars().all(printable) {
        let problem = Problem::error(place, "a metric's name has 1 to 255 printable ASCII characters");
        checker.report(problem.help("copy namespace and name from the CloudWatch console"));
    } else if metric.namespace.len() > 255
        || metric.namespace.starts_with(':')
        || !metric
            .namespace
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_/#:".contains(c))
    {
        let problem = Problem::error(place, "this is not a metric namespace");
        checker.report(problem.help("write namespace, space, name, such as `AWS/EC2 CPUUtilization`"));
    }
}

pub(super) fn is_period(period: i32) -> bool {
    [10, 20, 30].contains(&period) || (period > 0 && period % 60 == 0)
}

/// Accepts the forms that CloudWatch documents: `p99`, `tm99.9`, `IQM`, `PR(0:100)`, `TM(10%:90%)`.
fn is_statistic(statistic: &Statistic) -> bool {
    let Statistic::Extended(text) = statistic else {
        return true;
    };
    if text == "IQM" {
        return true;
    }
    let share = |number: &str| {
        number
            .parse::<f64>()
            .is_ok_and(|share| (0.0..=100.0).contains(&share))
    };
    if let Some(number) = ["p", "tm", "tc", "ts", "wm"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
    {
        return number.starts_with(|first: char| first.is_ascii_digit()) && share(number);
    }
    let range = ["PR(", "TM(", "TC(", "TS(", "WM("]
        .iter()
        .find_map(|open| text.strip_prefix(open));
    let Some((low, high)) = range
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|rest| rest.split_once(':'))
    else {
        return false;
    };
    let bound = |text: &str| {
        text.is_empty()
            || text
                .trim_end_matches('%')
                .parse::<f64>()
                .is_ok_and(f64::is_finite)
    };
    bound(low) && bound(high) && !(low.is_empty() && high.is_empty())
}

pub(super) fn queries(checker: &mut Checker<'_>, path: &[&str], alarm: &Alarm) {
    let place = checker.key(&[path, &["metrics"]].concat());
    if alarm.metrics.len() > MAX_QUERIES {
        let message = format!("{} queries are too many", alarm.metrics.len());
        let problem = Problem::error(place.clone(), message).label(format!("at most {MAX_QUERIES}"));
        checker.report(problem.help("split the alarm"));
    }
    let mut seen = HashMap::new();
    for (index, query) in alarm.metrics.iter().enumerate() {
        let index = index.to_string();
        let path = [path, &["metrics", index.as_str()]].concat();
        let id = checker.at(&[path.as_slice(), &["id"]].concat());
        if !is_query_id(&query.id) {
            let message = format!("`{}` cannot be the id of a query", query.id.escape_debug());
            let help = "write a lower-case letter, then letters, digits or `_`";
            checker.report(Problem::error(id.clone(), message).help(help));
        } else if let Some(first) = seen.insert(query.id.as_str(), id.clone()) {
            let problem = Problem::error(id, format!("two queries have the id `{}`", query.id));
            checker.report(problem.related(first, "the other one").help("rename one of them"));
        }
        let has = |checker: &Checker<'_>, key: &str| checker.is_written(&[path.as_slice(), &[key]].concat());
        if has(checker, "expression") == has(checker, "metric") {
            let problem = Problem::error(checker.at(&path), "a query has either `metric` or `expression`");
            checker.report(problem.help("write one of the two"));
        }
        source(checker, &path, &Source::of_query(query), query.metric.is_some());
        if query
            .account_id
            .as_ref()
            .is_some_and(|account| !is_account_id(account))
        {
            let place = checker.at(&[path.as_slice(), &["account_id"]].concat());
            let problem = Problem::error(place, "an account id has 12 digits");
            checker.report(problem.help("write it in quotes: \"111122223333\""));
        }
    }
    // An anomaly band is returned together with its metric.
    let returned = alarm.metrics.iter().filter(|query| query.return_data).count();
    let wanted = match alarm.threshold.as_ref().map(|threshold| &threshold.bound) {
        Some(Bound::Band(_)) => 2,
        Some(Bound::Value(_)) => 1,
        None => return,
    };
    if returned != wanted && !alarm.metrics.is_empty() {
        let message = format!("{returned} queries have `return_data: true`");
        let problem = Problem::error(place, message).label(format!("the alarm watches {wanted}"));
        checker.report(problem.help("set `return_data: true` on what the alarm watches and nowhere else"));
    }
}

fn is_query_id(id: &str) -> bool {
    id.len() <= 255
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
