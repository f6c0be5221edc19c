use super::Words;
use crate::event::{Comparison, Condition, State};

pub(super) const WORDS: Words = Words {
    headline,
    state,
    condition,
    from_topic: |topic| format!("Message through {topic}"),
    unknown_event: "Event of an unknown kind",
    more_characters: |count| format!("… {count} more characters"),
    more_entries: |count| format!("… {count} more"),
    open_alarm: "Open in CloudWatch",
    label_state: "State",
    label_condition: "Condition",
    label_metric: "Metric",
    label_dimensions: "Dimensions",
    label_expression: "Expression",
    label_rule: "Alarm rule",
    label_children: "Triggered by",
    label_region: "Region",
    label_account: "Account",
    label_time: "Time",
    label_reason: "Reason",
    label_topic: "Topic",
};

fn headline(name: &str, old: &State, new: &State) -> String {
    match (old, new) {
        (_, State::Alarm) => format!("🚨 {name} is in alarm"),
        (State::Alarm, State::Ok) => format!("✅ {name} is back to OK"),
        (_, State::Ok) => format!("✅ {name} is OK"),
        (_, State::InsufficientData) => format!("❔ {name} has insufficient data"),
        (_, State::Other(_)) => format!("ℹ️ {name} changed state"),
    }
}

fn state(state: &State) -> &str {
    match state {
        State::Alarm => "In alarm",
        State::Ok => "OK",
        State::InsufficientData => "Insufficient data",
        State::Other(name) => name,
    }
}

fn condition(condition: &Condition) -> String {
    let mut text = String::new();
    if let Some(statistic) = &condition.statistic {
        text += statistic;
        text += " ";
    }
    text += &condition.subject;
    text += " ";
    match &condition.comparison {
        Comparison::Number { sign, threshold } => text += &format!("{sign} {threshold}"),
        Comparison::OutsideBand => text += "outside the expected band",
        Comparison::AboveBand => text += "above the expected band",
        Comparison::BelowBand => text += "below the expected band",
    }
    if let Some(window) = &condition.window {
        let periods = window.evaluated;
        let seconds = window.period_seconds;
        text += &match window.breaching.filter(|breaching| *breaching != periods) {
            Some(breaching) => format!(" for {breaching} of {periods} × {seconds} s"),
            None => format!(" for {periods} × {seconds} s"),
        };
    }
    text
}
