//! Problems of a stack file: what is wrong, where, and what to do about it.

use std::{fmt, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Renderer, Snippet};
use serde::Serialize;

use super::tree;

/// Byte range in the source.
pub type Span = Range<usize>;

/// Longest message in characters.
const MAX_MESSAGE: usize = 300;
/// Most related places that are shown to a person.
const MAX_RELATED: usize = 5;

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The stack is refused.
    Error,
    /// The stack works, but perhaps not as intended.
    Warning,
}

/// One problem of a stack file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Level,
    /// The fact.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Short reason beside the caret.
    pub label: Option<String>,
    /// What to do.
    pub help: Option<String>,
    /// Related places.
    pub related: Vec<(Span, String)>,
    /// The value is only an example: harmless as long as nothing is created.
    pub is_example: bool,
}

impl Problem {
    /// An error: the stack is refused.
    pub fn error(span: Span, message: impl Into<String>) -> Self {
        let mut message = message.into();
        // The message may quote a value of any length.
        if let Some((at, _)) = message.char_indices().nth(MAX_MESSAGE) {
            message.replace_range(at.., "…");
        }
        Self {
            severity: Level::Error,
            message,
            span,
            label: None,
            help: None,
            related: vec![],
            is_example: false,
        }
    }

    /// A warning: something suspicious.
    pub fn warning(span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Level::Warning,
            ..Self::error(span, message)
        }
    }

    /// Adds the reason beside the caret.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Marks the value as an example.
    pub fn example(self) -> Self {
        Self {
            is_example: true,
            ..self
        }
    }

    /// Adds a related place.
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}

/// A problem for machines: `--output json`, CI annotations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The file as it was named.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// 1-based.
    pub end_line: usize,
    /// 1-based, in characters, exclusive.
    pub end_column: usize,
    /// How bad it is.
    pub severity: Level,
    /// The fact and its reason.
    pub message: String,
    /// The next move.
    pub help: Option<String>,
    /// Other places that play a part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Place>,
}

/// A second place of a [`Report`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// What it has to do with it.
    pub label: String,
}

/// A stack file's name and text, with every secret in it masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub text: String,
}

impl Source {
    /// The file as it was named.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sections of the file and the keys in each, in its order.
    pub fn sections(&self) -> Vec<(String, Vec<String>)> {
        let keys = |node: &tree::Node| node.entries().iter().map(|entry| entry.key.clone()).collect();
        let tree = tree::parse(&self.text).ok();
        let sections = tree.iter().flat_map(|(root, _)| root.entries());
        sections
            .map(|entry| (entry.key.clone(), keys(&entry.value)))
            .collect()
    }

    /// Line and column of a byte, both 1-based, the column in characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = &self.text[..self.boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }

    /// The problems as text for a person, in the style of a compiler.
    pub fn render(&self, problems: &[Problem], color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let reports: Vec<String> = problems
            .iter()
            .map(|problem| renderer.render(&self.groups(problem)))
            .collect();
        reports.join("\n\n")
    }

    /// The problems for machines.
    pub fn reports(&self, problems: &[Problem]) -> Vec<Report> {
        problems.iter().map(|problem| self.report(problem)).collect()
    }

    fn groups<'a>(&'a self, problem: &'a Problem) -> Vec<Group<'a>> {
        let level = match problem.severity {
            Level::Error => annotate_snippets::Level::ERROR,
            Level::Warning => annotate_snippets::Level::WARNING,
        };
        let primary = AnnotationKind::Primary
            .span(self.clamp(&problem.span))
            .label(problem.label.as_deref());
        let related = problem.related.iter().take(MAX_RELATED).map(|(span, label)| {
            AnnotationKind::Context
                .span(self.clamp(span))
                .label(label.as_str())
        });
        let snippet = Snippet::source(self.text.as_str())
            .path(self.name.as_str())
            .annotation(primary);
        let group = level
            .primary_title(problem.message.as_str())
            .element(snippet.annotations(related));
        let group = match problem.related.len().saturating_sub(MAX_RELATED) {
            0 => group,
            more => {
                group.element(annotate_snippets::Level::NOTE.message(format!("and in {more} more places")))
            }
        };
        vec![match &problem.help {
            Some(help) => group.element(annotate_snippets::Level::HELP.message(help.as_str())),
            None => group,
        }]
    }

    fn report(&self, problem: &Problem) -> Report {
        let span = self.clamp(&problem.span);
        let (line, column) = self.position(span.start);
        let (end_line, end_column) = self.position(span.end);
        let message = match &problem.label {
            Some(label) => format!("{}: {label}", problem.message),
            None => problem.message.clone(),
        };
        let (severity, help) = (problem.severity, problem.help.clone());
        let related = problem.related.iter().map(|(span, label)| {
            let (line, column) = self.position(self.clamp(span).start);
            let label = label.clone();
            Place { line, column, label }
        });
        Report {
            file: self.name.clone(),
            line,
            column,
            end_line,
            end_column,
            severity,
            message,
            help,
            related: related.collect(),
        }
    }

    fn clamp(&self, span: &Span) -> Span {
        let start = self.boundary(span.start);
        start..self.boundary(span.end).max(start)
    }

    fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }
}

/// Why a stack file was refused: at least one error, and the warnings, sorted by place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    pub source: Source,
    pub list: Vec<Problem>,
}

impl Problems {
    /// The file with the problems.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The problems, sorted by place.
    pub fn list(&self) -> &[Problem] {
        &self.list
    }

    /// The problems as text for a person, with a count at the end.
    pub fn render(&self, color: bool) -> String {
        let errors = self
            .list
            .iter()
            .filter(|problem| problem.severity == Level::Error)
            .count();
        let plural = if errors == 1 { "" } else { "s" };
        let closing = format!("{}: {errors} error{plural}", self.source.name.escape_debug());
        format!("{}\n\n{closing}", self.source.render(&self.list, color))
    }

    /// The problems for machines.
    pub fn reports(&self) -> Vec<Report> {
        self.source.reports(&self.list)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}
