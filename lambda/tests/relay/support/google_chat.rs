//! A space in Google Chat, and what it makes of messages.

use super::outside::{Answer, Asked};
use alertctl_relay::{Card, google_chat};
use axum::http::Method;
use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Most bytes of a message.
/// <https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create>
const MAX_MESSAGE: usize = 32_000;
/// Most widgets of a card. <https://developers.google.com/workspace/chat/api/reference/rest/v1/cards#section>
const MAX_WIDGETS: usize = 100;
const REPLY: &str = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../schemas/google-chat.schema.json"));
    jsonschema::validator_for(&schema.expect("the schema is JSON")).expect("a schema")
});

/// What is wrong with a message, by the rules of Google Chat.
pub fn problems(message: &Value) -> Vec<String> {
    let mut problems: Vec<String> = match SCHEMA.is_valid(message) {
        true => Vec::new(),
        false => SCHEMA
            .iter_errors(message)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect(),
    };
    let size = message.to_string().len();
    if size > MAX_MESSAGE {
        problems.push(format!("{size} bytes"));
    }
    let sections = message["cardsV2"][0]["card"]["sections"].as_array();
    let widgets: Vec<_> = sections
        .into_iter()
        .flatten()
        .flat_map(|section| section["widgets"].as_array())
        .flatten()
        .collect();
    if widgets.len() > MAX_WIDGETS {
        problems.push(format!("{} widgets", widgets.len()));
    }
    if widgets.is_empty() && message["text"].as_str().is_none_or(|text| text.trim().is_empty()) {
        problems.push("Message cannot be empty.".to_owned());
    }
    for text in widgets.iter().flat_map(|widget| texts(widget)) {
        if let Err(problem) = html(text) {
            problems.push(format!("{problem} in {text:?}"));
        }
    }
    for button in widgets
        .iter()
        .flat_map(|widget| widget["buttonList"]["buttons"].as_array())
        .flatten()
    {
        let url = button["onClick"]["openLink"]["url"].as_str().unwrap_or_default();
        let text = button["text"].as_str().unwrap_or_default();
        if !url.starts_with("https://") || !url.bytes().all(|byte| byte.is_ascii_graphic()) || text.is_empty()
        {
            problems.push(format!("{button}"));
        }
        if text.contains(['<', '>', '&']) {
            problems.push(format!("{text:?} may be HTML"));
        }
    }
    problems
}

/// The texts of a widget that are HTML.
fn texts(widget: &Value) -> Vec<&str> {
    let texts = [
        &widget["textParagraph"]["text"],
        &widget["decoratedText"]["topLabel"],
        &widget["decoratedText"]["text"],
    ];
    texts.into_iter().filter_map(Value::as_str).collect()
}

/// A piece of HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// What stands between `<` and `>`.
    Tag(String),
    Text(String),
}

/// Reads the HTML of a card: documented tags, each closed in its order, and entities.
/// <https://developers.google.com/workspace/chat/format-messages#card-formatting>
pub fn html(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(after) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            let (said, others) = rest.split_at(end);
            pieces.push(Piece::Text(unescaped(said)?));
            rest = others;
            continue;
        };
        let (tag, others) = after.split_once('>').ok_or("an open tag")?;
        rest = others;
        let name = tag.split(' ').next().unwrap_or_default();
        match (name, tag.strip_prefix('/')) {
            ("br", _) => {}
            (_, Some(closed)) if open.pop().as_deref() != Some(closed) => return Err(format!("</{closed}>")),
            (_, Some(_)) => {}
            ("b", _) if tag == "b" => open.push(name.to_owned()),
            ("font", _) if is_attribute(tag, "font color=\"#", &|byte| byte.is_ascii_hexdigit()) => {
                open.push(name.to_owned());
            }
            ("a", _)
                if is_attribute(tag, "a href=\"https://", &|byte| {
                    byte.is_ascii_graphic() && byte != b'"'
                }) =>
            {
                open.push(name.to_owned());
            }
            _ => return Err(format!("<{tag}>")),
        }
        pieces.push(Piece::Tag(tag.to_owned()));
    }
    match open.pop() {
        Some(tag) => Err(format!("<{tag}> without an end")),
        None => Ok(pieces),
    }
}

fn is_attribute(tag: &str, start: &str, of: &dyn Fn(u8) -> bool) -> bool {
    let value = tag.strip_prefix(start).and_then(|rest| rest.strip_suffix('"'));
    value.is_some_and(|value| value.bytes().all(of))
}

fn unescaped(text: &str) -> Result<String, String> {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let entities = [("amp;", '&'), ("lt;", '<'), ("gt;", '>')];
        let known = entities
            .iter()
            .find_map(|(entity, c)| Some((c, part.strip_prefix(entity)?)));
        let (c, rest) = known.ok_or(format!("&{part}"))?;
        plain.push(*c);
        plain += rest;
    }
    Ok(plain)
}

/// What Google Chat finds in a message's text besides words: everything between `<` and `>`, and whatever else it or Markdown
/// would format or link.
pub fn marks(text: &str) -> Vec<String> {
    let mut marks = Vec::new();
    for line in text.lines() {
        let mut rest = line;
        let mut words = String::new();
        while let Some((before, after)) = rest.split_once('<') {
            words += before;
            match after.split_once('>') {
                Some((inside, others)) if !inside.starts_with('\u{200b}') => {
                    marks.push(format!("<{inside}>"));
                    rest = others;
                }
                _ => {
                    words.push('<');
                    rest = after;
                }
            }
        }
        words += rest;
        let begins = words.trim_start();
        let number = begins.trim_start_matches(|c: char| c.is_ascii_digit());
        if begins.starts_with(['-', '+', '>', '#'])
            || number.len() < begins.len() && number.starts_with(['.', ')'])
        {
            marks.push(format!("line {words:?}"));
        }
        let mut chars = words.chars().peekable();
        while let Some(c) = chars.next() {
            let next = chars.peek().copied().unwrap_or('\n');
            let is_loose = match c {
                '*' | '_' | '~' | '`' | '[' | ']' | '\\' => next != '\u{200b}',
                '@' => next.is_alphanumeric(),
                ':' => next == '/' || next.is_alphanumeric(),
                '.' => next.is_alphabetic(),
                _ => false,
            };
            if is_loose {
                marks.push(format!("{c:?} in {words:?}"));
            }
        }
    }
    marks
}

/// What does not depend on the texts from outside: all but the words between tags and the texts of buttons.
pub fn structure(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(structure).collect(),
        Value::Object(map) => {
            let is_button = map.contains_key("onClick");
            let pairs = map.iter().map(|(key, value)| {
                let value = match (key.as_str(), value) {
                    ("text", Value::String(_)) if is_button => json!("…"),
                    ("text", Value::String(text)) if map.contains_key("cardsV2") => json!(text),
                    ("text" | "topLabel", Value::String(text)) => tags(text),
                    ("fallbackText", Value::String(text)) => json!(marks(text)),
                    (_, value) => structure(value),
                };
                (key.clone(), value)
            });
            Value::Object(pairs.collect())
        }
        other => other.clone(),
    }
}

fn tags(text: &str) -> Value {
    let pieces = html(text).unwrap_or_else(|problem| panic!("{problem} in {text}"));
    let tag = |piece: Piece| match piece {
        Piece::Tag(tag) if tag != "br" => Some(tag),
        _ => None,
    };
    json!(pieces.into_iter().filter_map(tag).collect::<Vec<_>>())
}

/// Checks what Google Chat shows of a card, in both of its forms.
pub fn assert_valid(card: &Card) {
    let usual = json!(google_chat::message(card));
    let plain = json!(google_chat::plain(card));
    for message in [&usual, &plain] {
        let problems = problems(message);
        assert!(problems.is_empty(), "{problems:#?}\n{message:#}");
    }
    let text = plain["text"].as_str().expect("a text");
    assert!(text.encode_utf16().count() <= 8_000, "{text}");
    let ours = |mark: &String| mark.starts_with("<users/") || mark.starts_with("<https://");
    let marks = marks(text);
    assert!(marks.iter().all(ours), "{marks:#?}\n{text}");
    let called = marks.iter().filter(|mark| mark.starts_with("<users/"));
    let called: Vec<_> = called.cloned().collect();
    assert_eq!(called.join(" "), usual["text"].as_str().unwrap_or_default());
}

/// The same also with as many mentions as possible.
pub fn assert_valid_for_all(card: &Card) {
    assert_valid(card);
    let mut crowded = card.clone();
    let crowd = (0..40).map(|index| format!("users/{index:021}"));
    crowded.mention(&crowd.collect::<Vec<_>>());
    assert_valid(&crowded);
}

/// A space takes messages that are valid; a key of a thread only with the option that makes it count.
pub fn space(asked: &Asked) -> Answer {
    let refused = |code: u16, status: &str, message: String| {
        Answer::new(
            code,
            json!({ "error": { "code": code, "message": message, "status": status } }),
        )
    };
    if asked.method != Method::POST {
        return refused(404, "NOT_FOUND", "Method not found.".to_owned());
    }
    let content_type = asked
        .headers
        .get("content-type")
        .map(|value| value.to_str().expect("ASCII"));
    if content_type != Some("application/json; charset=utf-8") {
        return refused(
            400,
            "INVALID_ARGUMENT",
            format!("Invalid content type {content_type:?}"),
        );
    }
    let problems = problems(&asked.body);
    if let Some(problem) = problems.first() {
        return refused(
            400,
            "INVALID_ARGUMENT",
            format!("Invalid JSON payload received. {problem}"),
        );
    }
    let key = asked.body["thread"]["threadKey"].as_str();
    assert_eq!(key.is_some(), asked.uri.query() == Some(REPLY), "{asked:#?}");
    let thread = key.unwrap_or("new").get(..3).unwrap_or_default();
    let answer = json!({ "name": "spaces/A/messages/B.C", "thread": { "name": format!("spaces/A/threads/{thread}") } });
    Answer::new(200, answer)
}

/// A message as people see it, one widget a line.
pub fn shown(message: &Value) -> String {
    let mut lines = Vec::new();
    if let Some(text) = message["text"].as_str() {
        lines.push(format!("text: {text}"));
    }
    if let Some(text) = message["fallbackText"].as_str() {
        lines.push(format!("notice: {}", text.replace('\u{200b}', "")));
    }
    if let Some(key) = message["thread"]["threadKey"].as_str() {
        lines.push(format!("thread: {}…", &key[..8]));
    }
    for section in message["cardsV2"][0]["card"]["sections"]
        .as_array()
        .into_iter()
        .flatten()
    {
        lines.push("---".to_owned());
        lines.extend(section["widgets"].as_array().into_iter().flatten().map(widget));
    }
    lines.join("\n")
}

fn widget(widget: &Value) -> String {
    let text = |value: &Value| {
        value
            .as_str()
            .unwrap_or_default()
            .replace("<br>", "\n")
            .replace('\u{a0}', "·")
    };
    if let Some(buttons) = widget["buttonList"]["buttons"].as_array() {
        let button = |button: &Value| {
            format!(
                "[{}] {}",
                text(&button["text"]),
                text(&button["onClick"]["openLink"]["url"])
            )
        };
        return buttons.iter().map(button).collect::<Vec<_>>().join("\n");
    }
    match &widget["decoratedText"] {
        Value::Null => text(&widget["textParagraph"]["text"]),
        fact => format!("{} | {}", text(&fact["topLabel"]), text(&fact["text"])),
    }
}
