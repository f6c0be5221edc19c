//! Finds out which metrics have data: an alarm on a metric without data waits forever.

use std::collections::BTreeMap;
use std::fmt;

use aws_sdk_cloudwatch::types::{DimensionFilter, Metric};

use super::{AlarmMetric, CloudwatchAlarm, metrics};
use super::{Aws, Known, Result};

/// How many pages of 500 metrics each are read to find one.
const PAGES: usize = 4;

/// The identity of a metric in CloudWatch, which includes all of its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Watched {
    pub namespace: String,
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.namespace, self.name)?;
        let dimensions: Vec<_> = self
            .dimensions
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        match dimensions.as_slice() {
            [] => write!(f, " without dimensions"),
            all => write!(f, " with {}", all.join(", ")),
        }
    }
}

/// Metrics that had data in the past two weeks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    pub metrics: Vec<Watched>,
    /// False if there are more than were read.
    pub whole: bool,
}

impl CloudwatchAlarm {
    /// The metrics of the account that the alarm watches, if `known` determines their dimensions. Expressions and
    /// PromQL may find further metrics by themselves.
    pub fn watched(&self, known: &Known) -> Vec<Watched> {
        watched_by(&self.metric, known)
    }
}

/// The same of what an alarm watches.
pub(in crate::resource) fn watched_by(metric: &AlarmMetric, known: &Known) -> Vec<Watched> {
    match metric {
        AlarmMetric::Single {
            namespace,
            metric_name,
            dimensions,
            ..
        } => {
            let filled = dimensions
                .iter()
                .map(|(name, value)| Some((name.clone(), value.fill(known).ok()?)));
            let filled: Option<BTreeMap<_, _>> = filled.collect();
            let watched = |dimensions| Watched {
                namespace: namespace.clone(),
                name: metric_name.clone(),
                dimensions,
            };
            filled.map(watched).into_iter().collect()
        }
        AlarmMetric::Math(queries) => {
            let own = queries.iter().filter(|query| query.account_id.is_none());
            let watched = own.filter_map(|query| query.stat.as_ref()).map(|stat| Watched {
                namespace: stat.namespace.clone(),
                name: stat.metric_name.clone(),
                dimensions: stat.dimensions.clone(),
            });
            watched.collect()
        }
        AlarmMetric::PromQl { .. } => Vec::new(),
    }
}

/// The metrics with data in the region of `aws`, under a namespace and a name (`None`: any), with at least these
/// dimensions.
///
/// CloudWatch lists metrics that had data in the past two weeks. A new metric is listed after up to 15 minutes:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html>.
///
/// # Errors
/// A refusal, for example if the caller may not list metrics.
pub async fn reported(
    aws: &Aws,
    namespace: &str,
    name: Option<&str>,
    dimensions: &BTreeMap<String, String>,
) -> Result<Reported> {
    let filters: Vec<_> = dimensions
        .iter()
        .map(|(name, value)| DimensionFilter::builder().name(name).value(value).build())
        .collect();
    let (mut metrics, mut next) = (Vec::new(), None);
    for _ in 0..PAGES {
        let list = aws.connection.clients.cloudwatch.list_metrics();
        let request = list
            .namespace(namespace)
            .set_metric_name(name.map(str::to_owned))
            .set_dimensions((!filters.is_empty()).then(|| filters.clone()))
            .set_next_token(next);
        let answer = aws
            .call("cloudwatch:ListMetrics", || request.clone().send())
            .await?;
        metrics.extend(answer.metrics().iter().map(read));
        next = answer.next_token().map(str::to_owned);
        if next.is_none() {
            return Ok(Reported { metrics, whole: true });
        }
    }
    Ok(Reported {
        metrics,
        whole: false,
    })
}

fn read(metric: &Metric) -> Watched {
    Watched {
        namespace: metric.namespace().unwrap_or_default().to_owned(),
        name: metric.metric_name().unwrap_or_default().to_owned(),
        dimensions: metrics::dimensions(metric.dimensions()),
    }
}

/// A mocked AWS in which these metrics have data. Calls are recorded in `script`.
#[cfg(test)]
pub(crate) fn reporting(metrics: Vec<Watched>, script: &crate::resource::tests::script::Script) -> Aws {
    use aws_sdk_cloudwatch::operation::list_metrics::{ListMetricsInput, ListMetricsOutput};
    use aws_sdk_cloudwatch::types::Dimension;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    let describe = |list: &ListMetricsInput| {
        let filters = list.dimensions().iter();
        let filters: Vec<_> = filters
            .map(|one| format!(" {}={}", one.name().unwrap(), one.value().unwrap()))
            .collect();
        let name = list.metric_name().unwrap_or("*");
        format!("{} {name}{}", list.namespace().unwrap(), filters.concat())
    };
    let answer = move |list: &ListMetricsInput| {
        let fits = |one: &&Watched| {
            let has = |filter: &DimensionFilter| {
                one.dimensions.get(filter.name().unwrap()).map(String::as_str) == filter.value()
            };
            Some(one.namespace.as_str()) == list.namespace()
                && list.metric_name().is_none_or(|name| name == one.name)
                && list.dimensions().iter().all(has)
        };
        let dimension =
            |(name, value): (&String, &String)| Dimension::builder().name(name).value(value).build();
        let answered = metrics.iter().filter(fits).map(|one| {
            Metric::builder()
                .namespace(&one.namespace)
                .metric_name(&one.name)
                .set_dimensions(Some(one.dimensions.iter().map(dimension).collect()))
                .build()
        });
        ListMetricsOutput::builder()
            .set_metrics(Some(answered.collect()))
            .build()
    };
    let list = script.rule(
        "list",
        mock!(aws_sdk_cloudwatch::Client::list_metrics),
        describe,
        answer,
    );
    Aws::mocked(Vec::new(), |clients| {
        clients.cloudwatch = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, &[list]);
    })
}
