//! Parses the model and finds every place where the file does not match it.
//!
//! `serde` stops at the first error. So the error is recorded, its value is removed from the tree, and the rest
//! is parsed again, until that succeeds. The checks then see all parts of the stack that are valid.

use std::collections::HashSet;

use serde_path_to_error::Segment;

use super::{
    advice,
    model::Stack,
    problem::Problem,
    tree::{Entry, Kind, Node},
};

/// Most errors that are collected; nobody reads more.
const MAX_FAULTS: usize = 200;

/// Replacement values for required keys, so that one missing key does not hide other errors.
const STAND_INS: [(&str, &str); 12] = [
    ("stack", "stand-in"),
    ("webhook", "{ env: STAND_IN }"),
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

/// The stack without its faulty parts, and the errors. `None` if nothing is left to check.
pub(super) fn read(tree: &mut Node, text: &str) -> (Option<Stack>, Vec<Problem>) {
    let mut faults = vec![];
    let mut repaired = HashSet::new();
    let mut faulty: Vec<Vec<String>> = vec![];
    for _ in 0..MAX_FAULTS {
        let error = match serde_path_to_error::deserialize::<_, Stack>(tree.to_value()) {
            Ok(stack) => return (Some(stack), faults),
            Err(error) => error,
        };
        let path: Vec<String> = error.path().iter().filter_map(step).collect();
        let message = error.inner().to_string();
        if let Some(key) = between(&message, "missing field `", "`") {
            let required = [path.as_slice(), &[key.to_owned()]].concat();
            if repaired.insert(required.clone()) {
                faults.push(
                    Problem::error(tree.key_place(text, &path), format!("`{key}` is missing"))
                        .help(format!("add `{key}:`{}", example(key))),
                );
            }
            if stand_in(tree, &path, key) {
                continue;
            }
            if path.is_empty() {
                break;
            }
            tree.remove(&path);
        } else {
            let path = existing(tree, path, &message);
            // The parent of a faulty value may be incomplete without it; that is not a second error.
            let is_echo = custom(&message)
                && faulty
                    .iter()
                    .any(|inner| inner.split_last().map(|(_, outer)| outer) == Some(path.as_slice()));
            if !is_echo {
                faults.push(fault(tree, text, &path, &message));
            }
            if between(&message, "unknown field `", "`, ").is_none() {
                faulty.push(path.clone());
            }
            tree.remove(&path);
            // A removed value must not be reported as missing.
            repaired.insert(path.clone());
            if path.is_empty() {
                break;
            }
        }
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

/// Whether a message is one of the model's own, which have advice in their second line.
fn custom(message: &str) -> bool {
    message.contains('\n')
}

fn step(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Map { key } => Some(key.clone()),
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }
}

/// The longest part of the path that exists; for an unknown key, including that key.
fn existing(tree: &Node, mut path: Vec<String>, message: &str) -> Vec<String> {
    let unknown = between(message, "unknown field `", "`, ");
    path.extend(
        unknown
            .filter(|key| path.last().is_none_or(|last| last != key))
            .map(str::to_owned),
    );
    while tree.get(&path).is_none() && path.pop().is_some() {}
    path
}

fn fault(tree: &Node, text: &str, path: &[String], message: &str) -> Problem {
    let value = tree.place(text, path);
    if let Some(key) = between(message, "unknown field `", "`, ") {
        let known: Vec<&str> = message
            .split("`, expected")
            .nth(1)
            .map(quoted)
            .unwrap_or_default();
        let problem = Problem::error(
            tree.key_place(text, path),
            format!("unknown key `{}`", key.escape_debug()),
        );
        let holder = path.split_last().and_then(|(_, holder)| tree.get(holder));
        if let Some(advice) = advice::on_key(key, &known, holder) {
            return problem.help(advice);
        }
        return match nearest(key, known.iter().copied()) {
            Some(near) => problem
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`")),
            None => problem.help(format!("known keys here: {}", known.join(", "))),
        };
    }
    if let Some(variant) = between(message, "unknown variant `", "`, ") {
        let known: Vec<&str> = message
            .split("`, expected")
            .nth(1)
            .map(quoted)
            .unwrap_or_default();
        let problem = Problem::error(
            value,
            format!("`{}` is not one of the choices", variant.escape_debug()),
        );
        let problem = match nearest(variant, known.iter().copied()) {
            Some(near) => problem.label(format!("did you mean `{near}`?")),
            None => problem,
        };
        return problem.help(format!("write one of {}", known.join(", ")));
    }
    let unexpected = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, wanted)) = unexpected.and_then(|rest| rest.rsplit_once(", expected ")) {
        let expected = plainly(wanted);
        let problem =
            Problem::error(value, format!("expected {expected}")).label(format!("found {}", short(found)));
        let node = tree.get(path);
        if let Some(advice) = node.and_then(|node| advice::on_value(path, wanted, node)) {
            return problem.help(advice);
        }
        return match node.map(|node| &node.kind) {
            Some(Kind::Scalar { text, .. }) if path.last().is_some_and(|key| key == "threshold") => problem
                .help(format!(
                    "say how to compare, such as \">= {}\"",
                    text.escape_debug()
                )),
            Some(Kind::Scalar { text, plain: true }) if expected == "text" && !text.is_empty() => {
                problem.help(format!("put it in quotes: \"{}\"", text.escape_debug()))
            }
            Some(_) if expected == "a list" => problem.help("write `[a, b]`, or `- a` lines"),
            _ if path.is_empty() => problem.help("begin with `stack: my-stack`"),
            _ => problem.help(format!("write {expected}")),
        };
    }
    let (fact, way_on) = message.split_once('\n').unwrap_or((message, ""));
    let problem = Problem::error(value, fact);
    if way_on.is_empty() {
        problem
    } else {
        problem.help(way_on)
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
    match shown.as_str() {
        "unit value" | "null" => "nothing".to_owned(),
        "sequence" => "a list".to_owned(),
        "map" => "a mapping".to_owned(),
        _ => shown,
    }
}

fn stand_in(tree: &mut Node, path: &[String], key: &str) -> bool {
    let Some((_, text)) = STAND_INS.iter().find(|(required, _)| *required == key) else {
        return false;
    };
    let (Ok((mut value, _)), Some(node)) = (super::tree::parse(text), tree.get_mut(path)) else {
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

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(before)?;
    Some(
        &rest[..rest
            .rfind(after)
            .filter(|_| after == "`")
            .or_else(|| rest.find(after))?],
    )
}

/// The words in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
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
