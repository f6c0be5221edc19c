//! The alarms of a stack: what is asked for each, and what became of it.

use std::collections::BTreeMap;

use super::composite::{self, States};
use super::evaluate::{State, Treatment};
use super::replay::{Change, firings, state_at};
use super::story::{Firings, Story};
use super::tracks::Answers;
use super::watch::{Ask, Asks, Watch};
use super::{Backtest, Span, receivers};
use crate::aws::{Aws, Fault, Known, concurrently};
use crate::blueprint::{Names, region_of};
use crate::engine::graph::Graph;
use crate::resource::cloudwatch::alarm::{CloudwatchAlarm, history};
use crate::resource::cloudwatch::composite_alarm::CloudwatchCompositeAlarm;
use crate::resource::logs::metric_filter::LogsMetricFilter;
use crate::resource::{NodeId, Resource};
use crate::stack::{Alarm, Stack};

/// What is told of an alarm without data whose missing data is good.
const SILENT: &str = "no data may be right, if the metric reports nothing but trouble: `treat_missing_data: notBreaching` \
                      suggests that";

/// An alarm of the stack file.
#[derive(Debug)]
pub struct Subject {
    pub key: String,
    /// Its physical name.
    name: String,
    to: Vec<String>,
    /// `None` for the stack's own region.
    region: Option<String>,
    enabled: bool,
    /// Whether it counts matches of a metric filter, and whether that exists.
    filter: Filter,
    what: What,
}

/// The metric filter that an alarm is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    None,
    New,
    Exists,
}

#[derive(Debug)]
enum What {
    Metric(Box<Watch>, Asks),
    Composite(Box<CloudwatchCompositeAlarm>),
    /// Why its past cannot be known.
    Unknown(String),
}

/// The alarms of a stack with their questions.
pub fn subjects(stack: &Stack, graph: &Graph, known: &Known, span: Span) -> Vec<Subject> {
    let alarms = stack.alarms_expanded();
    let all = alarms
        .iter()
        .map(|(key, alarm)| subject(stack, key, alarm, graph, known, span));
    all.collect()
}

fn subject(stack: &Stack, key: &str, alarm: &Alarm, graph: &Graph, known: &Known, span: Span) -> Subject {
    let region = region_of(alarm, &known.scope.region);
    let node = match region {
        Some(region) => format!("{key}@{region}"),
        None => key.to_owned(),
    };
    let what = match (
        resource::<CloudwatchAlarm>(graph, &node),
        resource::<CloudwatchCompositeAlarm>(graph, &node),
    ) {
        _ if alarm.logs.is_some() => {
            What::Unknown("CloudWatch does not tell what a query of logs would have found".to_owned())
        }
        (Some(alarm), _) => match Watch::of(alarm, known) {
            Ok(watch) => {
                let asks = watch.asks(span);
                What::Metric(Box::new(watch), asks)
            }
            Err(why) => What::Unknown(why),
        },
        (None, Some(alarm)) => What::Composite(Box::new(alarm.clone())),
        (None, None) => What::Unknown("it is not in the plan".to_owned()),
    };
    let filter = NodeId {
        kind: LogsMetricFilter::KIND,
        key: key.to_owned(),
    };
    Subject {
        key: key.to_owned(),
        name: Names::of(stack).alarm(key, alarm),
        to: match alarm.actions_enabled {
            true => receivers(stack, &alarm.to),
            false => Vec::new(),
        },
        region: region.map(str::to_owned),
        enabled: alarm.actions_enabled,
        filter: match (
            graph.get(&filter).is_some(),
            known.outputs.contains_key(&filter.to_string()),
        ) {
            (false, _) => Filter::None,
            (true, false) => Filter::New,
            (true, true) => Filter::Exists,
        },
        what,
    }
}

fn resource<'g, R: Resource>(graph: &'g Graph, key: &str) -> Option<&'g R> {
    let id = NodeId {
        kind: R::KIND,
        key: key.to_owned(),
    };
    graph.get(&id)?.resource.as_any().downcast_ref()
}

impl Subject {
    /// What is asked of CloudWatch.
    pub fn asks(&self) -> &[Ask] {
        match &self.what {
            What::Metric(_, asks) => &asks.asks,
            What::Composite(_) | What::Unknown(_) => &[],
        }
    }

    async fn answers(&self, aws: &Aws) -> Result<Answers, Fault> {
        let there = self.region.as_ref().map(|region| aws.at(region));
        let aws = there.as_deref().unwrap_or(aws);
        let mut answers = Vec::new();
        for ask in self.asks() {
            let series = history(aws, &ask.queries, ask.from, ask.until).await?;
            answers.push((ask.clone(), series));
        }
        Ok(answers)
    }
}

/// The answers for each alarm, or why there are none.
pub type Answered = Vec<Result<Answers, Fault>>;

/// Asks CloudWatch for every alarm. Who may not read one metric may read none, so nothing more is asked then.
pub async fn ask(aws: &Aws, subjects: &[Subject]) -> Answered {
    let first = subjects.iter().position(|subject| !subject.asks().is_empty());
    let probe = match first.and_then(|index| subjects.get(index)) {
        Some(subject) => subject.answers(aws).await,
        None => Ok(Vec::new()),
    };
    if let Some(fault) = probe.as_ref().err().filter(|fault| fault.denied()) {
        return subjects.iter().map(|_| Err(fault.clone())).collect();
    }
    let others = subjects
        .iter()
        .enumerate()
        .filter(|(index, _)| Some(*index) != first);
    // Each keeps its own error, so that none ends the others.
    let others = concurrently(others, |(_, subject)| async { Ok(subject.answers(aws).await) }).await;
    let mut all: Answered = others.unwrap_or_default();
    if let Some(index) = first {
        all.insert(index.min(all.len()), probe);
    }
    all
}

/// What is known of an alarm once its states are.
struct Lived {
    since: i64,
    /// The times in ALARM.
    times: Vec<(i64, Option<i64>)>,
}

impl Backtest<'_> {
    /// What became of each alarm.
    pub(super) fn stories(&self, answered: Answered) -> Vec<Story> {
        let mut states = States::new();
        let mut sinces: BTreeMap<String, i64> = BTreeMap::new();
        let mut stories = Vec::new();
        for (subject, answers) in self.subjects.iter().zip(answered) {
            let mut story = Story {
                id: format!("alarm/{}", subject.key),
                to: subject.to.clone(),
                since: self.span.from,
                ..Story::default()
            };
            if !subject.enabled {
                story.remarks.push("its actions are disabled".to_owned());
            }
            match (&subject.what, answers) {
                (What::Unknown(why), _) => story.why = Some(why.clone()),
                (What::Composite(_), _) => {}
                (What::Metric(..), Err(fault)) => story.refused("CloudWatch", &fault),
                (What::Metric(watch, asks), Ok(answers)) => {
                    let live = self.metric(subject, watch, asks, &answers, &mut story);
                    if let Some(live) = live {
                        states.insert(subject.name.clone(), live);
                        sinces.insert(subject.name.clone(), story.since);
                    }
                }
            }
            stories.push(story);
        }
        self.composites(&mut stories, &mut states, &mut sinces);
        stories
    }

    /// The states of an alarm on metrics. `None` if they are not known.
    fn metric(
        &self,
        subject: &Subject,
        watch: &Watch,
        asks: &Asks,
        answers: &Answers,
        story: &mut Story,
    ) -> Option<Vec<Change>> {
        let seen = watch.tracks(asks, answers, self.span);
        story.since = asks.since;
        if seen.lacks_band {
            story.why = Some("CloudWatch gives no band for this metric yet".to_owned());
            return None;
        }
        if asks.asks.is_empty() {
            story.why = Some("CloudWatch no longer has its values".to_owned());
            return None;
        }
        match subject.filter {
            _ if seen.has_data => {}
            Filter::None => {
                story.no_data = true;
                if watch.counting.missing == Treatment::NotBreaching {
                    story.remarks.push(SILENT.to_owned());
                }
            }
            // A filter reports what it matches, and nothing else.
            Filter::Exists => story.remarks.push("its metric filter matched nothing".to_owned()),
            Filter::New => {
                story.why = Some(
                    "its metric filter does not exist yet, and CloudWatch Logs does not count what was logged before"
                        .to_owned(),
                );
                return None;
            }
        }
        let remarks = asks.remarks.iter().map(|remark| (*remark).to_owned());
        story.remarks.extend(remarks.filter(|_| seen.has_data));
        let lives = watch.live(&seen, asks.since);
        let times = lives.iter().flat_map(|changes| firings(changes)).collect();
        let lived = Lived {
            since: asks.since,
            times,
        };
        story.firings = Some(self.count(&subject.key, &lived, |at, _| Some(at)));
        Some(merged(&lives))
    }

    /// Composite alarms may watch each other, so each comes after those that it watches.
    fn composites(&self, stories: &mut [Story], states: &mut States, sinces: &mut BTreeMap<String, i64>) {
        let composites =
            self.subjects
                .iter()
                .enumerate()
                .filter_map(|(index, subject)| match &subject.what {
                    What::Composite(alarm) => Some((index, subject, alarm)),
                    What::Metric(..) | What::Unknown(_) => None,
                });
        let mut left: Vec<_> = composites.collect();
        loop {
            let before = left.len();
            left.retain(|(index, subject, alarm)| {
                let watched = composite::watched(alarm);
                let since = watched.iter().filter_map(|name| sinces.get(name)).max();
                let since = since.copied().unwrap_or(self.span.from);
                let Some(story) = stories.get_mut(*index) else {
                    return false;
                };
                match composite::states(alarm, states, since) {
                    composite::Known::After(name) => {
                        story.why = Some(format!("what becomes of {name} is not known"));
                        true
                    }
                    composite::Known::States(changes) => {
                        let suppressor = alarm.suppressor.as_ref();
                        let suppressing =
                            suppressor.and_then(|one| Some((one, states.get(composite::name(&one.alarm))?)));
                        if suppressor.is_some() && suppressing.is_none() {
                            story.remarks.push(
                                "its suppressor is not considered: its states are not known".to_owned(),
                            );
                        }
                        let told = |at, end| match suppressing {
                            Some((suppressor, changes)) => composite::told(suppressor, changes, at, end),
                            None => Some(at),
                        };
                        let lived = Lived {
                            since,
                            times: firings(&changes),
                        };
                        story.firings = Some(self.count(&subject.key, &lived, told));
                        (story.since, story.why) = (since, None);
                        sinces.insert(subject.name.clone(), since);
                        states.insert(subject.name.clone(), changes);
                        false
                    }
                }
            });
            if left.is_empty() || left.len() == before {
                return;
            }
        }
    }

    /// Counts the times in ALARM. An alarm that `told` lets through is told unless a mute is open.
    fn count(&self, key: &str, lived: &Lived, told: impl Fn(i64, Option<i64>) -> Option<i64>) -> Firings {
        let times: Vec<_> = lived
            .times
            .iter()
            .copied()
            .filter(|(at, _)| *at >= lived.since)
            .collect();
        let told = |at, end| {
            let at = told(at, end)?;
            self.unless_muted(at, end, |mute| {
                self.stack.alarms_muted(&mute.alarms).contains(key)
            })
        };
        Firings::of(&times, told, self.span, &self.zone)
    }
}

/// The states of an alarm on several time series: ALARM if one of them is.
pub fn merged(lives: &[Vec<Change>]) -> Vec<Change> {
    if let [one] = lives {
        return one.clone();
    }
    let mut times: Vec<_> = lives.iter().flatten().map(|change| change.at).collect();
    times.sort_unstable();
    times.dedup();
    let mut changes: Vec<Change> = Vec::new();
    for at in times {
        let is = |state| lives.iter().any(|live| state_at(live, at) == state);
        let state = [State::Alarm, State::Ok].into_iter().find(|state| is(*state));
        let state = state.unwrap_or(State::InsufficientData);
        if changes.last().is_none_or(|last| last.state != state) {
            changes.push(Change { at, state });
        }
    }
    changes
}
