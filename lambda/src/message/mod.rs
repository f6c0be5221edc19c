//! Slack messages: their JSON format, and how each kind of notice becomes one.

mod alarm;
mod alert;
mod block;
mod call;
mod digest;
mod event;
mod flat;
mod frame;
mod guard;
mod markup;
mod note;
mod parts;
mod plain;
mod report;

pub use digest::{Digest, Line, digest, summarise};

use crate::contract::Severity;
use crate::event::{Content, Detail, Notice};
use crate::locale::Words;
use crate::settings::Settings;
use block::{Block, Text};
use flat::About;
use frame::Frame;
use markup::{without_links, without_markup};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// Most people and groups that one message mentions; a longer list is a mistake.
const MAX_MENTIONS: usize = 20;
/// Longest headline. With all mentions before it, it stays within Slack's 3,000 characters for a text.
const MAX_HEADLINE: usize = 2_000;

/// A message for an incoming webhook; serialises to the JSON that Slack accepts.
///
/// Slack shows `text` above the blocks, which have a bar in `colour` on their side. Notifications show only
/// `text`. All text is escaped and within Slack's limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    text: String,
    colour: &'static str,
    blocks: Vec<Block>,
    /// The people it mentions, as written in the stack file.
    mentions: Vec<String>,
    about: About,
}

/// What a layout produces from a notice.
struct Draft {
    /// One line of mrkdwn.
    headline: String,
    colour: &'static str,
    blocks: Vec<Block>,
    /// The console page of the thing itself, and the link text as mrkdwn.
    page: Option<(String, String)>,
    /// Label and value of each entry in the small print.
    small: Vec<(&'static str, String)>,
}

impl Message {
    /// The headline, as mrkdwn, without mentions.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Colour of the bar, `#rrggbb`.
    pub fn colour(&self) -> &'static str {
        self.colour
    }

    /// Mentions people: `@here`, `@channel`, `@everyone`, the id of a user (`U…`, `W…`) or of a user group
    /// (`S…`). A test mentions nobody, and any other value is ignored.
    pub fn mention(&mut self, who: &[String]) {
        if self.about.test {
            return;
        }
        for who in who.iter().filter(|who| called(who).is_some()) {
            if self.mentions.len() < MAX_MENTIONS && !self.mentions.contains(who) {
                self.mentions.push(who.clone());
            }
        }
    }
}

/// A mention in Slack's syntax. <https://docs.slack.dev/messaging/formatting-message-text>
fn called(who: &str) -> Option<String> {
    if let "@here" | "@channel" | "@everyone" = who {
        return Some(format!("<!{}>", who.trim_start_matches('@')));
    }
    let is_id = (2..=32).contains(&who.len())
        && who
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    match who.as_bytes().first() {
        Some(b'U' | b'W') if is_id => Some(format!("<@{who}>")),
        Some(b'S') if is_id => Some(format!("<!subteam^{who}>")),
        _ => None,
    }
}

/// The blocks beside a coloured bar.
#[derive(Serialize)]
struct Attachment<'a> {
    color: &'static str,
    blocks: &'a [Block],
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let called = self.mentions.iter().filter_map(|who| called(who));
        let text: Vec<_> = called.chain([self.text.clone()]).collect();
        map.serialize_entry("text", &text.join(" "))?;
        // The preview of a console link is useless, and a link from outside must not get one.
        map.serialize_entry("unfurl_links", &false)?;
        map.serialize_entry("unfurl_media", &false)?;
        if !self.blocks.is_empty() {
            let attachment = Attachment {
                color: self.colour,
                blocks: &self.blocks,
            };
            map.serialize_entry("attachments", &[attachment])?;
        }
        map.end()
    }
}

/// The message for one notice, in the language and time zone of the stack.
pub fn compose(notice: &Notice, settings: &Settings) -> Message {
    let frame = Frame::new(&notice.source, settings);
    let severity = settings.severity_of(notice);
    let draft = draft(notice, severity, &frame);
    let mut blocks = draft.blocks;
    if let Some(id) = &notice.test {
        blocks.insert(0, Block::section(Text::plain((frame.words.test_banner)(id))));
    }
    blocks.extend(frame.footer(draft.page.as_ref(), &draft.small));
    Message {
        text: match &notice.test {
            Some(_) => test_headline(&draft.headline, &frame),
            None => draft.headline,
        },
        // If the severity equals the notice's own, the notice keeps its colour (a recovered alarm stays green).
        colour: if severity == notice.severity() {
            draft.colour
        } else {
            parts::colour(severity)
        },
        blocks,
        mentions: Vec::new(),
        about: About {
            severity,
            account: notice.account().map(|account| frame.account(account)),
            region: notice.region().map(str::to_owned),
            time: notice.time().map(|moment| frame.time(moment)),
            page: draft.page.map(|(page, _)| page),
            stack: settings.stack.clone(),
            locale: settings.locale,
            test: notice.test.is_some(),
        },
    }
}

/// `🧪 TEST · …`
fn test_headline(headline: &str, frame: &Frame<'_>) -> String {
    format!("🧪 *{}* · {headline}", frame.words.test)
}

fn draft(notice: &Notice, severity: Severity, frame: &Frame<'_>) -> Draft {
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
        draft.headline += &format!("  ·  {place}");
    }
    draft.headline = shortened(draft.headline, MAX_HEADLINE, frame.words);
    draft
}

/// Counts UTF-16 units. Slack's way of counting is unknown, and this is the highest possible count.
fn width(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Shortens mrkdwn to at most `most` UTF-16 units: first the links are removed, then the end is truncated.
fn shortened(mrkdwn: String, most: usize, words: &Words) -> String {
    if width(&mrkdwn) <= most {
        return mrkdwn;
    }
    let plain = without_links(&mrkdwn);
    match width(&plain) <= most {
        true => plain,
        false => parts::code(&without_markup(&plain), words),
    }
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
    fn only_people_and_groups_are_called_each_once() {
        let mut message = compose(&notice(), &Settings::default());
        let who = [
            "@here",
            "U0123ABCD",
            "S0123ABCD",
            "@here",
            "W0123ABCD",
            "@somebody",
            "U<!here>",
            "C0123ABCD",
            "",
        ];
        message.mention(&who.map(str::to_owned));
        let text = json!(message)["text"].as_str().expect("a text").to_owned();
        let called = text
            .strip_suffix(message.text())
            .expect("the headline at the end");
        assert_eq!(called, "<!here> <@U0123ABCD> <!subteam^S0123ABCD> <@W0123ABCD> ");
    }

    #[test]
    fn a_test_says_so_and_calls_nobody() {
        let mut message = compose(&notice().marked("t-0a1b2c3d"), &Settings::default());
        message.mention(&["@here".to_owned()]);
        let shown = json!(message);
        let headline = shown["text"].as_str().expect("a text");
        assert!(headline.starts_with("🧪 *TEST* · "), "{headline}");
        let banner = shown["attachments"][0]["blocks"][0]["text"]["text"].as_str();
        assert!(banner.is_some_and(|text| text.contains("t-0a1b2c3d") && text.contains("Nothing happened")));
    }

    #[test]
    fn what_the_stack_says_colours_the_message() {
        let settings = json!({ "alarms": { "cpu": { "severity": "critical" } }, "rules": { "r": { "severity": "warning" } } });
        let settings = Settings::parse(&settings.to_string()).expect("settings");
        let alarm = |state: &str| {
            let alarm = json!({ "AlarmName": "cpu", "NewStateValue": state });
            compose(&read(&alarm)[0], &settings).colour()
        };
        assert_eq!((alarm("ALARM"), alarm("OK")), (parts::BAD, parts::GOOD));
        let mut event = read(&json!({ "source": "a", "detail-type": "b", "detail": {} })).remove(0);
        event.source.rule = Some("r".to_owned());
        let message = compose(&event, &settings);
        assert_eq!(message.colour(), parts::WARNING);
        assert!(message.text().starts_with("🟡 "), "{}", message.text());
    }
}
