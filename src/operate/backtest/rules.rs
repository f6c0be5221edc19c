//! Rules: what CloudTrail recorded, through their patterns.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Span;
use super::lookups::{Covered, covered, is_change, lookups};
use crate::aws::{Aws, Fault};
use crate::resource::eventbridge::rule::{KEPT, Lookup, look_up};
use crate::stack::{CompiledRule, Stack, event_of, is_omitted};

/// From this number of calls on, all that changes something is read first: where little changes, that is one page instead
/// of one for each.
const MANY: usize = 8;
/// After this number of pages, each call is looked for by itself after all.
const TRIAL: usize = 10;

/// A rule of the stack file whose events are in the event history.
#[derive(Debug)]
pub struct Listener {
    /// The key of the rule in the stack file.
    pub key: String,
    /// EventBridge's rules for it: one, or one for each of its services.
    parts: Vec<Part>,
    /// Not all of its events are in the history.
    pub partly: bool,
    /// It may also match calls that only read, and these are not looked for.
    pub lacks_reads: bool,
}

/// One rule of EventBridge.
#[derive(Debug)]
struct Part {
    pattern: Map<String, Value>,
    reads: bool,
    regions: BTreeSet<String>,
    lookups: BTreeSet<Lookup>,
}

/// The rules of a stack that listen to calls, and the keys of the others.
pub fn listeners(stack: &Stack, home: &str) -> (Vec<Listener>, Vec<String>) {
    let mut compiled: BTreeMap<String, Vec<CompiledRule<'_>>> = BTreeMap::new();
    for rule in stack.compiled_rules(home) {
        compiled.entry(rule.origin.clone()).or_default().push(rule);
    }
    let (mut listeners, mut others) = (Vec::new(), Vec::new());
    for (key, rules) in compiled {
        let each: Vec<_> = rules.iter().map(|rule| covered(&rule.pattern)).collect();
        let parts: Vec<_> = rules
            .iter()
            .zip(&each)
            .filter(|(_, covered)| **covered != Covered::Nothing)
            .filter_map(|(rule, _)| part(rule, home))
            .collect();
        match parts.is_empty() {
            true => others.push(key),
            false => listeners.push(Listener {
                key,
                lacks_reads: parts.iter().any(|part| part.lookups.contains(&Lookup::Writes)),
                parts,
                partly: each.iter().any(|covered| *covered != Covered::All),
            }),
        }
    }
    (listeners, others)
}

fn part(rule: &CompiledRule<'_>, home: &str) -> Option<Part> {
    Some(Part {
        pattern: rule.pattern.as_object()?.clone(),
        reads: rule.rule.include_read_only,
        regions: rule
            .regions
            .iter()
            .map(String::as_str)
            .chain([home])
            .map(str::to_owned)
            .collect(),
        lookups: lookups(&rule.pattern),
    })
}

/// What is looked for, by region.
pub fn questions(listeners: &[Listener]) -> BTreeMap<String, BTreeSet<Lookup>> {
    let mut questions = BTreeMap::<_, BTreeSet<_>>::new();
    for part in listeners.iter().flat_map(|listener| &listener.parts) {
        for region in &part.regions {
            questions
                .entry(region.clone())
                .or_default()
                .extend(part.lookups.iter().cloned());
        }
    }
    questions
}

/// What a rule of the stack file would have got.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When each event happened, by its region and id.
    events: BTreeMap<(String, String), i64>,
    /// From when on all of them are known.
    pub since: i64,
    /// A region that could not be read, and why.
    pub refused: Option<(String, Fault)>,
}

impl Heard {
    /// When the events happened that are known completely, oldest first.
    pub fn times(&self) -> Vec<i64> {
        let mut times: Vec<_> = self
            .events
            .values()
            .copied()
            .filter(|at| *at >= self.since)
            .collect();
        times.sort_unstable();
        times
    }
}

/// Reads the event history, at most this number of pages, and lets the rules listen. One for each listener.
///
/// The newest events come first, and what is looked for takes turns, so that each rule is known for about the same time.
pub async fn listen(
    aws: &Aws,
    listeners: &[Listener],
    span: Span,
    pages: usize,
    say: &dyn Fn(usize),
) -> Vec<Heard> {
    let from = span.from.max(span.until - KEPT);
    let (left, read) = (Cell::new(pages), Cell::new(0));
    let regions = questions(listeners).into_iter().map(|(region, lookups)| {
        let (left, read) = (&left, &read);
        async move {
            let span = Span { from, ..span };
            let mut ear = Ear::new(listeners, &region, span);
            let there;
            let aws = match region == aws.connection.region {
                true => aws,
                false => {
                    there = aws.at(&region);
                    &there
                }
            };
            let progress = || {
                read.set(read.get() + 1);
                say(read.get());
            };
            let result = ear.read(aws, lookups, left, &progress).await;
            let (heard, refused) = (ear.heard, result.err());
            (region, heard, refused)
        }
    });
    let mut all = vec![
        Heard {
            since: from,
            ..Heard::default()
        };
        listeners.len()
    ];
    for (region, heard, refused) in join_all(regions).await {
        for ((whole, part), listener) in all.iter_mut().zip(heard).zip(listeners) {
            whole.events.extend(part.events);
            whole.since = whole.since.max(part.since);
            let is_there = listener.parts.iter().any(|part| part.regions.contains(&region));
            if let Some(fault) = refused.as_ref().filter(|_| is_there) {
                whole
                    .refused
                    .get_or_insert_with(|| (region.clone(), fault.clone()));
            }
        }
    }
    all
}

/// The rules in one region.
struct Ear<'a> {
    listeners: &'a [Listener],
    region: &'a str,
    span: Span,
    heard: Vec<Heard>,
}

impl<'a> Ear<'a> {
    fn new(listeners: &'a [Listener], region: &'a str, span: Span) -> Self {
        let none = Heard {
            since: span.from,
            ..Heard::default()
        };
        Self {
            listeners,
            region,
            span,
            heard: vec![none; listeners.len()],
        }
    }

    async fn read(
        &mut self,
        aws: &Aws,
        mut lookups: BTreeSet<Lookup>,
        left: &Cell<usize>,
        progress: &dyn Fn(),
    ) -> Result<(), Fault> {
        let changes = lookups.iter().filter(|lookup| is_change(lookup)).count();
        if changes >= MANY && self.reads_all(aws, left, progress).await? {
            lookups.retain(|lookup| !is_change(lookup));
        }
        // What is looked for, the token of the next page, and since when it is known.
        let mut open: VecDeque<_> = lookups
            .into_iter()
            .map(|lookup| (lookup, None, self.span.until))
            .collect();
        while let Some((lookup, token, known)) = open.pop_front() {
            if left.get() == 0 {
                self.ends(&lookup, known);
                continue;
            }
            left.set(left.get().saturating_sub(1));
            let page = look_up(aws, &lookup, self.span.from, self.span.until, token).await?;
            progress();
            page.records.iter().for_each(|record| self.hear(record));
            if page.next.is_some() {
                // An event of the same second may be on the next page.
                let known = page
                    .oldest
                    .map_or(known, |oldest| known.min(oldest.saturating_add(1)));
                open.push_back((lookup, page.next, known));
            }
        }
        Ok(())
    }

    /// Reads all that changes something. False if that is too much.
    async fn reads_all(&mut self, aws: &Aws, left: &Cell<usize>, progress: &dyn Fn()) -> Result<bool, Fault> {
        let mut token = None;
        for _ in 0..TRIAL.min(left.get()) {
            left.set(left.get().saturating_sub(1));
            let page = look_up(aws, &Lookup::Writes, self.span.from, self.span.until, token).await?;
            progress();
            page.records.iter().for_each(|record| self.hear(record));
            if page.next.is_none() {
                return Ok(true);
            }
            token = page.next;
        }
        Ok(false)
    }

    /// What is looked for was not read to its end.
    fn ends(&mut self, lookup: &Lookup, known: i64) {
        for (heard, listener) in self.heard.iter_mut().zip(self.listeners) {
            let here = listener
                .parts
                .iter()
                .filter(|part| part.regions.contains(self.region));
            if here.into_iter().any(|part| part.lookups.contains(lookup)) {
                heard.since = heard.since.max(known);
            }
        }
    }

    fn hear(&mut self, record: &Value) {
        let Some(event) = event_of(record) else {
            return;
        };
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
        let Ok(at) = text("eventTime").parse::<Timestamp>() else {
            return;
        };
        let service = text("eventSource").split('.').next().unwrap_or_default();
        let omitted = is_omitted(service, text("eventName"));
        for (heard, listener) in self.heard.iter_mut().zip(self.listeners) {
            let gets = listener.parts.iter().any(|part| {
                let here = part.regions.contains(self.region) && (part.reads || !omitted);
                here && alertctl_relay::pattern::matches(&part.pattern, &event)
            });
            if gets {
                let id = (self.region.to_owned(), text("eventID").to_owned());
                heard.events.insert(id, at.as_second());
            }
        }
    }
}

#[cfg(test)]
mod tests;
