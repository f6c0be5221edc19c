//! The same message in one text, without embeds: for a channel that refused it as it was.

use super::embed::{MAX_CONTENT, Message, SUPPRESS_EMBEDS};
use super::markdown::{cut_escaped, link, uncalled};
use super::{SERVICE, mention, notice};
use crate::card::cut::width;
use crate::card::{Card, Section};
use crate::destination::text::lines_of;

/// Space that pages leave to the details.
const MIN_DETAILS: usize = 200;

/// The headline with its mentions, what the embeds say, the pages, and that the embeds are missing.
pub fn plain(card: &Card) -> Message {
    let words = card.locale.words();
    let headline = mention::all(card) + &notice(card);
    let refused = format!("-# {}", (words.refused_form)(SERVICE));
    let mut bare = card.clone();
    bare.sections
        .retain(|section| !matches!(section, Section::Links(_)));
    // Each line but the first has a break before it.
    let mut room = (MAX_CONTENT - MIN_DETAILS).saturating_sub(width(&headline) + width(&refused) + 2);
    let mut pages = pages(card);
    pages.retain(|page| {
        let left = room.checked_sub(width(page) + 1);
        room = left.unwrap_or(room);
        left.is_some()
    });
    // The invisible space after an `@` takes room, too, and people rarely write one.
    let details = lines_of(&bare).join("\n");
    let marks = details.matches('@').count();
    let most = (MIN_DETAILS + room).saturating_sub(marks);
    let details = uncalled(&cut_escaped(&details, most, words));
    let mut lines = vec![headline, details];
    lines.extend(pages);
    lines.push(refused);
    lines.retain(|line| !line.trim().is_empty());
    Message {
        content: Some(lines.join("\n")),
        embeds: Vec::new(),
        allowed_mentions: mention::allowed(card),
        flags: Some(SUPPRESS_EMBEDS),
    }
}

/// The card's own page, and then the others.
fn pages(card: &Card) -> Vec<String> {
    let own = card.link.iter();
    let others = card.sections.iter().flat_map(|section| match section {
        Section::Links(links) => links.as_slice(),
        _ => &[],
    });
    own.chain(others).map(link).collect()
}
