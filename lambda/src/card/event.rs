//! The card for an EventBridge event.

use super::frame::Frame;
use super::parts::{code, facts, json, lines};
use super::{Colour, Draft, call, report};
use crate::contract::Arn;
use crate::contract::Severity;
use crate::event::{Detail, Event};
use crate::phrase::Phrase;
use serde_json::Value;

/// Longest JSON worth showing.
const MAX_JSON: usize = 6_000;

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
    let sections = [
        facts(circumstances(event, frame)),
        (!detail.is_null()).then(|| json(detail, MAX_JSON)),
    ];
    let headline = words.event(&name(&event.detail_type), &name(&event.source));
    Draft {
        headline: Phrase::said(format!("{} {headline}", severity.emoji())),
        colour: Colour::Plain,
        sections: sections.into_iter().flatten().collect(),
        link: None,
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
