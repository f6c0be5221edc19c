//! What Google Chat shows of a card.

use crate::support::google_chat::{assert_valid_for_all, html, marks, problems, shown, structure};
use crate::support::hostile::{self, HOSTILE};
use crate::support::{english, fixture, fixtures, languages, read_wrapped};
use alertctl_relay::card::Phrase;
use alertctl_relay::{Card, Locale, Settings, compose, digest, google_chat, summarise};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write as _;

mod delivery;

/// The samples of which the messages are read by people.
const TELLING: [&str; 8] = [
    "alarm-in-alarm",
    "alarm-recovered",
    "call-ports-open",
    "sign-in-root-without-mfa",
    "guardduty",
    "cost-anomaly",
    "elastalert-match",
    "other-event",
];
const PEOPLE: [&str; 2] = ["users/all", "users/123456789012345678901"];

fn cards(name: &str, settings: &Settings) -> Vec<Card> {
    let notices = read_wrapped(&fixture(name));
    notices.iter().map(|notice| compose(notice, settings)).collect()
}

fn digests(names: &[&str], settings: &Settings) -> Vec<Card> {
    let notices = names.iter().flat_map(|name| read_wrapped(&fixture(name)));
    let lines: Vec<_> = notices.map(|notice| summarise(&notice, settings)).collect();
    let digests = digest(&lines, settings, google_chat::fit);
    digests.into_iter().map(|digest| digest.card).collect()
}

#[test]
fn telling_samples_in_both_languages() {
    let mut all = String::new();
    let people = PEOPLE.map(str::to_owned);
    for (language, settings) in languages() {
        for name in TELLING {
            for card in cards(name, &settings) {
                let message = json!(google_chat::message(&card));
                write!(all, "\n=== {name}.{language}\n{}\n", shown(&message)).expect("a text");
            }
        }
        for mut card in digests(&TELLING, &settings) {
            card.mention(&people);
            let message = json!(google_chat::message(&card));
            write!(all, "\n=== digest.{language}\n{}\n", shown(&message)).expect("a text");
        }
        let mut card = cards("alarm-in-alarm", &settings).remove(0);
        card.mention(&people);
        let plain = json!(google_chat::plain(&card))
            .to_string()
            .replace('\u{200b}', "\\u200b");
        write!(all, "\n=== plain.{language}\n{}\n", plain.replace("\\n", "\n")).expect("a text");
    }
    let mut card = cards("alarm-in-alarm", &english()).remove(0);
    card.mention(&people);
    write!(all, "\n=== JSON\n{:#}\n", json!(google_chat::message(&card))).expect("a text");
    insta::assert_snapshot!(all);
}

#[test]
fn every_fixture_in_both_languages() {
    for (_, settings) in languages() {
        for name in fixtures() {
            cards(&name, &settings).iter().for_each(assert_valid_for_all);
        }
        let names = fixtures();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let digests = digests(&names, &settings);
        digests.iter().for_each(assert_valid_for_all);
        assert!(digests.len() < 6, "{}", digests.len());
    }
}

#[test]
fn each_text_from_outside_is_only_text() {
    for text in HOSTILE {
        assert_inert(text);
    }
    assert_inert(&HOSTILE.join(" "));
}

/// The card with this text everywhere has the structure of that with `x`.
fn assert_inert(text: &str) {
    for locale in Locale::ALL {
        let of = |card: &Card| structure(&json!(google_chat::message(card)));
        let (card, plain) = (hostile::card(text, locale), hostile::card("x", locale));
        assert_valid_for_all(&card);
        assert_eq!(of(&card), of(&plain), "{text}");
        let marks = |card| {
            let message = json!(google_chat::plain(card));
            let found = marks(message["text"].as_str().expect("a text"));
            // The names of the pages differ.
            let page = |mark: &String| mark.split('|').next().unwrap_or_default().to_owned();
            found.iter().map(page).collect::<Vec<_>>()
        };
        assert_eq!(marks(&card), marks(&plain), "{text}");
        let rows = |text| hostile::digest(hostile::rows(text, 3), locale);
        assert_valid_for_all(&rows(text));
        // However many paragraphs they are.
        let tags = |card: &Card| {
            structure(&json!(google_chat::message(card)))
                .to_string()
                .matches("\"b\"")
                .count()
        };
        assert_eq!(tags(&rows(text)), tags(&rows("x")), "{text}");
    }
}

/// What must stay of a card that is too long: the headline, all of its facts and its page.
fn assert_kept(card: &Card) {
    let message = json!(google_chat::message(card));
    let sections = &message["cardsV2"][0]["card"]["sections"];
    let headline = sections[0]["widgets"][0]["textParagraph"]["text"]
        .as_str()
        .expect("a headline");
    assert!(
        html(headline).is_ok() && headline.starts_with("<font color=\"#d7263d\">▌</font> <b>"),
        "{headline}"
    );
    let page = &sections[2]["widgets"][0]["buttonList"]["buttons"][0]["onClick"]["openLink"]["url"];
    assert_eq!(page, &json!(card.link.as_ref().map(|link| &link.page)));
    let facts = sections[1]["widgets"].as_array().expect("widgets").iter();
    assert_eq!(
        facts
            .filter(|widget| widget.get("decoratedText").is_some())
            .count(),
        10
    );
}

#[test]
fn however_long_a_text_is_the_message_fits_and_says_what_is_missing() {
    for text in ["a", "가", "\"", "<", "&", "\\", "🚨", "*", "\n  "] {
        for locale in Locale::ALL {
            let mut card = hostile::card(&format!("x{}x", text.repeat(9_500)), locale);
            card.headline
                .push(&Phrase::text(&format!("x{}x", text.repeat(2_000))));
            assert_valid_for_all(&card);
            assert_kept(&card);
            let message = json!(google_chat::message(&card)).to_string();
            let more = message.matches(match locale {
                Locale::En => " more characters",
                Locale::Ko => "자 더 있음",
            });
            assert!(more.count() > 10, "{message}");
        }
    }
}

#[test]
fn a_digest_shows_as_many_rows_as_fit() {
    for text in ["cpu", "가나다 \"<라>\""] {
        let rows = hostile::rows(&text.repeat(20), 200);
        let count = google_chat::fit(&rows, Locale::En);
        assert!((10..120).contains(&count), "{count}");
        let card = hostile::digest(rows[..count].to_vec(), Locale::Ko);
        assert_valid_for_all(&card);
        let message = json!(google_chat::message(&card)).to_string();
        assert!(message.len() > 20_000, "{}", message.len());
    }
}

#[test]
fn the_steps_of_an_incident_have_one_thread_and_nothing_else_has_any() {
    let thread =
        |name: &str| json!(google_chat::message(&cards(name, &english())[0]))["thread"]["threadKey"].clone();
    assert!(thread("alarm-in-alarm").is_string());
    assert_eq!(thread("alarm-ok"), thread("alarm-ok"));
    assert_eq!(thread("text"), Value::Null);
    assert_eq!(thread("call-root"), Value::Null);
    let card = &cards("alarm-in-alarm", &english())[0];
    assert_eq!(
        json!(google_chat::plain(card))["thread"]["threadKey"],
        thread("alarm-in-alarm")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_is_only_text(text in hostile::text()) {
        assert_inert(&text);
    }

    #[test]
    fn any_long_text_fits(text in hostile::long()) {
        let card = hostile::card(&text, Locale::Ko);
        assert_valid_for_all(&card);
        assert_kept(&card);
        let rows = hostile::rows(&text, 120);
        let count = google_chat::fit(&rows, Locale::En).max(1);
        assert_valid_for_all(&hostile::digest(rows[..count].to_vec(), Locale::En));
    }
}

/// The judge itself refuses what Google Chat would.
#[test]
fn the_judge_refuses_what_google_chat_refuses() {
    let with = |change: fn(&mut Value)| {
        let mut message = json!(google_chat::message(&hostile::card("x", Locale::En)));
        assert!(problems(&message).is_empty());
        change(&mut message);
        problems(&message).len()
    };
    fn sections(message: &mut Value) -> &mut Value {
        &mut message["cardsV2"][0]["card"]["sections"]
    }
    fn headline(message: &mut Value) -> &mut Value {
        &mut sections(message)[0]["widgets"][0]["textParagraph"]["text"]
    }
    let changes: [fn(&mut Value); 12] = [
        |message| message["mention"] = json!("x"),
        |message| message["thread"]["threadKey"] = json!("x".repeat(4_001)),
        |message| sections(message)[0]["widgets"] = json!([]),
        |message| {
            sections(message)[0]["widgets"] = json!(vec![json!({ "textParagraph": { "text": "x" } }); 101])
        },
        |message| sections(message)[0]["widgets"][0]["divider"] = json!({}),
        |message| {
            sections(message)[2]["widgets"][0]["buttonList"]["buttons"][0]["onClick"]["openLink"]["url"] =
                json!("x")
        },
        |message| *headline(message) = json!("<b>x"),
        |message| *headline(message) = json!("<b>x</i>"),
        |message| *headline(message) = json!("<script>x</script>"),
        |message| *headline(message) = json!("<a href=\"javascript:x\">x</a>"),
        |message| *headline(message) = json!("a & b"),
        |message| *headline(message) = json!("x".repeat(31_000)),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert!(with(change) > 0, "{index}");
    }
    for text in [
        "<users/all>",
        "*b*",
        "_i_",
        "`c`",
        "[x](y)",
        "http://x",
        "x.example",
        "a@b",
        ":tada:",
        "- a",
        "1. a",
        "  > q",
    ] {
        assert!(!marks(text).is_empty(), "{text}");
    }
}
