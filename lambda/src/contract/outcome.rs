//! What became of a message: a word in the relay's log, in the output of commands and in documents.

use serde::{Deserialize, Serialize};

/// The outcome of a message for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Delivered,
    /// It is in the channel's buffer.
    Buffered,
    /// The channel will never accept it: it is in the dead-letter queue.
    Parked,
    /// Not delivered yet; it will be retried.
    Undelivered,
    /// The channel already has it.
    Duplicate,
    /// The channel's routes filter it out.
    Filtered,
}

impl Outcome {
    pub const ALL: [Self; 6] = [
        Self::Delivered,
        Self::Buffered,
        Self::Parked,
        Self::Undelivered,
        Self::Duplicate,
        Self::Filtered,
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Buffered => "buffered",
            Self::Parked => "parked",
            Self::Undelivered => "undelivered",
            Self::Duplicate => "duplicate",
            Self::Filtered => "filtered",
        }
    }

    /// The outcome with this word. `None` if it is no outcome of a message, but of a request.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }

    /// Whether the channel has the message.
    pub fn is_there(self) -> bool {
        matches!(self, Self::Delivered | Self::Duplicate)
    }

    /// Whether the outcome cannot change without a person.
    pub fn is_final(self) -> bool {
        self.is_there() || matches!(self, Self::Parked | Self::Filtered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_the_words() {
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::json!(outcome), outcome.word());
            assert_eq!(Outcome::named(outcome.word()), Some(outcome));
        }
        assert_eq!(Outcome::named("refused"), None);
    }
}
