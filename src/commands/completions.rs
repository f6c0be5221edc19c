//! `alertctl completions`, and the answers to a shell that asks for completions.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use alertctl_relay::Locale;
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::env::{CompleteEnv, Shells};
use clap_complete::{ArgValueCompleter, CompletionCandidate, PathCompleter};
use serde_json::json;

use super::{App, Outcome};
use crate::blueprint::{self, Names};
use crate::cli::{Cli, CompletionsArgs, Shell};
use crate::operate::probe;
use crate::output::Failure;
use crate::samples;
use crate::stack::{
    BUNDLED, Ciphertexts, Input, Region, Stack, Variables, is_yaml, load_from, read_variables,
};

/// The variable with which a shell's script asks this program.
const ASKED: &str = "COMPLETE";

/// Prints the script that makes a shell ask this program for completions.
pub(super) fn run(app: &App, args: &CompletionsArgs) -> Outcome {
    let shell = match args.shell {
        Shell::Bash => "bash",
        Shell::Elvish => "elvish",
        Shell::Fish => "fish",
        Shell::Powershell => "powershell",
        Shell::Zsh => "zsh",
    };
    let mut script = Vec::new();
    let written = Shells::builtins().completer(shell).map(|completer| {
        completer.write_registration(ASKED, "alertctl", "alertctl", "alertctl", &mut script)
    });
    match written {
        Some(Ok(())) => {}
        _ => {
            return Err(Failure::new(
                format!("there are no completions for `{shell}`"),
                "`alertctl completions --help` names the shells",
            ));
        }
    }
    let script = String::from_utf8_lossy(&script).into_owned();
    app.out.result(
        || script.clone(),
        || json!({ "version": 1, "shell": shell, "script": script }),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// If a shell asks for completions, answers and ends the process.
pub fn answer() {
    CompleteEnv::with_factory(|| with_values(Cli::command()))
        .var(ASKED)
        .complete();
}

/// The command with completions for its arguments.
fn with_values(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command
        .mut_args(|arg| match values(&name, &arg) {
            Some(completer) => arg.add(completer),
            None => arg,
        })
        .mut_subcommands(with_values)
}

/// The possible values of a command's argument, beyond those that the command line defines.
fn values(command: &str, arg: &Arg) -> Option<ArgValueCompleter> {
    let shown = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map(|name| name.as_str());
    Some(match (command, arg.get_id().as_str(), shown) {
        (_, _, Some("STACK")) | ("render", "stack", _) => {
            ArgValueCompleter::new(PathCompleter::file().filter(|path| is_yaml(path) || path.is_dir()))
        }
        (_, "channel", _) => of_stack(|stack| keys(&stack.channels)),
        (_, "rule", _) => of_stack(|stack| keys(&stack.rules)),
        (_, "endpoint", _) => of_stack(|stack| keys(&stack.endpoints)),
        (_, _, Some("KIND/KEY")) => of_stack(resources),
        ("alarm", "name", _) => of_stack(alarms),
        ("test", "paths", _) => of_stack(paths),
        (_, "profile", _) => among(|| profiles().into_iter().map(|name| (name, String::new()))),
        (_, "region", _) => among(|| Region::known().map(|name| (name.to_owned(), String::new()))),
        (_, "locale", _) => among(|| {
            Locale::ALL
                .into_iter()
                .map(|locale| (locale.code().to_owned(), locale.name().to_owned()))
        }),
        ("init", "from", _) => among(|| {
            BUNDLED
                .iter()
                .map(|one| (one.name.to_owned(), one.summary().to_owned()))
        }),
        ("events", "name", _) | (_, _, Some("EVENT")) => {
            among(|| samples::all().map(|sample| (sample.name.to_owned(), sample.kind().to_owned())))
        }
        _ => return None,
    })
}

/// Completes with values and their descriptions.
fn among<I: Iterator<Item = (String, String)>>(
    known: impl Fn() -> I + Send + Sync + 'static,
) -> ArgValueCompleter {
    ArgValueCompleter::new(move |typed: &OsStr| -> Vec<CompletionCandidate> {
        let typed = typed.to_string_lossy();
        let fitting = known().filter(|(value, _)| value.starts_with(typed.as_ref()));
        let description = |help: String| Some(help).filter(|help| !help.is_empty()).map(Into::into);
        fitting
            .map(|(value, help)| CompletionCandidate::new(value).help(description(help)))
            .collect()
    })
}

/// Completes with something from a stack.
fn of_stack(of: fn(&Stack) -> Vec<(String, String)>) -> ArgValueCompleter {
    among(move || named_stack().as_ref().map(of).unwrap_or_default().into_iter())
}

/// The stack on the command line so far, or the one in this directory.
fn named_stack() -> Option<Stack> {
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    Some(load_from(&input(words), Ciphertexts::Unused).ok()?.stack)
}

/// The files and variables of a stack that these words of a command line name.
fn input(words: impl Iterator<Item = OsString>) -> Input {
    let (mut files, mut given, mut of_files) = (vec![], vec![], vec![]);
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            // Another version of the stack, which is not laid over this one.
            Some("--base") => drop(words.next()),
            Some("--var") => {
                let pair = words.next().and_then(|pair| pair.into_string().ok());
                let pair = pair.as_deref().and_then(|pair| pair.split_once('='));
                given.extend(pair.map(|(name, value)| (name.to_owned(), value.to_owned())));
            }
            Some("--env-file") => {
                let text = words.next().and_then(|file| fs::read_to_string(file).ok());
                of_files.extend(
                    text.and_then(|text| read_variables(&text).ok())
                        .into_iter()
                        .flatten(),
                );
            }
            _ => {
                let path = PathBuf::from(word);
                files.extend((is_yaml(&path) && path.is_file()).then_some(path));
            }
        }
    }
    if files.is_empty() {
        files.push("stack.yaml".into());
    }
    Input {
        files,
        variables: Variables::new(given, of_files),
        ..Input::default()
    }
}

/// The profiles in AWS's configuration files, in the places where AWS's own tools look.
fn profiles() -> BTreeSet<String> {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let file = |variable, name| {
        let named = std::env::var_os(variable).map(PathBuf::from);
        fs::read_to_string(named.unwrap_or_else(|| home.join(".aws").join(name))).unwrap_or_default()
    };
    let files = [
        (file("AWS_CONFIG_FILE", "config"), "profile "),
        (file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ""),
    ];
    files
        .iter()
        .flat_map(|(text, before)| profiles_in(text, before))
        .collect()
}

/// The profiles in a file whose section names begin with `before`; in the configuration file that is all except
/// the default one.
fn profiles_in<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = String> + 'a {
    let sections = text
        .lines()
        .filter_map(|line| Some(line.trim().strip_prefix('[')?.split_once(']')?.0.trim()));
    let names = sections.filter_map(move |section| match section {
        "default" => Some(section),
        _ => section.strip_prefix(before),
    });
    names.map(|name| name.trim().to_owned())
}

fn keys<T>(section: &BTreeMap<String, T>) -> Vec<(String, String)> {
    section.keys().map(|key| (key.clone(), String::new())).collect()
}

fn alarms(stack: &Stack) -> Vec<(String, String)> {
    let names = Names::of(stack);
    let alarms = stack.alarms_expanded();
    let named = alarms.iter().map(|(key, alarm)| names.alarm(key, alarm));
    named.map(|name| (name, String::new())).collect()
}

/// The paths of a test, and the kinds of paths.
fn paths(stack: &Stack) -> Vec<(String, String)> {
    let home = stack.region.as_deref().unwrap_or("us-east-1");
    let paths = probe::paths(stack, home).into_iter();
    let paths: Vec<_> = paths.map(|path| (path.name, String::new())).collect();
    let kinds: BTreeSet<_> = paths
        .iter()
        .filter_map(|(name, _)| name.split_once('/'))
        .map(|(kind, _)| (kind.to_owned(), format!("every {kind}")))
        .collect();
    kinds.into_iter().chain(paths).collect()
}

fn resources(stack: &Stack) -> Vec<(String, String)> {
    let graph = blueprint::outline(stack, None);
    let nodes = graph.nodes().iter();
    nodes
        .map(|node| (node.id.to_string(), node.resource.name()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_of_the_command_line_are_one_stack() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            path.into_os_string()
        };
        let base = write("base.yaml", "stack: ${NAME}\ntopics: { ops: {} }\n");
        let over = write(
            "over.yaml",
            "channels: { oncall: { label: \"${LABEL}\", webhook: { env: HOOK } } }\n",
        );
        let old = write("old.yaml", "stack: other\n");
        let env = write("prod.env", "LABEL=on call\n");
        let words = ["plan".into(), base, "--base".into(), old, "-f".into(), over];
        let words = words
            .into_iter()
            .chain(["--var".into(), "NAME=shop".into(), "--env-file".into(), env]);
        let loaded = load_from(&input(words), Ciphertexts::Unused).unwrap();
        assert_eq!(
            (loaded.stack.stack.as_str(), loaded.stack.channels.len()),
            ("shop", 1)
        );
    }

    #[test]
    fn profiles_are_the_sections_of_both_files() {
        let config =
            "[default]\nregion = eu-west-1\n[profile my team]\n  [profile ops] # on call\n[sso-session x]\n";
        let names: Vec<_> = profiles_in(config, "profile ").collect();
        assert_eq!(names, ["default", "my team", "ops"]);
        let credentials = "[default]\naws_access_key_id = a\n\n[ci]\n";
        assert_eq!(
            profiles_in(credentials, "").collect::<Vec<_>>(),
            ["default", "ci"]
        );
    }
}
