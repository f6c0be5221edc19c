//! Combines many alerts into few messages: one line each, duplicates together, none left out.

use super::cut::width;
use super::frame::Frame;
use super::parts::code;
use super::{Card, Excerpt, Link, Prose, Row, Section, draft};
use crate::contract::{Locale, Severity};
use crate::event::{Notice, Source};
use crate::phrase::Phrase;
use crate::settings::Settings;
use jiff::Timestamp;
use std::collections::HashMap;

/// Most lines in one message, so that people still read it.
const MAX_LINES: usize = 100;
/// Longest headline in a line; nearly all are less than half as long.
const MAX_HEADLINE: usize = 600;
/// Longest time span shown; it has fewer characters.
const MAX_SPAN: usize = 100;

/// One alert in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub headline: Phrase,
    /// The same for all alerts that differ at most in a value. Those of one severity are one line in a digest.
    pub key: Phrase,
    pub severity: Severity,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// Link to its console page.
    pub link: Option<String>,
    /// Whether it is part of a test.
    pub test: bool,
}

/// A message about many alerts.
#[derive(Clone, Debug, PartialEq)]
pub struct Digest {
    pub card: Card,
    /// Indices of the alerts that it shows, in ascending order; each alert is in exactly one digest.
    pub covers: Vec<usize>,
    /// The highest severity of its alerts; tests do not count.
    pub severity: Severity,
}

/// The line for one notice, with the headline of its card.
pub fn summarise(notice: &Notice, settings: &Settings) -> Line {
    let frame = Frame::new(&notice.source, settings);
    let severity = settings.severity_of(notice);
    let draft = draft(notice, severity, &frame);
    let said = |headline: &Phrase| {
        // The line already begins with a sign.
        let headline = headline.without_sign();
        match &notice.test {
            Some(_) => super::test_headline(&headline, &frame),
            None => headline,
        }
    };
    let headline = said(&draft.headline);
    let key = draft.key.as_ref().map_or_else(|| headline.clone(), said);
    let plain = headline.plain();
    Line {
        headline: match width(&plain) <= MAX_HEADLINE {
            true => headline,
            false => code(&plain, frame.words),
        },
        key,
        severity,
        time: notice.time(),
        link: draft.link.map(|link| link.page),
        test: notice.test.is_some(),
    }
}

/// The fewest messages that show every line, the most severe first, then by time. Lines with the same severity and
/// key are merged into one: the newest headline, with their count and the times of the first and the last. `fit` tells
/// how many rows, from the first on, fit into one message of the destination.
pub fn digest(lines: &[Line], settings: &Settings, fit: fn(&[Row], Locale) -> usize) -> Vec<Digest> {
    let source = Source::default();
    let frame = Frame::new(&source, settings);
    let mut groups = group(lines);
    groups.sort_by_key(|group| {
        let time = group.first.map_or((true, Timestamp::MAX), |first| (false, first));
        (std::cmp::Reverse(group.line.severity), time)
    });
    let pages = paginate(groups, &frame, |rows| fit(rows, settings.locale));
    let count = pages.len();
    let pages = pages.into_iter().enumerate();
    pages
        .map(|(index, page)| page.digest((index + 1, count), &frame, settings))
        .collect()
}

/// Lines with the same severity and key.
struct Group<'a> {
    /// The last one.
    line: &'a Line,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    covers: Vec<usize>,
}

fn group(lines: &[Line]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: HashMap<(Severity, &Phrase), usize> = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        let at = *known.entry((line.severity, &line.key)).or_insert(groups.len());
        match groups.get_mut(at) {
            None => groups.push(Group {
                line,
                first: line.time,
                last: line.time,
                covers: vec![index],
            }),
            Some(group) => {
                if line.time >= group.last {
                    group.line = line;
                }
                group.first = [group.first, line.time].into_iter().flatten().min();
                group.last = group.last.max(line.time);
                group.covers.push(index);
            }
        }
    }
    groups
}

/// Whether all of it happened on one day.
fn is_one_day(groups: &[Group<'_>], frame: &Frame<'_>) -> bool {
    match (moments(groups).min(), moments(groups).max()) {
        (Some(first), Some(last)) => frame.date(first) == frame.date(last),
        _ => true,
    }
}

fn moments(groups: &[Group<'_>]) -> impl Iterator<Item = Timestamp> {
    groups
        .iter()
        .flat_map(|group| [group.first, group.last])
        .flatten()
}

/// Splits the groups into those of one message each.
fn paginate<'a>(groups: Vec<Group<'a>>, frame: &Frame<'_>, fit: impl Fn(&[Row]) -> usize) -> Vec<Page<'a>> {
    let one_day = is_one_day(&groups, frame);
    let mut rows: Vec<_> = groups.iter().map(|group| group.row(one_day, frame)).collect();
    let mut groups = groups;
    let mut pages = Vec::new();
    while !rows.is_empty() {
        let most = rows.len().min(MAX_LINES);
        // At least one, so that this ends.
        let count = fit(rows.get(..most).unwrap_or_default()).clamp(1, most);
        pages.push(Page {
            groups: groups.drain(..count).collect(),
            rows: rows.drain(..count).collect(),
        });
    }
    pages
}

/// The content of one message.
struct Page<'a> {
    groups: Vec<Group<'a>>,
    rows: Vec<Row>,
}

impl Group<'_> {
    /// `🔴 14:00:03  headline  ×3 (14:00:03–14:02:11)`, and its link.
    fn row(&self, one_day: bool, frame: &Frame<'_>) -> Row {
        let clock = |moment: Timestamp| {
            if one_day {
                frame.clock(moment)
            } else {
                format!("{} {}", frame.date(moment), frame.clock(moment))
            }
        };
        let line = self.line;
        let mut text = line.severity.emoji().to_owned();
        if let Some(first) = self.first {
            text += &format!(" {}", clock(first));
        }
        text += &format!("  {}", line.headline);
        if self.covers.len() > 1 {
            let count = format!("×{}", self.covers.len());
            text += &format!("  {}", Phrase::strong(&count));
            if let (Some(first), Some(last)) = (self.first, self.last)
                && first != last
            {
                text += &format!(" ({}–{})", clock(first), clock(last));
            }
        }
        Row {
            phrase: Phrase::said(text),
            link: line.link.clone().map(|page| Link {
                page,
                label: frame.words.open.to_owned(),
            }),
        }
    }
}

impl Page<'_> {
    fn digest(self, (part, parts): (usize, usize), frame: &Frame<'_>, settings: &Settings) -> Digest {
        let real = || self.groups.iter().filter(|group| !group.line.test);
        let severity = real().map(|group| group.line.severity).max();
        let severity = severity.unwrap_or(Severity::Info);
        let mut covers: Vec<_> = self
            .groups
            .iter()
            .flat_map(|group| group.covers.clone())
            .collect();
        covers.sort_unstable();
        let counts = Severity::ALL.iter().rev().filter_map(|severity| {
            let of = self
                .groups
                .iter()
                .filter(|group| group.line.severity == *severity);
            let count: usize = of.map(|group| group.covers.len()).sum();
            (count > 0).then(|| format!("{} {count}", severity.emoji()))
        });
        let counts: Vec<_> = counts.collect();
        let span = match (moments(&self.groups).min(), moments(&self.groups).max()) {
            (Some(first), Some(last)) if first == last => Some(frame.time(first)),
            (Some(first), Some(last)) => Some(format!("{} – {}", frame.time(first), frame.time(last))),
            _ => None,
        };
        let headline = Phrase::strong(&(frame.words.digest)(covers.len(), part, parts));
        let test = self.groups.iter().all(|group| group.line.test);
        let small = span.as_deref().and_then(|span| Excerpt::of(span, MAX_SPAN));
        let small = small.map(|text| Section::Small(Prose { label: None, text }));
        let headline = Phrase::said(format!("🔔 {headline}  {}", counts.join("  ")));
        let sections = [Section::Rows(self.rows)].into_iter().chain(small).collect();
        let card = Card {
            time: span,
            test,
            ..Card::general(headline, severity, sections, settings)
        };
        Digest {
            card,
            covers,
            severity,
        }
    }
}

#[cfg(test)]
mod tests;
