//! What a notice says, as a card: headline, sections, link and footer in the stack's language, for any destination.
//!
//! A card knows no markup and no limits of a destination. It says of a long text how much of it is worth showing; how
//! much of that fits is for the destination to decide.

mod address;
mod alarm;
mod alert;
mod call;
mod care;
pub(crate) mod cut;
mod digest;
mod event;
mod frame;
mod guard;
mod identity;
mod logs;
mod note;
mod parts;
mod reminder;
mod report;
mod sketch;

pub use crate::event::{Incident, Phase};
pub use crate::excerpt::Excerpt;
pub use crate::phrase::{Phrase, Span, Style};
pub use care::{Acknowledged, Care, Snoozed};
pub use digest::{Digest, Line, digest, summarise};
#[cfg(feature = "runtime")]
pub(crate) use reminder::{Remembered, remark, reminder};
pub use sketch::Sketch;

use crate::contract::{Locale, Severity, length, unite};
use crate::event::{Content, Detail, Notice};
use crate::phrase::one_line;
use crate::settings::Settings;
use frame::Frame;
use jiff::Timestamp;
use std::time::Duration;

/// Longest name worth showing in the footer.
const MAX_SMALL: usize = 300;

/// One alert, or a digest of many, as people get to see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// One line. Notifications show only this.
    pub headline: Phrase,
    /// The headline without how late it comes, if it says that.
    pub in_time: Option<Phrase>,
    pub severity: Severity,
    pub colour: Colour,
    /// In their order.
    pub sections: Vec<Section>,
    /// The page of the thing itself, in a console or elsewhere.
    pub link: Option<Link>,
    /// How the message came, in small print.
    pub footer: Vec<Entry>,
    /// The people it mentions, as written in the stack file.
    pub mentions: Vec<String>,
    /// With its alias.
    pub account: Option<String>,
    pub region: Option<String>,
    /// When it happened, in the stack's time zone.
    pub time: Option<String>,
    /// When it happened.
    pub at: Option<Timestamp>,
    /// What it is a step of, if it begins and ends.
    pub incident: Option<Incident>,
    /// What people did about that, and may do, where a message has buttons.
    pub care: Option<Care>,
    /// The chart that its thread gets.
    pub sketch: Option<Sketch>,
    /// Whether the channel was told of a later step already.
    pub overtaken: bool,
    /// Whether it may only end what the channel shows as going on.
    pub quiet: bool,
    pub stack: String,
    pub locale: Locale,
    /// Whether it is part of a test.
    pub test: bool,
}

/// What the colour of a card says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Good,
    /// Neither good nor bad.
    Plain,
    /// In transition, or of little interest.
    Idle,
    Warning,
    Serious,
    Bad,
}

/// A part of a card.
#[derive(Clone, Debug, PartialEq)]
pub enum Section {
    Prose(Prose),
    /// Prose in small print.
    Small(Prose),
    /// Not empty.
    Facts(Vec<Entry>),
    /// Pretty-printed JSON, under its title.
    Json {
        title: Option<&'static str>,
        text: Excerpt,
    },
    /// Log events, one a line, under their title. They are no part of what tells a card from others: another time the relay may
    /// not get them.
    Lines {
        title: Option<&'static str>,
        text: Excerpt,
    },
    /// Further pages, such as a runbook; not empty.
    Links(Vec<Link>),
    /// The alerts of a digest, one a line.
    Rows(Vec<Row>),
}

/// Text that somebody wrote, which may have several lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prose {
    /// Stands before the text.
    pub label: Option<&'static str>,
    pub text: Excerpt,
}

/// A value with its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// One line.
    pub label: String,
    pub value: Excerpt,
    /// Whether the value is a name on one line, to be shown as it is and copied, such as an ARN.
    pub code: bool,
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// An address without blanks, control characters, quotes, `|`, `<` or `>`.
    pub page: String,
    pub label: String,
}

/// One line of a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub phrase: Phrase,
    pub link: Option<Link>,
}

/// What a kind of content makes of a notice.
struct Draft {
    headline: Phrase,
    /// The headline without what differs each time that the same happens to the same thing, if anything does.
    key: Option<Phrase>,
    colour: Colour,
    sections: Vec<Section>,
    link: Option<Link>,
    /// More entries of the footer.
    small: Vec<Entry>,
}

impl Card {
    /// Mentions people: `@here`, `@channel`, `@everyone`, the id of a user or of a user group. A test mentions nobody.
    pub fn mention(&mut self, who: &[String]) {
        if !self.test {
            unite(&mut self.mentions, who);
        }
    }

    /// The page of the thing itself.
    pub fn page(&self) -> Option<&str> {
        Some(&self.link.as_ref()?.page)
    }

    /// A card about no one event.
    fn general(headline: Phrase, severity: Severity, sections: Vec<Section>, settings: &Settings) -> Self {
        Self {
            headline,
            in_time: None,
            severity,
            colour: parts::colour(severity),
            sections,
            link: None,
            footer: Vec::new(),
            mentions: Vec::new(),
            account: None,
            region: None,
            time: None,
            at: None,
            incident: None,
            care: None,
            sketch: None,
            overtaken: false,
            quiet: false,
            stack: settings.stack.clone(),
            locale: settings.locale,
            test: false,
        }
    }

    /// Says how long after it happened people are told.
    pub fn late(&mut self, time: Duration) {
        let words = self.locale.words();
        let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let late = (words.late)(&length(seconds));
        self.in_time.get_or_insert_with(|| self.headline.clone());
        self.headline = Phrase::said(format!("⏱️ {} · {}", Phrase::strong(&late), self.headline));
    }

    /// Whether it shows only the beginning of a text or of JSON.
    #[cfg(feature = "runtime")]
    pub(crate) fn is_cut(&self) -> bool {
        self.sections.iter().any(|section| match section {
            Section::Prose(prose) | Section::Small(prose) => prose.text.is_cut(),
            Section::Json { text, .. } | Section::Lines { text, .. } => text.is_cut(),
            Section::Facts(_) | Section::Links(_) | Section::Rows(_) => false,
        })
    }
}

impl Entry {
    /// `None` if the value is blank.
    fn new(label: &str, value: &str, most: usize) -> Option<Self> {
        Some(Self {
            label: label.to_owned(),
            value: Excerpt::of(value, most)?,
            code: false,
        })
    }

    /// An entry of the footer, which is one line.
    fn small(label: &str, value: &str) -> Option<Self> {
        Self::new(label, &one_line(value), MAX_SMALL)
    }

    /// A name in the footer.
    fn small_code(label: &str, name: &str) -> Option<Self> {
        let entry = Self::small(label, name)?;
        Some(Self { code: true, ..entry })
    }
}

/// The card for one notice, in the language and time zone of the stack.
pub fn compose(notice: &Notice, settings: &Settings) -> Card {
    let frame = Frame::new(&notice.source, settings);
    let severity = settings.severity_of(notice);
    let draft = draft(notice, severity, &frame);
    let mut sections = draft.sections;
    if let Some(id) = &notice.test {
        let banner = parts::prose(Some(&(frame.words.test_banner)(id)));
        sections.splice(0..0, banner);
    }
    // What is over needs no explanation.
    if notice
        .incident()
        .is_none_or(|incident| incident.phase == Phase::Firing)
    {
        sections.extend(parts::pages(notice, settings, &sections));
    }
    if let Content::Alarm(alarm) = &notice.content {
        if let Some(page) = logs::page(alarm, notice, &frame) {
            parts::link(page, &mut sections);
        }
        sections.extend(logs::lines(alarm, frame.words));
    }
    let mut footer = frame.way();
    footer.extend(draft.small);
    Card {
        headline: match &notice.test {
            Some(_) => test_headline(&draft.headline, &frame),
            None => draft.headline,
        },
        in_time: None,
        severity,
        // If the severity equals the notice's own, the notice keeps its colour (a recovered alarm stays green).
        colour: if severity == notice.severity() {
            draft.colour
        } else {
            parts::colour(severity)
        },
        sections,
        link: draft.link,
        footer,
        mentions: Vec::new(),
        account: notice
            .account()
            .map(|account| frame.name(&frame.account(account))),
        region: notice.region().map(|region| frame.name(region)),
        time: notice.time().map(|moment| frame.time(moment)),
        at: notice.time(),
        incident: notice.incident(),
        care: None,
        sketch: Sketch::of(notice, settings),
        overtaken: false,
        quiet: false,
        stack: settings.stack.clone(),
        locale: settings.locale,
        test: notice.test.is_some(),
    }
}

/// `🧪 TEST · …`
fn test_headline(headline: &Phrase, frame: &Frame<'_>) -> Phrase {
    Phrase::said(format!("🧪 {} · {headline}", Phrase::strong(frame.words.test)))
}

/// The draft of a notice, whose link leads into the right account.
fn draft(notice: &Notice, severity: Severity, frame: &Frame<'_>) -> Draft {
    let draft = of_content(notice, severity, frame);
    let link = draft.link.map(|link| frame.shortcut(link, notice.account()));
    Draft { link, ..draft }
}

fn of_content(notice: &Notice, severity: Severity, frame: &Frame<'_>) -> Draft {
    let mut draft = match &notice.content {
        Content::Alarm(alarm) => alarm::compose(alarm, frame),
        Content::Guard(guarded) => guard::compose(guarded, frame),
        Content::Event(event) => event::compose(event, severity, frame),
        Content::Text { subject, text } => {
            return note::compose(subject.as_deref(), note::Body::Text(text), severity, frame);
        }
        Content::Json { subject, value } if notice.source.endpoint.is_some() => {
            return alert::compose(subject.as_deref(), value, severity, frame);
        }
        Content::Json { subject, value } => {
            return note::compose(subject.as_deref(), note::Body::Json(value), severity, frame);
        }
    };
    // A phone notification shows only the headline, and so does a digest; both need the place.
    let is_global = matches!(&notice.content, Content::Event(event)
        if matches!(&event.detail, Detail::Report(report) if report.news.is_global()));
    let region = notice.region().filter(|_| !is_global);
    for place in frame.place(notice.account(), region) {
        let place = Phrase::said(format!("  ·  {place}"));
        draft.headline.push(&place);
        if let Some(key) = &mut draft.key {
            key.push(&place);
        }
    }
    draft
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use serde_json::json;

    fn notice() -> Notice {
        read(&json!({ "any": 1 })).remove(0)
    }

    #[test]
    fn a_test_says_so_and_calls_nobody() {
        let mut card = compose(&notice().marked("t-0a1b2c3d"), &Settings::default());
        card.mention(&["@here".to_owned()]);
        assert!(card.mentions.is_empty());
        assert!(card.headline.plain().starts_with("🧪 TEST · "), "{card:#?}");
        let Some(Section::Prose(banner)) = card.sections.first() else {
            panic!("{card:#?}")
        };
        let banner = &banner.text.text;
        assert!(banner.contains("t-0a1b2c3d") && banner.contains("Nothing happened"));
    }

    #[test]
    fn a_link_to_the_console_goes_through_the_portal() {
        let portal = json!({ "url": "https://example.awsapps.com/start", "role": "ReadOnly" });
        let settings = Settings::parse(&json!({ "portal": portal }).to_string()).expect("settings");
        let arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu";
        let alarm = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "AlarmArn": arn });
        let notice = read(&alarm).remove(0);
        let page = compose(&notice, &settings).link.expect("a link").page;
        let start = "https://example.awsapps.com/start/#/console?account_id=111122223333&role_name=ReadOnly&destination=https%3A%2F%2F";
        assert!(page.starts_with(start), "{page}");
        assert_eq!(summarise(&notice, &settings).link, Some(page));
    }

    #[test]
    fn what_the_stack_says_colours_the_card() {
        let settings = json!({ "alarms": { "cpu": { "severity": "critical" } }, "rules": { "r": { "severity": "warning" } } });
        let settings = Settings::parse(&settings.to_string()).expect("settings");
        let alarm = |state: &str| {
            let alarm = json!({ "AlarmName": "cpu", "NewStateValue": state });
            compose(&read(&alarm)[0], &settings).colour
        };
        assert_eq!((alarm("ALARM"), alarm("OK")), (Colour::Bad, Colour::Good));
        let mut event = read(&json!({ "source": "a", "detail-type": "b", "detail": {} })).remove(0);
        event.source.rule = Some("r".to_owned());
        let card = compose(&event, &settings);
        assert_eq!(card.colour, Colour::Warning);
        assert!(card.headline.plain().starts_with("🟡 "), "{card:#?}");
    }
}
