//! The Block Kit blocks that the messages use.

use crate::card::cut::width;
use serde::Serialize;

/// Longest text of a section; Slack refuses more.
pub(super) const MAX_SECTION: usize = 3_000;
/// Longest field; Slack refuses more.
pub(super) const MAX_FIELD: usize = 2_000;
/// Most fields of a section; Slack refuses more.
pub(super) const MAX_FIELDS: usize = 10;

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block {
    Section {
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<Text>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        fields: Vec<Text>,
    },
    Context {
        elements: Vec<Text>,
    },
}

/// A text object. Text from outside goes into `PlainText`, except where our own markup is next to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Text {
    /// Slack interprets no markup in it; `emoji: false` also turns off `:name:`.
    PlainText { text: String, emoji: bool },
    /// We escape it ourselves; `verbatim` keeps Slack from linking bare addresses and names.
    Mrkdwn { text: String, verbatim: bool },
}

impl Block {
    pub fn section(text: Text) -> Self {
        Self::Section {
            text: Some(text),
            fields: Vec::new(),
        }
    }

    pub fn fields(mut fields: Vec<Text>) -> Self {
        fields.truncate(MAX_FIELDS);
        Self::Section { text: None, fields }
    }

    pub fn context(text: Text) -> Self {
        Self::Context { elements: vec![text] }
    }

    /// Number of UTF-16 units in all its texts.
    pub fn width(&self) -> usize {
        let texts: Vec<_> = match self {
            Self::Section { text, fields } => text.iter().chain(fields).collect(),
            Self::Context { elements } => elements.iter().collect(),
        };
        texts.into_iter().map(Text::width).sum()
    }
}

impl Text {
    pub fn plain(text: String) -> Self {
        Self::PlainText { text, emoji: false }
    }

    pub fn mrkdwn(text: String) -> Self {
        Self::Mrkdwn { text, verbatim: true }
    }

    fn width(&self) -> usize {
        match self {
            Self::PlainText { text, .. } | Self::Mrkdwn { text, .. } => width(text),
        }
    }
}
