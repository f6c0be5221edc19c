//! `for_each:` makes many alarms or rules of one: `{each.key}` and `{each.value}` stand for an element in every text.

use std::collections::BTreeMap;

use super::names::name_all;
use crate::stack::file::parse::MAX_NODES;
use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::tree::{Entry, Kind, Node};

/// The key that names the elements.
pub const FOR_EACH: &str = "for_each";
/// The sections whose entries can be for each of several elements.
pub const SECTIONS: [&str; 2] = ["alarms", "rules"];
/// Most elements of one entry.
const MAX_ELEMENTS: usize = 1_000;
/// Longest key of an entry that is made for an element. It is a part of names, of which some have 64 characters.
const MAX_KEY: usize = 100;

/// The entries that were made for elements, and where a problem with one of them is shown: each has places of its own, behind
/// the text of the files, which lead to the entry in the file.
#[derive(Debug, Default)]
pub struct Copies {
    list: Vec<Copy>,
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

/// What an entry is made for.
struct Element {
    key: String,
    value: Node,
}

/// Replaces entries with `for_each` by one for each element. `text` are the files' texts; the text of each new entry is added
/// to it.
pub fn expand(root: &mut Node, text: &mut String) -> (Copies, Vec<Problem>) {
    let (mut copies, mut problems) = (Copies::default(), vec![]);
    let mut made: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    let mut size = root.size();
    for section in SECTIONS {
        let Some(Kind::Map(entries)) = root.get_mut(&[section]).map(|node| &mut node.kind) else {
            continue;
        };
        let mut expanded: Vec<Entry> = Vec::with_capacity(entries.len());
        for mut entry in std::mem::take(entries) {
            let Some(each) = take(&mut entry.value) else {
                expanded.push(entry);
                continue;
            };
            let elements = match elements(&each, &mut problems) {
                Some(elements) => elements,
                None => continue,
            };
            size += elements.len() * entry.value.size();
            if elements.len() > MAX_ELEMENTS || size > MAX_NODES {
                let message = format!("`{FOR_EACH}` makes more than a stack can have");
                let problem = Problem::error(each.key_span, message);
                problems.push(problem.help(format!(
                    "at most {MAX_ELEMENTS} elements, {MAX_NODES} values in all"
                )));
                continue;
            }
            for element in elements {
                let new = copies.of(section, &entry, &element, text, &mut problems);
                if let Some(same) = expanded.iter().find(|other| other.key == new.key) {
                    let message = format!("`{}` is the key of two entries", new.key.escape_debug());
                    let problem = Problem::error(element.value.span.clone(), message);
                    let problem = problem.related(same.key_span.clone(), "the other one");
                    problems.push(problem.help("only letters, digits, `-` and `_` of an element tell keys apart: write `for_each` as a mapping with keys of your own"));
                    continue;
                }
                made.entry((section, entry.key.clone()))
                    .or_default()
                    .push(new.key.clone());
                expanded.push(new);
            }
        }
        *entries = expanded;
    }
    if !made.is_empty() {
        name_all(root, &made);
    }
    (copies, problems)
}

/// Takes `for_each` out of an entry.
fn take(value: &mut Node) -> Option<Entry> {
    let Kind::Map(entries) = &mut value.kind else {
        return None;
    };
    let at = entries.iter().position(|entry| entry.key == FOR_EACH)?;
    Some(entries.remove(at))
}

/// The elements of a list of texts, or of a mapping.
fn elements(each: &Entry, problems: &mut Vec<Problem>) -> Option<Vec<Element>> {
    let help = "write a list of texts, `[orders, users]`, or a mapping of keys to values";
    let mut refuse = |span: &Span, message: &str| {
        problems.push(Problem::error(span.clone(), message).help(help));
        None
    };
    match &each.value.kind {
        Kind::Map(entries) => Some(
            entries
                .iter()
                .map(|entry| Element {
                    key: entry.key.clone(),
                    value: entry.value.clone(),
                })
                .collect(),
        ),
        Kind::List(items) => {
            let mut elements = vec![];
            for item in items {
                match &item.kind {
                    Kind::Scalar { text, .. } if !text.is_empty() => elements.push(Element {
                        key: text.clone(),
                        value: item.clone(),
                    }),
                    _ => return refuse(&item.span, "an element of a list is a text"),
                }
            }
            Some(elements)
        }
        Kind::Scalar { .. } => refuse(&each.key_span, "`for_each` names no elements"),
    }
}

impl Copies {
    /// The entry for one element.
    fn of(
        &mut self,
        section: &str,
        entry: &Entry,
        element: &Element,
        text: &mut String,
        problems: &mut Vec<Problem>,
    ) -> Entry {
        let range = entry.key_span.start..entry.value.span.end.max(entry.key_span.end);
        let start = text.len();
        let copied = text.get(range.clone()).unwrap_or_default().to_owned();
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
        fill(&mut new.value, element, problems);
        move_into(&mut new, &range, start);
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

/// A text as a key: what a key cannot have becomes `-`.
fn as_key(text: &str) -> String {
    let plain = |c: char| match c.to_ascii_lowercase() {
        c if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' => c,
        _ => '-',
    };
    text.chars().map(plain).collect()
}

/// Moves the places within `range` to `start`; others, of what aliases and defaults brought, stay.
fn move_into(entry: &mut Entry, range: &Span, start: usize) {
    let moved = |span: &mut Span| {
        if range.start <= span.start && span.end <= range.end {
            *span = span.start - range.start + start..span.end - range.start + start;
        }
    };
    fn walk(node: &mut Node, moved: &dyn Fn(&mut Span)) {
        moved(&mut node.span);
        match &mut node.kind {
            Kind::Scalar { .. } => {}
            Kind::List(items) => items.iter_mut().for_each(|item| walk(item, moved)),
            Kind::Map(entries) => {
                for entry in entries {
                    moved(&mut entry.key_span);
                    walk(&mut entry.value, moved);
                }
            }
        }
    }
    moved(&mut entry.key_span);
    walk(&mut entry.value, &moved);
}

/// Fills the element into all texts of a node.
fn fill(node: &mut Node, element: &Element, problems: &mut Vec<Problem>) {
    if let Some(value) = whole(node).and_then(|name| element.get(&name)) {
        node.kind = value.kind;
        return;
    }
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| fill(item, element, problems)),
        Kind::Map(entries) => {
            for entry in entries {
                if let Ok(key) = filled_in(&entry.key, element) {
                    entry.key = key;
                }
                fill(&mut entry.value, element, problems);
            }
        }
        Kind::Scalar { text, filled, .. } if text.contains("{each.") => match filled_in(text, element) {
            Ok(new) => {
                *text = new;
                *filled = true;
            }
            Err(name) => {
                let message = format!("the element `{}` has no `{name}`", element.key.escape_debug());
                let problem = Problem::error(node.span.clone(), message);
                problems.push(problem.help(element.help()).cause());
            }
        },
        Kind::Scalar { .. } => {}
    }
}

/// What a value as a whole stands for: `'{each.value}'`, or without quotes, which YAML reads as a mapping.
fn whole(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            let name = text.strip_prefix('{')?.strip_suffix('}')?;
            (is_name(name)).then(|| name.to_owned())
        }
        Kind::Map(entries) => match entries.as_slice() {
            [only] if is_name(&only.key) && only.value.span.is_empty() => Some(only.key.clone()),
            _ => None,
        },
        Kind::List(_) => None,
    }
}

fn is_name(name: &str) -> bool {
    name.strip_prefix("each.").is_some_and(|path| {
        path.split('.').all(|step| {
            !step.is_empty()
                && step
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
    })
}

/// The text with everything of the element in it, or what the element does not have.
fn filled_in(text: &str, element: &Element) -> Result<String, String> {
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{each.") {
        let (before, from) = rest.split_at(at);
        new.push_str(before);
        let name = from
            .find('}')
            .map(|end| &from[1..end])
            .filter(|name| is_name(name));
        let Some(name) = name else {
            new.push('{');
            rest = &from[1..];
            continue;
        };
        match element.get(name).map(|value| value.kind) {
            Some(Kind::Scalar { text, .. }) => new.push_str(&text),
            _ => return Err(name.to_owned()),
        }
        rest = &from[name.len() + 2..];
    }
    new.push_str(rest);
    Ok(new)
}

impl Element {
    /// `each.key`, `each.value`, or something in the value.
    fn get(&self, name: &str) -> Option<Node> {
        let mut steps = name.split('.').skip(1);
        match steps.next()? {
            "key" if steps.next().is_none() => Some(Node {
                span: self.value.span.clone(),
                kind: Kind::Scalar {
                    text: self.key.clone(),
                    plain: false,
                    filled: true,
                },
            }),
            "value" => self.value.get(&steps.collect::<Vec<_>>()).cloned(),
            _ => None,
        }
    }

    fn help(&self) -> String {
        let keys: Vec<_> = self
            .value
            .entries()
            .iter()
            .map(|entry| format!("{{each.value.{}}}", entry.key))
            .collect();
        match keys.is_empty() {
            true => "there are: {each.key}, {each.value}".to_owned(),
            false => format!("there are: {{each.key}}, {}", keys.join(", ")),
        }
    }
}
