//! The registry: one line a kind.

use super::any::Kind;
use super::log_group::LogGroup;

/// Every kind this tool manages.
pub const KINDS: &[Kind] = &[Kind::of::<LogGroup>()];

/// The kind with this name.
///
/// # Panics
/// When there is none: node ids are made from the kinds' own names only.
pub fn kind(name: &str) -> &'static Kind {
    KINDS
        .iter()
        .find(|kind| kind.name == name)
        .expect("a node id names a registered kind")
}
