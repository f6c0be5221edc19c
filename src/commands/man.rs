//! `alertctl man`.

use std::fs;
use std::process::ExitCode;

use clap::CommandFactory as _;
use serde_json::json;

use super::{App, Outcome};
use crate::cli::{Cli, ManArgs};
use crate::output::Failure;

pub fn run(app: &App, args: &ManArgs) -> Outcome {
    let directory = &args.directory;
    let refused = |error| {
        Failure::new(
            format!("cannot write manual pages to `{}`: {error}", directory.display()),
            "name a directory that you may write to, such as `~/.local/share/man/man1`",
        )
    };
    fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        .map_err(refused)?;
    let shown = directory.display().to_string();
    app.out.result(
        || format!("wrote the manual pages to {shown}; `man -l {shown}/alertctl.1` shows the first"),
        || json!({ "version": 1, "directory": shown }),
    )?;
    Ok(ExitCode::SUCCESS)
}
