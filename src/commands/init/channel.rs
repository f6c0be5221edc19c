//! The channel of a new stack file, in the words of its service.

use alertctl_relay::{ChannelType, ServiceRegion};

use crate::cli::InitArgs;
use crate::output::Failure;

/// A channel to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// What people call it.
    pub label: String,
    pub channel_type: ChannelType,
}

impl Channel {
    /// A channel with the usual label.
    pub fn of(channel_type: ChannelType) -> Self {
        Self {
            label: label(&channel_type).to_owned(),
            channel_type,
        }
    }

    /// The channel that the arguments describe, if they name a service.
    ///
    /// # Errors
    /// A setting is missing, or belongs to another service.
    pub fn asked(args: &InitArgs) -> Result<Option<Self>, Failure> {
        let Some(service) = &args.service else {
            return Ok(None);
        };
        let mut channel_type = service.clone();
        let is_slack_app = service.is_slack_app();
        let misplaced = match (&args.slack_channel, &mut channel_type) {
            (Some(id), ChannelType::SlackBot { channel }) => {
                channel.clone_from(id);
                None
            }
            (Some(_), _) => Some(("--channel", "`--service slack`, the Slack app")),
            (None, _) if is_slack_app => {
                return Err(Failure::new(
                    "a Slack app needs the id of its channel",
                    "add `--channel C0123ABCD`: the id is at the end of the channel's details in Slack",
                ));
            }
            (None, _) => None,
        };
        let misplaced = misplaced.or(match (args.service_region, &mut channel_type) {
            (Some(wanted), ChannelType::Pagerduty { region } | ChannelType::Opsgenie { region }) => {
                *region = wanted;
                None
            }
            (Some(_), _) => Some((
                "--service-region",
                "`--service pagerduty` and `--service opsgenie`",
            )),
            (None, _) => None,
        });
        match misplaced {
            Some((flag, place)) => Err(Failure::new(
                format!("`{flag}` has no meaning with `--service {}`", service.key()),
                format!("remove it: it belongs to {place}"),
            )),
            None => Ok(Some(Self::of(channel_type))),
        }
    }

    /// Its key in the stack file.
    pub fn key(&self) -> &'static str {
        match &self.channel_type {
            ChannelType::Slack => "slack",
            other => other.key(),
        }
    }

    /// The lines below `channels:`.
    pub fn text(&self) -> String {
        let address = format!("{{ env: {} }}", variable(&self.channel_type));
        let address = match self.channel_type.place() {
            [own, inner] => {
                let more = match &self.channel_type {
                    ChannelType::SlackBot { channel } => format!(", channel: {channel:?}"),
                    ChannelType::Pagerduty { region } | ChannelType::Opsgenie { region } => match region {
                        ServiceRegion::Us => ", region: us".to_owned(),
                        ServiceRegion::Eu => ", region: eu".to_owned(),
                    },
                    _ => String::new(),
                };
                format!("{own}: {{ {inner}: {address}{more} }}")
            }
            place => format!("{}: {address}", place.join(".")),
        };
        format!(
            "  {}:
    label: {:?}
    {address}    # `alertctl encrypt-hook --write` puts the ciphertext here
",
            self.key(),
            self.label,
        )
    }
}

/// The services in the words of a question, in the order of [`ChannelType::each`].
pub fn name(service: &ChannelType) -> String {
    match service {
        ChannelType::Slack => "Slack, by a webhook".to_owned(),
        ChannelType::SlackBot { .. } => "Slack, by an app: one message for each alarm, updated".to_owned(),
        ChannelType::SignedWebhook => "a program of yours, by a signed webhook".to_owned(),
        other => other.form().service.to_owned(),
    }
}

/// What people may call such a channel.
fn label(service: &ChannelType) -> &'static str {
    match service {
        ChannelType::Slack | ChannelType::SlackBot { .. } | ChannelType::Discord => "#alerts",
        _ => "Alerts",
    }
}

/// The environment variable for its address, as in the documentation.
fn variable(service: &ChannelType) -> &'static str {
    match service {
        ChannelType::Slack => "SLACK_WEBHOOK_URL",
        ChannelType::SlackBot { .. } => "SLACK_BOT_TOKEN",
        ChannelType::Teams => "TEAMS_WEBHOOK",
        ChannelType::GoogleChat => "GOOGLE_CHAT_WEBHOOK",
        ChannelType::Discord => "DISCORD_WEBHOOK",
        ChannelType::Pagerduty { .. } => "PAGERDUTY_KEY",
        ChannelType::JiraServiceManagement => "JIRA_KEY",
        ChannelType::Opsgenie { .. } => "OPSGENIE_KEY",
        ChannelType::SignedWebhook => "RECEIVER",
        ChannelType::Heartbeat => "PING_URL",
    }
}
