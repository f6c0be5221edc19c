//! HTML for Opsgenie. Texts from events are escaped, so that none of them is read as HTML.

use crate::card::cut::{clip, width};
use crate::card::{Phrase, Style};
use crate::locale::Words;

/// Least of a name that is worth showing.
const LEAST: usize = 20;

/// Escapes text for a field that Opsgenie renders as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Length of a character in escaped text.
pub(super) fn escaped_width(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        c => c.len_utf16(),
    }
}

/// Text for where HTML may be rendered, or not, as in a text message to a phone, where people would see an entity: `<`
/// becomes another sign where it could begin a tag.
/// <https://html.spec.whatwg.org/multipage/parsing.html#tag-open-state>
pub(super) fn unmarked(text: &str) -> String {
    let mut unmarked = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let begins = |next: &char| next.is_ascii_alphabetic() || "/!?".contains(*next);
        match c {
            '<' if rest.peek().is_some_and(begins) => unmarked.push('‹'),
            c => unmarked.push(c),
        }
    }
    unmarked
}

/// A headline within `limit`. If it is too long, first the name in it is cut, because what happened stands after it.
pub(super) fn headline(phrase: &Phrase, limit: usize, words: &Words) -> String {
    let whole = phrase.plain();
    let over = width(&whole).saturating_sub(limit);
    if over == 0 {
        return whole;
    }
    let mut cut_name = false;
    let spans = phrase.spans().map(|span| {
        let left = width(span.text).saturating_sub(over + 1);
        if cut_name || span.style != Style::Title || left < LEAST {
            return span.text.to_owned();
        }
        cut_name = true;
        beginning(span.text, left) + "…"
    });
    let shortened: String = spans.collect();
    clip(&shortened, limit, words)
}

/// The beginning of a text that fits into `limit`.
fn beginning(text: &str, limit: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.len_utf16();
        used <= limit
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Locale;

    #[test]
    fn nothing_begins_a_tag() {
        assert_eq!(escape("a <b> & c"), "a &lt;b&gt; &amp; c");
        assert_eq!(
            unmarked("<b>x</b> <!-- <?p 1 < 2 <= 3 <"),
            "‹b>x‹/b> ‹!-- ‹?p 1 < 2 <= 3 <"
        );
        for text in ["<b> & 'x' 가 😀", "plain"] {
            let width: usize = text.chars().map(escaped_width).sum();
            assert_eq!(width, escape(text).encode_utf16().count());
            assert_eq!(unmarked(text).encode_utf16().count(), text.encode_utf16().count());
        }
    }

    #[test]
    fn a_long_headline_keeps_what_happened() {
        let said =
            |name: &str, rest: &str| Phrase::said(format!("🚨 {} is in alarm{rest}", Phrase::title(name)));
        let short = |phrase: &Phrase| headline(phrase, 60, Locale::En.words());
        assert_eq!(short(&said("cpu", "")), "🚨 cpu is in alarm");
        let cut = short(&said(&"n".repeat(200), ": 83 ≥ 50"));
        assert_eq!(cut, format!("🚨 {}… is in alarm: 83 ≥ 50", "n".repeat(35)));
        assert_eq!(width(&cut), 60);
        let cut = short(&said("cpu", &"y".repeat(100)));
        assert!(
            cut.starts_with("🚨 cpu is in alarmy") && cut.ends_with(" more characters"),
            "{cut}"
        );
    }
}
