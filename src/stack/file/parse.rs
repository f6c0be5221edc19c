//! Parses the text of a file into a tree. It refuses what YAML allows and a stack file does not: duplicate keys, tags, and
//! alias bombs.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};

use super::problem::{Problem, Span};
use super::scalar::Scalar;
use super::tree::{Entry, Kind, Node};

/// Far more than any real stack has (300 alarms need about 10,000), and far less than would cause problems.
pub const MAX_NODES: usize = 50_000;
/// The model needs 7 levels, a filter on a message's body a few more.
const MAX_DEPTH: usize = 40;

/// Parses the tree. A syntax error stops the parser; other errors are collected and returned with the tree.
pub fn parse(text: &str) -> Result<(Node, Vec<Problem>), Box<Problem>> {
    let mut builder = Builder::new(text);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let at = builder.byte(error.marker().index());
            // The parser's position is before the tab that causes the error, or just after it.
            let from = text[..at].rfind('\n').map_or(0, |end| end + 1);
            let tab = error.info().contains("tab").then(|| text[from..].find('\t'));
            let place = tab.flatten().map_or(at..at, |tab| from + tab..from + tab + 1);
            Problem::error(place, format!("this is not YAML: {}", error.info()))
                .help("check indentation (spaces, never tabs), quotes and brackets around here")
        })?;
        let span = builder.byte(span.start.index())..builder.byte(span.end.index());
        if builder.event(event, span)? {
            break;
        }
    }
    match builder.root {
        Some(root) if root.scalar() != Some(Scalar::Null) => Ok((root, builder.problems)),
        _ => Err(Box::new(
            Problem::error(0..0, "the file is empty").help("begin with `stack: my-stack`"),
        )),
    }
}

/// A collection under construction.
struct Frame {
    start: usize,
    anchor: usize,
    flow: bool,
    kind: Kind,
    key: Option<(String, Span)>,
    /// What `<<` adds where the mapping itself says nothing.
    merged: Vec<Entry>,
}

struct Builder<'a> {
    text: &'a str,
    /// Byte offset of each character; `None` for ASCII, where both are equal.
    offsets: Option<Vec<usize>>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
    nodes: usize,
    problems: Vec<Problem>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        let offsets = || text.char_indices().map(|(at, _)| at).collect();
        Self {
            text,
            offsets: (!text.is_ascii()).then(offsets),
            frames: vec![],
            anchors: HashMap::new(),
            root: None,
            nodes: 0,
            problems: vec![],
        }
    }

    fn byte(&self, character: usize) -> usize {
        let known = match &self.offsets {
            Some(offsets) => offsets.get(character).copied(),
            None => Some(character),
        };
        known.unwrap_or(usize::MAX).min(self.text.len())
    }

    /// Processes one event; returns true once later events no longer matter.
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<bool, Box<Problem>> {
        let tag = match &event {
            Event::Scalar(.., tag) | Event::SequenceStart(_, tag) | Event::MappingStart(_, tag) => {
                tag.is_some()
            }
            _ => false,
        };
        if tag {
            let problem = Problem::error(span.clone(), "tags such as `!name` have no meaning here");
            self.problems
                .push(problem.help("remove the tag; write text in quotes if it must stay text"));
        }
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                let problem = Problem::error(span, "a second document begins here");
                self.problems
                    .push(problem.help("one file holds one stack: move the rest to a file of its own"));
                return Ok(true);
            }
            Event::Scalar(text, style, anchor, _) => {
                let span = match style {
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => quoted(self.text, span),
                    _ => span,
                };
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                    filled: None,
                };
                self.add(Node { span, kind }, anchor)?;
            }
            Event::SequenceStart(anchor, _) => self.open(span, anchor, Kind::List(vec![]))?,
            Event::MappingStart(anchor, _) => self.open(span, anchor, Kind::Map(vec![]))?,
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor) else {
                    let problem = Problem::error(span, "this alias is inside its own anchor");
                    return Err(Box::new(problem.help("write the value out")));
                };
                // The size is checked before the copy, because the copy of an alias bomb would already exhaust
                // memory.
                let (size, depth) = (target.size(), target.depth());
                if self.nodes + size > MAX_NODES || self.frames.len() + depth > MAX_DEPTH {
                    return Err(too_much(span));
                }
                // The copy keeps the anchor's position, because that is the place to fix an error or mask a
                // secret.
                let copy = target.clone();
                self.nodes += size;
                self.add(copy, 0)?;
            }
            _ => {}
        }
        Ok(false)
    }

    fn open(&mut self, span: Span, anchor: usize, kind: Kind) -> Result<(), Box<Problem>> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_much(span));
        }
        let flow = self.text[span.start..].starts_with(['{', '[']);
        self.frames.push(Frame {
            start: span.start,
            anchor,
            flow,
            kind,
            key: None,
            merged: vec![],
        });
        Ok(())
    }

    fn close(&mut self, end: Span) -> Result<(), Box<Problem>> {
        let Some(mut frame) = self.frames.pop() else {
            return Ok(());
        };
        // The parser reports the end of a collection where the next token begins.
        let end = match &frame.kind {
            _ if frame.flow => end.start + 1,
            Kind::Map(entries) => entries
                .last()
                .map_or(frame.start, |last| last.value.span.end.max(last.key_span.end)),
            Kind::List(items) => items.last().map_or(frame.start, |last| last.span.end),
            Kind::Scalar { .. } => frame.start,
        };
        if let Kind::Map(entries) = &mut frame.kind {
            for entry in frame.merged {
                if !entries.iter().any(|own| own.key == entry.key) {
                    entries.push(entry);
                }
            }
        }
        self.add(
            Node {
                span: frame.start..end.max(frame.start),
                kind: frame.kind,
            },
            frame.anchor,
        )
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Box<Problem>> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(too_much(node.span));
        }
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
            self.nodes += node.size();
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut frame.kind, frame.key.take()) {
            (Kind::List(items), _) => items.push(node),
            (Kind::Map(entries), Some((key, key_span))) => {
                if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                    let message = format!("`{}` is written twice", key.escape_debug());
                    let problem = Problem::error(key_span, message).label("second time");
                    let problem = problem.related(first.key_span.clone(), "first time");
                    self.problems
                        .push(problem.help("remove one of the two, or rename it"));
                } else if key == "<<" {
                    let place = node.span.clone();
                    match defaults(node) {
                        Some(more) => frame.merged.extend(more),
                        None => {
                            let message = "`<<` takes a mapping, or a list of mappings";
                            let help = "write `<<: *name`, where `&name` marks a mapping";
                            self.problems.push(Problem::error(place, message).help(help));
                        }
                    }
                } else {
                    entries.push(Entry {
                        key,
                        key_span,
                        value: node,
                    });
                }
            }
            (Kind::Map(_), None) => match node.kind {
                Kind::Scalar { text, .. } => frame.key = Some((text, node.span)),
                _ => {
                    let problem = Problem::error(node.span, "a key must be text");
                    return Err(Box::new(problem.help("write `key: value`")));
                }
            },
            (Kind::Scalar { .. }, _) => {}
        }
        Ok(())
    }
}

/// The entries that a merge key adds: those of a mapping, or of several; the first one that has a key wins.
/// <https://yaml.org/type/merge.html>
fn defaults(node: Node) -> Option<Vec<Entry>> {
    match node.kind {
        Kind::Map(entries) => Some(entries),
        Kind::List(items) => {
            let each: Option<Vec<_>> = items.into_iter().map(defaults).collect();
            Some(each?.concat())
        }
        Kind::Scalar { .. } => None,
    }
}

/// The part of a quoted scalar's span up to its closing quote; the parser includes the rest of the line.
fn quoted(text: &str, span: Span) -> Span {
    let written = &text[span.clone()];
    let mut characters = written.char_indices();
    let quote = characters.next().map(|(_, quote)| quote);
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == Some('"') {
            characters.next();
        } else if Some(character) == quote {
            // `''` stands for one quote inside single quotes.
            if quote == Some('"') || !written[at + 1..].starts_with('\'') {
                return span.start..span.start + at + 1;
            }
            characters.next();
        }
    }
    span
}

fn too_much(span: Span) -> Box<Problem> {
    let problem = Problem::error(span, "the file nests or repeats too much");
    Box::new(problem.help(format!(
        "a stack has at most {MAX_NODES} values, {MAX_DEPTH} levels deep"
    )))
}
