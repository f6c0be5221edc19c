//! Opsgenie and Jira Service Management: the alerts, and their delivery.

use crate::support::function::{Function, QUEUE, RETRIES, SECRET, lock, settings};
use crate::support::pager::{
    Pager, assert_valid, cards, events_with, hostile, opsgenie_problems, sent, skeleton, snapshot,
};
use crate::support::{english, fixture, fixtures, korean, languages};
use alertctl_relay::destination::Shape;
use alertctl_relay::{ChannelType, ServiceRegion};
use proptest::prelude::*;
use serde_json::{Value, json};

const OPSGENIE: ChannelType = ChannelType::Opsgenie {
    region: ServiceRegion::Us,
};
const JIRA: ChannelType = ChannelType::JiraServiceManagement;

/// The relay with a channel of this type, whose service is the fake.
async fn relay(channel: Value) -> (Function, Pager) {
    let mut settings = settings();
    settings["channels"]["project"]["type"] = channel;
    settings["channels"]["project"]["mention"] = json!({ "from": "error", "who": ["team:ops", "@here"] });
    let function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES);
    })
    .await;
    let pager = Pager::start().await;
    lock(&function.script).plaintext = format!("http://{}/{SECRET}", pager.address);
    (function, pager)
}

async fn jira() -> (Function, Pager) {
    relay(json!("jira_service_management")).await
}

#[test]
fn every_fixture_is_a_valid_alert() {
    for name in fixtures() {
        for (_, settings) in languages() {
            for card in cards(&fixture(&name), &settings) {
                assert_valid(&JIRA, &card, opsgenie_problems);
                let (path, body) = sent(&OPSGENIE, &card, Shape::Usual);
                let (jira, same) = sent(&JIRA, &card, Shape::Usual);
                assert_eq!(path.replace("/v2/", "/jsm/ops/integration/v2/"), jira);
                assert_eq!(body, same);
            }
        }
    }
}

#[test]
fn telling_fixtures_in_both_languages() {
    let all = json!({ "en": snapshot(&JIRA, &english()), "ko": snapshot(&JIRA, &korean()) });
    insta::assert_json_snapshot!("opsgenie", all);
}

#[test]
fn the_fake_refuses_what_opsgenie_refuses() {
    let mut card = cards(&fixture("alarm-in-alarm"), &english()).remove(0);
    card.mention(&["team:ops".to_owned()]);
    let (path, body) = sent(&OPSGENIE, &card, Shape::Usual);
    let refuses = |at: &str, value: Value| {
        let mut body = body.clone();
        *body.pointer_mut(at).expect("a field") = value;
        !opsgenie_problems(&path, &body).is_empty()
    };
    assert!(opsgenie_problems(&path, &body).is_empty());
    for (at, value) in [
        ("/message", json!("x".repeat(131))),
        ("/message", json!("")),
        ("/alias", json!("x".repeat(513))),
        ("/description", json!("x".repeat(15_001))),
        ("/priority", json!("P0")),
        ("/entity", json!("x".repeat(513))),
        ("/tags/0", json!("x".repeat(51))),
        ("/details/State", json!("x".repeat(8_000))),
        ("/details/State", json!({})),
        ("/responders/0", json!({ "type": "group", "name": "x" })),
    ] {
        assert!(refuses(at, value), "{at}");
    }
    assert!(
        !opsgenie_problems(
            "/v2/alerts//close?identifierType=alias",
            &json!({ "source": "a" })
        )
        .is_empty()
    );
}

/// Whether a text begins a tag where HTML is rendered.
fn has_tag(text: &str) -> bool {
    let after = text.split('<').skip(1);
    after
        .into_iter()
        .any(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || "/!?".contains(c)))
}

/// Whether a text is escaped.
fn is_escaped(text: &str) -> bool {
    let entities = ["amp;", "lt;", "gt;"];
    let is_entity = |rest: &str| entities.iter().any(|entity| rest.starts_with(entity));
    !text.contains(['<', '>']) && text.split('&').skip(1).all(is_entity)
}

/// All texts but the description.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(key, _)| *key != "description");
            fields
                .flat_map(|(key, value)| std::iter::once(key.as_str()).chain(texts(value)))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn assert_text_alone(body: &Value) {
    assert!(
        is_escaped(body["description"].as_str().unwrap_or_default()),
        "{body:#}"
    );
    assert!(!texts(body).into_iter().any(has_tag), "{body:#}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_from_outside_is_more_than_text(text in hostile(), times in 1..400usize) {
        let harmless = events_with("x");
        for (event, plain) in events_with(&text).iter().zip(&harmless) {
            let bodies = |event: &Value, shape| {
                let cards = cards(event, &english());
                cards.iter().map(|card| sent(&JIRA, card, shape)).collect::<Vec<_>>()
            };
            for shape in [Shape::Usual, Shape::Plain] {
                for ((path, body), (plain_path, plain)) in bodies(event, shape).iter().zip(bodies(plain, shape)) {
                    prop_assert_eq!(path, &plain_path);
                    prop_assert_eq!(skeleton(body), skeleton(&plain));
                    assert_text_alone(body);
                }
            }
        }
        for event in events_with(&text.repeat(times)) {
            for card in cards(&event, &korean()) {
                assert_valid(&JIRA, &card, opsgenie_problems);
                assert_text_alone(&sent(&JIRA, &card, Shape::Usual).1);
            }
        }
    }
}

#[test]
fn the_description_says_what_was_said() {
    let text = "a <b>bold</b> & \"quoted\" 1 < 2";
    let event = json!({ "Records": [{ "Sns": { "Subject": text, "Message": text,
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:mission-sns" } }] });
    let card = cards(&event, &english()).remove(0);
    let (_, body) = sent(&JIRA, &card, Shape::Usual);
    assert_eq!(body["message"], "🔵 a ‹b>bold‹/b> & \"quoted\" 1 < 2");
    let description = "a &lt;b&gt;bold&lt;/b&gt; &amp; \"quoted\" 1 &lt; 2";
    assert!(
        body["description"]
            .as_str()
            .expect("a text")
            .starts_with(description),
        "{body:#}"
    );
}

#[tokio::test]
async fn an_alarm_opens_one_alert_and_closes_it() {
    for channel in [
        json!("jira_service_management"),
        json!({ "opsgenie": { "region": "eu" } }),
    ] {
        let (mut function, pager) = relay(channel).await;
        let fires = fixture("alarm-in-alarm");
        assert_eq!(function.succeed(&fires).await, json!({ "delivered": 1 }));
        // Another process knows nothing of the first, and the service itself counts what it has.
        function.restart().await;
        assert_eq!(function.succeed(&fires).await, json!({ "delivered": 1 }));
        assert_eq!(pager.counts(), (1, 1));
        let body = pager.bodies().remove(0);
        assert_eq!(
            (&body["priority"], &body["entity"]),
            (&json!("P2"), &json!("mission-cpu-alarm"))
        );
        assert_eq!(body["responders"], json!([{ "type": "team", "name": "ops" }]));
        let mut over = fires.clone();
        over["Records"][0]["Sns"]["MessageId"] = "over".into();
        let message = fires["Records"][0]["Sns"]["Message"].as_str().expect("a message");
        let mut message: Value = serde_json::from_str(message).expect("JSON");
        (message["OldStateValue"], message["NewStateValue"]) = ("ALARM".into(), "OK".into());
        over["Records"][0]["Sns"]["Message"] = message.to_string().into();
        assert_eq!(function.succeed(&over).await, json!({ "delivered": 1 }));
        assert!(pager.seen().open.is_empty());
        let notes = pager.seen().notes.clone();
        assert!(
            notes.len() == 1 && notes[0].starts_with("✅ mission-cpu-alarm is back to OK"),
            "{notes:?}"
        );
        assert!(!function.stop().await.contains("GenieKey"));
    }
}

#[tokio::test]
async fn what_is_good_to_know_and_a_test_have_the_lowest_priority() {
    let (mut function, pager) = jira().await;
    function.succeed(&fixture("text")).await;
    let test = json!({ "alertctl": { "channels": ["project"], "test": "t-0123abcd" }, "event": fixture("alarm-in-alarm") });
    function.succeed(&test).await;
    let bodies = pager.bodies();
    assert!(bodies.iter().all(|body| body["priority"] == "P5"), "{bodies:#?}");
    let test = &bodies[1];
    assert!(
        test["message"]
            .as_str()
            .is_some_and(|message| message.starts_with("🧪 TEST · ")),
        "{test:#}"
    );
    assert_eq!(test["tags"], json!(["mission", "test", "ap-northeast-2"]));
    assert!(test.get("responders").is_none(), "{test:#}");
    // It is no step of the real alarm.
    function.succeed(&fixture("alarm-in-alarm")).await;
    assert_ne!(pager.bodies()[2]["alias"], test["alias"]);
    function.stop().await;
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_the_service_counts() {
    let (mut function, pager) = jira().await;
    let throttled = json!({ "message": "You are making too many requests!", "took": 0.0, "requestId": "r" });
    pager.answer(429, &[("x-ratelimit-period-in-sec", "60")], throttled);
    let answer = function.succeed(&fixture("alarm-in-alarm")).await;
    assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    assert_eq!(lock(&function.script).sqs_requests[0]["DelaySeconds"], 60);
    assert_eq!(pager.bodies().len(), 1);
    function.stop().await;
}

#[tokio::test]
async fn what_the_service_refuses_for_its_form_comes_in_a_plain_one() {
    let (mut function, pager) = jira().await;
    pager.answer(
        422,
        &[],
        json!({ "message": "Request body is not processable. Please check the errors." }),
    );
    assert_eq!(
        function.succeed(&fixture("alarm-in-alarm")).await,
        json!({ "delivered": 1 })
    );
    let bodies = pager.bodies();
    let [usual, plain] = bodies.as_slice() else {
        panic!("{bodies:#?}")
    };
    for field in ["alias", "message", "priority", "responders"] {
        assert_eq!(usual[field], plain[field], "{field}");
    }
    assert!(
        plain.get("details").is_none() && plain.get("tags").is_none(),
        "{plain:#}"
    );
    let text = plain["description"].as_str().expect("a text");
    assert!(
        text.contains("\nhttps://ap-northeast-2.console.aws.amazon.com/")
            && text.contains("\nState: OK → In alarm\n"),
        "{text}"
    );
    let line = &function.log().await[0];
    assert_eq!(
        (&line["outcome"], &line["status"]),
        (&json!("delivered"), &json!(422))
    );
}

#[tokio::test]
async fn a_key_that_is_no_longer_valid_is_for_a_person() {
    for (status, message) in [
        (401, "Could not authenticate"),
        (403, "You are not authorized"),
        (422, "Key format is not valid!"),
    ] {
        let (mut function, pager) = jira().await;
        pager.answer(
            status,
            &[],
            json!({ "message": message, "took": 0.0, "requestId": "r" }),
        );
        let answer = function.succeed(&fixture("alarm-in-alarm")).await;
        assert_eq!(answer, json!({ "delivered": 0, "parked": 1 }));
        assert_eq!(pager.bodies().len(), 1);
        let parked = function.queue("dead").remove(0);
        let reason = parked["alertctl"]["parked"]["reason"].as_str().expect("a reason");
        let begins = format!("Jira Service Management answers {status} ");
        assert!(
            reason.starts_with(&begins) && reason.contains(message),
            "{reason}"
        );
        function.stop().await;
    }
}
