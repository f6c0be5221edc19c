//! Channels: their webhooks, the messages they accept, their mentions, and their rate limit.

use std::fmt;

use alertctl_relay::{Buffer, Filter, Mention, Route, Severity};
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::form::{Or, one_of};

/// A Slack incoming webhook, and which of the messages sent to it arrive.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a channel, such as `{ webhook: { env: SLACK_WEBHOOK_URL } }`"
)]
pub struct Channel {
    /// Name of the channel, such as `#project`, for display; the webhook itself decides where messages go.
    pub label: Option<String>,
    /// Where the webhook's URL comes from.
    pub webhook: Webhook,
    /// Messages sent here arrive if they match any of these routes; without routes, all of them arrive.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Messages that match any of these do not arrive, whatever the routes say.
    #[serde(default)]
    pub except: Vec<Filter>,
    /// Whom to mention.
    #[serde(default, deserialize_with = "mention")]
    #[schemars(with = "Option<MentionForm>")]
    pub mention: Option<Mention>,
    /// A queue in front of the channel; `true` for one with the defaults, `false` for none.
    #[serde(default, deserialize_with = "buffer")]
    #[schemars(with = "Or<bool, Buffer>")]
    pub buffer: Option<Buffer>,
}

/// Where a webhook's URL comes from; the URL itself is never in the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "WebhookFields")]
pub enum Webhook {
    /// What `alertctl encrypt-hook` makes.
    Encrypted {
        /// KMS ciphertext in base64.
        ciphertext: String,
        /// Name of the relay that it was made for, which is its encryption context. Files of earlier versions do not say.
        made_for: Option<String>,
    },
    /// Name of the environment variable that holds the URL while `apply` runs.
    Env(String),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "`{ encrypted: … }` or `{ env: NAME }`")]
#[schemars(extend("oneOf" = one_of(["encrypted", "env"])))]
#[schemars(extend("dependencies" = { "for": ["encrypted"] }))]
struct WebhookFields {
    /// KMS ciphertext in base64, written here by `alertctl encrypt-hook --write`.
    encrypted: Option<String>,
    /// The relay that `encrypted` is for: no other relay can decrypt it. Written here by `alertctl
    /// encrypt-hook --write`.
    #[serde(rename = "for")]
    made_for: Option<String>,
    /// Name of the environment variable that holds the URL while `apply` runs.
    env: Option<String>,
}

impl TryFrom<WebhookFields> for Webhook {
    type Error = &'static str;

    fn try_from(fields: WebhookFields) -> Result<Self, Self::Error> {
        match (fields.encrypted, fields.env) {
            (Some(ciphertext), None) => Ok(Self::Encrypted {
                ciphertext,
                made_for: fields.made_for,
            }),
            (None, Some(_)) if fields.made_for.is_some() => {
                Err("`for` belongs to `encrypted`, and has no meaning with `env`\nremove `for`")
            }
            (None, Some(name)) => Ok(Self::Env(name)),
            (None, None) => Err(
                "a webhook needs `encrypted` or `env`\nrun `alertctl encrypt-hook` and paste what it prints",
            ),
            (Some(_), Some(_)) => Err("a webhook has either `encrypted` or `env`\nremove one of them"),
        }
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

/// `true`, `false`, or the buffer's settings.
fn buffer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Buffer>, D::Error> {
    struct SwitchOrSettings;

    impl<'de> Visitor<'de> for SwitchOrSettings {
        type Value = Option<Buffer>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("`true`, `false` or `{ digest_above: 5, per_second: 1 }`")
        }

        fn visit_bool<E>(self, on: bool) -> Result<Self::Value, E> {
            Ok(on.then(Buffer::default))
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            Buffer::deserialize(MapAccessDeserializer::new(map)).map(Some)
        }
    }

    deserializer.deserialize_any(SwitchOrSettings)
}

fn worst() -> Severity {
    Severity::Critical
}
