//! Writes a tree as YAML.

use serde_yaml::{Mapping, Value};

use super::variables::is_filled_in_elsewhere;
use crate::stack::file::scalar::Scalar;
use crate::stack::file::tree::{Kind, Node};

/// The tree as the text of a stack file.
pub fn yaml(tree: &Node) -> String {
    serde_yaml::to_string(&value(tree, &mut vec![])).unwrap_or_default()
}

fn value<'t>(node: &'t Node, path: &mut Vec<&'t str>) -> Value {
    match &node.kind {
        Kind::List(items) => Value::Sequence(items.iter().map(|item| value(item, path)).collect()),
        Kind::Map(entries) => {
            let pairs = entries.iter().map(|entry| {
                path.push(&entry.key);
                let value = value(&entry.value, path);
                path.pop();
                (Value::String(entry.key.clone()), value)
            });
            Value::Mapping(pairs.collect::<Mapping>())
        }
        Kind::Scalar {
            text,
            filled: Some(filled),
            ..
        } if filled.is_text() => Value::String(plain(text, path)),
        Kind::Scalar { .. } => match node.scalar() {
            Some(Scalar::Bool(is)) => Value::Bool(is),
            Some(Scalar::Unsigned(number)) => number.into(),
            Some(Scalar::Signed(number)) => number.into(),
            Some(Scalar::Float(number)) => number.into(),
            Some(Scalar::Text(text)) => Value::String(plain(text, path)),
            Some(Scalar::Null) | None => Value::Null,
        },
    }
}

/// What is filled in already must not be taken for a variable.
pub fn plain(text: &str, path: &[&str]) -> String {
    match is_filled_in_elsewhere(path) {
        true => text.to_owned(),
        false => text.replace("${", "$${"),
    }
}
