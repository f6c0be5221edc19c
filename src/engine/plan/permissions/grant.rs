//! A policy document taken apart into single grants, so that two documents can be compared by what they allow.

use std::collections::BTreeSet;

use alertctl_relay::ArnParts;
use serde_json::Value;

/// One action of one principal on one resource, allowed or denied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub denies: bool,
    pub who: Who,
    pub action: Term,
    pub resource: Term,
    /// The source on whose behalf a service acts, by ARN; several sources of a statement are several grants.
    pub source: Option<String>,
    pub conditions: Vec<Condition>,
}

/// Whom a statement is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// The role that the policy belongs to, as a node (`{iam-role/relay}`) or by its name.
    Holder(String),
    /// A principal by its kind (`AWS`, `Service`, …) and id.
    Principal(String, String),
    AnyoneBut(Vec<String>),
}

/// An action or a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Term {
    Is(String),
    /// `NotAction`, `NotResource`.
    AnyBut(Vec<String>),
}

/// A condition of a statement: its values are alternatives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Condition {
    pub operator: String,
    pub key: String,
    pub values: Vec<String>,
}

/// What a document needs to be understood.
pub(super) struct Place<'a> {
    /// The role that holds the policy, if it is not a policy of a resource.
    pub holder: &'a str,
    /// The resource that the policy belongs to: what `*` means in a resource's own policy, and what is meant where no
    /// resource is named, as in a role's trust.
    pub itself: &'a str,
    /// The stack's account.
    pub account: &'a str,
}

/// Most grants of one statement. AWS limits documents to some 20 KB, so only a contrived one has more.
const MOST: usize = 20_000;

/// All grants of a document. What has another form than a policy grants nothing.
pub(super) fn grants(document: &Value, place: &Place<'_>) -> BTreeSet<Grant> {
    let statements = match &document["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        one => vec![one],
    };
    let of_one = |statement| of_statement(statement, place).take(MOST);
    statements.into_iter().flat_map(of_one).collect()
}

fn of_statement<'a>(statement: &'a Value, place: &Place<'_>) -> impl Iterator<Item = Grant> + use<'a> {
    let denies = statement["Effect"].as_str() == Some("Deny");
    let whos = principals(statement, place);
    let is_of_resource = !matches!(whos.as_slice(), [Who::Holder(_)]);
    let meant = |resource: String| match is_of_resource && resource == "*" {
        true => place.itself.to_owned(),
        false => resource,
    };
    let mut resources = terms(statement, "Resource", "NotResource");
    if resources.is_empty() {
        resources.push(Term::Is(place.itself.to_owned()));
    }
    let resources: Vec<_> = resources
        .into_iter()
        .map(|term| match term {
            Term::Is(resource) => Term::Is(meant(resource)),
            but @ Term::AnyBut(_) => but,
        })
        .collect();
    let actions = terms(statement, "Action", "NotAction");
    let (sources, conditions) = conditions(statement, denies, place.account);
    whos.into_iter().flat_map(move |who| {
        let (resources, sources, conditions) = (resources.clone(), sources.clone(), conditions.clone());
        actions.clone().into_iter().flat_map(move |action| {
            let (who, sources, conditions) = (who.clone(), sources.clone(), conditions.clone());
            resources.clone().into_iter().flat_map(move |resource| {
                let grant = Grant {
                    denies,
                    who: who.clone(),
                    action: action.clone(),
                    resource,
                    source: None,
                    conditions: conditions.clone(),
                };
                let of_source = move |source| Grant {
                    source,
                    ..grant.clone()
                };
                sources.clone().into_iter().map(of_source)
            })
        })
    })
}

fn principals(statement: &Value, place: &Place<'_>) -> Vec<Who> {
    let each = |value: &Value| -> Vec<(String, String)> {
        match value {
            Value::Object(kinds) => kinds
                .iter()
                .flat_map(|(kind, ids)| list(ids).into_iter().map(|id| (kind.clone(), id)))
                .collect(),
            one => list(one).into_iter().map(|id| ("AWS".to_owned(), id)).collect(),
        }
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(principal), _) => each(principal)
            .into_iter()
            .map(|(kind, id)| Who::Principal(kind, id))
            .collect(),
        (None, Some(others)) => vec![Who::AnyoneBut(
            each(others).into_iter().map(|(_, id)| id).collect(),
        )],
        (None, None) => vec![Who::Holder(place.holder.to_owned())],
    }
}

fn terms(statement: &Value, is: &str, is_not: &str) -> Vec<Term> {
    match statement.get(is_not) {
        Some(others) => vec![Term::AnyBut(list(others))],
        None => list(&statement[is]).into_iter().map(Term::Is).collect(),
    }
}

/// The sources of a statement (one `None` if it names none) and its other conditions. The stack's own account as the
/// source says nothing beside sources of that account.
fn conditions(statement: &Value, denies: bool, account: &str) -> (Vec<Option<String>>, Vec<Condition>) {
    let (mut sources, mut conditions) = (Vec::new(), Vec::new());
    for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values = list(values);
            let names = ["ArnLike", "ArnEquals", "StringLike", "StringEquals"].contains(&operator.as_str());
            if !denies && names && sources.is_empty() && key.eq_ignore_ascii_case("aws:SourceArn") {
                sources = values;
                continue;
            }
            conditions.push(Condition {
                operator: operator.clone(),
                key: key.clone(),
                values,
            });
        }
    }
    let is_own = |arn: &String| ArnParts::of(arn).account == account;
    if !sources.is_empty() && sources.iter().all(is_own) {
        conditions.retain(|condition| !condition.names_account("aws:SourceAccount", account));
    }
    let named: Vec<_> = sources.into_iter().map(Some).collect();
    match named.is_empty() {
        true => (vec![None], conditions),
        false => (named, conditions),
    }
}

/// A text, or those of a list.
fn list(value: &Value) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match value {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Null => Vec::new(),
        one => vec![text(one)],
    }
}

impl Condition {
    /// True if it requires that this key has this account alone.
    pub(super) fn names_account(&self, key: &str, account: &str) -> bool {
        let equals = ["StringEquals", "StringLike"].contains(&self.operator.as_str());
        equals && self.key.eq_ignore_ascii_case(key) && self.values == [account]
    }
}

impl Grant {
    /// True if this grant includes `other`: then nothing changes where `other` comes or goes beside it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let wider_who = match &self.who {
            Who::Principal(kind, id) => kind == "AWS" && id == "*" && matches!(other.who, Who::Principal(..)),
            Who::Holder(_) | Who::AnyoneBut(_) => false,
        };
        self.denies == other.denies
            && (self.who == other.who || wider_who)
            && self.action.covers(&other.action, true)
            && self.resource.covers(&other.resource, false)
            && match (&self.source, &other.source) {
                (None, _) => true,
                (Some(wide), Some(narrow)) => like(wide, narrow),
                (Some(_), None) => false,
            }
            && self.conditions.iter().all(|one| other.conditions.contains(one))
    }
}

impl Term {
    fn covers(&self, other: &Self, any_case: bool) -> bool {
        match (self, other) {
            // IAM does not distinguish upper and lower case in actions.
            (Self::Is(wide), Self::Is(narrow)) if any_case => {
                like(&wide.to_lowercase(), &narrow.to_lowercase())
            }
            (Self::Is(wide), Self::Is(narrow)) => like(wide, narrow),
            (Self::Is(wide), Self::AnyBut(_)) => wide == "*",
            (Self::AnyBut(some), Self::AnyBut(others)) => some == others,
            (Self::AnyBut(_), Self::Is(_)) => false,
        }
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any text and `?` for one character. A `*` in `text` is fitted
/// only by a `*`.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<_>, Vec<_>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // The last `*`, and how much of the text it takes so far.
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(from) {
        match (pattern.get(at), star) {
            (Some('*'), _) => {
                star = Some((at, from));
                at += 1;
            }
            (Some(one), _) if one == c || *one == '?' && *c != '*' => {
                at += 1;
                from += 1;
            }
            (_, Some((place, taken))) => {
                star = Some((place, taken + 1));
                at = place + 1;
                from = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern
        .get(at..)
        .is_none_or(|rest| rest.iter().all(|c| *c == '*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(document: &Value) -> Vec<Grant> {
        let place = Place {
            holder: "{iam-role/relay}",
            itself: "{kms-key/main}",
            account: "111122223333",
        };
        grants(document, &place).into_iter().collect()
    }

    #[test]
    fn a_pattern_covers_what_it_fits() {
        assert!(like("*", "anything") && like("a*c", "abc") && like("a*", "a*b") && like("a?c", "abc"));
        assert!(!like("a*c", "abd") && !like("ab", "abc") && !like("a?c", "a*c") && !like("abc", "ab*"));
        assert!(like("a*b*c", "a-b-b-c") && like("", "") && !like("", "a"));
    }

    #[test]
    fn a_statement_is_as_many_grants_as_it_names() {
        let document = json!({ "Statement": [{
            "Effect": "Allow", "Principal": { "Service": ["a", "b"] }, "Action": ["x:1", "x:2"], "Resource": "*",
            "Condition": {
                "ArnLike": { "aws:SourceArn": ["arn:aws:events:r:111122223333:rule/a"] },
                "StringEquals": { "aws:SourceAccount": "111122223333" },
            },
        }] });
        let grants = of(&document);
        assert_eq!(grants.len(), 4);
        assert!(grants.iter().all(|one| one.conditions.is_empty()), "{grants:?}");
        assert!(
            grants
                .iter()
                .all(|one| one.resource == Term::Is("{kms-key/main}".into()))
        );
    }

    #[test]
    fn what_is_no_policy_grants_nothing() {
        for document in [
            json!("text"),
            json!(null),
            json!({ "Statement": [1, null, "x", { "Effect": 3 }] }),
        ] {
            assert_eq!(of(&document), []);
        }
    }
}
