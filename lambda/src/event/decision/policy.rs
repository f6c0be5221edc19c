//! Whom a policy lets in, and how far.

use super::search;
use crate::contract::{ArnParts, is_account};
use crate::json;
use serde_json::Value;
use std::borrow::Cow;

/// Whom a policy of a resource, or the trust policy of a role, lets in besides the account itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reach {
    Everybody,
    /// Twelve digits each.
    Accounts(Vec<String>),
}

/// What a condition on "everybody" may be about so that it is not everybody: an account, an organization, a network, a
/// resource that calls. An external id, for example, is only a name.
const RESTRICT: [&str; 9] = [
    "principalorg",
    "principalaccount",
    "principalarn",
    "sourceaccount",
    "sourcearn",
    "sourceowner",
    "sourceip",
    "sourcevpc",
    "calleraccount",
];

/// Whom a policy lets in; `None` if nobody outside of the account `own`, or if it is no policy.
pub(super) fn reach(policy: &Value, own: Option<&str>) -> Option<Reach> {
    let policy = document(policy)?;
    let mut accounts = Vec::new();
    for statement in allowing(&policy) {
        let mut restricted = false;
        search::any(
            statement.get("Condition").unwrap_or(&Value::Null),
            &mut |key, _| {
                restricted |= RESTRICT.iter().any(|part| key.contains(part));
                false
            },
        );
        let principal = statement.get("Principal").unwrap_or(&Value::Null);
        let names = match principal {
            Value::String(_) => texts(principal),
            principal => texts(principal.get("AWS").unwrap_or(&Value::Null)),
        };
        for name in names {
            if name == "*" && !restricted {
                return Some(Reach::Everybody);
            }
            let account = account(name).filter(|account| own.is_some() && Some(*account) != own);
            if let Some(account) = account.filter(|account| !accounts.iter().any(|one| one == account)) {
                accounts.push(account.to_owned());
            }
        }
    }
    (!accounts.is_empty()).then_some(Reach::Accounts(accounts))
}

/// Whether a policy of an identity allows every action on everything, without a condition.
pub(super) fn allows_all(policy: &Value) -> bool {
    let every = |part: Option<&Value>, all: &[&str]| {
        part.is_some_and(|part| texts(part).iter().any(|text| all.contains(text)))
    };
    document(policy).is_some_and(|policy| {
        allowing(&policy).any(|statement| {
            every(statement.get("Action"), &["*", "*:*"])
                && every(statement.get("Resource"), &["*"])
                && statement.get("Condition").is_none()
        })
    })
}

/// The account of a principal: its id, or the ARN of something in it.
pub(super) fn account(principal: &str) -> Option<&str> {
    let account = match principal.starts_with("arn:") {
        true => ArnParts::of(principal).account,
        false => principal,
    };
    is_account(account).then_some(account)
}

/// The policy itself, which most requests hold as text.
fn document(policy: &Value) -> Option<Cow<'_, Value>> {
    let policy = match policy {
        Value::String(text) => Cow::Owned(json::parse(text).ok()?),
        other => Cow::Borrowed(other),
    };
    policy.get("Statement").is_some().then_some(policy)
}

/// The statements that allow something.
fn allowing(policy: &Value) -> impl Iterator<Item = &Value> {
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let allows = |statement: &&Value| statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    statements.iter().filter(allows)
}

/// A text, or each text of a list.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whom_a_policy_lets_in() {
        let of = |principal: Value, condition: Value| {
            let statement =
                json!({ "Effect": "Allow", "Principal": principal, "Action": "*", "Condition": condition });
            reach(&json!({ "Statement": statement }), Some("111122223333"))
        };
        let vendor = Some(Reach::Accounts(vec!["444455556666".to_owned()]));
        assert_eq!(of(json!("*"), json!(null)), Some(Reach::Everybody));
        assert_eq!(of(json!({ "AWS": ["*"] }), json!({})), Some(Reach::Everybody));
        assert_eq!(
            of(
                json!("*"),
                json!({ "StringEquals": { "aws:PrincipalOrgID": "o-1" } })
            ),
            None
        );
        assert_eq!(of(json!({ "Service": "ec2.amazonaws.com" }), json!(null)), None);
        assert_eq!(
            of(json!({ "AWS": "arn:aws:iam::111122223333:root" }), json!(null)),
            None
        );
        assert_eq!(
            of(
                json!({ "AWS": ["444455556666", "arn:aws:iam::444455556666:role/x"] }),
                json!(null)
            ),
            vendor
        );
        assert_eq!(reach(&json!("no policy"), None), None);
        assert_eq!(
            reach(
                &json!({ "Statement": [{ "Effect": "Deny", "Principal": "*" }] }),
                None
            ),
            None
        );
    }

    #[test]
    fn what_allows_everything() {
        let of = |statement: Value| allows_all(&json!(json!({ "Statement": [statement] }).to_string()));
        assert!(of(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })));
        assert!(of(
            json!({ "Effect": "Allow", "Action": ["s3:*", "*"], "Resource": ["*"] })
        ));
        assert!(!of(json!({ "Effect": "Deny", "Action": "*", "Resource": "*" })));
        assert!(!of(
            json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" })
        ));
        assert!(!of(
            json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b" })
        ));
        assert!(!allows_all(&json!(7)));
    }
}
