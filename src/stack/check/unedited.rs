//! Finds texts that were never edited: placeholders of the ready-made files, and variables that nothing
//! replaces.

use super::Checker;
use super::placeholders::{PLACEHOLDERS, Placeholder};
use crate::stack::assemble::is_filled_in_elsewhere;
use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::tree::{Kind, Node};

/// How many further places of a placeholder are shown.
const SHOWN: usize = 4;

/// Checks every key and value, with its path.
pub(super) fn check(checker: &mut Checker<'_>) {
    let mut texts = Vec::new();
    let mut walk = Walk {
        source: checker.text,
        path: Vec::new(),
        texts: &mut texts,
    };
    walk.collect(checker.written, None);
    for placeholder in &PLACEHOLDERS {
        left(checker, placeholder, &texts);
    }
    let literal = |text: &&Text<'_>| !text.is_escaped && !is_filled_in_elsewhere(&text.path);
    for text in texts.iter().filter(literal) {
        if let Some(variable) = variable(text.text) {
            let message = format!("`{}` is used literally", variable.escape_debug());
            let problem = Problem::warning(text.span.clone(), message);
            checker.report(
                problem
                    .label("this is no variable")
                    .help("write `${NAME}`, with letters, digits and `_`; `$${` is a plain `${`"),
            );
        }
    }
}

/// A key or a value.
struct Text<'t> {
    text: &'t str,
    span: Span,
    /// The keys on the path to it.
    path: Vec<&'t str>,
    /// Whether the file says `$${`, so that it means what it says.
    is_escaped: bool,
}

struct Walk<'t, 'w> {
    source: &'t str,
    path: Vec<&'t str>,
    texts: &'w mut Vec<Text<'t>>,
}

impl<'t> Walk<'t, '_> {
    /// Collects the texts in `node`, the value of the key at `key`.
    fn collect(&mut self, node: &'t Node, key: Option<&Span>) {
        match &node.kind {
            Kind::Scalar { text, .. } => {
                // A value of several lines is reported at its key.
                let written = self.source.get(node.span.clone());
                let one_line = !written.unwrap_or("\n").contains('\n');
                let span = key.filter(|_| !one_line).unwrap_or(&node.span);
                let is_escaped = written.is_some_and(|written| written.contains("$${"));
                self.take(text, span.clone(), is_escaped);
            }
            Kind::List(items) => items.iter().for_each(|item| self.collect(item, key)),
            Kind::Map(entries) => {
                for entry in entries {
                    self.take(&entry.key, entry.key_span.clone(), false);
                    self.path.push(&entry.key);
                    self.collect(&entry.value, Some(&entry.key_span));
                    self.path.pop();
                }
            }
        }
    }

    fn take(&mut self, text: &'t str, span: Span, is_escaped: bool) {
        self.texts.push(Text {
            text,
            span,
            path: self.path.clone(),
            is_escaped,
        });
    }
}

/// One warning per placeholder, with all its places.
fn left(checker: &mut Checker<'_>, placeholder: &Placeholder, texts: &[Text<'_>]) {
    let mut places = texts.iter().filter(|text| placeholder.is_in(text.text));
    let Some(first) = places.next() else {
        return;
    };
    let message = format!("`{}` is only an example", placeholder.text);
    let problem = Problem::warning(first.span.clone(), message);
    let problem = places.take(SHOWN).fold(problem, |problem, other| {
        problem.related(other.span.clone(), "here too")
    });
    checker.report(problem.help(placeholder.help).example());
}

/// The first `${…}` of a text.
fn variable(text: &str) -> Option<&str> {
    let start = text.find("${")?;
    let length = text[start..].find('}')?;
    Some(&text[start..=start + length])
}
