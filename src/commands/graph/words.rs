//! What stands in the boxes of a picture: sources and recipients, in a few words.

use alertctl_relay::ChannelType;
use serde_json::Value;

use crate::stack::{Alarm, Bound, Calls, Endpoint, Rule, What};

/// What its service calls a channel.
pub(super) fn sort(service: &ChannelType) -> &'static str {
    match service {
        ChannelType::Slack | ChannelType::SlackBot { .. } => "Slack channel",
        ChannelType::Teams => "Teams channel",
        ChannelType::GoogleChat => "Google Chat space",
        ChannelType::Discord => "Discord channel",
        ChannelType::Pagerduty { .. } => "PagerDuty service",
        ChannelType::JiraServiceManagement => "Jira Service Management team",
        ChannelType::Opsgenie { .. } => "Opsgenie team",
        ChannelType::SignedWebhook => "signed webhook",
        ChannelType::Heartbeat => "heartbeat service",
    }
}

/// What a rule matches, in a few words.
pub(super) fn matched(rule: &Rule) -> String {
    let what = match &rule.what {
        What::Preset(preset) => preset.as_str().to_owned(),
        What::Services(services) if services.len() > 3 => {
            format!("calls of {} services", services.len())
        }
        What::Services(services) => {
            let one = |(service, calls): (&String, &Calls)| match calls {
                Calls::All => service.clone(),
                Calls::Only(calls) => format!("{service} ({})", calls.len()),
            };
            format!(
                "calls of {}",
                services.iter().map(one).collect::<Vec<_>>().join(", ")
            )
        }
        What::Pattern(pattern) => {
            let texts = |field: &str| {
                let values = pattern.get(field).and_then(Value::as_array);
                let texts: Vec<_> = values.into_iter().flatten().filter_map(Value::as_str).collect();
                texts.join(", ")
            };
            match (texts("source"), texts("detail-type")) {
                (source, _) if !source.is_empty() => source,
                (_, kind) if !kind.is_empty() => kind,
                _ => "a pattern".to_owned(),
            }
        }
    };
    match rule.regions.as_slice() {
        [] => what,
        regions => format!("{what}, also in {}", regions.join(", ")),
    }
}

/// What an alarm watches, in a few words.
pub(super) fn watched(alarm: &Alarm) -> String {
    let threshold = match &alarm.threshold {
        Some(threshold) => match &threshold.bound {
            Bound::Value(value) => format!(" {} {value}", threshold.comparison.sign()),
            Bound::Band(band) => format!(" {} {band}", threshold.comparison.sign()),
        },
        None => String::new(),
    };
    if let Some(metric) = &alarm.metric {
        format!("{metric}{threshold}")
    } else if let Some(query) = &alarm.promql {
        query.query.clone()
    } else if let Some(logs) = &alarm.logs {
        format!("{}{threshold}", logs.aggregate)
    } else if let Some(rule) = &alarm.rule {
        rule.clone()
    } else if let Some(filter) = &alarm.filter {
        filter.pattern.clone()
    } else if let Some(preset) = alarm.preset {
        preset.as_str().to_owned()
    } else {
        let watched = alarm.metrics.iter().find(|query| query.return_data);
        let what = watched.and_then(|query| query.expression.clone().or_else(|| query.label.clone()));
        format!(
            "{}{threshold}",
            what.unwrap_or_else(|| format!("{} queries", alarm.metrics.len()))
        )
    }
}

/// The recipient. The path of a URL may be a secret, its host is not.
pub(super) fn address(endpoint: &Endpoint) -> String {
    let address = endpoint.address();
    match endpoint {
        Endpoint::Email(_) => address.to_owned(),
        Endpoint::Https(_) => {
            let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            host.rsplit('@').next().unwrap_or_default().to_owned()
        }
        Endpoint::Sqs(_) | Endpoint::Lambda(_) => address.rsplit(':').next().unwrap_or(address).to_owned(),
    }
}
