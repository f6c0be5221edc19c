//! What people did about an incident, and the buttons for what they may do, at the end of its message.
//! <https://docs.slack.dev/reference/block-kit/blocks/actions-block>

use serde_json::{Value, json};

use super::block::{Block, Text};
use super::markup;
use crate::card::Care;
use crate::contract::{Act, Locale};

/// Characters of a message that are kept free for this.
pub(super) const ROOM: usize = 1_000;

/// Longest address of a button.
const MAX_URL: usize = 3_000;

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
    if let Some(page) = care.page.as_ref().filter(|page| page.len() <= MAX_URL) {
        buttons
            .push(json!({ "type": "button", "action_id": "open", "url": page, "text": label(words.open) }));
    }
    blocks.push(json!({ "type": "actions", "elements": buttons }));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slack refuses the whole message for one such button.
    #[test]
    fn a_page_that_is_too_long_for_a_button_has_none() {
        for (length, count) in [(3_000, 5), (3_001, 4)] {
            let care = Care {
                incident: "k".to_owned(),
                is_open: true,
                is_acknowledged: false,
                is_snoozed: false,
                lines: Vec::new(),
                page: Some(format!("https://{}", "x".repeat(length - 8))),
            };
            let mut body = json!({ "blocks": [] });
            add(&mut body, &care, Locale::En);
            let elements = body["blocks"][0]["elements"].as_array().expect("buttons");
            assert_eq!(elements.len(), count, "{length}");
        }
    }
}
