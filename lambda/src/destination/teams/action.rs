//! What people can click: the buttons below a card, and texts that lead somewhere.

use crate::card::cut::clip;
use crate::card::{Card, Link, Section};
use crate::phrase::one_line;
use serde::Serialize;

/// Most buttons; Teams shows six. <https://learn.microsoft.com/en-us/adaptive-cards/rendering-cards/host-config>
const MAX_ACTIONS: usize = 6;
/// Most bytes in the addresses of all buttons but the first.
const MAX_PAGES: usize = 2_000;
/// Longest text of a button.
const MAX_TITLE: usize = 100;

/// A button, or what a click on a text does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
pub(super) enum Action {
    #[serde(rename = "Action.OpenUrl")]
    OpenUrl {
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        url: String,
    },
}

/// The pages of a card as buttons: first the page of the thing itself, then the others, as many as fit.
pub(super) fn actions(card: &Card) -> Vec<Action> {
    let words = card.locale.words();
    let further = card.sections.iter().filter_map(|section| match section {
        Section::Links(links) => Some(links),
        _ => None,
    });
    let mut room = MAX_PAGES;
    let further = further.flatten().filter(|link| {
        let left = room.checked_sub(link.page.len());
        room = left.unwrap_or(room);
        left.is_some()
    });
    let button = |link: &Link| Action::OpenUrl {
        title: Some(clip(&one_line(&link.label), MAX_TITLE, words)),
        url: link.page.clone(),
    };
    let pages = card.link.iter().chain(further);
    pages.map(button).take(MAX_ACTIONS).collect()
}
