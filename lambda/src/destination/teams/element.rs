//! The elements of Adaptive Cards that the messages use.
//!
//! <https://adaptivecards.io/explorer/>

use super::run::Run;
use crate::card::cut::clip;
use crate::card::{Card, Colour, Link, Section};
use crate::phrase::one_line;
use serde::Serialize;

/// Most buttons; Teams shows six. <https://learn.microsoft.com/en-us/adaptive-cards/rendering-cards/host-config>
const MAX_ACTIONS: usize = 6;
/// Most bytes in the addresses of all buttons but the first.
const MAX_PAGES: usize = 2_000;
/// Longest text of a button.
const MAX_TITLE: usize = 100;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
pub(super) enum Element {
    Container {
        style: &'static str,
        /// Whether its colour reaches the edge of the card.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        bleed: bool,
        items: Vec<Element>,
    },
    ColumnSet {
        spacing: Spacing,
        columns: Vec<Column>,
    },
    RichTextBlock {
        #[serde(skip_serializing_if = "Spacing::is_default")]
        spacing: Spacing,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        separator: bool,
        inlines: Vec<Run>,
    },
    /// Markdown: never with text from outside.
    TextBlock {
        text: String,
        wrap: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type")]
pub(super) struct Column {
    /// Its part of the space.
    width: u8,
    items: Vec<Element>,
}

/// The space above an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Spacing {
    Small,
    Default,
}

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

impl Element {
    pub fn rich(inlines: Vec<Run>) -> Self {
        Self::RichTextBlock {
            spacing: Spacing::Default,
            separator: false,
            inlines,
        }
    }

    /// With less space above it.
    pub fn row(inlines: Vec<Run>) -> Self {
        Self::RichTextBlock {
            spacing: Spacing::Small,
            separator: false,
            inlines,
        }
    }

    /// Below a line.
    pub fn footer(inlines: Vec<Run>) -> Self {
        Self::RichTextBlock {
            spacing: Spacing::Default,
            separator: true,
            inlines,
        }
    }

    /// A label and its value in columns, of which those of all facts have the same width.
    pub fn fact(label: Run, value: Run) -> Self {
        let column = |width, run| Column {
            width,
            items: vec![Self::rich(vec![run])],
        };
        Self::ColumnSet {
            spacing: Spacing::Small,
            columns: vec![column(1, label), column(3, value)],
        }
    }
}

/// The style of a container. <https://adaptivecards.io/explorer/Container.html>
pub(super) fn style(colour: Colour) -> &'static str {
    match colour {
        Colour::Good => "good",
        Colour::Plain => "accent",
        Colour::Idle => "emphasis",
        Colour::Warning => "warning",
        Colour::Serious | Colour::Bad => "attention",
    }
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

impl Spacing {
    fn is_default(&self) -> bool {
        *self == Self::Default
    }
}
