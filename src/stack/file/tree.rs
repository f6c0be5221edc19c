//! The file as a tree in which every key and value knows its position.
//!
//! The model is read from it (see `deserialize`).

use std::cell::Cell;
use std::rc::Rc;

use super::problem::Span;
use super::scalar::Scalar;

/// A value and its position.
#[derive(Debug, Clone)]
pub struct Node {
    pub span: Span,
    pub kind: Kind,
}

/// What a node of the YAML document is.
#[derive(Debug, Clone)]
pub enum Kind {
    Scalar {
        text: String,
        /// Without quotes, so that it may mean a number, for example.
        plain: bool,
        /// A variable's value is in it: it is text where text belongs, whatever it looks like.
        filled: Option<Filled>,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A mark on a value that something was filled into; copies of the value share it.
#[derive(Debug, Clone, Default)]
pub struct Filled(Rc<Cell<bool>>);

impl Filled {
    /// Remembers that the value is text.
    pub fn set_text(&self) {
        self.0.set(true);
    }

    /// Whether it was read as text.
    pub fn is_text(&self) -> bool {
        self.0.get()
    }
}

/// A key with its value.
#[derive(Debug, Clone)]
pub struct Entry {
    pub key: String,
    pub key_span: Span,
    pub value: Node,
}

impl Node {
    /// A mapping without entries.
    pub fn empty() -> Self {
        Self {
            span: 0..0,
            kind: Kind::Map(vec![]),
        }
    }

    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The node at a path of keys and list indices.
    pub fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match &node.kind {
            Kind::Map(_) => node.entry(step.as_ref()).map(|entry| &entry.value),
            Kind::List(items) => items.get(step.as_ref().parse::<usize>().ok()?),
            Kind::Scalar { .. } => None,
        })
    }

    pub fn get_mut<S: AsRef<str>>(&mut self, path: &[S]) -> Option<&mut Node> {
        path.iter().try_fold(self, |node, step| match &mut node.kind {
            Kind::Map(entries) => entries
                .iter_mut()
                .find(|entry| entry.key == step.as_ref())
                .map(|entry| &mut entry.value),
            Kind::List(items) => items.get_mut(step.as_ref().parse::<usize>().ok()?),
            Kind::Scalar { .. } => None,
        })
    }

    /// The place to report for a value: the value itself if it is on one line, otherwise its key, otherwise the
    /// last part of the path that exists.
    pub fn place<S: AsRef<str>>(&self, text: &str, path: &[S]) -> Span {
        let Some((last, parents)) = path.split_last() else {
            return first_line(text, &self.span);
        };
        let Some(node) = self.get(path) else {
            return self.place(text, parents);
        };
        let one_line = !text.get(node.span.clone()).unwrap_or("\n").contains('\n');
        match self.get(parents).and_then(|parent| parent.entry(last.as_ref())) {
            _ if one_line && !node.span.is_empty() => node.span.clone(),
            Some(entry) => entry.key_span.clone(),
            None => first_line(text, &node.span),
        }
    }

    /// The place to report for a key.
    pub fn key_place<S: AsRef<str>>(&self, text: &str, path: &[S]) -> Span {
        path.split_last()
            .and_then(|(last, parents)| self.get(parents)?.entry(last.as_ref()))
            .map_or_else(|| self.place(text, path), |entry| entry.key_span.clone())
    }

    /// Removes the node at a path.
    pub fn remove<S: AsRef<str>>(&mut self, path: &[S]) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        match self.get_mut(parents).map(|parent| &mut parent.kind) {
            Some(Kind::Map(entries)) => entries.retain(|entry| entry.key != last.as_ref()),
            Some(Kind::List(items)) => {
                if let Some(index) = last
                    .as_ref()
                    .parse::<usize>()
                    .ok()
                    .filter(|index| *index < items.len())
                {
                    items.remove(index);
                }
            }
            _ => {}
        }
    }

    /// Changes all places: of the node, and of all keys and values in it.
    pub fn each_span(&mut self, change: &dyn Fn(&mut Span)) {
        change(&mut self.span);
        match &mut self.kind {
            Kind::Scalar { .. } => {}
            Kind::List(items) => items.iter_mut().for_each(|item| item.each_span(change)),
            Kind::Map(entries) => {
                for entry in entries {
                    change(&mut entry.key_span);
                    entry.value.each_span(change);
                }
            }
        }
    }

    /// Takes the entry of a key out of a mapping.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        let Kind::Map(entries) = &mut self.kind else {
            return None;
        };
        let at = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(at))
    }

    /// Whether a key has no value.
    pub fn is_nothing(&self) -> bool {
        self.scalar() == Some(Scalar::Null)
    }

    /// The meaning of a scalar; `None` for a list or a mapping.
    pub fn scalar(&self) -> Option<Scalar<'_>> {
        match &self.kind {
            Kind::Scalar {
                text, plain: true, ..
            } => Some(Scalar::of_plain(text)),
            Kind::Scalar { text, .. } => Some(Scalar::Text(text)),
            Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// Whether a variable's value is in it.
    pub fn is_filled(&self) -> bool {
        matches!(self.kind, Kind::Scalar { filled: Some(_), .. })
    }

    /// Whether both mean the same, wherever it is written.
    pub fn says_same(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::List(one), Kind::List(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.says_same(two))
            }
            (Kind::Map(one), Kind::Map(two)) => {
                let same =
                    |(one, two): (&Entry, &Entry)| one.key == two.key && one.value.says_same(&two.value);
                one.len() == two.len() && one.iter().zip(two).all(same)
            }
            _ => self.scalar().is_some() && self.scalar() == other.scalar(),
        }
    }

    /// The number of values in it, itself included.
    pub fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar { .. } => 0,
            Kind::List(items) => items.iter().map(Node::size).sum(),
            Kind::Map(entries) => entries.iter().map(|entry| entry.value.size()).sum(),
        }
    }

    /// The number of levels.
    pub fn depth(&self) -> usize {
        1 + match &self.kind {
            Kind::Scalar { .. } => 0,
            Kind::List(items) => items.iter().map(Node::depth).max().unwrap_or(0),
            Kind::Map(entries) => entries.iter().map(|entry| entry.value.depth()).max().unwrap_or(0),
        }
    }
}

fn first_line(text: &str, span: &Span) -> Span {
    let length = text
        .get(span.clone())
        .and_then(|shown| shown.lines().next())
        .map_or(0, str::len);
    span.start..span.start + length
}
