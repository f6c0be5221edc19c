//! Discord: what it shows of every sample, and that it takes it.

use crate::limits::{alarm, call, json as any_json, report, text as any_text};
use crate::support::discord::judge;
use crate::support::{english, fixture, fixtures, korean, languages, read_wrapped};
use alertctl_relay::card::Phrase;
use alertctl_relay::destination::discord::{fit, message, plain};
use alertctl_relay::event::read;
use alertctl_relay::{Card, Settings, compose, digest, render, summarise};
use proptest::prelude::*;
use serde_json::{Value, json};

mod delivery;
mod hostile;
mod rules;

/// As many mentions as possible.
fn crowd() -> Vec<String> {
    (0..40)
        .map(|index| format!("<@&1655115915451432{index:02}>"))
        .collect()
}

/// Discord takes the card in both forms, with and without mentions, and is called by nothing else.
fn assert_taken(card: &Card) {
    let mut calling = card.clone();
    calling.mention(&crowd());
    for card in [card, &calling] {
        for message in [json!(message(card)), json!(plain(card))] {
            if let Err(problem) = judge(&message) {
                panic!("{problem}\n{message:#}");
            }
            let called = message["allowed_mentions"].to_string();
            assert_eq!(called.contains("16551159"), !card.mentions.is_empty(), "{called}");
        }
    }
}

fn assert_all_taken(event: &Value, settings: &Settings) {
    let notices = read(event);
    let mut lines = Vec::new();
    for notice in &notices {
        assert_taken(&compose(notice, settings));
        let test = notice.clone().marked("t-0a1b2c3d");
        assert_taken(&compose(&test, settings));
        lines.extend([summarise(notice, settings), summarise(&test, settings)]);
    }
    for digest in digest(&lines, settings, fit) {
        assert_taken(&digest.card);
    }
}

#[test]
fn discord_takes_every_fixture_in_both_languages() {
    for (_, settings) in languages() {
        for name in fixtures() {
            assert_all_taken(&fixture(&name), &settings);
            for delivery in render(&fixture(&name), &settings).deliveries {
                assert_taken(&delivery.card);
            }
        }
        let notices = fixtures().into_iter().flat_map(|name| read(&fixture(&name)));
        let lines: Vec<_> = notices.map(|notice| summarise(&notice, &settings)).collect();
        let digests = digest(&lines, &settings, fit);
        assert!((3..20).contains(&digests.len()), "{}", digests.len());
        digests.iter().for_each(|digest| assert_taken(&digest.card));
    }
}

/// What is telling: facts, prose, JSON, a link, a digest, mentions, a test.
const TELLING: [&str; 8] = [
    "alarm-in-alarm",
    "alarm-ok",
    "call-denied",
    "elastalert-injection",
    "guardduty",
    "health-issue",
    "injection",
    "other-event",
];

fn telling(settings: &Settings) -> Value {
    let cards = |name: &str| -> Vec<Card> {
        let notices = read_wrapped(&fixture(name));
        notices.iter().map(|notice| compose(notice, settings)).collect()
    };
    let mut told: serde_json::Map<_, _> = TELLING
        .iter()
        .map(|name| {
            let messages: Vec<_> = cards(name).iter().map(|card| json!(message(card))).collect();
            ((*name).to_owned(), json!(messages))
        })
        .collect();
    let mut calling = cards("alarm-in-alarm").remove(0);
    calling.mention(&["@here".to_owned(), "<@&165511591545143296>".to_owned()]);
    let alarm = read(&fixture("alarm-in-alarm")).remove(0);
    told.insert("calling".to_owned(), json!(message(&calling)));
    told.insert("calling, plain".to_owned(), json!(plain(&calling)));
    told.insert(
        "a test".to_owned(),
        json!(message(&compose(&alarm.marked("t-0a1b2c3d"), settings))),
    );
    let lines = TELLING.iter().flat_map(|name| read_wrapped(&fixture(name)));
    let lines: Vec<_> = lines.map(|notice| summarise(&notice, settings)).collect();
    let digests = digest(&lines, settings, fit);
    let digests: Vec<_> = digests
        .iter()
        .map(|digest| json!(message(&digest.card)))
        .collect();
    told.insert("digest".to_owned(), json!(digests));
    told.into()
}

#[test]
fn what_discord_shows() {
    insta::assert_json_snapshot!(
        "discord",
        json!({ "en": telling(&english()), "ko": telling(&korean()) })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn discord_takes_anything(
        event in prop_oneof![any_json(), call(), report(), alarm(), any_text().prop_map(Value::from)],
    ) {
        assert_all_taken(&event, &english());
        assert_all_taken(&event, &korean());
    }

    #[test]
    fn discord_takes_any_digest(
        events in prop::collection::vec(prop_oneof![any_json(), call(), report(), alarm()], 1..8),
        times in 1..8usize,
    ) {
        let settings = korean();
        let lines: Vec<_> = events.iter().flat_map(read).map(|notice| summarise(&notice, &settings)).collect();
        let many: Vec<_> = (0..times * lines.len()).map(|index| {
            let mut line = lines[index % lines.len()].clone();
            let mut headline = Phrase::text(&format!("{index}:"));
            headline.push(&line.headline);
            line.key = headline.clone();
            line.headline = headline;
            line
        }).collect();
        for digest in digest(&many, &settings, fit) {
            assert_taken(&digest.card);
        }
    }
}
