//! The card about a trail that somebody stopped.

use super::cut::clip;
use super::frame::Frame;
use super::{Colour, Draft, Excerpt, Prose, Section, note};
use crate::contract::{Locale, Severity};
use crate::event::{GuardOutcome, Guarded};
use crate::letter::{Letter, readable};
use crate::locale::{Doer, Words};
use crate::phrase::{Phrase, one_line};
use serde_json::Value;

/// Longest reason worth showing.
const MAX_REASON: usize = 700;
const MAX_HEADLINE: usize = 200;

pub(super) fn compose(guarded: &Guarded, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    // The card for the recorded call, under a headline that says how it ended.
    let call = crate::event::read(&guarded.event).into_iter().next();
    let mut draft = match &call {
        Some(call) => super::draft(call, call.severity(), frame),
        None => note::compose(None, note::Body::Json(&guarded.event), Severity::Error, frame),
    };
    let headline = one_line(&headline(guarded, words));
    draft.headline = Phrase::strong(&clip(&headline, MAX_HEADLINE, words));
    draft.key = None;
    draft.colour = match &guarded.outcome {
        GuardOutcome::Failed(_) => Colour::Bad,
        GuardOutcome::Restarted | GuardOutcome::AlreadyLogging => Colour::Warning,
    };
    if let GuardOutcome::Failed(reason) = &guarded.outcome
        && let Some(text) = Excerpt::of(reason, MAX_REASON)
    {
        let label = Some(words.label_reason);
        draft.sections.insert(0, Section::Prose(Prose { label, text }));
    }
    draft
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
    let title = actor.title().map(|title| Phrase::text(&title));
    let home = account.and_then(|account| actor.account.as_deref().filter(|home| *home != account));
    let home = home.map(Phrase::text);
    let doer = Doer {
        kind: actor.kind,
        who: title.as_ref(),
        home: home.as_ref(),
    };
    let trail = Phrase::text(&guarded.trail().unwrap_or_default());
    words.guard_headline(&doer, &trail, &guarded.outcome).plain()
}
