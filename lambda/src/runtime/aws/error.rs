//! Errors of calls to AWS.

use ::http::{HeaderMap, Response};
use bytes::Bytes;
use serde_json::Value;
use std::time::Duration;

/// The text continues a sentence that begins with the service's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in super::super) enum AwsError {
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("answers {code}: {message}")]
    Refused {
        status: u16,
        code: String,
        message: String,
    },
}

impl AwsError {
    /// Reads a response whose status is an error.
    pub(super) fn read(answer: &Response<Bytes>) -> Self {
        let body = String::from_utf8_lossy(answer.body());
        let (code, message) = match serde_json::from_str(&body) {
            Ok(body) => json(&body),
            Err(_) => (element(&body, "Code"), element(&body, "Message")),
        };
        let header = |name| answer.headers().get(name)?.to_str().ok();
        // `AWS.SimpleQueueService.NonExistentQueue;Sender`
        let former = header("x-amzn-query-error").and_then(|error| Some(error.split_once(';')?.0));
        let code = former.map(str::to_owned).or_else(|| {
            let code = header("x-amzn-errortype").map(str::to_owned).or(code);
            code.map(|code| plain(&code).to_owned())
        });
        Self::Refused {
            status: answer.status().as_u16(),
            code: code.unwrap_or_else(|| "an unnamed error".to_owned()),
            message: message.unwrap_or_default(),
        }
    }

    /// There was no answer within `time`.
    pub fn late(time: Duration) -> Self {
        Self::Unreachable(format!("no answer within {} s", time.as_secs_f64()))
    }

    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Unreachable(_) => None,
            Self::Refused { code, .. } => Some(code),
        }
    }

    /// Whether the cause is temporary and not in the request, so that a retry may help.
    pub fn is_transient(&self) -> bool {
        let Self::Refused { status, code, .. } = self else {
            return true;
        };
        *status >= 500
            || *status == 429
            || code.contains("Throttl")
            || matches!(
                code.as_str(),
                "RequestLimitExceeded"
                    | "TooManyRequestsException"
                    | "LimitExceededException"
                    | "InternalError"
                    | "InternalFailure"
                    | "KMSInternalException"
                    | "DependencyTimeoutException"
                    | "KeyUnavailableException"
                    | "ServiceUnavailable"
                    | "RequestTimeout"
                    | "RequestExpired"
                    | "ExpiredToken"
                    | "ExpiredTokenException"
            )
    }

    /// Whether a permission is missing.
    pub fn is_denied(&self) -> bool {
        let denials = [
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "KMSAccessDenied",
        ];
        self.code().is_some_and(|code| denials.contains(&code))
    }

    /// Whether the cause may disappear within seconds: the errors that the standard mode of AWS's SDKs retries.
    pub(super) fn is_retryable(&self) -> bool {
        let Self::Refused { status, code, .. } = self else {
            return true;
        };
        matches!(status, 500 | 502 | 503 | 504)
            || matches!(
                code.as_str(),
                "Throttling"
                    | "ThrottlingException"
                    | "ThrottledException"
                    | "RequestThrottled"
                    | "RequestThrottledException"
                    | "RequestLimitExceeded"
                    | "TooManyRequestsException"
                    | "LimitExceededException"
                    | "BandwidthLimitExceeded"
                    | "SlowDown"
                    | "PriorRequestNotComplete"
                    | "RequestTimeout"
                    | "RequestTimeoutException"
            )
    }
}

/// How long AWS asks to wait.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let milliseconds = headers.get("x-amz-retry-after")?.to_str().ok()?;
    milliseconds.parse().ok().map(Duration::from_millis)
}

/// Code and message of an error in JSON.
fn json(body: &Value) -> (Option<String>, Option<String>) {
    let text = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| body.get(name)?.as_str());
        found.next().map(str::to_owned)
    };
    (
        text(&["code", "__type"]),
        text(&["message", "Message", "errorMessage"]),
    )
}

/// An error code without the namespace before it and the address after it:
/// `com.amazonaws.kms#NotFoundException:http://…`.
fn plain(code: &str) -> &str {
    let code = code.split(':').next().unwrap_or(code);
    code.split_once('#').map_or(code, |(_, code)| code)
}

/// The text of the first element of this name. Errors in XML have no attributes and no CDATA.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    Some(unescaped(text))
}

fn unescaped(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part
            .split_once(';')
            .and_then(|(name, rest)| Some((entity(name)?, rest)))
        {
            Some((character, rest)) => {
                plain.push(character);
                plain.push_str(rest);
            }
            None => {
                plain.push('&');
                plain.push_str(part);
            }
        }
    }
    plain
}

fn entity(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix('x') {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    })
}
