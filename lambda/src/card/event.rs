//! The card for an EventBridge event.

use super::frame::Frame;
use super::parts::{circumstances, code, facts, json};
use super::report::sentence;
use super::{Draft, Link, call, report};
use crate::contract::Severity;
use crate::event::{Detail, Event, Gist, Unknown};
use crate::phrase::Phrase;

pub(super) fn compose(event: &Event, severity: Severity, frame: &Frame<'_>) -> Draft {
    match &event.detail {
        Detail::Call(call) => call::compose(call, event, severity, frame),
        Detail::Report(report) => report::compose(report, event, frame),
        Detail::Other(unknown) => other(unknown, event, severity, frame),
    }
}

/// An event whose kind has no layout of its own.
fn other(unknown: &Unknown, event: &Event, severity: Severity, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let sections = [
        facts(circumstances(event, frame)),
        unknown.detail.clone().map(json),
    ];
    let kind = code(event.detail_type.as_deref().unwrap_or_default(), words);
    let headline = match &event.source {
        Some(source) if unknown.gist.name.is_none() && unknown.gist.state.is_none() => {
            words.event(&kind, &code(source, words))
        }
        _ => gist(&kind, &unknown.gist, frame),
    };
    Draft {
        headline: Phrase::said(format!("{} {headline}", severity.emoji())),
        key: None,
        colour: report::colour(unknown.gist.tone),
        sections: sections.into_iter().flatten().collect(),
        link: link(&unknown.gist, frame),
        small: Vec::new(),
    }
}

/// The headline of an event without a layout, from the few things that are known of it.
pub(super) fn gist(kind: &Phrase, gist: &Gist, frame: &Frame<'_>) -> Phrase {
    let words = frame.words;
    let name = |text: &Option<String>| text.as_deref().map(|text| code(text, words));
    let headline = words.gist(kind, name(&gist.name).as_ref(), name(&gist.state).as_ref());
    match &gist.reason {
        Some(reason) => Phrase::said(format!("{headline}: {}", sentence(reason, words))),
        None => headline,
    }
}

pub(super) fn link(gist: &Gist, frame: &Frame<'_>) -> Option<Link> {
    let page = gist.page.clone()?;
    Some(Link {
        page,
        label: frame.words.open_page.to_owned(),
    })
}
