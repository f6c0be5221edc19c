//! What people did about an incident, and the buttons for what they may do, at the end of its message.
//! <https://docs.slack.dev/reference/block-kit/blocks/actions-block>

use serde_json::{Value, json};

use super::block::{Block, Text};
use super::markup;
use crate::card::Care;
use crate::contract::{Act, Locale};

/// Characters of a message that are kept free for this.
pub(super) const ROOM: usize = 1_000;

/// Adds it to a message.
pub(super) fn add(body: &mut Value, care: &Care, locale: Locale) {
    let words = locale.words();
    // Beside the bar, where there is one.
    let at = match body.pointer("/attachments/0/blocks") {
        Some(_) => "/attachments/0/blocks",
        None => "/blocks",
    };
    let Some(Value::Array(blocks)) = body.pointer_mut(at) else {
        return;
    };
    let lines = care.lines.iter().map(|line| markup::mrkdwn(line, None));
    blocks.extend(lines.map(|line| json!(Block::context(Text::mrkdwn(line)))));
    if !care.is_open {
        return;
    }
    let label = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": true });
    let offered = Act::ALL.iter().filter(|act| care.offers(**act));
    let mut buttons: Vec<_> = offered
        .map(|act| {
            json!({
                "type": "button", "action_id": act, "value": care.incident, "text": label((words.button)(*act)),
            })
        })
        .collect();
    // Slack tells of this one, too, and wants an answer.
    if let Some(page) = &care.page {
        buttons
            .push(json!({ "type": "button", "action_id": "open", "url": page, "text": label(words.open) }));
    }
    blocks.push(json!({ "type": "actions", "elements": buttons }));
}
