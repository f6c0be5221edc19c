//! `alertctl validate`.

use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome};
use crate::cli::ValidateArgs;

pub fn run(app: &App, args: &ValidateArgs) -> Outcome {
    let loaded = app.load(&args.file.path)?;
    let path = args.file.path.display().to_string();
    app.out.result(
        || format!("{path}: valid"),
        || json!({ "version": 1, "stack": loaded.stack.stack, "file": path, "errors": [] }),
    );
    Ok(ExitCode::SUCCESS)
}
