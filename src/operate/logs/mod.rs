//! Reads and follows the logs of a stack's functions.

mod line;
mod tail;

pub use line::Said;
pub use tail::{Line, Tail};
