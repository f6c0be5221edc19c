//! Alarms on the stack itself: an alerting stack must not fail silently.

use std::collections::BTreeMap;

use super::Build;
use crate::aws::Text;
use crate::resource::NodeId;
use crate::resource::cloudwatch::alarm::{
    AlarmMetric, CloudwatchAlarm, Condition, EvaluationWindow, Options,
};

/// The resources to monitor, collected while the features are built.
#[derive(Default)]
pub(super) struct Watched {
    /// Functions by the key of their resources.
    pub functions: Vec<(String, String)>,
    /// Dead-letter queues in the stack's own region.
    pub queues: Vec<(String, String)>,
    /// Queues in front of channels.
    pub buffers: Vec<(String, String)>,
    /// HTTP APIs by key.
    pub apis: Vec<(String, NodeId)>,
}

/// One alarm on a part of the stack.
struct Monitor {
    /// Suffix of the key after `monitor.`, and of the name after `<stack>-monitor-`.
    what: String,
    description: String,
    namespace: &'static str,
    metric: &'static str,
    statistic: &'static str,
    dimension: (&'static str, Text),
    /// The alarm goes off at this value and above.
    threshold: f64,
    after: Vec<NodeId>,
}

/// Seconds over which failures are summed.
const PERIOD: i32 = 300;
/// Seconds that an alert may wait in a buffer before the alarm goes off.
const TOO_LATE: f64 = 300.0;

impl Build<'_> {
    /// Adds an alarm on the errors and throttles of each function, on each dead-letter queue that is not empty,
    /// on each buffer whose alerts wait too long, and on the server errors of each API.
    pub(super) fn monitoring(&mut self) {
        let Some(monitoring) = &self.stack.monitoring else {
            return;
        };
        for monitor in self.monitors() {
            let key = format!("monitor.{}", monitor.what);
            self.graph.add_after(
                &key,
                CloudwatchAlarm {
                    name: format!("{}{}", self.monitor_prefix(), monitor.what),
                    description: Some(monitor.description),
                    actions_enabled: true,
                    alarm_actions: self.topic_arns(&monitoring.to),
                    ok_actions: Vec::new(),
                    insufficient_data_actions: Vec::new(),
                    metric: AlarmMetric::Single {
                        namespace: monitor.namespace.to_owned(),
                        metric_name: monitor.metric.to_owned(),
                        dimensions: BTreeMap::from([(monitor.dimension.0.to_owned(), monitor.dimension.1)]),
                        statistic: Some(monitor.statistic.to_owned()),
                        extended_statistic: None,
                        period: PERIOD,
                        unit: None,
                    },
                    condition: Some(Condition {
                        comparison_operator: "GreaterThanOrEqualToThreshold".to_owned(),
                        threshold: Some(monitor.threshold),
                        threshold_metric_id: None,
                        evaluation_periods: 1,
                        datapoints_to_alarm: None,
                        treat_missing_data: Some("notBreaching".to_owned()),
                        evaluate_low_sample_count_percentile: None,
                        evaluation_window: EvaluationWindow::Sliding,
                    }),
                    options: Options::default(),
                    tags: self.tags::<CloudwatchAlarm>(&key),
                },
                monitor.after,
            );
        }
    }

    /// The name pattern of these alarms, if they notify `topic`.
    pub(super) fn monitors_notifying(&self, topic: &str) -> Option<String> {
        let monitoring = self.stack.monitoring.as_ref()?;
        let notified = monitoring.to.iter().any(|to| to == topic);
        notified.then(|| format!("{}*", self.monitor_prefix()))
    }

    fn monitor_prefix(&self) -> String {
        self.stack.default_name("monitor-")
    }

    fn monitors(&self) -> Vec<Monitor> {
        let functions = self.watched.functions.iter().flat_map(|(key, name)| {
            let monitor = |metric: &'static str, what: &str, description: String| Monitor {
                what: format!("{key}-{what}"),
                description,
                namespace: "AWS/Lambda",
                metric,
                statistic: "Sum",
                dimension: ("FunctionName", name.as_str().into()),
                threshold: 1.0,
                after: Vec::new(),
            };
            [
                monitor("Errors", "errors", format!("{name} failed: see its log group")),
                monitor(
                    "Throttles",
                    "throttles",
                    format!("{name} was throttled: alerts wait"),
                ),
            ]
        });
        let queues = self.watched.queues.iter().map(|(key, name)| Monitor {
            what: format!("{key}-dead-letters"),
            description: format!("{name} holds alerts that could not be delivered"),
            namespace: "AWS/SQS",
            metric: "ApproximateNumberOfMessagesVisible",
            statistic: "Maximum",
            dimension: ("QueueName", name.as_str().into()),
            threshold: 1.0,
            after: Vec::new(),
        });
        let buffers = self.watched.buffers.iter().map(|(key, name)| Monitor {
            what: format!("{key}-age"),
            description: format!("alerts wait in {name} for more than {} minutes", TOO_LATE / 60.0),
            namespace: "AWS/SQS",
            metric: "ApproximateAgeOfOldestMessage",
            statistic: "Maximum",
            dimension: ("QueueName", name.as_str().into()),
            threshold: TOO_LATE,
            after: Vec::new(),
        });
        let apis = self.watched.apis.iter().map(|(key, node)| Monitor {
            what: format!("{key}-5xx"),
            description: format!("endpoint {key} answers with server errors"),
            namespace: "AWS/ApiGateway",
            metric: "5xx",
            statistic: "Sum",
            dimension: ("ApiId", Text::id_of(node)),
            threshold: 1.0,
            after: vec![node.clone()],
        });
        functions.chain(queues).chain(buffers).chain(apis).collect()
    }
}
