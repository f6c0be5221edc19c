//! The words of the messages: one table a language, and no text for people anywhere else.

mod en;
mod ko;
mod particle;

use serde::{Deserialize, Serialize};

use crate::event::{ActorKind, Condition, Fact, GuardOutcome, News, Risk, State};

/// A language the messages come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// Headline about a trail that `actor` stopped; both are raw text.
    pub guard_headline: fn(actor: &str, trail: &str, outcome: &GuardOutcome) -> String,
    /// Who did something that names nobody.
    pub somebody: &'static str,
    /// Headline of a message without a subject that came through `topic`.
    pub from_topic: fn(topic: &str) -> String,
    /// Headline of an event about which nothing is known.
    pub unknown_event: &'static str,
    /// Headline of an event without a layout of its own; both are mrkdwn.
    pub event: fn(detail_type: &str, source: &str) -> String,
    /// Who did what, from where, and how it ended; one sentence of mrkdwn.
    pub deed: fn(&Deed<'_>) -> String,
    /// What a call put in danger.
    pub risk: fn(Risk) -> &'static str,
    /// Whether a sign-in had a second factor; `None` is for AWS not knowing.
    pub mfa: fn(Option<bool>) -> &'static str,
    /// Headline of what a service tells of `subject`, which is mrkdwn.
    pub news: fn(&News, subject: &str) -> String,
    pub label: fn(Fact) -> &'static str,
    /// Closes a text that was cut; `count` characters are missing.
    pub more_characters: fn(count: usize) -> String,
    /// Closes a list that was cut; `count` entries are missing.
    pub more_entries: fn(count: usize) -> String,
    /// What a headline of a rehearsal begins with.
    pub test: &'static str,
    /// Says that nothing really happened; `id` is the test's.
    pub test_banner: fn(id: &str) -> String,
    /// Headline of a digest of `alerts`, one message of several.
    pub digest: fn(alerts: usize, part: usize, parts: usize) -> String,
    /// Words of a link at the end of a line.
    pub open: &'static str,
    pub open_alarm: &'static str,
    pub open_event: &'static str,
    pub open_page: &'static str,
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
    /// Key of a rule of the stack.
    pub label_source_rule: &'static str,
    pub label_endpoint: &'static str,
    pub label_resources: &'static str,
    pub label_user_agent: &'static str,
    pub label_mfa: &'static str,
}

/// The parts of a sentence about a call. Texts are finished mrkdwn.
pub(crate) struct Deed<'a> {
    pub actor: ActorKind,
    /// `None` if nothing tells the name.
    pub who: Option<&'a str>,
    pub place: Place<'a>,
    pub what: What<'a>,
    pub end: End<'a>,
}

/// Where a call came from.
pub(crate) enum Place<'a> {
    Unknown,
    Address(&'a str),
    /// Through a service that called on the actor's behalf.
    Service(&'a str),
    /// From somewhere inside AWS.
    Inside,
}

/// What was done.
pub(crate) enum What<'a> {
    Call(&'a str),
    SignIn { without_mfa: bool },
    SwitchRole(Option<&'a str>),
}

/// How it ended; with the code of the error, if there is one.
pub(crate) enum End<'a> {
    Done,
    Denied(Option<&'a str>),
    Failed(Option<&'a str>),
}
