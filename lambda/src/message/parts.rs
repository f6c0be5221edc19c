//! Building blocks that several kinds of messages share.

use super::block::{MAX_FIELD, MAX_SECTION, Text};
use super::markup::{clean, clip, clip_escaped, escape, one_line, paginate, plain};
use crate::contract::Severity;
use crate::locale::Words;
use serde_json::Value;
use std::fmt::{self, Write as _};

pub(super) const GOOD: &str = "#2eb67d";
pub(super) const PLAIN: &str = "#439fe0";
pub(super) const IDLE: &str = "#9e9e9e";
pub(super) const WARNING: &str = "#ecb22e";
pub(super) const SERIOUS: &str = "#e8731c";
pub(super) const BAD: &str = "#d7263d";

/// Longest prose shown, such as an alarm's description; AWS allows 1,024 characters there. Together with the
/// fields, the message stays below 13,200 characters, where Slack answers `msg_blocks_too_long`.
const MAX_PROSE: usize = 1_500;
/// Longest value of a field shown.
const MAX_VALUE: usize = 700;
/// Most lines in a field; AWS allows 30 dimensions and 100 children of an alarm.
const MAX_LINES: usize = 10;
/// Longest name in a headline.
const MAX_NAME: usize = 160;
const FENCE: &str = "```";

const _: () = assert!(MAX_PROSE < MAX_SECTION && MAX_VALUE < MAX_FIELD);

/// Colour of a notice whose severity comes from the stack file.
pub(super) fn colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => PLAIN,
        Severity::Warning => WARNING,
        Severity::Error => SERIOUS,
        Severity::Critical => BAD,
    }
}

/// A field with our own label; `None` if the value is empty.
pub(super) fn field(label: &str, value: &str, words: &Words) -> Option<Text> {
    let value = plain(&clean(value));
    (!value.is_empty())
        .then(|| Text::mrkdwn(format!("*{label}*\n{}", clip_escaped(&value, MAX_VALUE, words))))
}

/// Text for a plain-text section.
pub(super) fn prose(text: Option<&str>, words: &Words) -> Option<String> {
    let text = clean(text?);
    (!text.is_empty()).then(|| clip(&text, MAX_PROSE, words))
}

/// The entries, one per line; only the first ones if there are many.
pub(super) fn lines(mut entries: Vec<String>, words: &Words) -> Option<String> {
    if entries.len() > MAX_LINES {
        let missing = entries.len() - MAX_LINES;
        entries.truncate(MAX_LINES);
        entries.push((words.more_entries)(missing));
    }
    (!entries.is_empty()).then(|| entries.join("\n"))
}

/// A name from outside, formatted as code for a headline, so that Slack does not turn it into a link, emoji or
/// mention.
pub(super) fn code(name: &str, words: &Words) -> String {
    let name = one_line(name).replace('`', "'");
    format!(
        "`{}`",
        clip_escaped(if name.is_empty() { "?" } else { &name }, MAX_NAME, words)
    )
}

/// A link; the address must not contain a blank, `|`, `<` or `>`.
pub(super) fn link(page: &str, label: &str) -> String {
    format!("<{}|{label}>", escape(page))
}

/// Pretty-printed JSON as at most `pages` code blocks of at most `limit` characters. A code fence inside the
/// JSON would end the block, so invisible spaces separate its backticks.
pub(super) fn json(value: &Value, limit: usize, pages: usize, words: &Words) -> Vec<String> {
    // A character takes at most four bytes.
    let text = Bounded::of(value, 4 * limit * pages);
    let shown = text.kept.replace(FENCE, "`\u{200b}`\u{200b}`");
    let limit = limit - 2 * (FENCE.len() + 1);
    // Blanks at the end are cleaned away.
    let blanks = shown.chars().rev().take_while(|one| one.is_whitespace());
    let beyond = match text.beyond {
        0 => 0,
        more => more + blanks.count(),
    };
    let pages = paginate(&clean(&shown), beyond, limit, pages, words);
    let fenced = |page: String| format!("{FENCE}\n{}\n{FENCE}", escape(&page));
    pages.into_iter().map(fenced).collect()
}

/// The beginning of a text. Of the rest only the length is known, so that a value which takes megabytes when it is
/// written with indentation takes none.
struct Bounded {
    kept: String,
    /// In bytes.
    most: usize,
    /// Number of characters after `kept`.
    beyond: usize,
}

impl Bounded {
    /// Pretty-printed JSON of which at most `most` bytes are kept.
    fn of(value: &Value, most: usize) -> Self {
        let mut text = Self {
            kept: String::new(),
            most,
            beyond: 0,
        };
        // Writing to memory does not fail.
        let _ = write!(text, "{value:#}");
        text
    }
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = match self.beyond {
            0 => self.most.saturating_sub(self.kept.len()),
            _ => 0,
        };
        let (kept, beyond) = text.split_at(text.floor_char_boundary(room));
        self.kept.push_str(kept);
        self.beyond += beyond.chars().count();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Locale;
    use serde_json::json;

    #[test]
    fn of_json_only_as_much_is_kept_as_is_shown() {
        let mut deep = json!(1);
        for _ in 0..120 {
            deep = json!([deep]);
        }
        let value = json!(vec![deep; 300]);
        let whole = format!("{value:#}");
        let text = Bounded::of(&value, 5_000);
        assert_eq!(text.kept, whole[..5_000]);
        assert_eq!(text.beyond, whole.len() - 5_000);
        assert!(text.kept.capacity() < 20_000);
        let shown = json(&value, 1_000, 2, Locale::En.words());
        assert_eq!(shown.len(), 2);
        let missing: usize = shown[1]
            .split("… ")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .and_then(|count| count.parse().ok())
            .expect("a count");
        assert!(
            missing < whole.len() && missing > whole.len() - 2_000,
            "{missing}"
        );
    }

    #[test]
    fn what_is_missing_is_told_even_if_what_is_left_fits() {
        // Marks that change the direction of text are taken out, so all of what was kept fits.
        let value = json!("\u{202e}".repeat(50_000));
        let shown = json(&value, 1_000, 1, Locale::En.words());
        assert!(shown[0].contains(" more characters"), "{shown:?}");
    }
}
