//! The same message in one text, without blocks: for a destination that refused it as it was.

use super::Message;
use super::markup::{clip_escaped, escape, plain as inert};
use crate::card::Card;
use crate::card::cut::width;
use crate::destination::text::lines_of;

/// Longest text that Slack shows whole.
/// <https://docs.slack.dev/changelog/2018-truncating-really-long-messages/>
const MAX_TEXT: usize = 4_000;
/// Longest details.
const MAX_DETAILS: usize = 2_000;

/// The headline with its mentions, what the blocks say, and that they are missing.
pub fn plain(card: &Card) -> Message {
    let words = card.locale.words();
    let message = super::message(card);
    let refused = format!("_{}_", words.refused_form);
    let page = card.link.as_ref().map(|link| format!("<{}>", escape(&link.page)));
    // The headline, its mentions, the note and the breaks between the lines.
    let room = MAX_TEXT - message.called() - width(&message.text) - width(&refused) - 3;
    let page = page.filter(|page| width(page) <= room).unwrap_or_default();
    let room = MAX_DETAILS.min(room - width(&page));
    let details = clip_escaped(&inert(&lines_of(card).join("\n")), room, words);
    let mut lines = vec![message.text, details, page, refused];
    lines.retain(|line| !line.trim().is_empty());
    Message {
        text: lines.join("\n"),
        blocks: Vec::new(),
        ..message
    }
}

#[cfg(test)]
mod tests {
    use super::plain;
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    #[test]
    fn it_says_the_same_without_blocks() {
        let message = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "NewStateReason": "a <b> *c*",
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu" });
        let event = json!({ "Records": [{ "Sns": { "Message": message.to_string() } }] });
        let mut card = compose(&read(&event)[0], &Settings::default());
        card.mention(&["@here".to_owned()]);
        let shown = json!(plain(&card));
        let text = shown["text"].as_str().expect("a text");
        assert!(text.starts_with("<!here> 🚨"), "{text}");
        assert!(text.contains("\nState: ? → In alarm\n"), "{text}");
        assert!(text.contains("a &lt;b&gt;") && !text.contains(" *c*"), "{text}");
        assert!(text.contains("console.aws.amazon.com/cloudwatch"), "{text}");
        assert!(shown.get("attachments").is_none(), "{shown}");
    }
}
