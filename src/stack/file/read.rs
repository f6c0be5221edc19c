//! Reads the model from the tree and finds every place where the file does not match it.
//!
//! `serde` stops at the first error. So the error is recorded, its value is removed from the tree, and the rest
//! is read again, until that succeeds. The checks then see all parts of the stack that are valid.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::deserialize::{Found, What};
use super::problem::Problem;
use super::tree::{Entry, Kind, Node};
use super::{advice, parse};

/// Most errors that are collected; nobody reads more.
const MAX_FAULTS: usize = 200;

/// Replacement values for required keys, so that one missing key does not hide other errors.
const STAND_INS: [(&str, &str); 16] = [
    ("stack", "stand-in"),
    ("webhook", "{ env: STAND_IN }"),
    ("bot", "{ env: STAND_IN }"),
    ("key", "{ env: STAND_IN }"),
    ("address", "{ env: STAND_IN }"),
    ("channel", "C0STANDIN"),
    ("id", "stand_in"),
    ("query", "stand_in"),
    ("interval", "60"),
    ("minutes", "1"),
    ("token", "{ sha256: [] }"),
    ("sha256", "[]"),
    ("pattern", "stand-in"),
    ("alarm", "stand-in"),
    ("wait", "0"),
    ("extension", "0"),
];

/// The model without its faulty parts, and the errors. `None` if nothing is left to check.
pub fn read<T: DeserializeOwned>(tree: &mut Node, text: &str) -> (Option<T>, Vec<Problem>) {
    let mut faults = vec![];
    let mut repaired = HashSet::new();
    let mut faulty: Vec<Vec<String>> = vec![];
    for _ in 0..MAX_FAULTS {
        let mismatch = match T::deserialize(&*tree) {
            Ok(stack) => return (Some(stack), faults),
            Err(mismatch) => mismatch,
        };
        let mut path = mismatch.path();
        if let What::Missing { key } = mismatch.what {
            let required = [path.as_slice(), &[key.to_owned()]].concat();
            if repaired.insert(required) {
                faults.push(fault(tree, text, &path, &mismatch.what));
            }
            if stand_in(tree, &path, key) {
                continue;
            }
        } else {
            if let What::UnknownKey { key, .. } = &mismatch.what {
                path.push(key.clone());
            }
            // The parent of a faulty value may be incomplete without it; that is not a second error.
            let is_echo = matches!(mismatch.what, What::Said { way_on: Some(_), .. })
                && faulty
                    .iter()
                    .any(|inner| inner.split_last().map(|(_, outer)| outer) == Some(path.as_slice()));
            if !is_echo {
                faults.push(fault(tree, text, &path, &mismatch.what));
            }
            if !matches!(mismatch.what, What::UnknownKey { .. }) {
                faulty.push(path.clone());
            }
            // A removed value must not be reported as missing.
            repaired.insert(path.clone());
        }
        if path.is_empty() {
            break;
        }
        tree.remove(&path);
    }
    if faults.len() >= MAX_FAULTS {
        let message = format!("there are more than {MAX_FAULTS} errors; the rest are not shown");
        faults.push(
            Problem::error(tree.span.end..tree.span.end, message)
                .help("correct the first ones, then check again"),
        );
    }
    (None, faults)
}

fn fault(tree: &Node, text: &str, path: &[String], what: &What) -> Problem {
    let value = tree.place(text, path);
    match what {
        What::Missing { key } => Problem::error(tree.key_place(text, path), format!("`{key}` is missing"))
            .help(format!("add `{key}:`{}", example(key))),
        What::UnknownKey { key, known } => {
            let problem = Problem::error(
                tree.key_place(text, path),
                format!("unknown key `{}`", key.escape_debug()),
            );
            let holder = path.split_last().and_then(|(_, holder)| tree.get(holder));
            if let Some(advice) = advice::on_key(key, known, holder) {
                return problem.help(advice);
            }
            match nearest(key, known.iter().copied()) {
                Some(near) => problem
                    .label(format!("did you mean `{near}`?"))
                    .help(format!("write `{near}`")),
                None => problem.help(format!("known keys here: {}", known.join(", "))),
            }
        }
        What::UnknownVariant { variant, known } => {
            let problem = Problem::error(
                value,
                format!("`{}` is not one of the choices", variant.escape_debug()),
            );
            let problem = match nearest(variant, known.iter().copied()) {
                Some(near) => problem.label(format!("did you mean `{near}`?")),
                None => problem,
            };
            problem.help(format!("write one of {}", known.join(", ")))
        }
        What::Type { found, expected } => {
            let found = match found {
                Found::Nothing => "nothing".to_owned(),
                Found::List => "a list".to_owned(),
                Found::Mapping => "a mapping".to_owned(),
                // What a variable stands for may be a secret.
                Found::Scalar(_) if tree.get(path).is_some_and(Node::is_filled) => {
                    "what a variable stands for".to_owned()
                }
                Found::Scalar(words) => short(words),
            };
            Problem::error(value, format!("expected {}", plainly(expected)))
                .label(format!("found {found}"))
                .help(way_to(expected, path, tree))
        }
        What::Said { fact, way_on } => {
            let problem = Problem::error(value, fact.as_str());
            match way_on {
                Some(way_on) => problem.help(way_on.as_str()),
                None => problem,
            }
        }
    }
}

/// What to write at `path`, where a value of the type `expected` belongs.
fn way_to(expected: &str, path: &[String], tree: &Node) -> String {
    let node = tree.get(path);
    if let Some(advice) = node.and_then(|node| advice::on_value(path, expected, node)) {
        return advice;
    }
    let expected = plainly(expected);
    match node.map(|node| &node.kind) {
        Some(Kind::Scalar { text, .. }) if path.last().is_some_and(|key| key == "threshold") => {
            format!("say how to compare, such as \">= {}\"", text.escape_debug())
        }
        Some(Kind::Scalar {
            text, plain: true, ..
        }) if expected == "text" && !text.is_empty() => {
            format!("put it in quotes: \"{}\"", text.escape_debug())
        }
        Some(_) if expected == "a list" => "write `[a, b]`, or `- a` lines".to_owned(),
        _ if path.is_empty() => "begin with `stack: my-stack`".to_owned(),
        _ => format!("write {expected}"),
    }
}

/// Names of serde's types in words for people who write YAML.
fn plainly(expected: &str) -> &str {
    match expected {
        "a string" => "text",
        "a boolean" => "true or false",
        "a map" => "a mapping",
        "a sequence" => "a list",
        "f64" => "a number",
        "i32" => "a whole number below 2,147,483,648",
        other => other,
    }
}

fn short(found: &str) -> String {
    let mut shown: String = found.chars().take(60).collect();
    if shown.len() < found.len() {
        shown.push('…');
    }
    shown
}

fn stand_in(tree: &mut Node, path: &[String], key: &str) -> bool {
    let Some((_, text)) = STAND_INS.iter().find(|(required, _)| *required == key) else {
        return false;
    };
    let (Ok((mut value, _)), Some(node)) = (parse::parse(text), tree.get_mut(path)) else {
        return false;
    };
    let span = node.span.start..node.span.start;
    value.span = span.clone();
    match &mut node.kind {
        Kind::Map(entries) => entries.push(Entry {
            key: key.to_owned(),
            key_span: span,
            value,
        }),
        _ => return false,
    }
    true
}

fn example(key: &str) -> &'static str {
    match key {
        "stack" => ", a name such as `stack: mission`",
        "webhook" => ", such as `webhook: { env: SLACK_WEBHOOK_URL }`",
        "bot" => ", such as `bot: { env: SLACK_BOT_TOKEN }`",
        "key" => ", such as `key: { env: INTEGRATION_KEY }`",
        "address" => ", such as `address: { env: WEBHOOK }`",
        "channel" => ", the channel's id, such as `channel: C0123ABCD`",
        "id" => ", such as `id: m1`",
        "query" => ", such as `query: up == 0`",
        "interval" => ", such as `interval: 60`",
        "minutes" => ", such as `minutes: 10`",
        "token" => ", such as `token: { sha256: … }`; `alertctl token` prints the digest",
        "sha256" => "; `alertctl token` prints the digest",
        "pattern" => ", such as `pattern: '{ $.eventName = ConsoleLogin }'`",
        "alarm" => ", the key of an alarm",
        "wait" => ", in seconds, such as `wait: 60`",
        "extension" => ", in seconds, such as `extension: 60`",
        _ => "",
    }
}

/// The most similar candidate, if any is similar enough.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
