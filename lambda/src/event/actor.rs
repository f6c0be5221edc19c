//! Who did something: the `userIdentity` of a CloudTrail record, whatever its type.
//!
//! Types and fields: CloudTrail user guide, "CloudTrail userIdentity element". No field is guaranteed; what one
//! type lacks, another one carries in its ARN or its principal id.

use super::text;
use crate::contract::Arn;
use serde_json::Value;

/// CloudTrail writes this instead of the user name of a failed sign-in, because people type passwords there.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";
/// Value of `invokedBy` when AWS does not name the service.
const INTERNAL: &str = "AWS Internal";
/// Prefix of the roles that IAM Identity Center creates; the permission set, `_` and 16 hex digits follow.
const PERMISSION_SET_ROLE: &str = "AWSReservedSSO_";
/// Prefix of the names of service-linked roles.
const SERVICE_ROLE: &str = "AWSServiceRoleFor";

/// Who made a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub kind: ActorKind,
    /// Name of the person, session, service, instance or account; `None` if AWS does not report it.
    pub name: Option<String>,
    /// What the actor acts as: a permission set, a role, or the identity provider of a federated user.
    pub group: Option<String>,
    /// Twelve digits.
    pub account: Option<String>,
    /// `userIdentity.type`, as CloudTrail writes it.
    pub identity: Option<String>,
}

/// The kind of an actor, as far as the wording of a message depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    Root,
    /// A person: IAM, Identity Center or federated user.
    User,
    /// A role session that does not say whose it is.
    Role,
    Service,
    /// An EC2 instance with the role of its profile.
    Instance,
    /// Another account; AWS reports nothing more.
    Account,
    /// A user whose name CloudTrail hides.
    Hidden,
    Unknown,
}

impl Actor {
    /// Reads a `userIdentity`; anything else is an unknown actor.
    pub fn read(identity: &Value) -> Self {
        let arn = text(identity, "arn").as_deref().and_then(Arn::parse);
        let kind = text(identity, "type");
        let invoked_by = text(identity, "invokedBy").filter(|service| service != INTERNAL);
        let (mut actor, name) = match kind.as_deref() {
            Some("Root") => (Self::of(ActorKind::Root), None),
            Some("AssumedRole") => assumed_role(identity, arn.as_ref()),
            Some("AWSService") => (Self::of(ActorKind::Service), invoked_by),
            Some("AWSAccount") => (Self::of(ActorKind::Account), text(identity, "accountId")),
            Some("Role") => (Self::of(ActorKind::Role), user_name(identity, arn.as_ref())),
            _ => {
                let group = text(identity, "identityProvider").or_else(|| {
                    let issuer = identity.get("sessionContext")?.get("sessionIssuer")?;
                    text(issuer, "userName")
                });
                match (user_name(identity, arn.as_ref()), identity.get("invokedBy")) {
                    (None, Some(_)) => (Self::of(ActorKind::Service), invoked_by),
                    (name, _) => {
                        let actor = Self::of(name.as_ref().map_or(ActorKind::Unknown, |_| ActorKind::User));
                        (Self { group, ..actor }, name)
                    }
                }
            }
        };
        match name {
            Some(name) if name == HIDDEN => actor.kind = ActorKind::Hidden,
            name => actor.name = name,
        }
        actor.account = text(identity, "accountId").or_else(|| arn?.account);
        actor.identity = kind;
        actor
    }

    fn of(kind: ActorKind) -> Self {
        Self {
            kind,
            name: None,
            group: None,
            account: None,
            identity: None,
        }
    }

    /// Uses a name found elsewhere in the record if the identity holds no name, or only the user id from
    /// Identity Center.
    pub fn or_named(mut self, name: Option<String>) -> Self {
        let nameless = matches!(self.kind, ActorKind::Unknown | ActorKind::Hidden)
            || self.identity.as_deref() == Some("IdentityCenterUser");
        if let Some(name) = name.filter(|name| nameless && name != HIDDEN) {
            self.kind = ActorKind::User;
            self.name = Some(name);
        }
        self
    }

    /// The shortest text that identifies the actor: `role/session` for a role, the name otherwise.
    pub fn title(&self) -> Option<String> {
        match (self.kind, &self.group, &self.name) {
            (ActorKind::Role, Some(role), Some(session)) => Some(format!("{role}/{session}")),
            (_, group, name) => name.clone().or_else(|| group.clone()),
        }
    }
}

/// A session of a role, and its name.
fn assumed_role(identity: &Value, arn: Option<&Arn>) -> (Actor, Option<String>) {
    let context = identity.get("sessionContext").unwrap_or(&Value::Null);
    let issuer = context.get("sessionIssuer").unwrap_or(&Value::Null);
    let issuer_arn = text(issuer, "arn");
    let mut parts = arn
        .and_then(|arn| arn.resource.strip_prefix("assumed-role/"))
        .unwrap_or_default()
        .splitn(2, '/')
        .filter(|part| !part.is_empty())
        .map(str::to_owned);
    let role = parts
        .next()
        .or_else(|| text(issuer, "userName"))
        .or_else(|| Some(last_segment(issuer_arn.as_deref()?).to_owned()));
    let session = parts.next().or_else(|| after_colon(identity));

    let known = role.as_deref().unwrap_or_default();
    if let Some(set) = permission_set(known) {
        let group = Some(set.to_owned());
        let actor = Actor::of(ActorKind::User);
        return (Actor { group, ..actor }, session);
    }
    let (kind, name) = if known.starts_with(SERVICE_ROLE) {
        (ActorKind::Service, text(identity, "invokedBy").or(role.clone()))
    } else if session.as_deref().is_some_and(is_instance) {
        (ActorKind::Instance, session)
    } else {
        // A source identity may have been set when the first role of a chain was assumed.
        let person =
            text(context, "sourceIdentity").or_else(|| session.clone().filter(|name| name.contains('@')));
        match person {
            Some(person) => (ActorKind::User, Some(person)),
            None => (ActorKind::Role, session),
        }
    };
    let kind = match (&name, &role) {
        (None, None) => ActorKind::Unknown,
        _ => kind,
    };
    let actor = Actor::of(kind);
    (Actor { group: role, ..actor }, name)
}

/// The permission set of a role that Identity Center created; its name may contain `_`.
fn permission_set(role: &str) -> Option<&str> {
    let name = role.strip_prefix(PERMISSION_SET_ROLE)?;
    Some(match name.rsplit_once('_') {
        Some((set, hash)) if !set.is_empty() && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => set,
        _ => name,
    })
}

fn is_instance(session: &str) -> bool {
    session
        .strip_prefix("i-")
        .is_some_and(|id| id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// `userName`, or a substitute: the end of the ARN, the end of the principal id, or the Identity Center id.
fn user_name(identity: &Value, arn: Option<&Arn>) -> Option<String> {
    text(identity, "userName")
        .or_else(|| Some(last_segment(&arn?.resource).to_owned()).filter(|name| !name.is_empty()))
        .or_else(|| after_colon(identity))
        .or_else(|| text(identity.get("onBehalfOf")?, "userId"))
}

/// The text after the last colon of the principal id: `AROA…:session`, `accounts.google.com:app:user`.
fn after_colon(identity: &Value) -> Option<String> {
    let principal = text(identity, "principalId")?;
    let (_, name) = principal.rsplit_once(':')?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// The name at the end of `user/path/name`.
fn last_segment(resource: &str) -> &str {
    resource.rsplit('/').next().unwrap_or(resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_type_of_identity_has_a_name() {
        use ActorKind::*;
        let role = |name: &str, session: &str| {
            json!({ "type": "AssumedRole", "principalId": format!("AROAEXAMPLE:{session}"), "accountId": "111122223333",
                "arn": format!("arn:aws:sts::111122223333:assumed-role/{name}/{session}"),
                "sessionContext": { "sessionIssuer": { "type": "Role", "userName": name } } })
        };
        let cases = [
            (
                json!({ "type": "Root", "arn": "arn:aws:iam::111122223333:root", "userName": "my-alias" }),
                (Root, None, None),
            ),
            (
                json!({ "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice", "userName": "alice" }),
                (User, Some("alice"), None),
            ),
            (
                json!({ "type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ops/kr/alice" }),
                (User, Some("alice"), None),
            ),
            (
                json!({ "type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "accessKeyId": "" }),
                (Hidden, None, None),
            ),
            (
                role("deploy", "ci-42"),
                (Role, Some("deploy/ci-42"), Some("deploy")),
            ),
            (
                role("admin", "carol@example.com"),
                (User, Some("carol@example.com"), Some("admin")),
            ),
            (
                role("AWSReservedSSO_Power_Users_0123456789abcdef", "alice@example.com"),
                (User, Some("alice@example.com"), Some("Power_Users")),
            ),
            (
                role("AWSServiceRoleForAutoScaling", "AutoScaling"),
                (
                    Service,
                    Some("AWSServiceRoleForAutoScaling"),
                    Some("AWSServiceRoleForAutoScaling"),
                ),
            ),
            (
                role("web", "i-0123456789abcdef0"),
                (Instance, Some("i-0123456789abcdef0"), Some("web")),
            ),
            (
                role("web", "i-am-a-person"),
                (Role, Some("web/i-am-a-person"), Some("web")),
            ),
            (
                json!({ "type": "AssumedRole", "principalId": "AROAEXAMPLE:bob",
                    "sessionContext": { "sessionIssuer": { "arn": "arn:aws:iam::444455556666:role/x/audit" } } }),
                (Role, Some("audit/bob"), Some("audit")),
            ),
            (
                json!({ "type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/admin/s1",
                    "sessionContext": { "sourceIdentity": "carol" } }),
                (User, Some("carol"), Some("admin")),
            ),
            (
                json!({ "type": "AssumedRole", "arn": null, "sessionContext": null }),
                (Unknown, None, None),
            ),
            (
                json!({ "type": "FederatedUser", "principalId": "111122223333:Bob",
                    "arn": "arn:aws:sts::111122223333:federated-user/Bob",
                    "sessionContext": { "sessionIssuer": { "type": "IAMUser", "userName": "broker" } } }),
                (User, Some("Bob"), Some("broker")),
            ),
            (
                json!({ "type": "WebIdentityUser", "principalId": "accounts.google.com:app:user-1",
                    "identityProvider": "accounts.google.com" }),
                (User, Some("user-1"), Some("accounts.google.com")),
            ),
            (
                json!({ "type": "SAMLUser", "principalId": "abc:dave", "userName": "dave@example.com",
                    "identityProvider": "abc" }),
                (User, Some("dave@example.com"), Some("abc")),
            ),
            (
                json!({ "type": "IdentityCenterUser", "accountId": "111122223333",
                    "onBehalfOf": { "userId": "94482488-3041-7018", "identityStoreArn": "arn:aws:identitystore::1:x" } }),
                (User, Some("94482488-3041-7018"), None),
            ),
            (
                json!({ "type": "AWSService", "invokedBy": "autoscaling.amazonaws.com" }),
                (Service, Some("autoscaling.amazonaws.com"), None),
            ),
            (json!({ "type": "AWSService" }), (Service, None, None)),
            (
                json!({ "type": "AWSAccount", "principalId": "AIDAEXAMPLE", "accountId": "444455556666" }),
                (Account, Some("444455556666"), None),
            ),
            (
                json!({ "type": "Role", "userName": "deploy", "arn": "arn:aws:iam::111122223333:role/deploy" }),
                (Role, Some("deploy"), None),
            ),
            (
                json!({ "type": "Unknown", "principalId": "111122223333", "userName": "alice" }),
                (User, Some("alice"), None),
            ),
            (
                json!({ "accountId": "111122223333", "invokedBy": "ec2.amazonaws.com" }),
                (Service, Some("ec2.amazonaws.com"), None),
            ),
            (
                json!({ "accountId": "111122223333", "invokedBy": "AWS Internal" }),
                (Service, None, None),
            ),
            (json!({ "type": "Something new" }), (Unknown, None, None)),
            (
                json!({ "type": 7, "userName": [], "sessionContext": "x" }),
                (Unknown, None, None),
            ),
            (json!(null), (Unknown, None, None)),
        ];
        for (identity, (kind, title, group)) in cases {
            let actor = Actor::read(&identity);
            let found = (actor.kind, actor.title(), actor.group.clone());
            assert_eq!(
                found,
                (kind, title.map(str::to_owned), group.map(str::to_owned)),
                "{identity}"
            );
        }
    }

    #[test]
    fn the_account_is_the_actors_own() {
        let actor = Actor::read(&json!({ "type": "IAMUser", "accountId": "444455556666" }));
        assert_eq!(actor.account.as_deref(), Some("444455556666"));
        let derived = Actor::read(&json!({ "type": "IAMUser", "arn": "arn:aws:iam::444455556666:user/x" }));
        assert_eq!(derived.account.as_deref(), Some("444455556666"));
    }

    #[test]
    fn a_name_from_elsewhere_helps_only_where_there_is_none() {
        let named = |identity: Value| Actor::read(&identity).or_named(Some("eve".into())).name;
        assert_eq!(
            named(json!({ "type": "IdentityCenterUser" })).as_deref(),
            Some("eve")
        );
        let portal = json!({ "type": "IdentityCenterUser", "onBehalfOf": { "userId": "94482488-3041" } });
        assert_eq!(named(portal).as_deref(), Some("eve"));
        assert_eq!(
            named(json!({ "type": "IAMUser", "userName": "alice" })).as_deref(),
            Some("alice")
        );
        assert_eq!(named(json!({ "type": "Root" })), None);
    }
}
