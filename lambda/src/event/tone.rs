//! Whether what a service tells is good or bad: one scale, for what is known here and for what is only judged by its words.

use crate::contract::Severity;

/// Whether the news is good or bad; in ascending order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    Good,
    /// Neither.
    #[default]
    Plain,
    /// In transition between two states, or idle.
    Idle,
    /// Bad, with this severity.
    Bad(Severity),
}

impl Tone {
    /// How urgent the news is.
    pub fn severity(self) -> Severity {
        match self {
            Self::Good | Self::Plain | Self::Idle => Severity::Info,
            Self::Bad(severity) => severity,
        }
    }
}
