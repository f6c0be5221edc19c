//! With which credentials a call was made: what is asked first after an incident.

use super::text;
use serde_json::Value;

/// The credentials of a call, and what is known of the session they belong to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// ARN of the user, or of the role's session.
    pub arn: Option<String>,
    /// Id of the access key, which is no secret.
    pub access_key: Option<String>,
    /// Whether a second factor was used for the session; `None` if AWS does not say.
    pub mfa: Option<bool>,
    /// ARN or name of the second factor of a sign-in.
    pub mfa_device: Option<String>,
    /// The page that a sign-in led to, without its query.
    pub page: Option<String>,
}

impl Session {
    pub(super) fn read(record: &Value) -> Self {
        let identity = record.get("userIdentity").unwrap_or(&Value::Null);
        let extra = record.get("additionalEventData").unwrap_or(&Value::Null);
        let is_id = |id: &String| {
            id.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        };
        let mfa = identity
            .pointer("/sessionContext/attributes/mfaAuthenticated")
            .and_then(|said| said.as_bool().or_else(|| said.as_str()?.parse().ok()));
        let page = text(extra, "LoginTo").filter(|page| page.starts_with("https://"));
        Self {
            arn: text(identity, "arn"),
            access_key: text(identity, "accessKeyId").filter(is_id),
            mfa,
            mfa_device: text(extra, "MFAIdentifier"),
            page: page.map(|page| page.split(['?', '#']).next().unwrap_or(&page).to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_looks_like_it_is_kept() {
        let session = Session::read(&json!({
            "userIdentity": { "arn": "arn:aws:iam::111122223333:user/alice", "accessKeyId": "AKIAEXAMPLE1",
                "sessionContext": { "attributes": { "mfaAuthenticated": "false" } } },
            "additionalEventData": { "LoginTo": "https://console.aws.amazon.com/ec2?state=x#y", "MFAIdentifier": 7 } }));
        assert_eq!(session.access_key.as_deref(), Some("AKIAEXAMPLE1"));
        assert_eq!((session.mfa, session.mfa_device), (Some(false), None));
        assert_eq!(
            session.page.as_deref(),
            Some("https://console.aws.amazon.com/ec2")
        );
        let odd = json!({ "userIdentity": { "accessKeyId": "<b>", "sessionContext": 1 },
            "additionalEventData": { "LoginTo": "..." } });
        assert_eq!(Session::read(&odd), Session::default());
    }
}
