//! What the services have in common that page people and keep incidents by a key.
//!
//! Such a service takes a key of ours: what comes again under a key that is open is counted, and pages nobody twice. So a
//! repetition does no harm, and the end of an incident finds its beginning.

use std::borrow::Cow;

use crate::card::cut::{cut, width};
use crate::card::{Card, Entry, Excerpt, Link, Phase, Section, Style};
use crate::contract::Severity;
use crate::locale::Words;

/// Longest label of a piece.
const MAX_LABEL: usize = 100;
/// Least of a piece that is worth showing: more than the note takes that says how much is missing.
const LEAST: usize = 60;
/// What a piece takes besides its label and its text: colons, line breaks, quotes.
const AROUND: usize = 6;
/// Longest address of a page; no card has a longer one.
const MAX_PAGE: usize = 3_000;

/// What a card is to a service that keeps incidents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something begins or goes on: people are paged, once a key.
    Fires(String),
    /// What has this key is over.
    Ends(String),
    /// Good to know, or a test: nobody is paged.
    Tells(String),
}

/// What `card` is. What has no end, such as a sign-in, has a key of its own, which stays the same when it is sent again.
pub(super) fn step(card: &Card) -> Step {
    match &card.incident {
        _ if card.test => Step::Tells(card.identity()),
        // What is over must not begin again, and nobody would end it.
        Some(_) if card.overtaken => Step::Tells(card.identity()),
        Some(incident) => match incident.phase {
            Phase::Firing => Step::Fires(incident.key.clone()),
            Phase::Resolved => Step::Ends(incident.key.clone()),
        },
        None if card.severity == Severity::Info => Step::Tells(card.identity()),
        None => Step::Fires(card.identity()),
    }
}

/// The name of the thing that the card is about.
pub(super) fn thing(card: &Card) -> Option<&str> {
    let title = card.headline.spans().find(|span| span.style == Style::Title);
    title.map(|span| span.text)
}

/// The card's own page, and then the others: as many as fit into `room`, counted with their labels.
pub(super) fn pages(card: &Card, room: usize) -> Vec<&Link> {
    let others = card.sections.iter().filter_map(|section| match section {
        Section::Links(links) => Some(links),
        _ => None,
    });
    let mut used = 0;
    let mut pages: Vec<_> = card.link.iter().chain(others.flatten()).collect();
    pages.retain(|link| {
        let size = width(&link.page) + width(&link.label) + AROUND;
        let fits = link.page.len() <= MAX_PAGE && used + size <= room;
        used += if fits { size } else { 0 };
        fits
    });
    pages
}

/// What a piece is; the first is the first to be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    Code,
    Prose,
    /// How the message came.
    Small,
    Fact,
}

/// A part of a card that can be cut.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    pub rank: Rank,
    /// One short line, and not empty.
    pub label: Option<String>,
    /// What is shown of it.
    pub text: String,
    whole: Cow<'a, str>,
    /// Number of characters after `whole`.
    beyond: usize,
}

/// The card without its headline and its pages.
pub(super) fn pieces(card: &Card) -> Vec<Piece<'_>> {
    let words = card.locale.words();
    let mut pieces = Vec::new();
    for section in &card.sections {
        match section {
            Section::Prose(prose) | Section::Small(prose) => {
                pieces.push(excerpt(Rank::Prose, prose.label, &prose.text, words));
            }
            Section::Facts(facts) => pieces.extend(facts.iter().map(|fact| entry(Rank::Fact, fact, words))),
            Section::Json { title, text } | Section::Lines { title, text } => {
                pieces.push(excerpt(Rank::Code, *title, text, words))
            }
            Section::Links(_) => {}
            Section::Rows(rows) => {
                let rows: Vec<_> = rows.iter().map(|row| row.phrase.plain()).collect();
                let rows = Cow::Owned(rows.join("\n"));
                pieces.push(Piece::new(Rank::Prose, None, rows, (0, usize::MAX), words));
            }
        }
    }
    pieces.extend(card.footer.iter().map(|way| entry(Rank::Small, way, words)));
    pieces
}

fn entry<'a>(rank: Rank, entry: &'a Entry, words: &Words) -> Piece<'a> {
    excerpt(rank, Some(&entry.label), &entry.value, words)
}

fn excerpt<'a>(rank: Rank, label: Option<&str>, text: &'a Excerpt, words: &Words) -> Piece<'a> {
    Piece::new(
        rank,
        label,
        Cow::Borrowed(&text.text),
        (text.beyond, text.most),
        words,
    )
}

impl<'a> Piece<'a> {
    fn new(
        rank: Rank,
        label: Option<&str>,
        whole: Cow<'a, str>,
        (beyond, most): (usize, usize),
        words: &Words,
    ) -> Self {
        let label = label.map(|label| cut(label, 0, MAX_LABEL, words, char::len_utf16));
        Self {
            rank,
            label: label.filter(|label| !label.trim().is_empty()),
            text: cut(&whole, beyond, most, words, char::len_utf16),
            whole,
            beyond,
        }
    }
}

/// Cuts pieces until all fit into `room` units of `measure`: JSON first, then prose, then how the message came, then the
/// facts, the last one first, since the first ones say the most. A piece that would become too short to be useful is left out.
pub(super) fn fit(pieces: &mut Vec<Piece<'_>>, room: usize, measure: fn(char) -> usize, words: &Words) {
    let size = |text: &str| text.chars().map(measure).sum::<usize>();
    let whole = |piece: &Piece<'_>| {
        let label = piece.label.as_deref().map_or(0, size);
        AROUND + label + size(&piece.text)
    };
    let mut over = pieces.iter().map(whole).sum::<usize>().saturating_sub(room);
    for rank in [Rank::Code, Rank::Prose, Rank::Small, Rank::Fact] {
        for piece in pieces.iter_mut().rev().filter(|piece| piece.rank == rank) {
            if over == 0 {
                break;
            }
            let before = whole(piece);
            let left = size(&piece.text).saturating_sub(over);
            let freed = if left < LEAST {
                piece.text.clear();
                before
            } else {
                piece.text = cut(&piece.whole, piece.beyond, left, words, measure);
                before.saturating_sub(whole(piece))
            };
            over = over.saturating_sub(freed);
        }
    }
    pieces.retain(|piece| !piece.text.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use crate::{Locale, Settings, compose};
    use serde_json::{Value, json};

    fn card(event: &Value) -> Card {
        compose(&read(event)[0], &Settings::default())
    }

    fn alarm(state: &str) -> Value {
        json!({ "AlarmName": "cpu", "OldStateValue": "INSUFFICIENT_DATA", "NewStateValue": state,
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu" })
    }

    #[test]
    fn what_begins_ends_under_the_same_key() {
        let Step::Fires(key) = step(&card(&alarm("ALARM"))) else {
            panic!("it begins")
        };
        assert_eq!(step(&card(&alarm("OK"))), Step::Ends(key));
    }

    #[test]
    fn what_has_no_end_pages_unless_it_is_only_good_to_know() {
        let mut card = card(&json!({ "any": 1 }));
        assert_eq!(
            (card.severity, step(&card)),
            (Severity::Info, Step::Tells(card.identity()))
        );
        for severity in [Severity::Warning, Severity::Error, Severity::Critical] {
            card.severity = severity;
            assert_eq!(step(&card), Step::Fires(card.identity()));
        }
    }

    #[test]
    fn a_test_pages_nobody_whatever_it_is() {
        let mut card = card(&alarm("ALARM"));
        (card.test, card.severity) = (true, Severity::Critical);
        assert_eq!(step(&card), Step::Tells(card.identity()));
    }

    #[test]
    fn the_thing_is_the_title() {
        assert_eq!(thing(&card(&alarm("ALARM"))), Some("cpu"));
        assert_eq!(thing(&card(&json!({ "any": 1 }))), None);
    }

    #[test]
    fn code_goes_before_prose_and_prose_before_facts() {
        let words = Locale::En.words();
        let text = "x".repeat(1_000);
        let piece = |rank, label| Piece::new(rank, label, Cow::Owned(text.clone()), (0, 900), words);
        let all = || {
            let fact = |label| piece(Rank::Fact, Some(label));
            vec![
                piece(Rank::Prose, None),
                fact("State"),
                fact("b"),
                piece(Rank::Code, None),
                piece(Rank::Small, Some("t")),
            ]
        };
        let ranks = |room: usize| {
            let mut pieces = all();
            fit(&mut pieces, room, char::len_utf16, words);
            let used: usize = pieces.iter().map(|piece| width(&piece.text)).sum();
            assert!(used <= room && used + 200 > room.min(4 * 900), "{used} of {room}");
            pieces.iter().map(|piece| piece.rank).collect::<Vec<_>>()
        };
        assert_eq!(ranks(10_000).len(), 5);
        assert_eq!(ranks(4_000).len(), 5);
        assert_eq!(ranks(3_660), [Rank::Prose, Rank::Fact, Rank::Fact, Rank::Small]);
        assert_eq!(ranks(2_740), [Rank::Fact, Rank::Fact, Rank::Small]);
        assert_eq!(ranks(1_850), [Rank::Fact, Rank::Fact]);
        assert_eq!(ranks(920), [Rank::Fact]);
        let mut pieces = all();
        fit(&mut pieces, 500, char::len_utf16, words);
        let [state] = pieces.as_slice() else {
            panic!("{pieces:#?}")
        };
        assert_eq!(state.label.as_deref(), Some("State"));
        assert!(
            state.text.ends_with(" more characters") && width(&state.text) <= 500,
            "{state:?}"
        );
    }

    #[test]
    fn the_own_page_comes_first_and_one_that_is_too_long_does_not() {
        let link = |page: &str| Link {
            page: page.to_owned(),
            label: "Open".to_owned(),
        };
        let mut card = card(&alarm("ALARM"));
        let own = card.link.clone().expect("a page");
        let long = format!("https://x.example/{}", "a".repeat(4_000));
        card.sections
            .push(Section::Links(vec![link(&long), link("https://x.example/")]));
        assert_eq!(pages(&card, 8_000), [&own, &link("https://x.example/")]);
        assert_eq!(pages(&card, 130), [&own]);
    }
}
