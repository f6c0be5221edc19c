//! What a call is beyond its name, if a message has a sentence of its own for it.

use super::{Actor, Insight, text};
use crate::contract::Arn;
use serde_json::Value;

/// What was done, if a message has its own sentence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Call,
    /// A person signed in to the console or to the access portal. `mfa` is `None` where AWS cannot know: for
    /// federated users the record always says no, because their identity provider asks for the second factor.
    SignIn {
        mfa: Option<bool>,
        /// To the access portal instead of the console.
        portal: bool,
    },
    /// CloudTrail saw more or fewer calls than usual.
    Unusual(Box<Insight>),
    /// A signed-in person switched to a role.
    SwitchRole {
        role: Option<String>,
        /// The role's account, twelve digits.
        account: Option<String>,
    },
}

impl Act {
    pub(super) fn read(name: &str, record: &Value, extra: &Value, actor: &Actor) -> Self {
        match name {
            "ConsoleLogin" => {
                let used = text(extra, "MFAUsed").is_some_and(|used| used.eq_ignore_ascii_case("yes"));
                let identity = actor.identity.as_deref();
                let own_password = matches!(identity, Some("Root" | "IAMUser"));
                Self::SignIn {
                    mfa: (used || own_password).then_some(used),
                    portal: false,
                }
            }
            "UserAuthentication" | "Authenticate" => Self::SignIn {
                mfa: None,
                portal: true,
            },
            "SwitchRole" => {
                // The record of the role's account has the new session as its identity; the one of the person's own
                // account has the person, and says where to.
                let session = record
                    .get("userIdentity")
                    .and_then(|identity| text(identity, "arn"));
                let arn = text(extra, "SwitchTo")
                    .or_else(|| session.filter(|arn| arn.contains(":assumed-role/")))
                    .and_then(|arn| Arn::parse(&arn));
                let role = arn
                    .as_ref()
                    .and_then(|arn| match arn.resource.strip_prefix("assumed-role/") {
                        Some(session) => session.split('/').next(),
                        None => arn.resource.rsplit('/').next(),
                    });
                Self::SwitchRole {
                    role: role.map(str::to_owned),
                    account: arn.as_ref().and_then(|arn| arn.account.clone()),
                }
            }
            _ => Self::Call,
        }
    }
}
