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
/// at the edge of a word from becoming markup, `>` at the beginning of a line from becoming a quote, and `:aws:`, as in
/// an ARN, from becoming an emoji. Names such as `my_table` stay unchanged, so that people can copy them.
pub(super) fn plain(text: &str) -> String {
    let mut calm = String::with_capacity(text.len());
    let mut before = '\n';
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let edge = |c: char| !c.is_alphanumeric() && !"*_~`".contains(c);
        match c {
            '>' if before == '\n' => calm.extend([JOINT, c]),
            '`' => calm.extend([c, JOINT]),
            ':' if begins_emoji(rest.as_str()) => calm.extend([c, JOINT]),
            '*' | '_' | '~' if edge(before) => calm.extend([c, JOINT]),
            '*' | '_' | '~' if rest.clone().next().is_none_or(edge) => calm.extend([JOINT, c]),
            c => calm.push(c),
        }
        before = c;
    }
    calm
}

/// Whether a colon before this text begins the name of an emoji. The names that a workspace gives may be in any script,
/// but have no capitals, unlike `AWS::IAM::User`.
fn begins_emoji(after: &str) -> bool {
    let is_named = |c: char| c.is_alphanumeric() && !c.is_uppercase() || "_+-'".contains(c);
    // No emoji is called as the minutes in `12:34:56`.
    let is_clock = |name: &str| name.len() <= 2 && name.bytes().all(|byte| byte.is_ascii_digit());
    let name = after.split_once(':').map(|(name, _)| name);
    name.is_some_and(|name| name.chars().all(is_named) && !is_clock(name))
}

/// A value, in which Slack formats nothing. If only an invisible space would keep a line of one word, such as an ARN, from
/// becoming markup, all such lines are code: people copy them, and the space with it.
pub(super) fn value(text: &str) -> String {
    let is_word = |line: &str| !line.is_empty() && !line.contains(|c: char| c.is_whitespace() || c == '`');
    let is_code = text.split('\n').any(|line| is_word(line) && plain(line) != line);
    let shown = |line| match is_code && is_word(line) {
        true => code(line),
        false => escape(&plain(line)),
    };
    text.split('\n').map(shown).collect::<Vec<_>>().join("\n")
}

/// Text in which Slack finds no address, mail address or name to link, for the one place where it looks for them: a
/// message's own text, for which there is no `verbatim`. An invisible space breaks what would be one.
/// <https://docs.slack.dev/messaging/formatting-message-text#automatic-parsing>
pub(super) fn unlinked(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        broken.push(c);
        let next = rest.clone().next().unwrap_or(' ');
        let breaks = match c {
            '.' => next.is_alphabetic(),
            '@' | '#' => next.is_alphanumeric(),
            ':' => rest.as_str().starts_with("//"),
            _ => false,
        };
        if breaks {
            broken.push(JOINT);
        }
    }
    broken
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

/// Code, cut so that it fits into `limit`; it says how much is missing.
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
    fn a_name_between_colons_is_no_emoji() {
        assert_eq!(
            plain("arn:aws:iam::111122223333:role/x"),
            "arn:\u{200b}aws:\u{200b}iam::\u{200b}111122223333:role/x"
        );
        assert_eq!(
            plain("ok :white_check_mark: :+1: :느낌:"),
            "ok :\u{200b}white_check_mark: :\u{200b}+1: :\u{200b}느낌:"
        );
        for name in ["2026-11-20 12:34:56", "a: b: c", "AWS::IAM::User", "x:y", "::1"] {
            assert_eq!(plain(name), name);
        }
    }

    #[test]
    fn a_name_that_people_copy_is_code_where_slack_would_change_it() {
        let role = "arn:aws:iam::1:role/a&b";
        assert_eq!(
            value(&format!("{role}\nmy_table\n_x_\n… and 2 more :tada: `:x:`")),
            "`arn:aws:iam::1:role/a&amp;b`\n`my_table`\n`_x_`\n\
             … and 2 more :\u{200b}tada: `\u{200b}:\u{200b}x:`\u{200b}"
        );
        assert_eq!(value("a`:x:"), "a`\u{200b}:\u{200b}x:");
        assert_eq!(value("my_table\n\nAWS::IAM::User"), "my_table\n\nAWS::IAM::User");
    }

    #[test]
    fn what_slack_would_link_is_broken() {
        for (text, broken) in [
            ("login.example.com", "login.|example.|com"),
            ("https://203.0.113.7/a", "https:|//203.0.113.7/a"),
            ("eve@example.com", "eve@|example.|com"),
            ("#general @here 예.한국", "#|general @|here 예.|한국"),
            ("5.2 % at 12:34. Done", "5.2 % at 12:34. Done"),
        ] {
            assert_eq!(unlinked(text), broken.replace('|', "\u{200b}"));
        }
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
