//! A Discord that refuses what the real one refuses.
//!
//! - <https://discord.com/developers/docs/resources/webhook#execute-webhook>
//! - <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>
//! - <https://discord.com/developers/docs/resources/message#allowed-mentions-object>

use super::fakes::serve;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

/// What came, and what it answers.
#[derive(Default)]
pub struct Channel {
    /// Status and body of the next answers; afterwards it judges what comes.
    pub answers: VecDeque<(u16, Value)>,
    /// Every message, whatever became of it.
    pub asked: Vec<Value>,
    pub taken: Vec<Value>,
}

pub async fn start() -> (SocketAddr, Arc<Mutex<Channel>>) {
    let channel = Arc::<Mutex<Channel>>::default();
    let router = Router::new().fallback(execute).with_state(channel.clone());
    (serve(router).await, channel)
}

async fn execute(
    State(channel): State<Arc<Mutex<Channel>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_eq!(method, Method::POST);
    // Without it Discord does not say whether it keeps the message.
    assert_eq!(uri.query(), Some("wait=true"));
    assert!(
        headers["content-type"]
            .to_str()
            .expect("ASCII")
            .starts_with("application/json")
    );
    let agent = headers["user-agent"].to_str().expect("ASCII");
    assert!(agent.starts_with("DiscordBot (https://"), "{agent}");
    let message: Value = serde_json::from_slice(&body).expect("JSON");
    let mut channel = channel.lock().expect("not poisoned");
    channel.asked.push(message.clone());
    let (status, answer) = channel
        .answers
        .pop_front()
        .unwrap_or_else(|| match judge(&message) {
            Ok(()) => {
                channel.taken.push(message);
                (200, json!({ "id": "1442100000000000000", "type": 0 }))
            }
            Err(problem) => {
                let errors = json!({ "embeds": { "_errors": [{ "code": "INVALID", "message": problem }] } });
                (
                    400,
                    json!({ "message": "Invalid Form Body", "code": 50035, "errors": errors }),
                )
            }
        });
    let status = StatusCode::from_u16(status).expect("a status");
    let after = answer["retry_after"]
        .as_f64()
        .unwrap_or_default()
        .ceil()
        .to_string();
    let headers = [("content-type", "application/json"), ("retry-after", &*after)];
    match status {
        StatusCode::TOO_MANY_REQUESTS => (status, headers, answer.to_string()).into_response(),
        _ => (status, answer.to_string()).into_response(),
    }
}

type Judged = Result<(), String>;

fn refuse(is_wrong: bool, problem: impl Into<String>) -> Judged {
    match is_wrong {
        true => Err(problem.into()),
        false => Ok(()),
    }
}

/// Whether Discord takes a message.
pub fn judge(message: &Value) -> Judged {
    let message = fields(message, &["content", "embeds", "allowed_mentions", "flags"])?;
    let content = match message.get("content") {
        None => None,
        Some(content) => Some(text(content, 2_000)?),
    };
    let embeds = message.get("embeds").map_or(Ok(&[][..]), list)?;
    refuse(
        content.is_none() && embeds.is_empty(),
        "Cannot send an empty message",
    )?;
    refuse(embeds.len() > 10, "more than 10 embeds")?;
    let mut total = 0;
    for one in embeds {
        total += embed(one)?;
    }
    refuse(total > 6_000, format!("embeds have {total} characters"))?;
    let urls: Vec<_> = embeds.iter().filter_map(|embed| embed.get("url")).collect();
    refuse(urls.len() > 1, "embeds with the same URL are not shown")?;
    // Only embeds that a message brings can be kept from being shown.
    let flags = message.get("flags").map_or(Some(0), Value::as_u64);
    refuse(
        flags != Some(0) && (flags != Some(4) || !embeds.is_empty()),
        "flags",
    )?;
    allowed(message.get("allowed_mentions").ok_or("users may be called")?)
}

/// The characters of an embed.
fn embed(embed: &Value) -> Result<usize, String> {
    let known = [
        "title",
        "url",
        "description",
        "color",
        "fields",
        "footer",
        "timestamp",
    ];
    let embed = fields(embed, &known)?;
    refuse(
        !embed.contains_key("title") && !embed.contains_key("description"),
        "an empty embed",
    )?;
    let mut total = 0;
    for (name, most) in [("title", 256), ("description", 4_096)] {
        if let Some(value) = embed.get(name) {
            total += length(text(value, most)?);
        }
    }
    if let Some(url) = embed.get("url") {
        refuse(!text(url, 2_048)?.starts_with("https://"), "no URL")?;
    }
    refuse(
        embed["color"].as_u64().is_none_or(|color| color >= 1 << 24),
        "no colour",
    )?;
    let all = embed.get("fields").map_or(Ok(&[][..]), list)?;
    refuse(all.len() > 25, "more than 25 fields")?;
    for field in all {
        let field = fields(field, &["name", "value", "inline"])?;
        total += length(text(&field["name"], 256)?) + length(text(&field["value"], 1_024)?);
        refuse(!field["inline"].is_boolean(), "inline")?;
    }
    if let Some(footer) = embed.get("footer") {
        total += length(text(&fields(footer, &["text"])?["text"], 2_048)?);
    }
    if let Some(time) = embed.get("timestamp") {
        let time = text(time, 40)?.parse::<jiff::Timestamp>();
        time.map_err(|error| error.to_string())?;
    }
    Ok(total)
}

fn allowed(allowed: &Value) -> Judged {
    let allowed = fields(allowed, &["parse", "users", "roles"])?;
    let parse = list(&allowed["parse"])?;
    refuse(
        !parse.iter().all(|kind| kind == "everyone") || parse.len() > 1,
        "parse",
    )?;
    for name in ["users", "roles"] {
        let ids = allowed.get(name).map_or(Ok(&[][..]), list)?;
        let unique: BTreeSet<_> = ids.iter().map(Value::to_string).collect();
        let is_id = |id: &Value| id.as_str().is_some_and(|id| id.parse::<u64>().is_ok());
        refuse(
            ids.len() > 100 || unique.len() < ids.len() || !ids.iter().all(is_id),
            name,
        )?;
    }
    Ok(())
}

fn fields<'a>(value: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let fields = value.as_object().ok_or(format!("no object: {value}"))?;
    let unknown = fields.keys().find(|name| !known.contains(&name.as_str()));
    refuse(unknown.is_some(), format!("unknown: {unknown:?}"))?;
    Ok(fields)
}

fn list(value: &Value) -> Result<&[Value], String> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or(format!("no list: {value}"))
}

/// A text of at most this length, which is not blank.
fn text(value: &Value, most: usize) -> Result<&str, String> {
    let text = value.as_str().ok_or(format!("no text: {value}"))?;
    refuse(text.trim().is_empty(), "This field is required")?;
    refuse(
        length(text) > most,
        format!("Must be {most} or fewer in length: {text}"),
    )?;
    Ok(text)
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What Discord's clients show of a text: the kinds of its parts, in their order, and of links where they lead.
///
/// It finds more markup than they do, never less: it does not ask whether a named emoji exists, for instance.
pub fn shown(text: &str) -> Vec<String> {
    let mut shown = Vec::new();
    let mut rest = text;
    let mut begins = true;
    while !rest.is_empty() {
        let (kind, length) = part(rest, begins);
        let own = &rest[..length];
        begins = own.ends_with('\n') || begins && own == " ";
        rest = &rest[length..];
        let again = kind == "text" && shown.last().is_some_and(|last| last == "text");
        if !again {
            shown.push(kind);
        }
    }
    shown
}

/// The kind of what a text begins with, and its length.
fn part(text: &str, begins: bool) -> (String, usize) {
    let first = text.chars().next().expect("not empty");
    let plain = || ("text".to_owned(), first.len_utf8());
    if begins && let Some(mark) = line_mark(text) {
        return (mark.0.to_owned(), mark.1);
    }
    if first == '\\' {
        let next = text[1..].chars().next();
        return match next.filter(|next| !next.is_alphanumeric() && !next.is_whitespace()) {
            Some(next) => ("text".to_owned(), 1 + next.len_utf8()),
            None => plain(),
        };
    }
    if let Some(rest) = text.strip_prefix("```")
        && let Some(end) = rest.find("```")
    {
        return ("block".to_owned(), end + 6);
    }
    if first == '`' {
        let ticks = text.len() - text.trim_start_matches('`').len();
        let fence = &text[..ticks];
        if let Some(end) = text[ticks..].find(fence) {
            return ("code".to_owned(), end + 2 * ticks);
        }
    }
    for (mark, kind) in [
        ("**", "bold"),
        ("__", "underlined"),
        ("~~", "struck"),
        ("||", "hidden"),
        ("*", "italic"),
        ("_", "italic"),
    ] {
        if let Some(rest) = text.strip_prefix(mark)
            && let Some(end) = closing(rest, mark).filter(|end| *end > 0)
        {
            let inside = shown(&rest[..end]).join(" ");
            return (format!("{kind}({inside})"), end + 2 * mark.len());
        }
    }
    if first == '['
        && let Some(middle) = closing(&text[1..], "](")
        && let Some(end) = text[1 + middle..].find(')')
    {
        let page = &text[middle + 3..=middle + end];
        return (
            format!("link({} {page})", shown(&text[1..=middle]).join(" ")),
            middle + end + 2,
        );
    }
    for call in ["@everyone", "@here"] {
        if text.starts_with(call) {
            return (call.to_owned(), call.len());
        }
    }
    if first == '<'
        && let Some(end) = text.find('>')
        && ["<@", "<#", "<t:", "<:", "<a:", "</", "<id:", "<http", "<+"]
            .iter()
            .any(|mark| text.starts_with(mark))
    {
        return (format!("mention({})", &text[..=end]), end + 1);
    }
    if text.starts_with("https://") || text.starts_with("http://") {
        let end = text
            .find(|c: char| c.is_whitespace() || c == '<')
            .unwrap_or(text.len());
        return ("address".to_owned(), end);
    }
    if first == ':'
        && let Some((name, _)) = text[1..].split_once(':')
        && !name.is_empty()
        && !name.contains(char::is_whitespace)
        && !(name.len() <= 2 && name.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return ("emoji".to_owned(), name.len() + 2);
    }
    plain()
}

/// Markup at the beginning of a line.
fn line_mark(text: &str) -> Option<(&'static str, usize)> {
    let marks = [
        ("-# ", "small"),
        ("# ", "heading"),
        ("## ", "heading"),
        ("### ", "heading"),
        ("- ", "list"),
        ("* ", "list"),
        ("+ ", "list"),
        ("> ", "quotation"),
        (">>> ", "quotation"),
    ];
    if let Some((mark, kind)) = marks.into_iter().find(|(mark, _)| text.starts_with(mark)) {
        return Some((kind, mark.len()));
    }
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let counts = digits > 0 && [". ", ") "].iter().any(|mark| text[digits..].starts_with(mark));
    counts.then_some(("list", digits + 2))
}

/// Where a mark ends what it began: a backslash takes away what it means, and within code it means nothing.
fn closing(text: &str, mark: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(mark) {
            return Some(at);
        }
        let mut chars = rest.chars();
        let first = chars.next()?;
        at += first.len_utf8();
        if first == '\\' {
            at += chars.next().map_or(0, char::len_utf8);
        }
        if first == '`' {
            at += rest[1..].find('`').map_or(0, |end| end + 1);
        }
    }
    None
}
