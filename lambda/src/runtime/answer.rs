//! The response to the caller of an endpoint.

use crate::contract::Kind;
use serde_json::{Value, json};

/// The response, and what the log says about it.
pub(super) struct Answer {
    pub status: u16,
    pub kind: Kind,
    pub outcome: &'static str,
    /// For the caller.
    pub message: String,
    /// For the log.
    pub reason: Option<String>,
}

impl Answer {
    pub fn ok(outcome: &'static str, message: &str) -> Self {
        Self {
            status: 200,
            kind: Kind::Done,
            outcome,
            message: message.to_owned(),
            reason: None,
        }
    }

    /// The answer to a service that wants none.
    pub fn taken() -> Self {
        Self::ok("taken", "")
    }

    /// The answer to somebody who does not say who it is in the way that the endpoint asks for, which `message` says.
    pub fn unauthorized(message: &str, reason: Option<String>) -> Self {
        Self {
            status: 401,
            kind: Kind::Refused,
            outcome: "unauthorized",
            message: message.to_owned(),
            reason,
        }
    }

    /// The answer about an alert that some destinations did not take yet: the relay tries those again.
    pub fn deferred() -> Self {
        Self {
            status: 202,
            ..Self::ok(
                "deferred",
                "some destination does not take the alert now: it is tried again for days",
            )
        }
    }

    /// The answer about a body that was shown as text, for this reason.
    pub fn shown_as_text(self, reason: &str) -> Self {
        if self.status != 200 {
            return self;
        }
        Self {
            message: format!("{} as text: {reason}", self.message),
            reason: Some(reason.to_owned()),
            ..self
        }
    }

    pub fn unavailable(message: &str, reason: String) -> Self {
        Self {
            status: 503,
            kind: Kind::Failed,
            outcome: "unavailable",
            message: message.to_owned(),
            reason: Some(reason),
        }
    }

    /// The answer in API Gateway's payload format 2.0.
    pub fn response(self) -> Value {
        let name = if self.status < 400 { "message" } else { "error" };
        let body = match self.message.is_empty() {
            true => String::new(),
            false => json!({ name: self.message }).to_string(),
        };
        let mut headers = json!({ "content-type": "application/json" });
        if self.status == 401 {
            headers["www-authenticate"] = "Bearer".into();
        }
        json!({
            "statusCode": self.status,
            "headers": headers,
            "body": body,
            "isBase64Encoded": false,
        })
    }
}
