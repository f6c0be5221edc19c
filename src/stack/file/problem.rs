//! Problems of a stack file: what is wrong, where, and what to do about it.

use std::ops::Range;

use serde::Serialize;

/// Byte range in the texts of the source, one after the other.
pub type Span = Range<usize>;

/// Longest message in characters.
const MAX_MESSAGE: usize = 300;

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
    /// Other problems with the same value are only consequences of this one.
    pub is_cause: bool,
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
            is_cause: false,
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

    /// Marks the problem as the cause of others with the same value.
    pub fn cause(self) -> Self {
        Self {
            is_cause: true,
            ..self
        }
    }

    /// Marks the value as an example.
    pub fn example(self) -> Self {
        Self {
            is_example: true,
            ..self
        }
    }

    /// Moves all its places by `offset` bytes.
    pub fn shift(&mut self, offset: usize) {
        let related = self.related.iter_mut().map(|(span, _)| span);
        for span in related.chain([&mut self.span]) {
            *span = span.start + offset..span.end + offset;
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
    /// The file, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// What it has to do with it.
    pub label: String,
}
