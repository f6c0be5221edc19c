//! Which files a stack is read from.

use std::ffi::{OsStr, OsString};
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

/// The words with the first `--file` as the stack file, if that is not among them; `None` if they can stay as they are.
pub fn with_stack(matches: &ArgMatches, mut words: Vec<OsString>) -> Option<Vec<OsString>> {
    let mut leaf = matches;
    while let Some((_, inner)) = leaf.subcommand() {
        leaf = inner;
    }
    let said = |id: &str| {
        let is_known = leaf.try_contains_id(id).is_ok();
        is_known && leaf.value_source(id) == Some(ValueSource::CommandLine)
    };
    let mut names = leaf.try_get_raw("words").ok().flatten().into_iter().flatten();
    let takes_one = ["path", "paths", "words"]
        .iter()
        .any(|id| leaf.try_contains_id(id).is_ok());
    if said("path") || said("paths") || said("stack") || names.any(is_yaml) || !takes_one {
        return None;
    }
    let is_flag = |word: &OsString| word == "-f" || word == "--file";
    let joined = |word: &OsString| {
        let word = word.to_str()?;
        let rest = word.strip_prefix("--file=").or_else(|| word.strip_prefix("-f"))?;
        Some(OsString::from(rest.strip_prefix('=').unwrap_or(rest)))
    };
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let at = words[..end]
        .iter()
        .position(|word| is_flag(word) || joined(word).is_some())?;
    let file = match is_flag(&words[at]) {
        true => {
            words.remove(at);
            (at < words.len()).then(|| words.remove(at))?
        }
        false => joined(&words.remove(at))?,
    };
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.insert(end, file);
    Some(words)
}

fn is_yaml(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    [".yaml", ".yml"].iter().any(|end| name.ends_with(end))
}
