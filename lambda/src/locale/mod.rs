//! The texts of the messages: one table per language. No other module contains text for people.

mod en;
mod ko;
mod particle;

use crate::contract::{Act, Locale};
use crate::event::{
    ActorKind, Condition, Decision, Fact, GuardOutcome, Insight, Muted, News, NoLines, State,
};
use crate::phrase::Phrase;

impl Locale {
    pub(crate) fn words(self) -> &'static Words {
        match self {
            Self::En => &en::WORDS,
            Self::Ko => &ko::WORDS,
        }
    }
}

/// All the texts of a message.
///
/// No markup: how a name or a stressed word looks is up to a destination. What is written around a [`Phrase`] becomes one
/// again by the method of the same name.
pub(crate) struct Words {
    /// Headline of an alarm that went from `old` to `new`.
    headline: fn(name: &Phrase, old: &State, new: &State) -> String,
    /// End of that headline: it was in alarm for `time`, such as `12 min`.
    pub lasted: fn(time: &str) -> String,
    /// Before the headline of what is told this long after it happened.
    pub late: fn(time: &str) -> String,
    /// That something has gone on for this long.
    pub lasts: fn(time: &str) -> String,
    /// That this many incidents go on, at least two.
    pub go_on: fn(count: usize) -> String,
    /// That `who` takes care of an incident since this time.
    pub acknowledged: fn(who: &Phrase, at: &str) -> String,
    /// That `who` silenced an incident until this time, or for as long as it lasts.
    pub snoozed: fn(who: &Phrase, until: Option<&str>) -> String,
    /// Why other receivers of an alarm are told of it although it was silenced.
    pub mute_refused: &'static str,
    /// Why other receivers of an alarm are not told of it yet although nobody silences it any more.
    pub unmute_refused: &'static str,
    /// That `who` ended what silenced an incident.
    pub snooze_ended: fn(who: &Phrase) -> String,
    /// The text of a button.
    pub button: fn(Act) -> &'static str,
    /// To somebody who presses a button of an incident that is over, or that nothing is known of any more.
    pub is_over: &'static str,
    /// To somebody who presses a button under a message that another one has replaced.
    pub is_elsewhere: &'static str,
    /// To somebody who may not press a button.
    pub may_not_press: &'static str,
    /// A duration such as `2 h 5 min`.
    pub duration: fn(&str) -> String,
    /// Link text for the runbook on `host`.
    pub runbook: fn(host: &str) -> String,
    /// Link text for the dashboard on `host`.
    pub dashboard: fn(host: &str) -> String,
    /// Why an alarm's actions come late or not at all.
    pub muted: fn(&Muted) -> String,
    /// Subject of the message that somebody muted alarms until a time, or ended that.
    pub mute_subject: fn(until: Option<&str>) -> String,
    /// Its text.
    pub mute_text: fn(who: &str, alarms: &str, why: &str, until: Option<&str>) -> String,
    /// Name of a state, as in the AWS console.
    pub state: fn(&State) -> &str,
    /// The condition of a metric alarm in one line.
    pub condition: fn(&Condition) -> String,
    /// Headline about a trail that `actor` stopped, as [`Words::actor`] says it.
    guard_headline: fn(actor: &str, trail: &str, outcome: &GuardOutcome) -> String,
    /// Who did something, as the beginning of a sentence.
    actor: fn(&Doer<'_>) -> String,
    /// Headline of a message without a subject that came through `topic`.
    pub from_topic: fn(topic: &str) -> String,
    /// Headline of an unknown event.
    pub unknown_event: &'static str,
    /// Headline of an event without a layout of its own.
    event: fn(detail_type: &Phrase, source: &Phrase) -> String,
    /// Who did what, from where, and how it ended; one sentence.
    deed: fn(&Deed<'_>) -> String,
    /// What is so after a call, as the beginning of a headline.
    pub decision: fn(&Decision) -> String,
    /// Whether a sign-in used a second factor; `None` if AWS does not know.
    pub mfa: fn(Option<bool>) -> &'static str,
    /// Headline of a service's report on `subject`.
    news: fn(&News, subject: &Phrase) -> String,
    /// What an event of RDS tells, by its id; `None` where AWS's own sentence is shown.
    pub rds_event: fn(id: &str) -> Option<&'static str>,
    pub label: fn(Fact) -> &'static str,
    /// The value of a fact. Words of a closed set are translated, with AWS's word after them.
    pub value: fn(Fact, &str) -> String,
    /// Headline of an event of a kind without a layout: the thing's name and its state, as far as they are known.
    gist: fn(kind: &Phrase, name: Option<&Phrase>, state: Option<&Phrase>) -> String,
    /// End of a truncated text; `count` characters are missing.
    pub more_characters: fn(count: usize) -> String,
    /// Under a message that a service refused in its usual form.
    pub refused_form: fn(service: &str) -> String,
    /// End of a truncated list; `count` entries are missing.
    pub more_entries: fn(count: usize) -> String,
    /// The same for an enumeration inside a sentence.
    pub and_more: fn(count: usize) -> String,
    /// Number of documents that an alert is about.
    pub hits: fn(count: u64) -> String,
    /// Label for the most frequent values of `field`.
    pub top: fn(field: &str) -> String,
    /// Prefix of a test's headline.
    pub test: &'static str,
    /// Says that nothing really happened; `id` is the test's id.
    pub test_banner: fn(id: &str) -> String,
    /// Headline of a digest of `alerts`: message `part` of `parts`.
    pub digest: fn(alerts: usize, part: usize, parts: usize) -> String,
    /// Link text at the end of a line.
    pub open: &'static str,
    pub open_alarm: &'static str,
    pub open_event: &'static str,
    /// Link text for Logs Insights with the query of an alarm.
    pub open_insights: &'static str,
    pub open_page: &'static str,
    /// Link text for the matching documents on `host`.
    pub open_discover: fn(host: &str) -> String,
    pub label_state: &'static str,
    pub label_condition: &'static str,
    pub label_metric: &'static str,
    pub label_dimensions: &'static str,
    pub label_expression: &'static str,
    pub label_contributor: &'static str,
    pub label_query: &'static str,
    pub label_log_groups: &'static str,
    /// Title of the log events that the query of an alarm found.
    pub label_lines: &'static str,
    /// Why there are none.
    pub no_lines: fn(&NoLines) -> String,
    pub label_pending: &'static str,
    pub label_muted: &'static str,
    pub label_tags: &'static str,
    pub label_rule: &'static str,
    pub label_children: &'static str,
    pub label_region: &'static str,
    pub label_account: &'static str,
    pub label_time: &'static str,
    pub label_reason: &'static str,
    pub label_topic: &'static str,
    /// Label for the key of a rule in the stack.
    pub label_source_rule: &'static str,
    pub label_endpoint: &'static str,
    pub label_resources: &'static str,
    pub label_user_agent: &'static str,
    pub label_mfa: &'static str,
    /// Whether the session that a call belongs to began with a second factor.
    pub label_session_mfa: &'static str,
    pub label_mfa_device: &'static str,
    /// The page that a sign-in led to.
    pub label_page: &'static str,
    pub label_access_key: &'static str,
    /// The ARN of the doer.
    pub label_principal: &'static str,
    pub label_hits: &'static str,
    pub label_matches: &'static str,
    pub label_index: &'static str,
}

impl Words {
    pub fn headline(&self, name: &Phrase, old: &State, new: &State) -> Phrase {
        Phrase::said((self.headline)(name, old, new))
    }

    pub fn guard_headline(&self, doer: &Doer<'_>, trail: &Phrase, outcome: &GuardOutcome) -> Phrase {
        let actor = (self.actor)(doer);
        Phrase::said((self.guard_headline)(&actor, &trail.to_string(), outcome))
    }

    pub fn event(&self, detail_type: &Phrase, source: &Phrase) -> Phrase {
        Phrase::said((self.event)(detail_type, source))
    }

    pub fn deed(&self, deed: &Deed<'_>) -> Phrase {
        Phrase::said((self.deed)(deed))
    }

    pub fn news(&self, news: &News, subject: &Phrase) -> Phrase {
        Phrase::said((self.news)(news, subject))
    }

    pub fn gist(&self, kind: &Phrase, name: Option<&Phrase>, state: Option<&Phrase>) -> Phrase {
        Phrase::said((self.gist)(kind, name, state))
    }
}

/// The parts of a sentence about a call.
pub(crate) struct Deed<'a> {
    pub doer: Doer<'a>,
    pub place: Place<'a>,
    pub what: What<'a>,
    pub end: End<'a>,
}

/// Who did something.
pub(crate) struct Doer<'a> {
    pub kind: ActorKind,
    /// `None` if the name is unknown.
    pub who: Option<&'a Phrase>,
    /// The doer's account, if the call was made in another one.
    pub home: Option<&'a Phrase>,
}

/// Where a call came from.
pub(crate) enum Place<'a> {
    Unknown,
    Address(&'a Phrase),
    /// Through a service that called on the actor's behalf.
    Service(&'a Phrase),
    /// From somewhere inside AWS.
    Inside,
}

/// What was done.
pub(crate) enum What<'a> {
    /// The name of the call, and its object.
    Call(&'a Phrase, Option<&'a Phrase>),
    SignIn {
        without_mfa: bool,
        /// To the access portal instead of the console.
        portal: bool,
    },
    /// The name of the call that CloudTrail saw more or less often than usual, and the error if it was about one.
    Unusual {
        event: &'a Phrase,
        error: Option<&'a Phrase>,
        insight: &'a Insight,
    },
    /// The role, and its account if it is not the one of the call.
    SwitchRole {
        role: Option<&'a Phrase>,
        account: Option<&'a Phrase>,
    },
}

/// A range of ports: `22`, `8000-8080`.
fn range(&(from, to): &(u16, u16)) -> String {
    match from == to {
        true => from.to_string(),
        false => format!("{from}-{to}"),
    }
}

/// How it ended, with the error code if there is one.
pub(crate) enum End<'a> {
    Done,
    Denied(Option<&'a Phrase>),
    Failed(Option<&'a Phrase>),
}
