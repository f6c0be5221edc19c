mod call;
mod news;

use super::{Doer, Words};
use crate::contract::Act;
use crate::event::{ActorKind, Comparison, Condition, GuardOutcome, Muted, NoLines, State};
use crate::phrase::Phrase;
use call::{decision, deed};

pub(super) const WORDS: Words = Words {
    headline,
    lasted: |time| format!(", was in alarm for {time}"),
    late: |time| format!("{time} late"),
    lasts: |time| format!("for {time} now"),
    go_on: |count| format!("{count} incidents go on"),
    acknowledged: |who, at| format!("✋ {who} acknowledged this at {at}"),
    snoozed: |who, until| match until {
        Some(until) => format!("💤 {who} snoozed this until {until}"),
        None => format!("💤 {who} snoozed this until it is over"),
    },
    mute_refused: "CloudWatch does not mute the alarm, so its other receivers are still told.",
    unmute_refused: "CloudWatch still mutes the alarm until the mute rule ends.",
    snooze_ended: |who| format!("⏰ {who} ended the snooze"),
    button: |act| match act {
        Act::Acknowledge => "Acknowledge",
        Act::SnoozeOneHour => "Snooze 1 h",
        Act::SnoozeEightHours => "Snooze 8 h",
        Act::SnoozeUntilResolved => "Snooze until resolved",
        Act::EndSnooze => "End snooze",
    },
    is_over: "There is nothing to do: this is over.",
    is_elsewhere: "There is a newer message about this: use its buttons.",
    may_not_press: "You are not on the list of those who may do that here.",
    duration: str::to_owned,
    runbook: |host| format!("Runbook ({host})"),
    dashboard: |host| format!("Dashboard ({host})"),
    muted: |muted| match muted {
        Muted::By(rules) => format!("Muted by {}", rules.join(", ")),
        Muted::Suppressed(by) => format!("Muted by {by}"),
        Muted::Before => "Told after its mute window".to_owned(),
    },
    mute_subject: |until| match until {
        Some(until) => format!("Alarms muted until {until}"),
        None => "Alarms no longer muted".to_owned(),
    },
    mute_text: |who, alarms, why, until| match until {
        Some(until) => format!("{who} muted {alarms} until {until}. Reason: {why}"),
        None => format!("{who} unmuted {alarms}. The reason for muting was: {why}"),
    },
    state,
    condition,
    guard_headline,
    actor,
    from_topic: |topic| format!("Message through {topic}"),
    unknown_event: "Event of an unknown kind",
    event: |detail_type, source| format!("{detail_type} from {source}"),
    deed,
    decision,
    mfa: |mfa| match mfa {
        Some(true) => "Yes",
        Some(false) => "No",
        None => "Left to the identity provider",
    },
    news: news::news,
    rds_event: |_| None,
    label: news::label,
    value: news::value,
    gist: news::gist,
    more_characters: |count| format!("… {count} more characters"),
    refused_form: |service| format!("{service} refused the usual form of this message, so it comes as text."),
    more_entries: |count| format!("… {count} more"),
    and_more: |count| format!(" and {count} more"),
    hits: |count| match count {
        1 => "1 hit".to_owned(),
        _ => format!("{count} hits"),
    },
    top: |field| format!("Top {field}"),
    test: "TEST",
    test_banner: |id| format!("This is only a test ({id}). Nothing happened, and there is nothing to do."),
    digest: |alerts, part, parts| {
        let alerts = if alerts == 1 {
            "1 alert".to_owned()
        } else {
            format!("{alerts} alerts")
        };
        match parts {
            1 => alerts,
            _ => format!("{alerts} ({part}/{parts})"),
        }
    },
    open: "Open",
    open_alarm: "Open in CloudWatch",
    open_event: "Open in CloudTrail",
    open_insights: "Open in Logs Insights",
    open_page: "Open in the console",
    open_discover: |host| format!("Open in Discover ({host})"),
    label_state: "State",
    label_condition: "Condition",
    label_metric: "Metric",
    label_dimensions: "Dimensions",
    label_expression: "Expression",
    label_contributor: "Contributor",
    label_query: "Query",
    label_log_groups: "Log groups",
    label_lines: "Log lines",
    no_lines: |reason| match reason {
        NoLines::NoRun => "None: the event does not name the run of the query".to_owned(),
        NoLines::Elsewhere => "None: the alarm is in another account".to_owned(),
        NoLines::Late => "None: there was no time to wait for them".to_owned(),
        NoLines::Refused(code) => format!("None: CloudWatch Logs answered {code}"),
        NoLines::Unreachable => "None: CloudWatch Logs did not answer".to_owned(),
        NoLines::Nothing => "None: the query found no log lines".to_owned(),
    },
    label_pending: "Pending period",
    label_muted: "Actions",
    label_tags: "Tags",
    label_rule: "Alarm rule",
    label_children: "Triggered by",
    label_region: "Region",
    label_account: "Account",
    label_time: "Time",
    label_reason: "Reason",
    label_topic: "Topic",
    label_source_rule: "Rule",
    label_endpoint: "Endpoint",
    label_resources: "Resources",
    label_user_agent: "User agent",
    label_mfa: "MFA",
    label_session_mfa: "MFA of the session",
    label_mfa_device: "MFA device",
    label_page: "Signed in to",
    label_access_key: "Access key",
    label_principal: "Principal",
    label_hits: "Hits",
    label_matches: "Matches",
    label_index: "Index",
};

fn headline(name: &Phrase, old: &State, new: &State) -> String {
    match (old, new) {
        (_, State::Alarm) => format!("🚨 {name} is in alarm"),
        (State::Alarm, State::Ok) => format!("✅ {name} is back to OK"),
        (_, State::Ok) => format!("✅ {name} is OK"),
        (_, State::InsufficientData) => format!("❔ {name} has insufficient data"),
        (_, State::Other(_)) => format!("ℹ️ {name} changed state"),
    }
}

fn guard_headline(actor: &str, trail: &str, outcome: &GuardOutcome) -> String {
    let trail = match trail {
        "" => "a trail".to_owned(),
        trail => format!("trail {trail}"),
    };
    match outcome {
        GuardOutcome::Restarted => format!("🛡️ {actor} stopped {trail}; logging was started again"),
        GuardOutcome::AlreadyLogging => format!("🛡️ {actor} stopped {trail}; it is logging again"),
        GuardOutcome::Failed(_) => {
            format!("🚨 {actor} stopped {trail}; logging could not be started again")
        }
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

fn actor(doer: &Doer<'_>) -> String {
    let name = match (doer.kind, doer.who) {
        (ActorKind::Root, _) => "The root user".to_owned(),
        (ActorKind::Hidden, _) => "An unknown user".to_owned(),
        (ActorKind::Account, Some(who)) => return format!("Account {who}"),
        (ActorKind::Instance, Some(who)) => format!("Instance {who}"),
        (ActorKind::Service, None) => "An AWS service".to_owned(),
        (_, Some(who)) => who.to_string(),
        (_, None) => "An unknown user".to_owned(),
    };
    match doer.home {
        Some(account) => format!("{name} of account {account}"),
        None => name,
    }
}
