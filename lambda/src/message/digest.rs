//! Combines many alerts into few messages: one line each, duplicates together, none left out.

use super::block::{Block, Text};
use super::flat::About;
use super::frame::Frame;
use super::markup::without_links;
use super::parts::{self, link};
use super::{Message, draft, shortened, width};
use crate::contract::Severity;
use crate::event::{Notice, Source};
use crate::settings::Settings;
use jiff::Timestamp;
use std::collections::HashMap;

/// Most lines in one message, so that people still read it.
const MAX_LINES: usize = 100;
/// Most characters in one message. Slack refuses about 13,200.
const MAX_MESSAGE: usize = 12_000;
/// Most characters in one section; Slack allows 3,000.
const MAX_SECTION: usize = 2_900;
/// Longest headline in a line; nearly all are less than half as long.
const MAX_HEADLINE: usize = 600;
/// Longest address in a line. A longer one consists almost only of escapes and is not worth the space.
const MAX_LINK: usize = 600;

/// One alert in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// mrkdwn without a link.
    pub headline: String,
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
    pub message: Message,
    /// Indices of the alerts that it shows, in ascending order; each alert is in exactly one digest.
    pub covers: Vec<usize>,
    /// The highest severity of its alerts; tests do not count.
    pub severity: Severity,
}

/// The line for one notice, with the headline of its message.
pub fn summarise(notice: &Notice, settings: &Settings) -> Line {
    let frame = Frame::new(&notice.source, settings);
    let severity = settings.severity_of(notice);
    let draft = draft(notice, severity, &frame);
    // The line already begins with a sign.
    let headline = match draft.headline.split_once(' ') {
        Some((sign, headline)) if !sign.contains(|c: char| c.is_ascii() || c.is_alphanumeric()) => {
            headline.trim_start().to_owned()
        }
        _ => draft.headline,
    };
    let headline = match &notice.test {
        Some(_) => super::test_headline(&headline, &frame),
        None => headline,
    };
    Line {
        headline: shortened(without_links(&headline), MAX_HEADLINE, frame.words),
        severity,
        time: notice.time(),
        link: draft
            .page
            .map(|(page, _)| page)
            .filter(|page| width(page) <= MAX_LINK),
        test: notice.test.is_some(),
    }
}

/// The fewest messages within Slack's limits that show every line, the most severe first, then by time. Lines
/// with the same severity and headline are merged into one, with their count and the times of the first and the
/// last.
pub fn digest(lines: &[Line], settings: &Settings) -> Vec<Digest> {
    let source = Source::default();
    let frame = Frame::new(&source, settings);
    let mut groups = group(lines);
    groups.sort_by_key(|group| {
        let time = group.first.map_or((true, Timestamp::MAX), |first| (false, first));
        (std::cmp::Reverse(group.line.severity), time)
    });
    let pages = paginate(groups, &frame);
    let count = pages.len();
    let pages = pages.into_iter().enumerate();
    pages
        .map(|(index, page)| page.digest((index + 1, count), &frame, settings))
        .collect()
}

/// Lines with the same severity and headline.
struct Group<'a> {
    /// The last one.
    line: &'a Line,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    covers: Vec<usize>,
}

fn group(lines: &[Line]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: HashMap<(Severity, &str), usize> = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        let at = *known
            .entry((line.severity, &line.headline))
            .or_insert(groups.len());
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

/// The content of one message.
#[derive(Default)]
struct Page<'a> {
    groups: Vec<Group<'a>>,
    sections: Vec<String>,
    width: usize,
}

fn paginate<'a>(groups: Vec<Group<'a>>, frame: &Frame<'_>) -> Vec<Page<'a>> {
    let moments = || {
        groups
            .iter()
            .flat_map(|group| [group.first, group.last])
            .flatten()
    };
    let one_day = match (moments().min(), moments().max()) {
        (Some(first), Some(last)) => frame.date(first) == frame.date(last),
        _ => true,
    };
    let mut pages = Vec::new();
    let mut page = Page::default();
    for group in groups {
        let text = group.text(one_day, frame);
        let width = width(&text) + 1;
        if page.groups.len() == MAX_LINES || page.width + width > MAX_MESSAGE {
            pages.push(std::mem::take(&mut page));
        }
        page.width += width;
        page.groups.push(group);
        match page.sections.last_mut() {
            Some(section) if self::width(section) + width <= MAX_SECTION => {
                section.push('\n');
                section.push_str(&text);
            }
            _ => page.sections.push(text),
        }
    }
    if !page.groups.is_empty() {
        pages.push(page);
    }
    pages
}

impl Group<'_> {
    /// `🔴 14:00:03  headline  ×3 (14:00:03–14:02:11)  Open`
    fn text(&self, one_day: bool, frame: &Frame<'_>) -> String {
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
            text += &format!("  *×{}*", self.covers.len());
            if let (Some(first), Some(last)) = (self.first, self.last)
                && first != last
            {
                text += &format!(" ({}–{})", clock(first), clock(last));
            }
        }
        if let Some(page) = &line.link {
            text += &format!("  {}", link(page, frame.words.open));
        }
        text
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
        let moments = || {
            self.groups
                .iter()
                .flat_map(|group| [group.first, group.last])
                .flatten()
        };
        let span = match (moments().min(), moments().max()) {
            (Some(first), Some(last)) if first == last => Some(frame.time(first)),
            (Some(first), Some(last)) => Some(format!("{} – {}", frame.time(first), frame.time(last))),
            _ => None,
        };
        let headline = (frame.words.digest)(covers.len(), part, parts);
        let mut blocks: Vec<_> = self
            .sections
            .into_iter()
            .map(|section| Block::section(Text::mrkdwn(section)))
            .collect();
        blocks.extend(span.clone().map(|span| Block::context(Text::plain(span))));
        let message = Message {
            text: format!("🔔 *{headline}*  {}", counts.join("  ")),
            colour: parts::colour(severity),
            blocks,
            mentions: Vec::new(),
            about: About {
                severity,
                account: None,
                region: None,
                time: span,
                page: None,
                stack: settings.stack.clone(),
                locale: settings.locale,
                test: self.groups.iter().all(|group| group.line.test),
            },
        };
        Digest {
            message,
            covers,
            severity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read;
    use serde_json::json;

    fn line(headline: &str, severity: Severity, second: i64) -> Line {
        Line {
            headline: headline.to_owned(),
            severity,
            time: Timestamp::from_second(1_763_614_800 + second).ok(),
            link: None,
            test: false,
        }
    }

    fn texts(digest: &Digest) -> Vec<String> {
        let message = json!(digest.message);
        let blocks = message["attachments"][0]["blocks"].as_array().expect("blocks");
        let sections = blocks.iter().filter_map(|block| block["text"]["text"].as_str());
        sections.flat_map(str::lines).map(str::to_owned).collect()
    }

    #[test]
    fn equal_alerts_are_one_line_and_the_worst_come_first() {
        let mut linked = line("*cpu* ALARM", Severity::Error, 9);
        linked.link = Some("https://x.example/a".to_owned());
        let lines = [
            line("saved", Severity::Info, 0),
            line("*cpu* ALARM", Severity::Error, 3),
            line("*disk* ALARM", Severity::Error, 1),
            line("root signed in", Severity::Critical, 7),
            linked,
        ];
        let digests = digest(&lines, &Settings::default());
        let [only] = digests.as_slice() else {
            panic!("{digests:#?}")
        };
        assert_eq!(
            texts(only),
            [
                "🔴 05:00:07  root signed in",
                "🟠 05:00:01  *disk* ALARM",
                "🟠 05:00:03  *cpu* ALARM  *×2* (05:00:03–05:00:09)  <https://x.example/a|Open>",
                "🔵 05:00:00  saved",
            ]
        );
        assert_eq!(only.message.text(), "🔔 *5 alerts*  🔴 1  🟠 3  🔵 1");
        assert_eq!(
            (only.severity, &only.covers),
            (Severity::Critical, &vec![0, 1, 2, 3, 4])
        );
    }

    #[test]
    fn every_alert_is_in_exactly_one_digest() {
        let headline = |index: usize| format!("{} {}", index % 250, "x".repeat(index % 250));
        let lines: Vec<_> = (0..700)
            .map(|index| line(&headline(index), Severity::ALL[index % 2], 0))
            .collect();
        let digests = digest(&lines, &Settings::default());
        let mut covered: Vec<_> = digests.iter().flat_map(|digest| digest.covers.clone()).collect();
        covered.sort_unstable();
        assert_eq!(covered, (0..700).collect::<Vec<_>>());
        let mut shown: Vec<_> = digests.iter().flat_map(texts).collect();
        shown.sort();
        shown.dedup();
        assert_eq!(shown.len(), 250);
        for (index, digest) in digests.iter().enumerate() {
            assert!(texts(digest).len() <= MAX_LINES);
            let part = format!("({}/{})", index + 1, digests.len());
            assert!(digest.message.text().contains(&part), "{}", digest.message.text());
            let highest = digest.covers.iter().map(|at| lines[*at].severity).max();
            assert_eq!(highest, Some(digest.severity));
        }
        assert!(self::digest(&[], &Settings::default()).is_empty());
    }

    #[test]
    fn days_are_told_apart_and_what_has_no_time_comes_last() {
        let mut timeless = line("c", Severity::Info, 0);
        timeless.time = None;
        let lines = [
            timeless,
            line("b", Severity::Info, 86_400),
            line("a", Severity::Info, 0),
        ];
        let digests = digest(&lines, &Settings::default());
        assert_eq!(
            texts(&digests[0]),
            ["🔵 11-20 05:00:00  a", "🔵 11-21 05:00:00  b", "🔵  c"]
        );
    }

    #[test]
    fn a_line_has_the_headline_without_its_link_and_sign() {
        let topic = "arn:aws:sns:us-east-1:111122223333:t";
        let line = |message: &str, test: &str| {
            let attributes = json!({ "alertctl.test": { "Value": test } });
            let sns = json!({ "TopicArn": topic, "Message": message, "MessageAttributes": attributes });
            summarise(
                &read(&json!({ "Records": [{ "Sns": sns }] }))[0],
                &Settings::default(),
            )
        };
        assert_eq!(line("x", "").headline, "*Message through t*");
        let rehearsed = line("x", "t-0a1b2c3d");
        assert_eq!(rehearsed.headline, "🧪 *TEST* · *Message through t*");
        let arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu";
        let alarm = json!({ "AlarmName": "cpu", "AlarmArn": arn, "NewStateValue": "ALARM" });
        let alarm = line(&alarm.to_string(), "");
        assert!(!alarm.headline.contains('<') && alarm.link.is_some_and(|page| page.ends_with("cpu")));
        // A test does not raise a digest's severity, and a digest with nothing but tests mentions nobody.
        let critical = Line {
            severity: Severity::Critical,
            ..rehearsed
        };
        let mut digest = digest(&[critical], &Settings::default()).remove(0);
        assert_eq!(digest.severity, Severity::Info);
        digest.message.mention(&["@here".to_owned()]);
        assert!(!json!(digest.message).to_string().contains("<!here>"));
    }
}
