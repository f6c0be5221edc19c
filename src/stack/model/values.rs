//! The model's small value types, each parsed from one scalar or one small map.
//!
//! The first line of an error is the fact, the rest is the advice: `read` shows it as help.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Subscription;
use super::form::{Or, one_of, written_as};

/// Who receives what a topic publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// An e-mail address; its owner confirms by a link in an e-mail.
    Email(String),
    /// An `https://` URL that confirms the subscription itself.
    Https(String),
    /// ARN of an SQS queue.
    Sqs(String),
    /// ARN of a function.
    Lambda(String),
}

impl Endpoint {
    /// Protocol name in the SNS API, which is also the key in the file.
    pub fn protocol(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Https(_) => "https",
            Self::Sqs(_) => "sqs",
            Self::Lambda(_) => "lambda",
        }
    }

    /// The address, URL or ARN.
    pub fn address(&self) -> &str {
        match self {
            Self::Email(text) | Self::Https(text) | Self::Sqs(text) | Self::Lambda(text) => text,
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a subscription, such as `{ email: oncall@example.com }`"
)]
#[schemars(extend("oneOf" = one_of(["email", "https", "sqs", "lambda"])))]
pub struct SubscriptionFields {
    /// An e-mail address; its owner confirms by a link in an e-mail.
    email: Option<String>,
    /// An `https://` URL that confirms the subscription itself.
    https: Option<String>,
    /// ARN of an SQS queue.
    sqs: Option<String>,
    /// ARN of a function.
    lambda: Option<String>,
    /// SNS filter policy.
    filter: Option<serde_json::Map<String, serde_json::Value>>,
    /// What the filter applies to.
    #[serde(default)]
    filter_scope: FilterScope,
    /// Deliver the bare message without the SNS envelope; only for `https` and `sqs`.
    #[serde(default)]
    raw: bool,
}

written_as!(Subscription, SubscriptionFields);

impl TryFrom<SubscriptionFields> for Subscription {
    type Error = &'static str;

    fn try_from(fields: SubscriptionFields) -> Result<Self, Self::Error> {
        let SubscriptionFields {
            email,
            https,
            sqs,
            lambda,
            filter,
            filter_scope,
            raw,
        } = fields;
        let mut endpoints = [
            email.map(Endpoint::Email),
            https.map(Endpoint::Https),
            sqs.map(Endpoint::Sqs),
            lambda.map(Endpoint::Lambda),
        ]
        .into_iter()
        .flatten();
        match (endpoints.next(), endpoints.next()) {
            (Some(endpoint), None) => Ok(Self {
                endpoint,
                filter,
                filter_scope,
                raw,
            }),
            (None, _) => {
                Err("a subscription names no receiver\nadd one of `email`, `https`, `sqs`, `lambda`")
            }
            (Some(_), Some(_)) => Err("a subscription has one receiver\nwrite one list item for each"),
        }
    }
}

/// What a filter policy looks at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FilterScope {
    /// The message's attributes.
    #[default]
    Attributes,
    /// The message's JSON body.
    Body,
}

/// A CloudWatch metric, written `AWS/EC2 CPUUtilization`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = r"^\s*\S+\s+\S"))]
pub struct Metric {
    /// Such as `AWS/EC2`.
    pub namespace: String,
    /// Such as `CPUUtilization`; may contain spaces.
    pub name: String,
}

impl TryFrom<String> for Metric {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.trim().split_once(char::is_whitespace) {
            Some((namespace, name)) => Ok(Self {
                namespace: namespace.to_owned(),
                name: name.trim_start().to_owned(),
            }),
            None => Err(format!(
                "`{}` is not a metric\nwrite namespace, space, name, such as `AWS/EC2 CPUUtilization`",
                text.escape_debug()
            )),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.namespace, self.name)
    }
}

/// How the data points of a period become one number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(from = "String")]
pub enum Statistic {
    /// One of CloudWatch's five plain statistics.
    Standard(String),
    /// A percentile or trimmed statistic, such as `p99` or `TM(10%:90%)`.
    Extended(String),
}

impl Statistic {
    /// The plain statistics.
    pub const STANDARD: [&str; 5] = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"];

    /// The name as CloudWatch writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Standard(name) | Self::Extended(name) => name,
        }
    }
}

impl From<String> for Statistic {
    fn from(text: String) -> Self {
        if Self::STANDARD.contains(&text.as_str()) {
            Self::Standard(text)
        } else {
            Self::Extended(text)
        }
    }
}

/// What a period without data means to an alarm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TreatMissingData {
    /// The alarm goes to INSUFFICIENT_DATA.
    #[default]
    Missing,
    /// The alarm keeps its state.
    Ignore,
    /// Counts as breaching the threshold.
    Breaching,
    /// Counts as within the threshold.
    NotBreaching,
}

impl TreatMissingData {
    /// The name in the CloudWatch API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ignore => "ignore",
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
        }
    }
}

/// What a percentile over too few samples does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LowSampleCount {
    /// It is evaluated like any other.
    Evaluate,
    /// The alarm keeps its state.
    Ignore,
}

impl LowSampleCount {
    /// The name in the CloudWatch API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Ignore => "ignore",
        }
    }
}

/// Which of an alarm's tags its messages to topics carry.
#[derive(Debug, Clone, Default, PartialEq, Eq, JsonSchema)]
#[schemars(from = "Or<bool, PropagateTagsFields>")]
pub enum PropagateTags {
    /// None: `false`.
    #[default]
    No,
    /// All: `true`.
    All,
    /// Those with these keys, 1–50 of 1–128 characters: `{ only: [team] }`.
    Only(Vec<String>),
    /// All but those with these keys, 1–50 of 1–128 characters: `{ except: [team] }`.
    Except(Vec<String>),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PropagateTagsFields {
    /// Those with these keys.
    only: Option<Vec<String>>,
    /// All but those with these keys.
    except: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for PropagateTags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SwitchOrKeys)
    }
}

struct SwitchOrKeys;

impl<'de> Visitor<'de> for SwitchOrKeys {
    type Value = PropagateTags;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`true`, `false`, `{ only: [key] }` or `{ except: [key] }`")
    }

    fn visit_bool<E: Error>(self, all: bool) -> Result<PropagateTags, E> {
        Ok(if all {
            PropagateTags::All
        } else {
            PropagateTags::No
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PropagateTags, A::Error> {
        let fields = PropagateTagsFields::deserialize(MapAccessDeserializer::new(map))?;
        match (fields.only, fields.except) {
            (Some(keys), None) => Ok(PropagateTags::Only(keys)),
            (None, Some(keys)) => Ok(PropagateTags::Except(keys)),
            (None, None) => Err(A::Error::custom(
                "`propagate_tags` names no tags\nwrite `true` for all of them, `{ only: [key] }` or `{ except: [key] }`",
            )),
            (Some(_), Some(_)) => Err(A::Error::custom(
                "`propagate_tags` has either `only` or `except`\nremove one of them",
            )),
        }
    }
}

/// Instruction set of the relay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("enum" = ["x86_64"]))]
pub enum Architecture {
    /// Intel and AMD.
    #[default]
    X86_64,
}

impl Architecture {
    /// The name in the Lambda API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
        }
    }
}

impl TryFrom<String> for Architecture {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "x86_64" => Ok(Self::X86_64),
            "arm64" => Err("the relay is not built for arm64\nwrite `architecture: x86_64`".to_owned()),
            other => Err(format!(
                "`{}` is not an architecture\nwrite `architecture: x86_64`",
                other.escape_debug()
            )),
        }
    }
}

/// Accepts a KMS alias with or without its prefix.
pub fn alias_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let alias = Option::<String>::deserialize(deserializer)?;
    Ok(alias.map(|name| name.strip_prefix("alias/").map(str::to_owned).unwrap_or(name)))
}

/// Default of a switch that is on by default.
pub fn on() -> bool {
    true
}

/// A list that has a default: `false` stands for an empty one.
pub fn list_or_false<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    struct Lists;

    impl<'de> Visitor<'de> for Lists {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of topics, such as `[ops]`, or `false`")
        }

        fn visit_bool<E: Error>(self, on: bool) -> Result<Self::Value, E> {
            match on {
                false => Ok(Vec::new()),
                true => Err(E::custom(
                    "`true` names nobody\nremove it: whoever hears of ALARM hears of its end",
                )),
            }
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(seq))
        }
    }

    deserializer.deserialize_any(Lists).map(Some)
}

/// An optional section; an empty section gets its defaults.
pub fn written<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
