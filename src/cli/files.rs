//! Which files a stack is read from.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

/// The stack file of a command.
#[derive(Debug, Clone, Args)]
pub struct StackFile {
    /// Stack file
    #[arg(value_name = "STACK", default_value = "stack.yaml")]
    pub path: PathBuf,
}

/// A stack by its file, or by its name alone.
#[derive(Debug, Clone, Args)]
pub struct StackOrName {
    /// Stack file [default: stack.yaml]
    #[arg(value_name = "STACK", conflicts_with = "stack")]
    pub path: Option<PathBuf>,
    /// Name of the stack, if there is no file
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
}

/// What the stack file is completed with.
#[derive(Debug, Clone, Default, Args)]
pub struct StackOptions {
    /// A further stack file, laid over the one before it; repeatable. Without STACK, the first one is the stack file
    #[arg(
        short = 'f',
        long = "file",
        id = "files",
        global = true,
        value_name = "FILE",
        help_heading = "Stack file options"
    )]
    pub files: Vec<PathBuf>,
    /// A variable for `${NAME}` in stack files; goes before the environment's; repeatable
    #[arg(
        long = "var",
        global = true,
        value_name = "NAME=VALUE",
        value_parser = variable,
        help_heading = "Stack file options"
    )]
    pub variables: Vec<(String, String)>,
    /// A file with a variable on each line, NAME=VALUE; the environment goes before it; repeatable
    #[arg(
        long = "env-file",
        global = true,
        value_name = "FILE",
        help_heading = "Stack file options"
    )]
    pub env_files: Vec<PathBuf>,
}

/// Reads `NAME=VALUE`.
fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// `--file` of a command whose `-f` is something else; it stands in the place of the global one.
#[derive(Debug, Clone, Args)]
pub struct WithoutShortFile {
    /// A further stack file, laid over the one before it; repeatable. Without STACK, the first one is the stack file
    #[arg(
        id = "files",
        long = "file",
        value_name = "FILE",
        help_heading = "Stack file options"
    )]
    _files: Vec<PathBuf>,
}

/// Where a command line says which stack file is meant.
pub enum Named<'a> {
    One(&'a mut PathBuf),
    Perhaps(&'a mut Option<PathBuf>),
    Many(&'a mut Vec<PathBuf>),
    /// The last of several words.
    Last(&'a mut Vec<String>),
}

/// Makes the first `--file` the stack file, if the command line names none.
pub fn take_first(named: Option<Named<'_>>, options: &mut StackOptions, matches: &ArgMatches) {
    let mut leaf = matches;
    while let Some((_, inner)) = leaf.subcommand() {
        leaf = inner;
    }
    let said = |id: &str| {
        let is_known = leaf.try_contains_id(id).is_ok();
        is_known && leaf.value_source(id) == Some(ValueSource::CommandLine)
    };
    let Some(named) =
        named.filter(|_| !options.files.is_empty() && !said("path") && !said("paths") && !said("stack"))
    else {
        return;
    };
    match named {
        Named::Last(words) if words.last().is_some_and(|word| is_file(word)) => {}
        Named::Last(words) => words.push(options.files.remove(0).display().to_string()),
        Named::One(path) => *path = options.files.remove(0),
        Named::Perhaps(path) => *path = Some(options.files.remove(0)),
        Named::Many(paths) => *paths = vec![options.files.remove(0)],
    }
}

/// Whether a word is a path: a name has neither a dot nor a slash.
pub(super) fn is_file(word: &str) -> bool {
    word.contains(['.', '/', '\\'])
}

/// The option that is written both before and after the command; clap would keep those after it alone.
pub fn lost(words: &[OsString], options: &StackOptions, follows: bool) -> Option<&'static str> {
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let words = words.iter().take_while(|word| *word != "--");
    let count = |flag: &str| {
        let joined = format!("{flag}=");
        words
            .clone()
            .filter(|word| *word == flag || word.starts_with(&joined))
            .count()
    };
    let short = if follows { 0 } else { count("-f") };
    [
        ("--file", count("--file") + short, options.files.len()),
        ("--var", count("--var"), options.variables.len()),
        ("--env-file", count("--env-file"), options.env_files.len()),
    ]
    .into_iter()
    .find(|(_, written, read)| written > read)
    .map(|(flag, ..)| flag)
}
