//! The results of a stack's paths, as text and as JSON.

use std::fmt::Write as _;

use alertctl_relay::{LogEntry, Outcome};
use serde_json::{Value, json};

use super::style;
use crate::operate::probe::{Probe, State, Verdict};

/// The result of each path.
pub struct Verdicts<'a> {
    all: Vec<(&'a Probe, Verdict<'a>)>,
}

impl<'a> Verdicts<'a> {
    /// `found` returns where a sample was found that no function logged.
    pub fn of(probes: &'a [Probe], found: impl Fn(&Probe) -> Option<String>) -> Self {
        let verdict = |probe: &'a Probe| (probe, probe.verdict(found(probe).as_deref()));
        Self {
            all: probes.iter().map(verdict).collect(),
        }
    }

    pub fn any(&self, state: State) -> bool {
        self.all.iter().any(|(_, verdict)| verdict.state == state)
    }

    /// One line per path, and below it one for each further channel.
    pub fn text(&self) -> String {
        let width = self.all.iter().map(|(probe, _)| probe.path.name.len()).max();
        let width = width.unwrap_or_default();
        let mut text = String::new();
        for (probe, verdict) in &self.all {
            let (sign, color) = match verdict.state {
                State::Arrived => ('✓', style::outcome(Outcome::Delivered)),
                State::Stopped => ('✗', style::outcome(Outcome::DeadLettered)),
                State::Skipped => ('–', style::outcome(Outcome::Filtered)),
            };
            let skipped = (verdict.state == State::Skipped).then_some("not tested: ");
            let reason = verdict
                .reason
                .iter()
                .map(|reason| format!("{}{reason}", skipped.unwrap_or_default()));
            let channels = verdict.channels.iter().map(|(channel, outcome)| match outcome {
                Some(outcome) => format!("{channel}: {}", in_words(outcome)),
                None => format!("{channel}: nothing"),
            });
            let mut name = probe.path.name.as_str();
            let mut sign = sign;
            for line in channels.chain(reason) {
                let _ = writeln!(text, "  {color}{sign}{color:#} {name:<width$}  {line}");
                (name, sign) = ("", ' ');
            }
        }
        text
    }

    /// `2 of 3 paths arrived`.
    pub fn summary(&self) -> String {
        let count = |state| {
            self.all
                .iter()
                .filter(|(_, verdict)| verdict.state == state)
                .count()
        };
        let (arrived, skipped) = (count(State::Arrived), count(State::Skipped));
        let not_tried = match skipped {
            0 => String::new(),
            count => format!(", {count} could not be tested"),
        };
        let paths = if self.all.len() == 1 { "path" } else { "paths" };
        format!("{arrived} of {} {paths} arrived{not_tried}", self.all.len())
    }

    /// All data; `run` is the common prefix of this run's marks.
    pub fn json(&self, run: &str) -> Value {
        let one = |(probe, verdict): &(&Probe, Verdict<'_>)| {
            let channel = |(channel, outcome): &(&str, Option<&LogEntry<'_>>)| {
                json!({
                    "channel": channel,
                    "outcome": outcome.map(|outcome| &outcome.outcome),
                    "status": outcome.and_then(|outcome| outcome.status),
                    "milliseconds": outcome.and_then(|outcome| outcome.latency),
                    "reason": outcome.and_then(|outcome| outcome.reason.as_ref()),
                })
            };
            json!({
                "path": probe.path.name,
                "test": probe.mark,
                "result": match verdict.state {
                    State::Arrived => "arrived",
                    State::Stopped => "stopped",
                    State::Skipped => "skipped",
                },
                "reason": verdict.reason,
                "channels": verdict.channels.iter().map(channel).collect::<Vec<_>>(),
            })
        };
        json!({ "version": 1, "test": run, "paths": self.all.iter().map(one).collect::<Vec<_>>() })
    }
}

/// `delivered in 123 ms`, `parked, Slack answers 404 Not Found: no_service`.
fn in_words(outcome: &LogEntry<'_>) -> String {
    let latency = outcome
        .latency
        .map(|ms| format!(" in {ms} ms"))
        .unwrap_or_default();
    let reason = outcome
        .reason
        .as_ref()
        .map(|reason| format!(", {}", super::printable(reason)))
        .unwrap_or_default();
    format!("{}{latency}{reason}", outcome.outcome)
}
