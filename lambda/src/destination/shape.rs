//! The two forms of a message.

/// How a card is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As the service shows it best.
    Usual,
    /// As one text, because the service refuses its usual form.
    Plain,
}
