//! An element of `for_each`, and what `{each.key}` and `{each.value}` stand for.

use crate::stack::file::problem::{Problem, Span};
use crate::stack::file::tree::{Entry, Kind, Node};

/// What an entry is made for.
pub struct Element {
    pub key: String,
    pub value: Node,
    /// Whether it only stands for elements that are not known, so that it has whatever they may have.
    pub is_example: bool,
}

/// The elements of a list of texts, or of a mapping.
pub fn elements(each: &Entry, problems: &mut Vec<Problem>) -> Option<Vec<Element>> {
    let help = "write a list of texts, `[orders, users]`, or a mapping of keys to values";
    let mut refuse = |span: &Span, message: &str| {
        problems.push(Problem::error(span.clone(), message).help(help));
        None
    };
    match &each.value.kind {
        Kind::Map(entries) => Some(
            entries
                .iter()
                .map(|entry| Element {
                    key: entry.key.clone(),
                    value: entry.value.clone(),
                    is_example: false,
                })
                .collect(),
        ),
        Kind::List(items) => {
            let mut elements = vec![];
            for item in items {
                match &item.kind {
                    Kind::Scalar { text, .. } if !text.is_empty() => elements.push(Element {
                        key: text.clone(),
                        value: item.clone(),
                        is_example: false,
                    }),
                    _ => return refuse(&item.span, "an element of a list is a text"),
                }
            }
            Some(elements)
        }
        Kind::Scalar { .. } => refuse(&each.key_span, "`for_each` names no elements"),
    }
}

/// What a value as a whole stands for: `'{each.value}'`, or without quotes, which YAML reads as a mapping.
pub fn whole(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar { text, .. } => {
            let name = text.strip_prefix('{')?.strip_suffix('}')?;
            (is_name(name)).then(|| name.to_owned())
        }
        Kind::Map(entries) => match entries.as_slice() {
            [only] if is_name(&only.key) && only.value.span.is_empty() => Some(only.key.clone()),
            _ => None,
        },
        Kind::List(_) => None,
    }
}

fn is_name(name: &str) -> bool {
    name.strip_prefix("each.").is_some_and(|path| {
        path.split('.').all(|step| {
            !step.is_empty()
                && step
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        })
    })
}

/// The text with everything of the element in it, or what the element does not have.
pub fn filled_in(text: &str, element: &Element) -> Result<String, String> {
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{each.") {
        let (before, from) = rest.split_at(at);
        new.push_str(before);
        let name = from
            .find('}')
            .map(|end| &from[1..end])
            .filter(|name| is_name(name));
        let Some(name) = name else {
            new.push('{');
            rest = &from[1..];
            continue;
        };
        match element.get(name).map(|value| value.kind) {
            Some(Kind::Scalar { text, .. }) => new.push_str(&text),
            _ => return Err(name.to_owned()),
        }
        rest = &from[name.len() + 2..];
    }
    new.push_str(rest);
    Ok(new)
}

impl Element {
    /// `each.key`, `each.value`, or something in the value.
    pub fn get(&self, name: &str) -> Option<Node> {
        let steps: Vec<_> = name.split('.').skip(1).collect();
        let key = || Node {
            span: self.value.span.clone(),
            kind: Kind::Scalar {
                text: self.key.clone(),
                plain: false,
                filled: Some(Default::default()),
            },
        };
        match steps.split_first()? {
            (&"key", []) => Some(key()),
            (&"value", path) => {
                let stands_for_a_tag = self.is_example && matches!(path, ["tags", _]);
                let value = self.value.get(path).cloned();
                value.or_else(|| stands_for_a_tag.then(key))
            }
            _ => None,
        }
    }

    pub fn help(&self) -> String {
        let keys: Vec<_> = self
            .value
            .entries()
            .iter()
            .map(|entry| format!("{{each.value.{}}}", entry.key))
            .collect();
        match keys.is_empty() {
            true => "there are: {each.key}, {each.value}".to_owned(),
            false => format!("there are: {{each.key}}, {}", keys.join(", ")),
        }
    }
}
