//! The card about a trail that somebody stopped.

use super::frame::Frame;
use super::parts::code;
use super::{Colour, Draft, Excerpt, Prose, Section};
use crate::contract::page::described;
use crate::event::{GuardOutcome, Guarded};
use crate::locale::{Doer, Words};
use crate::phrase::Phrase;
use crate::settings::Settings;
use crate::sns_text::SnsText;
use serde_json::Value;

/// Longest reason worth showing.
const MAX_REASON: usize = 700;

pub(super) fn compose(guarded: &Guarded, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    // The card for the recorded call, under a headline that says how it ended.
    let (call, _) = crate::event::read_one(&guarded.event);
    let mut draft = super::draft(&call, call.severity(), frame);
    // Whoever stops a trail chooses the name of the session, which a destination could take for a link.
    draft.headline = headline(guarded, |name| code(name, words), words);
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
    pub fn sns_text(&self, settings: &Settings) -> SnsText {
        let words = settings.locale.words();
        let headline = headline(self, Phrase::text, words).plain();
        let mut text = format!("{headline}\n\n");
        if let GuardOutcome::Failed(reason) = &self.outcome {
            text += &format!("{}: {reason}\n\n", words.label_reason);
        }
        let pages = &settings.trail;
        if let Some(pages) = described(None, pages.runbook.as_deref(), pages.dashboard.as_deref()) {
            text += &format!("{pages}\n\n");
        }
        SnsText::of_json(&headline, &text, &self.event, settings.locale)
    }
}

/// Who stopped which trail, and what became of it; `shown` formats a name.
fn headline(guarded: &Guarded, shown: impl Fn(&str) -> Phrase, words: &Words) -> Phrase {
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
        who: title.as_ref(),
        home: home.as_ref(),
    };
    let trail = guarded.trail().map(|trail| shown(&trail)).unwrap_or_default();
    words.guard_headline(&doer, &trail, &guarded.outcome)
}
