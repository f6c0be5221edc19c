//! Why a command failed, as text and as JSON.

use serde::Serialize;
use serde_json::json;

use super::{Out, style};
use crate::aws::Fault;
use crate::cli::Format;
use crate::local::LocalError;
use crate::stack::LoadError;

/// An error, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// Why a command failed; the exit code is 1, or 130 if the user interrupted it.
#[derive(Debug)]
pub enum Failure {
    /// The stack file cannot be used.
    Stack(LoadError),
    /// All other errors.
    Problems(Vec<Problem>),
    /// The user declined a prompt; the text says what that means, such as `nothing was changed`.
    Declined(&'static str),
    /// The user interrupted the command; what was done and what was not has already been reported.
    Interrupted,
    /// The failure has already been reported completely.
    Reported,
}

impl Failure {
    /// One error with its advice.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Problems(vec![Problem {
            message: message.into(),
            help: Some(help.into()),
        }])
    }

    /// Reports the failure and returns the exit code.
    pub fn report(&self, out: Out) -> u8 {
        self.annotate(out);
        self.print(out)
    }

    fn print(&self, out: Out) -> u8 {
        match (self, out.format) {
            (Self::Interrupted, _) => return 130,
            (Self::Reported, _) => {}
            (Self::Declined(text), _) => out.say(text),
            (Self::Stack(error), Format::Text | Format::Markdown) => out.say(&error.render(out.color())),
            (Self::Problems(problems), Format::Text | Format::Markdown) => {
                for Problem { message, help } in problems {
                    let (error, hint) = (style::ERROR, style::HELP);
                    let mut text = format!("{error}error{error:#}: {message}");
                    if let Some(help) = help {
                        text.push_str(&format!("\n  {hint}help{hint:#}: {help}"));
                    }
                    out.say(&text);
                }
            }
            (Self::Stack(_) | Self::Problems(_), Format::Json) => {
                self.print_document(out, || json!({ "version": 1, "errors": self.errors() }));
            }
        }
        1
    }

    /// The errors as JSON.
    pub fn errors(&self) -> serde_json::Value {
        match self {
            Self::Stack(error) => json!(error.reports()),
            Self::Problems(problems) => json!(problems),
            Self::Declined(_) | Self::Interrupted | Self::Reported => json!([]),
        }
    }

    /// Prints the failure as a document. If that cannot be written, reports both errors on standard error.
    fn print_document(&self, out: Out, document: impl FnOnce() -> serde_json::Value) {
        if let Err(unwritten) = out.result(String::new, document) {
            let talk = Out { format: Format::Text };
            Self::from(unwritten).print(talk);
            self.print(talk);
        }
    }

    /// Reports the errors to the pipeline's runner, which shows them at their lines.
    pub fn annotate(&self, out: Out) {
        match self {
            Self::Stack(error) => out.annotate(&error.reports()),
            Self::Problems(problems) => {
                for Problem { message, help } in problems {
                    out.annotate_error("alertctl", message, help.as_deref());
                }
            }
            Self::Declined(_) | Self::Interrupted | Self::Reported => {}
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let help = fault.help();
        Self {
            message: fault.to_string(),
            help: Some(help),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        vec![fault].into()
    }
}

impl From<Vec<Fault>> for Failure {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Problems(faults.into_iter().map(Problem::from).collect())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::Stack(error)
    }
}

impl From<LocalError> for Failure {
    fn from(error: LocalError) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}
