//! The files that a stack is made of: their names and texts, and the problems in them for people and machines.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level as Title, Renderer, Snippet};

use super::problem::{Level, Place, Problem, Report, Span};
use super::secret;

/// Most related places that are shown to a person.
const MAX_RELATED: usize = 5;

/// The names and texts of the files that a stack is made of, with every secret in them masked. A place is a range in all
/// texts, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// All texts.
    text: String,
    /// Each file's name, and where its text begins; at least one.
    files: Vec<(String, usize)>,
}

impl Source {
    /// One file.
    pub fn of(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            files: vec![(name.into(), 0)],
        }
    }

    /// Adds a file; returns where its text begins.
    pub fn add(&mut self, name: impl Into<String>, text: &str) -> usize {
        // No value ends in one file and goes on in the next one.
        self.text.push('\n');
        let start = self.text.len();
        self.text.push_str(text);
        self.files.push((name.into(), start));
        start
    }

    /// The first file as it was named.
    pub fn name(&self) -> &str {
        self.files.first().map_or("", |(name, _)| name)
    }

    /// The files as they were named.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.files.iter().map(|(name, _)| name.as_str())
    }

    /// All texts.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name and the text of the file that a byte is in, and where that text begins.
    fn file(&self, offset: usize) -> (&str, &str, usize) {
        let index = self
            .files
            .partition_point(|(_, start)| *start <= offset)
            .saturating_sub(1);
        let (name, start) = self
            .files
            .get(index)
            .map_or(("", 0), |(name, start)| (name.as_str(), *start));
        let end = self
            .files
            .get(index + 1)
            .map_or(self.text.len(), |(_, next)| next - 1);
        (name, self.text.get(start..end).unwrap_or_default(), start)
    }

    /// Makes these places unreadable.
    pub fn mask(&mut self, secrets: &[Span]) {
        self.text = secret::mask(&self.text, secrets);
    }

    /// File, line and column of a byte, both 1-based, the column in characters.
    pub fn position(&self, offset: usize) -> (&str, usize, usize) {
        let offset = self.boundary(offset);
        let (name, text, start) = self.file(offset);
        let before = text.get(..offset - start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (
            name,
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
            .map(|problem| renderer.render(&[self.group(problem)]))
            .collect();
        reports.join("\n\n")
    }

    /// The problems for machines.
    pub fn reports(&self, problems: &[Problem]) -> Vec<Report> {
        problems.iter().map(|problem| self.report(problem)).collect()
    }

    fn group<'a>(&'a self, problem: &'a Problem) -> Group<'a> {
        let level = match problem.severity {
            Level::Error => Title::ERROR,
            Level::Warning => Title::WARNING,
        };
        // Each file that plays a part has its own snippet, that of the problem first.
        let related = problem.related.iter().take(MAX_RELATED);
        let mut starts = vec![self.file(problem.span.start).2];
        for (span, _) in related.clone() {
            let start = self.file(span.start).2;
            if !starts.contains(&start) {
                starts.push(start);
            }
        }
        let snippets = starts.into_iter().map(|start| {
            let (name, text, _) = self.file(start);
            let within = |span: &Span| {
                let span = self.clamp(span);
                span.start - start..(span.end - start).min(text.len())
            };
            let is_here = |span: &Span| self.file(span.start).2 == start;
            let primary = is_here(&problem.span).then(|| {
                AnnotationKind::Primary
                    .span(within(&problem.span))
                    .label(problem.label.as_deref())
            });
            let others = related.clone().filter(|(span, _)| is_here(span));
            let others =
                others.map(|(span, label)| AnnotationKind::Context.span(within(span)).label(label.as_str()));
            let annotations: Vec<_> = primary.into_iter().chain(others).collect();
            Snippet::source(text).path(name).annotations(annotations)
        });
        let mut group = level.primary_title(problem.message.as_str()).elements(snippets);
        let more = problem.related.len().saturating_sub(MAX_RELATED);
        if more > 0 {
            group = group.element(Title::NOTE.message(format!("and in {more} more places")));
        }
        match &problem.help {
            Some(help) => group.element(Title::HELP.message(help.as_str())),
            None => group,
        }
    }

    fn report(&self, problem: &Problem) -> Report {
        let span = self.clamp(&problem.span);
        let (file, line, column) = self.position(span.start);
        let (_, end_line, end_column) = self.position(span.end);
        let message = match &problem.label {
            Some(label) => format!("{}: {label}", problem.message),
            None => problem.message.clone(),
        };
        let (severity, help) = (problem.severity, problem.help.clone());
        let related = problem.related.iter().map(|(span, label)| {
            let (other, line, column) = self.position(self.clamp(span).start);
            Place {
                file: (other != file).then(|| other.to_owned()),
                line,
                column,
                label: label.clone(),
            }
        });
        Report {
            file: file.to_owned(),
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
            .filter(|problem| problem.severity == Level::Error);
        let mut names: Vec<&str> = errors
            .clone()
            .map(|error| self.source.position(error.span.start).0)
            .collect();
        names.dedup();
        let count = errors.count();
        let plural = if count == 1 { "" } else { "s" };
        let names = names.join(", ");
        let closing = format!("{}: {count} error{plural}", names.escape_debug());
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
