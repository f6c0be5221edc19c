//! The same message for a webhook that starts a workflow: one flat object of texts.
//!
//! Such a webhook accepts only the variables that it was created with; Slack answers 400 to any other set of
//! keys (fraschetti/Octoslack#135, aws-samples/aws-health-aware#39). So the keys never change.

use super::mention;
use crate::card::Card;
use crate::card::cut::clip;
use crate::destination::text::parts;
use crate::template::MISSING;
use std::collections::BTreeMap;

/// Longest headline of a flat message.
const MAX_TEXT: usize = 500;
/// Longest details. A workflow puts all values into one message, which Slack limits to 4,000 characters.
const MAX_DETAILS: usize = 2_500;

/// The message for a workflow, always with the same keys: `account`, `details`, `link`, `mention`, `region`,
/// `severity`, `stack`, `text`, `time`. A missing value is `N/A`.
///
/// Slack does not document whether it interprets markup in a workflow's variables. So the texts contain no markup of
/// ours, and no `<` or `>` that could become markup.
pub fn flat(card: &Card) -> BTreeMap<String, String> {
    let words = card.locale.words();
    let name = |text: &Option<String>| text.clone().unwrap_or_default();
    let details = parts(card).into_iter().map(|part| match part.label {
        Some(label) => format!("{label}\n{}", part.text),
        None => part.text,
    });
    let details = details.collect::<Vec<_>>().join("\n\n");
    let mentions: Vec<_> = mention::of(card).map(|(who, _)| who).collect();
    let page = card.page().map(str::to_owned);
    [
        ("account", name(&card.account)),
        ("details", clip(&details, MAX_DETAILS, words)),
        ("link", page.unwrap_or_default()),
        ("mention", mentions.join(" ")),
        ("region", name(&card.region)),
        ("severity", card.severity.name().to_owned()),
        ("stack", card.stack.clone()),
        ("text", clip(&card.headline.plain(), MAX_TEXT, words)),
        ("time", name(&card.time)),
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

/// Replaces the characters that Slack could interpret as markup.
fn harmless(text: &str) -> String {
    text.replace('<', "‹").replace('>', "›")
}

#[cfg(test)]
mod tests {
    use super::flat;
    use crate::destination::slack;
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
        let mut card = compose(&read(&alarm())[0], &settings);
        card.mention(&["@here".to_owned()]);
        let flat = flat(&card);
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
        let digest = &digest(&[summarise(notice, &settings)], &settings, slack::fit)[0];
        for flat in [flat(&compose(notice, &settings)), flat(&digest.card)] {
            assert!(flat.keys().eq(KEYS.iter()), "{flat:#?}");
            assert_eq!((&*flat["stack"], &*flat["link"]), ("N/A", "N/A"));
        }
    }
}
