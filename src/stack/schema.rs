//! The JSON Schema of the stack file, for editors. It is generated from the model's types, so both accept the
//! same.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::assemble::{DEFAULTS, FOR_EACH};
use super::model::Stack;

/// Stack files that together contain every field; the fields' examples come from them.
pub(super) const EXAMPLES: [&str; 6] = [
    include_str!("fixtures/everything.yaml"),
    include_str!("fixtures/routes.yaml"),
    include_str!("fixtures/existing.yaml"),
    include_str!("fixtures/selectors.yaml"),
    include_str!("fixtures/services.yaml"),
    include_str!("fixtures/encrypted.yaml"),
];

/// The JSON Schema of a stack file, in the draft that every editor supports. It has no references, because
/// editors do not show a field's description next to a reference.
///
/// It rejects wrong structure (keys, types, choices). Checks that need the rest of the file, such as a `to:`
/// with an unknown name, are the job of `alertctl validate`.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings
        .into_generator()
        .into_root_schema_for::<Stack>()
        .to_value();
    schema["title"] = json!("alertctl stack file");
    plain(&mut schema);
    assembled(&mut schema);
    for text in EXAMPLES {
        if let Ok(example) = serde_yaml::from_str(text) {
            exemplify(&mut schema, &example);
        }
    }
    fillable(&mut schema);
    schema
}

/// What a text has that variables or an element are filled into.
const FILLED: &str = r"\$\{|\{each\.";

/// Lets numbers, truth values and texts of a certain form be texts with something to fill in.
fn fillable(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let of_schema = |(key, _): &(&String, &mut Value)| *key != "examples" && *key != "default";
            map.iter_mut()
                .filter(of_schema)
                .for_each(|(_, inner)| fillable(inner));
            let kind = map.get("type").and_then(Value::as_str).map(str::to_owned);
            match (kind.as_deref(), map.get("pattern").and_then(Value::as_str)) {
                (Some("string"), Some(pattern)) => {
                    let pattern = format!("{pattern}|{FILLED}");
                    map.insert("pattern".to_owned(), json!(pattern));
                }
                (Some(kind @ ("integer" | "number" | "boolean")), None) => {
                    map.insert("type".to_owned(), json!([kind, "string"]));
                    map.insert("pattern".to_owned(), json!(FILLED));
                }
                _ => {}
            }
        }
        Value::Array(items) => items.iter_mut().for_each(fillable),
        _ => {}
    }
}

/// Adds what is gone before the model is read: `include`, `defaults`, `for_each`, and keys for anchors.
fn assembled(schema: &mut Value) {
    let entry = |schema: &Value, section: &str| -> Value {
        let place = format!("/properties/{section}/additionalProperties");
        schema.pointer(&place).cloned().unwrap_or_default()
    };
    let mut sections = Map::new();
    for section in DEFAULTS {
        let mut entry = entry(schema, section);
        if let Some(entry) = entry.as_object_mut() {
            // Each entry says the rest itself.
            for key in ["required", "oneOf"] {
                entry.remove(key);
            }
        }
        sections.insert(section.to_owned(), entry);
    }
    for section in FOR_EACH {
        let place = format!("/properties/{section}/additionalProperties/properties");
        if let Some(Value::Object(properties)) = schema.pointer_mut(&place) {
            let texts = json!({ "type": "array", "items": { "type": ["string", "number"] } });
            properties.insert(
                "for_each".to_owned(),
                json!({
                    "description": "Makes one for each element of a list of texts, of a mapping, or of what AWS finds (`discover: rds`, `tag: { team: shop }`): `{each.key}` and `{each.value}` stand for the element in every text, and the element is added to the key.",
                    "anyOf": [texts, { "type": "object" }],
                    "examples": [["orders", "users"], { "discover": "rds", "tag": { "team": "shop" } }],
                }),
            );
        }
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.insert(
            "defaults".to_owned(),
            json!({
                "description": "What the entries of a section have in common: each entry has these keys unless it has its own.",
                "type": "object",
                "additionalProperties": false,
                "properties": sections,
                "examples": [{ "alarms": { "period": 60, "to": ["alerts"] } }],
            }),
        );
        properties.insert(
            "include".to_owned(),
            json!({
                "description": "Files that this one is laid over; paths are relative to this file.",
                "type": "array",
                "items": { "type": "string" },
                "examples": [["common/people.yaml"]],
            }),
        );
    }
    // What lies over another file, or over defaults, need not say everything.
    if let Some(Value::Array(ways)) = schema.pointer_mut("/properties/alarms/additionalProperties/oneOf") {
        let none = json!({ "not": { "anyOf": ways.clone() } });
        ways.push(none);
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
        let extension = json!({ "description": "For anchors: alertctl ignores these keys." });
        schema.insert("patternProperties".to_owned(), json!({ "^x-": extension }));
    }
}

/// Removes what does not help an author of a stack file: number formats, and `null` as a value or default,
/// because a key without a value is an unfinished line.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(plain);
            if map.get("format").is_some_and(Value::is_string) {
                map.remove("format");
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|one| one != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(forms)) = map.get_mut("anyOf") {
                forms.retain(|form| form["type"] != "null");
                if let [Value::Object(only)] = forms.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    // The field's own description takes precedence.
                    only.into_iter()
                        .for_each(|(key, value)| _ = map.entry(key).or_insert(value));
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

/// Adds the values of a stack file to the schema as examples; each field keeps the shortest.
fn exemplify(schema: &mut Value, said: &Value) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    for forms in ["anyOf", "oneOf", "allOf"] {
        let forms = schema.get_mut(forms).and_then(Value::as_array_mut);
        forms.into_iter().flatten().for_each(|form| exemplify(form, said));
    }
    match said {
        Value::Object(fields) => {
            for (key, said) in fields {
                let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
                if let Some(field) = properties.and_then(|properties| properties.get_mut(key)) {
                    exemplify(field, said);
                    field
                        .as_object_mut()
                        .into_iter()
                        .for_each(|field| keep_shorter(field, said));
                } else if let Some(entry) = schema.get_mut("additionalProperties") {
                    exemplify(entry, said);
                }
            }
        }
        Value::Array(items) => {
            if let Some(form) = schema.get_mut("items") {
                items.iter().for_each(|item| exemplify(form, item));
            }
        }
        _ => {}
    }
}

fn keep_shorter(field: &mut Map<String, Value>, said: &Value) {
    // One entry is enough as an example.
    let said = match said {
        Value::Object(map) if map.len() > 1 && !field.contains_key("properties") => map
            .iter()
            .take(1)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        said => said.clone(),
    };
    let length = |value: &Value| value.to_string().len();
    let kept = field.get("examples").and_then(|kept| kept.get(0));
    if kept.is_none_or(|kept| length(kept) > length(&said)) {
        field.insert("examples".to_owned(), json!([said]));
    }
}
