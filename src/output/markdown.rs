//! Text of others inside Markdown: it shows as it is, and breaks out of nothing.

/// What GitHub takes as one comment, in characters; counted here in bytes, which are never fewer.
pub const LIMIT: usize = 65_536;

/// A code span: no markup, HTML, mention or link in it means anything.
pub fn code(text: &str) -> String {
    let text = one_line(text);
    // Closed only by as many backticks as opened it.
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence; what it has between backticks becomes code spans.
pub fn prose(text: &str) -> String {
    let mut parts = text.split('`').peekable();
    let (mut prose, mut is_code) = (String::new(), false);
    while let Some(part) = parts.next() {
        // The last backtick may have no partner.
        match is_code && parts.peek().is_some() {
            true => prose += &code(part),
            false => {
                if is_code {
                    prose += "\\`";
                }
                escape(&mut prose, part);
            }
        }
        is_code = !is_code;
    }
    prose
}

/// The lines of a fenced block, each behind a mark of ours (`+ `) or four spaces, so that none can be the fence
/// that ends it.
pub fn fenced(language: &str, lines: impl IntoIterator<Item = String>) -> String {
    let mut text = format!("```{language}\n");
    for line in lines {
        let line = one_line(&line);
        let marked = ["+ ", "- ", "! ", "    "]
            .iter()
            .any(|mark| line.starts_with(mark));
        if !marked && !line.is_empty() {
            text += "    ";
        }
        text += &line;
        text.push('\n');
    }
    text + "```\n"
}

/// What means something within a line, for CommonMark (2.4) or for GitHub (tables, strikethrough, mathematics).
const MEANS: &str = "\\`*_{}[]<>#+!|~&@$";

/// Escapes what means something. GitHub looks for mentions and issues in what is left afterwards, so these are
/// broken up.
fn escape(markdown: &mut String, text: &str) {
    for c in one_line(text).chars() {
        if MEANS.contains(c) {
            markdown.push('\\');
        }
        markdown.push(c);
        if matches!(c, '@' | '#') {
            markdown.push('\u{200b}');
        }
    }
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_what_it_is_given() {
        assert_eq!(code("sns-topic/alerts"), "`sns-topic/alerts`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("<b>@team\n# x"), "`<b>@team # x`");
        assert_eq!(code(""), "`  `");
    }

    #[test]
    fn a_sentence_keeps_its_words_and_loses_their_meaning() {
        assert_eq!(
            prose("channel `project`: set it (or not)"),
            "channel `project`: set it (or not)"
        );
        assert_eq!(
            prose("<img src=x> **@team** #1 [a](b)"),
            "\\<img src=x\\> \\*\\*\\@\u{200b}team\\*\\* \\#\u{200b}1 \\[a\\](b)"
        );
        assert_eq!(prose("a ` b"), "a \\` b");
        assert_eq!(prose("one\r\ntwo"), "one  two");
    }

    #[test]
    fn no_line_ends_its_block() {
        let block = fenced(
            "diff",
            ["```", "~~~", "+ ```", "", "    ok", "x\n```"].map(str::to_owned),
        );
        assert_eq!(
            block,
            "```diff\n    ```\n    ~~~\n+ ```\n\n    ok\n    x ```\n```\n"
        );
    }
}
