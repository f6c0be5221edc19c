//! The stack file: its model, loading it with positions, checking and editing it.
//!
//! This is the lowest room (module): it uses no other module of alertctl and never calls AWS.

mod advice;
mod aws_metrics;
mod bundled;
mod check;
mod composite;
mod edit;
mod events;
mod expand;
mod file;
mod load;
mod model;
mod placeholders;
mod problem;
mod read;
mod reference;
mod regions;
mod schema;
mod secret;
#[cfg(test)]
mod tests;
mod threshold;
mod tree;
mod values;
mod webhook;
mod window;

pub use bundled::{BUNDLED, Bundled, modeline};
pub use edit::{EditError, set_webhook};
pub use events::CompiledRule;
pub use file::is_yaml;
pub use load::{Ciphertexts, LoadError, Loaded, load, load_for, parse};
pub use model::*;
pub use placeholders::{NOBODYS_INSTANCE, NOBODYS_TOKEN, PLACEHOLDERS, Placeholder};
pub use problem::{Level, Problem, Problems, Report, Source, Span};
pub use read::nearest;
pub use reference::reference;
pub use regions::Region;
pub use schema::schema;
pub use webhook::{AllowLoopback, WebhookUrl, WebhookUrlError};
