//! Cleans, escapes and truncates text from outside for a message.
//!
//! In Slack's mrkdwn only `&`, `<` and `>` can ping people or hide a link, so exactly these three are escaped,
//! as Slack requires. Lengths are counted in UTF-16 units, the widest count that Slack might use.

use crate::locale::Words;

/// An invisible space (zero width). Slack sees no word edge across it.
const JOINT: char = '\u{200b}';

/// Removes what would deceive a reader or break a Slack message: control characters other than line breaks and
/// tabs, marks that change the direction of text, and blanks at both ends.
pub(super) fn clean(text: &str) -> String {
    let keep = |c: &char| match c {
        '\n' | '\t' => true,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => false,
        c => !c.is_control(),
    };
    let mut cleaned = String::with_capacity(text.len());
    cleaned.extend(text.trim().chars().filter(keep));
    match cleaned.trim() {
        trimmed if trimmed.len() == cleaned.len() => cleaned,
        trimmed => trimmed.to_owned(),
    }
}

/// [`clean`], on one line.
pub(super) fn one_line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

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

/// Replaces the links in our own mrkdwn with their link text.
pub(super) fn without_links(mrkdwn: &str) -> String {
    let mut text = String::with_capacity(mrkdwn.len());
    let mut rest = mrkdwn;
    // Text from outside is escaped, so every `<` is our own.
    while let Some((before, after)) = rest.split_once('<') {
        let (link, others) = after.split_once('>').unwrap_or((after, ""));
        text += before;
        text += link.split_once('|').map_or(link, |(_, words)| words);
        rest = others;
    }
    text + rest
}

/// The visible text of our own mrkdwn: without links, escapes, bold and code.
pub(super) fn without_markup(mrkdwn: &str) -> String {
    let text = without_links(mrkdwn).replace('`', "");
    let blank = |c: Option<&char>| c.is_none_or(|c| c.is_whitespace() || *c == '\u{200b}');
    let chars: Vec<char> = text.chars().collect();
    // An asterisk at one edge of a word, which Slack reads as bold.
    let bold = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        chars[at] == '*' && blank(before) != blank(chars.get(at + 1))
    };
    let kept = (0..chars.len()).filter(|at| !bold(*at) && chars[*at] != '\u{200b}');
    let text: String = kept.map(|at| chars[at]).collect();
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Truncates plain text to `limit` and says how much is missing.
pub(super) fn clip(text: &str, limit: usize, words: &Words) -> String {
    cut(text, 0, limit, words, char::len_utf16)
}

/// Escapes text for mrkdwn and truncates it so that the result fits into `limit`; says how much is missing.
pub(super) fn clip_escaped(text: &str, limit: usize, words: &Words) -> String {
    escape(&cut(text, 0, limit, words, escaped_width))
}

/// Splits `text` into at most `pages` pieces of at most `limit` escaped units each. It splits at a line break
/// if that wastes less than half a piece. The last piece says how much is missing; `beyond` characters are missing in
/// any case.
pub(super) fn paginate(text: &str, beyond: usize, limit: usize, pages: usize, words: &Words) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if pieces.len() + 1 == pages {
            pieces.push(cut(rest, beyond, limit, words, escaped_width));
            return pieces;
        }
        let fitting = &rest[..fit(rest, limit, escaped_width)];
        let end = match fitting.rfind('\n') {
            Some(end) if fitting.len() < rest.len() && end > fitting.len() / 2 => end + 1,
            _ => fitting.len(),
        };
        let (piece, others) = rest.split_at(end);
        // Slack drops blanks at both ends, and refuses a piece that consists only of blanks.
        let piece = piece.trim_end();
        if !piece.trim().is_empty() {
            pieces.push(piece.to_owned());
        }
        rest = others;
    }
    if beyond > 0 {
        let last = pieces.pop().unwrap_or_default();
        pieces.push(cut(&last, beyond, limit, words, escaped_width));
    }
    pieces
}

fn escaped_width(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        c => c.len_utf16(),
    }
}

/// The beginning of `text` that fits into `limit` units, with how much is missing: also `beyond` characters after it.
fn cut(text: &str, beyond: usize, limit: usize, words: &Words, width: fn(char) -> usize) -> String {
    if beyond == 0 && fit(text, limit, width) == text.len() {
        return text.to_owned();
    }
    // Reserves room for the note. Its number has at most as many digits as the text's length.
    let room = (words.more_characters)(text.len() + beyond)
        .encode_utf16()
        .count()
        + 1;
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
        assert_eq!(without_markup(&escape(&plain("*a* <b>"))), "*a* <b>");
    }

    #[test]
    fn markup_of_ours_can_be_taken_off() {
        let headline =
            "🚨 *<https://x.example/#a|CPU &lt;50%&gt;>* 2 * 3 `web`\u{200b}에서\n*AWS Region*\nx &amp;lt;";
        assert_eq!(without_links("a <u|b> c <d> <e"), "a b c d e");
        assert_eq!(
            without_markup(headline),
            "🚨 CPU <50%> 2 * 3 web에서\nAWS Region\nx &lt;"
        );
    }

    #[test]
    fn deceiving_characters_are_removed() {
        assert_eq!(clean(" a\u{202e}b\u{0}c\u{7f}\r\nd\te \n"), "abc\nd\te");
        assert_eq!(one_line("a\n  b\tc"), "a b c");
    }

    #[test]
    fn a_cut_says_what_is_missing_and_never_splits_an_entity() {
        let words = Locale::En.words();
        assert_eq!(clip_escaped("short & sweet", 100, words), "short &amp; sweet");
        let cut = clip_escaped(&"<".repeat(50), 60, words);
        assert!(cut.encode_utf16().count() <= 60, "{cut}");
        assert_eq!(cut, format!("{} … 41 more characters", "&lt;".repeat(9)));
        assert_eq!(
            clip(&"가".repeat(30), 20, Locale::Ko.words()),
            format!("{} … 21자 더 있음", "가".repeat(9))
        );
    }

    #[test]
    fn pages_break_at_lines_and_lose_nothing_but_the_end() {
        let words = Locale::En.words();
        let text = "0123456789\n0123456789\n0123456789";
        assert_eq!(
            paginate(text, 0, 25, 3, words),
            ["0123456789\n0123456789", "0123456789"]
        );
        assert_eq!(
            paginate(&"x".repeat(70), 0, 40, 2, words),
            ["x".repeat(40), "x".repeat(30)]
        );
        let pages = paginate(&"x".repeat(100), 0, 40, 2, words);
        assert_eq!(pages[1], format!("{} … 41 more characters", "x".repeat(19)));
        assert!(paginate(" \n ", 0, 10, 2, words).is_empty());
    }
}
