//! The same message in one text, without a card: for a space that refused it as it was.

use super::markup::inert;
use super::{MAX_MESSAGE, MAX_NOTICE, Message, SERVICE, mention, thread};
use crate::card::cut::{clip, width};
use crate::card::{Card, Link, Section};
use crate::destination::text::lines_of;
use crate::locale::Words;

/// Longest text. Each of its characters takes at most three bytes of the message.
const MAX_TEXT: usize = MAX_MESSAGE / 4;
/// Longest text of a link.
const MAX_LABEL: usize = 100;
/// Longest details, before what would be markup in them is broken.
const MAX_DETAILS: usize = 1_500;
/// Space that pages leave to the details.
const MIN_DETAILS: usize = 300;

/// The headline with its mentions, what the sections say, the pages, and that the card is missing.
pub fn plain(card: &Card) -> Message {
    let words = card.locale.words();
    let notice = inert(&clip(&card.headline.plain(), MAX_NOTICE, words));
    let called = mention::all(card).map(|called| called + " ").unwrap_or_default();
    let refused = inert(&(words.refused_form)(SERVICE));
    let headline = called + &notice;
    let mut room = MAX_TEXT.saturating_sub(MIN_DETAILS + width(&headline) + width(&refused) + 2);
    let mut pages: Vec<String> = pages(card).map(|link| page(link, words)).collect();
    pages.retain(|page| {
        let left = room.checked_sub(width(page) + 1);
        room = left.unwrap_or(room);
        left.is_some()
    });
    // Its pages are links.
    let mut bare = card.clone();
    bare.link = None;
    bare.sections
        .retain(|section| !matches!(section, Section::Links(_)));
    let lines = lines_of(&bare).join("\n");
    let most = MIN_DETAILS + room;
    // What breaks markup takes space, too: at most as much again and a little for each line.
    let cut = |most: usize| inert(&clip(&lines, most, words));
    let details = [MAX_DETAILS, most / 2, most / 4].into_iter().map(cut);
    let details = details.into_iter().find(|details| width(details) <= most);
    let mut lines = vec![headline, details.unwrap_or_default()];
    lines.extend(pages);
    lines.push(refused);
    lines.retain(|line| !line.trim().is_empty());
    Message {
        text: Some(lines.join("\n")),
        fallback_text: None,
        thread: thread(card),
        cards: Vec::new(),
    }
}

/// The card's own page, and then the others.
fn pages(card: &Card) -> impl Iterator<Item = &Link> {
    let others = card.sections.iter().filter_map(|section| match section {
        Section::Links(links) => Some(links),
        _ => None,
    });
    card.link.iter().chain(others.flatten())
}

/// A link. The characters that would end it are taken out of its address and of its text.
fn page(link: &Link, words: &Words) -> String {
    let label = clip(&link.label, MAX_LABEL, words).replace(['<', '>', '|'], " ");
    format!("<{}|{}>", link.page, inert(&label))
}
