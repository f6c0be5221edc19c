//! Building blocks that several kinds of cards share.

use super::cut::clip;
use super::frame::Frame;
use super::{Colour, Entry, Excerpt, Link, Prose, Section, address};
use crate::contract::{Arn, Severity};
use crate::event::{Event, Notice};
use crate::locale::Words;
use crate::phrase::{Phrase, one_line};
use crate::settings::Settings;

/// Longest prose worth showing, such as an alarm's description; AWS allows 1,024 characters there.
const MAX_PROSE: usize = 1_500;
/// Longest value of a fact worth showing.
const MAX_VALUE: usize = 700;
/// Most lines in a fact; AWS allows 30 dimensions and 100 children of an alarm.
const MAX_LINES: usize = 10;
/// Longest name in a headline.
const MAX_NAME: usize = 160;

/// Colour of a notice whose severity comes from the stack file.
pub(super) fn colour(severity: Severity) -> Colour {
    match severity {
        Severity::Info => Colour::Plain,
        Severity::Warning => Colour::Warning,
        Severity::Error => Colour::Serious,
        Severity::Critical => Colour::Bad,
    }
}

/// The facts that are known, as a section; `None` if there are none.
pub(super) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, Option<String>)>) -> Option<Section> {
    let known = facts
        .into_iter()
        .filter_map(|(label, value)| Entry::new(label, &value?, MAX_VALUE));
    let known: Vec<_> = known.collect();
    (!known.is_empty()).then_some(Section::Facts(known))
}

/// Text that somebody wrote, as a section; `None` if it is blank.
pub(super) fn prose(text: Option<&str>) -> Option<Section> {
    let text = Excerpt::of(text?, MAX_PROSE)?;
    Some(Section::Prose(Prose { label: None, text }))
}

/// Why something happened.
pub(super) fn reason(text: Option<&str>, words: &Words) -> Option<Section> {
    let text = Excerpt::of(text?, MAX_PROSE)?;
    let label = Some(words.label_reason);
    Some(Section::Prose(Prose { label, text }))
}

/// JSON without a title.
pub(super) fn json(text: Excerpt) -> Section {
    Section::Json { title: None, text }
}

/// The entries, one per line; only the first ones if there are many.
pub(super) fn lines(mut entries: Vec<String>, words: &Words) -> Option<String> {
    if entries.len() > MAX_LINES {
        let missing = entries.len() - MAX_LINES;
        entries.truncate(MAX_LINES);
        entries.push((words.more_entries)(missing));
    }
    (!entries.is_empty()).then(|| entries.join("\n"))
}

/// Place and time, which every event has.
pub(super) fn circumstances(event: &Event, frame: &Frame<'_>) -> [(&'static str, Option<String>); 4] {
    let words = frame.words;
    let moment = event.time.or(frame.source.sent).map(|moment| frame.time(moment));
    // A message that a service publishes to a topic may lack its place; the topic's account and region are the
    // same.
    let topic = frame.source.topic_arn.as_deref().and_then(Arn::parse);
    let topic = topic.unwrap_or_default();
    let account = event.account.clone().or(topic.account);
    [
        (words.label_account, account.map(|id| frame.account(&id))),
        (words.label_region, event.region.clone().or(topic.region)),
        (words.label_time, moment),
        (words.label_resources, lines(event.resources.clone(), words)),
    ]
}

/// A name from outside, short and on one line.
pub(super) fn name(name: &str, words: &Words) -> String {
    let name = one_line(name);
    clip(if name.is_empty() { "?" } else { &name }, MAX_NAME, words)
}

/// A name from outside, for a headline.
pub(super) fn code(name: &str, words: &Words) -> Phrase {
    Phrase::code(&self::name(name, words))
}

/// Links to the pages that the stack file has for the source of a notice. An alarm has its own, in its description.
pub(super) fn pages(notice: &Notice, settings: &Settings, sections: &[Section]) -> Option<Section> {
    if sections
        .iter()
        .any(|section| matches!(section, Section::Links(_)))
    {
        return None;
    }
    let words = settings.locale.words();
    let [runbook, dashboard] = settings.pages(notice);
    let pages = [(runbook, words.runbook), (dashboard, words.dashboard)];
    let link = |(address, label): (Option<String>, fn(&str) -> String)| {
        let (page, host) = address::page(&address?)?;
        Some(Link {
            page,
            label: label(&host),
        })
    };
    let links: Vec<_> = pages.into_iter().filter_map(link).collect();
    (!links.is_empty()).then_some(Section::Links(links))
}

/// Adds a link to those that there are.
pub(super) fn link(link: Link, sections: &mut Vec<Section>) {
    let links = sections.iter_mut().find_map(|section| match section {
        Section::Links(links) => Some(links),
        _ => None,
    });
    match links {
        Some(links) => links.push(link),
        None => sections.push(Section::Links(vec![link])),
    }
}
