//! Runs of rich text: phrases, and text from outside, in which Teams interprets nothing.

use super::action::Action;
use crate::card::{Phrase, Span, Style};
use serde::Serialize;

/// An invisible space (zero width).
const JOINT: char = '\u{200b}';
/// A blank that is neither dropped nor merged with others.
const BLANK: char = '\u{a0}';

/// A text of one look. <https://adaptivecards.io/explorer/TextRun.html>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename = "TextRun", rename_all = "camelCase")]
pub(super) struct Run {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    font_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_subtle: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    select_action: Option<Action>,
}

impl Run {
    /// Text, also from outside.
    pub fn text(text: &str) -> Self {
        Self {
            text: inert(text),
            weight: None,
            font_type: None,
            size: None,
            is_subtle: None,
            select_action: None,
        }
    }

    pub fn strong(text: &str) -> Self {
        Self {
            weight: Some("Bolder"),
            ..Self::text(text)
        }
    }

    /// A name or a value, to be shown as it is.
    pub fn code(text: &str) -> Self {
        Self {
            font_type: Some("Monospace"),
            ..Self::text(text)
        }
    }

    /// JSON. A client that shows HTML would drop the blanks at the beginning of its lines.
    pub fn json(text: &str) -> Self {
        let line = |line: &str| {
            let words = line.trim_start_matches(' ');
            let blanks = std::iter::repeat_n(BLANK, line.len() - words.len());
            blanks.collect::<String>() + words
        };
        Self::code(&text.split('\n').map(line).collect::<Vec<_>>().join("\n"))
    }

    pub fn subtle(self) -> Self {
        Self {
            is_subtle: Some(true),
            ..self
        }
    }

    pub fn small(self) -> Self {
        Self {
            size: Some("Small"),
            ..self.subtle()
        }
    }

    /// A text that leads to `page`.
    pub fn link(text: &str, page: &str) -> Self {
        let action = Action::OpenUrl {
            title: None,
            url: page.to_owned(),
        };
        Self {
            select_action: Some(action),
            ..Self::text(text)
        }
    }
}

/// A phrase as runs.
pub(super) fn runs(phrase: &Phrase) -> Vec<Run> {
    let run = |Span { style, text }| match style {
        Style::Text => Run::text(text),
        Style::Strong | Style::Title => Run::strong(text),
        Style::Code => Run::code(text),
    };
    phrase.spans().map(run).collect()
}

/// Text in which Teams finds nothing to interpret. Rich text has no Markdown, but two things are looked for in every text: a
/// date or time to be written in the reader's way, `{{DATE(…)}}`, and a mention, `<at>…</at>`. An invisible space breaks what
/// would be one. <https://learn.microsoft.com/en-us/adaptive-cards/authoring-cards/text-features#datetime-formatting-and-localization>
fn inert(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        broken.push(c);
        let next = rest.as_str();
        let breaks = match c {
            '{' => next.starts_with('{'),
            '<' => begins_mention(next.strip_prefix('/').unwrap_or(next)),
            _ => false,
        };
        if breaks {
            broken.push(JOINT);
        }
    }
    broken
}

fn begins_mention(text: &str) -> bool {
    text.get(..2).is_some_and(|at| at.eq_ignore_ascii_case("at"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_teams_would_interpret_is_broken() {
        for (text, broken) in [
            ("<at>Ann</at>", "<|at>Ann<|/at>"),
            ("<AT id=\"0\">", "<|AT id=\"0\">"),
            (
                "{{DATE(2026-11-20T00:00:00Z)}}",
                "{|{DATE(2026-11-20T00:00:00Z)}}",
            ),
            ("{{{", "{|{|{"),
            (
                "*b* [x](http://x) <b> 1 < 2 {x}",
                "*b* [x](http://x) <b> 1 < 2 {x}",
            ),
            ("<", "<"),
            ("<가", "<가"),
        ] {
            assert_eq!(inert(text), broken.replace('|', "\u{200b}"));
        }
    }

    #[test]
    fn json_keeps_its_indentation() {
        let json = Run::json("{\n  \"a\": [\n    1\n  ]\n}");
        let text = json.text.replace('\u{a0}', "·");
        assert_eq!(text, "{\n··\"a\": [\n····1\n··]\n}");
        assert_eq!(json.font_type, Some("Monospace"));
    }
}
