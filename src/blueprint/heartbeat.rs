//! The heartbeat: a schedule sends a sign of life along the ways of alerts, the relay asks each channel's service whether
//! it would take a message, and an alarm goes off when that has not worked for a while.
//!
//! CloudWatch publishes the alarm itself, to the topics of `monitoring`, so a broken relay cannot silence it.

use std::collections::BTreeMap;

use alertctl_relay::{HEARTBEAT_METRIC, METRIC_NAMESPACE, PATH_DIMENSION, STACK_DIMENSION, Signal};

use super::Build;
use super::function::Function;
use super::mail::{is_by_relay, mails};
use super::monitoring::Monitor;
use super::signals::carrying;
use super::targets::bare_target;
use super::wiring::Wiring;
use crate::resource::cloudwatch::alarm::{AlarmMetric, Condition, EvaluationWindow, Options, WarmUp};
use crate::resource::eventbridge::targets::Target;
use crate::resource::sns::topic::SnsTopic;
use crate::resource::{NodeId, Ref};
use crate::stack::{Interval, Stack};

/// The key of the rule, and the first part of the keys of those for topics. No key in a stack file contains a dot.
const KEY: &str = "monitor.heartbeat";
/// The same in names.
pub(super) const NAME: &str = "heartbeat";
/// What the way from a rule straight to the relay is called in metrics; a topic's way has the name of the topic, in which no
/// `/` can be.
const RULES: &str = "rules/*";
/// How many heartbeats in a row may be missing or bad. A schedule is late by up to a minute, so one of two neighbouring periods
/// may have none.
const MISSING: i32 = 2;
/// Longest warm-up of an alarm, in minutes.
const MAX_WARM_UP: i32 = 2_880;

/// The topics by which a heartbeat comes to the relay and to nobody else.
pub(super) fn topics_with_heartbeat(stack: &Stack) -> impl Iterator<Item = &String> {
    let beats = interval(stack).is_some();
    let topics = stack.topics.iter().filter(move |_| beats);
    let unheard = |key: &String| {
        let topic = &stack.topics[key];
        let mut subscriptions = topic.subscriptions.iter();
        topic.existing.is_none() && subscriptions.all(|one| mails(stack, key) && is_by_relay(one))
    };
    let topics = topics.filter(move |(key, topic)| !topic.to.is_empty() && unheard(key));
    topics.map(|(key, _)| key)
}

fn interval(stack: &Stack) -> Option<Interval> {
    stack.monitoring.as_ref()?.heartbeat
}

impl Build<'_> {
    /// A rule for each way: straight to the relay, and by each topic that only the relay hears. `allowed` lets the rules
    /// invoke the relay.
    pub(super) fn heartbeats(
        &self,
        relay: &Function,
        allowed: &[NodeId],
        topics: &BTreeMap<String, Ref<SnsTopic>>,
    ) -> Vec<Wiring> {
        let Some(every) = interval(self.stack) else {
            return Vec::new();
        };
        let straight = self.signalled(relay, &signal(RULES));
        let mut wirings = vec![self.heartbeat(None, every, straight, allowed.to_vec())];
        for key in topics_with_heartbeat(self.stack) {
            let signal = signal(&self.names.topic(key, &self.stack.topics[key]));
            let target = carrying(&signal, bare_target(key, self.names.topic_arn(key)));
            let topic = topics.get(key).map(|topic| topic.id().clone());
            // Before a heartbeat comes, the filters of its mails must keep it from people.
            let filters = self.mailed.get(key).into_iter().flatten().cloned();
            let after = topic.into_iter().chain(filters).collect();
            wirings.push(self.heartbeat(Some(key), every, target, after));
        }
        wirings
    }

    fn heartbeat(&self, topic: Option<&str>, every: Interval, target: Target, after: Vec<NodeId>) -> Wiring {
        let (key, name) = match topic {
            None => (KEY.to_owned(), NAME.to_owned()),
            Some(topic) => (format!("{KEY}.{topic}"), format!("{NAME}-{topic}")),
        };
        self.scheduled(key, &name, "heartbeat", every.minutes(), target, after)
    }

    /// One alarm for each way: no heartbeat has found all well for [`MISSING`] intervals. A new alarm waits until the first
    /// heartbeats can have come, or it would go off at once.
    pub(super) fn silences(&self) -> Vec<Monitor> {
        let Some(every) = interval(self.stack) else {
            return Vec::new();
        };
        let topics = topics_with_heartbeat(self.stack).map(|key| {
            let name = self.names.topic(key, &self.stack.topics[key]);
            (format!("{NAME}-{key}"), name)
        });
        let ways = [(NAME.to_owned(), RULES.to_owned())].into_iter().chain(topics);
        let alarm = |(what, path): (String, String)| Monitor {
            description: match path.as_str() {
                RULES => "no heartbeat has come through the relay to all channels".to_owned(),
                topic => format!("no heartbeat has come through {topic} and the relay to all channels"),
            },
            what,
            metric: AlarmMetric::Single {
                namespace: METRIC_NAMESPACE.to_owned(),
                metric_name: HEARTBEAT_METRIC.to_owned(),
                dimensions: BTreeMap::from([
                    (STACK_DIMENSION.to_owned(), self.stack.stack.as_str().into()),
                    (PATH_DIMENSION.to_owned(), path.into()),
                ]),
                statistic: Some("Maximum".to_owned()),
                extended_statistic: None,
                period: every.minutes() * 60,
                unit: None,
            },
            condition: Condition {
                comparison_operator: "LessThanThreshold".to_owned(),
                threshold: Some(1.0),
                threshold_metric_id: None,
                evaluation_periods: MISSING,
                datapoints_to_alarm: None,
                treat_missing_data: Some("breaching".to_owned()),
                evaluate_low_sample_count_percentile: None,
                evaluation_window: EvaluationWindow::Sliding,
            },
            options: Options {
                warm_up: Some(WarmUp {
                    minutes: MAX_WARM_UP.min((MISSING + 1) * every.minutes()),
                    full: false,
                }),
                ..Options::default()
            },
            after: Vec::new(),
        };
        ways.map(alarm).collect()
    }
}

fn signal(path: &str) -> Signal {
    Signal::Heartbeat(path.to_owned())
}
