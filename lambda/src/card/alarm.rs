//! The card for a CloudWatch alarm.

use super::cut::clip;
use super::frame::Frame;
use super::parts::{facts, lines, prose, reason};
use super::{Colour, Draft, Link};
use crate::contract::Arn;
use crate::event::{Alarm, Child, Metric, State};
use crate::locale::Words;
use crate::phrase::{Phrase, one_line};

/// Longest alarm name shown; AWS allows 255 characters.
const MAX_NAME: usize = 300;

pub(super) fn compose(alarm: &Alarm, frame: &Frame<'_>) -> Draft {
    let words = frame.words;
    let name = one_line(&alarm.name);
    let name = if name.is_empty() { "?" } else { &name };
    let title = Phrase::title(&clip(name, MAX_NAME, words));
    let page = alarm.arn.as_ref().and_then(|arn| arn.alarm_page(&alarm.name));
    let sections = [
        prose(alarm.description.as_deref()),
        facts(fields(alarm, frame)),
        reason(alarm.reason.as_deref(), words),
    ];
    Draft {
        headline: words.headline(&title, &alarm.old, &alarm.new),
        colour: colour(&alarm.new),
        sections: sections.into_iter().flatten().collect(),
        link: page.map(|page| Link {
            page,
            label: words.open_alarm.to_owned(),
        }),
        small: Vec::new(),
    }
}

fn colour(state: &State) -> Colour {
    match state {
        State::Alarm => Colour::Bad,
        State::Ok => Colour::Good,
        State::InsufficientData | State::Other(_) => Colour::Idle,
    }
}

fn fields(alarm: &Alarm, frame: &Frame<'_>) -> [(&'static str, Option<String>); 10] {
    let words = frame.words;
    let region = alarm.arn.as_ref().and_then(|arn| arn.region.clone()).or_else(|| {
        // An alarm can only notify topics in its own region.
        frame
            .source
            .topic_arn
            .as_deref()
            .and_then(Arn::parse)
            .and_then(|arn| arn.region)
    });
    let children = alarm
        .children
        .iter()
        .map(|child| child_line(child, words))
        .collect();
    let transition = format!("{} → {}", (words.state)(&alarm.old), (words.state)(&alarm.new));
    [
        (words.label_state, Some(transition)),
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
        (words.label_rule, alarm.rule.clone()),
        (words.label_children, lines(children, words)),
        (words.label_region, region),
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
    ]
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
