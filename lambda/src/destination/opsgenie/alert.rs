//! The requests: one that creates an alert, and one that closes it.

use serde::Serialize;
use serde_json::{Map, Value};

use super::markup::{escape, escaped_width, headline, unmarked};
use super::responder::{Responder, responders};
use crate::card::Card;
use crate::card::cut::{clip, cut, width};
use crate::contract::Severity;
use crate::destination::keyed::{Piece, Rank, Step, fit, pages, pieces, step, thing};
use crate::destination::shape::Shape;
use crate::destination::text::lines_of;
use crate::locale::Words;

/// Longest message, as Opsgenie calls the headline of an alert.
/// <https://docs.opsgenie.com/docs/alert-api#create-alert>
const MAX_MESSAGE: usize = 130;
/// Longest description.
const MAX_DESCRIPTION: usize = 15_000;
/// Longest headline at the beginning of a description.
const MAX_HEADLINE: usize = 2_000;
/// Space for the details, with their labels.
const MAX_DETAILS: usize = 8_000;
/// Space that the pages may take of it: the facts share the rest.
const MAX_PAGES: usize = 6_000;
/// Longest entity.
const MAX_ENTITY: usize = 512;
/// Longest tag.
const MAX_TAG: usize = 50;
/// Longest note worth writing; 25,000 characters are allowed.
const MAX_NOTE: usize = 2_000;
/// Where an alert comes from. Without it, the services show an IP address.
const SOURCE: &str = "alertctl";
/// The lowest priority.
const LEAST: &str = "P5";

/// What a card asks for. An alert is known by its alias.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Request {
    Create(Alert),
    Close(Close),
}

/// An alert to be opened, or counted once more if it is open.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Alert {
    message: String,
    alias: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    priority: &'static str,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    details: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    responders: Vec<Responder>,
}

/// The end of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Close {
    #[serde(skip)]
    alias: String,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl Request {
    /// Its path below the address of the API.
    pub fn path(&self) -> String {
        match self {
            Self::Create(_) => "/alerts".to_owned(),
            Self::Close(close) => format!("/alerts/{}/close?identifierType=alias", close.alias),
        }
    }
}

/// What `card` asks for. What nobody is to be called for is an alert of the least priority: the services know nothing
/// less.
pub(super) fn request(card: &Card, shape: Shape) -> Request {
    let words = card.locale.words();
    let (alias, priority) = match step(card) {
        Step::Fires(key) => (key, priority(card.severity)),
        Step::Tells(key) => (key, LEAST),
        Step::Ends(alias) => {
            let note = unmarked(&clip(&card.headline.plain(), MAX_NOTE, words));
            return Request::Close(Close {
                alias,
                source: SOURCE,
                // An alert is closed without a note, too.
                note: (shape == Shape::Usual).then_some(note),
            });
        }
    };
    let bare = Alert {
        message: unmarked(&headline(&card.headline, MAX_MESSAGE, words)),
        alias,
        description: String::new(),
        priority,
        source: SOURCE,
        entity: None,
        tags: Vec::new(),
        details: Map::new(),
        // Whoever the alert calls is called in either shape: it must not reach nobody.
        responders: responders(card),
    };
    Request::Create(match shape {
        Shape::Usual => {
            let is_fact = |piece: &Piece<'_>| matches!(piece.rank, Rank::Fact | Rank::Small);
            let (facts, texts) = pieces(card).into_iter().partition(is_fact);
            Alert {
                description: description(card, texts, words),
                entity: thing(card).map(|name| unmarked(&clip(name, MAX_ENTITY, words))),
                tags: tags(card, words),
                details: details(card, facts, words),
                ..bare
            }
        }
        Shape::Plain => Alert {
            description: plain_description(card, words),
            ..bare
        },
    })
}

fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "P1",
        Severity::Error => "P2",
        Severity::Warning => "P3",
        Severity::Info => LEAST,
    }
}

/// The headline if the message has only a part of it, prose, and JSON. Its characters count as they are escaped.
fn description(card: &Card, mut pieces: Vec<Piece<'_>>, words: &Words) -> String {
    let whole = card.headline.plain();
    let whole = (width(&whole) > MAX_MESSAGE).then(|| cut(&whole, 0, MAX_HEADLINE, words, escaped_width));
    let used = whole
        .iter()
        .flat_map(|text| text.chars())
        .map(escaped_width)
        .sum::<usize>();
    fit(
        &mut pieces,
        MAX_DESCRIPTION - used - "\n\n".len(),
        escaped_width,
        words,
    );
    let said = |piece: Piece<'_>| match (piece.label, piece.rank) {
        (Some(label), Rank::Code) => format!("{label}\n{}", piece.text),
        (Some(label), _) => format!("{label}: {}", piece.text),
        (None, _) => piece.text,
    };
    let parts: Vec<_> = whole.into_iter().chain(pieces.into_iter().map(said)).collect();
    escape(&parts.join("\n\n"))
}

/// The pages, the facts, and how the message came.
fn details(card: &Card, mut facts: Vec<Piece<'_>>, words: &Words) -> Map<String, Value> {
    let pages = pages(card, MAX_PAGES);
    let pages: Vec<_> = pages
        .into_iter()
        .map(|link| (link.label.clone(), link.page.clone()))
        .collect();
    let used: usize = pages.iter().map(|(label, page)| width(label) + width(page)).sum();
    fit(
        &mut facts,
        MAX_DETAILS.saturating_sub(used),
        char::len_utf16,
        words,
    );
    let facts = facts
        .into_iter()
        .map(|fact| (fact.label.unwrap_or_else(|| "-".to_owned()), fact.text));
    let mut details: Vec<(String, String)> = Vec::new();
    for (label, text) in pages.into_iter().chain(facts) {
        let (label, text) = (unmarked(&label), unmarked(&text));
        match details.iter_mut().find(|(known, _)| *known == label) {
            Some((_, known)) => *known += &format!("\n{text}"),
            None => details.push((label, text)),
        }
    }
    let details = details.into_iter();
    details.map(|(label, text)| (label, text.into())).collect()
}

/// The tags that people filter alerts by. A test has no tag with a severity, since a policy may call people by that.
fn tags(card: &Card, words: &Words) -> Vec<String> {
    let kind = match card.test {
        true => "test",
        false => card.severity.name(),
    };
    let tags = [Some(&*card.stack), Some(kind), card.region.as_deref()];
    let tags = tags.into_iter().flatten().filter(|tag| !tag.trim().is_empty());
    tags.map(|tag| unmarked(&clip(tag, MAX_TAG, words))).collect()
}

/// The whole card as one text, with its own page first.
fn plain_description(card: &Card, words: &Words) -> String {
    let page = card.link.iter().map(|link| link.page.clone());
    let lines = [card.headline.plain()]
        .into_iter()
        .chain(page)
        .chain(lines_of(card));
    let lines: Vec<_> = lines.collect();
    escape(&cut(&lines.join("\n"), 0, MAX_DESCRIPTION, words, escaped_width))
}
