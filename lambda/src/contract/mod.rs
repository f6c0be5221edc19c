//! What the deployer and the relay agree on, written once: the stack model, the settings and the messages use these types.
//!
//! Leaf files: nothing here imports from the rest of the relay.

mod channel;
mod locale;
mod names;
mod severity;

pub use channel::ChannelKey;
pub use locale::Locale;
pub use names::{
    BODY_LIMIT, BUFFERS, DEAD_LETTER_QUEUE, DESTINATIONS, DUTY, ENCRYPTED_FOR, ENCRYPTION_CONTEXT_KEY,
    ENDPOINT, MESSAGE_BODY, MESSAGE_SUBJECT, SETTINGS_FILE, TOKEN_SHA256, TOPICS, TRAIL, webhook_variable,
};
pub use severity::Severity;
