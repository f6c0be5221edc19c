//! The rules of Slack's incoming webhooks, so that the inbox refuses every message that Slack would refuse.
//!
//! Slack answers with only a short code; the page also shows the reason found here.

use std::collections::HashSet;

use serde_json::Value;

/// Why a post is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) reason: String,
}

type Checked = Result<(), String>;

const MAX_BLOCKS: usize = 50;
const MAX_ATTACHMENTS: usize = 100;
const TEXT_TYPES: [&str; 2] = ["plain_text", "mrkdwn"];
/// Block types that are accepted without checking their content.
const OTHER_BLOCKS: [&str; 12] = [
    "rich_text",
    "video",
    "table",
    "input",
    "file",
    "call",
    "context_actions",
    "task_card",
    "plan",
    "alert",
    "card",
    "carousel",
];

/// Parses a post: JSON, or a form whose `payload` is JSON.
pub(super) fn parse(content_type: &str, body: &[u8]) -> Result<Value, Refusal> {
    let invalid = |reason: String| Refusal {
        code: "invalid_payload",
        reason,
    };
    let text = std::str::from_utf8(body).map_err(|_| invalid("the body is not UTF-8".into()))?;
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    // curl -d sends JSON with the content type of a form, and Slack accepts that, too.
    let json = match text.strip_prefix("payload=") {
        Some(payload) if is_form => {
            let payload = payload.split('&').next().unwrap_or_default().replace('+', " ");
            let decoded = percent_encoding::percent_decode_str(&payload).decode_utf8();
            decoded
                .map_err(|_| invalid("the payload is not UTF-8".into()))?
                .into_owned()
        }
        _ => text.to_owned(),
    };
    let value: Value = serde_json::from_str(&json).map_err(|error| invalid(format!("not JSON: {error}")))?;
    if value.is_object() {
        Ok(value)
    } else {
        Err(invalid("the JSON is not an object".into()))
    }
}

/// Whether posts to this path start a workflow, which accepts values instead of a message.
pub(super) fn starts_workflow(path: &str) -> bool {
    path.starts_with("/workflows/") || path.starts_with("/triggers/")
}

/// Checks a parsed post to a workflow: texts keyed by the names of its variables, and nothing nested. Only
/// Slack knows which variables exist.
pub(super) fn check_workflow(body: &Value) -> Result<(), Refusal> {
    let refuse = |reason: String| Refusal {
        code: "invalid_workflow_input",
        reason,
    };
    let values = body.as_object().filter(|values| !values.is_empty());
    let values =
        values.ok_or_else(|| refuse("a workflow needs values under the names of its variables".into()))?;
    match values.iter().find(|(_, value)| !value.is_string()) {
        Some((name, _)) => Err(refuse(format!(
            "`{name}` is not text: a workflow accepts neither blocks nor lists"
        ))),
        None => Ok(()),
    }
}

/// Checks a parsed message against Slack's limits.
pub(super) fn check(body: &Value) -> Result<(), Refusal> {
    let present = |key: &str| match &body[key] {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    if !["text", "blocks", "attachments"].iter().any(|key| present(key)) {
        let reason = "it has neither `text` nor `blocks` nor `attachments`".into();
        return Err(Refusal {
            code: "no_text",
            reason,
        });
    }
    if !matches!(body["text"], Value::Null | Value::String(_)) {
        return Err(Refusal {
            code: "invalid_payload",
            reason: "`text` is not a string".into(),
        });
    }
    check_blocks(&body["blocks"]).map_err(|reason| Refusal {
        code: "invalid_blocks",
        reason,
    })?;

    let invalid = |reason: String| Refusal {
        code: "invalid_attachments",
        reason,
    };
    let attachments = match &body["attachments"] {
        Value::Null => return Ok(()),
        Value::Array(attachments) => attachments,
        _ => return Err(invalid("`attachments` is not a list".into())),
    };
    if attachments.len() > MAX_ATTACHMENTS {
        let reason = format!(
            "{} attachments, at most {MAX_ATTACHMENTS} are allowed",
            attachments.len()
        );
        return Err(Refusal {
            code: "too_many_attachments",
            reason,
        });
    }
    for (index, attachment) in attachments.iter().enumerate() {
        if !attachment.is_object() {
            return Err(invalid(format!("attachments[{index}] is not an object")));
        }
        check_blocks(&attachment["blocks"]).map_err(|why| invalid(format!("attachments[{index}].{why}")))?;
    }
    Ok(())
}

fn check_blocks(blocks: &Value) -> Checked {
    let blocks = match blocks {
        Value::Null => return Ok(()),
        Value::Array(blocks) => blocks,
        _ => return Err("blocks is not a list".into()),
    };
    at_most(blocks.len(), MAX_BLOCKS, "entries").map_err(|why| format!("blocks {why}"))?;
    let mut ids = HashSet::new();
    for (index, block) in blocks.iter().enumerate() {
        let at = format!("blocks[{index}]");
        check_block(block).map_err(|why| format!("{at} {why}"))?;
        if let Some(id) = block["block_id"].as_str() {
            at_most(id.chars().count(), 255, "characters").map_err(|why| format!("{at} block_id {why}"))?;
            if !ids.insert(id) {
                return Err(format!("{at} block_id `{id}` is used twice"));
            }
        }
    }
    Ok(())
}

fn check_block(block: &Value) -> Checked {
    let kind = block["type"].as_str().ok_or("has no `type`")?;
    let checked = match kind {
        "header" => text(block, "text", &["plain_text"], 150),
        "section" => section(block),
        "context" => each(block, "elements", 10, |element| match element["type"].as_str() {
            Some("image") => image(element),
            _ => text_object(element, &TEXT_TYPES, 3000),
        }),
        "actions" => each(block, "elements", 25, element),
        "image" => image(block),
        "markdown" => string(block, "text", 12_000),
        "divider" => Ok(()),
        other if OTHER_BLOCKS.contains(&other) => Ok(()),
        other => return Err(format!("has the unknown type `{other}`")),
    };
    checked.map_err(|why| format!("({kind}): {why}"))
}

fn section(block: &Value) -> Checked {
    if block["text"].is_null() && block["fields"].is_null() {
        return Err("it needs `text` or `fields`".into());
    }
    if !block["text"].is_null() {
        text(block, "text", &TEXT_TYPES, 3000)?;
    }
    if !block["fields"].is_null() {
        each(block, "fields", 10, |field| text_object(field, &TEXT_TYPES, 2000))?;
    }
    if block["accessory"].is_null() {
        Ok(())
    } else {
        element(&block["accessory"])
    }
}

/// A button or another interactive element.
fn element(element: &Value) -> Checked {
    match element["type"].as_str() {
        None => Err("has no `type`".into()),
        Some("image") => image(element),
        Some("button") => {
            text(element, "text", &["plain_text"], 75)?;
            for (key, limit) in [("url", 3000), ("value", 2000), ("action_id", 255)] {
                if !element[key].is_null() {
                    string(element, key, limit)?;
                }
            }
            match element["style"].as_str() {
                Some("primary" | "danger") => Ok(()),
                None if element["style"].is_null() => Ok(()),
                _ => Err("`style` is `primary` or `danger`, or absent".into()),
            }
        }
        Some(_) => Ok(()),
    }
}

fn image(image: &Value) -> Checked {
    if image["slack_file"].is_null() {
        string(image, "image_url", 3000)?;
    }
    string(image, "alt_text", 2000)?;
    if image["title"].is_null() {
        Ok(())
    } else {
        text(image, "title", &["plain_text"], 2000)
    }
}

fn each(block: &Value, key: &str, limit: usize, check: impl Fn(&Value) -> Checked) -> Checked {
    let items = block[key]
        .as_array()
        .ok_or_else(|| format!("`{key}` is not a list"))?;
    if items.is_empty() {
        return Err(format!("`{key}` is empty"));
    }
    at_most(items.len(), limit, "entries").map_err(|why| format!("`{key}` {why}"))?;
    for (index, item) in items.iter().enumerate() {
        check(item).map_err(|why| format!("{key}[{index}] {why}"))?;
    }
    Ok(())
}

fn text(parent: &Value, key: &str, types: &[&str], limit: usize) -> Checked {
    text_object(&parent[key], types, limit).map_err(|why| format!("`{key}` {why}"))
}

fn text_object(object: &Value, types: &[&str], limit: usize) -> Checked {
    match object["type"].as_str() {
        Some(kind) if types.contains(&kind) => length(&object["text"], limit),
        Some(kind) => Err(format!(
            "is of type `{kind}` where {} is expected",
            types.join(" or ")
        )),
        None => Err(format!("is not an object of type {}", types.join(" or "))),
    }
}

fn string(parent: &Value, key: &str, limit: usize) -> Checked {
    length(&parent[key], limit).map_err(|why| format!("`{key}` {why}"))
}

fn length(text: &Value, limit: usize) -> Checked {
    match text.as_str() {
        None => Err("is missing or not a string".into()),
        Some("") => Err("is empty".into()),
        Some(text) => at_most(text.chars().count(), limit, "characters"),
    }
}

fn at_most(found: usize, limit: usize, unit: &str) -> Checked {
    if found <= limit {
        Ok(())
    } else {
        Err(format!("has {found} {unit}, at most {limit} are allowed"))
    }
}

#[cfg(test)]
mod tests;
