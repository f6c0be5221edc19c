//! States as named fields, and the difference between two of them.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Known, Text, Unknown};
use crate::aws::policy::Policy;

/// A field value in the form that is compared and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    Value(Value),
    /// Known after apply: AWS generates it when it creates the named node.
    AfterApply(String),
    /// Only its digest is compared. It is never shown.
    Secret(#[serde(skip)] String),
}

/// The fields of a resource, in the order its kind lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields(Vec<(String, Shown)>);

impl Fields {
    /// Adds a field.
    pub fn set(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.push((name.into(), Shown::Value(value.into())));
        self
    }

    /// Adds a field if there is a value. Without a value, AWS's default applies.
    pub fn set_some(self, name: impl Into<String>, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// Adds a text that may depend on another resource.
    pub fn text(self, name: impl Into<String>, text: &Text, known: &Known) -> Self {
        self.when_known(name, text.fill(known))
    }

    /// Adds such a text if there is one.
    pub fn text_some(self, name: impl Into<String>, text: Option<impl Borrow<Text>>, known: &Known) -> Self {
        match text {
            Some(text) => self.text(name, text.borrow(), known),
            None => self,
        }
    }

    /// Adds a policy document that may depend on another resource.
    pub fn policy(self, name: impl Into<String>, policy: &Policy, known: &Known) -> Self {
        self.when_known(name, policy.render(known))
    }

    /// Adds a value that may depend on another resource.
    pub fn when_known(mut self, name: impl Into<String>, value: Result<impl Into<Value>, Unknown>) -> Self {
        let shown = match value {
            Ok(value) => Shown::Value(value.into()),
            Err(node) => Shown::AfterApply(node),
        };
        self.0.push((name.into(), shown));
        self
    }

    /// Adds a secret by its keyed digest.
    pub fn secret(mut self, name: impl Into<String>, digest: impl Into<String>) -> Self {
        self.0.push((name.into(), Shown::Secret(digest.into())));
        self
    }

    fn get(&self, name: &str) -> Option<&Shown> {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, shown)| shown)
    }

    /// The changes that turn `live` into `self`. Fields in `immutable` cannot be changed in place.
    pub fn difference(&self, live: &Fields, immutable: &[&str]) -> Changes {
        let wanted = self
            .0
            .iter()
            .map(|(field, to)| (field, live.get(field), Some(to)));
        let dropped = live.0.iter().filter(|(field, _)| self.get(field).is_none());
        let changes = wanted
            .chain(dropped.map(|(field, from)| (field, Some(from), None)))
            .filter(|(_, from, to)| from != to)
            .map(|(field, from, to)| Change {
                field: field.clone(),
                from: from.cloned(),
                to: to.cloned(),
                replaces: immutable.contains(&field.as_str()),
            });
        Changes(changes.collect())
    }

    /// The fields and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Shown)> {
        self.0.iter().map(|(name, shown)| (name.as_str(), shown))
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    /// The value in the account. `None` if the field is unset.
    pub from: Option<Shown>,
    /// The wanted value. `None` if the field is to be unset.
    pub to: Option<Shown>,
    /// AWS cannot change this field: the resource is replaced.
    pub replaces: bool,
}

/// The fields of one resource that differ.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(Vec<Change>);

impl Changes {
    /// True when the field or a part of it differs (`tags.team` is a part of `tags`).
    pub fn touch(&self, field: &str) -> bool {
        self.0.iter().any(|change| {
            change
                .field
                .strip_prefix(field)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// True when any of these fields differs.
    pub fn touch_any(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| self.touch(field))
    }

    /// True when AWS cannot make one of the changes in place.
    pub fn replace(&self) -> bool {
        self.0.iter().any(|change| change.replaces)
    }

    /// True when nothing differs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes, in the order of the kind's fields.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_names_changed_added_and_dropped_fields() {
        let live = Fields::default()
            .set("period", 60)
            .set("unit", "Percent")
            .secret("hook", "a");
        let want = Fields::default()
            .set("period", 300)
            .set("description", "x")
            .secret("hook", "a");
        let changes = want.difference(&live, &["description"]);
        let names: Vec<_> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(names, ["period", "description", "unit"]);
        assert!(changes.replace());
        assert!(want.difference(&want, &[]).is_empty());
    }

    #[test]
    fn touch_sees_parts_of_a_field_but_not_namesakes() {
        let live = Fields::default();
        let changes = Fields::default()
            .set("tags.team", "x")
            .set("policyx", 1)
            .difference(&live, &[]);
        assert!(changes.touch("tags"));
        assert!(!changes.touch("policy"));
    }

    #[test]
    fn a_secret_is_compared_but_never_serialised() {
        let from = Fields::default().secret("hook", "digest-one");
        let changes = Fields::default()
            .secret("hook", "digest-two")
            .difference(&from, &[]);
        let json = serde_json::to_string(&changes).unwrap();
        assert!(!changes.is_empty());
        assert!(!json.contains("digest"), "{json}");
    }
}
