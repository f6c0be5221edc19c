//! The message for anything without a layout of its own: text, or JSON in a code block.

use super::block::{Block, MAX_SECTION, Text};
use super::markup::{clean, clip_escaped, one_line, paginate};
use super::parts::{PLAIN, json};
use super::{Message, local_time};
use crate::arn::Arn;
use crate::event::Source;
use crate::locale::Words;
use jiff::tz::TimeZone;
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

pub(super) fn compose(
    subject: Option<&str>,
    body: Body<'_>,
    source: &Source,
    words: &Words,
    zone: &TimeZone,
) -> Message {
    let headline = match (
        subject.map(one_line).filter(|subject| !subject.is_empty()),
        source.topic(),
    ) {
        (Some(subject), _) => subject,
        (None, Some(topic)) => (words.from_topic)(&one_line(topic)),
        (None, None) => words.unknown_event.to_owned(),
    };
    let mut blocks = match body {
        Body::Text(text) => prose(text, words),
        Body::Json(value) => code(value, words),
    };
    blocks.extend(footer(source, words, zone));
    Message {
        text: format!("*{}*", clip_escaped(&headline, MAX_HEADLINE, words)),
        colour: PLAIN,
        blocks,
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

/// Where and when, in small print.
fn footer(source: &Source, words: &Words, zone: &TimeZone) -> Option<Block> {
    let arn = source
        .topic_arn
        .as_deref()
        .and_then(Arn::parse)
        .unwrap_or_default();
    let parts: Vec<_> = [
        (words.label_topic, source.topic().map(one_line)),
        (words.label_region, arn.region),
        (words.label_account, arn.account),
        (
            words.label_time,
            source.sent.map(|moment| local_time(moment, zone)),
        ),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some(format!("{label}: {}", value.filter(|value| !value.is_empty())?)))
    .collect();
    (!parts.is_empty()).then(|| {
        Block::context(Text::mrkdwn(clip_escaped(
            &parts.join("  ·  "),
            MAX_SECTION,
            words,
        )))
    })
}
