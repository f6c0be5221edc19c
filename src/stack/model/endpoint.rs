//! HTTP endpoints: an API, the function behind it, and the recipients of its alerts.

use std::fmt;

use alertctl_relay::Severity;
use schemars::JsonSchema;
use serde::de::value::SeqAccessDeserializer;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::form::Or;
use super::values::on;

/// An HTTP API with one route, and the function that answers it.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an endpoint, such as `{ token: { sha256: … }, to: [topic] }`"
)]
pub struct HttpEndpoint {
    /// Physical name of the API, 1–128 characters; `<stack>-<key>` by default.
    pub name: Option<String>,
    /// Physical name of the function, `[A-Za-z0-9_-]{1,64}`; `<stack>-<key>-ingest` by default.
    pub function: Option<String>,
    /// Method and path; `POST /<key>` by default.
    pub route: Option<HttpRoute>,
    /// The token that callers must send.
    pub token: Token,
    /// How many calls to allow.
    #[serde(default)]
    pub throttle: Throttle,
    /// Whether to log each call.
    #[serde(default = "on")]
    pub access_log: bool,
    /// Largest body of a call in KB, 1–1,024; SNS accepts 256.
    #[serde(default = "sns_limit")]
    pub body_limit_kb: i32,
    /// MB of the function, 128–10,240.
    #[serde(default = "smallest")]
    pub memory: i32,
    /// Text of the message; by default, all fields in their order.
    #[serde(default)]
    pub message: MessageTemplate,
    /// A page that says what to do, `https://`; its messages link to it.
    pub runbook: Option<String>,
    /// A page that shows how things are, `https://`; its messages link to it.
    pub dashboard: Option<String>,
    /// Severity of its alerts; `info` by default.
    pub severity: Option<Severity>,
    /// Recipients: keys of `topics` and `channels`, at least one.
    #[serde(default)]
    pub to: Vec<String>,
    /// Whether the API, its function and what belongs to them are deleted or replaced only by name, with `--unprotect`.
    #[serde(default)]
    pub protect: bool,
}

impl HttpEndpoint {
    /// The route of the endpoint with this key.
    pub fn route(&self, key: &str) -> HttpRoute {
        self.route.clone().unwrap_or_else(|| HttpRoute {
            method: "POST".to_owned(),
            path: format!("/{key}"),
        })
    }
}

/// Method and path of a route, written `POST /elastalert`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = r"^\s*\S+\s+\S+\s*$"))]
pub struct HttpRoute {
    /// HTTP method or `ANY`.
    pub method: String,
    /// Begins with `/`; may hold `{parameters}`.
    pub path: String,
}

impl TryFrom<String> for HttpRoute {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut words = text.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some(method), Some(path), None) => Ok(Self {
                method: method.to_owned(),
                path: path.to_owned(),
            }),
            _ => Err(format!(
                "`{}` is not a route\nwrite method, space, path, such as `POST /alerts`",
                text.escape_debug()
            )),
        }
    }
}

impl fmt::Display for HttpRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What callers must know; the file holds only digests of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "the digest of a token, such as `{ sha256: … }`"
)]
pub struct Token {
    /// SHA-256 of the token in 64 lower-case hexadecimal digits; a list of two while one replaces the
    /// other.
    #[serde(deserialize_with = "digests")]
    #[schemars(with = "Or<String, Vec<String>>")]
    pub sha256: Vec<String>,
}

/// How many calls to allow.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a throttle, such as `{ rate: 10, burst: 20 }`"
)]
pub struct Throttle {
    /// Calls per second on average, above 0.
    pub rate: f64,
    /// Calls at once, above 0.
    pub burst: i32,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            rate: 10.0,
            burst: 20,
        }
    }
}

/// How a message is worded: text with `{dotted.path}` fields of the body; `{{` and `}}` are braces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    default,
    expecting = "a message, such as `{ subject: …, body: … }`"
)]
pub struct MessageTemplate {
    /// One line, at most 100 characters.
    pub subject: Option<String>,
    /// At most 3,000 characters, and fewer with several channels.
    pub body: Option<String>,
}

/// One digest, or a list of them.
fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct OneOrMore;

    impl<'de> Visitor<'de> for OneOrMore {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("64 hexadecimal digits in quotes, or a list of such")
        }

        fn visit_str<E>(self, digest: &str) -> Result<Self::Value, E> {
            Ok(vec![digest.to_ascii_lowercase()])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            let digests = Vec::<String>::deserialize(SeqAccessDeserializer::new(list))?;
            Ok(digests
                .into_iter()
                .map(|digest| digest.to_ascii_lowercase())
                .collect())
        }
    }

    deserializer.deserialize_any(OneOrMore)
}

fn sns_limit() -> i32 {
    256
}

fn smallest() -> i32 {
    128
}
