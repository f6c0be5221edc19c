//! The same message in one text, for a workflow that refused it as it was.

use super::action::actions;
use super::body::headline;
use super::element::Element;
use super::run::Run;
use super::{Message, SERVICE, mention};
use crate::card::cut::clip;
use crate::card::{Card, Section};
use crate::destination::text::lines_of;

/// Longest details.
const MAX_DETAILS: usize = 1_500;

/// The headline, what the sections say, the pages, and that their form is missing. A workflow takes nothing but cards, so it
/// is the simplest of them.
pub fn plain(card: &Card) -> Message {
    let words = card.locale.words();
    let called = mention::of(card);
    let at: Vec<_> = called.iter().map(mention::Called::at).collect();
    let at = (!at.is_empty()).then(|| Element::TextBlock {
        text: at.join(" "),
        wrap: true,
    });
    // Its pages are buttons.
    let mut bare = card.clone();
    bare.link = None;
    bare.sections
        .retain(|section| !matches!(section, Section::Links(_)));
    let details = clip(&lines_of(&bare).join("\n"), MAX_DETAILS, words);
    let refused = (words.refused_form)(SERVICE);
    let texts = [details, refused]
        .into_iter()
        .filter(|text| !text.trim().is_empty());
    let texts = texts.map(|text| Element::rich(vec![Run::text(&text)]));
    let headline = Element::rich(headline(card));
    Message {
        body: [headline].into_iter().chain(at).chain(texts).collect(),
        actions: actions(card),
        called,
    }
}
