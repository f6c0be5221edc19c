//! The sections and the footer of a card as embeds, within Discord's limits.

use super::colour;
use super::embed::{
    Embed, Field, Footer, MAX_ALL, MAX_DESCRIPTION, MAX_EMBEDS, MAX_FIELDS, MAX_TITLE, MAX_URL, MAX_VALUE,
};
use super::markdown::{block, block_width, code, cut_escaped, escape, escaped_width, link, markdown};
use crate::card::cut::{clip, cut, width};
use crate::card::{Card, Entry, Excerpt, Link, Phrase, Prose, Row, Section};
use crate::contract::Locale;
use crate::destination::share::Shares;
use crate::locale::Words;

// All limits here are in UTF-16 units. They are our choice, within those of Discord in `embed.rs`.

/// Longest headline in a description; one that fits into [`MAX_TITLE`] is the title.
const MAX_HEADLINE: usize = 1_000;
/// Longest label of a fact; Discord accepts 256 units.
const MAX_LABEL: usize = 100;
/// Longest value of a fact that stands beside others: Discord puts up to three into a row.
const MAX_INLINE: usize = 40;
/// Longest text in one piece. [`MAX_DESCRIPTION`] has room for it and for its title and markup.
const MAX_PIECE: usize = 3_900;
/// Longest footer; Discord accepts 2,048 units.
const MAX_FOOTER: usize = 1_000;
/// Length of all rows of one digest together. [`MAX_ALL`] has room for them and for the headline and the time.
const MAX_ROWS: usize = 5_400;
/// Longest address in a row; a longer one is left out.
const MAX_LINK: usize = 400;
/// Length to which the plain text of a row is cut if the row with its markup is too long.
const MAX_BARE: usize = 600;

/// The embeds of a card. If together they have too many characters, the texts get shorter, and at last facts are missing.
pub(super) fn embeds(card: &Card) -> Vec<Embed> {
    let is_short = |embeds: &Vec<Embed>| embeds.iter().map(Embed::width).sum::<usize>() <= MAX_ALL;
    let mut embeds = Vec::new();
    for shares in Shares::all() {
        embeds = within(card, shares);
        if is_short(&embeds) {
            return embeds;
        }
    }
    while !is_short(&embeds) && embeds.iter_mut().rev().any(|embed| embed.fields.pop().is_some()) {}
    embeds.retain(|embed| embed.title.is_some() || !embed.description.is_empty() || !embed.fields.is_empty());
    embeds
}

/// The embeds of a card. `shares` say how much of its usual space each text may take.
fn within(card: &Card, shares: Shares) -> Vec<Embed> {
    let words = card.locale.words();
    let mut pages = Pages::new(card);
    for section in &card.sections {
        match section {
            Section::Prose(prose) => match prose_field(prose, shares.prose, words) {
                Some(field) if pages.has_fields() => pages.fact(field),
                _ => pages.text(&said(prose, shares.prose, words)),
            },
            Section::Small(prose) => {
                let text = said(prose, shares.prose, words);
                let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
                let lines: Vec<_> = lines.iter().map(|line| format!("-# {line}")).collect();
                pages.text(&lines.join("\n"));
            }
            Section::Facts(facts) => {
                for fact in facts {
                    pages.fact(field(fact, shares.facts, words));
                }
            }
            Section::Json { title, text } | Section::Lines { title, text } => {
                let title = title.map(|title| format!("**{title}**\n")).unwrap_or_default();
                let most = MAX_PIECE.min(text.most / shares.json);
                let text = cut(&text.text, text.beyond, most, words, block_width);
                pages.text(&(title + &block(&text)));
            }
            Section::Links(links) => pages.text(&joined(links)),
            Section::Rows(rows) => {
                for row in rows {
                    pages.text(&line(row, words));
                }
            }
        }
    }
    pages.end(card)
}

/// The embeds so far.
struct Pages {
    full: Vec<Embed>,
    last: Embed,
}

impl Pages {
    /// The headline, which leads to the card's page.
    fn new(card: &Card) -> Self {
        let words = card.locale.words();
        let mut last = Embed {
            color: colour(card.colour),
            ..Embed::default()
        };
        let title = markdown(&card.headline, true);
        let own = card.link.as_ref();
        let is_title = width(&title) <= MAX_TITLE;
        if is_title {
            let page = own.map(|link| link.page.clone());
            last.title = Some(title);
            last.url = page.filter(|page| width(page) <= MAX_URL);
        } else {
            last.description = headline(&card.headline, words);
        }
        let mut pages = Self {
            full: Vec::new(),
            last,
        };
        if pages.last.url.is_none() {
            pages.text(&joined(own.map(std::slice::from_ref).unwrap_or_default()));
        }
        pages
    }

    fn has_fields(&self) -> bool {
        !self.last.fields.is_empty()
    }

    /// Adds a text on a line of its own. Discord shows the description above the fields, so what comes after these begins
    /// another embed.
    fn text(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        let room = width(&self.last.description) + 1 + width(text) <= MAX_DESCRIPTION;
        if self.has_fields() || !room {
            self.turn();
        }
        if !self.last.description.is_empty() {
            self.last.description.push('\n');
        }
        self.last.description.push_str(text);
    }

    fn fact(&mut self, field: Field) {
        if self.last.fields.len() >= MAX_FIELDS {
            self.turn();
        }
        self.last.fields.push(field);
    }

    fn turn(&mut self) {
        let next = Embed {
            color: self.last.color,
            ..Embed::default()
        };
        self.full.push(std::mem::replace(&mut self.last, next));
    }

    /// Adds the small print.
    fn end(mut self, card: &Card) -> Vec<Embed> {
        self.last.footer = footer(card).map(|text| Footer { text });
        self.last.timestamp = card.at.map(|at| at.to_string());
        self.full.push(self.last);
        self.full.truncate(MAX_EMBEDS);
        self.full
    }
}

/// A headline that is too long for a title.
fn headline(headline: &Phrase, words: &Words) -> String {
    let marked = markdown(headline, false);
    match width(&marked) <= MAX_HEADLINE {
        true => marked,
        false => cut_escaped(&headline.plain(), MAX_HEADLINE, words),
    }
}

/// Prose with its label before it.
fn said(prose: &Prose, share: usize, words: &Words) -> String {
    let label = prose
        .label
        .map(|label| format!("**{label}:** "))
        .unwrap_or_default();
    label + &beginning(&prose.text, MAX_PIECE, share, words)
}

/// Prose with a label as a fact, if it is short enough. After other facts it stands among them, not in an embed of its own.
fn prose_field(prose: &Prose, share: usize, words: &Words) -> Option<Field> {
    let name = prose.label?.to_owned();
    let value = beginning(&prose.text, MAX_PIECE, share, words);
    let inline = false;
    (width(&value) <= MAX_VALUE).then_some(Field { name, value, inline })
}

fn field(fact: &Entry, share: usize, words: &Words) -> Field {
    let value = &fact.value.text;
    Field {
        name: cut_escaped(&fact.label, MAX_LABEL, words),
        value: beginning(&fact.value, MAX_VALUE, share, words),
        inline: width(value) <= MAX_INLINE && !value.contains('\n'),
    }
}

/// The beginning of a text, escaped.
fn beginning(excerpt: &Excerpt, limit: usize, share: usize, words: &Words) -> String {
    let most = limit.min(excerpt.most / share);
    escape(&cut(&excerpt.text, excerpt.beyond, most, words, escaped_width))
}

/// Links on one line, as many as fit.
fn joined(links: &[Link]) -> String {
    let mut text = String::new();
    for page in links.iter().map(link) {
        let separator = if text.is_empty() { "" } else { "  ·  " };
        if width(&text) + width(separator) + width(&page) <= MAX_PIECE {
            text += separator;
            text += &page;
        }
    }
    text
}

/// How the message came. There is no markup in it.
fn footer(card: &Card) -> Option<String> {
    let words = card.locale.words();
    let named = card.footer.iter().map(|entry| {
        let Excerpt { text, beyond, most } = &entry.value;
        let value = cut(text, *beyond, *most, words, char::len_utf16);
        format!("{}: {value}", entry.label)
    });
    let text = named.collect::<Vec<_>>().join("  ·  ");
    (!text.is_empty()).then(|| clip(&text, MAX_FOOTER, words))
}

/// How many of the rows, from the first on, fit into one digest.
pub fn fit(rows: &[Row], locale: Locale) -> usize {
    let words = locale.words();
    let mut used = 0;
    let fits = |row: &&Row| {
        used += width(&line(row, words)) + 1;
        used <= MAX_ROWS
    };
    rows.iter().take_while(fits).count()
}

/// A row, with its link at the end if there is room for it. Of a row that consists almost only of escapes, only the
/// beginning of its text is left.
fn line(row: &Row, words: &Words) -> String {
    let text = markdown(&row.phrase, false);
    let text = match width(&text) <= 2 * MAX_BARE {
        true => text,
        false => code(&clip(&row.phrase.plain(), MAX_BARE, words)),
    };
    let page = row.link.as_ref().filter(|link| width(&link.page) <= MAX_LINK);
    let linked = page.map(|page| format!("{text}  {}", link(page)));
    linked.unwrap_or(text)
}
