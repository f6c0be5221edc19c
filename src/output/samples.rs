//! The samples that a test would send, as text and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::operate::probe::{Reach, Receiver, Trial};

/// The samples of a test, before they are sent.
pub struct Samples<'a> {
    trials: &'a [Trial],
    reach: Reach,
}

impl<'a> Samples<'a> {
    pub fn of(trials: &'a [Trial]) -> Self {
        Self {
            trials,
            reach: Reach::of_all(trials.iter().map(|trial| &trial.path)),
        }
    }

    /// The number of messages that result.
    pub fn messages(&self) -> usize {
        self.reach.messages()
    }

    /// `5 paths, 7 messages: Slack ops 5; mail oncall@example.com 2`.
    pub fn summary(&self) -> String {
        let receivers: Vec<_> = self
            .reach
            .iter()
            .map(|(receiver, count)| format!("{} {count}", name(receiver)))
            .collect();
        let to = match receivers.is_empty() {
            true => String::new(),
            false => format!(": {}", receivers.join(", ")),
        };
        format!(
            "{}, {}{to}{}",
            counted(self.trials.len(), "path"),
            counted(self.messages(), "message"),
            self.left_out()
        )
    }

    /// The number of equal paths that are left out.
    fn left_out(&self) -> String {
        match self.trials.iter().map(|trial| trial.others.len()).sum::<usize>() {
            0 => String::new(),
            count => format!(
                "; {} like these omitted, --all tests them too",
                counted(count, "path")
            ),
        }
    }

    /// One line per path with its receivers, then the total.
    pub fn text(&self) -> String {
        let width = self.trials.iter().map(|trial| trial.path.name.len()).max();
        let width = width.unwrap_or_default();
        let mut text = String::new();
        for Trial { path, others } in self.trials {
            let receivers: Vec<_> = path
                .reach
                .iter()
                .map(|(receiver, count)| match count {
                    1 => name(receiver),
                    count => format!("{} {count}", name(receiver)),
                })
                .collect();
            let to = match receivers.is_empty() {
                true => "nobody".to_owned(),
                false => receivers.join(", "),
            };
            let alike = match others.len() {
                0 => String::new(),
                count => format!("  (and {count} like it)"),
            };
            let _ = writeln!(text, "  {:<width$}  {to}{alike}", path.name);
        }
        text + &self.summary()
    }

    /// The samples as JSON.
    pub fn json(&self) -> Value {
        let reach = |reach: &Reach| -> Value {
            let one = |(receiver, count): (&Receiver, usize)| {
                let (kind, to) = match receiver {
                    Receiver::Channel { key, kind, .. } => (*kind, key),
                    Receiver::Email(address) => ("email", address),
                    Receiver::Https(host) => ("https", host),
                    Receiver::Other(arn) => ("other", arn),
                };
                json!({ "kind": kind, "to": to, "messages": count })
            };
            reach.iter().map(one).collect()
        };
        let one = |Trial { path, others }: &Trial| {
            let alike: Vec<_> = others.iter().map(|path| &path.name).collect();
            json!({
                "path": path.name,
                "messages": path.reach.messages(),
                "receivers": reach(&path.reach),
                "alike": alike,
            })
        };
        json!({
            "version": 1,
            "messages": self.messages(),
            "receivers": reach(&self.reach),
            "paths": self.trials.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

fn name(receiver: &Receiver) -> String {
    match receiver {
        Receiver::Channel { key, service, .. } => format!("{service} {key}"),
        Receiver::Email(address) => format!("mail {address}"),
        Receiver::Https(host) => format!("https {host}"),
        Receiver::Other(arn) => arn.clone(),
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
