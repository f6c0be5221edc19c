//! Fits text to the width of a terminal, in columns: a Korean letter takes two, a colour none.

use std::io;

use anstream::adapter::strip_str;
use terminal_size::{Height, Width, terminal_size_of};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns and rows of the terminal on standard error; `None` if there is no terminal, or if it does not report
/// its size.
pub(super) fn of_talk() -> Option<(usize, usize)> {
    let (Width(columns), Height(rows)) = terminal_size_of(io::stderr())?;
    Some((columns.into(), rows.into()))
}

/// Columns of standard output; `None` if it is not a terminal, because then lines may have any length.
pub(super) fn of_results() -> Option<usize> {
    let (Width(columns), _) = terminal_size_of(io::stdout())?;
    Some(columns.into())
}

/// The width of a text in columns.
pub(super) fn columns(text: &str) -> usize {
    strip_str(text).to_string().width()
}

/// The text cut to this number of columns; a longer one ends in an ellipsis. It must not contain colour.
pub(super) fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |character: &char| {
        let width = character.width().unwrap_or_default();
        let fits = width <= left;
        left = if fits { left - width } else { 0 };
        fits
    };
    let mut kept: String = text.chars().take_while(fits).collect();
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// The text wrapped between words to lines of at most this number of columns, each after `indent`. A longer
/// word gets its own line.
pub(super) fn wrapped(text: &str, indent: &str, columns: Option<usize>) -> String {
    let room = columns.map_or(usize::MAX, |columns| columns.saturating_sub(indent.width()));
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if self::columns(line) + 1 + self::columns(word) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let lines: Vec<_> = lines.iter().map(|line| format!("{indent}{line}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_is_no_wider_than_its_room() {
        assert_eq!(cut("mission-cpu", 11), "mission-cpu");
        assert_eq!(cut("mission-cpu", 8), "mission…");
        // If a wide letter does not fit, the letters after it are dropped as well.
        assert_eq!(cut("알림-cpu", 8), "알림-cpu");
        assert_eq!(cut("알림-cpu", 4), "알…");
        assert_eq!(cut("알림a", 3), "알…");
        assert_eq!((cut("ab", 1).as_str(), cut("ab", 0).as_str()), ("…", ""));
    }

    #[test]
    fn a_wrapped_text_breaks_between_words() {
        assert_eq!(
            wrapped("to create: 3 topics", "  ", None),
            "  to create: 3 topics"
        );
        assert_eq!(
            wrapped("to create: 3 topics", "  ", Some(12)),
            "  to create:\n  3 topics"
        );
        assert_eq!(
            wrapped("a https://example.com/b c", "", Some(9)),
            "a\nhttps://example.com/b\nc"
        );
    }
}
