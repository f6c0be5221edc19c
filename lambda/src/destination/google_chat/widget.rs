//! The widgets of cards that the messages use.
//!
//! <https://developers.google.com/workspace/chat/api/reference/rest/v1/cards>

use crate::card::Link;
use crate::card::cut::clip;
use crate::locale::Words;
use crate::phrase::one_line;
use serde::Serialize;

/// Longest text of a button.
const MAX_BUTTON: usize = 100;

/// A part of a card, between lines. Never empty: Google Chat refuses that.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Section {
    pub widgets: Vec<Widget>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Widget {
    TextParagraph(Paragraph),
    DecoratedText(Fact),
    ButtonList(Buttons),
}

/// HTML.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Paragraph {
    text: String,
    /// The lines that are shown before somebody asks for more.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_lines: Option<u32>,
}

/// HTML with a label above it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Fact {
    top_label: String,
    text: String,
    wrap_text: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Buttons {
    buttons: Vec<Button>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Button {
    text: String,
    on_click: OnClick,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OnClick {
    open_link: OpenLink,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct OpenLink {
    url: String,
}

impl Widget {
    pub fn paragraph(html: String) -> Self {
        Self::TextParagraph(Paragraph {
            text: html,
            max_lines: None,
        })
    }

    /// A paragraph. So many lines are shown at first, and all of them on a click.
    pub fn folded(html: String, lines: u32) -> Self {
        Self::TextParagraph(Paragraph {
            text: html,
            max_lines: Some(lines),
        })
    }

    /// A label and its value, both HTML.
    pub fn fact(label: String, value: String) -> Self {
        Self::DecoratedText(Fact {
            top_label: label,
            text: value,
            wrap_text: true,
        })
    }

    pub fn buttons<'a>(links: impl IntoIterator<Item = &'a Link>, words: &Words) -> Option<Self> {
        let buttons: Vec<_> = links.into_iter().map(|link| button(link, words)).collect();
        (!buttons.is_empty()).then_some(Self::ButtonList(Buttons { buttons }))
    }
}

/// Google does not say whether the text of a button is HTML, so HTML's characters are taken out.
fn button(link: &Link, words: &Words) -> Button {
    let text = clip(&one_line(&link.label), MAX_BUTTON, words);
    Button {
        text: text.replace('<', "‹").replace('>', "›").replace('&', "＆"),
        on_click: OnClick {
            open_link: OpenLink {
                url: link.page.clone(),
            },
        },
    }
}
