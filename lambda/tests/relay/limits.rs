//! Whatever arrives, each destination accepts the message.

use crate::support::{fixture, fixtures, korean, languages};
use alertctl_relay::card::{Phrase, Row};
use alertctl_relay::event::{GuardOutcome, Guarded, Notice, read};
use alertctl_relay::{
    Card, Endpoint, Line, Locale, Settings, Template, compose, digest, google_chat, render, slack, summarise,
    teams, text as plain_text,
};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

mod accepted;
mod mutation;
mod random;

use accepted::assert_shown;
use mutation::{mutated, mutation};
use random::replace;
pub use random::{alarm, call, json, report, text};

/// Checks the message as it is, with as many mentions as possible, for a workflow, and as part of a test.
fn assert_notice_valid(notice: &Notice, settings: &Settings) {
    let crowd: Vec<_> = (0..40).map(|index| format!("S{index:031}")).collect();
    let mut card = compose(notice, settings);
    assert_shown(&card);
    crate::support::teams::assert_valid(&card);
    crate::support::google_chat::assert_valid(&card);
    card.mention(&crowd);
    assert_shown(&card);
    let mut test = compose(&notice.clone().marked("t-0a1b2c3d"), settings);
    test.mention(&crowd);
    assert_shown(&test);
    let test = json!(slack::message(&test));
    for called in [&test["text"], &test["blocks"]] {
        assert!(!called.to_string().contains("<!"), "a test calls somebody");
    }
    let marked = notice.clone().marked("t-0a1b2c3d");
    assert_digests_valid(
        &[summarise(notice, settings), summarise(&marked, settings)],
        settings,
    );
}

/// What makes a digest fit a destination, and what checks that it does.
type Fitting = (fn(&[Row], Locale) -> usize, fn(&Card));

/// Checks that digests show every line once and that each destination accepts them, with and without mentions.
fn assert_digests_valid(lines: &[Line], settings: &Settings) {
    let crowd: Vec<_> = (0..40).map(|index| format!("S{index:031}")).collect();
    let destinations: [Fitting; 3] = [
        (slack::fit, assert_shown),
        (teams::fit, crate::support::teams::assert_valid),
        (google_chat::fit, crate::support::google_chat::assert_valid),
    ];
    for (fit, check) in destinations {
        let mut covered = Vec::new();
        for digest in digest(lines, settings, fit) {
            let mut card = digest.card;
            card.mention(&crowd);
            check(&card);
            covered.extend(digest.covers);
        }
        covered.sort_unstable();
        assert!(covered.into_iter().eq(0..lines.len()));
    }
}

fn assert_all_valid(event: &Value) {
    for (_, settings) in languages() {
        let settings = Settings {
            topics: Default::default(),
            ..settings
        };
        // Without routes only events without a topic have a destination; each event is checked in both ways.
        for notice in read(event) {
            assert_notice_valid(&notice, &settings);
        }
        let _ = render(event, &settings);
    }
}

fn delivery(message: &Value, subject: &str) -> Value {
    let topic = "arn:aws:sns:us-east-1:111122223333:t";
    json!({ "Records": [{ "Sns": { "TopicArn": topic, "Subject": subject, "Message": message } }] })
}

#[test]
fn every_fixture() {
    for name in fixtures() {
        assert_all_valid(&fixture(&name));
    }
}

#[test]
fn every_fixture_in_one_digest() {
    for (_, settings) in languages() {
        let notices = fixtures().into_iter().flat_map(|name| read(&fixture(&name)));
        let lines: Vec<_> = notices.map(|notice| summarise(&notice, &settings)).collect();
        assert_digests_valid(&lines, &settings);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_json(event in json()) {
        assert_all_valid(&event);
        assert_all_valid(&delivery(&json!(event.to_string()), ""));
    }

    #[test]
    fn any_text(subject in text(), message in text()) {
        assert_all_valid(&delivery(&json!(message), &subject));
    }

    #[test]
    fn any_bytes(message in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = String::from_utf8_lossy(&message);
        assert_all_valid(&delivery(&json!(text), &text));
        if let Ok(event) = alertctl_relay::parse_lenient(&text) {
            assert_all_valid(&event);
        }
    }

    #[test]
    fn any_sample_with_changes(
        name in prop::sample::select(fixtures()),
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let event = mutated(&name, &mutations);
        assert_all_valid(&event);
        // An endpoint's event has an envelope; the notices of the others are read from the event itself.
        let alert = event.get("event").unwrap_or(&event);
        let endpoint = Endpoint { key: name, ..Endpoint::default() };
        assert_notice_valid(&endpoint.notice(alert), &korean());
    }

    #[test]
    fn any_call(call in call()) {
        assert_all_valid(&call);
        assert_all_valid(&call["detail"]);
    }

    #[test]
    fn any_report(event in report()) {
        assert_all_valid(&event);
        assert_all_valid(&delivery(&json!(event.to_string()), "x"));
    }

    #[test]
    fn any_alarm(alarm in alarm()) {
        assert_all_valid(&delivery(&json!(alarm.to_string()), "x"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_digest(
        events in prop::collection::vec(prop_oneof![json(), call(), report(), alarm()], 1..12),
        times in 1..8usize,
    ) {
        for (_, settings) in languages() {
            let lines: Vec<_> = events.iter().flat_map(read).map(|notice| summarise(&notice, &settings)).collect();
            let many: Vec<_> = (0..times * lines.len()).map(|index| {
                let mut line = lines[index % lines.len()].clone();
                // Every second line repeats another one.
                let mut headline = Phrase::text(&format!("{}:", index / 2));
                headline.push(&line.headline);
                line.key = headline.clone();
                line.headline = headline;
                line
            }).collect();
            assert_digests_valid(&lines, &settings);
            assert_digests_valid(&many, &settings);
        }
    }

    #[test]
    fn any_guarded_trail(event in json(), actor in text(), trail in text(), reason in text()) {
        let detail = json!({ "userIdentity": { "userName": actor }, "requestParameters": { "name": trail }, "x": event });
        let outcomes = [GuardOutcome::Restarted, GuardOutcome::AlreadyLogging, GuardOutcome::Failed(reason)];
        for outcome in outcomes {
            let guarded = Guarded { outcome, event: json!({ "detail": detail }).into() };
            for (_, settings) in languages() {
                prop_assert!(!guarded.sns_text(&settings).text.is_empty());
                assert_notice_valid(&guarded.clone().into(), &settings);
            }
        }
    }

    #[test]
    fn any_alert(alert in json(), subject in text(), body in text()) {
        let plain = Endpoint { key: subject.clone(), ..Endpoint::default() };
        let template = |text: &String| Template::parse(&format!("{}{{a.0}}", text.replace('{', "{{").replace('}', "}}"))).ok();
        let worded = Endpoint { subject: template(&subject), body: template(&body), ..plain.clone() };
        prop_assert!(worded.subject.is_some() && worded.body.is_some());
        for endpoint in [plain, worded] {
            let sns_text = endpoint.sns_text(&alert, Locale::En);
            prop_assert!(!sns_text.subject.is_empty() && sns_text.text.len() <= 262_144);
            assert_notice_valid(&endpoint.notice(&alert), &korean());
        }
    }
}
