//! The destinations of cards, each in its own folder or file: it takes a card, and makes of it what it can show.
//!
//! Markup, escaping, colours and limits are known here, and each only to its own destination.

pub mod slack;
pub mod text;

pub use text::text;
