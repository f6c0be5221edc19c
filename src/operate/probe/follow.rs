//! Follows a sample through the functions' logs.

use std::collections::BTreeMap;

use alertctl_relay::LogEntry;

use super::{Path, Sent};
use crate::operate::logs::{Line, Said};

/// A sample on its way.
#[derive(Debug, Clone)]
pub struct Probe {
    pub path: Path,
    /// `t-` and eight hexadecimal digits.
    pub mark: String,
    pub sent: Sent,
    /// The last outcome logged for each channel.
    outcomes: BTreeMap<String, LogEntry<'static>>,
}

/// The result of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The services accepted it for every channel, or it was delivered on a path without channels.
    Arrived,
    /// It stopped on the way.
    Stopped,
    /// It was not sent.
    Skipped,
}

/// The result of a path, with details.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict<'a> {
    pub state: State,
    /// Each of its channels with the outcome, if one was logged.
    pub channels: Vec<(&'a str, Option<&'a LogEntry<'static>>)>,
    /// Why it was not sent or not accepted, or where it stopped.
    pub reason: Option<String>,
}

impl Probe {
    pub fn new(path: Path, mark: String, sent: Sent) -> Self {
        Self {
            path,
            mark,
            sent,
            outcomes: BTreeMap::new(),
        }
    }

    /// Processes a log line, which may be about this sample.
    pub fn hear(&mut self, line: &Line) {
        let Said::Outcome(outcome) = &line.said else {
            return;
        };
        let (Some(mark), Some(channel)) = (&outcome.test, &outcome.channel) else {
            return;
        };
        // On a second path the same channel may report again; the first success counts.
        let has_it = self.outcomes.get(&**channel).is_some_and(LogEntry::is_there);
        if *mark == self.mark && !has_it {
            self.outcomes.insert(channel.to_string(), (**outcome).clone());
        }
    }

    /// Whether no further log lines are expected.
    pub fn is_over(&self) -> bool {
        let has_final = |channel| self.outcomes.get(channel).is_some_and(LogEntry::is_final);
        match self.sent {
            Sent::Skipped(_) | Sent::Refused(_) => true,
            Sent::To(_) | Sent::Alarm { .. } => self.path.channels.iter().all(has_final),
        }
    }

    /// Whether the sample was sent, but at least one of its channels has not logged it.
    pub fn is_lost(&self) -> bool {
        let unheard = |channel: &String| !self.outcomes.contains_key(channel);
        matches!(self.sent, Sent::To(_) | Sent::Alarm { .. }) && self.path.channels.iter().any(unheard)
    }

    /// The result; `found` is the place where the sample was found, if a search was made.
    pub fn verdict(&self, found: Option<&str>) -> Verdict<'_> {
        let channels = self.path.channels.iter();
        let channels: Vec<_> = channels
            .map(|channel| (channel.as_str(), self.outcomes.get(channel)))
            .collect();
        let handed_to = match &self.sent {
            Sent::Skipped(why) => return Verdict::of(State::Skipped, why.clone()),
            Sent::Refused(why) => return Verdict::of(State::Stopped, why.clone()),
            Sent::To(service) => service,
            Sent::Alarm { .. } => "CloudWatch",
        };
        let arrived = channels
            .iter()
            .all(|(_, outcome)| outcome.is_some_and(LogEntry::is_there));
        let reason = if channels.is_empty() {
            Some(format!("{handed_to} accepted it, but it leads to no channel"))
        } else if self.is_lost() {
            let found = found.unwrap_or("no function logged it");
            Some(format!("{handed_to} accepted it, but {found}"))
        } else {
            None
        };
        Verdict {
            state: if arrived { State::Arrived } else { State::Stopped },
            channels,
            reason,
        }
    }
}

impl Verdict<'_> {
    fn of(state: State, reason: String) -> Self {
        Self {
            state,
            channels: Vec::new(),
            reason: Some(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::Timestamp;

    use super::*;
    use crate::operate::probe::Way;

    fn probe(sent: Sent, channels: &[&str]) -> Probe {
        let path = Path {
            name: "topic/alerts".into(),
            way: Way::Topic {
                name: "mission-alerts".into(),
            },
            channels: channels
                .iter()
                .map(|key| (*key).to_owned())
                .collect::<BTreeSet<_>>(),
            reach: Default::default(),
            alike: String::new(),
        };
        Probe::new(path, "t-0a1b2000".into(), sent)
    }

    fn line(outcome: &str, channel: &str, mark: &str) -> Line {
        let message = format!(r#"{{"outcome":"{outcome}","Channel":"{channel}","test":"{mark}"}}"#);
        Line {
            time: Timestamp::UNIX_EPOCH,
            function: "mission-relay".into(),
            stream: "s".into(),
            said: Said::read(&message),
            message,
        }
    }

    #[test]
    fn it_arrived_when_every_channel_has_it() {
        let mut probe = probe(Sent::To("SNS"), &["a", "b"]);
        for (outcome, channel, over) in [
            ("delivered", "a", false),
            ("buffered", "b", false),
            ("undelivered", "b", false),
            ("deferred", "b", false),
            ("delivered", "b", true),
            ("filtered", "b", true),
        ] {
            probe.hear(&line(outcome, channel, "t-0a1b2001"));
            probe.hear(&line(outcome, channel, "t-0a1b2000"));
            assert_eq!(probe.is_over(), over, "{outcome} {channel}");
        }
        assert_eq!(probe.verdict(None).state, State::Arrived);
    }

    #[test]
    fn where_it_stopped_is_told() {
        let mut probe = probe(Sent::To("SNS"), &["a"]);
        assert!(probe.is_lost() && !probe.is_over());
        let lost = probe.verdict(Some("it is in the queue `q`"));
        assert_eq!(lost.state, State::Stopped);
        assert_eq!(
            lost.reason.as_deref(),
            Some("SNS accepted it, but it is in the queue `q`")
        );
        probe.hear(&line("parked", "a", "t-0a1b2000"));
        let parked = probe.verdict(None);
        assert!(probe.is_over());
        assert_eq!((parked.state, parked.reason.clone()), (State::Stopped, None));
        assert_eq!(parked.channels[0].1.unwrap().outcome, "parked");
    }

    #[test]
    fn what_has_no_channel_is_handed_over() {
        let mail = probe(Sent::To("SNS"), &[]);
        assert!(mail.is_over());
        assert_eq!(mail.verdict(None).state, State::Arrived);
        let skipped = probe(Sent::Skipped("no token".into()), &["a"]);
        assert!(skipped.is_over() && !skipped.is_lost());
        assert_eq!(skipped.verdict(None).state, State::Skipped);
        let refused = probe(Sent::Refused("401".into()), &["a"]);
        assert_eq!(refused.verdict(None).state, State::Stopped);
    }
}
