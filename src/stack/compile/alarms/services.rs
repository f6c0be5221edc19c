//! Sets of alarms for one resource of a service of AWS. Where AWS recommends an alarm, the figures are its own.
//!
//! AWS's list: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html>,
//! and its data for machines, which also says what missing data means:
//! <https://github.com/awslabs/mcp/blob/main/src/cloudwatch-mcp-server/awslabs/cloudwatch_mcp_server/cloudwatch_metrics/data/metric_metadata.json>.
//! What is ours, because AWS leaves it open or has no alarm, is in docs/stack-file.md.
//!
//! Missing data is not breaching where a metric exists only while something happens, or only in some variants of a
//! resource. It is missing where a living resource always publishes the metric. It is breaching in one alarm of a set at
//! most, or a resource that falls silent would raise all of them.

mod balancers;
mod bills;
mod compute;
mod containers;
mod databases;
mod messages;
mod search;
mod stores;

use std::collections::BTreeMap;

use crate::stack::model::{
    Alarm, AlarmPreset, Bound, Comparison, EvaluationWindow, Metric, MetricQuery, Statistic, Threshold,
    TreatMissingData,
};

/// The id of the query that an alarm on metric math watches.
const RESULT: &str = "result";

/// All sets, in the order of the documentation.
const ALL: [&Service; 17] = [
    &databases::RDS,
    &databases::AURORA,
    &compute::EC2,
    &balancers::ALB,
    &balancers::NLB,
    &containers::ECS,
    &containers::EKS,
    &compute::LAMBDA,
    &messages::SQS,
    &stores::DYNAMODB,
    &stores::ELASTICACHE,
    &messages::APIGATEWAY,
    &messages::APIGATEWAY_HTTP,
    &search::OPENSEARCH,
    &balancers::NAT,
    &stores::EFS,
    &bills::BILLING,
];

/// A set of alarms.
pub struct Service {
    pub preset: AlarmPreset,
    /// Dimensions that the stack file has to give.
    pub required: &'static [&'static str],
    /// Dimensions that it may give: alarms that need one exist only with it.
    pub optional: &'static [&'static str],
    /// The only region with the metrics.
    pub region: Option<&'static str>,
    pub rows: &'static [Row],
}

/// An alarm of a set.
pub struct Row {
    /// Its name in the set: the end of its key and name.
    pub name: &'static str,
    /// Whether it exists only on request.
    pub is_extra: bool,
    /// What has happened, and where to look.
    pub description: &'static str,
    pub watched: Watched,
    /// Dimensions of every metric of it.
    pub dimensions: &'static [Dimension],
    /// Seconds.
    pub period: i32,
    pub evaluation_periods: i32,
    pub datapoints_to_alarm: i32,
    /// If there is none, the stack file has to say it.
    pub threshold: Option<(Comparison, f64)>,
    pub missing: TreatMissingData,
}

/// What an alarm of a set watches.
pub enum Watched {
    Metric {
        namespace: &'static str,
        name: &'static str,
        statistic: &'static str,
    },
    /// Metric math.
    Math {
        expression: &'static str,
        namespace: &'static str,
        queries: &'static [Query],
    },
    /// A Metrics Insights query, with `{Dimension}` for what the stack file gives.
    Insights(&'static str),
}

/// A metric in metric math.
pub struct Query {
    id: &'static str,
    metric: &'static str,
    statistic: &'static str,
}

/// A dimension of a metric, and where its value comes from.
pub enum Dimension {
    /// The stack file; without it, there is no alarm.
    Given(&'static str),
    /// The stack file; without it, the metric is that of all values.
    IfGiven(&'static str),
    /// The stack file, or else this value.
    OrElse(&'static str, &'static str),
    /// This value.
    Fixed(&'static str, &'static str),
    /// The stack file, by another name, since the set has this dimension twice.
    As(&'static str, &'static str),
}

const fn metric(namespace: &'static str, name: &'static str, statistic: &'static str) -> Watched {
    Watched::Metric {
        namespace,
        name,
        statistic,
    }
}

const fn query(id: &'static str, metric: &'static str, statistic: &'static str) -> Query {
    Query {
        id,
        metric,
        statistic,
    }
}

/// The set of a preset for a service.
pub fn service(preset: AlarmPreset) -> Option<&'static Service> {
    ALL.into_iter().find(|service| service.preset == preset)
}

impl Service {
    /// The alarm of a set of this name.
    pub fn row(&self, name: &str) -> Option<&'static Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

impl Row {
    /// The dimensions without which there is no such alarm, by their names in the stack file.
    pub fn needs(&self) -> impl Iterator<Item = &'static str> {
        self.dimensions.iter().filter_map(|dimension| match dimension {
            Dimension::Given(name) | Dimension::As(_, name) => Some(*name),
            Dimension::IfGiven(_) | Dimension::OrElse(..) | Dimension::Fixed(..) => None,
        })
    }

    /// The alarm, for the resource and with the receivers of `set`.
    pub fn alarm(&self, set: &Alarm, service: &Service) -> Alarm {
        let dimensions = self.dimensions(&set.dimensions);
        let threshold = self.threshold.map(|(comparison, value)| Threshold {
            comparison,
            bound: Bound::Value(value),
        });
        let as_before = Alarm {
            unit: None,
            period: None,
            statistic: None,
            dimensions: BTreeMap::new(),
            // Of a bill, nobody else can say what is too much; of one day it is another amount than of the month.
            threshold: threshold.or_else(|| set.threshold.clone().filter(|_| !self.is_extra)),
            evaluation_periods: self.evaluation_periods,
            datapoints_to_alarm: Some(self.datapoints_to_alarm)
                .filter(|count| *count < self.evaluation_periods),
            treat_missing_data: Some(self.missing),
            evaluate_low_sample_count_percentile: None,
            evaluation_window: EvaluationWindow::Sliding,
            region: set.region.clone().or_else(|| service.region.map(str::to_owned)),
            ..set.clone()
        };
        match &self.watched {
            Watched::Metric {
                namespace,
                name,
                statistic,
            } => Alarm {
                metric: Some(named(namespace, name)),
                dimensions,
                statistic: Some(Statistic::from((*statistic).to_owned())),
                period: Some(self.period),
                ..as_before
            },
            Watched::Math {
                expression,
                namespace,
                queries,
            } => {
                let metrics = queries.iter().map(|query| MetricQuery {
                    metric: Some(named(namespace, query.metric)),
                    dimensions: dimensions.clone(),
                    statistic: Some(Statistic::from(query.statistic.to_owned())),
                    period: Some(self.period),
                    ..empty(query.id)
                });
                let result = self.result((*expression).to_owned(), None);
                Alarm {
                    metrics: metrics.chain([result]).collect(),
                    ..as_before
                }
            }
            Watched::Insights(query) => {
                let fill = |query: String, (name, value): (&String, &String)| {
                    query.replace(&format!("{{{name}}}"), value)
                };
                let query = dimensions.iter().fold((*query).to_owned(), fill);
                Alarm {
                    metrics: vec![self.result(query, Some(self.period))],
                    ..as_before
                }
            }
        }
    }

    /// The query that the alarm watches.
    fn result(&self, expression: String, period: Option<i32>) -> MetricQuery {
        MetricQuery {
            expression: Some(expression),
            period,
            label: Some(self.name.to_owned()),
            return_data: true,
            ..empty(RESULT)
        }
    }

    fn dimensions(&self, given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let from = |name: &str, by: &str| Some((name.to_owned(), given.get(by)?.clone()));
        let dimensions = self.dimensions.iter().filter_map(|dimension| match *dimension {
            Dimension::Given(name) | Dimension::IfGiven(name) => from(name, name),
            Dimension::As(name, by) => from(name, by),
            Dimension::OrElse(name, value) => {
                from(name, name).or_else(|| Some((name.to_owned(), value.to_owned())))
            }
            Dimension::Fixed(name, value) => Some((name.to_owned(), value.to_owned())),
        });
        dimensions.collect()
    }
}

fn named(namespace: &str, name: &str) -> Metric {
    Metric {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    }
}

fn empty(id: &str) -> MetricQuery {
    MetricQuery {
        id: id.to_owned(),
        expression: None,
        metric: None,
        dimensions: BTreeMap::new(),
        statistic: None,
        unit: None,
        period: None,
        label: None,
        return_data: false,
        account_id: None,
    }
}

/// All sets.
#[cfg(test)]
pub fn all() -> impl Iterator<Item = &'static Service> {
    ALL.into_iter()
}
