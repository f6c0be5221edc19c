//! The reference of the stack file for people: every key in the JSON Schema, with a table for each section of
//! the file.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::schema;

/// Longest example in a table.
const MAX_EXAMPLE: usize = 60;

/// The reference as Markdown, generated only from [`schema`].
pub fn reference() -> String {
    let schema = schema();
    let mut text = String::from(
        "# Stack reference\n\nEvery key of the stack file. `NAME` stands for a name of your choice, `[]` for each \
         element of a list. `alertctl schema --output markdown` prints this page.\n",
    );
    for (key, part) in properties(&schema) {
        let must = if required(&schema, key) { " Required." } else { "" };
        let _ = write!(text, "\n## {key}\n\n{}{must}\n\n{}", about(part), facts(part));
        let mut rows = Rows::default();
        // The keys of entries are in the sections of these.
        if key != "defaults" {
            rows.below(key, part);
        }
        if !rows.text.is_empty() {
            let head = "| key | what it says | form | default | example |\n|---|---|---|---|---|\n";
            let _ = write!(text, "\n{head}{}", rows.text);
        }
    }
    text
}

#[derive(Default)]
struct Rows {
    text: String,
    documented: BTreeSet<String>,
}

impl Rows {
    /// Adds a row for everything inside `schema`, whose path is `path`.
    fn below(&mut self, path: &str, schema: &Value) {
        for (key, inner) in properties(schema) {
            let path = format!("{path}.{key}");
            // Several forms of a value may have the same key; it gets one row.
            if self.documented.insert(path.clone()) {
                self.row(&path, inner, required(schema, key));
            }
            self.below(&path, inner);
        }
        if schema["additionalProperties"].is_object() {
            self.below(&format!("{path}.NAME"), &schema["additionalProperties"]);
        }
        if schema["items"].is_object() {
            self.below(&format!("{path}[]"), &schema["items"]);
        }
        forms(schema).for_each(|form| self.below(path, form));
    }

    fn row(&mut self, path: &str, schema: &Value, required: bool) {
        let must = if required { "**Required.** " } else { "" };
        let cells = [
            format!("`{path}`"),
            format!("{must}{}", about(schema)),
            form(schema),
            default(schema).unwrap_or_default(),
            example(schema).unwrap_or_default(),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        let _ = writeln!(self.text, "| {} |", cells.join(" | "));
    }
}

/// Form, default and example of a key that has its own section.
fn facts(schema: &Value) -> String {
    let said = [
        Some(format!("Form: {}.", form(schema))),
        default(schema).map(|default| format!("Default: {default}.")),
        example(schema).map(|example| format!("Example: {example}.")),
    ];
    let said: Vec<_> = said.into_iter().flatten().collect();
    format!("{}\n", said.join(" "))
}

fn about(schema: &Value) -> String {
    let said = schema["description"].as_str().unwrap_or_default();
    let keys = forms(schema).filter_map(|form| form["required"][0].as_str());
    let keys: Vec<_> = keys.map(|key| format!("`{key}`")).collect();
    match keys.is_empty() {
        true => said.to_owned(),
        false => format!("{said} One of {}.", keys.join(", ")),
    }
}

fn form(schema: &Value) -> String {
    if let Some(words) = choices(schema) {
        return words.join(" or ");
    }
    let alternatives: Vec<_> = schema["anyOf"]
        .as_array()
        .into_iter()
        .flatten()
        .map(form)
        .collect();
    if !alternatives.is_empty() {
        return alternatives.join(", or ");
    }
    // A text with variables may stand for any value.
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("string") => "text".to_owned(),
        Some("integer") => "whole number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("array") => match &schema["items"] {
            items if items.is_object() => format!("list of {}", form(items)),
            _ => "list".to_owned(),
        },
        Some("object") => match &schema["additionalProperties"] {
            inner if inner.is_object() => format!("{} for each name", form(inner)),
            _ => "mapping".to_owned(),
        },
        Some(other) => other.to_owned(),
        None => "anything".to_owned(),
    }
}

/// The allowed values, if the value is one of a fixed list.
fn choices(schema: &Value) -> Option<Vec<String>> {
    let listed = schema["enum"].as_array().into_iter().flatten();
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let described = described.filter_map(|one| one.get("const"));
    let words = listed.chain(described).chain(schema.get("const"));
    let words: Vec<_> = words.map(code).collect();
    (!words.is_empty()).then_some(words)
}

fn default(schema: &Value) -> Option<String> {
    let default = schema.get("default")?;
    let is_empty = default.as_array().is_some_and(Vec::is_empty)
        || default.as_object().is_some_and(serde_json::Map::is_empty);
    (!is_empty).then(|| code(default))
}

fn example(schema: &Value) -> Option<String> {
    let shown = code(schema["examples"].get(0)?);
    (shown.len() <= MAX_EXAMPLE).then_some(shown)
}

/// A value as it may be written in a stack file: plain text where YAML reads it as the same text, otherwise
/// JSON, which is also YAML.
fn code(value: &Value) -> String {
    let plain = value.as_str().filter(|text| {
        let read = serde_yaml::from_str::<Value>(&format!("key: {text}"));
        read.is_ok_and(|read| read["key"] == **text)
    });
    let text = plain.map_or_else(|| value.to_string(), str::to_owned);
    match text.contains('`') {
        true => format!("`` {text} ``"),
        false => format!("`{text}`"),
    }
}

fn forms(schema: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["anyOf", "oneOf"].into_iter();
    lists.flat_map(|key| schema[key].as_array().into_iter().flatten())
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn required(schema: &Value, key: &str) -> bool {
    let required = schema["required"].as_array();
    required.is_some_and(|required| required.iter().any(|one| one == key))
}
