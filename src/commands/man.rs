//! `alertctl man`.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use roff::{Roff, roman};
use serde_json::json;

use super::{App, Outcome};
use crate::cli::{Cli, HELP, ManArgs, Parts};
use crate::output::Failure;

/// The lists in a help text: their titles there and in a manual page, in the order of a manual page.
const SECTIONS: [(&str, &str); 3] = [
    ("Exit codes", "EXIT STATUS"),
    ("Environment", "ENVIRONMENT"),
    ("Examples", "EXAMPLES"),
];

pub fn run(app: &App, args: &ManArgs) -> Outcome {
    let directory = &args.directory;
    let refused = |error| {
        Failure::new(
            format!("cannot write manual pages to `{}`: {error}", directory.display()),
            "choose a directory that you can write to, such as `~/.local/share/man/man1`",
        )
    };
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    fs::create_dir_all(directory)
        .and_then(|()| write(&command, directory))
        .map_err(refused)?;
    let shown = directory.display().to_string();
    app.out.result(
        || format!("wrote the manual pages to {shown}; `man -l {shown}/alertctl.1` shows the first"),
        || json!({ "version": 1, "directory": shown }),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of a command and the pages of its subcommands.
fn write(command: &Command, directory: &Path) -> io::Result<()> {
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        write(below, directory)?;
    }
    let man = Man::new(command.clone());
    fs::write(directory.join(man.get_filename()), page(command)?)
}

/// Keeps the lines of lists, which `clap_mangen` would fill like prose, and moves the lists to their usual
/// places.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    let text =
        |styled: Option<&clap::builder::StyledStr>| styled.map(ToString::to_string).unwrap_or_default();
    let help = text(command.get_after_help());
    let (own, common) = (Parts::of(&help), Parts::of(HELP));
    let about = [text(command.get_about())];
    let description: Vec<_> = about
        .iter()
        .map(String::as_str)
        .chain(own.prose.iter().copied())
        .collect();
    // With every option by name, the synopsis would take four lines.
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").to_owned();
    let shown = command
        .clone()
        .override_usage(usage)
        .long_about(description.join("\n\n"));
    let man = Man::new(shown);

    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    for (title, section) in SECTIONS {
        if let Some(lines) = own.list(title).or_else(|| common.list(title)) {
            page.write_all(as_it_is(section, lines).as_bytes())?;
        }
    }
    if command.get_version().is_some() {
        man.render_version_section(&mut page)?;
    }
    Ok(page)
}

/// A section whose lines are not filled.
fn as_it_is(section: &str, lines: &[&str]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [section]).control("nf", []);
    for line in lines {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("fi", []).render()
}
