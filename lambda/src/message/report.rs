//! The message for news that a service tells of one of its resources.

use super::Draft;
use super::block::{Block, Text};
use super::event::circumstances;
use super::frame::Frame;
use super::markup::{clip_escaped, one_line};
use super::parts::{BAD, GOOD, IDLE, PLAIN, WARNING, code, field, lines, prose};
use crate::arn::{console_page, encode};
use crate::event::{Event, News, Page, Report, Tone};

/// Most fields of facts, which leaves room for where and when.
const MAX_FACTS: usize = 7;
/// Longest title of a finding, or message of RDS, shown; RDS writes one short sentence.
const MAX_TITLE: usize = 300;

pub(super) fn compose(report: &Report, event: &Event, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let mut blocks = Vec::new();
    let summary = report
        .summary
        .as_deref()
        .filter(|_| report.news != News::Database);
    if let Some(summary) = prose(summary, words) {
        blocks.push(Block::section(Text::plain(summary)));
    }
    let entries = |text: &str| lines(text.lines().map(str::to_owned).collect(), words);
    let told = report.facts.iter().map(|(fact, text)| (*fact, entries(text)));
    let moments = report.moments.iter();
    let moments = moments.map(|(fact, moment)| (*fact, Some(frame.time(*moment))));
    let facts = told
        .chain(moments)
        .map(|(fact, value)| ((words.label)(fact), value))
        .take(MAX_FACTS);
    // The facts name the resource already.
    let [account, region, time, _] = circumstances(event, frame);
    let fields: Vec<_> = facts
        .chain([account, region, time])
        .filter_map(|(label, value)| field(label, &value?, words))
        .collect();
    if !fields.is_empty() {
        blocks.push(Block::fields(fields));
    }
    let page = page(report.page.as_ref(), event.region.as_deref());
    let subject = match report.news {
        // A finding's title is a sentence.
        News::Finding => format!("*{}*", clip_escaped(&one_line(&report.subject), MAX_TITLE, words)),
        _ => code(&report.subject, words),
    };
    let mut headline = format!("{} {}", sign(report.tone), (words.news)(&report.news, &subject));
    if let (News::Database, Some(summary)) = (&report.news, &report.summary) {
        // RDS has hundreds of kinds of events; what it says is the only headline that fits them all.
        headline += &format!(": {}", clip_escaped(&one_line(summary), MAX_TITLE, words));
    }
    Draft {
        headline,
        colour: colour(report.tone),
        blocks,
        page: page.map(|page| (page, words.open_page)),
        small: Vec::new(),
    }
}

fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✅",
        Tone::Plain => "ℹ️",
        Tone::Idle => "⏳",
        Tone::Warning => "⚠️",
        Tone::Bad => "🚨",
    }
}

fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => GOOD,
        Tone::Plain => PLAIN,
        Tone::Idle => IDLE,
        Tone::Warning => WARNING,
        Tone::Bad => BAD,
    }
}

fn page(page: Option<&Page>, region: Option<&str>) -> Option<String> {
    let (path, fragment) = match page? {
        Page::Instance(id) => ("ec2/home", format!("InstanceDetails:instanceId={}", encode(id))),
        Page::ScalingGroup(name) => ("ec2/home", format!("AutoScalingGroupDetails:id={}", encode(name))),
        Page::Database { id, cluster } => (
            "rds/home",
            format!("database:id={};is-cluster={cluster}", encode(id)),
        ),
        Page::Finding(id) => (
            "guardduty/home",
            format!("/findings?macros=current&fId={}", encode(id)),
        ),
    };
    console_page(region?, path, &fragment)
}
