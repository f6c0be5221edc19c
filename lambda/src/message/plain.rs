//! The same message in one text, without blocks: for a destination that refused it as it was.

use super::Message;
use super::block::Block;
use super::flat::visible;
use super::markup::{clip_escaped, escape, plain};

/// Longest details. Slack shows a text of up to 4,000 characters.
/// <https://docs.slack.dev/changelog/2018-truncating-really-long-messages/>
const MAX_DETAILS: usize = 2_000;

impl Message {
    /// The headline with its mentions, what the blocks say, and that they are missing.
    pub fn plain(&self) -> Self {
        let words = self.about.locale.words();
        let details: Vec<_> = self.blocks.iter().flat_map(lines).collect();
        let details = clip_escaped(&plain(&details.join("\n")), MAX_DETAILS, words);
        let mut lines = vec![self.text.clone(), details];
        if let Some(page) = &self.about.page {
            lines.push(format!("<{}>", escape(page)));
        }
        lines.push(format!("_{}_", words.refused_form));
        lines.retain(|line| !line.trim().is_empty());
        Self {
            text: lines.join("\n"),
            blocks: Vec::new(),
            ..self.clone()
        }
    }
}

/// A line for each text of a block; a field is its label and its value.
fn lines(block: &Block) -> Vec<String> {
    match block {
        Block::Section { text, fields } => {
            let fields = fields.iter().map(|field| visible(field).replacen('\n', ": ", 1));
            text.iter().map(visible).chain(fields).collect()
        }
        Block::Context { elements } => elements.iter().map(visible).collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    #[test]
    fn it_says_the_same_without_blocks() {
        let message = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "NewStateReason": "a <b> *c*",
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu" });
        let event = json!({ "Records": [{ "Sns": { "Message": message.to_string() } }] });
        let mut message = compose(&read(&event)[0], &Settings::default());
        message.mention(&["@here".to_owned()]);
        let shown = json!(message.plain());
        let text = shown["text"].as_str().expect("a text");
        assert!(text.starts_with("<!here> 🚨"), "{text}");
        assert!(text.contains("\nState: ? → In alarm\n"), "{text}");
        assert!(text.contains("a &lt;b&gt;") && !text.contains(" *c*"), "{text}");
        assert!(text.contains("console.aws.amazon.com/cloudwatch"), "{text}");
        assert!(shown.get("attachments").is_none(), "{shown}");
    }
}
