//! The message for an event of EventBridge.

use super::block::{Block, MAX_SECTION, Text};
use super::markup::{clip_escaped, one_line};
use super::parts::{PLAIN, code, field, json, lines, link};
use super::{Message, call, local_time, report};
use crate::event::{Detail, Event, Source};
use crate::locale::Words;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Sections that JSON may fill; see `MAX_PROSE` for why not more.
const PAGES: usize = 2;

pub(super) fn compose(event: &Event, source: &Source, words: &Words, zone: &TimeZone) -> Message {
    match &event.detail {
        Detail::Call(call) => call::compose(call, event, source, words, zone),
        Detail::Report(report) => report::compose(report, event, source, words, zone),
        Detail::Other(detail) => other(detail, event, source, words, zone),
    }
}

/// An event of a kind that has no layout of its own.
fn other(detail: &Value, event: &Event, source: &Source, words: &Words, zone: &TimeZone) -> Message {
    let name = |text: &Option<String>| code(text.as_deref().unwrap_or_default(), words);
    let fields: Vec<_> = circumstances(event, source, words, zone)
        .into_iter()
        .filter_map(|(label, value)| field(label, &value?, words))
        .collect();
    let mut blocks = Vec::new();
    if !fields.is_empty() {
        blocks.push(Block::fields(fields));
    }
    if !detail.is_null() {
        let pages = json(detail, MAX_SECTION, PAGES, words).into_iter();
        blocks.extend(pages.map(|page| Block::section(Text::mrkdwn(page))));
    }
    blocks.extend(footer(None, source, words));
    Message {
        text: (words.event)(&name(&event.detail_type), &name(&event.source)),
        colour: PLAIN,
        blocks,
    }
}

/// Where and when: what every event tells.
pub(super) fn circumstances(
    event: &Event,
    source: &Source,
    words: &Words,
    zone: &TimeZone,
) -> [(&'static str, Option<String>); 4] {
    let moment = event.time.or(source.sent).map(|moment| local_time(moment, zone));
    [
        (words.label_account, event.account.clone()),
        (words.label_region, event.region.clone()),
        (words.label_time, moment),
        (words.label_resources, lines(event.resources.clone(), words)),
    ]
}

/// The way to more: a page of the console with the words for it, and the topic the event came through.
pub(super) fn footer(page: Option<(String, &str)>, source: &Source, words: &Words) -> Option<Block> {
    let page = page.map(|(page, label)| link(&page, label));
    let topic = source.topic().map(one_line).filter(|topic| !topic.is_empty());
    let topic = topic.map(|topic| format!("{}: {}", words.label_topic, clip_escaped(&topic, 300, words)));
    let parts: Vec<_> = page.into_iter().chain(topic).collect();
    (!parts.is_empty()).then(|| Block::context(Text::mrkdwn(parts.join("  ·  "))))
}
