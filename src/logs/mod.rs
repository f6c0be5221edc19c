//! What the functions of a stack say in their logs, and following it as it is written.

mod line;
mod tail;

pub use line::{Outcome, Said};
pub use tail::{Line, Tail};
