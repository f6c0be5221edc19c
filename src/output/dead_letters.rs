//! Dead letters as text and as JSON.

use std::fmt::Write as _;

use alertctl_relay::Outcome;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::style;
use crate::operate::dead_letters::{Again, DeadLetter, Form, Undelivered, advice};

/// The result of redriving a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// AWS accepted it, and it was removed from its queue.
    Sent,
    /// It stays in its queue, for this reason.
    Stayed(String),
}

/// Messages of dead-letter queues.
pub struct DeadLetterList<'a> {
    all: Vec<One<'a>>,
    zone: &'a TimeZone,
}

struct One<'a> {
    queue: &'a str,
    id: &'a str,
    undelivered: &'a Undelivered,
    fate: Option<&'a Fate>,
}

impl<'a> DeadLetterList<'a> {
    pub fn new(letters: &'a [DeadLetter], zone: &'a TimeZone) -> Self {
        let one = |letter: &'a DeadLetter| One {
            queue: letter.queue(),
            id: letter.id(),
            undelivered: &letter.undelivered,
            fate: None,
        };
        Self {
            all: letters.iter().map(one).collect(),
            zone,
        }
    }

    /// Adds the result for each message.
    pub fn after(mut self, fates: &'a [Fate]) -> Self {
        for (one, fate) in self.all.iter_mut().zip(fates) {
            one.fate = Some(fate);
        }
        self
    }

    pub fn all_sent(&self) -> bool {
        self.all.iter().all(|one| one.fate == Some(&Fate::Sent))
    }

    /// `1 message` or `3 messages`.
    pub fn counted(&self) -> String {
        match self.all.len() {
            1 => "1 message".to_owned(),
            count => format!("{count} messages"),
        }
    }

    /// The messages, grouped by queue: time, origin and destination, headline, and the reason.
    pub fn text(&self) -> String {
        if self.all.is_empty() {
            return "nothing is parked: the dead-letter queues are empty".to_owned();
        }
        let (bold, dim, warning, help) = (style::BOLD, style::DIM, style::WARNING, style::HELP);
        let mut text = String::new();
        let mut queue = "";
        for one in &self.all {
            if one.queue != queue {
                queue = one.queue;
                let count = self.all.iter().filter(|other| other.queue == queue).count();
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = writeln!(text, "{gap}{bold}{queue}{bold:#}  {count}");
            }
            let time = self.time(one.undelivered);
            let _ = writeln!(text, "  {dim}{time}{dim:#}  {}", one.way());
            if let Some(headline) = &one.undelivered.headline {
                let _ = writeln!(text, "    {headline}");
            }
            if let Some(reason) = &one.undelivered.reason {
                let _ = writeln!(text, "    {warning}{reason}{warning:#}");
                if let Some(advice) = advice(reason) {
                    let _ = writeln!(text, "    {help}help{help:#}: {advice}");
                }
            }
            if let Again::No(why) = &one.undelivered.again {
                let _ = writeln!(text, "    it cannot be sent again: {why}");
            }
        }
        text
    }

    /// The result for the message with this `number`.
    pub fn progress(&self, number: usize) -> String {
        let (good, bad) = (
            style::outcome(Outcome::Delivered),
            style::outcome(Outcome::DeadLettered),
        );
        let lines = self.all.iter().map(|one| match one.fate {
            Some(Fate::Stayed(why)) => {
                format!("  {bad}✗{bad:#} {number}  {}: stays: {why}", one.way())
            }
            _ => format!("  {good}✓{good:#} {number}  {}: sent again", one.way()),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The results in one line.
    pub fn summary(&self) -> String {
        let sent = self
            .all
            .iter()
            .filter(|one| one.fate == Some(&Fate::Sent))
            .count();
        let stay = match self.all.len() - sent {
            0 => String::new(),
            count => format!(", {count} stay parked"),
        };
        format!("{sent} of {} sent again{stay}", self.counted())
    }

    /// All data except the events themselves.
    pub fn json(&self) -> Value {
        let one = |one: &One<'_>| {
            let Undelivered {
                form,
                at,
                from,
                reason,
                to,
                headline,
                again,
            } = one.undelivered;
            let why = match (one.fate, again) {
                (Some(Fate::Stayed(why)), _) | (None, Again::No(why)) => Some(why),
                _ => None,
            };
            json!({
                "queue": one.queue,
                "id": one.id,
                "form": form.name(),
                "at": at.map(|at| at.to_string()),
                "from": from,
                "to": to,
                "headline": headline,
                "reason": reason,
                "help": reason.as_deref().and_then(advice),
                "sent": one.fate == Some(&Fate::Sent),
                "stays": why,
            })
        };
        let sent = self
            .all
            .iter()
            .filter(|one| one.fate == Some(&Fate::Sent))
            .count();
        json!({
            "version": 1,
            "parked": self.all.iter().map(one).collect::<Vec<_>>(),
            "sent": sent,
            "stayed": self.all.len() - sent,
        })
    }

    fn time(&self, undelivered: &Undelivered) -> String {
        match undelivered.at {
            Some(at) => at
                .to_zoned(self.zone.clone())
                .strftime("%Y-%m-%d %H:%M:%S")
                .to_string(),
            None => "time unknown".to_owned(),
        }
    }
}

impl One<'_> {
    /// `rule logins → project`.
    fn way(&self) -> String {
        let from = self.undelivered.from.as_deref().unwrap_or("something");
        match self.undelivered.to.as_slice() {
            [] => from.to_owned(),
            to => format!("{from} → {}", to.join(", ")),
        }
    }
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Self::Envelope => "parked",
            Self::OnFailure => "failed-invocation",
            Self::Sns => "sns",
            Self::EventBridge => "eventbridge",
            Self::Unknown => "unknown",
        }
    }
}
