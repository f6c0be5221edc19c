//! What an alarm watches, what has to be asked of CloudWatch for it, and when its values breach.

use jiff::tz::TimeZone;

use super::Span;
use super::evaluate::{Counting, Treatment};
use super::kept::{self, TIERS};
use super::windows::{DAY, HOUR, Join, MINUTE, WEEK, zone};
use crate::aws::Known;
use crate::resource::cloudwatch::alarm::{
    AlarmMetric, CloudwatchAlarm, Condition, EvaluationWindow, MetricQuery, MetricStat,
};

/// How long Metrics Insights looks back.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-limits.html>
const INSIGHTS: i64 = 2 * WEEK;
/// An alarm on metrics of this namespace keeps its state where data is missing, whatever it is set to.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html>
const IGNORES: &str = "AWS/DynamoDB";

/// CloudWatch looks back a week, in periods of a minute.
const MOST: usize = 10_080;

/// The ids of the queries for a plain statistic.
pub const AMOUNT: &str = "amount";
pub const SAMPLES: &str = "samples";

/// An alarm on metrics.
#[derive(Debug, Clone)]
pub struct Watch {
    pub counting: Counting,
    /// Seconds.
    pub period: i64,
    pub source: Source,
    pub bound: Bound,
    /// The time zone of a wall-clock window.
    pub clock: Option<TimeZone>,
    /// Seconds, and whether all of it is waited for.
    pub warm_up: Option<(i64, bool)>,
}

/// Where the values come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A plain statistic, from which the values of any period can be computed.
    Minutes { join: Join, parts: Vec<MetricQuery> },
    /// What only CloudWatch can compute: metric math, percentiles, periods of less than a minute.
    Given {
        queries: Vec<MetricQuery>,
        insights: bool,
    },
}

/// What values are compared with.
#[derive(Debug, Clone)]
pub struct Bound {
    operator: String,
    threshold: f64,
    /// The id of the query for the band that is used instead.
    pub band: Option<String>,
}

impl Bound {
    /// Whether a value breaches the threshold or, if there is one, this band from low to high.
    pub fn breaches(&self, value: f64, band: Option<(f64, f64)>) -> bool {
        let (low, high) = band.unwrap_or((self.threshold, self.threshold));
        match self.operator.as_str() {
            "GreaterThanOrEqualToThreshold" => value >= self.threshold,
            "GreaterThanThreshold" => value > self.threshold,
            "LessThanOrEqualToThreshold" => value <= self.threshold,
            "LessThanThreshold" => value < self.threshold,
            "GreaterThanUpperThreshold" => value > high,
            "LessThanLowerThreshold" => value < low,
            _ => value > high || value < low,
        }
    }
}

/// One question to CloudWatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    pub queries: Vec<MetricQuery>,
    /// Seconds since 1970; the end is excluded.
    pub from: i64,
    pub until: i64,
    /// Seconds between two values.
    pub grain: i64,
}

/// All questions about one alarm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asks {
    pub asks: Vec<Ask>,
    /// From when on the alarm can be evaluated.
    pub since: i64,
    /// What is not quite as CloudWatch does it.
    pub remarks: Vec<&'static str>,
}

impl Watch {
    /// What `alarm` watches.
    ///
    /// # Errors
    /// Why its past cannot be known.
    pub fn of(alarm: &CloudwatchAlarm, known: &Known) -> Result<Self, String> {
        let Some(condition) = &alarm.condition else {
            return Err("CloudWatch does not tell what a PromQL query would have found".to_owned());
        };
        let (period, source, ignores) = match &alarm.metric {
            AlarmMetric::PromQl { .. } => {
                return Err("CloudWatch does not tell what a PromQL query would have found".to_owned());
            }
            AlarmMetric::Single {
                namespace,
                metric_name,
                dimensions,
                statistic,
                extended_statistic,
                period,
                unit,
            } => {
                let filled = dimensions
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), value.fill(known)?)));
                let filled: Result<_, String> = filled.collect();
                let dimensions =
                    filled.map_err(|node| format!("it watches {node}, which does not exist yet"))?;
                let stat = statistic.as_ref().or(extended_statistic.as_ref());
                let stat = MetricStat {
                    namespace: namespace.clone(),
                    metric_name: metric_name.clone(),
                    dimensions,
                    stat: stat.map_or("Average", String::as_str).to_owned(),
                    period: *period,
                    unit: unit.clone(),
                };
                (i64::from(*period), single(&stat), namespace == IGNORES)
            }
            AlarmMetric::Math(queries) => {
                let stats = || queries.iter().filter_map(|query| query.stat.as_ref());
                let of_stats = stats().map(|stat| stat.period);
                let given = queries.iter().filter_map(|query| query.period);
                let period = of_stats.chain(given).max().unwrap_or(60);
                let ignores = stats().next().is_some() && stats().all(|stat| stat.namespace == IGNORES);
                (i64::from(period), math(queries), ignores)
            }
        };
        let counted = |number: i32| usize::try_from(number).unwrap_or(1).clamp(1, MOST);
        let periods = counted(condition.evaluation_periods);
        Ok(Self {
            counting: Counting {
                periods,
                to_alarm: condition.datapoints_to_alarm.map_or(periods, counted),
                missing: match ignores {
                    true => Treatment::Ignore,
                    false => Treatment::of(condition.treat_missing_data.as_deref()),
                },
            },
            period: period.clamp(1, WEEK),
            source,
            bound: bound(condition),
            clock: match &condition.evaluation_window {
                EvaluationWindow::Sliding => None,
                EvaluationWindow::WallClock { timezone } => Some(zone(timezone.as_deref())),
            },
            warm_up: alarm
                .options
                .warm_up
                .map(|warm_up| (i64::from(warm_up.minutes) * MINUTE, warm_up.full)),
        })
    }

    /// How many periods an evaluation looks at. On the clock, these are exactly the ones that count.
    pub fn range(&self) -> usize {
        match self.clock {
            Some(_) => self.counting.periods,
            None => self.counting.range(),
        }
    }

    /// The seconds that an evaluation looks back.
    fn reach(&self) -> i64 {
        i64::try_from(self.range())
            .unwrap_or(1)
            .saturating_mul(self.period)
    }

    /// Seconds between two evaluations of a sliding window: who looks back for more than a day is evaluated once an hour.
    pub fn every(&self) -> i64 {
        let counted = i64::try_from(self.counting.periods).unwrap_or(1);
        match counted.saturating_mul(self.period) > DAY {
            true => HOUR,
            false => MINUTE,
        }
    }

    /// What to ask for the states in `span`.
    pub fn asks(&self, span: Span) -> Asks {
        // On the clock, a period may have begun before the first one that counts.
        let before = self.reach().saturating_add(self.period);
        let wanted = span.from.saturating_sub(before);
        match &self.source {
            Source::Minutes { join, parts } => self.asks_of_minutes(span, wanted, *join, parts),
            Source::Given { queries, insights } => self.asks_given(span, wanted, queries, *insights),
        }
    }

    fn asks_of_minutes(&self, span: Span, wanted: i64, join: Join, parts: &[MetricQuery]) -> Asks {
        let (mut asks, mut until, mut remarks) = (Vec::new(), span.until, Vec::new());
        for (grain, kept) in TIERS {
            let from = wanted.max(kept::since(span.now, kept));
            let from = from.div_euclid(grain) * grain;
            // A sum of an hour says nothing about the sums of its minutes.
            let lost = join == Join::Add && self.period < grain;
            if wanted >= until || from >= until || lost {
                break;
            }
            let queries = parts.iter().map(|query| at_grain(query, grain)).collect();
            asks.push(Ask {
                queries,
                from,
                until,
                grain,
            });
            until = from;
            if grain > MINUTE && from < span.until {
                remarks = vec![kept::COARSE];
            }
        }
        Asks {
            asks,
            since: span.from.max(until),
            remarks,
        }
    }

    fn asks_given(&self, span: Span, wanted: i64, queries: &[MetricQuery], insights: bool) -> Asks {
        let shortest = queries
            .iter()
            .filter_map(|query| Some(query.stat.as_ref()?.period));
        let shortest = shortest.min().map_or(self.period, i64::from);
        let kept = kept::of(shortest);
        let kept = if insights { kept.min(INSIGHTS) } else { kept };
        let from = wanted.max(kept::since(span.now, kept));
        let from = from.div_euclid(self.period) * self.period;
        let from = match from < kept::since(span.now, kept) {
            true => from + self.period,
            false => from,
        };
        let mut remarks = Vec::new();
        if self.period > MINUTE && self.clock.is_none() {
            remarks.push(
                "metric math and percentiles are evaluated once a period here, and by CloudWatch every minute",
            );
        }
        if self.clock.is_some() && self.period >= DAY {
            remarks.push("days and weeks of metric math and percentiles are those of UTC here");
        }
        if insights {
            remarks.push("a Metrics Insights query costs as many metrics as it reads");
        }
        let ask = Ask {
            queries: queries.to_vec(),
            from,
            until: span.until,
            grain: self.period,
        };
        Asks {
            since: span.from.max(from),
            asks: (from < span.until).then_some(ask).into_iter().collect(),
            remarks,
        }
    }
}

fn bound(condition: &Condition) -> Bound {
    Bound {
        operator: condition.comparison_operator.clone(),
        threshold: condition.threshold.unwrap_or_default(),
        band: condition.threshold_metric_id.clone(),
    }
}

/// A single metric.
fn single(stat: &MetricStat) -> Source {
    let query = |id: &str, name: &str| MetricQuery {
        id: id.to_owned(),
        expression: None,
        label: None,
        return_data: true,
        period: None,
        account_id: None,
        stat: Some(MetricStat {
            stat: name.to_owned(),
            ..stat.clone()
        }),
    };
    let join = match stat.stat.as_str() {
        "Sum" | "SampleCount" => Some(Join::Add),
        "Average" => Some(Join::Mean),
        "Minimum" => Some(Join::Least),
        "Maximum" => Some(Join::Greatest),
        _ => None,
    };
    match join {
        Some(Join::Mean) if i64::from(stat.period) >= MINUTE => Source::Minutes {
            join: Join::Mean,
            parts: vec![query(AMOUNT, "Sum"), query(SAMPLES, "SampleCount")],
        },
        Some(join) if i64::from(stat.period) >= MINUTE => Source::Minutes {
            join,
            parts: vec![query(AMOUNT, &stat.stat)],
        },
        _ => Source::Given {
            queries: vec![query(AMOUNT, &stat.stat)],
            insights: false,
        },
    }
}

/// Metric math. A lone metric in that form is as good as the short form.
fn math(queries: &[MetricQuery]) -> Source {
    if let [
        MetricQuery {
            stat: Some(stat),
            account_id,
            ..
        },
    ] = queries
    {
        let account = account_id.clone();
        return match single(stat) {
            Source::Minutes { join, parts } => Source::Minutes {
                join,
                parts: parts.into_iter().map(|part| of_account(part, &account)).collect(),
            },
            Source::Given { queries, insights } => Source::Given {
                queries: queries
                    .into_iter()
                    .map(|part| of_account(part, &account))
                    .collect(),
                insights,
            },
        };
    }
    let is_insights = |query: &MetricQuery| {
        let text = query.expression.as_deref().unwrap_or_default().trim_start();
        text.get(..6)
            .is_some_and(|word| word.eq_ignore_ascii_case("SELECT"))
    };
    // A label of one's own would hide what tells the series of a query apart.
    let unlabelled = |query: &MetricQuery| MetricQuery {
        label: None,
        ..query.clone()
    };
    Source::Given {
        queries: queries.iter().map(unlabelled).collect(),
        insights: queries.iter().any(is_insights),
    }
}

fn of_account(query: MetricQuery, account: &Option<String>) -> MetricQuery {
    MetricQuery {
        account_id: account.clone(),
        ..query
    }
}

fn at_grain(query: &MetricQuery, grain: i64) -> MetricQuery {
    let stat = query.stat.clone().map(|stat| MetricStat {
        period: i32::try_from(grain).unwrap_or(stat.period),
        ..stat
    });
    MetricQuery {
        stat,
        ..query.clone()
    }
}

#[cfg(test)]
mod tests;
