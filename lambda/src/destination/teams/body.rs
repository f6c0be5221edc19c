//! The headline, the sections and the footer of a card as the elements of an Adaptive Card.

use super::element::{Element, style};
use super::mention::Called;
use super::run::{Run, runs};
use super::size;
use crate::card::cut::{clip, width};
use crate::card::{Card, Entry, Prose, Row, Section};
use crate::contract::Locale;
use crate::destination::share::Shares;
use crate::destination::text::part_of;
use crate::locale::Words;

/// Longest headline.
const MAX_HEADLINE: usize = 500;
/// Longest label of a fact.
const MAX_LABEL: usize = 80;
/// Most facts of a section, as many as no card has.
const MAX_FACTS: usize = 20;
/// Most bytes in the rows of one digest. They leave room for as many mentions as there may be.
const MAX_ROWS: usize = 14_500;
/// Longest address in a row. A longer one is not worth the space.
const MAX_LINK: usize = 600;

/// The elements of a card, with the mentions below the headline.
pub(super) fn elements(card: &Card, called: &[Called], shares: Shares) -> Vec<Element> {
    let words = card.locale.words();
    let headline = Element::Container {
        style: style(card.colour),
        bleed: true,
        items: vec![Element::rich(headline(card))],
    };
    let called: Vec<_> = called.iter().map(Called::at).collect();
    let called = (!called.is_empty()).then(|| Element::TextBlock {
        text: called.join(" "),
        wrap: true,
    });
    let sections = card.sections.iter();
    let sections = sections.flat_map(|section| of_section(section, shares, words));
    let footer = footer(card, shares);
    [headline]
        .into_iter()
        .chain(called)
        .chain(sections)
        .chain(footer)
        .collect()
}

/// The headline. If it is too long, only the beginning of its text is left.
pub(super) fn headline(card: &Card) -> Vec<Run> {
    let plain = card.headline.plain();
    match width(&plain) <= MAX_HEADLINE {
        true => runs(&card.headline),
        false => vec![Run::strong(&clip(&plain, MAX_HEADLINE, card.locale.words()))],
    }
}

fn of_section(section: &Section, shares: Shares, words: &Words) -> Vec<Element> {
    match section {
        Section::Prose(prose) => vec![Element::rich(said(prose, shares, words))],
        Section::Small(prose) => {
            let small = said(prose, shares, words).into_iter().map(Run::small);
            vec![Element::rich(small.collect())]
        }
        Section::Facts(facts) => {
            let facts = facts.iter().take(MAX_FACTS);
            facts.map(|fact| self::fact(fact, shares, words)).collect()
        }
        Section::Json { title, text } | Section::Lines { title, text } => {
            let title = title.map(|title| Element::rich(vec![Run::strong(title)]));
            let json = Run::json(&part_of(text, shares.json, words));
            let items = title.into_iter().chain([Element::row(vec![json])]);
            vec![Element::Container {
                style: "emphasis",
                bleed: false,
                items: items.collect(),
            }]
        }
        // They are buttons.
        Section::Links(_) => Vec::new(),
        Section::Rows(rows) => rows.iter().map(row).collect(),
    }
}

fn said(prose: &Prose, shares: Shares, words: &Words) -> Vec<Run> {
    let label = prose.label.map(|label| Run::strong(&format!("{label}: ")));
    let text = Run::text(&part_of(&prose.text, shares.prose, words));
    label.into_iter().chain([text]).collect()
}

fn fact(fact: &Entry, shares: Shares, words: &Words) -> Element {
    let label = Run::text(&clip(&fact.label, MAX_LABEL, words));
    Element::fact(label.subtle(), value(fact, shares, words))
}

fn value(entry: &Entry, shares: Shares, words: &Words) -> Run {
    let text = part_of(&entry.value, shares.facts, words);
    match entry.code {
        true => Run::code(&text),
        false => Run::text(&text),
    }
}

/// How the message came.
fn footer(card: &Card, shares: Shares) -> Option<Element> {
    let words = card.locale.words();
    let mut runs: Vec<Run> = Vec::new();
    for entry in &card.footer {
        let separator = if runs.is_empty() { "" } else { "  ·  " };
        let label = clip(&entry.label, MAX_LABEL, words);
        runs.push(Run::text(&format!("{separator}{label}: ")).small());
        runs.push(value(entry, shares, words).small());
    }
    (!runs.is_empty()).then(|| Element::footer(runs))
}

/// How many of the rows, from the first on, fit into one digest.
pub fn fit(rows: &[Row], _: Locale) -> usize {
    let mut used = 0;
    let fits = |row: &&Row| {
        used += size(&self::row(row)) + 1;
        used <= MAX_ROWS
    };
    rows.iter().take_while(fits).count()
}

/// A row, with its link at the end.
fn row(row: &Row) -> Element {
    let mut runs = runs(&row.phrase);
    if let Some(link) = row.link.as_ref().filter(|link| link.page.len() <= MAX_LINK) {
        runs.push(Run::text("  "));
        runs.push(Run::link(&link.label, &link.page));
    }
    Element::row(runs)
}
