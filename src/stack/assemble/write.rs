//! Writes a tree as YAML.

use serde_yaml::{Mapping, Value};

use crate::stack::file::scalar::Scalar;
use crate::stack::file::tree::{Kind, Node};

/// The tree as the text of a stack file.
pub fn yaml(tree: &Node) -> String {
    serde_yaml::to_string(&value(tree)).unwrap_or_default()
}

fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::List(items) => Value::Sequence(items.iter().map(value).collect()),
        Kind::Map(entries) => {
            let pairs = entries
                .iter()
                .map(|entry| (Value::String(entry.key.clone()), value(&entry.value)));
            Value::Mapping(pairs.collect::<Mapping>())
        }
        Kind::Scalar { .. } => match node.scalar() {
            Some(Scalar::Bool(is)) => Value::Bool(is),
            Some(Scalar::Unsigned(number)) => number.into(),
            Some(Scalar::Signed(number)) => number.into(),
            Some(Scalar::Float(number)) => number.into(),
            Some(Scalar::Text(text)) => Value::String(text.to_owned()),
            Some(Scalar::Null) | None => Value::Null,
        },
    }
}
