//! Reads the files of a stack, and those that they include.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::variables::Variables;
use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::source::{Problems, Source};
use crate::stack::file::tree::{Kind, Node};
use crate::stack::file::{open, parse, secret};

/// The key that names other files.
const INCLUDE: &str = "include";
/// Most files of a stack.
const MAX_FILES: usize = 100;

/// What a stack is read from.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The files, each laid over those before it; `-` is standard input. At least one.
    pub files: Vec<PathBuf>,
    pub variables: Variables,
    /// Texts in place of those that files have, by the names of the files in messages.
    pub edited: BTreeMap<String, String>,
}

impl From<&Path> for Input {
    /// One file, and the variables of the environment.
    fn from(path: &Path) -> Self {
        Self {
            files: vec![path.to_owned()],
            variables: Variables::new([], []),
            edited: BTreeMap::new(),
        }
    }
}

/// The files of a stack.
#[derive(Debug, Clone)]
pub struct Gathered {
    /// With every secret masked.
    pub source: Source,
    /// Their trees, the lowest first.
    pub trees: Vec<Node>,
    pub problems: Vec<Problem>,
    /// Of their bytes.
    pub digest: Sha256,
}

/// Why the files of a stack cannot be read.
#[derive(Debug)]
pub enum Refused {
    File { path: PathBuf, error: io::Error },
    Problems(Problems),
}

/// Reads the files, and what they include.
///
/// # Errors
/// A file cannot be opened, or is not YAML.
pub fn gather(input: &Input) -> Result<Gathered, Refused> {
    let mut gathering = Gathering {
        alone: input.files.len() == 1,
        edited: input.edited.clone(),
        ..Gathering::default()
    };
    for path in &input.files {
        let bytes = gathering.read(path).map_err(|error| Refused::File {
            path: path.clone(),
            error,
        })?;
        gathering.file(&path.display().to_string(), path, &bytes)?;
    }
    gathering.end()
}

impl Gathered {
    /// The text of one file that may include others.
    pub fn of(name: &str, text: &str) -> Result<Self, Problems> {
        let mut gathering = Gathering {
            alone: true,
            ..Gathering::default()
        };
        let gathered = gathering.file(name, Path::new(name), text.as_bytes());
        match gathered.and_then(|()| gathering.end()) {
            Ok(gathered) => Ok(gathered),
            Err(Refused::Problems(problems)) => Err(problems),
            Err(Refused::File { path, error }) => Err(Problems {
                source: Source::of(name, ""),
                list: vec![Problem::error(0..0, open::fact(&path, &error)).help(open::way_on(&path, &error))],
            }),
        }
    }
}

#[derive(Default)]
struct Gathering {
    source: Option<Source>,
    trees: Vec<Node>,
    problems: Vec<Problem>,
    digest: Sha256,
    /// In all texts.
    secrets: Vec<Span>,
    /// The files that are being read, each of which includes the next one.
    way: Vec<PathBuf>,
    count: usize,
    /// The files that were read.
    seen: BTreeSet<PathBuf>,
    /// Whether the stack is one file, as far as is known.
    alone: bool,
    /// Texts in place of those that files have.
    edited: BTreeMap<String, String>,
}

/// Whether a text is more than comments.
fn has_content(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    lines
        .into_iter()
        .any(|line| !line.is_empty() && !line.starts_with('#') && line != "---")
}

/// The same path for the same file, however it was named.
fn canonical(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

impl Gathering {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.edited.get(&path.display().to_string()) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => open::read(path),
        }
    }

    fn file(&mut self, name: &str, path: &Path, bytes: &[u8]) -> Result<(), Refused> {
        self.digest.update(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.valid_up_to();
                let problem = Problem::error(at..at, "the file is not UTF-8 text");
                let problem = problem.label("first wrong byte").help("save the file as UTF-8");
                return Err(self.refuse(name, &String::from_utf8_lossy(bytes), problem));
            }
        };
        // The byte order mark is neither content nor part of a column.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parsed = match has_content(text) || self.alone {
            true => parse::parse(text),
            // Nothing is laid over anything.
            false => Ok((Node::empty(), vec![])),
        };
        let (mut tree, mut problems) = match parsed {
            Ok(parsed) => parsed,
            Err(problem) => return Err(self.refuse(name, text, *problem)),
        };
        if !self.alone && !matches!(tree.kind, Kind::Map(_)) {
            let place = tree.place::<&str>(text, &[]);
            let problem = Problem::error(place, "this is not a stack file: it has no keys");
            problems.push(
                problem
                    .help("write `key: value`, or remove the file from the command line or from `include`"),
            );
            tree = Node::empty();
        }
        let clear_text = secret::find(text);
        let misplaced = secret::find_misplaced(&tree);
        let spans = misplaced.iter().map(|(span, _)| span.clone());
        let secrets: Vec<Span> = clear_text.iter().cloned().chain(spans).collect();
        problems.extend(secret::problems(&tree, text, &clear_text, &misplaced));
        secret::mask_tree(&mut tree, &secrets);
        let start = match &mut self.source {
            Some(source) => source.add(name, text),
            None => {
                self.source = Some(Source::of(name, text));
                0
            }
        };
        problems.iter_mut().for_each(|problem| problem.shift(start));
        self.problems.extend(problems);
        let moved = secrets
            .into_iter()
            .map(|span| span.start + start..span.end + start);
        self.secrets.extend(moved);
        tree.each_span(&|span| *span = span.start + start..span.end + start);
        let included = take(&mut tree, &mut self.problems);
        self.alone = self.alone && included.is_empty();
        self.seen.insert(canonical(path));
        self.way.push(canonical(path));
        for (included, span) in included {
            self.include(path, &included, &span)?;
        }
        self.way.pop();
        self.trees.push(tree);
        Ok(())
    }

    /// Reads a file that another one includes, below that one.
    fn include(&mut self, from: &Path, name: &str, span: &Span) -> Result<(), Refused> {
        let directory = from.parent().filter(|_| from != Path::new(open::STANDARD_INPUT));
        let path = directory.unwrap_or(Path::new("")).join(name);
        self.count += 1;
        let known = canonical(&path);
        // It lies below already.
        if self.seen.contains(&known) && !self.way.contains(&known) {
            return Ok(());
        }
        if self.way.contains(&known) || self.count > MAX_FILES {
            let message = match self.count > MAX_FILES {
                true => format!("the stack has more than {MAX_FILES} files"),
                false => format!("`{}` includes itself", path.display()),
            };
            self.problems
                .push(Problem::error(span.clone(), message).help("remove this line"));
            return Ok(());
        }
        match self.read(&path) {
            Ok(bytes) => self.file(&path.display().to_string(), &path, &bytes),
            Err(error) => {
                let problem = Problem::error(span.clone(), open::fact(&path, &error));
                self.problems
                    .push(problem.help("correct the path: it is relative to the file that names it"));
                Ok(())
            }
        }
    }

    /// Refuses a text that could not be parsed into a tree. Every URL is masked, because any may be a webhook, and
    /// everything that may be a token.
    fn refuse(&mut self, name: &str, text: &str, mut problem: Problem) -> Refused {
        let secrets = [
            secret::find(text),
            secret::find_urls(text),
            secret::find_tokens(text),
        ]
        .concat();
        let masked = secret::mask(text, &secrets);
        let source = match self.source.take() {
            None => Source::of(name, masked),
            Some(mut source) => {
                source.mask(&self.secrets);
                let start = source.add(name, &masked);
                problem.shift(start);
                source
            }
        };
        Refused::Problems(Problems {
            source,
            list: vec![problem],
        })
    }

    fn end(mut self) -> Result<Gathered, Refused> {
        let mut source = self.source.take().unwrap_or_else(|| Source::of("", ""));
        source.mask(&self.secrets);
        Ok(Gathered {
            source,
            trees: self.trees,
            problems: self.problems,
            digest: self.digest,
        })
    }
}

/// Takes `include` out of a tree: the files that it names.
fn take(tree: &mut Node, problems: &mut Vec<Problem>) -> Vec<(String, Span)> {
    let Some(entry) = tree.take(INCLUDE) else {
        return vec![];
    };
    let items = match entry.value.kind {
        Kind::List(items) => items,
        _ => vec![entry.value],
    };
    let mut files = vec![];
    for item in items {
        match item.kind {
            Kind::Scalar { text, .. } if !text.is_empty() => files.push((text, item.span)),
            _ => {
                let problem = Problem::error(item.span, "`include` is a list of files");
                problems.push(problem.help("write `include: [common.yaml]`"));
            }
        }
    }
    files
}
