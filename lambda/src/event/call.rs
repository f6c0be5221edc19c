//! A CloudTrail record: an API call, a sign-in to the console, something a service did by itself.

use super::effect::{self, Effect, Risk};
use super::mask;
use super::{Actor, ActorKind, list, text, time};
use crate::contract::{Arn, Severity};
use jiff::Timestamp;
use serde_json::Value;

/// At most this many resource names are kept; a message shows fewer.
const MAX_RESOURCES: usize = 100;

/// A CloudTrail record. Requests and errors contain no secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// `eventID`, the UUID of the record in CloudTrail.
    pub id: Option<String>,
    /// Such as `ec2.amazonaws.com`.
    pub source: Option<String>,
    /// Such as `RunInstances`.
    pub name: String,
    pub region: Option<String>,
    pub time: Option<Timestamp>,
    pub origin: Origin,
    pub user_agent: Option<String>,
    pub actor: Actor,
    /// Account in which it happened, twelve digits.
    pub account: Option<String>,
    pub act: Act,
    pub ending: Ending,
    pub effect: Effect,
    pub severity: Severity,
    /// The risk of a successful call that removes a safeguard of the account.
    pub risk: Option<Risk>,
    /// Names, ids or ARNs of the resources that the call concerns.
    pub resources: Vec<String>,
    /// `requestParameters`, masked; null if there are none.
    pub parameters: Value,
}

/// Where a call came from: `sourceIPAddress`, which is not always an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Address(String),
    /// A service that called on the actor's behalf, such as `cloudformation.amazonaws.com`.
    Service(String),
    /// "AWS Internal": AWS gives no detail.
    Internal,
    Unknown,
}

/// What was done, if a message has its own sentence for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Call,
    /// A person signed in to the console or to the access portal. `mfa` is `None` where AWS cannot know: for
    /// federated users the record always says no, because their identity provider asks for the second factor.
    SignIn {
        mfa: Option<bool>,
    },
    /// A signed-in person switched to a role.
    SwitchRole {
        role: Option<String>,
    },
}

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

impl Call {
    /// Reads a CloudTrail record; `None` if the JSON has no event name.
    pub fn read(record: &Value) -> Option<Self> {
        let name = text(record, "eventName")?;
        let source = text(record, "eventSource");
        let extra = record.get("additionalEventData").unwrap_or(&Value::Null);
        let request = record.get("requestParameters").unwrap_or(&Value::Null);
        let mut actor = Actor::read(record.get("userIdentity").unwrap_or(&Value::Null))
            .or_named(text(extra, "UserName").or_else(|| text(extra, "username")));
        let act = Act::read(&name, record, extra, &actor);
        if let Act::SwitchRole { .. } = act {
            // The identity belongs to the new session; the actor is the person who switched.
            if let Some(person) = text(extra, "SwitchFrom") {
                actor = switcher(&person, actor);
            }
        }
        let ending = Ending::read(&name, record);
        let effect = Effect::of(&name, record.get("readOnly"), &act);
        let risk = effect::risk(source.as_deref().unwrap_or_default(), &name);
        Some(Self {
            id: text(record, "eventID"),
            region: text(record, "awsRegion"),
            time: text(record, "eventTime").as_deref().and_then(time::parse),
            origin: Origin::read(text(record, "sourceIPAddress")),
            user_agent: text(record, "userAgent").map(|agent| mask::text(&agent)),
            account: text(record, "recipientAccountId").or_else(|| actor.account.clone()),
            severity: effect::severity(effect, &act, &ending, &actor, risk),
            effect,
            risk,
            resources: resources(record, request),
            parameters: mask::value(request),
            source,
            name,
            actor,
            act,
            ending,
        })
    }

    /// The actor's account, if it is not the one in which the call was made.
    pub fn foreign_account(&self) -> Option<&str> {
        let account = self.actor.account.as_deref()?;
        (Some(account) != self.account.as_deref()).then_some(account)
    }
}

impl Origin {
    fn read(address: Option<String>) -> Self {
        match address {
            None => Self::Unknown,
            Some(address) if address == "AWS Internal" => Self::Internal,
            Some(address)
                if address.ends_with(".amazonaws.com") || address.ends_with(".amazonaws.com.cn") =>
            {
                Self::Service(address)
            }
            Some(address) => Self::Address(address),
        }
    }
}

impl Act {
    fn read(name: &str, record: &Value, extra: &Value, actor: &Actor) -> Self {
        match name {
            "ConsoleLogin" => {
                let used = text(extra, "MFAUsed").is_some_and(|used| used.eq_ignore_ascii_case("yes"));
                let identity = actor.identity.as_deref();
                let own_password = matches!(identity, Some("Root" | "IAMUser"));
                Self::SignIn {
                    mfa: (used || own_password).then_some(used),
                }
            }
            "UserAuthentication" | "Authenticate" => Self::SignIn { mfa: None },
            "SwitchRole" => {
                let arn = record
                    .get("userIdentity")
                    .and_then(|identity| text(identity, "arn"));
                let session = arn.as_deref().and_then(Arn::parse).map(|arn| arn.resource);
                let role = session.as_deref().and_then(|name| name.split('/').nth(1));
                Self::SwitchRole {
                    role: role.map(str::to_owned),
                }
            }
            _ => Self::Call,
        }
    }
}

impl Ending {
    fn read(name: &str, record: &Value) -> Self {
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

/// The person who switched roles: `arn:aws:iam::111122223333:user/alice`.
fn switcher(arn: &str, session: Actor) -> Actor {
    let kind = match Arn::parse(arn).map(|arn| arn.resource) {
        Some(resource) if resource == "root" => "Root",
        Some(resource) if resource.starts_with("assumed-role/") => "AssumedRole",
        _ => "IAMUser",
    };
    let person = Actor::read(&serde_json::json!({ "type": kind, "arn": arn }));
    if person.kind == ActorKind::Unknown {
        session
    } else {
        person
    }
}

/// The resources that a call concerns: the record's own list, then every request parameter that names a
/// resource.
fn resources(record: &Value, request: &Value) -> Vec<String> {
    let listed = list(record, "resources")
        .iter()
        .filter_map(|resource| text(resource, "ARN"));
    let mut names = Vec::new();
    let named = request
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| names_a_thing(key));
    let named = named.filter_map(|(_, value)| value.as_str()).map(str::to_owned);
    let instances = [request, record.get("responseElements").unwrap_or(&Value::Null)]
        .into_iter()
        .filter_map(|part| part.get("instancesSet"))
        .flat_map(|set| list(set, "items"))
        .filter_map(|item| text(item, "instanceId"));
    for name in listed.chain(named).chain(instances) {
        let name = mask::text(&name);
        if names.len() < MAX_RESOURCES && !name.trim().is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn names_a_thing(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let ends = ["name", "id", "arn", "identifier", "cluster", "service"];
    ends.iter().any(|end| key.ends_with(end))
        && !["request", "session", "client"]
            .iter()
            .any(|part| key.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(name: &str, change: Value) -> Call {
        let mut record = json!({ "eventName": name, "eventSource": "signin.amazonaws.com",
            "userIdentity": { "type": "IAMUser", "userName": "alice" } });
        for (key, value) in change.as_object().into_iter().flatten() {
            record[key] = value.clone();
        }
        Call::read(&record).expect("a record")
    }

    #[test]
    fn only_those_with_a_password_here_can_lack_a_second_factor() {
        let mfa = |kind: &str, used: Value| {
            let change =
                json!({ "userIdentity": { "type": kind }, "additionalEventData": { "MFAUsed": used } });
            match call("ConsoleLogin", change).act {
                Act::SignIn { mfa } => mfa,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(mfa("IAMUser", json!("Yes")), Some(true));
        assert_eq!(mfa("Root", json!("YES")), Some(true));
        assert_eq!(mfa("IAMUser", json!("No")), Some(false));
        assert_eq!(mfa("IAMUser", json!(null)), Some(false));
        for federated in [
            "AssumedRole",
            "FederatedUser",
            "SAMLUser",
            "IdentityCenterUser",
            "Unknown",
        ] {
            assert_eq!(mfa(federated, json!("No")), None, "{federated}");
        }
    }

    #[test]
    fn failures_are_told_by_code_answer_or_message() {
        let outcome = |change: Value| match call("ConsoleLogin", change).ending {
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

    #[test]
    fn who_switches_a_role_is_the_person_before() {
        let call = call(
            "SwitchRole",
            json!({ "userIdentity": { "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/ops/alice" },
                "additionalEventData": { "SwitchFrom": "arn:aws:iam::444455556666:user/alice" },
                "recipientAccountId": "111122223333" }),
        );
        assert_eq!(
            call.act,
            Act::SwitchRole {
                role: Some("ops".into())
            }
        );
        assert_eq!(
            (call.actor.kind, call.actor.name.as_deref()),
            (ActorKind::User, Some("alice"))
        );
        assert_eq!(call.foreign_account(), Some("444455556666"));
    }

    #[test]
    fn a_source_is_an_address_a_service_or_aws() {
        let origin = |address: Value| call("X", json!({ "sourceIPAddress": address })).origin;
        assert_eq!(
            origin(json!("203.0.113.7")),
            Origin::Address("203.0.113.7".into())
        );
        assert_eq!(
            origin(json!("cloudformation.amazonaws.com")),
            Origin::Service("cloudformation.amazonaws.com".into())
        );
        assert_eq!(origin(json!("AWS Internal")), Origin::Internal);
        assert_eq!(origin(json!(null)), Origin::Unknown);
    }

    #[test]
    fn resources_are_named_once() {
        let call = call(
            "TerminateInstances",
            json!({ "resources": [{ "ARN": "arn:aws:s3:::b" }],
                "requestParameters": { "bucketName": "b", "clientRequestId": "x", "dBInstanceIdentifier": "b",
                    "instancesSet": { "items": [{ "instanceId": "i-1" }, {}] } },
                "responseElements": { "instancesSet": { "items": [{ "instanceId": "i-1" }] } } }),
        );
        assert_eq!(call.resources, ["arn:aws:s3:::b", "b", "i-1"]);
    }
}
