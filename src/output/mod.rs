//! The program's output: results go to standard output, messages to standard error.
//!
//! Colour goes through `anstream`, which removes it where it is not wanted (NO_COLOR, no terminal).

use std::io::{IsTerminal as _, Write as _, stderr, stdin};

use crate::cli::Format;

mod ask;
mod backtest;
mod ci;
mod cost;
mod coverage;
mod dead_letters;
pub mod defects;
mod failure;
mod lines;
mod live;
mod markdown;
mod mutes;
mod permissions;
pub mod picture;
mod plan_markdown;
mod plan_text;
mod progress;
mod report;
mod samples;
mod status;
mod stdout;
mod style;
mod verdicts;
mod warnings;
mod width;

pub use dead_letters::{DeadLetterList, Fate};
pub use failure::{Failure, Problem};
pub use mutes::MuteRow;
pub use plan_text::line;
pub use progress::Progress;
pub use samples::Samples;
pub use status::{Row, state};
pub use stdout::Unwritten;
pub use verdicts::Verdicts;
pub use warnings::{listed_in as with_warnings, of_file as warnings_of_file};

/// Where and how to print.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    pub format: Format,
}

impl Out {
    /// Prints a result on standard output: as JSON, or as text in the requested format.
    ///
    /// # Errors
    /// It cannot be written; a reader that has closed the pipe (`| head`) is not an error.
    pub fn result(
        &self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> serde_json::Value,
    ) -> Result<(), Unwritten> {
        stdout::print(&self.shown(text, json)).map(drop)
    }

    /// Prints a result that cannot be printed again, such as a new token.
    ///
    /// # Errors
    /// It cannot be written, or nobody reads it.
    pub fn result_once(
        &self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> serde_json::Value,
    ) -> Result<(), Unwritten> {
        stdout::print_once(&self.shown(text, json))
    }

    /// Prints one line of an ongoing result, as text or as JSON; returns false once nobody reads it any more.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn line(
        &self,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> serde_json::Value,
    ) -> Result<bool, Unwritten> {
        stdout::print(&match self.format {
            Format::Json => json().to_string(),
            Format::Text | Format::Markdown => text(),
        })
    }

    fn shown(&self, text: impl FnOnce() -> String, json: impl FnOnce() -> serde_json::Value) -> String {
        match self.format {
            Format::Json => format!("{:#}", warnings::listed_in(json())),
            Format::Text | Format::Markdown => text(),
        }
    }

    /// Prints a message on standard error.
    pub fn say(&self, text: &str) {
        talk(text);
    }

    /// True if a user can be prompted.
    pub fn interactive(&self) -> bool {
        stdin().is_terminal() && stderr().is_terminal()
    }

    /// True when standard error shows colour.
    pub fn color(&self) -> bool {
        anstream::AutoStream::choice(&stderr()) != anstream::ColorChoice::Never
    }
}

/// Prints a message on standard error, above the lines that are drawn there.
pub fn talk(text: &str) {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    live::beside(|| {
        let mut stream = anstream::AutoStream::auto(stderr());
        // If standard error cannot be written, there is nowhere to report it.
        let _ = write!(stream, "{text}{newline}").and_then(|()| stream.flush());
    });
}

/// Removes the drawn lines, before the process ends while something runs.
pub fn clear() {
    live::draw(Vec::new());
}

/// Text that cannot move the cursor of a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
