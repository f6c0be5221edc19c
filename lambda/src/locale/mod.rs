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
    /// Headline about a trail that `actor`, as [`Words::actor`] says it, stopped; raw text.
    pub guard_headline: fn(actor: &str, trail: &str, outcome: &GuardOutcome) -> String,
    /// Who did something: how a sentence about it begins.
    pub actor: fn(&Doer<'_>) -> String,
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
    /// The same after things in a sentence.
    pub and_more: fn(count: usize) -> String,
    /// How many documents an alert is about.
    pub hits: fn(count: u64) -> String,
    /// What is listed of `field`: its most frequent values.
    pub top: fn(field: &str) -> String,
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
    /// Words of a link to the matching documents on `host`.
    pub open_discover: fn(host: &str) -> String,
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
    pub label_hits: &'static str,
    pub label_matches: &'static str,
    pub label_index: &'static str,
}

/// The parts of a sentence about a call. Texts are finished mrkdwn.
pub(crate) struct Deed<'a> {
    pub doer: Doer<'a>,
    pub place: Place<'a>,
    pub what: What<'a>,
    pub end: End<'a>,
}

/// Who did something.
pub(crate) struct Doer<'a> {
    pub kind: ActorKind,
    /// `None` if nothing tells the name.
    pub who: Option<&'a str>,
    /// The doer's account, where that is not the one in which it happened.
    pub home: Option<&'a str>,
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
    /// The name of the call, and to what it was done.
    Call(&'a str, Option<&'a str>),
    SignIn {
        without_mfa: bool,
    },
    SwitchRole(Option<&'a str>),
}

/// How it ended; with the code of the error, if there is one.
pub(crate) enum End<'a> {
    Done,
    Denied(Option<&'a str>),
    Failed(Option<&'a str>),
}
