//! `alertctl schema`.

use std::process::ExitCode;

use super::{App, Outcome};
use crate::cli::Format;
use crate::stack::{reference, schema};

/// The schema's file name, which `init` uses beside the stack file.
pub const FILE: &str = "alertctl.schema.json";

pub fn run(app: &App) -> Outcome {
    let text = match app.out.format {
        Format::Markdown => reference,
        Format::Text | Format::Json => text,
    };
    app.out.result(text, schema)?;
    Ok(ExitCode::SUCCESS)
}

/// The schema as the content of a file.
pub fn text() -> String {
    format!("{:#}\n", schema())
}
