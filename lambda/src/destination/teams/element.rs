//! The elements of Adaptive Cards that the messages use.
//!
//! <https://adaptivecards.io/explorer/>

use super::run::Run;
use crate::card::Colour;
use serde::Serialize;

/// An element of an Adaptive Card.
/// <https://adaptivecards.io/explorer/>
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

    /// A label and its value in two columns, which have the same width in all facts.
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

impl Spacing {
    fn is_default(&self) -> bool {
        *self == Self::Default
    }
}
