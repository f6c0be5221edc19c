//! The question to CloudWatch, and its answer as a chart.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html>

use crate::card::Sketch;
use crate::chart::{Chart, MAX_SERIES, Series};
use crate::event::{Graph, Measure, Query};
use jiff::Timestamp;
use serde_json::{Value, json};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const WEEK: i64 = 7 * 24 * HOUR;
/// The chart shows this many values, and this many times what the alarm evaluates.
const VALUES: i64 = 120;
const EVALUATIONS: i64 = 20;
/// The least time that is shown of a metric with values each minute, and the fewest values of one with few.
const SHORTEST: i64 = 3 * HOUR;
const FEWEST: i64 = 8;
/// How long CloudWatch keeps values of less than a minute, and how far back Metrics Insights looks; less what the call takes.
const RECENT: i64 = 3 * HOUR - 5 * MINUTE;
/// Most values in an answer.
const MAX_VALUES: i64 = 1_500;

/// From when to when, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub from: i64,
    pub until: i64,
}

/// The time that is shown: up to when the alarm went off, and what followed if that was long ago.
pub(super) fn span(sketch: &Sketch, now: Timestamp) -> Span {
    let graph = &sketch.graph;
    let [period, evaluated] = [graph.period, graph.evaluated].map(|one| i64::try_from(one).unwrap_or(WEEK));
    let length = (period * VALUES).max(period.saturating_mul(evaluated).saturating_mul(EVALUATIONS));
    let length = match period < MINUTE || graph.is_insights() {
        true => length.min(RECENT),
        false => length.max(SHORTEST).min(WEEK.max(FEWEST * period)),
    };
    let (at, now) = (sketch.at.as_second(), now.as_second());
    // Clocks differ, and the value that made it go off must be there.
    let until = now.min(at.saturating_add(length / 4)).max(at);
    // CloudWatch rounds down to minutes: this way, the last value is a whole one.
    let until = until.div_euclid(MINUTE) * MINUTE;
    Span {
        from: until - length.div_euclid(period) * period,
        until,
    }
}

/// The input of `GetMetricData`.
pub(super) fn question(graph: &Graph, span: Span) -> Value {
    let queries: Vec<_> = graph
        .queries
        .iter()
        .map(|query| asked(query, graph.period))
        .collect();
    json!({
        "MetricDataQueries": queries, "StartTime": span.from, "EndTime": span.until,
        "ScanBy": "TimestampDescending", "MaxDatapoints": MAX_VALUES,
    })
}

fn asked(query: &Query, period: u64) -> Value {
    let mut asked = json!({ "Id": query.id, "ReturnData": query.is_result });
    match &query.measure {
        Measure::Metric {
            metric,
            statistic,
            unit,
            period,
        } => {
            let dimensions = metric.dimensions.iter();
            let dimensions: Vec<_> = dimensions
                .map(|(name, value)| json!({ "Name": name, "Value": value }))
                .collect();
            let metric = json!({
                "Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions,
            });
            let mut stat = json!({ "Metric": metric, "Period": period, "Stat": statistic });
            if let Some(unit) = unit {
                stat["Unit"] = unit.as_str().into();
            }
            asked["MetricStat"] = stat;
        }
        Measure::Expression { text, period: own } => {
            asked["Expression"] = text.as_str().into();
            let needed = query.is_insights().then_some(period);
            if let Some(period) = own.or(needed) {
                asked["Period"] = period.into();
            }
        }
    }
    for (name, value) in [("Label", &query.label), ("AccountId", &query.account)] {
        if let Some(value) = value {
            asked[name] = value.as_str().into();
        }
    }
    asked
}

/// What is drawn of an answer.
pub(super) fn chart(answer: &Value, sketch: &Sketch, span: Span) -> Chart {
    let results = answer["MetricDataResults"].as_array();
    let mut series: Vec<_> = results.into_iter().flatten().map(read).collect();
    series.retain(|series| !series.points.is_empty());
    // Of an alarm on many time series, that which went off.
    let of_contributor = |series: &Series| {
        let mut values = sketch.contributor.iter();
        values.all(|value| series.name.contains(value.as_str()))
    };
    if !sketch.contributor.is_empty() && series.iter().any(of_contributor) {
        series.retain(of_contributor);
    }
    series.truncate(MAX_SERIES);
    for (nth, series) in series.iter_mut().enumerate() {
        // The font has no other letters.
        let is_plain = |c: char| c.is_ascii_graphic() || c == ' ';
        if !series.name.chars().all(is_plain) {
            series.name = format!("#{}", nth + 1);
        }
    }
    Chart {
        series,
        threshold: sketch.graph.threshold,
        from: span.from,
        until: span.until,
        period: i64::try_from(sketch.graph.period).unwrap_or(WEEK),
        mark: Some(sketch.at.as_second()),
        zone: sketch.zone.clone(),
    }
}

fn read(result: &Value) -> Series {
    let list = |name: &str| result[name].as_array().into_iter().flatten();
    let points = list("Timestamps").zip(list("Values"));
    let point = |(time, value): (&Value, &Value)| Some((moment(time)?, value.as_f64()?));
    Series {
        name: result["Label"].as_str().unwrap_or_default().to_owned(),
        points: points.filter_map(point).collect(),
    }
}

/// Seconds since 1970, as AWS has it in JSON, or a text as emulators have it.
fn moment(value: &Value) -> Option<i64> {
    match value {
        Value::Number(seconds) => seconds.as_f64().map(|seconds| seconds as i64),
        Value::String(text) => text.parse::<Timestamp>().ok().map(Timestamp::as_second),
        _ => None,
    }
}
