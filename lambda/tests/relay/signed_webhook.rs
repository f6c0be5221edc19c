//! The signed webhook: what a receiver gets of every sample, and that this is valid by its schema.

use crate::limits::{alarm, call, json as any_json, report, text as any_text};
use crate::support::{english, fixture, fixtures, korean, languages, read_wrapped};
use alertctl_relay::card::{Entry, Excerpt, Link, Phrase, Prose, Section};
use alertctl_relay::destination::signed_webhook::{event, fit};
use alertctl_relay::event::read;
use alertctl_relay::{Card, Settings, compose, digest, render, summarise};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

mod delivery;

/// Standard Webhooks advises no more than 20 kB.
const MAX_BODY: usize = 20_000;

/// The schema that receivers get. Here, what it does not know is refused, so that it knows all there is.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../../../docs/webhook.schema.json");
    let mut schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    close(&mut schema);
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&schema).expect("a schema")
});

/// Lets no object have other fields than those that the schema knows.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.get("type") == Some(&json!("object")) {
                map.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// The rules of `CloudEvents` for what the schema leaves open.
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#context-attributes>
fn assert_cloud_event(event: &Value) {
    let kept = [
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "subject",
        "datacontenttype",
        "dataschema",
        "data",
    ];
    for (name, value) in event.as_object().expect("an object") {
        assert!(kept.contains(&name.as_str()), "{name}");
        // Names have lower-case letters and digits only, and values are not empty.
        assert!(
            value.is_object() || !value.as_str().expect("a text").is_empty(),
            "{name}"
        );
    }
}

fn assert_valid(card: &Card) -> Value {
    let event = json!(event(card));
    let problems: Vec<_> = SCHEMA
        .iter_errors(&event)
        .map(|problem| format!("{}: {problem}", problem.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}\n{event:#}");
    assert_cloud_event(&event);
    let size = event.to_string().len();
    assert!(size <= MAX_BODY, "{size}");
    event
}

fn assert_all_valid(event: &Value, settings: &Settings) {
    let crowd: Vec<_> = (0..40).map(|index| format!("{index:064}")).collect();
    let mut lines = Vec::new();
    for notice in read(event) {
        let mut card = compose(&notice, settings);
        card.mention(&crowd);
        let id = assert_valid(&card)["id"].clone();
        card.late(Duration::from_secs(4_000));
        assert_eq!(assert_valid(&card)["id"], id);
        let test = notice.clone().marked("t-0a1b2c3d");
        let event = assert_valid(&compose(&test, settings));
        assert_eq!(event["type"], "alertctl.alert.test.v1");
        lines.extend([summarise(&notice, settings), summarise(&test, settings)]);
    }
    for digest in digest(&lines, settings, fit) {
        assert_valid(&digest.card);
    }
}

#[test]
fn every_fixture_is_valid_by_the_schema_in_both_languages() {
    for (_, settings) in languages() {
        for name in fixtures() {
            assert_all_valid(&fixture(&name), &settings);
            for delivery in render(&fixture(&name), &settings).deliveries {
                assert_valid(&delivery.card);
            }
        }
        let notices = fixtures().into_iter().flat_map(|name| read(&fixture(&name)));
        let lines: Vec<_> = notices.map(|notice| summarise(&notice, &settings)).collect();
        let digests = digest(&lines, &settings, fit);
        assert!((2..10).contains(&digests.len()), "{}", digests.len());
        let rows = digests.iter().map(|digest| {
            let event = assert_valid(&digest.card);
            assert_eq!(event["type"], "alertctl.alert.digest.v1");
            event["data"]["rows"].as_array().expect("rows").len()
        });
        assert!(rows.sum::<usize>() > 100);
    }
}

#[test]
fn each_fixture_is_a_message_of_its_own() {
    let notices = fixtures().into_iter().flat_map(|name| read(&fixture(&name)));
    let mut told: BTreeMap<String, Card> = BTreeMap::new();
    let mut count = 0;
    for card in notices.map(|notice| compose(&notice, &english())) {
        count += 1;
        if let Some(same) = told.insert(card.identity(), card.clone()) {
            // Some samples are one event that came in two ways.
            let same_step = card.incident.is_some() && card.incident == same.incident;
            assert!(same_step || card.headline == same.headline, "{card:#?}");
        }
    }
    assert!(told.len() + 10 > count && count > 100, "{} {count}", told.len());
}

#[test]
fn a_schema_that_is_wrong_is_noticed() {
    let card = compose(&read(&fixture("alarm-in-alarm"))[0], &english());
    let event = json!(event(&card));
    assert!(SCHEMA.is_valid(&event));
    for (pointer, value) in [
        ("/id", json!("a.b")),
        ("/type", json!("alertctl.alert.firing.v2")),
        ("/time", json!("yesterday")),
        ("/data/severity", json!("bad")),
        ("/data/title", json!("")),
        ("/data/facts/0", json!({ "label": "x" })),
        ("/data/facts/0/value", json!("")),
        ("/data/links/0/url", json!("x y")),
        ("/data/sections/0/kind", json!("html")),
        ("/data/test", json!("no")),
        ("/data", json!({})),
        ("/data/footer/0", json!({ "label": "x", "value": "y", "z": 1 })),
    ] {
        let mut wrong = event.clone();
        *wrong.pointer_mut(pointer).expect(pointer) = value;
        assert!(!SCHEMA.is_valid(&wrong), "{pointer}");
    }
}

const TELLING: [&str; 8] = [
    "alarm-in-alarm",
    "alarm-ok",
    "call-denied",
    "elastalert-match",
    "guardduty",
    "health-issue-closed",
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
            let events: Vec<_> = cards(name).iter().map(|card| json!(event(card))).collect();
            ((*name).to_owned(), json!(events))
        })
        .collect();
    let mut calling = cards("alarm-in-alarm").remove(0);
    calling.mention(&[
        "@here".to_owned(),
        "team:ops".to_owned(),
        "no such name".to_owned(),
    ]);
    calling.late(Duration::from_secs(4_000));
    told.insert("late and calling".to_owned(), json!(event(&calling)));
    let lines = TELLING.iter().flat_map(|name| read_wrapped(&fixture(name)));
    let lines: Vec<_> = lines.map(|notice| summarise(&notice, settings)).collect();
    let digests = digest(&lines, settings, fit);
    let digests: Vec<_> = digests.iter().map(|digest| json!(event(&digest.card))).collect();
    told.insert("digest".to_owned(), json!(digests));
    told.into()
}

#[test]
fn what_a_receiver_gets() {
    insta::assert_json_snapshot!(
        "signed_webhook",
        json!({ "en": telling(&english()), "ko": telling(&korean()) })
    );
}

/// Nothing fits: the title, the state and the page stay.
#[test]
fn what_matters_most_is_never_cut() {
    for mark in ["x", "\"", "가", "\\\n"] {
        let long = |most: usize| Excerpt {
            text: mark.repeat(9_000),
            beyond: 5,
            most,
        };
        let mut card = compose(&read(&fixture("alarm-in-alarm"))[0], &english());
        let own = card.link.clone().expect("a link").page;
        let fact = Entry {
            label: mark.repeat(300),
            value: long(700),
            code: false,
        };
        let page = Link {
            page: format!("https://x.example/{}", "a".repeat(2_500)),
            label: mark.repeat(100),
        };
        let prose = Prose {
            label: None,
            text: long(9_000),
        };
        card.headline.push(&Phrase::text(&mark.repeat(3_000)));
        card.sections = vec![
            Section::Prose(prose.clone()),
            Section::Facts(vec![fact; 40]),
            Section::Json {
                title: None,
                text: long(9_000),
            },
            Section::Links(vec![page; 9]),
            Section::Prose(prose),
        ];
        let event = assert_valid(&card);
        let data = &event["data"];
        assert!(
            data["title"]
                .as_str()
                .expect("a title")
                .starts_with("🚨 mission-cpu-alarm is in alarm")
        );
        assert_eq!(
            (&data["state"], &data["links"][0]["url"]),
            (&json!("firing"), &json!(own))
        );
    }
}

#[test]
fn what_is_missing_is_counted() {
    let mut card = compose(&read(&fixture("text"))[0], &english());
    let text = Excerpt {
        text: "가".repeat(9_500),
        beyond: 7,
        most: 9_000,
    };
    card.sections = vec![Section::Json { title: None, text }];
    let event = assert_valid(&card);
    let section = &event["data"]["sections"][0];
    let shown = section["text"].as_str().expect("a text").chars().count();
    assert_eq!(section["omitted"], 9_507 - shown);
    assert!((1_000..9_000).contains(&shown), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn anything_is_valid(
        event in prop_oneof![any_json(), call(), report(), alarm(), any_text().prop_map(Value::from)],
    ) {
        assert_all_valid(&event, &english());
        assert_all_valid(&event, &korean());
    }
}
