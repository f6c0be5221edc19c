//! The message about a trail that somebody stopped.

use super::block::{Block, Text};
use super::frame::Frame;
use super::markup::{clean, clip, clip_escaped, one_line, plain};
use super::{Draft, note};
use crate::contract::{Locale, Severity};
use crate::event::{GuardOutcome, Guarded};
use crate::letter::{Letter, readable};
use crate::locale::{Doer, Words};
use serde_json::Value;

/// Longest reason shown. With three pages of JSON the message still stays below Slack's limit.
const MAX_REASON: usize = 700;
const MAX_HEADLINE: usize = 200;

pub(super) fn compose(guarded: &Guarded, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    // The message for the recorded call, under a headline that says how it ended.
    let call = crate::event::read(&guarded.event).into_iter().next();
    let mut message = match &call {
        Some(call) => super::draft(call, call.severity(), frame),
        None => note::compose(None, note::Body::Json(&guarded.event), Severity::Error, frame),
    };
    let headline = one_line(&headline(guarded, words));
    message.headline = format!("*{}*", clip_escaped(&plain(&headline), MAX_HEADLINE, words));
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
        let headline = headline(self, words);
        let mut text = format!("{headline}\n\n");
        if let GuardOutcome::Failed(reason) = &self.outcome {
            text += &format!("{}: {reason}\n\n", words.label_reason);
        }
        Letter::new(&headline, &(text + &readable(&self.event)), locale)
    }
}

fn headline(guarded: &Guarded, words: &Words) -> String {
    let actor = guarded.actor();
    let account = guarded.event.get("account").and_then(Value::as_str);
    let title = actor.title();
    let doer = Doer {
        kind: actor.kind,
        who: title.as_deref(),
        home: account.and_then(|account| actor.account.as_deref().filter(|home| *home != account)),
    };
    let trail = guarded.trail().unwrap_or_default();
    (words.guard_headline)(&(words.actor)(&doer), &trail, &guarded.outcome)
}
