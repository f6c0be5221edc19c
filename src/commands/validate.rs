//! `alertctl validate`.

use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome};
use crate::cli::ValidateArgs;

pub fn run(app: &App, args: &ValidateArgs) -> Outcome {
    let loaded = app.load_to_deploy(&args.file.path)?;
    // Here alone: a pipeline that plans and applies as well would show each of them again.
    app.out.annotate(&loaded.source.reports(&loaded.warnings));
    let path = args.file.path.display().to_string();
    app.out.result(
        || format!("{path}: valid"),
        || json!({ "version": 1, "stack": loaded.stack.stack, "file": path, "errors": [] }),
    )?;
    Ok(ExitCode::SUCCESS)
}
