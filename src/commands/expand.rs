//! `alertctl expand`.

use std::process::ExitCode;

use serde_json::json;

use super::{App, Outcome};
use crate::cli::ExpandArgs;
use crate::stack::Ciphertexts;

/// Prints the stack as one file that needs nothing else.
pub async fn run(app: &App, args: &ExpandArgs) -> Outcome {
    let loaded = app.load_for(&args.file.path, Ciphertexts::Unused).await?;
    let text = loaded.expanded().trim_end().to_owned();
    let files: Vec<_> = loaded.source.names().collect();
    app.out.result(
        || text.clone(),
        || json!({ "version": 1, "files": files, "stack_file": text }),
    )?;
    Ok(ExitCode::SUCCESS)
}
