//! What Microsoft Teams shows of a card, and how a channel there is told.

use crate::support::course::{self, alert};
use crate::support::function::{Function, SECRET, lock};
use crate::support::hostile::{self, HOSTILE};
use crate::support::outside::{Answer, Outside};
use crate::support::teams::{assert_valid_for_all, problems, runs, shown, structure, workflow};
use crate::support::{english, fixture, fixtures, languages, read_wrapped};
use alertctl_relay::card::Phrase;
use alertctl_relay::event::read;
use alertctl_relay::{Card, Locale, Settings, compose, digest, summarise, teams};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fmt::Write as _;

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

fn cards(name: &str, settings: &Settings) -> Vec<Card> {
    let notices = read_wrapped(&fixture(name));
    notices.iter().map(|notice| compose(notice, settings)).collect()
}

fn digests(names: &[&str], settings: &Settings) -> Vec<Card> {
    let notices = names.iter().flat_map(|name| read_wrapped(&fixture(name)));
    let lines: Vec<_> = notices.map(|notice| summarise(&notice, settings)).collect();
    let digests = digest(&lines, settings, teams::fit);
    digests.into_iter().map(|digest| digest.card).collect()
}

#[test]
fn telling_samples_in_both_languages() {
    let mut all = String::new();
    for (language, settings) in languages() {
        for name in TELLING {
            for card in cards(name, &settings) {
                let message = json!(teams::message(&card));
                write!(all, "\n=== {name}.{language}\n{}\n", shown(&message)).expect("a text");
            }
        }
        for mut card in digests(&TELLING, &settings) {
            card.mention(&["ann_lee@example.com".to_owned(), "ann_lee@b.example".to_owned()]);
            let message = json!(teams::message(&card));
            write!(all, "\n=== digest.{language}\n{}\n", shown(&message)).expect("a text");
        }
        let card = &cards("alarm-in-alarm", &settings)[0];
        write!(
            all,
            "\n=== plain.{language}\n{}\n",
            shown(&json!(teams::plain(card)))
        )
        .expect("a text");
    }
    let mut card = cards("alarm-in-alarm", &english()).remove(0);
    card.mention(&["ann_lee@example.com".to_owned()]);
    write!(all, "\n=== JSON\n{:#}\n", json!(teams::message(&card))).expect("a text");
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
        assert!(digests.len() < 12, "{}", digests.len());
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
        let mut pairs = vec![(hostile::card(text, locale), hostile::card("x", locale))];
        let rows = |text| hostile::digest(hostile::rows(text, 3), locale);
        pairs.push((rows(text), rows("x")));
        for (card, plain) in pairs {
            assert_valid_for_all(&card);
            let of = |card: &Card| {
                [json!(teams::message(card)), json!(teams::plain(card))].map(|message| structure(&message))
            };
            assert_eq!(of(&card), of(&plain), "{text}");
        }
    }
}

/// What must stay of a card that is too long: the headline, the first of its facts and its page.
fn assert_kept(card: &Card) {
    let message = json!(teams::message(card));
    let content = &message["attachments"][0]["content"];
    let texts = runs(content);
    let headline: String = card.headline.plain().chars().take(20).collect();
    let start = texts.concat().replace('\u{200b}', "");
    assert!(start.starts_with(&headline), "{headline}: {start}");
    assert_eq!(
        content["actions"][0]["url"],
        json!(card.link.as_ref().map(|link| &link.page))
    );
    let facts = content["body"].as_array().expect("a body").iter();
    assert_eq!(facts.filter(|element| element["type"] == "ColumnSet").count(), 10);
}

#[test]
fn however_long_a_text_is_the_message_fits_and_says_what_is_missing() {
    for text in ["a", "가", "\"", "<", "\\", "🚨", "{", "\n  "] {
        for locale in Locale::ALL {
            let mut card = hostile::card(&format!("x{}x", text.repeat(9_500)), locale);
            card.headline
                .push(&Phrase::text(&format!("x{}x", text.repeat(2_000))));
            assert_valid_for_all(&card);
            assert_kept(&card);
            let message = json!(teams::message(&card)).to_string();
            let more = message.matches(match locale {
                Locale::En => " more characters",
                Locale::Ko => "자 더 있음",
            });
            assert!(more.count() > 10, "{message}");
        }
    }
    // Only JSON is cut of a card in which nothing else is long.
    let mut card = hostile::card("x", Locale::En);
    let long = hostile::card(&format!("[{}]", "\"가\",".repeat(2_000)), Locale::En);
    card.sections[3] = long.sections[3].clone();
    card.sections.push(card.sections[3].clone());
    card.sections.push(card.sections[3].clone());
    let shares: Vec<_> = runs(&json!(teams::message(&card)))
        .iter()
        .map(|text| text.chars().count())
        .filter(|length| *length > 1_000)
        .collect();
    assert_eq!(shares.len(), 3, "{shares:?}");
    assert!(shares.iter().all(|length| *length <= 3_000), "{shares:?}");
}

#[test]
fn a_digest_shows_as_many_rows_as_fit() {
    for text in ["cpu", "가나다 \"라\""] {
        let rows = hostile::rows(&text.repeat(20), 200);
        let count = teams::fit(&rows, Locale::En);
        assert!((5..60).contains(&count), "{count}");
        let card = hostile::digest(rows[..count].to_vec(), Locale::Ko);
        assert_valid_for_all(&card);
        let message = json!(teams::message(&card));
        let body = message["attachments"][0]["content"]["body"]
            .as_array()
            .expect("a body");
        assert_eq!(
            body.iter()
                .filter(|element| element["spacing"] == "Small")
                .count(),
            count
        );
    }
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
        let count = teams::fit(&rows, Locale::En).max(1);
        assert_valid_for_all(&hostile::digest(rows[..count].to_vec(), Locale::En));
    }
}

/// The judge itself refuses what Teams would.
#[test]
fn the_judge_refuses_what_teams_refuses() {
    let with = |change: fn(&mut Value)| {
        let mut card = hostile::card("x", Locale::En);
        card.mention(&["ann@example.com".to_owned()]);
        let mut message = json!(teams::message(&card));
        assert!(problems(&message).is_empty());
        change(&mut message["attachments"][0]["content"]);
        problems(&message).len()
    };
    let changes: [fn(&mut Value); 9] = [
        |card| card["body"][0]["style"] = json!("red"),
        |card| card["body"][0]["color"] = json!("red"),
        |card| card["version"] = json!("2.0"),
        |card| card["actions"][0]["url"] = json!("javascript:alert(1)"),
        |card| card["body"][1]["text"] = json!("<at>Eve</at>"),
        |card| card["body"][1]["text"] = json!("<at>ann</at> **b**"),
        |card| card["msteams"]["entities"] = json!([]),
        |card| card["body"][0]["items"][0]["inlines"][0]["text"] = json!("<at>ann</at>"),
        |card| card["body"][0]["items"][0]["inlines"][0]["text"] = json!("x".repeat(28_000)),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert!(with(change) > 0, "{index}");
    }
}

/// The relay with a channel in Teams.
async fn relay(buffer: Option<Value>) -> (Function, Outside) {
    let teams = Outside::start(workflow).await;
    let address = format!("http://{}/workflows/{SECRET}/invoke", teams.address);
    (course::relay("teams", buffer, address).await, teams)
}

fn refusal(status: u16, code: &str, message: &str) -> Answer {
    Answer::new(status, json!({ "error": { "code": code, "message": message } }))
}

#[tokio::test]
async fn a_channel_gets_its_card() {
    let (mut function, teams) = relay(None).await;
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
    let expected = compose(
        &read(&event)[0],
        &Settings::parse(r#"{"stack":"mission"}"#).expect("settings"),
    );
    assert_eq!(teams.taken(), [json!(teams::message(&expected))]);
    assert_eq!(teams.asked()[0].uri.path(), format!("/workflows/{SECRET}/invoke"));
    let log = function.log().await;
    assert_eq!((log.len(), &log[0]["outcome"]), (1, &json!("delivered")));
}

#[tokio::test]
async fn what_teams_throttles_waits_as_long_as_it_asks() {
    let (mut function, teams) = relay(None).await;
    let throttled = Answer {
        pause: Some(120),
        ..refusal(429, "TooManyRequests", "Rate limit is exceeded.")
    };
    teams.script([throttled]);
    let answer = function.succeed(&alert("a")).await;
    assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    assert_eq!(teams.asked().len(), 1, "nothing is tried again in time");
    let delay = lock(&function.script).sqs_requests[0]["DelaySeconds"].as_u64();
    assert!(
        delay.is_some_and(|delay| (118..=125).contains(&delay)),
        "{delay:?}"
    );
    let log = function.log().await;
    assert_eq!(
        log[0]["reason"]
            .as_str()
            .map(|reason| reason.starts_with("Microsoft Teams answers 429 Too Many Requests: ")),
        Some(true),
        "{}",
        log[0]
    );
}

#[tokio::test]
async fn what_a_workflow_refuses_for_its_form_comes_as_text() {
    let (mut function, teams) = relay(None).await;
    teams.script([refusal(
        400,
        "TriggerInputSchemaMismatch",
        "The input body does not match its schema.",
    )]);
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
    let [shown] = &*teams.taken() else {
        panic!("{:#?}", teams.taken())
    };
    let texts = runs(shown).join("\n");
    assert!(texts.contains("State: OK → In alarm"), "{texts}");
    assert!(
        texts.ends_with("Microsoft Teams refused the usual form of this message, so it comes as text."),
        "{texts}"
    );
    let log = function.log().await;
    assert_eq!(
        (&log[0]["outcome"], &log[0]["status"]),
        (&json!("delivered"), &json!(400))
    );
}

#[tokio::test]
async fn what_a_person_has_to_mend_is_parked_at_once() {
    let (mut function, teams) = relay(None).await;
    let off = "The workflow trigger is not enabled: its workflow is in the state 'Deleted'.";
    teams.script([
        refusal(400, "WorkflowTriggerIsNotEnabled", off),
        refusal(404, "WorkflowNotFound", "The workflow could not be found."),
        refusal(
            401,
            "DirectApiAuthorizationRequired",
            &format!("not with {SECRET}"),
        ),
    ]);
    let reasons = [
        "Microsoft Teams answers 400 Bad Request: {\"error\":{\"code\":\"WorkflowTriggerIsNotEnabled\"…",
        "Microsoft Teams answers 404 Not Found: {\"error\":{\"code\":\"WorkflowNotFound\"…",
        "Microsoft Teams answers 401 Unauthorized: (an answer that repeats the webhook)…",
    ];
    course::parks(&mut function, &reasons).await;
    assert_eq!(teams.asked().len(), 3);
    function.stop().await;
}

#[tokio::test]
async fn an_address_of_another_service_is_refused_with_its_words() {
    let (mut function, teams) = relay(None).await;
    lock(&function.script).plaintext = format!("https://contoso.webhook.office.com/webhookb2/{SECRET}");
    // An apply that is under way may bring the right one, so the alert waits.
    assert_eq!(
        function.succeed(&alert("1")).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    assert!(teams.asked().is_empty());
    let said = function.stop().await;
    assert!(said.contains("Microsoft ended the connectors"), "{said}");
    assert!(!said.contains(SECRET), "{said}");
}

#[tokio::test]
async fn many_become_one_card() {
    let (mut function, teams) = relay(course::digesting()).await;
    course::thirty_become_few(&mut function, || teams.taken()).await;
    function.stop().await;
}
