//! The same message for a webhook that starts a workflow: one flat object of texts.
//!
//! Such a webhook accepts only the variables that it was created with; Slack answers 400 to any other set of
//! keys (fraschetti/Octoslack#135, aws-samples/aws-health-aware#39). So the keys never change.

use super::Message;
use super::block::{Block, Text};
use super::markup::{clip, one_line, without_markup};
use crate::contract::{Locale, Severity};
use crate::template::MISSING;
use std::collections::BTreeMap;

/// Longest headline of a flat message.
const MAX_TEXT: usize = 500;
/// Longest details. A workflow puts all values into one message, which Slack limits to 4,000 characters.
const MAX_DETAILS: usize = 2_500;
/// Longest name of an account (with its alias) or of a region.
const MAX_NAME: usize = 100;

/// The values of a flat message besides its texts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct About {
    pub severity: Severity,
    pub account: Option<String>,
    pub region: Option<String>,
    pub time: Option<String>,
    pub page: Option<String>,
    pub stack: String,
    pub locale: Locale,
    /// Whether it is part of a test.
    pub test: bool,
}

impl Message {
    /// The message for a workflow, always with the same keys: `account`, `details`, `link`, `mention`,
    /// `region`, `severity`, `stack`, `text`, `time`. A missing value is `N/A`.
    ///
    /// Slack does not document whether it interprets markup in a workflow's variables. So the texts contain no
    /// markup, and no `<` or `>` that could become markup.
    pub fn flat(&self) -> BTreeMap<String, String> {
        let about = &self.about;
        let details: Vec<_> = self.blocks.iter().flat_map(texts).collect();
        let words = about.locale.words();
        let name = |text: &Option<String>| {
            let text = text.as_deref().map(one_line).unwrap_or_default();
            clip(&text, MAX_NAME, words)
        };
        [
            ("account", name(&about.account)),
            ("details", clip(&details.join("\n\n"), MAX_DETAILS, words)),
            ("link", about.page.clone().unwrap_or_default()),
            ("mention", self.mentions.join(" ")),
            ("region", name(&about.region)),
            ("severity", about.severity.name().to_owned()),
            ("stack", about.stack.clone()),
            ("text", clip(&without_markup(&self.text), MAX_TEXT, words)),
            ("time", name(&about.time)),
        ]
        .into_iter()
        .map(|(key, value)| {
            let value = if value.trim().is_empty() {
                MISSING.to_owned()
            } else {
                value
            };
            (key.to_owned(), harmless(&value))
        })
        .collect()
    }
}

/// Replaces the characters that Slack could interpret as markup.
fn harmless(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›")
}

fn texts(block: &Block) -> Vec<String> {
    let texts: Vec<_> = match block {
        Block::Section { text, fields } => text.iter().chain(fields).collect(),
        Block::Context { elements } => elements.iter().collect(),
    };
    texts.into_iter().map(visible).collect()
}

/// A text without its markup.
pub(super) fn visible(text: &Text) -> String {
    match text {
        Text::PlainText { text, .. } => text.clone(),
        Text::Mrkdwn { text, .. } => without_markup(text),
    }
}

#[cfg(test)]
mod tests {
    use crate::event::read;
    use crate::{Settings, compose, digest, summarise};
    use serde_json::json;

    const KEYS: [&str; 9] = [
        "account", "details", "link", "mention", "region", "severity", "stack", "text", "time",
    ];

    fn alarm() -> serde_json::Value {
        let arn = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu";
        let message = json!({ "AlarmName": "cpu <!here>", "AlarmArn": arn, "NewStateValue": "ALARM",
            "AWSAccountId": "111122223333", "NewStateReason": "too <high>" });
        json!({ "Records": [{ "Sns": { "Message": message.to_string() } }] })
    }

    #[test]
    fn it_says_the_same_in_plain_words() {
        let settings = json!({ "stack": "mission", "accounts": { "111122223333": "production" } });
        let settings = Settings::parse(&settings.to_string()).expect("settings");
        let mut message = compose(&read(&alarm())[0], &settings);
        message.mention(&["@here".to_owned()]);
        let flat = message.flat();
        assert!(flat.keys().eq(KEYS.iter()), "{flat:#?}");
        assert_eq!(flat["account"], "production (111122223333)");
        assert_eq!(flat["severity"], "error");
        assert_eq!(flat["stack"], "mission");
        assert_eq!(flat["mention"], "@here");
        assert_eq!(flat["time"], "N/A");
        assert!(flat["text"].contains("cpu ‹!here›"), "{flat:#?}");
        assert!(flat["details"].contains("Reason: too ‹high›"), "{flat:#?}");
        assert!(flat["link"].starts_with("https://us-east-1.console.aws.amazon.com/"));
    }

    #[test]
    fn nothing_to_say_is_said_with_the_same_keys() {
        let settings = Settings::default();
        let notice = &read(&json!({}))[0];
        let digest = &digest(&[summarise(notice, &settings)], &settings)[0];
        for flat in [compose(notice, &settings).flat(), digest.message.flat()] {
            assert!(flat.keys().eq(KEYS.iter()), "{flat:#?}");
            assert_eq!((&*flat["stack"], &*flat["link"]), ("N/A", "N/A"));
        }
    }
}
