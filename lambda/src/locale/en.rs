mod call;

use super::{Doer, Words};
use crate::event::{ActorKind, Comparison, Condition, Fact, GuardOutcome, Job, News, State};
use crate::phrase::Phrase;
use call::{decision, deed};

pub(super) const WORDS: Words = Words {
    headline,
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
    news,
    label,
    more_characters: |count| format!("… {count} more characters"),
    refused_form: "Slack refused the usual form of this message, so it comes as text.",
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
    open_page: "Open in the console",
    open_discover: |host| format!("Open in Discover ({host})"),
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

fn news(news: &News, subject: &Phrase) -> String {
    match news {
        News::Instance { state } => match state.as_str() {
            "pending" => format!("Instance {subject} is starting"),
            "running" => format!("Instance {subject} is running"),
            "stopping" => format!("Instance {subject} is stopping"),
            "stopped" => format!("Instance {subject} has stopped"),
            "shutting-down" => format!("Instance {subject} is being terminated"),
            "terminated" => format!("Instance {subject} was terminated"),
            _ => format!("Instance {subject} changed state"),
        },
        News::Database => format!("RDS {subject}"),
        News::Task { status } => match status.as_str() {
            "RUNNING" => format!("ECS task {subject} is running"),
            "STOPPED" => format!("ECS task {subject} has stopped"),
            _ => format!("ECS task {subject} changed state"),
        },
        News::Service { event } => match event.as_str() {
            "SERVICE_STEADY_STATE" => format!("ECS service {subject} is steady"),
            "SERVICE_DEPLOYMENT_IN_PROGRESS" => format!("ECS service {subject} is being deployed"),
            "SERVICE_DEPLOYMENT_COMPLETED" => format!("ECS service {subject} was deployed"),
            "SERVICE_DEPLOYMENT_FAILED" => format!("Deployment of ECS service {subject} failed"),
            "SERVICE_TASK_PLACEMENT_FAILURE" => format!("ECS service {subject} found no place for a task"),
            _ => format!("ECS has news of service {subject}"),
        },
        News::Launched { done: true } => format!("Auto Scaling group {subject} launched an instance"),
        News::Launched { done: false } => {
            format!("Auto Scaling group {subject} could not launch an instance")
        }
        News::Terminated { done: true } => format!("Auto Scaling group {subject} terminated an instance"),
        News::Terminated { done: false } => {
            format!("Auto Scaling group {subject} could not terminate an instance")
        }
        News::Finding => subject.to_string(),
        News::Health { category, closed } => match category.as_str() {
            "issue" if *closed => format!("AWS has resolved an issue: {subject}"),
            "scheduledChange" if *closed => format!("A change by AWS is over: {subject}"),
            "issue" => format!("AWS has an issue: {subject}"),
            "scheduledChange" => format!("AWS plans a change: {subject}"),
            "investigation" => format!("AWS is investigating: {subject}"),
            _ => format!("AWS Health notice: {subject}"),
        },
        News::Budget {
            forecast: false,
            amount,
            budgeted,
        } => format!("Budget {subject} is at {amount} of {budgeted}"),
        News::Budget { amount, budgeted, .. } => {
            format!("Budget {subject} is forecast to reach {amount} of {budgeted}")
        }
        News::CostAnomaly { impact, percent } => {
            let percent = percent.as_ref().map(|percent| format!(" ({percent})"));
            format!(
                "{subject} costs {impact} more than expected{}",
                percent.unwrap_or_default()
            )
        }
        News::Backup { job, state } => {
            let job = match job {
                Job::Backup => "Backup",
                Job::Copy => "Backup copy",
                Job::Restore => "Restore",
            };
            match state.as_str() {
                "COMPLETED" => format!("{job} of {subject} is complete"),
                "FAILED" => format!("{job} of {subject} failed"),
                "ABORTED" => format!("{job} of {subject} was aborted"),
                "EXPIRED" => format!("{job} of {subject} did not start in time"),
                "PARTIAL" => format!("{job} of {subject} is incomplete"),
                _ => format!("{job} of {subject} changed state"),
            }
        }
    }
}

fn label(fact: Fact) -> &'static str {
    match fact {
        Fact::State => "State",
        Fact::Kind => "Type",
        Fact::Severity => "Severity",
        Fact::Cluster => "Cluster",
        Fact::Group => "Group",
        Fact::Task => "Task",
        Fact::Definition => "Task definition",
        Fact::Containers => "Containers",
        Fact::Instance => "Instance",
        Fact::Resource => "Resource",
        Fact::Count => "Count",
        Fact::FirstSeen => "First seen",
        Fact::LastSeen => "Last seen",
        Fact::Categories => "Categories",
        Fact::Vault => "Vault",
        Fact::Service => "Service",
        Fact::Status => "Code",
        Fact::Starts => "From",
        Fact::Ends => "Until",
        Fact::Product => "Product",
        Fact::Compliance => "Compliance",
        Fact::Job => "Job",
        Fact::Budgeted => "Budgeted",
        Fact::Spent => "Actual",
        Fact::Forecast => "Forecast",
        Fact::Threshold => "Threshold",
        Fact::Expected => "Expected",
        Fact::Excess => "Above expected",
        Fact::Monitor => "Monitor",
        Fact::Causes => "Likely causes",
    }
}
