//! How a call ended.

use super::{mask, text};
use serde_json::Value;

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Done,
    /// The caller lacked a permission.
    Denied(Problem),
    Failed(Problem),
}

/// Why a call did not succeed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    pub code: Option<String>,
    pub message: Option<String>,
}

impl Problem {
    /// Whether nothing follows: the call was about something that does not exist, or it was only a rehearsal.
    pub fn is_harmless(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        ["NotFound", "NoSuch", "NotExist", "NonExistent", "DryRunOperation"]
            .iter()
            .any(|part| code.contains(part))
    }
}

impl Ending {
    pub(super) fn read(name: &str, record: &Value) -> Self {
        let code = text(record, "errorCode");
        let message = text(record, "errorMessage").map(|message| mask::text(&message));
        // A failed sign-in has no error code: one of these two objects holds the result, in a field named after
        // the event.
        let said = ["responseElements", "serviceEventDetails"]
            .iter()
            .find_map(|part| text(record.get(part)?, name));
        let failed = said.is_some_and(|said| said.eq_ignore_ascii_case("failure"));
        match &code {
            Some(code) if is_denial(code) => Self::Denied(Problem {
                code: Some(code.clone()),
                message,
            }),
            None if !failed && message.is_none() => Self::Done,
            _ => Self::Failed(Problem { code, message }),
        }
    }

    /// Why the call failed; `None` if it succeeded.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Done => None,
            Self::Denied(problem) | Self::Failed(problem) => Some(problem),
        }
    }
}

/// Services spell a denial in many ways: `AccessDenied`, `Client.UnauthorizedOperation`, ….
fn is_denial(code: &str) -> bool {
    [
        "AccessDenied",
        "Unauthorized",
        "NotAuthorized",
        "AuthorizationError",
        "Forbidden",
    ]
    .iter()
    .any(|denial| code.contains(denial))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ending(change: Value) -> Ending {
        Ending::read("ConsoleLogin", &change)
    }

    #[test]
    fn failures_are_told_by_code_answer_or_message() {
        let outcome = |change: Value| match ending(change) {
            Ending::Done => "done",
            Ending::Denied(_) => "denied",
            Ending::Failed(_) => "failed",
        };
        assert_eq!(outcome(json!({})), "done");
        assert_eq!(
            outcome(json!({ "responseElements": { "ConsoleLogin": "Success" } })),
            "done"
        );
        assert_eq!(
            outcome(json!({ "responseElements": { "ConsoleLogin": "Failure" } })),
            "failed"
        );
        assert_eq!(
            outcome(json!({ "serviceEventDetails": { "ConsoleLogin": "Failure" } })),
            "failed"
        );
        assert_eq!(
            outcome(json!({ "errorMessage": "Failed authentication" })),
            "failed"
        );
        assert_eq!(
            outcome(json!({ "errorCode": "TrailNotFoundException" })),
            "failed"
        );
        for code in [
            "AccessDenied",
            "AccessDeniedException",
            "Client.UnauthorizedOperation",
        ] {
            assert_eq!(outcome(json!({ "errorCode": code })), "denied", "{code}");
        }
    }
}
