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
}

impl ChannelType {
    /// Its name in the stack file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Slack => "webhook",
            Self::SlackBot { .. } => "slack",
            Self::Teams => "teams",
            Self::GoogleChat => "google_chat",
            Self::Discord => "discord",
            Self::Pagerduty { .. } => "pagerduty",
            Self::JiraServiceManagement => "jira_service_management",
            Self::Opsgenie { .. } => "opsgenie",
            Self::SignedWebhook => "signed_webhook",
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

/// The key of a channel in the stack file, such as `project`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelKey(pub String);

impl fmt::Display for ChannelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
