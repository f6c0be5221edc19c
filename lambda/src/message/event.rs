//! The message for an EventBridge event.

use super::block::{Block, MAX_SECTION, Text};
use super::frame::Frame;
use super::parts::{PLAIN, code, field, json, lines};
use super::{Draft, call, report};
use crate::contract::Arn;
use crate::contract::Severity;
use crate::event::{Detail, Event};
use serde_json::Value;

/// Most sections that JSON may fill; `MAX_PROSE` explains the limit.
const PAGES: usize = 2;

pub(super) fn compose(event: &Event, severity: Severity, frame: &Frame<'_>) -> Draft {
    match &event.detail {
        Detail::Call(call) => call::compose(call, event, severity, frame),
        Detail::Report(report) => report::compose(report, event, frame),
        Detail::Other(detail) => other(detail, event, severity, frame),
    }
}

/// An event whose kind has no layout of its own.
fn other(detail: &Value, event: &Event, severity: Severity, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let name = |text: &Option<String>| code(text.as_deref().unwrap_or_default(), words);
    let fields: Vec<_> = circumstances(event, frame)
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
    let headline = (words.event)(&name(&event.detail_type), &name(&event.source));
    Draft {
        headline: format!("{} {headline}", severity.emoji()),
        colour: PLAIN,
        blocks,
        page: None,
        small: Vec::new(),
    }
}

/// Place and time, which every event has.
pub(super) fn circumstances(event: &Event, frame: &Frame<'_>) -> [(&'static str, Option<String>); 4] {
    let words = frame.words;
    let moment = event.time.or(frame.source.sent).map(|moment| frame.time(moment));
    // A message that a service publishes to a topic may lack its place; the topic's account and region are the
    // same.
    let topic = frame.source.topic_arn.as_deref().and_then(Arn::parse);
    let topic = topic.unwrap_or_default();
    let account = event.account.clone().or(topic.account);
    [
        (words.label_account, account.map(|id| frame.account(&id))),
        (words.label_region, event.region.clone().or(topic.region)),
        (words.label_time, moment),
        (words.label_resources, lines(event.resources.clone(), words)),
    ]
}
