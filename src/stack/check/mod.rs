//! Checks what the model's types cannot express: AWS's limits, and references that must exist.

mod alarms;
mod arn;
mod aws_metrics;
mod bucket;
mod buses;
mod calls;
pub mod channels;
mod charts;
mod composite;
mod destinations;
mod endpoints;
mod evaluation;
mod filters;
mod hearing;
mod input;
mod log_queries;
mod metrics;
mod monitoring;
mod mutes;
mod names;
mod organization;
mod pages;
mod pattern;
pub mod placeholders;
mod places;
mod published;
mod receivers;
pub mod regions;
mod relay;
mod routes;
mod rules;
mod selectors;
mod sets;
mod settings;
mod template;
mod topics;
mod trail;
mod unedited;

use std::{collections::HashMap, fmt::Display, ops::RangeInclusive};

use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::read::nearest;
use crate::stack::file::tree::{Kind, Node};
use crate::stack::model::Stack;

/// How a command uses the ciphertexts of a stack file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ciphertexts {
    /// They must be for the current relay.
    Used,
    /// The command makes new ones or needs none: a ciphertext for a relay with another name is not an error.
    Unused,
}

/// All problems of a stack that could be parsed. `tree` is the part that was parsed, `written` is the whole
/// file, `file` its name, `text` what its places are in: a key that was removed because it is faulty does not count as missing.
pub(super) fn check(
    stack: &Stack,
    tree: &Node,
    written: &Node,
    (file, text): (&str, &str),
    ciphertexts: Ciphertexts,
) -> Vec<Problem> {
    let mut checker = Checker {
        stack,
        tree,
        written,
        file,
        text,
        ciphertexts,
        problems: vec![],
        nowhere: HashMap::new(),
    };
    settings::check(&mut checker);
    channels::check(&mut checker);
    routes::check(&mut checker);
    topics::check(&mut checker);
    alarms::check(&mut checker);
    monitoring::check(&mut checker);
    charts::check(&mut checker);
    endpoints::check(&mut checker);
    buses::check(&mut checker);
    rules::check(&mut checker);
    trail::check(&mut checker);
    organization::check(&mut checker);
    mutes::check(&mut checker);
    relay::check(&mut checker);
    names::check(&mut checker);
    pages::check(&mut checker);
    unedited::check(&mut checker);
    checker.problems
}

struct Checker<'a> {
    stack: &'a Stack,
    tree: &'a Node,
    written: &'a Node,
    /// The file's name as the user gave it.
    file: &'a str,
    text: &'a str,
    ciphertexts: Ciphertexts,
    problems: Vec<Problem>,
    /// Unknown names, by section and name: the index of each one's report in `problems`.
    nowhere: HashMap<(String, String), usize>,
}

impl<'a> Checker<'a> {
    fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The place of a value, or the nearest place if the value is not in the file.
    fn at(&self, path: &[&str]) -> Span {
        self.tree.place(self.text, path)
    }

    /// The place of a key.
    fn key(&self, path: &[&str]) -> Span {
        self.tree.key_place(self.text, path)
    }

    /// Keys that have no meaning together with another one.
    fn stray(&mut self, path: &[&str], beside: &str, keys: &[&str]) {
        let mut seen = vec![];
        for key in keys {
            let path = [path, &[key]].concat();
            if self.is_written(&path) && !seen.contains(key) {
                let problem =
                    Problem::error(self.key(&path), format!("`{key}` has no meaning with `{beside}`"));
                self.report(problem.help(format!("remove `{key}`")));
                seen.push(key);
            }
        }
    }

    /// The place of a part of a text: on its line in the file, or the place of the whole text if the file
    /// writes it differently (folded, with escapes).
    fn within(&self, path: &[&str], value: &str, part: &Span) -> Span {
        let whole = || self.at(path);
        let Some(node) = self.tree.get(path) else {
            return whole();
        };
        let Some(raw) = self.text.get(node.span.clone()) else {
            return whole();
        };
        let (mut read, mut seen) = (0, 0);
        for line in value.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            let Some(found) = raw[seen..].find(content) else {
                return whole();
            };
            if (read..=read + content.len()).contains(&part.start) {
                let start = node.span.start + seen + found + (part.start - read);
                return start..start + part.len().min(read + content.len() - part.start);
            }
            seen += found + content.len();
            read += line.len();
        }
        whole()
    }

    fn is_written(&self, path: &[&str]) -> bool {
        self.written.get(path).is_some()
    }

    /// Whether a list is missing or empty.
    fn is_empty(&self, path: &[&str]) -> bool {
        self.written
            .get(path)
            .is_none_or(|node| matches!(&node.kind, Kind::List(items) if items.is_empty()))
    }

    /// Whether nobody wrote this topic: it is the own topic of a channel that alarms name. Its key has the place of its value.
    fn is_direct(&self, topic: &str) -> bool {
        let written = self.written.get(&["topics"]);
        let entry = written.and_then(|topics| topics.entry(topic));
        entry.is_some_and(|entry| entry.key_span == entry.value.span)
    }

    /// The keys of a section, faulty entries included.
    fn keys(&self, section: &str) -> Vec<&'a str> {
        let entries = self
            .written
            .entry(section)
            .map(|entry| entry.value.entries())
            .unwrap_or_default();
        entries.iter().map(|entry| entry.key.as_str()).collect()
    }

    fn range(&mut self, path: &[&str], value: i32, allowed: RangeInclusive<i32>, unit: &str) {
        if !allowed.contains(&value) {
            let (low, high) = allowed.into_inner();
            let problem = Problem::error(self.at(path), format!("`{}` is out of range", last(path)));
            let near = value.clamp(low, high);
            self.report(
                problem
                    .label(format!("{low} to {high}{unit}"))
                    .help(format!("the nearest is {near}")),
            );
        }
    }

    /// Checks a text of `length` characters that must all satisfy `allowed`.
    fn text(
        &mut self,
        path: &[&str],
        text: &str,
        length: RangeInclusive<usize>,
        allowed: impl Fn(char) -> bool,
        rule: &str,
    ) {
        let count = text.chars().count();
        // The number of an entry of a list says nothing to people.
        let entry_of = match path {
            [parents @ .., _]
                if self
                    .tree
                    .get(parents)
                    .is_some_and(|node| matches!(node.kind, Kind::List(_))) =>
            {
                Some(last(parents))
            }
            _ => None,
        };
        if !length.contains(&count) {
            let (low, high) = length.into_inner();
            let what = match entry_of {
                Some(list) => format!("an entry of `{list}`"),
                None => format!("`{}`", last(path)),
            };
            let problem = Problem::error(self.at(path), format!("{what} has {count} characters"));
            let help = if count > high {
                "shorten it"
            } else {
                "write something"
            };
            self.report(problem.label(format!("{low} to {high} are allowed")).help(help));
        } else if let Some(wrong) = text.chars().find(|character| !allowed(*character)) {
            let what = match entry_of {
                Some(_) => text.escape_debug().to_string(),
                None => last(path).to_owned(),
            };
            let message = format!("`{what}` may not contain `{}`", wrong.escape_debug());
            self.report(Problem::error(self.at(path), message).help(format!("allowed: {rule}")));
        }
    }

    /// Adds a suggestion to a problem with a name: the most similar known name, or all of them.
    fn suggest<'n>(
        problem: Problem,
        name: &str,
        known: impl Iterator<Item = &'n str>,
        other: &str,
    ) -> Problem {
        match nearest(name, known) {
            Some(near) => problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
            None => problem.help(other),
        }
    }

    /// Checks the keys of a section: they must be short, and safe inside names and environment variables.
    fn section_keys(&mut self, section: &str) {
        for key in self.keys(section) {
            if !is_key(key) {
                let message = format!("`{}` cannot be a key", key.escape_debug());
                let help = "write a lower-case letter, then up to 39 letters, digits, `-` or `_`";
                self.report(Problem::error(self.key(&[section, key]), message).help(help));
            }
        }
    }

    /// Checks the names in a `to:`. `elsewhere` explains a name that belongs to another section. `other` checks a name that
    /// is no key, and returns false if it does not know it either.
    fn targets(
        &mut self,
        path: &[&str],
        names: &[String],
        section: &str,
        elsewhere: (&str, &str),
        other: impl Fn(&mut Self, &[&str], &str) -> bool,
    ) {
        let place =
            |checker: &Self, index: usize| checker.at(&[path, &[index.to_string().as_str()]].concat());
        for (index, name) in names.iter().enumerate() {
            let span = place(self, index);
            let problem = match names[..index].iter().position(|earlier| earlier == name) {
                Some(first) => Problem::error(span, format!("`{}` is named twice", name.escape_debug()))
                    .related(place(self, first), "first time")
                    .help("remove one of the two"),
                None if self.keys(section).contains(&name.as_str()) => continue,
                None if other(self, &[path, &[index.to_string().as_str()]].concat(), name) => continue,
                None => {
                    let describe =
                        |checker: &Self, span| checker.leads_nowhere(span, name, section, elsewhere);
                    self.once(span, section, name, describe);
                    continue;
                }
            };
            self.report(problem);
        }
    }

    /// Reports an unknown name once, with all its places: a name that was removed or renamed is often used many
    /// times.
    fn once(&mut self, span: Span, section: &str, name: &str, describe: impl FnOnce(&Self, Span) -> Problem) {
        let known = (section.to_owned(), name.to_owned());
        match self.nowhere.get(&known).and_then(|at| self.problems.get_mut(*at)) {
            Some(problem) => {
                // The report points to the first place in the file.
                let later = match span.start < problem.span.start {
                    true => std::mem::replace(&mut problem.span, span),
                    false => span,
                };
                problem.related.push((later, "here, too".to_owned()));
            }
            None => {
                self.nowhere.insert(known, self.problems.len());
                let problem = describe(self, span);
                self.report(problem);
            }
        }
    }

    fn leads_nowhere(&self, span: Span, name: &str, section: &str, (other, why): (&str, &str)) -> Problem {
        let (known, shown) = (self.keys(section), name.escape_debug());
        let problem = Problem::error(
            span,
            format!("no {} is called `{shown}`", section.trim_end_matches('s')),
        );
        if let Some(help) = arn::instead(name) {
            problem.label("this is an ARN").help(help)
        } else if self.keys(other).contains(&name) {
            problem
                .label(format!("this is one of the {other}"))
                .help(why.replace("{}", name))
        } else if let Some(near) = nearest(name, known.iter().copied()) {
            problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"))
        } else if known.is_empty() {
            problem.help(format!(
                "there are no {section} yet: add `{section}:` with `{shown}` in it"
            ))
        } else {
            problem.help(format!("the {section} are: {}", known.join(", ")))
        }
    }

    /// Physical names of one kind must differ; the default name is `<stack>-<key>`.
    fn distinct_names<'n>(&mut self, section: &str, names: impl Iterator<Item = (&'n str, Option<&'n str>)>) {
        let mut seen: HashMap<String, Span> = HashMap::new();
        for (key, name) in names {
            let place = match name {
                Some(_) => self.at(&[section, key, "name"]),
                None => self.key(&[section, key]),
            };
            let name = name.map_or_else(|| self.stack.default_name(key), str::to_owned);
            if let Some(first) = seen.get(&name) {
                let message = format!("two {section} are named `{}`", name.escape_debug());
                let problem = Problem::error(place, message).related(first.clone(), "the first one");
                self.report(problem.help("give one of them another `name:`"));
            } else {
                seen.insert(name, place);
            }
        }
    }
}

fn last<'p>(path: &[&'p str]) -> &'p str {
    path.last().copied().unwrap_or_default()
}

fn is_key(key: &str) -> bool {
    key.len() <= 40
        && key.starts_with(|first: char| first.is_ascii_lowercase())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

/// The characters that SNS and Lambda allow in names: letters, digits, `_` and `-`.
fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_' || character == '-'
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn one_of<T: Display>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
