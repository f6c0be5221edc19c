//! The events: alert events, which page people, and change events, which page nobody.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::card::Card;
use crate::card::cut::clip;
use crate::destination::keyed::{Piece, Rank, Step, fit, pages, pieces, step, thing};
use crate::destination::shape::Shape;
use crate::destination::text::lines_of;

/// Longest summary.
/// <https://developer.pagerduty.com/docs/send-alert-event>
const MAX_SUMMARY: usize = 1_024;
/// Longest name of what an event is about; PagerDuty documents no limit.
const MAX_NAME: usize = 255;
/// Space for the details, in UTF-16 units. One takes at most six bytes of JSON, and PagerDuty takes 512 KB in all.
/// <https://developer.pagerduty.com/docs/events-api-v2-overview#size-limits>
const MAX_DETAILS: usize = 60_000;
/// Space for the pages, in UTF-16 units.
const MAX_PAGES: usize = 12_000;
/// Longest details where they are one text.
const MAX_TEXT: usize = 8_000;

/// An event, without the key of the integration that it goes to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Event {
    /// A change event has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_action: Option<Action>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dedup_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Page>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Action {
    Trigger,
    Resolve,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
struct Payload {
    summary: String,
    source: String,
    /// `info`, `warning`, `error` or `critical`; a change event has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    custom_details: Map<String, Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Page {
    href: String,
    text: String,
}

impl Event {
    /// Whether it is a change event, for which there is another address.
    pub fn is_change(&self) -> bool {
        self.event_action.is_none()
    }
}

/// The event that shows `card`. `takes_changes` says whether the integration takes change events: one that does not
/// gets what pages nobody as an alert event of the lowest severity, because PagerDuty has nothing less.
pub(super) fn event(card: &Card, shape: Shape, takes_changes: bool) -> Event {
    let (action, key) = match step(card) {
        Step::Fires(key) => (Some(Action::Trigger), Some(key)),
        Step::Ends(key) => (Some(Action::Resolve), Some(key)),
        Step::Tells(_) if takes_changes => (None, None),
        Step::Tells(key) => (Some(Action::Trigger), Some(key)),
    };
    let is_over = action == Some(Action::Resolve);
    // To find what is over, the key is enough; the payload only tells the alert's history how it ended.
    let payload = (!is_over || shape == Shape::Usual).then(|| payload(card, action, shape));
    let links = match shape {
        Shape::Usual if !is_over => pages(card, MAX_PAGES),
        _ => Vec::new(),
    };
    let links = links.into_iter().map(|link| Page {
        href: link.page.clone(),
        text: link.label.clone(),
    });
    Event {
        event_action: action,
        dedup_key: key,
        payload,
        links: links.collect(),
    }
}

fn payload(card: &Card, action: Option<Action>, shape: Shape) -> Payload {
    let words = card.locale.words();
    let name = |name: &str| clip(name, MAX_NAME, words);
    let severity = match card.test {
        true => "info",
        false => card.severity.name(),
    };
    let bare = Payload {
        summary: clip(&card.headline.plain(), MAX_SUMMARY, words),
        source: name(&source(card)),
        severity: action.map(|_| severity),
        ..Payload::default()
    };
    match (action, shape) {
        (Some(Action::Resolve), _) => bare,
        (_, Shape::Plain) => Payload {
            custom_details: plain_details(card),
            ..bare
        },
        (_, Shape::Usual) => Payload {
            timestamp: card.at.map(|at| at.to_string()),
            component: action.and_then(|_| thing(card)).map(name),
            group: action
                .map(|_| &*card.stack)
                .filter(|stack| !stack.is_empty())
                .map(name),
            custom_details: details(card),
            ..bare
        },
    }
}

/// Where it happened: an event must say it.
fn source(card: &Card) -> String {
    let place: Vec<_> = card.account.iter().chain(&card.region).cloned().collect();
    match (place.is_empty(), card.stack.is_empty()) {
        (false, _) => place.join(" / "),
        (true, false) => card.stack.clone(),
        (true, true) => "alertctl".to_owned(),
    }
}

/// What the card says besides its headline, in its order. What has no label is under `text` or `json`.
fn details(card: &Card) -> Map<String, Value> {
    let mut pieces = pieces(card);
    fit(&mut pieces, MAX_DETAILS, char::len_utf16, card.locale.words());
    let mut details: Vec<(String, String)> = Vec::new();
    for Piece {
        rank, label, text, ..
    } in pieces
    {
        let key = label.unwrap_or_else(|| if rank == Rank::Code { "json" } else { "text" }.to_owned());
        match details.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known += &format!("\n{text}"),
            None => details.push((key, text)),
        }
    }
    let details = details.into_iter();
    details.map(|(key, text)| (key, text.into())).collect()
}

/// The same as one text, with the card's own page first.
fn plain_details(card: &Card) -> Map<String, Value> {
    let page = card.link.iter().map(|link| link.page.clone());
    let lines: Vec<_> = page.chain(lines_of(card)).collect();
    let text = clip(&lines.join("\n"), MAX_TEXT, card.locale.words());
    let text = (!text.is_empty()).then(|| ("text".to_owned(), text.into()));
    text.into_iter().collect()
}
