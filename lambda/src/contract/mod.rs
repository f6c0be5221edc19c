//! What the deployer and the relay agree on, written once: the stack model, the settings and the messages use these types.
//!
//! Leaf files: nothing here imports from the rest of the relay, but for `json`, which is a leaf, too.

mod arn;
pub(crate) mod as_text;
mod channel;
mod envelope;
mod guard;
mod length;
mod locale;
mod log_entry;
mod mail_mark;
mod mute_rule;
mod names;
mod outcome;
pub mod page;
mod portal;
mod press;
mod route;
mod severity;
mod signal;
mod test_mark;
mod verdict;

#[cfg(feature = "runtime")]
pub use arn::organizations_region;
pub use arn::{
    Arn, ArnParts, console_page, dns_suffix, encode, is_account, is_commercial, is_console, is_region,
    topic_name,
};
pub use channel::{Actions, ChannelKey, ChannelType, ServiceRegion};
#[cfg(feature = "runtime")]
pub use envelope::DeadLetterReason;
pub use envelope::Envelope;
pub use guard::GuardOutcome;
pub use length::length;
pub use locale::Locale;
pub use log_entry::{Kind, LogEntry};
pub use mail_mark::MAIL_ATTRIBUTE;
pub use mute_rule::{AD_HOC, MUTE_RULE, ad_hoc_mute, mute_duration};
pub use names::{
    ACTIONS_PATH, BODY_LIMIT, BUFFERS, CHANNEL_DIMENSION, DEAD_LETTER_QUEUE, DESTINATIONS, DUTY,
    ENCRYPTED_FOR, ENCRYPTION_CONTEXT_KEY, ENDPOINT, HEARTBEAT_METRIC, INCIDENTS, MESSAGE_BODY,
    MESSAGE_SUBJECT, METRIC_NAMESPACE, NODE_TAG, PATH_DIMENSION, RELAY, RETRY_QUEUE, SETTINGS_FILE,
    STACK_DIMENSION, STACK_TAG, TOKEN_SHA256, TOPICS, TRAIL, WAITING_METRIC, webhook_variable,
};
pub use outcome::Outcome;
pub use portal::Portal;
pub use press::{Act, Press};
pub use route::{Buffer, Filter, Mention, Route};
pub use severity::Severity;
pub use signal::Signal;
pub use test_mark::{TEST_ATTRIBUTE, TEST_HEADER, TEST_REASON, TEST_RESOURCE, is_test};
pub use verdict::{Verdict, unite};
