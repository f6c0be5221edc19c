//! The duty of a function, and the settings it needs for that.

use crate::config::{SettingsError, json, missing, wrong};
use crate::contract::{Arn, dns_suffix};
use crate::contract::{
    BODY_LIMIT, BUFFERS, ChannelKey, DEAD_LETTER_QUEUE, DESTINATIONS, DUTY, ENDPOINT, MESSAGE_BODY,
    MESSAGE_SUBJECT, RETRY_QUEUE, TOKEN_SHA256, TOPICS, TRAIL,
};
use crate::{Endpoint, Template};
use serde::Serialize;
use std::collections::BTreeMap;

/// The size limit of an SNS message. A larger alert could only be shown truncated.
const DEFAULT_BODY_LIMIT: usize = 262_144;

/// What the function does. One executable serves all functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Duty {
    /// Turns SNS and EventBridge events into Slack messages.
    #[default]
    Notify,
    /// Takes alerts over HTTP and passes them to topics and channels.
    Ingest,
    /// Takes the buttons that people press, and hands them to `notify`.
    Actions,
    /// Restarts the logging of a trail that somebody stopped.
    Guard,
}

impl Duty {
    /// Reads [`DUTY`]; `notify` if the variable is absent or empty.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        match variable(DUTY).unwrap_or_default().as_str() {
            "" | "notify" => Ok(Self::Notify),
            "ingest" => Ok(Self::Ingest),
            "actions" => Ok(Self::Actions),
            "guard" => Ok(Self::Guard),
            other => Err(SettingsError::Duty(other.to_owned())),
        }
    }

    /// Its value in [`DUTY`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Ingest => "ingest",
            Self::Actions => "actions",
            Self::Guard => "guard",
        }
    }
}

/// The destinations of everything that `ingest` and `guard` send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receivers {
    pub channels: Vec<ChannelKey>,
    /// ARNs of SNS topics.
    pub topics: Vec<String>,
}

impl Receivers {
    /// Reads [`DESTINATIONS`] and [`TOPICS`].
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Ok(Self {
            channels: json(&variable, DESTINATIONS)?,
            topics: json(&variable, TOPICS)?,
        })
    }
}

/// The queues around the destinations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notifying {
    /// Queue for messages that Slack will never accept. Without it, such a message fails its invocation.
    pub dead_letters: Option<Queue>,
    /// The queue in front of each channel with a buffer.
    pub buffers: BTreeMap<ChannelKey, Queue>,
    /// Queue for messages that a destination without a buffer does not take now. Without it, such a message fails its
    /// invocation.
    pub retries: Option<Queue>,
}

impl Notifying {
    /// Reads [`DEAD_LETTER_QUEUE`], [`BUFFERS`] and [`RETRY_QUEUE`].
    ///
    /// # Errors
    /// A variable that cannot be understood.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let queue = |name, arn: &str| {
            let problem = || wrong(name, format!("has `{arn}`, which is not the ARN of an SQS queue"));
            Queue::from_arn(arn).ok_or_else(problem)
        };
        let named = |name| variable(name).map(|arn| queue(name, &arn)).transpose();
        let buffers: BTreeMap<ChannelKey, String> = json(&variable, BUFFERS)?;
        Ok(Self {
            dead_letters: named(DEAD_LETTER_QUEUE)?,
            retries: named(RETRY_QUEUE)?,
            buffers: buffers
                .into_iter()
                .map(|(channel, arn)| Ok((channel, queue(BUFFERS, &arn)?)))
                .collect::<Result<_, SettingsError>>()?,
        })
    }
}

/// Settings of `ingest` besides its destinations.
#[derive(Clone, Debug, PartialEq)]
pub struct Ingesting {
    pub endpoint: Endpoint,
    /// SHA-256 of each valid token; never empty.
    pub token_digests: Vec<[u8; 32]>,
    /// Bytes.
    pub body_limit: usize,
    pub dead_letters: Queue,
}

impl Ingesting {
    /// Reads the settings of `ingest`.
    ///
    /// # Errors
    /// A variable is missing or cannot be understood. In particular, an endpoint without a token is an error.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let template = |name| match variable(name) {
            None => Ok(None),
            Some(text) => Template::parse(&text)
                .map(Some)
                .map_err(|error| wrong(name, format!("is no template: {error}"))),
        };
        let digests = variable(TOKEN_SHA256).ok_or_else(|| missing(TOKEN_SHA256))?;
        let digests = digests.split(',').map(|text| digest(text.trim()));
        let token_digests = digests.collect::<Option<Vec<_>>>().ok_or_else(|| {
            let problem = "is not one or more SHA-256 digests of 64 hexadecimal digits, separated by commas";
            wrong(TOKEN_SHA256, problem)
        })?;
        let body_limit = match variable(BODY_LIMIT) {
            None => DEFAULT_BODY_LIMIT,
            Some(text) => text
                .parse()
                .map_err(|_| wrong(BODY_LIMIT, format!("is `{text}`, not a number of bytes")))?,
        };
        let queue = variable(DEAD_LETTER_QUEUE).ok_or_else(|| missing(DEAD_LETTER_QUEUE))?;
        Ok(Self {
            endpoint: Endpoint {
                key: variable(ENDPOINT).ok_or_else(|| missing(ENDPOINT))?,
                subject: template(MESSAGE_SUBJECT)?,
                body: template(MESSAGE_BODY)?,
            },
            token_digests,
            body_limit,
            dead_letters: Queue::from_arn(&queue).ok_or_else(|| {
                wrong(
                    DEAD_LETTER_QUEUE,
                    format!("is `{queue}`, not the ARN of an SQS queue"),
                )
            })?,
        })
    }
}

/// Settings of `guard` besides its destinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarding {
    pub trail: Trail,
}

impl Guarding {
    /// Reads the settings of `guard`.
    ///
    /// # Errors
    /// [`TRAIL`] is missing or is not the ARN of a trail.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let arn = variable(TRAIL).filter(|arn| !arn.is_empty());
        let arn = arn.ok_or_else(|| missing(TRAIL))?;
        let trail = Trail::from_arn(&arn)
            .ok_or_else(|| wrong(TRAIL, format!("is `{arn}`, not the ARN of a CloudTrail trail")))?;
        Ok(Self { trail })
    }
}

/// A CloudTrail trail, read from `arn:aws:cloudtrail:<home region>:<account>:trail/<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    pub arn: String,
    pub name: String,
    pub region: String,
    pub account: String,
}

impl Trail {
    pub fn from_arn(text: &str) -> Option<Self> {
        let arn = Arn::parse(text)?;
        Some(Self {
            arn: text.to_owned(),
            name: arn.resource.strip_prefix("trail/")?.to_owned(),
            region: arn.region?,
            account: arn.account?,
        })
    }
}

/// An SQS queue. The SQS API takes a URL instead of an ARN, hence the parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    pub region: String,
    account: String,
    name: String,
}

impl Queue {
    /// Reads `arn:aws:sqs:<region>:<account>:<name>`.
    pub fn from_arn(text: &str) -> Option<Self> {
        let arn = Arn::parse(text)?;
        let name = arn.resource;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        (!name.is_empty() && name.chars().all(plain)).then_some(())?;
        Some(Self {
            region: arn.region?,
            account: arn.account?,
            name,
        })
    }

    /// The queue's URL, at SQS itself or at another `endpoint` (an emulator's, for example).
    pub fn url(&self, endpoint: Option<&str>) -> String {
        let Self {
            region,
            account,
            name,
        } = self;
        match endpoint {
            Some(endpoint) => format!("{}/{account}/{name}", endpoint.trim_end_matches('/')),
            None => format!("https://sqs.{region}.{}/{account}/{name}", dns_suffix(region)),
        }
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:failed";

    fn of(variables: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        let owned: Vec<_> = variables
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        move |name| {
            owned
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        }
    }

    #[test]
    fn a_duty_is_known_by_its_name() {
        for duty in [Duty::Notify, Duty::Ingest, Duty::Guard] {
            assert_eq!(Duty::read(of(&[(DUTY, duty.name())])).expect("a duty"), duty);
        }
        assert_eq!(Duty::read(of(&[])).expect("the default"), Duty::Notify);
        let error = Duty::read(of(&[(DUTY, "Notify")]))
            .expect_err("refused")
            .to_string();
        assert!(error.starts_with("ALERTCTL_DUTY is `Notify`"), "{error}");
    }

    #[test]
    fn destinations_are_lists() {
        let all = [(DESTINATIONS, r#"["project"]"#), (TOPICS, r#"["arn:x"]"#)];
        let receivers = Receivers::read(of(&all)).expect("destinations");
        assert_eq!(receivers.channels, [ChannelKey("project".into())]);
        assert_eq!(receivers.topics, ["arn:x"]);
        for (name, value) in [(DESTINATIONS, "{}"), (TOPICS, "[1]")] {
            let error = Receivers::read(of(&[(name, value)]))
                .expect_err("refused")
                .to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn a_buffer_is_a_queue() {
        let buffers = format!(r#"{{"project":"{QUEUE}"}}"#);
        let around = Notifying::read(of(&[(BUFFERS, &buffers), (DEAD_LETTER_QUEUE, QUEUE)]));
        let around = around.expect("queues");
        let queue = Queue::from_arn(QUEUE);
        assert_eq!(around.dead_letters, queue);
        assert_eq!(around.buffers.get(&ChannelKey("project".into())), queue.as_ref());
        assert_eq!(Notifying::read(of(&[])).expect("nothing"), Notifying::default());
        for (name, value) in [
            (BUFFERS, "[]"),
            (BUFFERS, r#"{"project":"https://sqs"}"#),
            (DEAD_LETTER_QUEUE, "x"),
        ] {
            let error = Notifying::read(of(&[(name, value)]))
                .expect_err("refused")
                .to_string();
            assert!(error.starts_with(name), "{error}");
        }
    }

    #[test]
    fn an_endpoint_is_read_whole_or_not_at_all() {
        let digests = format!("{}, {}", "0a".repeat(32), "FF".repeat(32));
        let all = [
            (TOKEN_SHA256, digests.as_str()),
            (ENDPOINT, "elastalert"),
            (DEAD_LETTER_QUEUE, QUEUE),
            (BODY_LIMIT, "1000"),
            (MESSAGE_BODY, "{a}"),
            (MESSAGE_SUBJECT, ""),
        ];
        let settings = Ingesting::read(of(&all)).expect("settings");
        assert_eq!(settings.token_digests, [[10; 32], [255; 32]]);
        assert_eq!((settings.body_limit, settings.endpoint.subject), (1000, None));
        for (name, value) in [
            (TOKEN_SHA256, ""),
            (TOKEN_SHA256, "secret-token"),
            (TOKEN_SHA256, &format!("{},", "0a".repeat(32))),
            (TOKEN_SHA256, &"é".repeat(32)),
            (ENDPOINT, ""),
            (DEAD_LETTER_QUEUE, "https://sqs"),
            (BODY_LIMIT, "1 MB"),
            (MESSAGE_BODY, "{a"),
            (MESSAGE_SUBJECT, "}"),
        ] {
            let changed = all.map(|(key, old)| (key, if key == name { value } else { old }));
            let error = Ingesting::read(of(&changed)).expect_err("refused").to_string();
            assert!(
                error.starts_with(name) && !error.contains("secret-token"),
                "{error}"
            );
        }
    }

    #[test]
    fn arns_are_taken_apart() {
        let url = |arn: &str| Queue::from_arn(arn).map(|queue| queue.url(None));
        let queue = "https://sqs.us-east-1.amazonaws.com/111122223333/failed";
        assert_eq!(url(QUEUE).as_deref(), Some(queue));
        assert_eq!(
            url("arn:aws-cn:sqs:cn-north-1:111122223333:q").as_deref(),
            Some("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q")
        );
        assert_eq!(
            url("arn:aws-eusc:sqs:eusc-de-east-1:111122223333:q").as_deref(),
            Some("https://sqs.eusc-de-east-1.amazonaws.eu/111122223333/q")
        );
        let local = Queue::from_arn(QUEUE).map(|queue| queue.url(Some("http://127.0.0.1:4566/")));
        assert_eq!(
            local.as_deref(),
            Some("http://127.0.0.1:4566/111122223333/failed")
        );
        assert_eq!(url("arn:aws:sqs:evil.example/:111122223333:q"), None);
        assert_eq!(url("arn:aws:sqs:us-east-1:111122223333:a/b"), None);

        let trail = |arn| Guarding::read(of(&[(TRAIL, arn)]));
        let audit = trail("arn:aws:cloudtrail:us-east-1:111122223333:trail/audit")
            .expect("a trail")
            .trail;
        assert_eq!(
            (audit.name.as_str(), audit.region.as_str()),
            ("audit", "us-east-1")
        );
        for arn in ["", "audit", "arn:aws:cloudtrail:us-east-1:111122223333:channel/x"] {
            assert!(trail(arn).is_err(), "{arn}");
        }
    }
}
