//! The message for an EventBridge event.

use super::block::{Block, MAX_SECTION, Text};
use super::frame::Frame;
use super::parts::{BAD, GOOD, PLAIN, WARNING, code, field, json, lines};
use super::report::sentence;
use super::{Draft, call, report};
use crate::contract::Arn;
use crate::contract::Severity;
use crate::event::{Detail, Event, Gist, Unknown, Verdict};

/// Most sections that JSON may fill; `MAX_PROSE` explains the limit.
const PAGES: usize = 2;

pub(super) fn compose(event: &Event, severity: Severity, frame: &Frame<'_>) -> Draft {
    match &event.detail {
        Detail::Call(call) => call::compose(call, event, frame),
        Detail::Report(report) => report::compose(report, event, frame),
        Detail::Other(unknown) => other(unknown, event, severity, frame),
    }
}

/// An event whose kind has no layout of its own.
fn other(unknown: &Unknown, event: &Event, severity: Severity, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let detail = &unknown.detail;
    let name = |text: &Option<String>| text.as_deref().map(|text| code(text, words));
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
    let kind = name(&event.detail_type).unwrap_or_else(|| code("", words));
    let headline = match name(&event.source) {
        Some(source) if unknown.gist.name.is_none() && unknown.gist.state.is_none() => {
            (words.event)(&kind, &source)
        }
        _ => gist(&kind, &unknown.gist, frame),
    };
    Draft {
        headline: format!("{} {headline}", severity.emoji()),
        colour: shade(&unknown.gist),
        blocks,
        page: page(&unknown.gist, frame),
        small: Vec::new(),
    }
}

/// The headline of something without a layout, of which some is known; `kind` is mrkdwn.
pub(super) fn gist(kind: &str, gist: &Gist, frame: &Frame<'_>) -> String {
    let words = frame.words;
    let name = |text: &Option<String>| text.as_deref().map(|text| code(text, words));
    let headline = (words.gist)(kind, name(&gist.name).as_deref(), name(&gist.state).as_deref());
    match &gist.reason {
        Some(reason) => format!("{headline}: {}", sentence(reason, words)),
        None => headline,
    }
}

pub(super) fn shade(gist: &Gist) -> &'static str {
    match gist.verdict {
        Verdict::Good => GOOD,
        Verdict::Plain => PLAIN,
        Verdict::Warning => WARNING,
        Verdict::Error | Verdict::Critical => BAD,
    }
}

pub(super) fn page(gist: &Gist, frame: &Frame<'_>) -> Option<(String, String)> {
    let page = gist.page.clone()?;
    Some((page, frame.words.open_page.to_owned()))
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
