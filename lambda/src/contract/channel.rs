//! Channels, as the stack file and the relay name them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The service that a channel belongs to. It decides which secret the channel has, and what its messages are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ChannelType {
    /// An incoming webhook of Slack, or one that starts a workflow there.
    #[default]
    Slack,
    /// A Slack app with a bot token: its messages can be updated.
    SlackBot {
        /// Id of the channel, such as `C0123ABCD`.
        channel: String,
    },
    /// A workflow of Microsoft Teams that posts what its webhook gets.
    Teams,
    /// A webhook of a space in Google Chat.
    GoogleChat,
    /// A webhook of a Discord channel.
    Discord,
    /// An integration of a PagerDuty service, Events API v2.
    Pagerduty { region: ServiceRegion },
    /// An integration of Jira Service Management.
    JiraServiceManagement,
    /// An integration of Opsgenie.
    Opsgenie { region: ServiceRegion },
    /// Any HTTPS address, by Standard Webhooks and `CloudEvents`.
    SignedWebhook,
    /// A service that tells people when nothing calls it in time: it gets no alerts, only heartbeats when all is well.
    Heartbeat,
}

impl ChannelType {
    /// One of each type.
    pub fn each() -> [Self; 10] {
        let region = ServiceRegion::default();
        [
            Self::Slack,
            Self::SlackBot {
                channel: String::new(),
            },
            Self::Teams,
            Self::GoogleChat,
            Self::Discord,
            Self::Pagerduty { region },
            Self::JiraServiceManagement,
            Self::Opsgenie { region },
            Self::SignedWebhook,
            Self::Heartbeat,
        ]
    }

    /// The keys under which a channel of the stack file has its address.
    pub fn place(&self) -> &'static [&'static str] {
        match self {
            Self::Slack => &["webhook"],
            Self::SlackBot { .. } => &["slack", "bot"],
            Self::Teams => &["teams", "webhook"],
            Self::GoogleChat => &["google_chat", "webhook"],
            Self::Discord => &["discord", "webhook"],
            Self::Pagerduty { .. } => &["pagerduty", "key"],
            Self::JiraServiceManagement => &["jira_service_management", "key"],
            Self::Opsgenie { .. } => &["opsgenie", "key"],
            Self::SignedWebhook => &["signed_webhook", "address"],
            Self::Heartbeat => &["heartbeat", "ping"],
        }
    }

    /// Its name in a stack file: the first of those keys.
    pub fn key(&self) -> &'static str {
        self.place().first().copied().unwrap_or_default()
    }

    /// Whether it is a Slack app: its messages are updated, and their threads have pictures.
    pub fn is_slack_app(&self) -> bool {
        matches!(self, Self::SlackBot { .. })
    }

    /// Whether it shows an incident as one thing, from its beginning to its end, so that the steps have to come in order.
    pub fn keeps_incidents(&self) -> bool {
        matches!(
            self,
            Self::SlackBot { .. }
                | Self::Pagerduty { .. }
                | Self::JiraServiceManagement
                | Self::Opsgenie { .. }
        )
    }

    /// Whether its channels get alerts.
    pub fn takes_alerts(&self) -> bool {
        *self != Self::Heartbeat
    }

    /// How many messages a second it accepts.
    pub fn per_second(&self) -> f64 {
        match self {
            // A workflow posts 25 messages in 300 seconds.
            // <https://learn.microsoft.com/connectors/teams/#limits>
            Self::Teams => 0.08,
            // 30 in a minute. <https://discord.com/developers/docs/topics/rate-limits>
            Self::Discord => 0.5,
            // 120 in a minute. <https://developer.pagerduty.com/docs/events-api-v2-overview>
            Self::Pagerduty { .. } => 2.0,
            // <https://docs.slack.dev/apis/web-api/rate-limits/>,
            // <https://developers.google.com/workspace/chat/limits>
            _ => 1.0,
        }
    }
}

/// Where a service keeps an account's data, which its address depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServiceRegion {
    #[default]
    Us,
    Eu,
}

/// The buttons under the messages of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Actions {
    /// Ids of the people who may press them; empty for everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub who: Vec<String>,
}

/// The key of a channel in the stack file, such as `project`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelKey(pub String);

impl fmt::Display for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
