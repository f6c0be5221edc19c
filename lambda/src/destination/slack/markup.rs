//! Slack's mrkdwn: phrases with markup, and text from outside without any.
//!
//! In Slack's mrkdwn only `&`, `<` and `>` can ping people or hide a link, so exactly these three are escaped,
//! as Slack requires. Lengths are counted in UTF-16 units, the widest count that Slack might use.

use crate::card::cut::cut;
use crate::card::{Link, Phrase, Span, Style};
use crate::locale::Words;

/// An invisible space (zero width). Slack sees no word edge across it.
const JOINT: char = '\u{200b}';

/// Escapes text for mrkdwn.
pub(super) fn escape(text: &str) -> String {
    if !text.contains(['&', '<', '>']) {
        return text.to_owned();
    }
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Turns text into mrkdwn in which Slack formats nothing. An invisible space keeps `*`, `_`, `~` and backticks
/// at the edge of a word from becoming markup, and `>` at the beginning of a line from becoming a quote. Names
/// such as `my_table` stay unchanged, so that people can copy them.
pub(super) fn plain(text: &str) -> String {
    let mut calm = String::with_capacity(text.len());
    let mut before = '\n';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let edge = |c: char| !c.is_alphanumeric() && !"*_~`".contains(c);
        match c {
            '>' if before == '\n' => calm.extend([JOINT, c]),
            '`' => calm.extend([c, JOINT]),
            '*' | '_' | '~' if edge(before) => calm.extend([c, JOINT]),
            '*' | '_' | '~' if rest.peek().is_none_or(|next| edge(*next)) => calm.extend([JOINT, c]),
            c => calm.push(c),
        }
        before = c;
    }
    calm
}

/// A phrase as mrkdwn; the name of the thing itself is a link to `page`. Slack does not recognize the end of markup
/// directly before a letter, such as a Korean particle, so an invisible space separates them.
pub(super) fn mrkdwn(phrase: &Phrase, page: Option<&str>) -> String {
    let mut mrkdwn = String::new();
    let mut marked = false;
    for Span { style, text } in phrase.spans() {
        if marked && text.starts_with(char::is_alphanumeric) {
            mrkdwn.push(JOINT);
        }
        marked = style != Style::Text;
        mrkdwn += &match (style, page) {
            (Style::Text, _) => escape(&plain(text)),
            (Style::Code, _) => code(text),
            (Style::Title, Some(page)) => format!("*<{}|{}>*", escape(page), escape(&plain(text))),
            (Style::Strong | Style::Title, _) => format!("*{}*", escape(&plain(text))),
        };
    }
    mrkdwn
}

/// Code, in which Slack finds no link, emoji or mention.
pub(super) fn code(text: &str) -> String {
    format!("`{}`", escape(&text.replace('`', "'")))
}

/// Code of which the beginning fits into `limit`; says how much is missing.
pub(super) fn clipped_code(text: &str, limit: usize, words: &Words) -> String {
    code(&cut(text, 0, limit, words, escaped_width))
}

/// A link.
pub(super) fn link(link: &Link) -> String {
    format!("<{}|{}>", escape(&link.page), escape(&plain(&link.label)))
}

/// Escapes text for mrkdwn and truncates it so that the result fits into `limit`; says how much is missing.
pub(super) fn clip_escaped(text: &str, limit: usize, words: &Words) -> String {
    escape(&cut(text, 0, limit, words, escaped_width))
}

/// What a character takes in mrkdwn.
pub(super) fn escaped_width(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        c => c.len_utf16(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Locale;

    #[test]
    fn only_what_slack_interprets_is_escaped() {
        assert_eq!(
            escape("<!channel> & <@U1> *b* 'q' \"q\""),
            "&lt;!channel&gt; &amp; &lt;@U1&gt; *b* 'q' \"q\""
        );
    }

    #[test]
    fn what_would_be_markup_is_none_and_names_stay() {
        for name in [
            "my_table_2",
            "a*b",
            "arn:aws:iam::1:role/a_b",
            "~x y",
            "2 > 1",
            "AWSReservedSSO_x",
        ] {
            assert_eq!(plain(name).replace(JOINT, ""), name);
        }
        assert_eq!(plain("my_table_2 a*b 2 > 1"), "my_table_2 a*b 2 > 1");
        assert_eq!(
            plain("*bold* _it_"),
            "*\u{200b}bold\u{200b}* _\u{200b}it\u{200b}_"
        );
        assert_eq!(plain("> q\n> r"), "\u{200b}> q\n\u{200b}> r");
        assert_eq!(plain("`x`"), "`\u{200b}x`\u{200b}");
    }

    #[test]
    fn a_phrase_becomes_markup_and_what_is_in_it_does_not() {
        let sentence = Phrase::said(format!(
            "🚨 {} ({}) {}에서 *x* <!here>",
            Phrase::title("CPU <50%> *a*"),
            Phrase::strong("5"),
            Phrase::code("a`b&"),
        ));
        assert_eq!(
            mrkdwn(&sentence, Some("https://x.example/?a&b")),
            "🚨 *<https://x.example/?a&amp;b|CPU &lt;50%&gt; *\u{200b}a\u{200b}*>* (*5*) `a'b&amp;`\u{200b}에서 \
             *\u{200b}x\u{200b}* &lt;!here&gt;"
        );
        assert!(mrkdwn(&sentence, None).starts_with("🚨 *CPU &lt;50%&gt; "));
    }

    #[test]
    fn a_cut_says_what_is_missing_and_never_splits_an_entity() {
        let words = Locale::En.words();
        assert_eq!(clip_escaped("short & sweet", 100, words), "short &amp; sweet");
        let cut = clip_escaped(&"<".repeat(50), 60, words);
        assert!(cut.encode_utf16().count() <= 60, "{cut}");
        assert_eq!(cut, format!("{} … 41 more characters", "&lt;".repeat(9)));
    }
}
