//! A card as a `CloudEvent`: `docs/webhook.schema.json` describes it for those who receive it. Fields are only ever added.

use crate::card::{Card, Entry, Excerpt, Phase, Row, Section};
use crate::contract::Locale;
use crate::destination::share::Shares;
use crate::hash::hex_digest;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::is_mention;

/// Largest body. <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-size>
const MAX_BODY: usize = 20_000;
/// Most bytes of the rows of one digest; the rest of the event is beside them.
const MAX_ROWS: usize = 15_000;
/// Longest title, in characters.
const MAX_TITLE: usize = 1_000;
/// Longest text, in characters.
const MAX_TEXT: usize = 9_000;
/// Most mentions; a longer list is a mistake.
const MAX_MENTIONS: usize = 20;
/// What a name in a URN keeps as it is.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A card for a program; serialises to the JSON format of `CloudEvents`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Event {
    specversion: &'static str,
    id: String,
    source: String,
    #[serde(rename = "type")]
    kind: String,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    /// The incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    datacontenttype: &'static str,
    dataschema: &'static str,
    data: Data,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Data {
    state: &'static str,
    severity: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<String>,
    facts: Vec<Fact>,
    sections: Vec<Text>,
    rows: Vec<Line>,
    links: Vec<Link>,
    footer: Vec<Fact>,
    mentions: Vec<String>,
    stack: String,
    locale: &'static str,
    test: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Fact {
    label: String,
    value: String,
    /// Number of characters that are missing at the end.
    #[serde(skip_serializing_if = "is_zero")]
    omitted: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Text {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'static str>,
    text: String,
    #[serde(skip_serializing_if = "is_zero")]
    omitted: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Line {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Link {
    label: String,
    url: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Event {
    /// The same for all tries of a message: 64 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether its body is as small as it should be.
    fn is_short(&self) -> bool {
        size(self) <= MAX_BODY
    }
}

impl Data {
    /// Leaves out what matters least, but the card's own page; false if there is nothing else.
    fn shorten(&mut self) -> bool {
        let has_more = self.links.len() > 1;
        self.sections.pop().is_some()
            || self.facts.pop().is_some()
            || self.footer.pop().is_some()
            || (has_more && self.links.pop().is_some())
    }
}

/// Bytes of a value as JSON.
fn size(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(0, |text| text.len())
}

/// The event that tells of the card. If it is too long, JSON gets shorter, then prose, then the values of facts, and at last
/// sections and facts are missing.
pub fn event(card: &Card) -> Event {
    let mut shares = Shares::all();
    let mut event = within(card, shares.next().unwrap_or(Shares::WHOLE));
    while !event.is_short()
        && let Some(shares) = shares.next()
    {
        event = within(card, shares);
    }
    while !event.is_short() && event.data.shorten() {}
    event
}

/// The event. `shares` say how much of its usual space each text may take.
fn within(card: &Card, Shares { json, prose, facts }: Shares) -> Event {
    let (key, phase) = match &card.incident {
        Some(incident) => (Some(incident.key.clone()), Some(incident.phase)),
        None => (None, None),
    };
    let state = match phase {
        Some(Phase::Firing) => "firing",
        Some(Phase::Resolved) => "resolved",
        None => "info",
    };
    let mut data = Data {
        state,
        severity: card.severity.name(),
        title: card.headline.plain().chars().take(MAX_TITLE).collect(),
        account: known(&card.account),
        region: known(&card.region),
        time: card.at.map(|at| at.to_string()),
        incident: key.clone(),
        facts: Vec::new(),
        sections: Vec::new(),
        rows: Vec::new(),
        links: card.link.iter().map(link).collect(),
        footer: card.footer.iter().map(|entry| fact(entry, 1)).collect(),
        mentions: mentions(card),
        stack: card.stack.clone(),
        locale: card.locale.code(),
        test: card.test,
    };
    for section in &card.sections {
        match section {
            Section::Prose(said) => data.sections.push(text("text", said.label, &said.text, prose)),
            Section::Small(said) => data.sections.push(text("small", said.label, &said.text, prose)),
            Section::Facts(known) => data.facts.extend(known.iter().map(|entry| fact(entry, facts))),
            Section::Json { title, text: code } => data.sections.push(text("json", *title, code, json)),
            Section::Lines { title, text: lines } => data.sections.push(text("text", *title, lines, prose)),
            Section::Links(pages) => data.links.extend(pages.iter().map(link)),
            Section::Rows(rows) => data.rows.extend(rows.iter().map(line)),
        }
    }
    let kind = match (card.test, data.rows.is_empty()) {
        (true, _) => "test",
        (false, false) => "digest",
        (false, true) => state,
    };
    Event {
        specversion: "1.0",
        id: id(card, &data),
        source: format!("urn:alertctl:{}", utf8_percent_encode(&card.stack, NAME)),
        kind: format!("alertctl.alert.{kind}.v1"),
        time: data.time.clone(),
        subject: key,
        datacontenttype: "application/json",
        dataschema: "urn:alertctl:webhook:v1",
        data,
    }
}

/// The id of the event. It is the same for all tries of a message, also late ones, so that receivers can drop duplicates. The
/// same alert with another severity or other mentions gets another id, since receivers must not drop that one.
fn id(card: &Card, data: &Data) -> String {
    let own = card.identity();
    let urgency = [own.as_str(), data.severity].into_iter();
    hex_digest(urgency.chain(data.mentions.iter().map(String::as_str)))
}

/// A text that says something.
fn known(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.trim().is_empty())
}

fn mentions(card: &Card) -> Vec<String> {
    let known = card.mentions.iter().filter(|who| is_mention(who));
    known.take(MAX_MENTIONS).cloned().collect()
}

fn fact(entry: &Entry, share: usize) -> Fact {
    let (value, omitted) = beginning(&entry.value, share);
    Fact {
        label: entry.label.clone(),
        value,
        omitted,
    }
}

fn text(kind: &'static str, label: Option<&'static str>, text: &Excerpt, share: usize) -> Text {
    let (text, omitted) = beginning(text, share);
    Text {
        kind,
        label,
        text,
        omitted,
    }
}

/// The beginning of a text, and how many characters are missing after it.
fn beginning(excerpt: &Excerpt, share: usize) -> (String, usize) {
    let most = MAX_TEXT.min(excerpt.most / share);
    let end = excerpt.text.char_indices().nth(most);
    let (kept, lost) = excerpt
        .text
        .split_at(end.map_or(excerpt.text.len(), |(at, _)| at));
    (kept.to_owned(), excerpt.beyond + lost.chars().count())
}

fn line(row: &Row) -> Line {
    Line {
        text: row.phrase.plain(),
        url: row.link.as_ref().map(|link| link.page.clone()),
    }
}

fn link(link: &crate::card::Link) -> Link {
    Link {
        label: link.label.clone(),
        url: link.page.clone(),
    }
}

/// How many of the rows, from the first on, fit into one digest.
pub fn fit(rows: &[Row], _: Locale) -> usize {
    let mut used = 0;
    let fits = |row: &&Row| {
        used += size(&line(row)) + 1;
        used <= MAX_ROWS
    };
    rows.iter().take_while(fits).count()
}
