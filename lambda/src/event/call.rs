//! A CloudTrail record: an API call, a sign-in to the console, something a service did by itself.

use super::{
    Act, Actor, ActorKind, Decision, Effect, Ending, Insight, Session, decision, mask, target, text, time,
};
use crate::contract::Arn;
use crate::excerpt::Excerpt;
use jiff::Timestamp;
use serde_json::Value;

mod severity;

/// Longest request worth showing.
const MAX_PARAMETERS: usize = 2_400;

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
    /// What is so after the call, if it succeeded.
    pub decision: Option<Decision>,
    /// Short names of what the call was made on, the most specific first.
    pub targets: Vec<String>,
    /// Names, ids or ARNs of all resources that the call concerns, the most specific first.
    pub resources: Vec<String>,
    /// With which credentials the call was made.
    pub session: Session,
    /// `requestParameters`, masked; `None` if there are none.
    pub parameters: Option<Excerpt>,
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

impl Call {
    /// Reads a CloudTrail record; `None` if the JSON has no event name.
    pub fn read(record: &Value) -> Option<Self> {
        // An Insights event has the call in its details.
        let details = record.get("insightDetails").unwrap_or(record);
        let insight = Insight::read(details);
        let name = text(details, "eventName")?;
        let source = text(details, "eventSource");
        let extra = record.get("additionalEventData").unwrap_or(&Value::Null);
        let request = record.get("requestParameters").unwrap_or(&Value::Null);
        let mut actor = Actor::read(record.get("userIdentity").unwrap_or(&Value::Null))
            .or_named(text(extra, "UserName").or_else(|| text(extra, "username")));
        let act = match &insight {
            Some(insight) => Act::Unusual(Box::new(insight.clone())),
            None => Act::read(&name, record, extra, &actor),
        };
        if let Act::SwitchRole { .. } = act {
            // The identity belongs to the new session; the actor is the person who switched.
            if let Some(person) = text(extra, "SwitchFrom") {
                actor = switcher(&person, actor);
            }
        }
        let ending = Ending::read(&name, record);
        let service = service(source.as_deref());
        let account = text(record, "recipientAccountId").or_else(|| actor.account.clone());
        let targets = target::read(service, &name, record);
        Some(Self {
            id: text(record, "eventID"),
            region: text(record, "awsRegion"),
            time: text(record, "eventTime").as_deref().and_then(time::parse),
            origin: Origin::read(text(record, "sourceIPAddress")),
            user_agent: text(record, "userAgent").map(|agent| mask::text(&agent)),
            effect: Effect::of(&name, record.get("readOnly"), &act),
            decision: decision::read(service, &name, record, account.as_deref()),
            account,
            targets: targets.main,
            resources: insight.map_or(targets.all, |insight| insight.doers),
            session: Session::read(record),
            parameters: parameters(request),
            source,
            name,
            actor,
            act,
            ending,
        })
    }

    /// The first part of [`source`](Self::source): `ec2`.
    pub fn service(&self) -> &str {
        service(self.source.as_deref())
    }

    /// The actor's account, if it is not the one in which the call was made.
    pub fn foreign_account(&self) -> Option<&str> {
        let account = self.actor.account.as_deref()?;
        (Some(account) != self.account.as_deref()).then_some(account)
    }
}

fn parameters(request: &Value) -> Option<Excerpt> {
    let shown = mask::shown(request, MAX_PARAMETERS);
    shown.filter(|shown| shown.text != "{}")
}

fn service(source: Option<&str>) -> &str {
    source
        .and_then(|source| source.split('.').next())
        .unwrap_or_default()
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
                Act::SignIn { mfa, .. } => mfa,
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
                role: Some("ops".into()),
                account: Some("111122223333".into())
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
}
