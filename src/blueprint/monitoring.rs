//! Alarms on the stack itself: an alerting stack must not fail silently.

use std::collections::BTreeMap;

use alertctl_relay::{METRIC_NAMESPACE, STACK_DIMENSION, WAITING_METRIC, page};

use super::Build;
use crate::aws::Text;
use crate::resource::NodeId;
use crate::resource::cloudwatch::alarm::{
    AlarmMetric, CloudwatchAlarm, Condition, EvaluationWindow, MetricQuery, MetricStat, Options,
};
use crate::stack::hears_of_ends;

/// The resources to monitor, collected while the features are built.
#[derive(Default)]
pub(super) struct Watched {
    /// Functions by the key of their resources.
    pub functions: Vec<(String, String)>,
    /// Dead-letter queues in the stack's own region.
    pub queues: Vec<(String, String)>,
    /// Queues in which messages wait.
    pub waiting: Vec<(String, String)>,
    /// HTTP APIs by key.
    pub apis: Vec<(String, NodeId)>,
    /// Topics with a dead-letter queue, by key.
    pub topics: Vec<(String, String)>,
    /// Rules with targets in the stack's own region: the metric of what they lose, and its dimensions.
    pub rules: Vec<(&'static str, BTreeMap<String, String>)>,
}

/// One alarm on a part of the stack.
pub(super) struct Monitor {
    /// Suffix of the key after `monitor.`, and of the name after `<stack>-monitor-`.
    pub what: String,
    pub description: String,
    pub metric: AlarmMetric,
    pub condition: Condition,
    pub options: Options,
    pub after: Vec<NodeId>,
}

impl Monitor {
    /// An alarm that goes off at the first failure.
    fn new(what: String, description: String, metric: AlarmMetric) -> Self {
        Self {
            what,
            description,
            metric,
            condition: from(1.0),
            options: Options::default(),
            after: Vec::new(),
        }
    }
}

/// Seconds over which failures are summed.
const PERIOD: i32 = 300;
/// Seconds that an alert may wait in a buffer before the alarm goes off.
const TOO_LATE: f64 = 300.0;
/// Most metrics that one alarm adds up.
const MAX_METRICS: usize = 10;

impl Build<'_> {
    /// Adds an alarm on the errors and throttles of each function, on each dead-letter queue that is not empty,
    /// on each queue that nobody drains, on alerts that wait too long, on the server errors of each API, and on everything that Lambda, SNS
    /// and EventBridge could not put into a dead-letter queue, which is lost; and on a heartbeat that does not come.
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
                    description: page::described(
                        Some(&monitor.description),
                        monitoring.runbook.as_deref(),
                        monitoring.dashboard.as_deref(),
                    ),
                    actions_enabled: true,
                    alarm_actions: self.topic_arns(&monitoring.to),
                    ok_actions: self.topic_arns(&hears_of_ends(&monitoring.to)),
                    insufficient_data_actions: Vec::new(),
                    metric: monitor.metric,
                    condition: Some(monitor.condition),
                    options: monitor.options,
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
            let monitor = |metric: &str, what: &str, description: String| {
                let metric = sum("AWS/Lambda", metric, ("FunctionName", name.as_str().into()));
                Monitor::new(format!("{key}-{what}"), description, metric)
            };
            [
                monitor("Errors", "errors", format!("{name} failed: see its log group")),
                monitor(
                    "Throttles",
                    "throttles",
                    format!("{name} was throttled: alerts wait"),
                ),
                monitor(
                    "DestinationDeliveryFailures",
                    "lost",
                    format!("{name} failed, and its dead-letter queue did not take the event: it is lost"),
                ),
            ]
        });
        let queues = self.watched.queues.iter().map(|(key, name)| {
            Monitor::new(
                format!("{key}-dead-letters"),
                format!("{name} holds alerts that could not be delivered"),
                maximum("ApproximateNumberOfMessagesVisible", name),
            )
        });
        let minutes = TOO_LATE / 60.0;
        let undrained = self.watched.waiting.iter().map(move |(key, name)| Monitor {
            condition: from(TOO_LATE),
            ..Monitor::new(
                format!("{key}-age"),
                format!("an alert has waited in {name} for more than {minutes} minutes"),
                maximum("ApproximateAgeOfOldestMessage", name),
            )
        });
        // SQS leaves what was received three times out of the age of the oldest message.
        let waiting = (!self.watched.waiting.is_empty()).then(|| Monitor {
            condition: from(TOO_LATE),
            ..Monitor::new(
                "waiting".to_owned(),
                format!(
                    "alerts have waited for more than {minutes} minutes, because a channel does not take them"
                ),
                single(
                    METRIC_NAMESPACE,
                    WAITING_METRIC,
                    "Maximum",
                    (STACK_DIMENSION, self.stack.stack.as_str().into()),
                ),
            )
        });
        let apis = self.watched.apis.iter().map(|(key, node)| Monitor {
            after: vec![node.clone()],
            ..Monitor::new(
                format!("{key}-5xx"),
                format!("endpoint {key} answers with server errors"),
                sum("AWS/ApiGateway", "5xx", ("ApiId", Text::id_of(node))),
            )
        });
        let topics = self.watched.topics.iter().map(|(key, name)| {
            Monitor::new(
                format!("{key}-lost-by-topic"),
                format!(
                    "{name} could deliver a message neither to the relay nor to its dead-letter queue: it is lost"
                ),
                sum(
                    "AWS/SNS",
                    "NumberOfNotificationsFailedToRedriveToDlq",
                    ("TopicName", name.as_str().into()),
                ),
            )
        });
        let rules = self.watched.rules.chunks(MAX_METRICS).enumerate();
        let rules = rules.map(|(index, rules)| {
            let what = match index {
                0 => "lost-by-rules".to_owned(),
                index => format!("lost-by-rules-{}", index + 1),
            };
            let description =
                "a rule could deliver an event neither to its target nor to the dead-letter queue: it is lost";
            Monitor::new(what, description.to_owned(), sum_of_rules(rules))
        });
        let own = functions
            .chain(queues)
            .chain(undrained)
            .chain(waiting)
            .chain(apis);
        own.chain(topics).chain(rules).chain(self.silences()).collect()
    }
}

/// At this value and above in one period.
fn from(threshold: f64) -> Condition {
    Condition {
        comparison_operator: "GreaterThanOrEqualToThreshold".to_owned(),
        threshold: Some(threshold),
        threshold_metric_id: None,
        evaluation_periods: 1,
        datapoints_to_alarm: None,
        treat_missing_data: Some("notBreaching".to_owned()),
        evaluate_low_sample_count_percentile: None,
        evaluation_window: EvaluationWindow::Sliding,
    }
}

fn sum(namespace: &str, metric: &str, dimension: (&str, Text)) -> AlarmMetric {
    single(namespace, metric, "Sum", dimension)
}

fn maximum(metric: &str, queue: &str) -> AlarmMetric {
    single("AWS/SQS", metric, "Maximum", ("QueueName", queue.into()))
}

fn single(namespace: &str, metric: &str, statistic: &str, dimension: (&str, Text)) -> AlarmMetric {
    AlarmMetric::Single {
        namespace: namespace.to_owned(),
        metric_name: metric.to_owned(),
        dimensions: BTreeMap::from([(dimension.0.to_owned(), dimension.1)]),
        statistic: Some(statistic.to_owned()),
        extended_statistic: None,
        period: PERIOD,
        unit: None,
    }
}

/// What these rules lost, added up. `SUM` passes over a rule that has no data, as
/// all of them have in good times.
fn sum_of_rules(rules: &[(&'static str, BTreeMap<String, String>)]) -> AlarmMetric {
    let ids: Vec<_> = (0..rules.len()).map(|index| format!("r{index}")).collect();
    let metrics = ids
        .iter()
        .zip(rules)
        .map(|(id, (metric, dimensions))| MetricQuery {
            id: id.clone(),
            expression: None,
            label: None,
            return_data: false,
            period: None,
            account_id: None,
            stat: Some(MetricStat {
                namespace: "AWS/Events".to_owned(),
                metric_name: (*metric).to_owned(),
                dimensions: dimensions.clone(),
                stat: "Sum".to_owned(),
                period: PERIOD,
                unit: None,
            }),
        });
    let all = MetricQuery {
        id: "lost".to_owned(),
        expression: Some(format!("SUM([{}])", ids.join(", "))),
        label: Some("lost".to_owned()),
        return_data: true,
        period: None,
        account_id: None,
        stat: None,
    };
    AlarmMetric::Math(metrics.chain([all]).collect())
}
