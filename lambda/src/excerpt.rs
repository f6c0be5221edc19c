//! Long texts, of which a message shows only the beginning.

use crate::phrase::clean;
use serde::Serialize;
use std::io;

/// Most bytes that a character takes.
const BYTES: usize = 4;

/// The beginning of a long text. The rest is not kept, since a card may wait until its destination has time for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Cleaned, and not empty.
    pub text: String,
    /// Number of characters after `text`.
    pub beyond: usize,
    /// How many characters are worth showing; a destination may have room for fewer.
    pub most: usize,
}

impl Excerpt {
    /// Text from outside; `None` if it is blank.
    pub(crate) fn of(text: &str, most: usize) -> Option<Self> {
        let mut text = clean(text);
        let end = text.floor_char_boundary(BYTES * most);
        let beyond = text.get(end..).unwrap_or_default().chars().count();
        text.truncate(end);
        text.shrink_to_fit();
        (!text.is_empty()).then_some(Self { text, beyond, most })
    }

    /// Whether less is shown of it than there is.
    #[cfg(feature = "runtime")]
    pub(crate) fn is_cut(&self) -> bool {
        self.beyond > 0 || self.text.encode_utf16().count() > self.most
    }

    /// Pretty-printed JSON.
    pub(crate) fn of_json(value: &impl Serialize, most: usize) -> Self {
        let mut text = Beginning::new(BYTES * most);
        text.push_json(value);
        let Beginning { kept, beyond, .. } = text;
        // Blanks at the end are cleaned away.
        let blanks = kept.chars().rev().take_while(|one| one.is_whitespace());
        let beyond = match beyond {
            0 => 0,
            more => more + blanks.count(),
        };
        Self {
            text: clean(&kept),
            beyond,
            most,
        }
    }
}

/// The beginning of a text. Of the rest only the length is known, so that a value which takes megabytes when it is
/// written with indentation takes none.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub kept: String,
    /// In bytes.
    most: usize,
    /// Number of characters after `kept`.
    pub beyond: usize,
}

impl Beginning {
    /// An empty text that keeps at most `most` bytes of what is written to it.
    pub fn new(most: usize) -> Self {
        Self {
            kept: String::new(),
            most,
            beyond: 0,
        }
    }

    pub fn push(&mut self, text: &str) {
        let room = match self.beyond {
            0 => self.most.saturating_sub(self.kept.len()),
            _ => 0,
        };
        let (kept, beyond) = text.split_at(text.floor_char_boundary(room));
        self.kept.push_str(kept);
        self.beyond += beyond.chars().count();
    }

    /// Adds pretty-printed JSON.
    pub fn push_json(&mut self, value: &impl Serialize) {
        // Writing to memory does not fail.
        let _ = serde_json::to_writer_pretty(self, value);
    }
}

/// What is written has to be whole characters: JSON is written so.
impl io::Write for Beginning {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.push(std::str::from_utf8(text).map_err(io::Error::other)?);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn of_json_only_as_much_is_kept_as_may_be_shown() {
        let mut deep = json!(1);
        for _ in 0..120 {
            deep = json!([deep]);
        }
        let value = json!(vec![deep; 300]);
        let whole = format!("{value:#}");
        let mut text = Beginning::new(5_000);
        text.push_json(&value);
        assert_eq!(text.kept, whole[..5_000]);
        assert_eq!(text.beyond, whole.len() - 5_000);
        assert!(text.kept.capacity() < 20_000);
        let excerpt = Excerpt::of_json(&value, 1_000);
        assert_eq!(
            excerpt.text.chars().count() + excerpt.beyond,
            whole.chars().count()
        );
    }

    #[test]
    fn of_text_no_more_is_kept_than_may_be_shown() {
        let excerpt = Excerpt::of(&format!(" {}\n", "가a".repeat(50_000)), 100);
        let excerpt = excerpt.expect("an excerpt");
        assert!(excerpt.text.capacity() <= 400, "{}", excerpt.text.capacity());
        assert_eq!(excerpt.text.chars().count() + excerpt.beyond, 100_000);
        assert_eq!(Excerpt::of("\u{202e} \n", 100), None);
        assert_eq!(Excerpt::of("\u{feff}", 100), None);
    }

    #[test]
    fn what_is_removed_brings_no_other_backticks_together_later() {
        // A destination that looks for code fences finds them all, because nothing is removed after this.
        let excerpt = Excerpt::of_json(&json!("`\u{202e}`\u{7f}`"), 100);
        assert_eq!(excerpt.text, "\"```\"");
    }

    #[test]
    fn what_is_missing_is_counted_even_if_what_is_left_fits() {
        // Marks that change the direction of text are taken out, so all of what was kept fits.
        let excerpt = Excerpt::of_json(&json!("\u{202e}".repeat(50_000)), 1_000);
        assert!(
            excerpt.text.len() < 1_000 && excerpt.beyond > 40_000,
            "{excerpt:?}"
        );
    }
}
