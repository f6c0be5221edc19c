//! The headline, the sections and the footer of a card as the sections of Google Chat's.

use super::colour;
use super::markup::{coloured, html, json, link, phrase, strong, subtle};
use super::widget::{Section, Widget};
use crate::card::cut::{clip, width};
use crate::card::{self, Card, Entry, Link, Prose, Row};
use crate::contract::Locale;
use crate::destination::share::Shares;
use crate::destination::text::part_of;
use crate::locale::Words;

/// Longest headline.
const MAX_HEADLINE: usize = 600;
/// Longest label of a fact.
const MAX_LABEL: usize = 80;
/// Most facts of a section, as many as no card has. Google Chat shows 100 widgets of a card.
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/cards#section>
const MAX_FACTS: usize = 20;
/// Lines of JSON that are shown before somebody asks for more.
const SHOWN_LINES: u32 = 20;
/// Most buttons beside the card's own.
const MAX_BUTTONS: usize = 5;
/// Most bytes in the rows of one digest.
const MAX_ROWS: usize = 26_000;
/// Most bytes in one paragraph of rows.
const MAX_PARAGRAPH: usize = 3_000;
/// Longest address in a row. A longer one is not worth the space.
const MAX_LINK: usize = 600;
/// What has the card's colour.
const BAR: &str = "▌";

/// The sections of a card: headline, what it says, and how the message came, with its page.
pub(super) fn sections(card: &Card, shares: Shares) -> Vec<Section> {
    let words = card.locale.words();
    let said = card.sections.iter();
    let said = said.flat_map(|section| widgets(section, shares, words)).collect();
    let page = Widget::buttons(&card.link, words);
    let end = page.into_iter().chain(footer(card, shares)).collect();
    let sections = [vec![Widget::paragraph(headline(card))], said, end];
    let sections = sections.into_iter().filter(|widgets| !widgets.is_empty());
    sections.map(|widgets| Section { widgets }).collect()
}

/// The headline. If it is too long, only the beginning of its text is left.
fn headline(card: &Card) -> String {
    let plain = card.headline.plain();
    let headline = match width(&plain) <= MAX_HEADLINE {
        true => phrase(&card.headline),
        false => strong(&clip(&plain, MAX_HEADLINE, card.locale.words())),
    };
    format!("{} {headline}", coloured(BAR, colour(card.colour)))
}

fn widgets(section: &card::Section, shares: Shares, words: &Words) -> Vec<Widget> {
    match section {
        card::Section::Prose(prose) => vec![Widget::paragraph(said(prose, shares, words))],
        card::Section::Small(prose) => vec![Widget::paragraph(subtle(&said(prose, shares, words)))],
        card::Section::Facts(facts) => {
            let facts = facts.iter().take(MAX_FACTS);
            facts.map(|fact| self::fact(fact, shares, words)).collect()
        }
        card::Section::Json { title, text } | card::Section::Lines { title, text } => {
            let title = title.map(|title| strong(title) + "<br>");
            let shown = json(&part_of(text, shares.json, words));
            vec![Widget::folded(title.unwrap_or_default() + &shown, SHOWN_LINES)]
        }
        card::Section::Links(links) => {
            let links: Vec<&Link> = links.iter().take(MAX_BUTTONS).collect();
            Widget::buttons(links, words).into_iter().collect()
        }
        card::Section::Rows(rows) => packed(rows),
    }
}

fn said(prose: &Prose, shares: Shares, words: &Words) -> String {
    let label = prose.label.map(|label| strong(&format!("{label}:")) + " ");
    label.unwrap_or_default() + &html(&part_of(&prose.text, shares.prose, words))
}

fn fact(fact: &Entry, shares: Shares, words: &Words) -> Widget {
    let label = html(&clip(&fact.label, MAX_LABEL, words));
    Widget::fact(label, html(&part_of(&fact.value, shares.facts, words)))
}

/// How the message came.
fn footer(card: &Card, shares: Shares) -> Option<Widget> {
    let words = card.locale.words();
    let entry = |entry: &Entry| {
        let label = clip(&entry.label, MAX_LABEL, words);
        html(&format!(
            "{label}: {}",
            part_of(&entry.value, shares.facts, words)
        ))
    };
    let entries: Vec<_> = card.footer.iter().map(entry).collect();
    (!entries.is_empty()).then(|| Widget::paragraph(subtle(&entries.join("  ·  "))))
}

/// How many of the rows, from the first on, fit into one digest.
pub fn fit(rows: &[Row], _: Locale) -> usize {
    let mut used = 0;
    let fits = |row: &&Row| {
        used += size(&line(row));
        used <= MAX_ROWS
    };
    rows.iter().take_while(fits).count()
}

/// The rows, as many in a paragraph as fit.
fn packed(rows: &[Row]) -> Vec<Widget> {
    let mut paragraphs: Vec<String> = Vec::new();
    for line in rows.iter().map(line) {
        match paragraphs.last_mut() {
            Some(paragraph) if size(paragraph) + size(&line) <= MAX_PARAGRAPH => {
                paragraph.push_str("<br>");
                paragraph.push_str(&line);
            }
            _ => paragraphs.push(line),
        }
    }
    paragraphs.into_iter().map(Widget::paragraph).collect()
}

/// Number of bytes that a row takes in JSON, with what separates it from the next.
fn size(line: &str) -> usize {
    let separator = "<br>".len();
    separator + serde_json::to_string(line).map_or(usize::MAX - separator, |json| json.len())
}

/// A row as HTML, with its link at the end.
fn line(row: &Row) -> String {
    let text = phrase(&row.phrase);
    let page = row.link.as_ref().filter(|link| link.page.len() <= MAX_LINK);
    match page {
        Some(page) => format!("{text}  {}", link(page)),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Phrase;

    #[test]
    fn rows_are_packed_into_few_paragraphs_and_lose_nothing() {
        let row = |text: &str, page: &str| Row {
            phrase: Phrase::text(text),
            link: Some(Link {
                page: page.to_owned(),
                label: "Open".to_owned(),
            }),
        };
        let rows = vec![row(&"<".repeat(100), "https://x.example/"); 100];
        let count = fit(&rows, Locale::En);
        assert!((50..60).contains(&count), "{count}");
        let paragraphs = packed(&rows[..count]);
        assert!((8..12).contains(&paragraphs.len()), "{}", paragraphs.len());
        let json = serde_json::to_string(&paragraphs).expect("JSON");
        assert_eq!(json.matches("&lt;").count(), count * 100);
        assert!(json.len() < MAX_ROWS + 1_000, "{}", json.len());
        assert!(!line(&row("cpu", &format!("https://x.example/{}", "a".repeat(600)))).contains("href"));
    }
}
