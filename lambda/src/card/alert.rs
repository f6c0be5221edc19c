//! The card for an alert that an endpoint took, such as a match of ElastAlert2.

use super::address;
use super::cut::clip;
use super::frame::Frame;
use super::parts::{colour, facts, json, lines, prose};
use super::{Draft, Excerpt, Link, note};
use crate::Endpoint;
use crate::contract::Severity;
use crate::event::Alert;
use crate::phrase::{Phrase, one_line};
use serde_json::Value;

/// Longest JSON worth showing.
const MAX_JSON: usize = 2_400;
/// Longest name of a field.
const MAX_NAME: usize = 60;
pub(super) fn compose(subject: Option<&str>, alert: &Value, severity: Severity, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let own = || {
        let key = frame.source.endpoint.clone().unwrap_or_default();
        let endpoint = Endpoint {
            key,
            ..Endpoint::default()
        };
        endpoint.subject(alert)
    };
    let subject = subject.map_or_else(own, str::to_owned);
    let mut alert = Alert::read(alert);
    if let Some(rest) = alert.rest.fields_mut() {
        // The headline already contains the rule's name, unless the stack sets another subject.
        rest.retain(|(key, value)| {
            !(key.starts_with("rule") && value.text().is_some_and(|rule| subject.contains(rule)))
        });
    }
    let sections = [
        prose(alert.said.as_deref()),
        facts(
            fields(&alert, frame)
                .iter()
                .map(|(label, value)| (&**label, Some(value.clone()))),
        ),
        (!alert.rest.is_empty()).then(|| json(Excerpt::of_json(&alert.rest, MAX_JSON))),
    ];
    let mut headline = note::headline(Some(&subject), severity, frame);
    if let Some(hits) = alert.hits.filter(|hits| *hits > 1) {
        headline.push(&Phrase::said(format!("  ·  {}", (words.hits)(hits))));
    }
    let page = alert.discover.as_deref().and_then(address::page);
    Draft {
        headline,
        key: None,
        colour: colour(severity),
        sections: sections.into_iter().flatten().collect(),
        link: page.map(|(page, host)| Link {
            page,
            label: (words.open_discover)(&host),
        }),
        small: Vec::new(),
    }
}

fn fields(alert: &Alert<'_>, frame: &Frame<'_>) -> Vec<(String, String)> {
    let words = frame.words;
    // Field names also come from outside.
    let name = |name: &str| clip(&one_line(name), MAX_NAME, words);
    let facts = alert
        .facts
        .iter()
        .map(|(path, value)| (name(path), one_line(value)));
    let tops = alert.tops.iter().filter_map(|(path, counts)| {
        let counts = counts.iter();
        let counts = counts.map(|(value, count)| format!("{} × {count}", one_line(value)));
        Some(((words.top)(&name(path)), lines(counts.collect(), words)?))
    });
    // A match count of one is the normal case and says nothing.
    let matches = alert.matches.filter(|matches| *matches > 1);
    let matches = matches.map(|count| format!("{}: {count}", words.label_matches));
    let hits = alert.hits.map(|count| count.to_string());
    let counts: Vec<_> = hits.into_iter().chain(matches).collect();
    let counts = (!counts.is_empty()).then(|| (words.label_hits.to_owned(), counts.join("  ·  ")));
    let moment = alert.time.or(frame.source.sent).map(|moment| frame.time(moment));
    facts
        .chain(tops)
        .filter(|(name, _)| !name.is_empty())
        .chain(counts)
        .chain(
            alert
                .index
                .clone()
                .map(|index| (words.label_index.to_owned(), index)),
        )
        .chain(moment.map(|moment| (words.label_time.to_owned(), moment)))
        .collect()
}
