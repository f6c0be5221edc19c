//! A card as plain text, for whoever can show no more: a terminal, a mail, a workflow.

use crate::card::cut::cut;
use crate::card::{Card, Excerpt, Prose, Section};
use crate::locale::Words;

/// The whole card: the headline, what the sections say, how the message came, and the address of the page.
pub fn text(card: &Card) -> String {
    let mut lines = vec![card.headline.plain()];
    lines.extend(lines_of(card));
    lines.extend(card.page().map(str::to_owned));
    lines.join("\n")
}

/// What the sections and the footer say; a fact is its label and its value on one line.
pub(super) fn lines_of(card: &Card) -> Vec<String> {
    let line = |part: Part<'_>| match part.label {
        Some(label) => format!("{label}: {}", part.text),
        None => part.text,
    };
    parts(card).into_iter().map(line).collect()
}

/// A part of a text.
pub(super) struct Part<'a> {
    /// The label of a fact or of a page.
    pub label: Option<&'a str>,
    pub text: String,
}

/// What the sections and the footer say, part by part.
pub(super) fn parts(card: &Card) -> Vec<Part<'_>> {
    let words = card.locale.words();
    let alone = |text| Part { label: None, text };
    let mut parts = Vec::new();
    for section in &card.sections {
        match section {
            Section::Prose(prose) | Section::Small(prose) => parts.push(alone(said(prose, words))),
            Section::Facts(facts) => parts.extend(facts.iter().map(|fact| Part {
                label: Some(&fact.label),
                text: beginning(&fact.value, words),
            })),
            Section::Json { title, text } | Section::Lines { title, text } => {
                let title = title.map(|title| format!("{title}\n"));
                parts.push(alone(title.unwrap_or_default() + &beginning(text, words)));
            }
            Section::Links(links) => parts.extend(links.iter().map(|link| Part {
                label: Some(&link.label),
                text: link.page.clone(),
            })),
            Section::Rows(rows) => {
                let rows: Vec<_> = rows.iter().map(|row| row.phrase.plain()).collect();
                parts.push(alone(rows.join("\n")));
            }
        }
    }
    parts.extend(footer(card, words).map(alone));
    parts
}

fn said(prose: &Prose, words: &Words) -> String {
    let label = prose.label.map(|label| format!("{label}: "));
    label.unwrap_or_default() + &beginning(&prose.text, words)
}

fn beginning(excerpt: &Excerpt, words: &Words) -> String {
    part_of(excerpt, 1, words)
}

/// As much of a long text as is worth showing, or one of `share` parts of that.
pub(super) fn part_of(excerpt: &Excerpt, share: usize, words: &Words) -> String {
    cut(
        &excerpt.text,
        excerpt.beyond,
        excerpt.most / share,
        words,
        char::len_utf16,
    )
}

/// The label of the link, and how the message came.
fn footer(card: &Card, words: &Words) -> Option<String> {
    let label = card.link.iter().map(|link| link.label.clone());
    let way = card.footer.iter();
    let way = way.map(|entry| format!("{}: {}", entry.label, beginning(&entry.value, words)));
    let footer: Vec<_> = label.chain(way).collect();
    (!footer.is_empty()).then(|| footer.join("  ·  "))
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::json;

    #[test]
    fn it_says_all_that_the_card_says() {
        let message = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "NewStateReason": "a <b> *c*",
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:111122223333:alarm:cpu" });
        let event = json!({ "Records": [{ "Sns": { "Message": message.to_string(),
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:t" } }] });
        assert_eq!(
            text(&compose(&read(&event)[0], &Settings::default())),
            "🚨 cpu is in alarm  ·  us-east-1\nState: ? → In alarm\nAccount: 111122223333\nReason: a <b> *c*\n\
             Open in CloudWatch  ·  Topic: t\n\
             https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#alarmsV2:alarm/cpu"
        );
    }

    #[test]
    fn a_further_page_has_its_address() {
        let alarm = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM",
            "AlarmDescription": "See https://wiki.example.com/cpu." });
        let text = text(&compose(&read(&alarm)[0], &Settings::default()));
        let line = "\nRunbook (wiki.example.com): https://wiki.example.com/cpu\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let card = compose(
            &read(&json!({ "x": "y".repeat(20_000) }))[0],
            &Settings::default(),
        );
        let text = text(&card);
        assert!(text.len() < 10_000 && text.contains(" more characters"), "{text}");
    }
}
