//! Writes values as a person would: in braces what fits on a line, quotes only where YAML needs them.

use serde_yaml::{Mapping, Value};

use super::write::plain;
use crate::stack::file::scalar::Scalar;

/// How long a line may be, in characters.
const WIDTH: usize = 100;

/// The lines of the last key of `path` with its value; the other keys are those above it. An entry of a section
/// (`alarms`, `cpu`) begins a mapping of its own, unless it is only one line.
pub fn entry(path: &[&str], value: &Value) -> Vec<String> {
    let Some((key, above)) = path.split_last() else {
        return Vec::new();
    };
    let indent = "  ".repeat(above.len());
    let start = format!("{indent}{}:", scalar(key, false));
    // An alarm or a rule has one setting a line.
    let is_spread = above.len() == 1 && matches!(value, Value::Mapping(fields) if fields.len() > 2);
    below(start, &indent, value, path, is_spread)
}

/// The lines of a value after `start`.
fn below(start: String, indent: &str, value: &Value, path: &[&str], is_spread: bool) -> Vec<String> {
    if let Value::String(text) = value
        && let Some((style, lines)) = block(&plain(text, path), indent)
    {
        return [vec![format!("{start} {style}")], lines].concat();
    }
    let short = format!("{start} {}", flow(value, path));
    let has_parts = match value {
        Value::Sequence(items) => !items.is_empty(),
        Value::Mapping(fields) => !fields.is_empty(),
        _ => false,
    };
    if !has_parts || (short.chars().count() <= WIDTH && !is_spread) {
        return vec![short];
    }
    let deeper = format!("{indent}  ");
    let mut lines = vec![start];
    match value {
        Value::Sequence(items) => {
            for item in items {
                lines.extend(element(&deeper, item, path));
            }
        }
        Value::Mapping(fields) => lines.extend(spread(&deeper, fields, path)),
        _ => {}
    }
    lines
}

/// The lines of a mapping, a key after the other.
fn spread(indent: &str, fields: &Mapping, path: &[&str]) -> Vec<String> {
    let mut lines = Vec::new();
    for (key, value) in fields {
        let key = key.as_str().unwrap_or_default();
        let start = format!("{indent}{}:", scalar(key, false));
        lines.extend(below(start, indent, value, &[path, &[key]].concat(), false));
    }
    lines
}

/// The lines of an element of a list.
fn element(indent: &str, item: &Value, path: &[&str]) -> Vec<String> {
    let short = format!("{indent}- {}", flow(item, path));
    match item {
        Value::Mapping(fields) if short.chars().count() > WIDTH && !fields.is_empty() => {
            let deeper = format!("{indent}  ");
            let mut lines = spread(&deeper, fields, path);
            if let Some(first) = lines.first_mut() {
                *first = format!("{indent}- {}", first.trim_start());
            }
            lines
        }
        _ => vec![short],
    }
}

/// A value on one line.
fn flow(value: &Value, path: &[&str]) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => scalar(&plain(text, path), true),
        Value::Sequence(items) => {
            let items: Vec<_> = items.iter().map(|item| flow(item, path)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Mapping(fields) => {
            let pair = |(key, value): (&Value, &Value)| {
                let key = key.as_str().unwrap_or_default();
                let value = flow(value, &[path, &[key]].concat());
                format!("{}: {value}", scalar(key, true))
            };
            let fields: Vec<_> = fields.iter().map(pair).collect();
            match fields.is_empty() {
                true => "{}".to_owned(),
                false => format!("{{ {} }}", fields.join(", ")),
            }
        }
        Value::Tagged(tagged) => flow(&tagged.value, path),
    }
}

/// A text of several lines as a block: its style, and its lines.
fn block(text: &str, indent: &str) -> Option<(&'static str, Vec<String>)> {
    let (style, body) = match text.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", text),
    };
    let is_plain = |line: &str| !line.ends_with(' ') && line.chars().all(is_shown);
    let fits = body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(is_plain);
    let line = |line: &str| match line.is_empty() {
        true => String::new(),
        false => format!("{indent}  {line}"),
    };
    fits.then(|| (style, body.split('\n').map(line).collect()))
}

/// A text without quotes if YAML takes it for the same text, otherwise in quotes. `in_flow` is between brackets or braces.
fn scalar(text: &str, in_flow: bool) -> String {
    if is_bare(text, in_flow) {
        return text.to_owned();
    }
    if text.contains(['"', '\\']) && text.chars().all(is_shown) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if is_shown(c) => quoted.push(c),
            c if u32::from(c) > 0xffff => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character stands for itself. YAML folds or refuses the others.
/// <https://yaml.org/spec/1.2.2/#51-character-set>
fn is_shown(c: char) -> bool {
    let is_left_out = c.is_control() || c.is_whitespace() && c != ' ';
    !is_left_out && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}') && {
        // Marks of direction would make a line look like another one.
        !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }
}

fn is_bare(text: &str, in_flow: bool) -> bool {
    // What older YAML takes for something else, and what only looks like a number or a date.
    let is_word = ["yes", "no", "on", "off", "y", "n"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word));
    let is_number = text.starts_with(|first: char| first.is_ascii_digit())
        && text
            .chars()
            .all(|c| c.is_ascii_digit() || "+-.:_eETZ".contains(c));
    matches!(Scalar::of_plain(text), Scalar::Text(_))
        && !is_word
        && !is_number
        && text.trim() == text
        && !text.starts_with(|first: char| "-?:,[]{}#&*!|>'\"%@`=<~.+".contains(first))
        && !text.ends_with(':')
        && !text.contains(": ")
        && !text.contains(" #")
        && !(in_flow && text.contains([',', '[', ']', '{', '}']))
        && text.chars().all(is_shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::assemble::{Discovered, Gathered, Variables, assemble};
    use crate::stack::file::tree::{Kind, Node};

    fn read(text: &str) -> serde_yaml::Value {
        serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// What a stack file with these lines says, as alertctl reads it.
    fn said(lines: &[String]) -> Value {
        let text = lines.join("\n");
        let gathered =
            Gathered::of("stack.yaml", &text).unwrap_or_else(|problems| panic!("{text}: {problems}"));
        let assembled = assemble(gathered, &Variables::default(), &Discovered::default());
        assert!(assembled.problems.is_empty(), "{text}: {:?}", assembled.problems);
        value(&assembled.tree)
    }

    fn value(node: &Node) -> Value {
        match &node.kind {
            Kind::List(items) => Value::Sequence(items.iter().map(value).collect()),
            Kind::Map(entries) => {
                let pairs = entries
                    .iter()
                    .map(|entry| (entry.key.as_str().into(), value(&entry.value)));
                Value::Mapping(pairs.collect())
            }
            Kind::Scalar { .. } => match node.scalar() {
                Some(Scalar::Text(text)) => text.into(),
                other => panic!("{other:?}"),
            },
        }
    }

    fn texts() -> Vec<String> {
        let mut texts: Vec<String> = [
            "a",
            "",
            " ",
            "a b",
            "a: b",
            "a #b",
            "#",
            "- a",
            "-",
            "yes",
            "NO",
            "null",
            "~",
            "1",
            "1.5",
            "0x1f",
            "0123",
            "2026-12-01",
            "1:30",
            "true",
            "{a}",
            "[a]",
            "a, b",
            "a\"b",
            "a'b",
            "a\\b",
            "a\nb",
            "a\nb\n",
            "\na",
            "a\n\nb",
            " a\nb",
            "a \nb",
            "a\tb",
            "a\t\nb",
            "${x}",
            "$${x}",
            "$${",
            "${x:-y}",
            "서버 오류: 큼",
            "a\u{85}b",
            "a\u{2028}b",
            "\u{feff}a",
            "a\u{a0}",
            "a\u{7}b",
            "😀",
            "a:",
            "a:b",
            "!a",
            "&a",
            "*a",
            "%a",
            "@a",
            "`a`",
            "|",
            ">",
            "> 5",
            "=",
            "<<",
            "...",
            "---",
            "? a",
            "?a",
            "'",
            "\"",
            "x: {y",
            "a\r\nb",
            "\u{202e}a",
        ]
        .map(str::to_owned)
        .to_vec();
        // Every character in three places.
        texts.extend(
            (0u32..0x3100)
                .filter_map(char::from_u32)
                .map(|c| format!("{c}a{c}b{c}")),
        );
        texts
    }

    #[test]
    fn every_text_comes_back_as_it_was() {
        for text in texts() {
            let mut fields = Mapping::new();
            fields.insert("text".into(), text.as_str().into());
            fields.insert("list".into(), vec![Value::from(text.as_str()), "b".into()].into());
            fields.insert("more".into(), Value::from("x".repeat(90)));
            let mut keyed = Mapping::new();
            // A stack file takes this key for a merge, quotes or not.
            let key = if text == "<<" { "<" } else { &text };
            keyed.insert(key.into(), "a".into());
            fields.insert("map".into(), keyed.into());
            let lines = entry(
                &["alarms"],
                &Mapping::from_iter([("one".into(), fields.clone().into())]).into(),
            );
            let said = said(&lines);
            assert_eq!(
                said["alarms"]["one"],
                Value::Mapping(fields),
                "{text:?}: {}",
                lines.join("\n")
            );
        }
    }

    #[test]
    fn it_reads_as_people_write_it() {
        let alarm = read(
            "{name: My Alarm, dimensions: {InstanceId: i-0123}, threshold: '>= 50', to: [alerts], metrics: [\
             {id: rate, expression: 100 * errors / calls, return_data: true}], period: 60, description: \"a\\nb\"}",
        );
        let lines = entry(&["alarms", "cpu"], &alarm);
        insta::assert_snapshot!(lines.join("\n"), @r#"
          cpu:
            name: My Alarm
            dimensions: { InstanceId: i-0123 }
            threshold: ">= 50"
            to: [alerts]
            metrics: [{ id: rate, expression: 100 * errors / calls, return_data: true }]
            period: 60
            description: |-
              a
              b
        "#);
        let topic = read("{existing: mission-sns}");
        assert_eq!(
            entry(&["topics", "alerts"], &topic),
            ["  alerts: { existing: mission-sns }"]
        );
    }
}
