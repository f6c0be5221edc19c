//! Discord's Markdown: phrases with markup, and text from outside without any.
//!
//! A backslash before a punctuation mark takes away what the mark means, and is not shown. So people can copy a name as it
//! is. <https://discord.com/developers/docs/reference#message-formatting>,
//! <https://support.discord.com/hc/en-us/articles/210298617>

use crate::card::cut::cut;
use crate::card::{Link, Phrase, Span, Style};
use crate::locale::Words;

/// An invisible space (zero width).
const JOINT: char = '\u{200b}';
const FENCE: &str = "```";

/// Text in which Discord formats, links and mentions nothing.
pub(super) fn escape(text: &str) -> String {
    escape_before(text, false)
}

/// The same for a text that something follows, maybe without a blank.
fn escape_before(text: &str, follows: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    // The line so far: only blanks, only digits, or more.
    let (mut begins, mut counts) = (true, false);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let means = match c {
            '\\' | '*' | '_' | '~' | '|' | '`' | '<' | '@' | '[' | ']' => true,
            ':' => begins_address(rest.as_str()) || begins_emoji(rest.as_str(), follows),
            // A heading, small print, a list, a quotation.
            '#' | '-' | '+' | '>' => begins,
            '.' | ')' => counts && rest.as_str().starts_with(' '),
            _ => false,
        };
        if means {
            escaped.push('\\');
        }
        escaped.push(c);
        (begins, counts) = match c {
            '\n' => (true, false),
            ' ' => (begins, false),
            _ => (false, c.is_ascii_digit() && (begins || counts)),
        };
    }
    escaped
}

/// Whether a colon before this text belongs to an address, which Discord would link.
fn begins_address(after: &str) -> bool {
    after.starts_with("//")
}

/// Whether a colon before this text may begin a name that Discord shows as an emoji, as in `arn:aws:iam`. It takes a backslash
/// for a part of the name, so of a word all such colons are escaped, but the last.
fn begins_emoji(after: &str, follows: bool) -> bool {
    let end = after.find(char::is_whitespace);
    let word = after.get(..end.unwrap_or(after.len())).unwrap_or_default();
    // No emoji is called as the minutes in `12:34:56`.
    let is_clock = |name: &str| matches!(name.len(), 1 | 2) && name.bytes().all(|byte| byte.is_ascii_digit());
    let names = word.rsplit_once(':').map(|(names, _)| names);
    end.is_none() && follows || names.is_some_and(|names| !names.split(':').all(is_clock))
}

/// What a character takes of [`escape`]d text at most.
pub(super) fn escaped_width(c: char) -> usize {
    match c {
        '\\' | '*' | '_' | '~' | '|' | '`' | '<' | '@' | '[' | ']' => 2,
        ':' | '#' | '-' | '+' | '>' | '.' | ')' => 2,
        c => c.len_utf16(),
    }
}

/// The beginning of a text that fits into `limit`, escaped; says how much is missing.
pub(super) fn cut_escaped(text: &str, limit: usize, words: &Words) -> String {
    escape(&cut(text, 0, limit, words, escaped_width))
}

/// Escaped text in which Discord calls nobody, even if the message may call everybody: it looks for `@everyone` before it
/// takes out backslashes.
pub(super) fn uncalled(escaped: &str) -> String {
    escaped.replace('@', &format!("@{JOINT}"))
}

/// A phrase in Markdown. In a title, which is bold, nothing else is. Marks that would meet have an invisible space between
/// them.
pub(super) fn markdown(phrase: &Phrase, is_title: bool) -> String {
    let mut markdown = String::new();
    let mut marked = false;
    let mut spans = phrase.spans().peekable();
    while let Some(Span { style, text }) = spans.next() {
        let style = match style {
            Style::Strong | Style::Title if is_title => Style::Text,
            style => style,
        };
        let met = std::mem::replace(&mut marked, style != Style::Text);
        if met && marked {
            markdown.push(JOINT);
        }
        markdown += &match style {
            Style::Code => code(text),
            Style::Strong | Style::Title => format!("**{}**", escape_before(text, true)),
            Style::Text => escape_before(text, spans.peek().is_some()),
        };
    }
    markdown
}

/// Code, in which Discord finds nothing else.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

/// A block of JSON. A code fence inside would end it, so invisible spaces separate its backticks.
pub(super) fn block(json: &str) -> String {
    let inside = json.replace('`', &format!("`{JOINT}"));
    format!("{FENCE}json\n{inside}\n{FENCE}")
}

/// What a character takes of a [`block`].
pub(super) fn block_width(c: char) -> usize {
    match c {
        '`' => 2,
        c => c.len_utf16(),
    }
}

/// A link. Discord mentions nobody inside one. It does not render a link whose label has brackets, and takes the first closing
/// parenthesis for the end of the address, so these are replaced.
pub(super) fn link(link: &Link) -> String {
    let label = link.label.replace('[', "(").replace(']', ")");
    let mut page = String::with_capacity(link.page.len());
    for c in link.page.chars() {
        match c {
            '(' => page += "%28",
            ')' => page += "%29",
            '@' => page += "%40",
            '\\' => page += "%5C",
            c => page.push(c),
        }
    }
    format!("[{}]({page})", uncalled(&escape_before(&label, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_means_nothing() {
        for (text, escaped) in [
            (
                "*a* _b_ ~~c~~ ||d|| `e`",
                r"\*a\* \_b\_ \~\~c\~\~ \|\|d\|\| \`e\`",
            ),
            ("<@1> <#2> <t:3> @everyone", r"\<\@1> \<#2> \<t:3> \@everyone"),
            ("[x](https://evil.example)", r"\[x\](https\://evil.example)"),
            (
                "# a\n - b\n> c\n-# d\n1. e\n2) f",
                "\\# a\n \\- b\n\\> c\n\\-# d\n1\\. e\n2\\) f",
            ),
            (
                "arn:aws:iam::1:role/x :tada:",
                r"arn\:aws\:iam\::1:role/x \:tada:",
            ),
            (":a::b: :12:x:", r"\:a\:\:b: \:12\:x:"),
            (r"C:\temp", r"C:\\temp"),
        ] {
            assert_eq!(escape(text), escaped);
        }
        for same in [
            "a-b #1 2 > 1 (c) 5.2 % at 12. x",
            "하나. 둘",
            "a: b",
            "12:34:56 UTC+09:00",
            "203.0.113.7",
        ] {
            assert_eq!(escape(same), same);
        }
    }

    #[test]
    fn nothing_takes_more_than_is_said() {
        for text in ["# a\n- b\n1. :x: <@1>", "12:34:56", "🚨[a](https://b)"] {
            let widest: usize = text.chars().map(escaped_width).sum();
            assert!(escape(text).encode_utf16().count() <= widest, "{text}");
        }
    }

    #[test]
    fn a_phrase_becomes_markup_and_what_is_in_it_does_not() {
        let sentence = Phrase::said(format!(
            "🚨 {} ({}) {}에서 *x*",
            Phrase::title("CPU *a*"),
            Phrase::strong("5"),
            Phrase::code("a`b*"),
        ));
        assert_eq!(
            markdown(&sentence, false),
            r"🚨 **CPU \*a\*** (**5**) `a'b*`에서 \*x\*"
        );
        let mut close = Phrase::code("a");
        close.push(&Phrase::code("b"));
        assert_eq!(markdown(&close, true), "`a`\u{200b}`b`");
        assert_eq!(markdown(&sentence, true), r"🚨 CPU \*a\* (5) `a'b*`에서 \*x\*");
    }

    #[test]
    fn a_link_and_a_block_end_where_they_should() {
        let page = "https://x.example/(a)?b=\\@c".to_owned();
        let label = "a [b] *c*".to_owned();
        assert_eq!(
            link(&Link { page, label }),
            r"[a (b) \*c\*](https://x.example/%28a%29?b=%5C%40c)"
        );
        assert_eq!(block("\"```\""), "```json\n\"`\u{200b}`\u{200b}`\u{200b}\"\n```");
    }
}
