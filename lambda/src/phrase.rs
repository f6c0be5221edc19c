//! Short texts for people, in spans: what is a name, what is stressed. How that looks is up to a destination.
//!
//! A phrase is one string in which control characters delimit the spans. So the tables of words build phrases with
//! `format!`, whose arguments the compiler checks, and a Korean particle sees how the word before it ends. Text from
//! outside holds no control characters, because every way to make a phrase of it takes them out.

use std::fmt;

/// Begins a span of this style.
const STRONG: char = '\u{1}';
const CODE: char = '\u{2}';
const TITLE: char = '\u{3}';
/// Ends a span.
const END: char = '\u{4}';
/// Makes one emoji of two, invisibly ("zero width joiner").
const JOINER: char = '\u{200d}';
/// The sign for information, without what makes it an emoji.
const INFORMATION: char = 'ℹ';
/// Asks for the coloured form of the character before it.
const VARIATION: char = '\u{fe0f}';

/// A short text on one line, in spans.
///
/// It is written through `Display` with the marks of its spans; [`Phrase::plain`] is its text alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Phrase(String);

/// A part of a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<'a> {
    pub style: Style,
    pub text: &'a str,
}

/// What a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Words of a sentence.
    Text,
    /// Stressed.
    Strong,
    /// A name or a value, to be shown as it is and copied.
    Code,
    /// The name of the thing that the whole is about, stressed. The card's link leads to it.
    Title,
}

impl Phrase {
    /// Text from outside.
    pub fn text(text: &str) -> Self {
        Self(one_line(text))
    }

    pub fn strong(text: &str) -> Self {
        Self::marked(STRONG, text)
    }

    pub fn code(text: &str) -> Self {
        Self::marked(CODE, text)
    }

    pub fn title(text: &str) -> Self {
        Self::marked(TITLE, text)
    }

    fn marked(style: char, text: &str) -> Self {
        Self(format!("{style}{}{END}", one_line(text)))
    }

    /// A sentence that was put together from words of ours and from phrases.
    pub(crate) fn said(sentence: String) -> Self {
        Self(kept(&sentence, |c| is_mark(c) || is_shown(c)))
    }

    /// The spans in their order; none is empty.
    pub fn spans(&self) -> impl Iterator<Item = Span<'_>> {
        let pieces = self.0.split_inclusive(is_mark);
        let mut style = Style::Text;
        pieces.filter_map(move |piece| {
            let text = piece.trim_end_matches(is_mark);
            let span = Span { style, text };
            style = match piece.chars().next_back() {
                Some(STRONG) => Style::Strong,
                Some(CODE) => Style::Code,
                Some(TITLE) => Style::Title,
                _ => Style::Text,
            };
            (!text.is_empty()).then_some(span)
        })
    }

    /// The text without the marks.
    pub fn plain(&self) -> String {
        self.spans().map(|span| span.text).collect()
    }

    /// Adds another phrase at the end.
    pub fn push(&mut self, more: &Self) {
        self.0 += &more.0;
    }

    /// The phrase without the sign, such as an emoji, that may stand before its words.
    pub(crate) fn without_sign(&self) -> Self {
        // The marks of spans are ASCII, too. Unicode counts the sign for information as a letter.
        let is_word = |c: char| c.is_ascii() || c.is_alphanumeric() && c != INFORMATION;
        let is_sign = |word: &str| !word.contains(is_word);
        match self.0.split_once(' ') {
            Some((sign, words)) if is_sign(sign) => Self(words.trim_start().to_owned()),
            _ => self.clone(),
        }
    }
}

impl fmt::Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, STRONG | CODE | TITLE | END)
}

/// Removes what would deceive a reader or break a message: control characters other than line breaks and tabs,
/// invisible characters, such as marks that change the direction of text, and blanks at both ends. A destination that needs
/// invisible characters adds them afterwards.
pub(crate) fn clean(text: &str) -> String {
    let cleaned = kept(text.trim(), |c| matches!(c, '\n' | '\t') || is_shown(c));
    match cleaned.trim() {
        trimmed if trimmed.len() == cleaned.len() => cleaned,
        trimmed => trimmed.to_owned(),
    }
}

/// The characters that are kept, and the joiners that make one emoji of several.
fn kept(text: &str, is_kept: impl Fn(char) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut before = None;
    while let Some(c) = rest.next() {
        let joins = before.is_some_and(|c| c == VARIATION || is_emoji(c))
            && rest.peek().is_some_and(|next| is_emoji(*next));
        if is_kept(c) || c == JOINER && joins {
            kept.push(c);
            before = Some(c);
        }
    }
    kept
}

/// Whether a reader can see it, or at least its effect. The others are Unicode's category `Cf` ("format") as far as it
/// exists outside of single scripts: marks of direction, joiners, spaces without width, annotations, tags.
fn is_shown(c: char) -> bool {
    match c {
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => false,
        c => !c.is_control(),
    }
}

/// Whether it may be a part of an emoji that has several.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// [`clean`], on one line.
pub(crate) fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deceiving_characters_are_removed() {
        assert_eq!(clean(" a\u{202e}b\u{0}c\u{7f}\r\nd\te \n"), "abc\nd\te");
        assert_eq!(one_line("a\n  b\tc"), "a b c");
    }

    #[test]
    fn invisible_characters_are_removed() {
        let tags: String = "admin"
            .bytes()
            .map(|byte| char::from_u32(0xe0000 + u32::from(byte)).expect("a tag"))
            .collect();
        for invisible in [
            "\u{feff}", "\u{200b}", "\u{200c}", "\u{200d}", "\u{2060}", "\u{ad}", "\u{61c}", &tags,
        ] {
            assert_eq!(clean(invisible), "", "{invisible:?}");
            assert_eq!(
                clean(&format!("{invisible} pay{invisible}roll \n{invisible}")),
                "payroll"
            );
            assert_eq!(
                Phrase::code(&format!("pay{invisible}roll")),
                Phrase::code("payroll")
            );
            assert_eq!(Phrase::said(format!("pay{invisible}roll")).plain(), "payroll");
        }
    }

    #[test]
    fn emoji_of_several_parts_stay_whole() {
        for emoji in ["🗑️", "⚠️", "👩‍💻", "👩🏽‍💻", "🏳️‍🌈", "👨‍👩‍👧", "❤️‍🔥", "🧑‍⚕️"]
        {
            assert_eq!(clean(emoji), emoji);
            assert_eq!(
                Phrase::said(format!("{emoji} {}", Phrase::code(emoji))).plain(),
                format!("{emoji} {emoji}")
            );
        }
        // A joiner joins nothing else.
        assert_eq!(
            clean("a\u{200d}b 👩\u{200d} 👩\u{200d}a a\u{200d}👩"),
            "ab 👩 👩a a👩"
        );
    }

    #[test]
    fn a_sentence_keeps_its_spans() {
        let (who, what) = (Phrase::title("cpu"), Phrase::code("a b"));
        let sentence = Phrase::said(format!("🚨 {who} did {what}: {}", Phrase::strong("x")));
        let spans: Vec<_> = sentence.spans().map(|span| (span.style, span.text)).collect();
        assert_eq!(
            spans,
            [
                (Style::Text, "🚨 "),
                (Style::Title, "cpu"),
                (Style::Text, " did "),
                (Style::Code, "a b"),
                (Style::Text, ": "),
                (Style::Strong, "x"),
            ]
        );
        assert_eq!(sentence.plain(), "🚨 cpu did a b: x");
        let bare = sentence.without_sign();
        assert_eq!(bare.plain(), "cpu did a b: x");
        assert_eq!(Phrase::text("ℹ️ cpu").without_sign().plain(), "cpu");
        for same in [bare, Phrase::strong("🔥 fire"), Phrase::text("불 났음")] {
            assert_eq!(same.without_sign(), same);
        }
    }

    #[test]
    fn text_from_outside_makes_no_spans() {
        let hostile = "\u{1}bold\u{4} \u{2}code\n\u{202e}\u{3}";
        for phrase in [
            Phrase::text(hostile),
            Phrase::code(hostile),
            Phrase::title(hostile),
        ] {
            let spans: Vec<_> = phrase.spans().map(|span| span.text).collect();
            assert_eq!(spans, ["bold code"]);
        }
        assert_eq!(Phrase::said("a\u{202e}\r\n\u{7f}b".to_owned()).plain(), "ab");
    }
}
