//! IAM policy documents: written with placeholders for unknown values, compared by meaning.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::text::{Known, Text, Unknown};

/// A policy document of the version 2012-10-17.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    pub statements: Vec<Statement>,
}

/// One `Allow` or `Deny` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    sid: &'static str,
    effect: &'static str,
    principal: Option<Principal>,
    actions: Vec<&'static str>,
    resources: Vec<Text>,
    conditions: Vec<(&'static str, &'static str, Text)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Principal {
    Anyone,
    Service(&'static str),
    Aws(Text),
}

impl Statement {
    /// Allows `actions`. Resources, principal and conditions are added with the methods below.
    pub fn allow(sid: &'static str, actions: &[&'static str]) -> Self {
        Self::with_effect("Allow", sid, actions)
    }

    /// Denies `actions` to everybody, even if something else allows them.
    pub fn deny_anyone(sid: &'static str, actions: &[&'static str]) -> Self {
        Self {
            principal: Some(Principal::Anyone),
            ..Self::with_effect("Deny", sid, actions)
        }
    }

    fn with_effect(effect: &'static str, sid: &'static str, actions: &[&'static str]) -> Self {
        Self {
            sid,
            effect,
            principal: None,
            actions: actions.to_vec(),
            resources: Vec::new(),
            conditions: Vec::new(),
        }
    }

    /// Adds one resource.
    pub fn on(mut self, resource: impl Into<Text>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Names an AWS service as the principal, such as `sns.amazonaws.com`.
    pub fn service(mut self, service: &'static str) -> Self {
        self.principal = Some(Principal::Service(service));
        self
    }

    /// Anybody as the principal, for a statement with conditions that narrow it.
    pub fn anyone(mut self) -> Self {
        self.principal = Some(Principal::Anyone);
        self
    }

    /// Names the account itself as the principal. The account delegates to its IAM policies.
    pub fn account_root(mut self) -> Self {
        self.principal = Some(Principal::Aws(Text::global_arn("iam", "root")));
        self
    }

    /// Adds the condition `operator: {key: value}`; several values of one key are alternatives.
    pub fn when(mut self, operator: &'static str, key: &'static str, value: impl Into<Text>) -> Self {
        self.conditions.push((operator, key, value.into()));
        self
    }

    fn render(&self, known: &Known) -> Result<Value, Unknown> {
        let Self {
            sid,
            effect,
            principal,
            actions,
            resources,
            conditions,
        } = self;
        let mut statement = Map::new();
        statement.insert("Sid".into(), json!(sid));
        statement.insert("Effect".into(), json!(effect));
        match principal {
            Some(Principal::Anyone) => {
                statement.insert("Principal".into(), json!("*"));
            }
            Some(Principal::Service(service)) => {
                statement.insert("Principal".into(), json!({ "Service": service }));
            }
            Some(Principal::Aws(arn)) => {
                statement.insert("Principal".into(), json!({ "AWS": arn.fill(known)? }));
            }
            None => {}
        }
        statement.insert("Action".into(), json!(actions));
        // A trust policy has no resource.
        if !resources.is_empty() {
            let resources = resources
                .iter()
                .map(|text| text.fill(known))
                .collect::<Result<Vec<_>, _>>()?;
            statement.insert("Resource".into(), json!(resources));
        }
        let mut block = Map::new();
        for (operator, key, value) in conditions {
            let values = &mut block.entry(*operator).or_insert_with(|| json!({}))[*key];
            match values.as_array_mut() {
                Some(values) => values.push(json!(value.fill(known)?)),
                None => *values = json!([value.fill(known)?]),
            }
        }
        if !block.is_empty() {
            statement.insert("Condition".into(), block.into());
        }
        Ok(statement.into())
    }
}

impl Policy {
    /// A document of these statements.
    pub fn of(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self {
            statements: statements.into_iter().collect(),
        }
    }

    /// The document in the form that AWS accepts, normalized.
    pub fn render(&self, known: &Known) -> Result<Value, Unknown> {
        let statements = self
            .statements
            .iter()
            .map(|statement| statement.render(known))
            .collect::<Result<Vec<_>, _>>()?;
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        Ok(normal(document, &known.scope.partition))
    }
}

/// Reads a document that AWS returned (IAM returns it URL-encoded) and normalizes it. Text that is not JSON becomes a
/// string, which equals no document. `partition` is the partition of the document.
pub fn parse_in(partition: &str, text: &str) -> Value {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    read(text)
        .or_else(|| read(&percent_encoding::percent_decode_str(text).decode_utf8_lossy()))
        .map_or_else(|| json!(text), |document| normal(document, partition))
}

/// The same for a document that names no account by its number alone.
pub fn parse(text: &str) -> Value {
    parse_in("aws", text)
}

/// Normalizes a document, so that documents with the same meaning are equal. A string equals a list of this one
/// string, and the order of statements, actions, resources and condition values does not matter. An account id as
/// principal means that account's root, whose ARN contains the partition.
fn normal(mut document: Value, partition: &str) -> Value {
    sort_keys(&mut document);
    let Some(policy) = document.as_object_mut() else {
        return document;
    };
    if let Some(statements) = policy.get_mut("Statement") {
        let mut list = match statements.take() {
            Value::Array(list) => list,
            one => vec![one],
        };
        for statement in &mut list {
            normal_statement(statement, partition);
        }
        list.sort_by_key(Value::to_string);
        *statements = list.into();
    }
    document
}

fn normal_statement(statement: &mut Value, partition: &str) {
    let Some(fields) = statement.as_object_mut() else {
        return;
    };
    for (name, value) in fields.iter_mut() {
        match name.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => set(value),
            "Principal" | "NotPrincipal" => {
                for (kind, members) in value.as_object_mut().into_iter().flatten() {
                    set(members);
                    if kind == "AWS" {
                        roots(members, partition);
                    }
                }
            }
            "Condition" => {
                for (_, block) in value.as_object_mut().into_iter().flatten() {
                    for (_, values) in block.as_object_mut().into_iter().flatten() {
                        set(values);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Sorts the keys of every object, so that equal documents are also written the same.
fn sort_keys(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<String, Value> = std::mem::take(fields).into_iter().collect();
            *fields = sorted.into_iter().collect();
            fields.values_mut().for_each(sort_keys);
        }
        Value::Array(items) => items.iter_mut().for_each(sort_keys),
        _ => {}
    }
}

/// A sorted list of strings without duplicates, however they were written. A single string stays a string.
fn set(value: &mut Value) {
    let mut list = match value.take() {
        Value::Array(list) => list,
        one => vec![one],
    };
    for item in &mut list {
        if let Value::Bool(_) | Value::Number(_) = item {
            *item = item.to_string().into();
        }
    }
    list.sort_by_key(Value::to_string);
    list.dedup();
    *value = list.into();
}

fn roots(members: &mut Value, partition: &str) {
    for member in members.as_array_mut().into_iter().flatten() {
        if let Some(account) = member
            .as_str()
            .filter(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()))
        {
            *member = format!("arn:{partition}:iam::{account}:root").into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Scope;

    fn known() -> Known {
        let scope = Scope {
            partition: "aws".into(),
            region: "eu-west-1".into(),
            account: "123456789012".into(),
        };
        Known {
            scope,
            outputs: BTreeMap::new(),
        }
    }

    #[test]
    fn what_iam_returns_equals_what_was_sent() {
        let policy = Policy::of([
            Statement::allow("B", &["logs:PutLogEvents", "logs:CreateLogStream"])
                .on(Text::arn("logs", "g:*")),
            Statement::allow("A", &["sqs:SendMessage"])
                .on(Text::arn("sqs", "q"))
                .when("StringEquals", "aws:SourceAccount", Text::account()),
        ]);
        let sent = policy.render(&known()).unwrap();
        let returned = r#"{"Statement":[
            {"Effect":"Allow","Sid":"A","Resource":"arn:aws:sqs:eu-west-1:123456789012:q","Action":"sqs:SendMessage",
             "Condition":{"StringEquals":{"aws:SourceAccount":["123456789012"]}}},
            {"Sid":"B","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],
             "Resource":"arn:aws:logs:eu-west-1:123456789012:g:*"}],"Version":"2012-10-17"}"#;
        assert_eq!(parse(returned), sent);
        let encoded = percent_encoding::utf8_percent_encode(returned, percent_encoding::NON_ALPHANUMERIC);
        assert_eq!(parse(&encoded.to_string()), sent);
    }

    #[test]
    fn a_changed_condition_is_a_difference() {
        let one = parse(r#"{"Statement":{"Effect":"Allow","Action":"a:b","Condition":{"Bool":{"k":true}}}}"#);
        let same =
            parse(r#"{"Statement":[{"Effect":"Allow","Action":["a:b"],"Condition":{"Bool":{"k":"true"}}}]}"#);
        let other = parse(
            r#"{"Statement":[{"Effect":"Allow","Action":["a:b"],"Condition":{"Bool":{"k":"false"}}}]}"#,
        );
        assert_eq!(one, same);
        assert_ne!(one, other);
    }

    #[test]
    fn an_account_id_means_its_root() {
        let id = parse(r#"{"Statement":{"Principal":{"AWS":"123456789012"}}}"#);
        let root = parse(r#"{"Statement":{"Principal":{"AWS":["arn:aws:iam::123456789012:root"]}}}"#);
        assert_eq!(id, root);
        let scope = Scope::of("123456789012", "cn-north-1");
        let there = Known {
            scope,
            outputs: BTreeMap::new(),
        };
        let sent = Policy::of([Statement::allow("Root", &["kms:*"]).account_root().on("*")]);
        let sent = sent.render(&there).unwrap();
        let returned = sent
            .to_string()
            .replace("arn:aws-cn:iam::123456789012:root", "123456789012");
        assert_ne!(returned, sent.to_string());
        assert_eq!(parse_in("aws-cn", &returned), sent);
    }

    #[test]
    fn unreadable_text_equals_no_document() {
        assert_eq!(parse("not json"), json!("not json"));
    }
}
