//! What became of a message: a word in the relay's log, in the output of commands and in documents.

use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};

/// The outcome of a message for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Delivered,
    /// It is in the channel's buffer.
    Buffered,
    /// The channel does not take it now: it is in a queue, and the relay tries again.
    Deferred,
    /// The channel will never accept it: it is in the dead-letter queue.
    #[serde(rename = "parked")]
    DeadLettered,
    /// Not delivered, and no queue took it: the sender must try again.
    Undelivered,
    /// The channel already has it.
    Duplicate,
    /// The channel's routes filter it out.
    Filtered,
    /// The alarm that it is about, or the rule or topic that it came by, is muted now, or nothing has happened: a new alarm has
    /// its first data.
    Muted,
}

impl Outcome {
    /// The outcome with this word. `None` for a word that only requests have.
    pub fn named(word: &str) -> Option<Self> {
        Self::deserialize(StrDeserializer::<Error>::new(word)).ok()
    }

    /// Whether the channel has the message.
    pub fn is_there(self) -> bool {
        matches!(self, Self::Delivered | Self::Duplicate)
    }

    /// Whether the outcome cannot change without a person.
    pub fn is_final(self) -> bool {
        self.is_there() || matches!(self, Self::DeadLettered | Self::Filtered | Self::Muted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_has_the_words() {
        let words = [
            "delivered",
            "buffered",
            "deferred",
            "parked",
            "undelivered",
            "duplicate",
            "filtered",
            "muted",
        ];
        for word in words {
            let outcome = Outcome::named(word).expect(word);
            assert_eq!(serde_json::json!(outcome), word);
        }
        assert_eq!(Outcome::named("refused"), None);
    }
}
