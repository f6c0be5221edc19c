//! A workflow that posts to Teams, and what Teams makes of its messages.

use super::outside::{Answer, Asked};
use alertctl_relay::{Card, teams};
use axum::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Most bytes of the message that a workflow makes.
/// <https://github.com/MicrosoftDocs/msteams-docs/issues/11274>
const MAX_POSTED: usize = 28_672;
/// What is left free of that, since nobody documents what a workflow adds.
const SPARE: usize = 2_000;

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../schemas/teams.schema.json"));
    jsonschema::validator_for(&schema.expect("the schema is JSON")).expect("a schema")
});

/// What is wrong with a message, by the rules of Teams.
pub fn problems(message: &Value) -> Vec<String> {
    let mut problems: Vec<String> = match SCHEMA.is_valid(message) {
        true => Vec::new(),
        false => SCHEMA
            .iter_errors(message)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect(),
    };
    let posted = posted(message);
    if posted > MAX_POSTED {
        problems.push(format!("MessageSizeExceeded: {posted} bytes"));
    }
    let content = &message["attachments"][0]["content"];
    let entities = content["msteams"]["entities"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let called = at(content);
    let known: Vec<_> = entities.iter().map(|entity| entity["text"].clone()).collect();
    if called != known {
        problems.push(format!("{called:?} are called, and {known:?} are known"));
    }
    for text in runs(content) {
        if looked_at(text) {
            problems.push(format!("Teams interprets {text:?}"));
        }
    }
    problems
}

/// The bytes that Teams counts: the workflow passes the card on as a text in JSON.
fn posted(message: &Value) -> usize {
    json!(message["attachments"][0]["content"].to_string())
        .to_string()
        .len()
}

/// Every `<at>…</at>` in Markdown, in its order.
fn at(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.iter().flat_map(at).collect(),
        Value::Object(map) if map.get("type") == Some(&json!("TextBlock")) => {
            let text = map["text"].as_str().unwrap_or_default();
            let parts = text.split_inclusive("</at>").map(str::trim);
            parts.map(Value::from).collect()
        }
        Value::Object(map) => map.values().flat_map(at).collect(),
        _ => Vec::new(),
    }
}

/// Every text of a run.
pub fn runs(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().flat_map(runs).collect(),
        Value::Object(map) if map.get("type") == Some(&json!("TextRun")) => {
            map["text"].as_str().into_iter().collect()
        }
        Value::Object(map) => map.values().flat_map(runs).collect(),
        _ => Vec::new(),
    }
}

/// Whether a client looks at a text although it is no Markdown.
fn looked_at(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["<at", "</at", "{{date(", "{{time("]
        .iter()
        .any(|mark| text.contains(mark))
}

/// What does not depend on the texts from outside: all but those and the titles of buttons.
pub fn structure(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(structure).collect(),
        Value::Object(map) => {
            let is_run = map.get("type") == Some(&json!("TextRun"));
            let is_said = |key: &str| is_run && key == "text" || key == "title";
            let pairs = map.iter().map(|(key, value)| match is_said(key) {
                true => (key.clone(), json!("…")),
                false => (key.clone(), structure(value)),
            });
            Value::Object(pairs.collect())
        }
        other => other.clone(),
    }
}

/// Checks what Teams shows of a card, in both of its forms.
pub fn assert_valid(card: &Card) {
    for message in [json!(teams::message(card)), json!(teams::plain(card))] {
        let problems = problems(&message);
        assert!(problems.is_empty(), "{problems:#?}\n{message:#}");
        let posted = posted(&message);
        assert!(posted <= MAX_POSTED - SPARE, "{posted}");
    }
}

/// The same also with as many mentions as possible.
pub fn assert_valid_for_all(card: &Card) {
    assert_valid(card);
    let mut crowded = card.clone();
    let crowd = (0..40).map(|index| format!("{index:02}{}@{}.example", "x".repeat(62), "y".repeat(40)));
    crowded.mention(&crowd.collect::<Vec<_>>());
    assert_valid(&crowded);
}

/// A workflow answers 202 to whatever is JSON of its schema, which has no say in the card.
pub fn workflow(asked: &Asked) -> Answer {
    let header = |name: &str| {
        asked
            .headers
            .get(name)
            .map(|value| value.to_str().expect("ASCII"))
    };
    let refused = |status, code: &str| {
        Answer::new(
            status,
            json!({ "error": { "code": code, "message": format!("{code}.") } }),
        )
    };
    if asked.method != Method::POST {
        return refused(405, "MethodNotAllowed");
    }
    // A trigger for anyone refuses a request that says who it is from.
    if header("authorization").is_some() {
        return refused(401, "DirectApiInvalidAuthorizationScheme");
    }
    // Without the charset, some characters break.
    if header("content-type") != Some("application/json; charset=utf-8") {
        return refused(415, "UnsupportedMediaType");
    }
    if !asked.body["attachments"].is_array() {
        return refused(400, "TriggerInputSchemaMismatch");
    }
    let problems = problems(&asked.body);
    // The real one would say so in the history of its runs alone, where nobody looks.
    assert!(problems.is_empty(), "{problems:#?}\n{:#}", asked.body);
    Answer::new(202, "")
}

/// A message as people see it, one element a line.
pub fn shown(message: &Value) -> String {
    let content = &message["attachments"][0]["content"];
    let mut lines = Vec::new();
    for element in content["body"].as_array().into_iter().flatten() {
        lines.extend(element_lines(element));
    }
    for action in content["actions"].as_array().into_iter().flatten() {
        lines.push(format!(
            "[{}] {}",
            action["title"].as_str().unwrap_or_default(),
            action["url"].as_str().unwrap_or_default()
        ));
    }
    lines.join("\n")
}

fn element_lines(element: &Value) -> Vec<String> {
    let all = |key: &str| element[key].as_array().cloned().unwrap_or_default();
    match element["type"].as_str() {
        Some("Container") => {
            let lines = all("items").iter().flat_map(element_lines).collect::<Vec<_>>();
            vec![format!(
                "({}) {}",
                element["style"].as_str().unwrap_or_default(),
                lines.join("\n")
            )]
        }
        Some("ColumnSet") => {
            let columns = all("columns")
                .iter()
                .map(|column| element_lines(&column["items"][0]).concat())
                .collect::<Vec<_>>();
            vec![columns.join(" | ")]
        }
        Some("RichTextBlock") => {
            let line: String = all("inlines").iter().map(run).collect();
            let rule = if element["separator"] == true { "--- " } else { "" };
            vec![format!("{rule}{line}")]
        }
        _ => vec![element["text"].as_str().unwrap_or_default().to_owned()],
    }
}

fn run(run: &Value) -> String {
    let text = run["text"].as_str().unwrap_or_default();
    let mut text = text.replace('\u{a0}', "·").replace('\u{200b}', "\\u{200b}");
    if run["weight"] == "Bolder" {
        text = format!("**{text}**");
    }
    if run["fontType"] == "Monospace" {
        text = format!("`{text}`");
    }
    match run["selectAction"]["url"].as_str() {
        Some(url) => format!("[{text}]({url})"),
        None => text,
    }
}
