//! From bytes to a checked stack, or to a list of all its problems.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::check::{self, Ciphertexts};
use super::file::problem::{Level, Problem, Problems, Report, Source, Span};
use super::file::tree::{self, Kind, Node};
use super::file::{open, read, secret};
use super::model::{SecretSource, Stack};

/// A checked stack.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The content of the file.
    pub stack: Stack,
    /// The file's text, to show the warnings in it.
    pub source: Source,
    /// Things that work but may be mistakes.
    pub warnings: Vec<Problem>,
    /// SHA-256 of the file's bytes, in hex.
    pub sha256: String,
}

impl Loaded {
    /// Refuses the stack after loading: the account shows that the ciphertexts of these channels were made for
    /// another relay.
    pub fn refuse_ciphertexts(&self, of: &[(&str, &str)]) -> LoadError {
        let relay = self.stack.relay_name();
        let problem = |(channel, made_for): &(&str, &str)| {
            let message = format!(
                "the address of channel `{channel}` was encrypted for `{made_for}`, not for `{relay}`"
            );
            let help = check::channels::encrypt_again(&self.source.name, channel);
            Problem::error(self.ciphertext(channel), message)
                .label(format!("`{made_for}` holds this ciphertext now"))
                .help(format!("run `{help}`"))
        };
        LoadError::Problems(Problems {
            source: self.source.clone(),
            list: of.iter().map(problem).collect(),
        })
    }

    /// The place of a channel's ciphertext; the beginning of the file if the ciphertext spans several lines.
    fn ciphertext(&self, channel: &str) -> Span {
        let address = self.stack.channels.get(channel).map(|channel| &channel.address);
        match address {
            Some(SecretSource::Encrypted { ciphertext, .. }) => {
                let start = self.source.text.find(ciphertext);
                start.map_or(0..0, |start| start..start + ciphertext.len())
            }
            _ => 0..0,
        }
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
                let source = Source {
                    name: path.display().to_string(),
                    text: String::new(),
                };
                source.reports(&[Problem::error(0..0, self.to_string()).help(open::way_on(path, error))])
            }
            Self::Problems(problems) => problems.reports(),
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
    load_for(path, Ciphertexts::Used)
}

/// The same for a command that uses ciphertexts in this way.
pub fn load_for(path: &Path, ciphertexts: Ciphertexts) -> Result<Loaded, LoadError> {
    let bytes = open::read(path).map_err(|error| LoadError::File {
        path: path.to_owned(),
        error,
    })?;
    let name = path.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => parse_for(&name, &text, ciphertexts),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let problem = Problem::error(at..at, "the file is not UTF-8 text");
            let problem = problem.label("first wrong byte").help("save the file as UTF-8");
            Err(refuse(&name, &text, vec![problem]))
        }
    }
    .map_err(LoadError::Problems)
}

/// Parses and checks the text of a stack file; `name` is its name in messages.
pub fn parse(name: &str, text: &str) -> Result<Loaded, Problems> {
    parse_for(name, text, Ciphertexts::Used)
}

fn parse_for(name: &str, text: &str, ciphertexts: Ciphertexts) -> Result<Loaded, Problems> {
    let sha256 = hex::encode(Sha256::digest(text));
    // The byte order mark is neither content nor part of a column.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut tree, mut problems) = tree::parse(text).map_err(|problem| refuse(name, text, vec![*problem]))?;

    let clear_text = secret::find(text);
    let misplaced = secret::find_misplaced(&tree);
    let misplaced_spans: Vec<Span> = misplaced.iter().map(|(span, _)| span.clone()).collect();
    let secrets = [clear_text.as_slice(), &misplaced_spans].concat();
    problems.extend(secret_problems(&tree, text, &clear_text, &misplaced));
    secret::mask_tree(&mut tree, &secrets);
    let source = Source {
        name: name.to_owned(),
        text: secret::mask(text, &secrets),
    };

    let written = tree.clone();
    let (stack, faults) = read::read::<Stack>(&mut tree, &source.text);
    problems.extend(faults);
    if let Some(stack) = &stack {
        problems.extend(check::check(stack, &tree, &written, &source, ciphertexts));
    }
    settle(&mut problems);

    let is_refused = problems.iter().any(|problem| problem.severity == Level::Error);
    match stack {
        // Without errors nothing in the tree was masked or left out.
        Some(stack) if !is_refused => Ok(Loaded {
            stack,
            source,
            warnings: problems,
            sha256,
        }),
        _ => Err(Problems {
            source,
            list: problems,
        }),
    }
}

/// One problem per secret, even if it was found in several ways.
fn secret_problems(
    tree: &Node,
    text: &str,
    clear_text: &[Span],
    misplaced: &[(Span, secret::Misplaced)],
) -> Vec<Problem> {
    let is_clear = |span: &Span| clear_text.iter().any(|known| secret::overlaps(known, span));
    let exposed = clear_text
        .iter()
        .map(|span| secret::exposed(text, span, is_value(tree, span)));
    let others = misplaced
        .iter()
        .filter(|(span, _)| !is_clear(span))
        .map(|(span, kind)| secret::misplaced(span, *kind));
    exposed.chain(others).collect()
}

fn is_value(node: &Node, span: &Span) -> bool {
    match &node.kind {
        Kind::Scalar { .. } => secret::overlaps(&node.span, span),
        Kind::List(items) => items.iter().any(|item| is_value(item, span)),
        Kind::Map(entries) => entries
            .iter()
            .any(|entry| secret::overlaps(&entry.key_span, span) || is_value(&entry.value, span)),
    }
}

/// Sorts the problems by their place in the file. Where a value was masked, only the problem with the secret stays: it
/// is the cause of the others. A secret in a comment causes none. If there are errors, most warnings are only
/// consequences of them and are dropped.
fn settle(problems: &mut Vec<Problem>) {
    let is_error = |problem: &Problem| problem.severity == Level::Error;
    let about_secret = |problem: &Problem| problem.label.as_deref() == Some(secret::LABEL);
    let exposed = problems
        .iter()
        .filter(|problem| is_error(problem) && about_secret(problem));
    let masked: Vec<Span> = exposed.map(|problem| problem.span.clone()).collect();
    let is_masked = |span: &Span| masked.iter().any(|secret| secret::overlaps(secret, span));
    problems.retain(|problem| about_secret(problem) || !is_masked(&problem.span));
    if problems.iter().any(is_error) {
        problems.retain(|problem| is_error(problem) || about_secret(problem));
    }
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    problems.dedup();
}

/// Refuses a text that could not be parsed into a tree. Every URL is masked, because any may be a webhook, and
/// everything that may be a token.
fn refuse(name: &str, text: &str, list: Vec<Problem>) -> Problems {
    let secrets = [
        secret::find(text),
        secret::find_urls(text),
        secret::find_tokens(text),
    ]
    .concat();
    Problems {
        source: Source {
            name: name.to_owned(),
            text: secret::mask(text, &secrets),
        },
        list,
    }
}
