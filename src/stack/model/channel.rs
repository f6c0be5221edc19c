//! Channels: their services, the messages they accept, their mentions, and their rate limit.

use std::fmt;

use alertctl_relay::{Actions, Buffer, ChannelType, Filter, Mention, Route, ServiceRegion, Severity};
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Interval;
use super::form::{Or, one_of, written_as};
use super::secret::SecretSource;
use super::switch::{Switch, Switched};

/// A place where people read messages, and which of the messages sent to it arrive.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "ChannelFields")]
pub struct Channel {
    /// Name of the channel, such as `#project`, for display; the address itself decides where messages go.
    pub label: Option<String>,
    /// The service that shows the messages.
    pub channel_type: ChannelType,
    /// Where its address comes from.
    pub address: SecretSource,
    pub routes: Vec<Route>,
    pub except: Vec<Filter>,
    pub mention: Option<Mention>,
    /// After how long, again and again, people are reminded of what goes on.
    pub remind: Option<Interval>,
    /// The buttons under its messages.
    pub actions: Option<Actions>,
    pub buffer: Option<Buffer>,
}

written_as!(Channel, ChannelFields);

/// A place where people read messages, and which of the messages sent to it arrive.
#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a channel, such as `{ webhook: { env: SLACK_WEBHOOK_URL } }`"
)]
#[schemars(rename = "Channel", extend("oneOf" = one_of(ChannelType::each().map(|service| service.place()[0]))))]
struct ChannelFields {
    /// Name of the channel, such as `#project`, for display; the address itself decides where messages go.
    label: Option<String>,
    /// A Slack incoming webhook: where its URL comes from.
    webhook: Option<SecretSource>,
    /// A Slack app: its messages are updated until an alarm is over.
    slack: Option<SlackApp>,
    /// A workflow of Microsoft Teams that posts what its webhook gets.
    teams: Option<OfWebhook>,
    /// A webhook of a space in Google Chat.
    google_chat: Option<OfWebhook>,
    /// A webhook of a Discord channel.
    discord: Option<OfWebhook>,
    /// A PagerDuty service: alarms trigger and resolve incidents.
    pagerduty: Option<OfKey>,
    /// A team of Jira Service Management: alarms open and close alerts.
    jira_service_management: Option<OfKeyAlone>,
    /// A team of Opsgenie: alarms open and close alerts.
    opsgenie: Option<OfKey>,
    /// Any HTTPS address: signed by Standard Webhooks, with `CloudEvents`.
    signed_webhook: Option<OfAddress>,
    /// A heartbeat service, such as healthchecks.io, which tells people when it is not called: it gets no alerts, and is called
    /// by each heartbeat of `monitoring` that finds all well.
    heartbeat: Option<OfPing>,
    /// Messages sent here arrive if they match any of these routes; without routes, all of them arrive.
    #[serde(default)]
    routes: Vec<Route>,
    /// Messages that match any of these do not arrive, whatever the routes say.
    #[serde(default)]
    except: Vec<Filter>,
    /// Whom to mention.
    #[serde(default, deserialize_with = "mention")]
    #[schemars(with = "Option<MentionForm>")]
    mention: Option<Mention>,
    /// A queue in front of the channel; `true` for one with the defaults, `false` for none, which is the default except
    /// for Teams.
    #[serde(default)]
    #[schemars(with = "Or<bool, Buffer>")]
    buffer: Option<Switch<BufferFields>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a Slack app, such as `{ bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD }`"
)]
struct SlackApp {
    /// Where its bot token, `xoxb-…`, comes from.
    bot: SecretSource,
    /// Id of the channel, such as `C0123ABCD`: at the end of the channel's details in Slack.
    channel: String,
    /// After how long people are reminded of an alarm that goes on, and again each time, such as `30m`; default: never.
    remind: Option<Interval>,
    /// Buttons under the messages of what goes on, to acknowledge and to snooze it; `true` for everybody. The secret of `bot`
    /// is then `xoxb-… SIGNING_SECRET`.
    #[serde(default)]
    #[schemars(with = "Or<bool, ActionsFields>")]
    actions: Option<Switch<ActionsFields>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a webhook, such as `{ webhook: { env: WEBHOOK_URL } }`"
)]
struct OfWebhook {
    /// Where its URL comes from.
    webhook: SecretSource,
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an integration, such as `{ key: { env: INTEGRATION_KEY } }`"
)]
struct OfKey {
    /// Where the integration key comes from.
    key: SecretSource,
    /// Where the account's data is.
    #[serde(default)]
    region: ServiceRegion,
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an integration, such as `{ key: { env: INTEGRATION_KEY } }`"
)]
struct OfKeyAlone {
    /// Where the integration key comes from.
    key: SecretSource,
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an address, such as `{ address: { env: WEBHOOK } }`"
)]
struct OfAddress {
    /// Where the URL and its signing secrets come from: `https://… whsec_…`.
    address: SecretSource,
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a ping URL, such as `{ ping: { env: PING_URL } }`"
)]
struct OfPing {
    /// Where the URL to call comes from.
    ping: SecretSource,
}

impl Channel {
    /// Its name for people, if its key is `key`.
    pub fn title(&self, key: &str) -> String {
        title(key, self.label.as_deref(), &self.channel_type)
    }

    /// About how many bytes its address takes in the environment of a function: with `env:` a ciphertext and a digest, and
    /// the names of both.
    pub fn size_in_environment(&self) -> usize {
        match (&self.address, &self.channel_type) {
            (SecretSource::Encrypted { ciphertext, .. }, _) => ciphertext.len() + 30,
            // What KMS makes of a usual address of each service, in Base64, and the variable's name.
            (SecretSource::Env(_), channel_type) => match channel_type {
                ChannelType::Teams => 620,
                ChannelType::GoogleChat => 460,
                ChannelType::SignedWebhook => 420,
                ChannelType::Heartbeat => 350,
                ChannelType::Discord => 400,
                ChannelType::SlackBot { .. } if self.actions.is_some() => 400,
                ChannelType::Slack | ChannelType::SlackBot { .. } => 350,
                ChannelType::Pagerduty { .. }
                | ChannelType::JiraServiceManagement
                | ChannelType::Opsgenie { .. } => 300,
            },
        }
    }
}

/// The name of a channel for people: its label, or its key, with `#` where a service shows channels that way.
pub fn title(key: &str, label: Option<&str>, channel_type: &ChannelType) -> String {
    match (label, channel_type) {
        (Some(label), _) => label.to_owned(),
        (None, ChannelType::Slack | ChannelType::SlackBot { .. } | ChannelType::Discord) => format!("#{key}"),
        (None, _) => key.to_owned(),
    }
}

impl TryFrom<ChannelFields> for Channel {
    type Error = &'static str;

    fn try_from(fields: ChannelFields) -> Result<Self, Self::Error> {
        let ChannelFields {
            label,
            webhook,
            slack,
            teams,
            google_chat,
            discord,
            pagerduty,
            jira_service_management,
            opsgenie,
            signed_webhook,
            heartbeat,
            routes,
            except,
            mention,
            buffer,
        } = fields;
        let (mut remind, mut actions) = (None, None);
        if let Some(Switch::On(fields)) = slack.as_ref().and_then(|app| app.actions.as_ref())
            && fields.who.as_ref().is_some_and(Vec::is_empty)
        {
            return Err(
                "`who` names nobody, so nobody could press a button\nleave `who` out if everybody may, or write `actions: false`",
            );
        }
        let slack = slack.map(|app| {
            remind = app.remind;
            actions = app.actions.and_then(Switch::on);
            (ChannelType::SlackBot { channel: app.channel }, app.bot)
        });
        let mut services = [
            webhook.map(|address| (ChannelType::Slack, address)),
            slack,
            teams.map(|of| (ChannelType::Teams, of.webhook)),
            google_chat.map(|of| (ChannelType::GoogleChat, of.webhook)),
            discord.map(|of| (ChannelType::Discord, of.webhook)),
            pagerduty.map(|of| (ChannelType::Pagerduty { region: of.region }, of.key)),
            jira_service_management.map(|of| (ChannelType::JiraServiceManagement, of.key)),
            opsgenie.map(|of| (ChannelType::Opsgenie { region: of.region }, of.key)),
            signed_webhook.map(|of| (ChannelType::SignedWebhook, of.address)),
            heartbeat.map(|of| (ChannelType::Heartbeat, of.ping)),
        ]
        .into_iter()
        .flatten();
        let (channel_type, address) = services.next().ok_or(
            "a channel needs the service that shows its messages\nadd `webhook: { env: SLACK_WEBHOOK_URL }` for Slack, or one of \
             slack, teams, google_chat, discord, pagerduty, jira_service_management, opsgenie, signed_webhook, heartbeat",
        )?;
        if services.next().is_some() {
            return Err("a channel belongs to one service\nmake a channel of its own for the other one");
        }
        Ok(Self {
            buffer: resolve(buffer, &channel_type),
            label,
            channel_type,
            address,
            routes,
            except,
            mention,
            remind,
            actions: actions.map(|fields: ActionsFields| Actions {
                who: fields.who.unwrap_or_default(),
            }),
        })
    }
}

/// Who is called in a channel, and from which severity on. A list alone is called from `critical` on.
#[derive(JsonSchema)]
#[schemars(rename = "Mention", from = "Or<Vec<String>, MentionFields>")]
struct MentionForm;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MentionFields {
    /// Lowest severity that mentions anybody; `critical` by default.
    #[serde(default = "worst")]
    from: Severity,
    /// `@here`, `@channel`, `@everyone`, ids of users (`U…`, `W…`) and of user groups (`S…`).
    #[serde(default)]
    who: Vec<String>,
}

/// A list, or a list and the severity from which on it is mentioned.
fn mention<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Mention>, D::Error> {
    struct ListOrSettings;

    impl<'de> Visitor<'de> for ListOrSettings {
        type Value = Option<Mention>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(
                "whom to mention: a list such as `[\"@here\"]`, or `{ from: error, who: [\"@here\"] }`",
            )
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            let who = Vec::deserialize(SeqAccessDeserializer::new(list))?;
            Ok(Some(Mention { from: worst(), who }))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let MentionFields { from, who } = MentionFields::deserialize(MapAccessDeserializer::new(map))?;
            Ok(Some(Mention { from, who }))
        }

        fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
            let name = name.escape_debug();
            Err(E::custom(format!("`mention` takes a list\nwrite `[\"{name}\"]`")))
        }
    }

    deserializer.deserialize_any(ListOrSettings)
}

#[derive(Default, Deserialize)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a buffer: `true`, or `{ digest_above: 5, per_second: 1 }`"
)]
struct BufferFields {
    digest_above: Option<u32>,
    per_second: Option<f64>,
}

impl Switched for BufferFields {
    const FORMS: &'static str = "`true`, `false` or `{ digest_above: 5, per_second: 1 }`";
}

/// A workflow of Teams accepts so little that its channel has a buffer anyway.
fn resolve(said: Option<Switch<BufferFields>>, channel_type: &ChannelType) -> Option<Buffer> {
    let fields = match said {
        Some(switch) => switch.on()?,
        None if *channel_type == ChannelType::Teams => BufferFields::default(),
        None => return None,
    };
    Some(Buffer {
        digest_above: fields.digest_above.unwrap_or(Buffer::default().digest_above),
        per_second: fields.per_second.unwrap_or(channel_type.per_second()),
    })
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "buttons: `true`, or `{ who: [U0123ABCD] }`"
)]
struct ActionsFields {
    /// Ids of the people who may press them, `U…` or `W…`; everybody by default.
    #[schemars(with = "Vec<String>", length(min = 1))]
    who: Option<Vec<String>>,
}

impl Switched for ActionsFields {
    const FORMS: &'static str = "`true`, `false` or `{ who: [U0123ABCD] }`";
}

fn worst() -> Severity {
    Severity::Critical
}
