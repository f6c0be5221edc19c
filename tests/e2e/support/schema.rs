//! The part of JSON Schema 2020-12 that the schemas of this repository use. An unknown keyword fails.

use serde_json::Value;

/// All violations of `schema` by `value`, each with its path. `root` is the whole schema document.
pub fn violations(root: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(root, schema, value, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let rules = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => return found.push(format!("{at}: must not be there")),
        schema => schema.as_object().unwrap(),
    };
    for (keyword, rule) in rules {
        let mut wrong = |what: String| found.push(format!("{at}: {what}"));
        match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "examples" => {}
            "$ref" => {
                let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
                let target = root.pointer(path).unwrap_or_else(|| panic!("{path}"));
                check(root, target, value, at, found);
            }
            "oneOf" => {
                let fits = |one: &&Value| violations(root, one, value).is_empty();
                let count = rule.as_array().unwrap().iter().filter(fits).count();
                if count != 1 {
                    wrong(format!("{count} of the alternatives fit {value}"));
                }
            }
            "const" if value != rule => wrong(format!("{value} is not {rule}")),
            "enum" if !rule.as_array().unwrap().contains(value) => {
                wrong(format!("{value} is none of {rule}"));
            }
            "type" => {
                let kind = match value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                let one_of = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                if !one_of.iter().any(|one| one == kind) {
                    wrong(format!("{value} is of type {kind}, not {rule}"));
                }
            }
            "pattern" => {
                // Supports only what the schemas use: classes, `+`, `{n}` and anchors. `grep` evaluates them.
                let text = value.as_str().unwrap_or_default();
                if !matches(rule.as_str().unwrap(), text) {
                    wrong(format!("`{text}` does not match {rule}"));
                }
            }
            "minimum" if value.as_f64() < rule.as_f64() => wrong(format!("{value} is below {rule}")),
            "minItems" if (value.as_array().map_or(0, Vec::len) as u64) < rule.as_u64().unwrap() => {
                wrong(format!("fewer than {rule}"));
            }
            "required" => {
                for name in rule.as_array().unwrap() {
                    if value.get(name.as_str().unwrap()).is_none() {
                        wrong(format!("{name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(root, rule, value, &format!("{at}/{name}"), found);
                    }
                }
            }
            "additionalProperties" => {
                let known = rules.get("properties").and_then(Value::as_object);
                let is_known = |name: &String| known.is_some_and(|known| known.contains_key(name));
                for (name, value) in value.as_object().into_iter().flatten() {
                    if !is_known(name) {
                        check(root, rule, value, &format!("{at}/{name}"), found);
                    }
                }
            }
            "items" => {
                for (index, value) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, value, &format!("{at}/{index}"), found);
                }
            }
            "const" | "enum" | "minimum" | "minItems" => {}
            unknown => panic!("{at}: this check does not know `{unknown}`"),
        }
    }
}

/// True if `text` matches. The patterns in use mean the same in POSIX extended regular expressions.
fn matches(pattern: &str, text: &str) -> bool {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex};
    static KNOWN: LazyLock<Mutex<HashMap<(String, String), bool>>> = LazyLock::new(Mutex::default);
    let key = (pattern.to_owned(), text.to_owned());
    *KNOWN.lock().unwrap().entry(key).or_insert_with(|| {
        let script = r#"printf '%s\n' "$1" | grep -Eq -- "$2""#;
        let mut grep = std::process::Command::new("sh");
        grep.args(["-c", script, "sh", text, pattern]);
        grep.status().unwrap().success()
    })
}
