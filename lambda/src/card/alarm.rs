//! The card for a CloudWatch alarm.

use super::cut::clip;
use super::frame::Frame;
use super::parts::{code, facts, lines, prose, reason};
use super::{Colour, Draft, Link, Section, address};
use crate::contract::{Arn, console_page, encode, length, page};
use crate::event::{Alarm, Child, Metric, Reading, State};
use crate::locale::Words;
use crate::phrase::{Phrase, one_line};

/// Longest alarm name shown; AWS allows 255 characters.
const MAX_NAME: usize = 300;
/// Longest name of a metric in a headline.
const MAX_METRIC: usize = 100;

pub(super) fn compose(alarm: &Alarm, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let (key, headline) = headlines(alarm, words);
    // An alarm without an ARN is in the region of its topic.
    let page = alarm
        .arn
        .as_ref()
        .and_then(|arn| arn.alarm_page(&alarm.name))
        .or_else(|| {
            let fragment = format!("alarmsV2:alarm/{}", encode(&alarm.name));
            console_page(&region(alarm, frame)?, "cloudwatch/home", &fragment)
        });
    // What is over needs no explanation.
    let unsettled = Some(alarm).filter(|alarm| alarm.new != State::Ok);
    let description = unsettled.and_then(|alarm| alarm.description.as_deref());
    let pages: Vec<_> = unsettled.map(|alarm| pages(alarm, words)).unwrap_or_default();
    let sections = [
        prose(description.map(without_pages).as_deref()),
        (!pages.is_empty()).then_some(Section::Links(pages)),
        facts(fields(alarm, frame)),
        reason(unsettled.and_then(|alarm| alarm.reason.as_deref()), words),
    ];
    Draft {
        headline,
        key: Some(key),
        colour: colour(&alarm.new),
        sections: sections.into_iter().flatten().collect(),
        link: page.map(|page| Link {
            page,
            label: words.open_alarm.to_owned(),
        }),
        small: Vec::new(),
    }
}

/// The headline without and with what differs whenever the same alarm goes off or ends.
fn headlines(alarm: &Alarm, words: &Words) -> (Phrase, Phrase) {
    let name = one_line(&alarm.name);
    let name = if name.is_empty() { "?" } else { &name };
    let title = Phrase::title(&clip(name, MAX_NAME, words));
    let mut key = words.headline(&title, &alarm.old, &alarm.new);
    let mut headline = key.clone();
    if let Some(seconds) = alarm.lasted {
        headline.push(&Phrase::said((words.lasted)(&length(seconds))));
    }
    let contributor = alarm.contributor.iter();
    let contributor = contributor.map(|(_, value)| code(value, words).to_string());
    let contributor: Vec<_> = contributor.collect();
    if !contributor.is_empty() {
        let contributor = Phrase::said(format!(" ({})", contributor.join(", ")));
        key.push(&contributor);
        headline.push(&contributor);
    }
    if let Some(reading) = alarm.reading.as_ref().filter(|_| alarm.new == State::Alarm) {
        headline.push(&Phrase::said(format!(": {}", value(reading, words))));
    }
    (key, headline)
}

/// `CPUUtilization 83.33 ≥ 50`
fn value(reading: &Reading, words: &Words) -> String {
    let name = reading.name.as_deref();
    let name = name.map(|name| clip(&one_line(name), MAX_METRIC, words) + " ");
    let (value, limit) = (short(reading.value), short(reading.limit));
    format!("{}{value} {} {limit}", name.unwrap_or_default(), reading.sign)
}

/// A number with at most two decimals, or with two digits that say something.
fn short(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.01 {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The pages that belong to an alarm.
fn pages(alarm: &Alarm, words: &Words) -> Vec<Link> {
    let description = alarm.description.as_deref().unwrap_or_default();
    let dashboard = description
        .lines()
        .find_map(|line| page::in_line(line, page::DASHBOARD));
    let dashboard = dashboard.and_then(safe);
    let runbook = runbook(alarm).filter(|runbook| Some(runbook) != dashboard.as_ref());
    let link = |(page, host): (String, String), label: fn(&str) -> String| Link {
        page,
        label: label(&host),
    };
    let runbook = runbook.map(|runbook| link(runbook, words.runbook));
    runbook
        .into_iter()
        .chain(dashboard.map(|dashboard| link(dashboard, words.dashboard)))
        .collect()
}

/// The description without the lines that became links.
fn without_pages(description: &str) -> String {
    let is_page = |line: &&str| {
        let pages = [page::RUNBOOK, page::DASHBOARD];
        let mut pages = pages.into_iter().filter_map(|begin| page::in_line(line, begin));
        pages.any(|page| safe(page).is_some())
    };
    let lines: Vec<_> = description.lines().filter(|line| !is_page(line)).collect();
    lines.join("\n")
}

/// An address that is fit to be a link, and its host. A longer one stays text in the description.
fn safe(text: &str) -> Option<(String, String)> {
    address::page(text).filter(|(page, _)| page.len() <= page::MAX_PAGE)
}

/// The address of the runbook, and its host: of a tag, or of the line of the description that says so, or the first one in the
/// description.
fn runbook(alarm: &Alarm) -> Option<(String, String)> {
    let tag = alarm
        .tags
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case("runbook"));
    let tag = tag.and_then(|(_, address)| safe(address));
    let description = alarm.description.as_deref().unwrap_or_default();
    let line = || {
        description
            .lines()
            .find_map(|line| page::in_line(line, page::RUNBOOK))
    };
    tag.or_else(|| line().and_then(safe)).or_else(|| {
        let mut addresses = description.match_indices("https://");
        addresses.find_map(|(at, _)| {
            let rest = description.get(at..)?;
            let end = rest.find(|c: char| c.is_whitespace() || "<>\"'`".contains(c));
            let address = rest.get(..end.unwrap_or(rest.len()))?;
            safe(address.trim_end_matches(['.', ',', ';', ')', ']']))
        })
    })
}

fn region(alarm: &Alarm, frame: &Frame<'_>) -> Option<String> {
    alarm.arn.as_ref().and_then(|arn| arn.region.clone()).or_else(|| {
        // An alarm can only notify topics in its own region.
        let topic = frame.source.topic_arn.as_deref().and_then(Arn::parse);
        topic.and_then(|arn| arn.region)
    })
}

fn colour(state: &State) -> Colour {
    match state {
        State::Alarm => Colour::Bad,
        State::Ok => Colour::Good,
        State::InsufficientData | State::Other(_) => Colour::Idle,
    }
}

fn fields(alarm: &Alarm, frame: &Frame<'_>) -> Vec<(&'static str, Option<String>)> {
    let words = frame.words;
    let children = alarm
        .children
        .iter()
        .map(|child| child_line(child, words))
        .collect();
    let transition = format!("{} → {}", (words.state)(&alarm.old), (words.state)(&alarm.new));
    // A contributor's event has no old state, and the headline has the new one.
    let transition = Some(transition).filter(|_| alarm.contributor.is_empty());
    let muted = alarm.muted.as_ref().map(words.muted);
    let named = |pairs: &[(String, String)]| {
        let pairs = pairs
            .iter()
            .map(|(name, value)| format!("{} = {}", one_line(name), one_line(value)));
        lines(pairs.collect(), words)
    };
    let last = [
        (words.label_muted, muted),
        (words.label_tags, named(&alarm.tags)),
        (
            words.label_account,
            alarm.account.as_deref().map(|id| frame.account(id)),
        ),
        (
            words.label_time,
            alarm
                .changed
                .or(frame.source.sent)
                .map(|moment| frame.time(moment)),
        ),
    ];
    // What is over is told in a line; the state's change is in the headline.
    let first = [
        (words.label_state, transition),
        (words.label_contributor, named(&alarm.contributor)),
        (
            words.label_condition,
            alarm.condition.as_ref().map(words.condition),
        ),
        (
            words.label_metric,
            lines(alarm.metrics.iter().map(metric_name).collect(), words),
        ),
        (words.label_dimensions, lines(dimensions(&alarm.metrics), words)),
        (words.label_expression, lines(alarm.expressions.clone(), words)),
        (words.label_log_groups, lines(alarm.log_groups.clone(), words)),
        (words.label_query, alarm.query.clone()),
        (
            words.label_pending,
            alarm
                .pending_seconds
                .map(|seconds| (words.duration)(&length(seconds.try_into().unwrap_or(i64::MAX)))),
        ),
        (words.label_rule, alarm.rule.clone()),
        (words.label_children, lines(children, words)),
    ];
    let first = first.into_iter().filter(|_| alarm.new != State::Ok);
    first.chain(last).collect()
}

fn metric_name(metric: &Metric) -> String {
    match &metric.namespace {
        Some(namespace) => format!("{namespace} {}", metric.name),
        None => metric.name.clone(),
    }
}

/// The dimensions of all metrics without duplicates: metrics of one expression often share them.
fn dimensions(metrics: &[Metric]) -> Vec<String> {
    let mut seen = Vec::new();
    for (name, value) in metrics.iter().flat_map(|metric| &metric.dimensions) {
        let line = format!("{} = {}", one_line(name), one_line(value));
        if !seen.contains(&line) {
            seen.push(line);
        }
    }
    seen
}

fn child_line(child: &Child, words: &Words) -> String {
    match &child.state {
        Some(state) => format!("{} ({})", one_line(&child.name), (words.state)(state)),
        None => one_line(&child.name),
    }
}
