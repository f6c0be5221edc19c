//! Google Chat's two markups: HTML in cards, and its own in a message's text.

use crate::card::{Link, Phrase, Span, Style};

/// An invisible space (zero width).
const JOINT: char = '\u{200b}';
/// A blank that is neither dropped nor merged with others.
const BLANK: char = '\u{a0}';

/// Text as the HTML of a card.
/// <https://developers.google.com/workspace/chat/format-messages#card-formatting>
pub(super) fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('\n', "<br>")
}

/// JSON as HTML, which would drop the blanks at the beginning of its lines. Cards have no code.
pub(super) fn json(text: &str) -> String {
    let line = |line: &str| {
        let words = line.trim_start_matches(' ');
        let blanks = std::iter::repeat_n(BLANK, line.len() - words.len());
        blanks.collect::<String>() + words
    };
    html(&text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
}

pub(super) fn strong(text: &str) -> String {
    format!("<b>{}</b>", html(text))
}

/// HTML in small print, as far as cards have that: in grey.
pub(super) fn subtle(html: &str) -> String {
    coloured(html, "#80868b")
}

pub(super) fn coloured(html: &str, colour: &str) -> String {
    format!("<font color=\"{colour}\">{html}</font>")
}

/// A link as HTML. Its page has no quotes.
pub(super) fn link(link: &Link) -> String {
    format!("<a href=\"{}\">{}</a>", html(&link.page), html(&link.label))
}

/// A phrase as HTML.
pub(super) fn phrase(phrase: &Phrase) -> String {
    let span = |Span { style, text }| match style {
        Style::Strong | Style::Title => strong(text),
        // Cards have no code.
        Style::Text | Style::Code => html(text),
    };
    phrase.spans().map(span).collect()
}

/// Text in which Google Chat finds no markup, link or mention, for a message's own text, where nothing escapes them. Whether
/// it reads its own markup there or Markdown depends on the app, so what is either is broken by an invisible space.
/// <https://developers.google.com/workspace/chat/format-messages#format-texts>
pub(super) fn inert(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut rest = text.chars();
    let mut begins = true;
    while let Some(c) = rest.next() {
        let next = rest.clone().next().unwrap_or(' ');
        // A list, a quote or a title, also after blanks.
        let marks =
            matches!(c, '-' | '+' | '>' | '#' | '=' | '|') || c.is_ascii_digit() && ".)".contains(next);
        if begins && marks {
            broken.push(JOINT);
        }
        broken.push(c);
        let breaks = match c {
            '*' | '_' | '~' | '`' | '<' | '[' | ']' | '!' | '\\' | '&' => true,
            '.' => next.is_alphabetic(),
            '@' => next.is_alphanumeric(),
            // An address, or the name of an emoji.
            ':' => !next.is_whitespace(),
            // The end of a number before a point, which would begin a list.
            c => begins && c.is_ascii_digit() && ".)".contains(next),
        };
        if breaks {
            broken.push(JOINT);
        }
        begins = c == '\n' || begins && (c.is_whitespace() || c.is_ascii_digit());
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_escaped_and_keeps_its_lines() {
        assert_eq!(
            html("<b>&amp;</b>\n<users/all> \"q\" *b*"),
            "&lt;b&gt;&amp;amp;&lt;/b&gt;<br>&lt;users/all&gt; \"q\" *b*"
        );
        assert_eq!(
            json("{\n  \"a\": \"<\"\n}").replace('\u{a0}', "·"),
            "{<br>··\"a\": \"&lt;\"<br>}"
        );
    }

    #[test]
    fn a_phrase_becomes_html_and_what_is_in_it_does_not() {
        let said = Phrase::said(format!(
            "🚨 {} {} <x>",
            Phrase::title("<b>cpu</b>"),
            Phrase::code("a&b")
        ));
        let shown = "🚨 <b>&lt;b&gt;cpu&lt;/b&gt;</b> a&amp;b &lt;x&gt;";
        assert_eq!(phrase(&said), shown);
        let link = link(&Link {
            page: "https://x.example/?a=1&b=2".to_owned(),
            label: "<Open>".to_owned(),
        });
        assert_eq!(
            link,
            "<a href=\"https://x.example/?a=1&amp;b=2\">&lt;Open&gt;</a>"
        );
    }

    #[test]
    fn what_google_chat_would_interpret_is_broken() {
        for (text, broken) in [
            ("*b* _i_ ~s~ `c`", "*|b*| _|i_| ~|s~| `|c`|"),
            ("<users/all> <http://x|y>", "<|users/all> <|http:|//x|y>"),
            ("[x](http://evil.example)", "[|x]|(http:|//evil.|example)"),
            ("eve@example.com :aws: 12:34", "eve@|example.|com :|aws: 12:|34"),
            ("- a\n> b\n  # c\n1. d", "|- a\n|> b\n  |# c\n|1|. d"),
            ("5.2 % - x", "|5|.2 % - x"),
            ("a: b. Done", "a: b. Done"),
        ] {
            // A `|` of the text itself begins no line here.
            assert_eq!(
                inert(text),
                broken
                    .replace("x|y", "x\u{1}y")
                    .replace('|', "\u{200b}")
                    .replace('\u{1}', "|")
            );
        }
    }
}
