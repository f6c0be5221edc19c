//! `for_each:` makes many alarms or rules of one: `{each.key}` and `{each.value}` stand for an element in every text.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use super::discover::{Discovered, Query};
use super::element::{Element, elements, filled_in, whole};
use super::merge::lay_over;
use super::names::name_all;
use crate::stack::file::parse::MAX_NODES;
use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::tree::{Entry, Kind, Node};
use crate::stack::model::{MATCHED, WATCHED};

/// The key that names the elements.
pub const FOR_EACH: &str = "for_each";
/// The sections whose entries can be for each of several elements.
pub const SECTIONS: [&str; 2] = ["alarms", "rules"];
/// Most elements of one entry.
const MAX_ELEMENTS: usize = 1_000;
/// Most bytes of all texts with those of the new entries.
const MAX_TEXT: usize = 32 * 1024 * 1024;
/// Longest key of an entry that is made for an element. It becomes a part of names, and some of those have at most 64
/// characters.
const MAX_KEY: usize = 100;

/// The entries that were made for elements, and where a problem with one of them is shown: each has places of its own, behind
/// the text of the files, which lead to the entry in the file.
#[derive(Debug, Default)]
pub struct Copies {
    list: Vec<Copy>,
    /// What was asked for elements.
    pub asked: Vec<Asked>,
}

/// A question for elements, and its answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The entry that asks, such as `alarms.db`.
    pub by: String,
    pub query: Query,
    /// The keys of what was found.
    pub found: Vec<String>,
}

#[derive(Debug)]
struct Copy {
    /// Its places.
    range: Span,
    /// Where the text is that it is a copy of.
    from: usize,
    /// Such as `alarms.cpu[orders]`.
    element: String,
}

impl Copies {
    /// Leads a place to the file; returns the element that it is about, if it is about one.
    fn origin(&self, span: &Span) -> (Span, Option<&str>) {
        match self.list.iter().find(|copy| copy.range.contains(&span.start)) {
            None => (span.clone(), None),
            Some(copy) => {
                let start = copy.from + span.start - copy.range.start;
                (start..start + span.len(), Some(&copy.element))
            }
        }
    }

    /// Leads problems to the file. One that several elements have is one problem, which says so.
    pub fn settle(&self, problems: Vec<Problem>) -> Vec<Problem> {
        let mut settled: Vec<(Problem, Vec<&str>)> = vec![];
        for mut problem in problems {
            let (span, element) = self.origin(&problem.span);
            problem.span = span;
            for (place, _) in &mut problem.related {
                *place = self.origin(place).0;
            }
            let same = settled
                .iter_mut()
                .find(|(known, elements)| *known == problem && !elements.is_empty());
            match (same, element) {
                (Some((_, elements)), Some(element)) => elements.push(element),
                _ => settled.push((problem, element.into_iter().collect())),
            }
        }
        let named = |(mut problem, elements): (Problem, Vec<&str>)| {
            match elements.as_slice() {
                [] => {}
                [only] => problem.message += &format!(" (`{only}`)"),
                [first, others @ ..] => {
                    problem.message += &format!(" (`{first}` and {} more)", others.len());
                }
            }
            problem
        };
        settled.into_iter().map(named).collect()
    }
}

/// Replaces entries with `for_each` by one for each element. `text` are the files' texts; the text of each new entry is added
/// to it.
pub fn expand(root: &mut Node, text: &mut String, discovered: &Discovered) -> (Copies, Vec<Problem>) {
    let (mut copies, mut problems) = (Copies::default(), vec![]);
    let mut made: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    let mut room = MAX_NODES.saturating_sub(root.size());
    for section in SECTIONS {
        let Some(Kind::Map(entries)) = root.get_mut(&[section]).map(|node| &mut node.kind) else {
            continue;
        };
        let (templates, plain): (Vec<_>, Vec<_>) = std::mem::take(entries)
            .into_iter()
            .partition(|entry| entry.value.entry(FOR_EACH).is_some());
        let mut expanded: Vec<Entry> = Vec::new();
        // What the keys of elements that AWS finds begin with.
        let mut finding: Vec<String> = Vec::new();
        for mut entry in templates {
            let Some(each) = entry.value.take(FOR_EACH) else {
                continue;
            };
            let query = Query::read(&each, preset(&entry.value), &mut problems);
            let is_found = matches!(query, Some(Some(_)));
            finding.extend(is_found.then(|| format!("{}-", entry.key)));
            let elements = match query {
                Some(None) => None,
                Some(Some(query)) => {
                    let found = query.elements(discovered, &each.key_span);
                    copies.asked.push(Asked {
                        by: format!("{section}.{}", entry.key),
                        query,
                        found: found.iter().map(|element| element.key.clone()).collect(),
                    });
                    // What a set of alarms is for follows from what was found.
                    if preset(&entry.value).is_some()
                        && let Kind::Map(keys) = &mut entry.value.kind
                    {
                        give_dimensions(keys, &each.key_span);
                    }
                    Some(found)
                }
                None => elements(&each, &mut problems),
            };
            let Some(elements) = elements else { continue };
            let keys = made.entry((section, entry.key.clone())).or_default();
            for (index, element) in elements.iter().enumerate() {
                room = room.saturating_sub(entry.value.size());
                let known = problems.len();
                let new = match room > 0 && index < MAX_ELEMENTS {
                    true => Some(copies.of(section, &entry, element, text, &mut room, &mut problems)),
                    false => None,
                };
                // Somebody else's resource may lack what the entry asks for, which must not stop the stack.
                if let (true, Some(lack)) = (is_found, problems.get(known)) {
                    let left_out = left_out(section, &entry, lack);
                    problems.truncate(known);
                    problems.push(left_out);
                    continue;
                }
                let Some(mut new) = new.filter(|_| room > 0) else {
                    problems.push(too_many(&each));
                    break;
                };
                let same = |key: &str| expanded.iter().find(|other: &&Entry| other.key == key);
                if is_found && same(&new.key).is_some() {
                    new.key = format!("{}-{}", new.key, digest(element));
                }
                if let Some(same) = same(&new.key) {
                    problems.push(same_key(same, element));
                    continue;
                }
                keys.push(new.key.clone());
                expanded.push(new);
            }
        }
        let is_found = |entry: &Entry| finding.iter().any(|begin| entry.key.starts_with(begin));
        for entry in plain {
            // What is written for one element goes before what all have.
            match expanded.iter_mut().find(|other| other.key == entry.key) {
                Some(made) => lay_over(&mut made.value, entry.value),
                // It is for an element that is not there now, or is not known without AWS.
                None if is_part(section, &entry) && is_found(&entry) => {
                    problems.extend(matches!(discovered, Discovered::By(_)).then(|| gone(&entry)));
                }
                None => expanded.push(entry),
            }
        }
        *entries = expanded;
    }
    if !made.is_empty() {
        name_all(root, &made);
    }
    (copies, problems)
}

/// The warning that an entry cannot be made for somebody else's resource, which lacks what the entry asks for.
fn left_out(section: &str, entry: &Entry, lack: &Problem) -> Problem {
    let by = format!("{section}.{}", entry.key);
    let message = format!("`{by}` leaves out what it found: {}", lack.message);
    let warning = Problem::warning(lack.span.clone(), message);
    warning.help("select by a tag that only those have which have all that is asked for")
}

fn too_many(each: &Entry) -> Problem {
    let message = format!("`{FOR_EACH}` makes more than a stack can have");
    let problem = Problem::error(each.key_span.clone(), message);
    problem.help(format!(
        "at most {MAX_ELEMENTS} elements, {MAX_NODES} values in all"
    ))
}

/// The error that `element` gets the key of an entry that exists.
fn same_key(same: &Entry, element: &Element) -> Problem {
    let message = format!("`{}` is the key of two entries", same.key.escape_debug());
    let problem = Problem::error(element.value.span.clone(), message);
    let problem = problem.related(same.key_span.clone(), "the other one");
    problem.help(
        "only letters, digits, `-` and `_` of an element tell keys apart: write `for_each` as a mapping with keys of your own",
    )
}

/// The warning that what an entry is written for was not found.
fn gone(entry: &Entry) -> Problem {
    let message = format!("AWS finds nothing for `{}` now", entry.key.escape_debug());
    let warning = Problem::warning(entry.key_span.clone(), message);
    warning.help("remove it if its resource is gone for good")
}

impl Copies {
    /// The entry for one element.
    fn of(
        &mut self,
        section: &str,
        entry: &Entry,
        element: &Element,
        text: &mut String,
        room: &mut usize,
        problems: &mut Vec<Problem>,
    ) -> Entry {
        let range = entry.key_span.start..entry.value.span.end.max(entry.key_span.end);
        let start = text.len();
        // Beyond that, problems are shown at the entry that all elements share.
        let fits = text.len() + range.len() <= MAX_TEXT;
        let copied = text
            .get(range.clone())
            .filter(|_| fits)
            .unwrap_or_default()
            .to_owned();
        text.push_str(&copied);
        let has_key = entry.key.contains("{each.");
        let name = match has_key {
            true => filled_in(&entry.key, element).unwrap_or_default(),
            false => format!("{}-{}", entry.key, element.key),
        };
        let mut new = Entry {
            key: as_key(&name),
            ..entry.clone()
        };
        fill(&mut new.value, element, room, problems);
        if fits {
            move_into(&mut new, &range, start);
        }
        if new.key.len() > MAX_KEY {
            let message = format!("the key `{}` has {} characters", new.key, new.key.len());
            let problem = Problem::error(element.value.span.clone(), message);
            problems.push(
                problem
                    .label(format!("at most {MAX_KEY}"))
                    .help("write `for_each` as a mapping with shorter keys"),
            );
        }
        self.list.push(Copy {
            range: start..text.len(),
            from: range.start,
            element: format!("{section}.{}[{}]", entry.key, element.key),
        });
        new
    }
}

/// Whether an entry says only what differs for one element.
fn is_part(section: &str, entry: &Entry) -> bool {
    let whole: &[&str] = match section {
        "alarms" => &WATCHED,
        _ => &MATCHED,
    };
    whole.iter().all(|key| entry.value.entry(key).is_none())
}

/// Tells two elements apart whose names give one key.
fn digest(element: &Element) -> String {
    let arn = element.get("each.value.arn").map(|arn| arn.kind);
    let text = match &arn {
        Some(Kind::Scalar { text, .. }) => text.as_str(),
        _ => element.key.as_str(),
    };
    hex::encode(Sha256::digest(text)).chars().take(6).collect()
}

/// The set of alarms of an entry.
fn preset(entry: &Node) -> Option<&str> {
    match &entry.entry("preset")?.value.kind {
        Kind::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

/// Adds `dimensions: '{each.value.dimensions}'`, unless there are some.
fn give_dimensions(keys: &mut Vec<Entry>, span: &Span) {
    if keys.iter().any(|entry| entry.key == "dimensions") {
        return;
    }
    keys.push(Entry {
        key: "dimensions".to_owned(),
        key_span: span.clone(),
        value: Node {
            span: span.clone(),
            kind: Kind::Scalar {
                text: "{each.value.dimensions}".to_owned(),
                plain: false,
                filled: None,
            },
        },
    });
}

/// A text as a key: what a key cannot have becomes `-`.
fn as_key(text: &str) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' => c,
        _ => '-',
    };
    text.chars().map(plain).collect()
}

/// Moves the places within `range` to `start`. Places outside it stay: aliases and defaults brought those values from elsewhere.
fn move_into(entry: &mut Entry, range: &Span, start: usize) {
    let moved = |span: &mut Span| {
        if range.start <= span.start && span.end <= range.end {
            *span = span.start - range.start + start..span.end - range.start + start;
        }
    };
    moved(&mut entry.key_span);
    entry.value.each_span(&moved);
}

/// Fills the element into all texts of a node, as long as there is `room` for values.
fn fill(node: &mut Node, element: &Element, room: &mut usize, problems: &mut Vec<Problem>) {
    if *room == 0 {
        return;
    }
    if let Some(value) = whole(node).and_then(|name| element.get(&name)) {
        *room = room.saturating_sub(value.size());
        if *room == 0 {
            return;
        }
        node.kind = value.kind;
        if let Kind::Scalar { filled, .. } = &mut node.kind {
            *filled = Some(Default::default());
        }
        return;
    }
    let missing = |name: &str, span: &Span| {
        let message = format!("the element `{}` has no `{name}`", element.key.escape_debug());
        Problem::error(span.clone(), message).help(element.help()).cause()
    };
    match &mut node.kind {
        Kind::List(items) => items
            .iter_mut()
            .for_each(|item| fill(item, element, room, problems)),
        Kind::Map(entries) => {
            for index in 0..entries.len() {
                let entry = &mut entries[index];
                match filled_in(&entry.key, element) {
                    Ok(key) => entry.key = key,
                    Err(name) => problems.push(missing(&name, &entry.key_span)),
                }
                fill(&mut entry.value, element, room, problems);
                let (earlier, entry) = (&entries[..index], &entries[index]);
                if let Some(first) = earlier.iter().find(|other| other.key == entry.key) {
                    let message = format!("`{}` is written twice", entry.key.escape_debug());
                    let problem = Problem::error(entry.key_span.clone(), message);
                    problems.push(
                        problem
                            .related(first.key_span.clone(), "first time")
                            .help("remove one of the two"),
                    );
                }
            }
        }
        Kind::Scalar { text, filled, .. } if text.contains("{each.") => match filled_in(text, element) {
            Ok(new) => {
                *text = new;
                *filled = Some(Default::default());
            }
            Err(name) => problems.push(missing(&name, &node.span)),
        },
        Kind::Scalar { .. } => {}
    }
}
