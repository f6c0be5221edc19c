//! Embeds text from outside in Markdown, so that it is shown literally and cannot break the structure.

/// GitHub's limit for a comment, in characters; counted here in bytes, which are never fewer.
pub const LIMIT: usize = 65_536;

/// A code span: markup, HTML, mentions and links in it have no effect.
pub fn code(text: &str) -> String {
    let text = one_line(text);
    // Only the same number of backticks ends a code span.
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim().is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A sentence; text between backticks becomes code spans.
pub fn prose(text: &str) -> String {
    let mut parts = text.split('`').peekable();
    let (mut prose, mut is_code) = (String::new(), false);
    while let Some(part) = parts.next() {
        // The last backtick may be unpaired.
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

/// The lines of a fenced block. Each one begins with our own mark (`+ `, for example) or four spaces, so that
/// none can be the fence that ends the block.
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

/// Characters with a meaning within a line, in CommonMark (2.4) or on GitHub (tables, strikethrough,
/// mathematics).
const MEANS: &str = "\\`*_{}[]<>#+!|~&@$";

/// Escapes characters with a meaning. GitHub looks for mentions and issues only after it has removed escapes,
/// so these are broken up.
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
