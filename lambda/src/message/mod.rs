//! Slack messages: what they look like on the wire, and how each kind of notice becomes one.

mod alarm;
mod block;
mod call;
mod event;
mod guard;
mod markup;
mod note;
mod parts;
mod report;

use crate::event::{Content, Notice};
use crate::locale::Words;
use block::Block;
use jiff::{Timestamp, tz::TimeZone};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::json;

/// A message for an incoming webhook; serialises to the JSON that Slack takes.
///
/// Slack shows `text` above a bar in `colour` with the blocks next to it, and uses `text` alone for
/// notifications. Text is escaped and within Slack's limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    text: String,
    colour: &'static str,
    blocks: Vec<Block>,
}

impl Message {
    /// The headline, as mrkdwn.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Colour of the bar, `#rrggbb`.
    pub fn colour(&self) -> &'static str {
        self.colour
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("text", &self.text)?;
        // A console link has no preview worth having, and a link from outside must not get one.
        map.serialize_entry("unfurl_links", &false)?;
        map.serialize_entry("unfurl_media", &false)?;
        if !self.blocks.is_empty() {
            map.serialize_entry(
                "attachments",
                &json!([{ "color": self.colour, "blocks": self.blocks }]),
            )?;
        }
        map.end()
    }
}

pub(crate) fn compose(notice: &Notice, words: &Words, zone: &TimeZone) -> Message {
    match &notice.content {
        Content::Alarm(alarm) => alarm::compose(alarm, &notice.source, words, zone),
        Content::Guard(guarded) => guard::compose(guarded, &notice.source, words, zone),
        Content::Event(event) => event::compose(event, &notice.source, words, zone),
        Content::Text { subject, text } => note::compose(
            subject.as_deref(),
            note::Body::Text(text),
            &notice.source,
            words,
            zone,
        ),
        Content::Json { subject, value } => note::compose(
            subject.as_deref(),
            note::Body::Json(value),
            &notice.source,
            words,
            zone,
        ),
    }
}

/// A moment in the stack's time zone with its offset: `2026-11-20 14:00:00 UTC+09:00`.
fn local_time(moment: Timestamp, zone: &TimeZone) -> String {
    moment
        .to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S UTC%:z")
        .to_string()
}
