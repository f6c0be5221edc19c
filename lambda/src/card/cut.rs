//! Cuts long texts and says how much is missing.
//!
//! Lengths are counted in UTF-16 units, the widest count that a destination might use; `width` is what a character takes
//! there.

use crate::locale::Words;

/// Counts UTF-16 units.
pub(crate) fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Truncates plain text to `limit` and says how much is missing.
pub(crate) fn clip(text: &str, limit: usize, words: &Words) -> String {
    cut(text, 0, limit, words, char::len_utf16)
}

/// Splits `text` into at most `pages` pieces of at most `limit` units of `width` each. It splits at a line break
/// if that wastes less than half a piece. The last piece says how much is missing; `beyond` characters are missing in
/// any case.
pub(crate) fn paginate(
    text: &str,
    beyond: usize,
    (limit, pages): (usize, usize),
    words: &Words,
    width: fn(char) -> usize,
) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if pieces.len() + 1 == pages {
            pieces.push(cut(rest, beyond, limit, words, width));
            return pieces;
        }
        let fitting = &rest[..fit(rest, limit, width)];
        let end = match fitting.rfind('\n') {
            Some(end) if fitting.len() < rest.len() && end > fitting.len() / 2 => end + 1,
            _ => fitting.len(),
        };
        let (piece, others) = rest.split_at(end);
        // Slack, for one, drops blanks at both ends, and refuses a piece that consists only of blanks.
        let piece = piece.trim_end();
        if !piece.trim().is_empty() {
            pieces.push(piece.to_owned());
        }
        rest = others;
    }
    if beyond > 0 {
        let last = pieces.pop().unwrap_or_default();
        pieces.push(cut(&last, beyond, limit, words, width));
    }
    pieces
}

/// The beginning of `text` that fits into `limit` units, with how much is missing: also `beyond` characters after it.
pub(crate) fn cut(
    text: &str,
    beyond: usize,
    limit: usize,
    words: &Words,
    width: fn(char) -> usize,
) -> String {
    if beyond == 0 && fit(text, limit, width) == text.len() {
        return text.to_owned();
    }
    // Reserves room for the note. Its number has at most as many digits as the text's length.
    let room = self::width(&(words.more_characters)(text.len() + beyond)) + 1;
    let (kept, lost) = text.split_at(fit(text, limit.saturating_sub(room), width));
    let separator = if text.contains('\n') { "\n" } else { " " };
    format!(
        "{}{separator}{}",
        kept.trim_end(),
        (words.more_characters)(lost.chars().count() + beyond)
    )
}

/// How many bytes of `text` fit into `limit` units.
fn fit(text: &str, limit: usize, width: fn(char) -> usize) -> usize {
    let mut used = 0;
    for (index, c) in text.char_indices() {
        used += width(c);
        if used > limit {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Locale;

    #[test]
    fn a_cut_says_what_is_missing() {
        assert_eq!(clip("short", 100, Locale::En.words()), "short");
        assert_eq!(
            clip(&"가".repeat(30), 20, Locale::Ko.words()),
            format!("{} … 21자 더 있음", "가".repeat(9))
        );
    }

    #[test]
    fn pages_break_at_lines_and_lose_nothing_but_the_end() {
        let words = Locale::En.words();
        let paginate = |text: &str, room| paginate(text, 0, room, words, char::len_utf16);
        let text = "0123456789\n0123456789\n0123456789";
        assert_eq!(paginate(text, (25, 3)), ["0123456789\n0123456789", "0123456789"]);
        assert_eq!(
            paginate(&"x".repeat(70), (40, 2)),
            ["x".repeat(40), "x".repeat(30)]
        );
        let pages = paginate(&"x".repeat(100), (40, 2));
        assert_eq!(pages[1], format!("{} … 41 more characters", "x".repeat(19)));
        assert!(paginate(" \n ", (10, 2)).is_empty());
    }
}
