//! Text from outside is only text, wherever it is, and what matters is never cut.

use super::assert_taken;
use crate::support::discord::{judge, shown};
use crate::support::english;
use alertctl_relay::card::{Entry, Excerpt, Link, Phrase, Prose, Row, Section};
use alertctl_relay::destination::discord::{message, plain};
use alertctl_relay::event::read;
use alertctl_relay::{Card, compose};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A card that has `text` from outside in every place.
fn card_of(text: &str) -> Card {
    let clean = |text: &str| Phrase::text(text).plain();
    let lines: Vec<_> = text.lines().map(clean).filter(|line| !line.is_empty()).collect();
    let excerpt = || Excerpt {
        text: lines.join("\n"),
        beyond: 0,
        most: 1_000,
    };
    let entry = || Entry {
        label: clean(text),
        value: excerpt(),
        code: false,
    };
    let link = |page: &str| Link {
        page: page.to_owned(),
        label: clean(text),
    };
    let prose = |label| Prose {
        label,
        text: excerpt(),
    };
    let mut headline = Phrase::title(text);
    headline.push(&Phrase::text(" in "));
    headline.push(&Phrase::code(text));
    let mut row = Phrase::text(text);
    row.push(&Phrase::strong(text));
    row.push(&Phrase::code(text));
    let row = Row {
        phrase: row,
        link: Some(link("https://x.example/b")),
    };
    let mut card = compose(&read(&json!({ "any": 1 }))[0], &english());
    card.headline = headline;
    card.link = Some(link("https://x.example/(a)"));
    card.sections = vec![
        Section::Prose(prose(None)),
        Section::Links(vec![link("https://x.example/c"), link("https://x.example/d")]),
        Section::Facts(vec![entry(), entry()]),
        Section::Prose(prose(Some("Reason"))),
        Section::Json {
            title: Some("Title"),
            text: excerpt(),
        },
        Section::Small(prose(Some("Agent"))),
        Section::Rows(vec![row.clone(), row]),
    ];
    card.footer = vec![entry()];
    card.account = Some(clean(text));
    card
}

/// The kinds of everything that is shown of a message, place by place. Of small print, of which each line is one, only once.
fn structure(message: &Value) -> Vec<String> {
    let mut structure = Vec::new();
    let mut see = |place: &str, text: &Value| {
        if let Some(text) = text.as_str() {
            let mut kinds = shown(text);
            kinds.dedup_by(|one, before| one == "text" && before == "text");
            structure.push(format!("{place}: {}", kinds.join(" ")));
        }
    };
    see("content", &message["content"]);
    for embed in message["embeds"].as_array().into_iter().flatten() {
        see("title", &embed["title"]);
        see("description", &embed["description"]);
        for field in embed["fields"].as_array().into_iter().flatten() {
            see("name", &field["name"]);
            see("value", &field["value"]);
        }
    }
    structure.push(message["allowed_mentions"].to_string());
    structure
}

const HOSTILE: &[&str] = &[
    "<!here>",
    "@everyone",
    "@here",
    "<@80351110224678912>",
    "<@&165511591545143296>",
    "<#103735883630395392>",
    "<t:1618953630>",
    "<https://evil.example>",
    "[x](http://evil)",
    "[x](<http://evil>)",
    "](https://evil.example)",
    "https://evil.example/a",
    "discord://x",
    "*b*",
    "**b**",
    "_i_",
    "__u__",
    "~~s~~",
    "||h||",
    "<at>x</at>",
    "`",
    "``",
    "```",
    "```js",
    "<b>x</b>",
    "&lt;",
    "\u{202e}",
    "\u{200b}",
    ":tada:",
    ":x",
    "\\",
    "\\\\",
    "# ",
    "-# ",
    "- ",
    "> ",
    "1. ",
    "a",
    "가",
    " ",
    "🚨",
];

fn hostile() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(HOSTILE), 0..6)
        .prop_map(|parts| format!("{}x", parts.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn text_from_outside_is_only_text(text in hostile()) {
        let everyone = ["@everyone".to_owned(), "<@80351110224678912>".to_owned()];
        for mentions in [&everyone[..0], &everyone] {
            let of = |text: &str| {
                let mut card = card_of(text);
                card.mention(mentions);
                card
            };
            let (card, tame) = (of(&text), of("x"));
            for (message, tame) in [(message(&card), message(&tame)), (plain(&card), plain(&tame))] {
                let (message, tame) = (json!(message), json!(tame));
                prop_assert_eq!(judge(&message), Ok(()));
                prop_assert_eq!(structure(&message), structure(&tame), "{}", message);
                // Discord looks for these before it takes out backslashes.
                let content = message["content"].as_str().unwrap_or_default();
                prop_assert_eq!(content.matches("@everyone").count(), mentions.len() / 2, "{}", content);
                prop_assert!(!content.contains("@here"), "{}", content);
            }
        }
    }

    #[test]
    fn lines_from_outside_are_only_text(text in hostile(), other in hostile()) {
        let of = |first: &str, second: &str| {
            let mut card = card_of("x");
            let text = [first, second].map(|line| Phrase::text(line).plain()).join("\n");
            let text = Excerpt { text, beyond: 0, most: 1_000 };
            card.sections = vec![
                Section::Prose(Prose { label: None, text: text.clone() }),
                Section::Facts(vec![Entry { label: "x".to_owned(), value: text.clone(), code: false }]),
                Section::Json { title: None, text },
            ];
            json!(message(&card))
        };
        prop_assert_eq!(structure(&of(&text, &other)), structure(&of("x", "x")));
    }
}

/// Nothing fits: the headline and the page stay.
#[test]
fn what_matters_most_is_never_cut() {
    let long = |text: &str| Excerpt {
        text: text.repeat(9_000 / text.len()),
        beyond: 5,
        most: 9_000,
    };
    for mark in ["x", "*", "가 ", "<@1> "] {
        let mut card = card_of("cpu");
        let fact = Entry {
            label: mark.repeat(300),
            value: long(mark),
            code: false,
        };
        let prose = || Prose {
            label: None,
            text: long(mark),
        };
        card.sections = vec![
            Section::Prose(prose()),
            Section::Facts(vec![fact; 30]),
            Section::Json {
                title: None,
                text: long(mark),
            },
            Section::Prose(prose()),
        ];
        let page = format!("https://x.example/{}", "a".repeat(2_500));
        for page in ["https://x.example/cpu", &page] {
            card.link.as_mut().expect("a link").page = page.to_owned();
            assert_taken(&card);
            let shown = json!(message(&card)).to_string();
            assert!(shown.contains("cpuin`cpu`") && shown.contains(page), "{shown}");
            assert!(shown.contains(" more characters"), "{shown}");
        }
        card.headline.push(&Phrase::text(&mark.repeat(400)));
        assert_taken(&card);
        let shown = json!(message(&card)).to_string();
        assert!(
            ["**cpu**in", "\"cpuincpu"]
                .iter()
                .any(|start| shown.contains(start))
                && shown.contains(&page),
            "{shown}"
        );
    }
}
