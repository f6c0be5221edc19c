//! What became of a message: a word in the relay's log, in the output of commands and in documents.

/// The outcome of a message for a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Delivered,
    /// It is in the channel's buffer.
    Buffered,
    /// The channel does not take it now: it is in a queue, and the relay tries again.
    Deferred,
    /// The channel will never accept it: it is in the dead-letter queue.
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
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Delivered,
        Self::Buffered,
        Self::Deferred,
        Self::DeadLettered,
        Self::Undelivered,
        Self::Duplicate,
        Self::Filtered,
        Self::Muted,
    ];

    /// Its word in the log. A dead letter is `parked` there, since alarms and searches of earlier stacks count that word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Buffered => "buffered",
            Self::Deferred => "deferred",
            Self::DeadLettered => "parked",
            Self::Undelivered => "undelivered",
            Self::Duplicate => "duplicate",
            Self::Filtered => "filtered",
            Self::Muted => "muted",
        }
    }

    /// The outcome with this word. `None` for a word that only requests have.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == word)
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
        assert_eq!(Outcome::ALL.map(Outcome::name), words);
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::named(outcome.name()), Some(outcome));
        }
        assert_eq!(Outcome::named("refused"), None);
    }
}
