//! The card for anything without a layout of its own: text, or JSON in a code block.

use super::cut::clip;
use super::frame::Frame;
use super::parts::json;
use super::{Colour, Draft, Entry, Excerpt, Prose, Section, event, report};
use crate::contract::Arn;
use crate::contract::Severity;
use crate::event::{Gist, Masked, mask_text};
use crate::phrase::{Phrase, one_line};
use serde_json::Value;

/// Longest headline; SNS subjects have fewer than 100 characters.
const MAX_HEADLINE: usize = 200;
/// Longest text or JSON worth showing: it is all that the message says.
const MAX_BODY: usize = 9_000;

/// What a sender put into a notification.
pub(super) enum Body<'a> {
    Text(&'a str),
    Json(&'a Value),
}

pub(super) fn compose(subject: Option<&str>, body: Body<'_>, severity: Severity, frame: &Frame<'_>) -> Draft {
    let section = match &body {
        Body::Text(text) => prose(&mask_text(text)),
        Body::Json(value) => Some(json(Excerpt::of_json(&Masked::new(value), MAX_BODY))),
    };
    let mut draft = Draft {
        headline: headline(subject, severity, frame),
        key: None,
        colour: Colour::Plain,
        sections: section.into_iter().collect(),
        link: None,
        small: small(frame),
    };
    if let Body::Json(value) = body {
        let gist = Gist::read(subject, &[], value);
        draft.headline = event::gist(&draft.headline, &gist, frame);
        draft.colour = report::colour(gist.tone);
        draft.link = event::link(&gist, frame);
    }
    draft
}

/// The subject with an emoji before it; without a subject, a headline from what is known.
pub(super) fn headline(subject: Option<&str>, severity: Severity, frame: &Frame<'_>) -> Phrase {
    let (words, source) = (frame.words, frame.source);
    let headline = match (
        subject
            .map(|subject| one_line(&mask_text(subject)))
            .filter(|subject| !subject.is_empty()),
        source.topic(),
    ) {
        (Some(subject), _) => subject,
        (None, Some(topic)) => (words.from_topic)(&one_line(topic)),
        (None, None) => words.unknown_event.to_owned(),
    };
    // A subject that begins with its own emoji needs no other one.
    let sign = if headline.starts_with(|c: char| c.is_ascii() || c.is_alphanumeric()) {
        format!("{} ", severity.emoji())
    } else {
        String::new()
    };
    let headline = Phrase::strong(&clip(&headline, MAX_HEADLINE, words));
    Phrase::said(format!("{sign}{headline}"))
}

/// Where and when the SNS message was sent.
fn small(frame: &Frame<'_>) -> Vec<Entry> {
    let (words, source) = (frame.words, frame.source);
    let topic = source.topic_arn.as_deref().and_then(Arn::parse);
    let topic = topic.unwrap_or_default();
    let small = [
        (words.label_region, topic.region),
        (words.label_account, topic.account.map(|id| frame.account(&id))),
        (words.label_time, source.sent.map(|moment| frame.time(moment))),
    ];
    small
        .into_iter()
        .filter_map(|(label, value)| Entry::small(label, &value?))
        .collect()
}

fn prose(text: &str) -> Option<Section> {
    let text = Excerpt::of(text, MAX_BODY)?;
    Some(Section::Prose(Prose { label: None, text }))
}
