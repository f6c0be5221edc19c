//! The message for anything without a layout of its own: text, or JSON in a code block.

use super::block::{Block, MAX_SECTION, Text};
use super::frame::Frame;
use super::markup::{clean, clip_escaped, one_line, paginate, plain};
use super::parts::{PLAIN, json};
use super::{Draft, event};
use crate::contract::Arn;
use crate::contract::Severity;
use crate::event::{Gist, mask_text, mask_value};
use crate::locale::Words;
use serde_json::Value;

/// Longest headline; SNS subjects have fewer than 100 characters.
const MAX_HEADLINE: usize = 200;
/// Most sections that a text may fill. Slack refuses a message with about 13,200 characters in total, a limit
/// that it does not document.
const PAGES: usize = 3;

pub(super) enum Body<'a> {
    Text(&'a str),
    Json(&'a Value),
}

pub(super) fn compose(subject: Option<&str>, body: Body<'_>, severity: Severity, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let blocks = match &body {
        Body::Text(text) => prose(&mask_text(text), words),
        Body::Json(value) => code(&mask_value(value), words),
    };
    let mut draft = Draft {
        headline: headline(subject, severity, frame),
        colour: PLAIN,
        blocks,
        page: None,
        small: small(frame),
    };
    if let Body::Json(value) = body {
        let gist = Gist::read(subject, &[], value);
        draft.headline = event::gist(&draft.headline, &gist, frame);
        draft.colour = event::shade(&gist);
        draft.page = event::page(&gist, frame);
    }
    draft
}

/// The subject with an emoji before it; without a subject, a headline from what is known.
pub(super) fn headline(subject: Option<&str>, severity: Severity, frame: &Frame<'_>) -> String {
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
    format!("{sign}*{}*", clip_escaped(&plain(&headline), MAX_HEADLINE, words))
}

/// Where and when the SNS message was sent.
fn small(frame: &Frame<'_>) -> Vec<(&'static str, String)> {
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
        .filter_map(|(label, value)| Some((label, value?)))
        .collect()
}

fn prose(text: &str, words: &Words) -> Vec<Block> {
    let pages = paginate(&clean(text), 0, MAX_SECTION, PAGES, words);
    pages
        .into_iter()
        .map(|page| Block::section(Text::plain(page)))
        .collect()
}

fn code(value: &Value, words: &Words) -> Vec<Block> {
    json(value, MAX_SECTION, PAGES, words)
        .into_iter()
        .map(|page| Block::section(Text::mrkdwn(page)))
        .collect()
}
