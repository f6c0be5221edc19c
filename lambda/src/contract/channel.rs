//! Channels, as the stack file and the relay name them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The key of a channel in the stack file, such as `project`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelKey(pub String);

impl fmt::Display for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
