//! Trails, and the metric filters that count what is in logs.

use crate::aws::cloudtrail;
use crate::aws::{Aws, concurrently};
use crate::resource::logs::metric_filter;
use crate::resource::precondition;
use crate::resource::{Fault, Result};

/// A trail that may log the events of this region.
#[derive(Debug, Clone)]
pub struct Trail {
    pub name: String,
    pub arn: String,
    pub home_region: String,
    pub is_multi_region: bool,
    /// The name of the log group that it writes to.
    pub log_group: Option<String>,
    /// Whether it logs management events that change something; unknown where that may not be read.
    pub logs: Result<bool, Fault>,
}

/// A metric filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    pub name: String,
    pub log_group: String,
    pub pattern: String,
    /// Namespace and name of the metrics that it makes.
    pub metrics: Vec<(String, String)>,
}

pub(super) async fn trails(aws: &Aws) -> Result<Vec<Trail>> {
    let trails = cloudtrail::trails(aws).await?;
    concurrently(trails.iter(), async |trail: &cloudtrail::Trail| {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let group = trail.cloud_watch_logs_log_group_arn();
        let group = group.and_then(|arn| arn.split_once(":log-group:"));
        Ok(Trail {
            name: text(trail.name()),
            arn: text(trail.trail_arn()),
            home_region: text(trail.home_region()),
            is_multi_region: trail.is_multi_region_trail().unwrap_or(false),
            log_group: group.map(|(_, name)| name.trim_end_matches(":*").to_owned()),
            logs: precondition::told(aws, trail).await,
        })
    })
    .await
}

pub(super) async fn filters(aws: &Aws) -> Result<Vec<Filter>> {
    let filters = metric_filter::list(aws).await?;
    let filter = |live: metric_filter::Live| Filter {
        name: live.name,
        log_group: live.log_group_name,
        pattern: live.pattern,
        metrics: live
            .metrics
            .into_iter()
            .map(|metric| (metric.namespace, metric.name))
            .collect(),
    };
    Ok(filters.into_iter().map(filter).collect())
}
