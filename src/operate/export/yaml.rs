//! A template as YAML, for people to read and for the YAML 1.1 that CloudFormation speaks.

use serde_json::{Map, Value};

use super::Made;

/// The template with a comment at each resource: what it is in the stack.
pub(super) fn written(document: &Value, made: &[Made]) -> String {
    let mut text = String::new();
    for (name, value) in document.as_object().into_iter().flatten() {
        if !text.is_empty() && value.is_object() {
            text.push('\n');
        }
        let comments: &[Made] = if name == "Resources" { made } else { &[] };
        for line in section(name, value, comments) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

fn section(name: &str, value: &Value, made: &[Made]) -> Vec<String> {
    let (false, Some(fields)) = (made.is_empty(), value.as_object()) else {
        return entry(name, value);
    };
    let mut lines = vec![format!("{name}:")];
    for (at, (id, declared)) in fields.iter().enumerate() {
        if at > 0 {
            lines.push(String::new());
        }
        let nodes = made.iter().find(|made| made.id == *id).map(|made| &made.nodes);
        let comment = nodes.into_iter().flatten().map(|node| on_one_line(node));
        lines.extend(comment.map(|node| format!("  # {node}")));
        lines.extend(indented(entry(id, declared)));
    }
    lines
}

/// How a value is written behind its key.
enum Form {
    /// On the same line.
    Inline(String),
    /// On lines of its own, after the name of a function if it is one.
    Block(Option<String>, Vec<String>),
}

fn form(value: &Value) -> Form {
    match value {
        Value::String(text) => Form::Inline(scalar(text)),
        Value::Array(list) if list.is_empty() => Form::Inline("[]".to_owned()),
        Value::Array(list) => Form::Block(None, list.iter().flat_map(item).collect()),
        Value::Object(fields) if fields.is_empty() => Form::Inline("{}".to_owned()),
        Value::Object(fields) => function(fields).unwrap_or_else(|| {
            let lines = fields.iter().flat_map(|(name, value)| entry(name, value));
            Form::Block(None, lines.collect())
        }),
        other => Form::Inline(other.to_string()),
    }
}

/// The short form of CloudFormation's functions.
fn function(fields: &Map<String, Value>) -> Option<Form> {
    let mut only = fields.iter();
    let (Some((name, value)), None) = (only.next(), only.next()) else {
        return None;
    };
    match (name.as_str(), value) {
        ("Ref", Value::String(id)) => Some(Form::Inline(format!("!Ref {id}"))),
        ("Fn::Sub", Value::String(text)) => Some(Form::Inline(format!("!Sub {}", scalar(text)))),
        ("Fn::GetAtt", Value::Array(path)) => {
            let path: Vec<_> = path.iter().filter_map(Value::as_str).collect();
            Some(Form::Inline(format!("!GetAtt {}", path.join("."))))
        }
        ("Fn::If" | "Fn::Not" | "Fn::Equals", Value::Array(list)) => {
            let tag = format!("!{}", name.trim_start_matches("Fn::"));
            Some(Form::Block(Some(tag), list.iter().flat_map(item).collect()))
        }
        _ => None,
    }
}

fn entry(name: &str, value: &Value) -> Vec<String> {
    let name = scalar(name);
    match form(value) {
        Form::Inline(text) => vec![format!("{name}: {text}")],
        Form::Block(tag, lines) => {
            let tag = tag.map(|tag| format!(" {tag}")).unwrap_or_default();
            [format!("{name}:{tag}")]
                .into_iter()
                .chain(indented(lines))
                .collect()
        }
    }
}

fn item(value: &Value) -> Vec<String> {
    match form(value) {
        Form::Inline(text) => vec![format!("- {text}")],
        Form::Block(Some(tag), lines) => [format!("- {tag}")].into_iter().chain(indented(lines)).collect(),
        Form::Block(None, lines) => {
            let mut lines = lines.into_iter();
            let first = lines.next().map(|line| format!("- {line}"));
            first.into_iter().chain(indented(lines)).collect()
        }
    }
}

fn indented(lines: impl IntoIterator<Item = String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| format!("  {line}"))
}

/// What YAML 1.1 reads as something else than a text.
const WORDS: &[&str] = &["true", "false", "yes", "no", "on", "off", "y", "n", "null"];

/// A text that is read back as this text.
fn scalar(text: &str) -> String {
    if text.chars().any(must_be_escaped) {
        let escaped: String = text.chars().map(escaped).collect();
        return format!("\"{escaped}\"");
    }
    let begins_plainly = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _./:@+-,()".contains(c);
    let is_word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    let ends = text.ends_with([' ', ':']) || text.contains(": ");
    match begins_plainly && text.chars().all(is_plain) && !is_word && !ends {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

/// Control characters, and what YAML 1.1 takes for the end of a line.
fn must_be_escaped(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}')
}

fn escaped(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        '\t' => "\\t".to_owned(),
        c if must_be_escaped(c) => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    }
}

fn on_one_line(text: &str) -> String {
    text.chars()
        .map(|c| if must_be_escaped(c) { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_read_back_as_a_text() {
        for (text, written) in [
            ("alerts", "alerts"),
            ("AWS::SNS::Topic", "AWS::SNS::Topic"),
            ("2012-10-17", "'2012-10-17'"),
            ("on", "'on'"),
            ("No", "'No'"),
            ("12:30", "'12:30'"),
            ("", "''"),
            ("*", "'*'"),
            ("a: b", "'a: b'"),
            ("it's", "'it''s'"),
            ("one\ntwo \"three\" \\", "\"one\\ntwo \\\"three\\\" \\\\\""),
            ("a\u{85}b", "\"a\\u0085b\""),
            ("알람", "'알람'"),
        ] {
            assert_eq!(scalar(text), written);
        }
    }

    #[test]
    fn functions_have_their_short_form() {
        let value = json!({
            "A": { "Ref": "One" },
            "B": { "Fn::GetAtt": ["One", "Arn"] },
            "C": [{ "Fn::If": ["Has", { "Ref": "X" }, { "Ref": "AWS::NoValue" }] }, [], {}, [{ "k": 1, "l": [true] }]],
        });
        let lines = entry("Key", &value).join("\n");
        assert_eq!(
            lines,
            "Key:\n  A: !Ref One\n  B: !GetAtt One.Arn\n  C:\n    - !If\n      - Has\n      - !Ref X\n      - !Ref AWS::NoValue\n    \
             - []\n    - {}\n    - - k: 1\n        l:\n          - true"
        );
    }
}
