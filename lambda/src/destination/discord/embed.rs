//! The parts of a message of Discord.
//!
//! Lengths are counted in UTF-16 units, the widest count that Discord might use.
//! <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>

use crate::card::cut::width;
use serde::Serialize;

/// Longest text of a message without embeds, in UTF-16 units.
/// <https://discord.com/developers/docs/resources/webhook#execute-webhook>
pub(super) const MAX_CONTENT: usize = 2_000;
/// Longest title of an embed, in UTF-16 units.
pub(super) const MAX_TITLE: usize = 256;
/// Longest description of an embed, in UTF-16 units.
pub(super) const MAX_DESCRIPTION: usize = 4_096;
/// Maximum number of fields of an embed.
pub(super) const MAX_FIELDS: usize = 25;
/// Longest value of a field, in UTF-16 units.
pub(super) const MAX_VALUE: usize = 1_024;
/// Longest address that a title leads to, in UTF-16 units. Discord does not document its limit.
pub(super) const MAX_URL: usize = 2_048;
/// Maximum number of embeds of a message.
/// <https://discord.com/developers/docs/resources/webhook#execute-webhook>
pub(super) const MAX_EMBEDS: usize = 10;
/// Length of all titles, descriptions, fields and footers of a message's embeds together, in UTF-16 units.
pub(super) const MAX_ALL: usize = 6_000;

/// Discord shows no preview of the pages that a message links; it would show no embeds at all either.
/// <https://discord.com/developers/docs/resources/message#message-object-message-flags>
pub(super) const SUPPRESS_EMBEDS: u32 = 1 << 2;

/// A message for a webhook; serialises to the JSON that Discord accepts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) embeds: Vec<Embed>,
    pub(super) allowed_mentions: Allowed,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) flags: Option<u32>,
}

/// Whom a message may call, whatever its text says. It is never left out: without it, Discord calls every user that the text
/// names.
/// <https://discord.com/developers/docs/resources/message#allowed-mentions-object>
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Allowed {
    /// `everyone`, for `@everyone` and `@here`.
    pub parse: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
}

/// Text with a coloured bar on its side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Embed {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the title leads. Of embeds with the same URL, Discord shows only the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub color: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub footer: Option<Footer>,
    /// Discord shows it beside the footer, in the reader's own time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Field {
    pub name: String,
    pub value: String,
    /// Whether it may stand beside others.
    pub inline: bool,
}

/// Small print, in which Discord finds no markup.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Footer {
    pub text: String,
}

impl Embed {
    /// What it takes of [`MAX_ALL`].
    pub fn width(&self) -> usize {
        let fields = self.fields.iter();
        let fields: usize = fields.map(|field| width(&field.name) + width(&field.value)).sum();
        let title = self.title.as_deref().map_or(0, width);
        let footer = self.footer.as_ref().map_or(0, |footer| width(&footer.text));
        title + width(&self.description) + fields + footer
    }
}
