//! The message about a trail that somebody stopped.

use super::block::{Block, Text};
use super::frame::Frame;
use super::markup::{clean, clip, one_line};
use super::parts::code;
use super::{Draft, note};
use crate::contract::{Locale, Severity};
use crate::event::{GuardOutcome, Guarded};
use crate::letter::{Letter, readable};
use crate::locale::{Doer, Words};
use serde_json::Value;

/// Longest reason shown. With three pages of JSON the message still stays below Slack's limit.
const MAX_REASON: usize = 700;

pub(super) fn compose(guarded: &Guarded, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    // The message for the recorded call, under a headline that says how it ended.
    let call = crate::event::read(&guarded.event).into_iter().next();
    let mut message = match &call {
        Some(call) => super::draft(call, call.severity(), frame),
        None => note::compose(None, note::Body::Json(&guarded.event), Severity::Error, frame),
    };
    // Whoever stops a trail chooses the name of the session, which Slack could take for a link.
    message.headline = one_line(&headline(guarded, |name| code(name, words), words));
    message.colour = match &guarded.outcome {
        GuardOutcome::Failed(_) => "#d7263d",
        GuardOutcome::Restarted | GuardOutcome::AlreadyLogging => "#ecb22e",
    };
    if let GuardOutcome::Failed(reason) = &guarded.outcome {
        let reason = format!("{}: {}", words.label_reason, clean(reason));
        let reason = Text::plain(clip(&reason, MAX_REASON, words));
        message.blocks.insert(0, Block::section(reason));
    }
    message
}

impl Guarded {
    /// The same for the subscribers of a topic.
    pub fn letter(&self, locale: Locale) -> Letter {
        let words = locale.words();
        let headline = headline(self, str::to_owned, words);
        let mut text = format!("{headline}\n\n");
        if let GuardOutcome::Failed(reason) = &self.outcome {
            text += &format!("{}: {reason}\n\n", words.label_reason);
        }
        Letter::new(&headline, &(text + &readable(&self.event)), locale)
    }
}

/// Who stopped which trail, and what became of it; `shown` formats a name.
fn headline(guarded: &Guarded, shown: impl Fn(&str) -> String, words: &Words) -> String {
    let actor = guarded.actor();
    let account = guarded.event.get("account").and_then(Value::as_str);
    let title = actor.title().map(|title| shown(&title));
    let home = actor
        .account
        .as_deref()
        .filter(|home| account.is_some_and(|account| *home != account));
    let home = home.map(&shown);
    let doer = Doer {
        kind: actor.kind,
        who: title.as_deref(),
        home: home.as_deref(),
    };
    let trail = guarded.trail().map(|trail| shown(&trail)).unwrap_or_default();
    (words.guard_headline)(&(words.actor)(&doer), &trail, &guarded.outcome)
}
