//! Reads events of the shape "this thing entered that state": where the name, the state and the reason of each kind are.

use super::{Fact, News, Page, Report, Thing, Tone, Turn};
use crate::contract::{Severity, encode};
use crate::event::{gist, judge, time};
use serde_json::Value;

/// Where a kind of event says what. A path is a list of keys with dots between them, into the detail.
pub(super) struct Layout {
    /// Such as `aws.glue`.
    pub source: &'static str,
    /// The detail type.
    pub kind: &'static str,
    pub thing: Thing,
    /// Paths of the name; the first one that is there counts, then the last part of the first ARN in `resources`.
    pub name: &'static [&'static str],
    /// The thing that it belongs to, and the path of its name.
    pub of: Option<(Thing, &'static str)>,
    /// What happened.
    pub turn: When,
    /// Paths of the reason, of bad news.
    pub reason: &'static [&'static str],
    /// The reason where it takes more than a path to find it.
    pub why: fn(&Value) -> Option<String>,
    /// Paths of a remark that is worth telling with good news, too.
    pub note: &'static [&'static str],
    pub facts: &'static [(Fact, &'static str)],
    pub moments: &'static [(Fact, &'static str)],
    pub page: fn(&Value) -> Option<Page>,
}

/// How it is known what happened.
pub(super) enum When {
    /// The kind alone says it.
    Always(Turn),
    /// By the word at one of these paths.
    State(&'static [&'static str]),
    /// By a word whose meaning only this kind knows.
    Read(fn(&Value) -> Option<Turn>, &'static [&'static str]),
}

/// The path of the first ARN in `resources`.
pub(super) const RESOURCE: &str = "resources";

/// A layout with nothing in it, to fill in.
pub(super) const LAYOUT: Layout = Layout {
    source: "",
    kind: "",
    thing: Thing::Alarm,
    name: &[],
    of: None,
    turn: When::State(&["state", "status"]),
    reason: &[],
    why: |_| None,
    note: &[],
    facts: &[],
    moments: &[],
    page: |_| None,
};

impl Layout {
    /// Reads an event of this kind; `None` if it names nothing.
    pub fn read(&self, event: &Value, detail: &Value) -> Option<Report> {
        let first = |paths: &[&str]| paths.iter().find_map(|path| at(detail, path));
        let resource = || {
            let arn = event.get("resources")?.get(0)?.as_str()?;
            gist::last(arn)
        };
        let subject = first(self.name)
            .and_then(|name| gist::last(&name))
            .or_else(resource)?;
        let state = match &self.turn {
            When::Always(_) => None,
            When::State(paths) | When::Read(_, paths) => first(paths),
        };
        let turn = match &self.turn {
            When::Always(turn) => *turn,
            When::State(_) => Turn::read(state.as_deref()?),
            When::Read(read, _) => read(detail).unwrap_or(Turn::Other),
        };
        let owner = |path: &str| match path {
            RESOURCE => resource(),
            path => gist::last(&at(detail, path)?),
        };
        let of = self.of.and_then(|(thing, path)| Some((thing, owner(path)?)));
        let facts = self.facts.iter();
        let facts = facts.filter_map(|(fact, path)| {
            let value = at(detail, path)?;
            // The name at the end of an ARN is what people know.
            Some((*fact, gist::last(&value).unwrap_or(value)))
        });
        let moments = self.moments.iter();
        let moments = moments.filter_map(|(fact, path)| Some((*fact, time::parse(&at(detail, path)?)?)));
        let reason = (self.why)(detail)
            .or_else(|| first(self.reason))
            .filter(|reason| !says_nothing(reason));
        let reason = reason.map(|reason| reason.trim_start_matches('[').trim_end_matches(']').to_owned());
        let tone = match tone(turn, state.as_deref()) {
            // Why something failed is never good news.
            Tone::Plain if turn == Turn::Other && reason.is_some() => Tone::Bad(Severity::Warning),
            // What used it finds nothing any more.
            Tone::Plain if (turn, self.thing) == (Turn::Deleted, Thing::Parameter) => {
                Tone::Bad(Severity::Warning)
            }
            tone => tone,
        };
        let note = first(self.note).filter(|note| !says_nothing(note));
        Some(Report {
            tone,
            summary: reason.filter(|_| matches!(tone, Tone::Bad(_))).or(note),
            facts: facts.collect(),
            moments: moments.collect(),
            page: (self.page)(detail),
            ..Report::new(
                News::Changed {
                    thing: self.thing,
                    turn,
                    raw: state.unwrap_or_default(),
                    of,
                },
                subject,
            )
        })
    }
}

/// Of a state without a sentence of its own, its word says how bad it is.
pub(super) fn tone(turn: Turn, state: Option<&str>) -> Tone {
    match (turn, state) {
        (Turn::Other, Some(state)) => judge::state(state),
        (turn, _) => turn.tone(),
    }
}

/// What services write where they have no reason, or only the state once more.
fn says_nothing(reason: &str) -> bool {
    let reason = reason.trim();
    reason.len() < 3
        || reason.starts_with("Job run ")
        || ["null", "none", "n/a", "[]"]
            .iter()
            .any(|none| reason.eq_ignore_ascii_case(none))
}

/// The text or number at a path.
pub(super) fn at(value: &Value, path: &str) -> Option<String> {
    let mut value = value;
    for key in path.split('.') {
        value = match key.parse::<usize>() {
            Ok(index) => value.get(index)?,
            Err(_) => value.get(key)?,
        };
    }
    match value {
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        }
        Value::Number(number) => Some(
            number
                .as_f64()
                .map_or_else(|| number.to_string(), |whole| whole.to_string()),
        ),
        _ => None,
    }
}

/// A page of a console whose path has no names in it.
pub(super) fn page(path: &str, fragment: String) -> Option<Page> {
    Some(Page::Console {
        path: path.to_owned(),
        fragment,
    })
}

/// The value at a path, encoded for an address.
pub(super) fn encoded(value: &Value, path: &str) -> Option<String> {
    at(value, path).map(|text| encode(&text))
}
