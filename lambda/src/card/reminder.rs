//! A reminder of incidents that go on, and a remark about one.

use super::parts;
use super::{Card, Row, Section};
use crate::contract::{Severity, length};
use crate::phrase::Phrase;
use crate::settings::Settings;
use std::time::Duration;

/// Most incidents that one message lists.
const MAX_ROWS: usize = 30;
/// Longest headline in such a list, in characters: all together are less than a message holds.
const MAX_LINE: usize = 200;

/// An incident that goes on.
#[derive(Clone, Copy, Debug)]
pub struct Remembered<'a> {
    /// The headline with which it began.
    pub headline: &'a str,
    /// How long it has gone on.
    pub lasts: Duration,
    /// Whom its beginning called.
    pub called: &'a [String],
}

/// The card that reminds people of `incidents`.
pub fn reminder(incidents: &[Remembered<'_>], settings: &Settings) -> Card {
    let words = settings.locale.words();
    let line = |one: &Remembered<'_>| {
        let seconds = i64::try_from(one.lasts.as_secs()).unwrap_or(i64::MAX);
        let lasts = Phrase::strong(&(words.lasts)(&length(seconds)));
        let most = if incidents.len() > 1 { MAX_LINE } else { usize::MAX };
        let headline: String = one.headline.chars().take(most).collect();
        let headline = Phrase::text(&headline).without_sign();
        Phrase::said(format!("{lasts} · {headline}"))
    };
    let (headline, sections) = match incidents {
        [one] => (line(one), Vec::new()),
        many => {
            let rows = many.iter().take(MAX_ROWS).map(|one| Row {
                phrase: line(one),
                link: None,
            });
            let rows = Section::Rows(rows.collect());
            let more = many.len().saturating_sub(MAX_ROWS);
            let more = (more > 0).then(|| (words.more_entries)(more));
            let sections = [rows].into_iter().chain(parts::prose(more.as_deref()));
            (Phrase::said((words.go_on)(many.len())), sections.collect())
        }
    };
    let headline = Phrase::said(format!("⏰ {headline}"));
    let mut card = Card::general(headline, Severity::Warning, sections, settings);
    for one in incidents {
        card.mention(one.called);
    }
    card
}

/// A remark of one line in a thread.
pub fn remark(line: Phrase, settings: &Settings) -> Card {
    Card::general(line, Severity::Info, Vec::new(), settings)
}
