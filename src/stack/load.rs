//! From bytes to a checked stack, or to a list of all its problems.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use super::assemble::{self, Asked, Assembled, Discovered, Gathered, Input, Query, Refused, Variables};
use super::check::{self, Ciphertexts};
use super::file::problem::{Level, Problem, Report, Span};
use super::file::source::{Problems, Source};
use super::file::tree::{Kind, Node};
use super::file::{open, read, secret};
use super::model::Stack;

/// A checked stack.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The content of the file.
    pub stack: Stack,
    /// The files' texts, to show the warnings in them.
    pub source: Source,
    /// Things that work but may be mistakes.
    pub warnings: Vec<Problem>,
    /// SHA-256 of the files' bytes and of the variables that were filled in, in hex.
    pub sha256: String,
    /// Whether the stack is one file without variables.
    pub is_plain: bool,
    /// What `for_each` asks AWS for, and got.
    pub asked: Vec<Asked>,
    pub discovered: Discovered,
    /// The stack as one file without includes, variables, defaults and `for_each`.
    written: Node,
}

impl Loaded {
    /// The sections of the stack and the keys in each, in the order of its files.
    pub fn sections(&self) -> Vec<(String, Vec<String>)> {
        let keys = |node: &Node| node.entries().iter().map(|entry| entry.key.clone()).collect();
        let sections = self.written.entries().iter();
        sections
            .map(|entry| (entry.key.clone(), keys(&entry.value)))
            .collect()
    }

    /// The stack as one file, which needs nothing else.
    pub fn expanded(&self) -> String {
        assemble::yaml(&self.written)
    }

    /// The file that has the address of a channel.
    pub fn address_file(&self, channel: &str) -> Option<&Path> {
        let channel_type = &self.stack.channels.get(channel)?.channel_type;
        let path = [&["channels", channel], channel_type.place()].concat();
        let (name, ..) = self.source.position(self.written.get(&path)?.span.start);
        Some(Path::new(name))
    }

    /// Refuses the stack after loading: the account shows that the ciphertexts of these channels were made for
    /// another relay.
    pub fn refuse_ciphertexts(&self, of: &[(&str, &str)]) -> LoadError {
        let relay = self.stack.relay_name();
        let problem = |(channel, made_for): &(&str, &str)| {
            let message = format!(
                "the address of channel `{channel}` was encrypted for `{made_for}`, not for `{relay}`"
            );
            let help = check::channels::encrypt_again(self.source.name(), channel);
            Problem::error(self.ciphertext(channel), message)
                .label(format!("`{made_for}` holds this ciphertext now"))
                .help(format!("run `{help}`"))
        };
        LoadError::Problems(Problems {
            source: self.source.clone(),
            list: of.iter().map(problem).collect(),
        })
    }

    /// The place of a channel's ciphertext.
    fn ciphertext(&self, channel: &str) -> Span {
        let entry = self.stack.channels.get(channel);
        let place = entry.map_or(&[][..], |entry| entry.channel_type.place());
        let path = [&["channels", channel], place, &["encrypted"]].concat();
        self.written.place(self.source.text(), &path)
    }
}

/// Why the stack could not be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read.
    File {
        /// The path as the user gave it.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The file has errors.
    Problems(Problems),
}

impl LoadError {
    /// The error as text for a person.
    pub fn render(&self, color: bool) -> String {
        match self {
            Self::File { path, error } => {
                format!("error: {self}\n  help: {}", open::way_on(path, error))
            }
            Self::Problems(problems) => problems.render(color),
        }
    }

    /// The error for machines.
    pub fn reports(&self) -> Vec<Report> {
        match self {
            Self::File { path, error } => {
                let source = Source::of(path.display().to_string(), "");
                source.reports(&[Problem::error(0..0, self.to_string()).help(open::way_on(path, error))])
            }
            Self::Problems(problems) => problems.reports(),
        }
    }
}

impl From<Refused> for LoadError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::File { path, error } => Self::File { path, error },
            Refused::Problems(problems) => Self::Problems(problems),
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => f.write_str(&open::fact(path, error)),
            Self::Problems(problems) => problems.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Problems(_) => None,
        }
    }
}

/// Reads and checks a stack file; `-` is standard input.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    load_from(&path.into(), Ciphertexts::Used)
}

/// Reads and checks a stack without AWS, for a command that uses ciphertexts in this way.
pub fn load_from(input: &Input, ciphertexts: Ciphertexts) -> Result<Loaded, LoadError> {
    draft(input)?.load(&Discovered::Unasked, ciphertexts)
}

/// A stack as far as it is known without AWS.
#[derive(Debug)]
pub struct Draft<'a> {
    gathered: Gathered,
    variables: &'a Variables,
    assembled: Assembled,
}

/// Reads the files of a stack.
pub fn draft(input: &Input) -> Result<Draft<'_>, LoadError> {
    let (gathered, variables) = (assemble::gather(input)?, &input.variables);
    let assembled = assemble::assemble(gathered.clone(), variables, &Discovered::Unasked);
    Ok(Draft {
        gathered,
        variables,
        assembled,
    })
}

/// What a stack asks AWS for before it can be checked, and where that is.
#[derive(Debug)]
pub struct Asks {
    pub stack: String,
    pub region: Option<String>,
    pub queries: Vec<Query>,
}

impl Draft<'_> {
    /// What the stack asks for; whatever else is wrong with it, checking says later.
    pub fn asks(&self) -> Asks {
        let Assembled { tree, copies, .. } = &self.assembled;
        let text = |key: &str| match tree.get(&[key]).map(|node| &node.kind) {
            Some(Kind::Scalar { text, .. }) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        Asks {
            stack: text("stack").unwrap_or_default(),
            region: text("region"),
            queries: copies.asked.iter().map(|asked| asked.query.clone()).collect(),
        }
    }

    /// Checks the stack, for which `discovered` says what it asks for.
    pub fn load(self, discovered: &Discovered, ciphertexts: Ciphertexts) -> Result<Loaded, LoadError> {
        let assembled = match discovered {
            Discovered::Unasked => self.assembled,
            Discovered::By(_) => assemble::assemble(self.gathered, self.variables, discovered),
        };
        read_for(assembled, discovered, ciphertexts).map_err(LoadError::Problems)
    }
}

/// Parses and checks the text of a stack file; `name` is its name in messages.
pub fn parse(name: &str, text: &str) -> Result<Loaded, Problems> {
    let discovered = Discovered::Unasked;
    let assembled = assemble::assemble(Gathered::of(name, text)?, &Variables::default(), &discovered);
    read_for(assembled, &discovered, Ciphertexts::Used)
}

fn read_for(
    assembled: Assembled,
    discovered: &Discovered,
    ciphertexts: Ciphertexts,
) -> Result<Loaded, Problems> {
    let Assembled {
        mut tree,
        source,
        text,
        copies,
        mut problems,
        sha256,
        is_plain,
    } = assembled;
    let written = tree.clone();
    let (stack, faults) = read::read::<Stack>(&mut tree, &text);
    problems.extend(faults);
    if let Some(stack) = &stack {
        let name = source.name();
        problems.extend(check::check(stack, &tree, &written, (name, &text), ciphertexts));
    }
    let mut problems = copies.settle(problems);
    settle(&mut problems);

    let is_refused = problems.iter().any(|problem| problem.severity == Level::Error);
    match stack {
        // Without errors nothing in the tree was masked or left out.
        Some(stack) if !is_refused => Ok(Loaded {
            warnings: problems,
            sha256,
            is_plain,
            asked: copies.asked,
            discovered: discovered.clone(),
            written,
            stack,
            source,
        }),
        _ => Err(Problems {
            source,
            list: problems,
        }),
    }
}

/// Sorts the problems by their place in the file. Where a value was masked, or lacks what belongs in it, only the problem
/// with that stays: it is the cause of the others. A secret in a comment causes none. If there are errors, most warnings are only
/// consequences of them and are dropped.
fn settle(problems: &mut Vec<Problem>) {
    let is_error = |problem: &Problem| problem.severity == Level::Error;
    let about_secret = |problem: &Problem| problem.label.as_deref() == Some(secret::LABEL);
    let exposed = problems
        .iter()
        .filter(|problem| is_error(problem) && about_secret(problem));
    let causes = problems.iter().filter(|problem| problem.is_cause);
    let hidden: Vec<Span> = exposed
        .chain(causes)
        .map(|problem| problem.span.clone())
        .collect();
    let is_hidden = |span: &Span| hidden.iter().any(|cause| secret::overlaps(cause, span));
    problems.retain(|problem| about_secret(problem) || problem.is_cause || !is_hidden(&problem.span));
    if problems.iter().any(is_error) {
        problems.retain(|problem| is_error(problem) || about_secret(problem));
    }
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    problems.dedup();
}
