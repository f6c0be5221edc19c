//! The relay's package: the zip that alertctl embeds and uploads for every function of a stack.
//!
//! It holds the executable `bootstrap` and `relay.json`, which says what the executable was built from. Building it
//! requires a linker for Linux. A machine without one uses a package that was built elsewhere, after checking that it
//! was built from the same sources.

use std::error::Error;

mod build;
mod identity;
mod package;

pub use build::{Profile, TARGET, build};
pub use identity::Identity;
pub use package::{check, pack};

/// The error is a message for the person who runs cargo.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;
