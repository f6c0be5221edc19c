//! All colours of the output.

use alertctl_relay::Outcome;
use anstyle::{AnsiColor, Style};

use crate::engine::plan::Action;

pub const ERROR: Style = AnsiColor::Red.on_default().bold();
pub const WARNING: Style = AnsiColor::Yellow.on_default().bold();
pub const HELP: Style = AnsiColor::Cyan.on_default().bold();
pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();

/// The symbol of each action, and its colour.
pub fn symbol(action: Action) -> (&'static str, Style) {
    match action {
        Action::Create => ("+", AnsiColor::Green.on_default()),
        Action::Update => ("~", AnsiColor::Yellow.on_default()),
        Action::Replace => ("±", AnsiColor::Magenta.on_default()),
        Action::Adopt => (">", AnsiColor::Cyan.on_default()),
        Action::Delete => ("-", AnsiColor::Red.on_default()),
        Action::Keep => ("=", DIM),
    }
}

/// The verbs of an action: in progress and done.
pub fn verbs(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Create => ("creating", "created"),
        Action::Update => ("updating", "updated"),
        Action::Replace => ("replacing", "replaced"),
        Action::Adopt => ("adopting", "adopted"),
        Action::Delete => ("deleting", "deleted"),
        Action::Keep => ("keeping", "kept"),
    }
}

/// The colour of a message's outcome.
pub fn outcome(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Delivered => AnsiColor::Green.on_default(),
        Outcome::Buffered | Outcome::Deferred | Outcome::Duplicate | Outcome::Filtered | Outcome::Muted => {
            AnsiColor::Yellow.on_default()
        }
        Outcome::DeadLettered | Outcome::Undelivered => ERROR,
    }
}
