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
        // The moment of the alarm is shown, although the last whole value is older.
        until: span.until.max(sketch.at.as_second()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{AlarmPlace, Metric};
    use jiff::tz::TimeZone;

    const AT: i64 = 1_795_150_823;

    fn sketch(period: u64, evaluated: u64) -> Sketch {
        let metric = Metric {
            namespace: Some("N/S".to_owned()),
            name: "m".to_owned(),
            dimensions: Vec::new(),
        };
        let measure = Measure::Metric {
            metric,
            statistic: "Sum".to_owned(),
            unit: Some("Bytes".to_owned()),
            period,
        };
        let query = Query {
            id: "m1".to_owned(),
            measure,
            label: None,
            is_result: true,
            account: Some("444455556666".to_owned()),
        };
        Sketch {
            alarm: AlarmPlace {
                account: "111122223333".to_owned(),
                region: "eu-west-1".to_owned(),
                name: "cpu".to_owned(),
            },
            graph: Graph {
                queries: vec![query],
                threshold: Some(1.0),
                period,
                evaluated,
            },
            at: Timestamp::from_second(AT).expect("a time"),
            contributor: Vec::new(),
            zone: TimeZone::UTC,
        }
    }

    /// Minutes that are shown when the alarm went off so many seconds ago.
    fn minutes(sketch: &Sketch, ago: i64) -> i64 {
        let span = span(sketch, Timestamp::from_second(AT + ago).expect("a time"));
        assert!(span.until % MINUTE == 0 && span.until > AT - MINUTE, "{span:?}");
        assert_eq!(
            (span.until - span.from) % sketch.graph.period as i64,
            0,
            "{span:?}"
        );
        (span.until - span.from) / MINUTE
    }

    fn insights(period: u64) -> Sketch {
        let mut sketch = sketch(period, 1);
        sketch.graph.queries[0].measure = Measure::Expression {
            text: "SELECT MAX(x) FROM y GROUP BY z".to_owned(),
            period: None,
        };
        sketch
    }

    #[test]
    fn as_much_is_shown_as_the_alarm_needs() {
        let day = 24 * 60;
        for (period, evaluated, shown) in [
            (60, 1, 180),
            (60, 30, 600),
            (300, 1, 600),
            (3_600, 1, 5 * day),
            (3_600, 24, 7 * day),
            (86_400, 1, 8 * day),
            (604_800, 1, 56 * day),
            (10, 1, 20),
            (10, 1_000, 175),
            (60, u64::MAX, 7 * day),
        ] {
            assert_eq!(
                minutes(&sketch(period, evaluated), 3),
                shown,
                "{period} {evaluated}"
            );
        }
        assert_eq!(minutes(&insights(300), 3), 175);
        // Clocks differ.
        assert_eq!(minutes(&sketch(60, 1), -30), 180);
        // Long after, it shows what followed.
        let late = span(
            &sketch(60, 1),
            Timestamp::from_second(AT + 86_400).expect("a time"),
        );
        assert_eq!((late.until - AT).div_euclid(60), 44);
    }

    #[test]
    fn what_is_asked_is_what_the_alarm_watches() {
        let span = Span { from: 1, until: 2 };
        let asked = question(&sketch(60, 1).graph, span);
        let stat = json!({ "Metric": { "Namespace": "N/S", "MetricName": "m", "Dimensions": [] },
            "Period": 60, "Stat": "Sum", "Unit": "Bytes" });
        assert_eq!(
            asked["MetricDataQueries"],
            json!([{ "Id": "m1", "ReturnData": true, "MetricStat": stat, "AccountId": "444455556666" }])
        );
        // Metrics Insights has no period of its own.
        let asked = question(&insights(300).graph, span);
        assert_eq!(asked["MetricDataQueries"][0]["Period"], 300);
    }

    fn answer(labels: &[&str]) -> Value {
        let of = |label: &&str| json!({ "Label": label, "Timestamps": [AT - 120, "2026-11-20T04:59:23Z"], "Values": [1.5, 2] });
        json!({ "MetricDataResults": labels.iter().map(of).collect::<Vec<_>>() })
    }

    fn names(chart: &Chart) -> Vec<&str> {
        chart.series.iter().map(|series| series.name.as_str()).collect()
    }

    #[test]
    fn an_answer_becomes_lines() {
        let mut sketch = sketch(60, 1);
        let span = Span {
            from: AT - 180,
            until: AT - 23,
        };
        let drawn = chart(&answer(&["a", "오류", "c", "d", "e", "f"]), &sketch, span);
        assert_eq!(names(&drawn), ["a", "#2", "c", "d", "e"]);
        assert_eq!(drawn.series[0].points[0], (AT - 120, 1.5));
        assert_eq!(drawn.series[0].points.len(), 2);
        // The moment of the alarm is in the picture, and drawn there.
        assert_eq!((drawn.mark, drawn.until), (Some(AT), AT));
        sketch.contributor = vec!["orders".to_owned()];
        let one = chart(&answer(&["x items", "x orders", "y orders"]), &sketch, span);
        assert_eq!(names(&one), ["x orders", "y orders"]);
        // A label need not name it.
        let all = chart(&answer(&["x", "y"]), &sketch, span);
        assert_eq!(names(&all), ["x", "y"]);
    }
}
