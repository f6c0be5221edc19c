//! The mode without an AWS account: a local AWS and an inbox for messages, both on this machine.
//!
//! [`up`] installs a pinned MiniStack into the cache directory on first use, starts it on a free loopback port
//! and starts the inbox, a page that shows each message roughly as its service would. Both run on their own and outlive the
//! command that started them. Their content survives a kill or a reboot, until [`down`] stops both and deletes
//! everything.
//!
//! ```text
//! <cache>/alertctl/ministack-1.5.33-<digest>/    the Python environment, kept by `down`
//! <cache>/alertctl/local/session.json            ports and process ids
//! <cache>/alertctl/local/emulator/               MiniStack's state, its functions' code, its log
//! <cache>/alertctl/local/inbox/                  the messages, its log
//! ```

mod cache;
mod emoji;
mod error;
mod http;
mod inbox;
mod os;
mod parts;
mod process;
mod provision;
mod requests;
mod session;
mod terminal;

pub use error::LocalError;
pub use inbox::serve_inbox;
pub use inbox::store::{Message, Verdict};
pub use provision::MINISTACK_VERSION;
pub use requests::Matched;
pub use session::{Noted, Part, Session, Status, current, down, status, up};
pub use terminal::render_text;
