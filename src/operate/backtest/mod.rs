//! What the alarms and rules of a stack file would have told in the past.
//!
//! Pure are `evaluate` (one evaluation), `windows` (periods and their values), `replay` (all evaluations), `composite`, `watch`
//! and `lookups` (what has to be asked), `tracks` (from answers to evaluations), `story` (what is told of it). Only `alarms`
//! and `rules` ask AWS.

use std::collections::BTreeMap;

use alertctl_relay::topic_name;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::aws::{Aws, Known};
use crate::blueprint::window;
use crate::engine::graph::Graph;
use crate::operate::probe::{Reach, Receiver};
use crate::resource::eventbridge::rule::KEPT;
use crate::stack::{Mute, Stack};

mod alarms;
mod composite;
mod evaluate;
mod kept;
mod lookups;
mod replay;
mod rules;
mod story;
mod tracks;
mod watch;
mod windows;

use alarms::Subject;
use rules::Listener;
pub use story::{Firings, NIGHT, Story};
use windows::{MINUTE, WEEK};

/// What may still arrive of the last minutes is left out: values of AWS's own services are late by minutes.
const LATE: i64 = 10 * MINUTE;
/// What 1,000 metrics cost in US dollars. <https://aws.amazon.com/cloudwatch/pricing/>
const PRICE: f64 = 0.01;
/// Pages of the event history in a second.
const PAGES: f64 = 2.0;

/// The time that is looked at, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    /// Excluded.
    pub until: i64,
    pub now: i64,
}

impl Span {
    /// The last `seconds` before `now`, without what may still arrive.
    fn before(now: Timestamp, seconds: i64) -> Self {
        let until = (now.as_second() - LATE).div_euclid(MINUTE) * MINUTE;
        Self {
            from: until - seconds.div_euclid(MINUTE).max(1) * MINUTE,
            until,
            now: now.as_second(),
        }
    }
}

/// What is to be asked.
pub struct Backtest<'a> {
    stack: &'a Stack,
    span: Span,
    zone: TimeZone,
    subjects: Vec<Subject>,
    listeners: Vec<Listener>,
    /// Rules without a history.
    others: Vec<String>,
    /// Most pages of the event history.
    pages: usize,
}

/// What asking costs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Calls of `GetMetricData`, without further pages, and the metrics that are asked for.
    pub calls: usize,
    pub metrics: usize,
    pub dollars: f64,
    /// Most pages of the event history, and how many seconds these take.
    pub pages: usize,
    pub seconds: u64,
}

/// What would have been told.
#[derive(Debug, Clone)]
pub struct Past {
    /// Seconds since 1970.
    pub from: i64,
    pub until: i64,
    pub zone: TimeZone,
    pub alarms: Vec<Story>,
    pub rules: Vec<Story>,
    /// By receiver.
    pub receivers: BTreeMap<String, Share>,
}

/// What one receiver would have got.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Share {
    /// Messages.
    pub told: usize,
    /// Messages a week, for each alarm and rule in the time in which its past is known.
    pub weekly: f64,
}

impl<'a> Backtest<'a> {
    /// What is to be asked about the alarms and rules of `stack`, which `graph` was made of, in the `seconds` before `now`.
    pub fn of(
        stack: &'a Stack,
        graph: &Graph,
        known: &Known,
        now: Timestamp,
        seconds: i64,
        pages: usize,
    ) -> Self {
        let home = known.scope.region.as_str();
        let span = Span::before(now, seconds);
        let (mut listeners, mut others) = rules::listeners(stack, home);
        let is_on = |key: &str| stack.rules.get(key).is_none_or(|rule| rule.enabled);
        listeners.retain(|listener| is_on(&listener.key));
        others.retain(|key| is_on(key));
        Self {
            stack,
            span,
            zone: TimeZone::get(&stack.timezone).unwrap_or(TimeZone::UTC),
            subjects: alarms::subjects(stack, graph, known, span),
            listeners,
            others,
            pages,
        }
    }

    /// What asking costs at most; a Metrics Insights query costs what it reads.
    pub fn cost(&self) -> Cost {
        let asks = || self.subjects.iter().flat_map(Subject::asks);
        let metrics = asks().map(|ask| {
            ask.queries
                .iter()
                .filter(|query| query.stat.is_some())
                .count()
                .max(1)
        });
        let metrics: usize = metrics.sum();
        let pages = match self.listeners.is_empty() {
            true => 0,
            false => self.pages,
        };
        Cost {
            calls: asks().count(),
            metrics,
            dollars: metrics as f64 * PRICE / 1_000.0,
            pages,
            seconds: (pages as f64 / PAGES).ceil() as u64,
        }
    }

    /// Asks AWS. What it refuses is told, and the rest goes on. `read` hears how many pages of the event history were read.
    pub async fn ask(&self, aws: &Aws, read: &dyn Fn(usize)) -> Past {
        let (alarms, rules) = futures::join!(alarms::ask(aws, &self.subjects), self.rules(aws, read));
        let alarms = self.stories(alarms);
        let mut receivers = BTreeMap::<_, Share>::new();
        for story in alarms.iter().chain(&rules) {
            let weeks = (self.span.until - story.since).max(1) as f64 / WEEK as f64;
            let told = story.firings.as_ref().map_or(0, |firings| firings.told);
            for receiver in &story.to {
                let share = receivers.entry(receiver.clone()).or_default();
                share.told += told;
                share.weekly += told as f64 / weeks;
            }
        }
        Past {
            from: self.span.from,
            until: self.span.until,
            zone: self.zone.clone(),
            alarms,
            rules,
            receivers,
        }
    }

    async fn rules(&self, aws: &Aws, read: &dyn Fn(usize)) -> Vec<Story> {
        let heard = rules::listen(aws, &self.listeners, self.span, self.pages, read).await;
        let known = self.listeners.iter().zip(heard).map(|(listener, heard)| {
            let times: Vec<_> = heard.times().into_iter().map(|at| (at, Some(at))).collect();
            let told = |at, _| self.unless_muted(at, Some(at), |mute| mute.rules.contains(&listener.key));
            let mut firings = Firings::of(&times, told, self.span, &self.zone);
            firings.longest = None;
            let mut story = self.story(&listener.key, heard.since);
            if listener.partly {
                story.remarks.push(
                    "only API calls and sign-ins are known: AWS keeps no history of the other events"
                        .to_owned(),
                );
            }
            if listener.lacks_reads {
                story.remarks.push(
                    "calls that only read were not looked for, because its pattern names neither calls nor a service"
                        .to_owned(),
                );
            }
            let limited = heard.since > self.span.from.max(self.span.until - KEPT);
            if limited && heard.refused.is_none() {
                story.remarks.push(format!(
                    "older events were not read, because of the limit of {} pages: raise it with `--backtest-limit`",
                    self.pages
                ));
            }
            match heard.refused {
                Some((region, fault)) => story.refused(&format!("CloudTrail in {region}"), &fault),
                None if heard.since >= self.span.until => {
                    story.why = Some(format!(
                        "none of its events were among the {} pages read",
                        self.pages
                    ));
                }
                None => story.firings = Some(firings),
            }
            story
        });
        let others = self.others.iter().map(|key| Story {
            why: Some("AWS keeps no history of these events".to_owned()),
            ..self.story(key, self.span.from)
        });
        let mut stories: Vec<_> = known.chain(others).collect();
        stories.sort_by(|one, other| one.id.cmp(&other.id));
        stories
    }

    fn story(&self, key: &str, since: i64) -> Story {
        let to = self.stack.rules.get(key).map(|rule| rule.to.as_slice());
        Story {
            id: format!("rule/{key}"),
            to: receivers(self.stack, to.unwrap_or_default()),
            since,
            ..Story::default()
        }
    }

    /// When something is told that began at `at`: not while a mute is open, and afterwards only if it still lasts.
    fn unless_muted(&self, at: i64, end: Option<i64>, by: impl Fn(&Mute) -> bool) -> Option<i64> {
        let instant = Timestamp::from_second(at).ok()?;
        let open = self.stack.mute.values().filter(|mute| by(mute));
        let until = open
            .filter_map(|mute| window(self.stack, mute).open_until(instant))
            .max();
        match until.map(Timestamp::as_second) {
            None => Some(at),
            Some(until) => end.is_none_or(|end| end > until).then_some(until),
        }
    }
}

/// Who receives what goes to these keys of channels and topics, as people know them.
fn receivers(stack: &Stack, to: &[String]) -> Vec<String> {
    let reach = Reach::of(stack, to);
    let named = reach.iter().map(|(receiver, _)| match receiver {
        Receiver::Channel { key, .. } => match stack.channels.get(key) {
            Some(channel) => channel.title(key),
            None => key.clone(),
        },
        Receiver::Email(address) => address.clone(),
        Receiver::Https(host) => host.clone(),
        Receiver::Other(arn) => topic_name(arn).to_owned(),
    });
    let mut named: Vec<_> = named.collect();
    // A topic that nobody of the stack file subscribes to may have other subscribers.
    named.extend(
        to.iter()
            .filter(|key| Reach::of(stack, std::slice::from_ref(key)).messages() == 0)
            .cloned(),
    );
    named
}
