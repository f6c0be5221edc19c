//! `alertctl version`.

use std::process::ExitCode;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{App, Outcome};
use crate::relay_zip;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The target that the program was built for.
const TARGET: &str = env!("ALERTCTL_TARGET");
/// The commit, in a release build from a checkout.
const COMMIT: Option<&str> = option_env!("ALERTCTL_COMMIT");

pub fn run(app: &App) -> Outcome {
    let package = hex::encode(Sha256::digest(relay_zip::ZIP));
    let (relay, sources) = (relay_zip::VERSION, relay_zip::SOURCES_SHA256);
    let text = || {
        let commit = COMMIT.map_or_else(String::new, |commit| format!("commit         {commit}\n"));
        format!(
            "alertctl       {VERSION}\n{commit}target         {TARGET}\nrelay          {relay}\n\
             relay sources  sha256 {sources}\nrelay package  sha256 {package}"
        )
    };
    app.out.result(text, || {
        json!({
            "version": 1,
            "alertctl": VERSION,
            "commit": COMMIT,
            "target": TARGET,
            "relay": {
                "version": relay,
                "sources_sha256": sources,
                "package_sha256": package,
            },
        })
    })?;
    Ok(ExitCode::SUCCESS)
}
