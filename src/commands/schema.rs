//! `alertctl schema`.

use std::process::ExitCode;

use super::{App, Outcome};
use crate::stack::schema;

/// What `init` calls it, beside the stack file.
pub const FILE: &str = "alertctl.schema.json";

pub fn run(app: &App) -> Outcome {
    // JSON in either form of output.
    app.out.result(text, schema);
    Ok(ExitCode::SUCCESS)
}

/// The schema as a file holds it.
pub fn text() -> String {
    format!("{:#}\n", schema())
}
