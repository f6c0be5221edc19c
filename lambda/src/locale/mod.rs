//! The words of the messages: one table a language, and no text for people anywhere else.

mod en;
mod ko;

use crate::event::{Condition, State};

/// A language the messages come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Locale {
    #[default]
    En,
    Ko,
}

impl Locale {
    /// The language with this code: `en` or `ko`.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "en" => Some(Self::En),
            "ko" => Some(Self::Ko),
            _ => None,
        }
    }

    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::En => &en::WORDS,
            Self::Ko => &ko::WORDS,
        }
    }
}

/// Everything a message says in its own words.
///
/// Functions get finished mrkdwn where they take `name`, and raw text elsewhere.
pub(crate) struct Words {
    /// Headline of an alarm that went from `old` to `new`; `name` is mrkdwn.
    pub headline: fn(name: &str, old: &State, new: &State) -> String,
    /// Name of a state, as the AWS console says it.
    pub state: fn(&State) -> &str,
    /// The condition of a metric alarm in one line.
    pub condition: fn(&Condition) -> String,
    /// Headline of a message without a subject that came through `topic`.
    pub from_topic: fn(topic: &str) -> String,
    /// Headline of an event about which nothing is known.
    pub unknown_event: &'static str,
    /// Closes a text that was cut; `count` characters are missing.
    pub more_characters: fn(count: usize) -> String,
    /// Closes a list that was cut; `count` entries are missing.
    pub more_entries: fn(count: usize) -> String,
    pub open_alarm: &'static str,
    pub label_state: &'static str,
    pub label_condition: &'static str,
    pub label_metric: &'static str,
    pub label_dimensions: &'static str,
    pub label_expression: &'static str,
    pub label_rule: &'static str,
    pub label_children: &'static str,
    pub label_region: &'static str,
    pub label_account: &'static str,
    pub label_time: &'static str,
    pub label_reason: &'static str,
    pub label_topic: &'static str,
}
