//! A metric filter of a log group: it counts the log events that match a pattern, as a metric.

use aws_sdk_cloudwatchlogs::types::{MetricFilter, MetricTransformation};

use crate::aws::call::pages;
use crate::aws::fault::gone;
use crate::resource::access::Access;
use crate::resource::logs::log_group::LogGroup;
use crate::resource::{
    Aws, Changes, Context, Fault, Fields, Handling, Known, NodeId, Observed, Output, Presence, Ref, Resource,
    Result, Wanted,
};

mod template;

/// The desired filter. A filter has no tags, so its name tells its owner, see [`prefix`].
#[derive(Debug, Clone)]
pub struct LogsMetricFilter {
    /// Starts with [`prefix`].
    pub name: String,
    pub log_group: Group,
    pub pattern: String,
    pub metric_namespace: String,
    pub metric_name: String,
    /// A number, or a field of the event, such as `$.latency`.
    pub metric_value: String,
    /// The metric's value for log events that do not match.
    pub default_value: Option<f64>,
}

/// The log group that a filter reads.
#[derive(Debug, Clone)]
pub enum Group {
    Own(Ref<LogGroup>),
    /// The name of one that the stack does not own.
    Existing(String),
}

impl Group {
    fn name(&self) -> &str {
        match self {
            Self::Own(group) => group.name(),
            Self::Existing(name) => name,
        }
    }
}

/// The prefix of the names of a stack's filters. It ends in a dot, which a stack's name cannot contain, so it never
/// matches another stack's filters.
pub fn prefix(stack: &str) -> String {
    format!("{OWN}{stack}.")
}

/// How the names of the filters of all stacks begin.
const OWN: &str = "alertctl-";

/// A filter as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    pub(in crate::resource) name: String,
    pub(in crate::resource) log_group_name: String,
    pub(in crate::resource) pattern: String,
    pub(in crate::resource) metrics: Vec<Metric>,
}

/// A metric that a filter makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    pub(in crate::resource) namespace: String,
    pub(in crate::resource) name: String,
    value: String,
    default_value: Option<f64>,
    /// Dimensions and unit, which alertctl does not set.
    more: Option<String>,
}

const GROUPS: &str = "arn:{partition}:logs:{region}:{account}:log-group:*";

impl Resource for LogsMetricFilter {
    const KIND: &'static str = "logs-metric-filter";
    const HANDLING: Handling = Handling {
        // The service quota is 5 calls per second.
        at_once: Some(5),
        owned_by_name: true,
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        // Every stack with alarms lists the filters, even if it has none itself: a denial would be in CloudTrail with
        // every plan, and count as an unauthorized call.
        Access::read(&["logs:DescribeMetricFilters"], &[GROUPS])
            .because("the filters of all groups are listed in one call")
            .always(),
        Access::write(&["logs:PutMetricFilter"], crate::resource::logs::log_group::GROUP),
        Access::delete(
            &["logs:DeleteMetricFilter"],
            crate::resource::logs::log_group::GROUP,
        ),
    ];
    type Live = Live;

    fn parent(&self) -> Option<NodeId> {
        match &self.log_group {
            Group::Own(group) => Some(group.id().clone()),
            Group::Existing(_) => None,
        }
    }

    fn name(&self) -> String {
        full_name(self.log_group.name(), &self.name)
    }

    fn subject(&self) -> String {
        self.log_group.name().to_owned()
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        // Filters belong to alarms of the stack. A stack without alarms does not need the account-wide list.
        let alarms = aws
            .tagged()
            .await?
            .iter()
            .any(|tagged| tagged.service() == "cloudwatch");
        let filters = match wanted.is_empty() && !alarms {
            true => Vec::new(),
            false => list(aws).await?,
        };
        let prefix = prefix(&aws.stack);
        let presence = |wanted: &Wanted<'_, Self>| {
            let live = filters.iter().find(|live| wanted.desired.is(live));
            live.map_or(Presence::Absent, |live| match live.name.starts_with(&prefix) {
                true => Presence::Ours(live.clone()),
                false => Presence::Foreign(live.clone()),
            })
        };
        let left = filters.iter().filter(|live| {
            live.name.starts_with(&prefix) && !wanted.iter().any(|wanted| wanted.desired.is(live))
        });
        let orphan = |live: &Live| {
            let (kind, key) = (Self::KIND, Self::live_name(live));
            (NodeId { kind, key }, live.clone())
        };
        Ok(Observed {
            wanted: wanted.iter().map(presence).collect(),
            orphans: left.map(orphan).collect(),
        })
    }

    fn fields(&self, _known: &Known) -> Fields {
        self.expected().fields()
    }

    fn live_fields(live: &Live) -> Fields {
        live.fields()
    }

    fn live_name(live: &Live) -> String {
        full_name(&live.log_group_name, &live.name)
    }

    fn output(_live: &Live) -> Output {
        Output::default()
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let metric = MetricTransformation::builder()
            .metric_namespace(&self.metric_namespace)
            .metric_name(&self.metric_name)
            .metric_value(&self.metric_value)
            .set_default_value(self.default_value)
            .build()
            .expect("namespace, name and value are set");
        let put = cx.aws.connection.clients.logs.put_metric_filter();
        let request = put
            .log_group_name(self.log_group.name())
            .filter_name(&self.name)
            .filter_pattern(&self.pattern)
            .metric_transformations(metric);
        let put = cx.aws.call("logs:PutMetricFilter", || request.clone().send());
        put.await.map_err(|fault| self.hinted(fault))?;
        Ok(self.expected())
    }

    async fn update(&self, _live: Live, _changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // PutMetricFilter replaces the filter.
        self.create(cx).await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        let delete = cx.aws.connection.clients.logs.delete_metric_filter();
        let delete = delete.log_group_name(&live.log_group_name);
        let request = delete.filter_name(&live.name);
        gone(
            cx.aws
                .call("logs:DeleteMetricFilter", || request.clone().send())
                .await,
        )
    }
}

impl LogsMetricFilter {
    fn is(&self, live: &Live) -> bool {
        live.log_group_name == self.log_group.name() && live.name == self.name
    }

    fn expected(&self) -> Live {
        Live {
            name: self.name.clone(),
            log_group_name: self.log_group.name().to_owned(),
            pattern: self.pattern.clone(),
            metrics: vec![Metric {
                namespace: self.metric_namespace.clone(),
                name: self.metric_name.clone(),
                value: self.metric_value.clone(),
                default_value: self.default_value,
                more: None,
            }],
        }
    }

    fn hinted(&self, fault: Fault) -> Fault {
        let group = self.log_group.name();
        match fault.code.as_str() {
            "LimitExceededException" => fault.hint(format!(
                "a log group has at most 100 metric filters: delete some of `{group}`"
            )),
            "InvalidParameterException" => fault.hint(
                "correct the alarm's `filter:` in the stack file; AWS tests a pattern with `aws logs \
                 test-metric-filter`",
            ),
            "ResourceNotFoundException" => {
                fault.hint(format!("there is no log group `{group}` in this region"))
            }
            _ => fault,
        }
    }
}

impl Live {
    fn fields(&self) -> Fields {
        let Self {
            name,
            log_group_name,
            pattern,
            metrics,
        } = self;
        let fields = Fields::default()
            .set("name", name.as_str())
            .set("log_group", log_group_name.as_str())
            .set("pattern", pattern.as_str());
        let [metric] = metrics.as_slice() else {
            return fields.set("metrics", metrics.len());
        };
        let Metric {
            namespace,
            name,
            value,
            default_value,
            more,
        } = metric;
        fields
            .set("metric_namespace", namespace.as_str())
            .set("metric_name", name.as_str())
            .set("metric_value", value.as_str())
            .set_some("default_value", *default_value)
            .set_some("metric_options", more.as_deref())
    }
}

/// Every filter of the region. CloudWatch Logs searches for a prefix only within one log group, but a filter that
/// left the stack file may be in any group.
pub(in crate::resource) async fn list(aws: &Aws) -> Result<Vec<Live>> {
    let describe = aws.connection.clients.logs.describe_metric_filters();
    let filters = pages(async |token| {
        let request = describe.clone().set_next_token(token);
        let page = aws
            .call("logs:DescribeMetricFilters", || request.clone().send())
            .await?;
        Ok((page.metric_filters.unwrap_or_default(), page.next_token))
    });
    Ok(filters.await?.iter().map(read).collect())
}

fn read(filter: &MetricFilter) -> Live {
    let metric = |metric: &MetricTransformation| {
        let dimensions = metric.dimensions().filter(|dimensions| !dimensions.is_empty());
        let unit = metric
            .unit()
            .map(|unit| unit.as_str())
            .filter(|unit| *unit != "None");
        let more = (dimensions.is_some() || unit.is_some()).then(|| format!("{dimensions:?} {unit:?}"));
        Metric {
            namespace: metric.metric_namespace.clone(),
            name: metric.metric_name.clone(),
            value: metric.metric_value.clone(),
            default_value: metric.default_value,
            more,
        }
    };
    Live {
        name: filter.filter_name().unwrap_or_default().to_owned(),
        log_group_name: filter.log_group_name().unwrap_or_default().to_owned(),
        pattern: filter.filter_pattern().unwrap_or_default().to_owned(),
        metrics: filter.metric_transformations().iter().map(metric).collect(),
    }
}

fn full_name(log_group: &str, name: &str) -> String {
    format!("{log_group}/{name}")
}

#[cfg(test)]
mod tests;
