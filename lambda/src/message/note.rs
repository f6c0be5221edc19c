//! The message for anything without a layout of its own: text, or JSON in a code block.

use super::Draft;
use super::block::{Block, MAX_SECTION, Text};
use super::frame::Frame;
use super::markup::{clean, clip_escaped, one_line, paginate};
use super::parts::{PLAIN, json};
use crate::arn::Arn;
use crate::event::Severity;
use crate::locale::Words;
use serde_json::Value;

/// Longest headline; SNS subjects have fewer than 100 characters.
const MAX_HEADLINE: usize = 200;
/// Sections a text may fill. Slack refuses a message with some 13,200 characters in all, which its
/// documentation does not mention.
const PAGES: usize = 3;

pub(super) enum Body<'a> {
    Text(&'a str),
    Json(&'a Value),
}

pub(super) fn compose(subject: Option<&str>, body: Body<'_>, severity: Severity, frame: &Frame<'_>) -> Draft {
    let (words, source) = (frame.words, frame.source);
    let headline = match (
        subject.map(one_line).filter(|subject| !subject.is_empty()),
        source.topic(),
    ) {
        (Some(subject), _) => subject,
        (None, Some(topic)) => (words.from_topic)(&one_line(topic)),
        (None, None) => words.unknown_event.to_owned(),
    };
    let blocks = match body {
        Body::Text(text) => prose(text, words),
        Body::Json(value) => code(value, words),
    };
    let topic = source
        .topic_arn
        .as_deref()
        .and_then(Arn::parse)
        .unwrap_or_default();
    let small = [
        (words.label_region, topic.region),
        (words.label_account, topic.account.map(|id| frame.account(&id))),
        (words.label_time, source.sent.map(|moment| frame.time(moment))),
    ];
    // A subject with a sign of its own needs no other one.
    let sign = if headline.starts_with(|c: char| c.is_ascii() || c.is_alphanumeric()) {
        format!("{} ", severity.emoji())
    } else {
        String::new()
    };
    Draft {
        headline: format!("{sign}*{}*", clip_escaped(&headline, MAX_HEADLINE, words)),
        colour: PLAIN,
        blocks,
        page: None,
        small: small
            .into_iter()
            .filter_map(|(label, value)| Some((label, value?)))
            .collect(),
    }
}

fn prose(text: &str, words: &Words) -> Vec<Block> {
    let pages = paginate(&clean(text), MAX_SECTION, PAGES, words);
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
