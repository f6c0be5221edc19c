//! What Google Chat shows of a card, and how a space there is told.

use crate::support::function::{BUFFER, Function, QUEUE, RETRIES, SECRET, batch, lock};
use crate::support::google_chat::{assert_valid_for_all, html, marks, problems, shown, space, structure};
use crate::support::hostile::{self, HOSTILE};
use crate::support::outside::{Answer, Outside};
use crate::support::{english, fixture, fixtures, korean, read_wrapped};
use alertctl_relay::card::Phrase;
use alertctl_relay::event::read;
use alertctl_relay::{Card, Locale, Settings, compose, digest, google_chat, summarise};
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
    for (language, settings) in [("en", english()), ("ko", korean())] {
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
    for settings in [english(), korean()] {
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
    for locale in [Locale::En, Locale::Ko] {
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
        for locale in [Locale::En, Locale::Ko] {
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

/// The relay with a space in Google Chat.
async fn relay(buffer: Option<Value>) -> (Function, Outside) {
    let chat = Outside::start(space).await;
    let mut settings = json!({ "stack": "mission", "topics": { "mission-sns": { "to": ["project"] } },
        "channels": { "project": { "label": "alerts", "type": "google_chat" } } });
    let is_buffered = buffer.is_some();
    if let Some(buffer) = buffer {
        settings["channels"]["project"]["buffer"] = buffer;
    }
    let function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES);
        if is_buffered {
            command.env("BUFFERS", json!({ "project": BUFFER }).to_string());
        }
    })
    .await;
    lock(&function.script).plaintext = format!("http://{}/v1/spaces/{SECRET}/messages", chat.address);
    (function, chat)
}

fn event(id: &str) -> Value {
    let mut event = fixture("text");
    event["Records"][0]["Sns"]["MessageId"] = id.into();
    event["Records"][0]["Sns"]["Subject"] = format!("alert {id}").into();
    event
}

fn refusal(code: u16, status: &str, message: &str) -> Answer {
    Answer::new(
        code,
        json!({ "error": { "code": code, "message": message, "status": status } }),
    )
}

#[tokio::test]
async fn a_space_gets_its_card_in_the_thread_of_its_incident() {
    let (mut function, chat) = relay(None).await;
    let fired = fixture("alarm-in-alarm");
    let mut over = fired.clone();
    let message = fired["Records"][0]["Sns"]["Message"].as_str().expect("a message");
    let mut message: Value = serde_json::from_str(message).expect("an alarm");
    message["OldStateValue"] = json!("ALARM");
    message["NewStateValue"] = json!("OK");
    over["Records"][0]["Sns"]["Message"] = message.to_string().into();
    over["Records"][0]["Sns"]["MessageId"] = json!("over");
    for event in [&fired, &over, &event("a")] {
        assert_eq!(function.succeed(event).await, json!({ "delivered": 1 }));
    }
    let settings = Settings::parse(r#"{"stack":"mission"}"#).expect("settings");
    let expected = compose(&read(&fired)[0], &settings);
    let taken = chat.taken();
    assert_eq!(taken[0], json!(google_chat::message(&expected)));
    assert_eq!(taken[0]["thread"], taken[1]["thread"]);
    assert_eq!(taken[2].get("thread"), None);
    let asked = chat.asked();
    let path = format!("/v1/spaces/{SECRET}/messages");
    let reply = format!("{path}?messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
    let uris: Vec<_> = asked.iter().map(|asked| asked.uri.to_string()).collect();
    assert_eq!(uris, [reply.clone(), reply, path]);
    let log = function.log().await;
    assert!(log.iter().all(|line| line["outcome"] == "delivered"), "{log:#?}");
}

#[tokio::test]
async fn what_a_space_throttles_is_tried_again_and_then_waits() {
    let (mut function, chat) = relay(None).await;
    let throttled = || {
        refusal(
            429,
            "RESOURCE_EXHAUSTED",
            "Resource has been exhausted (e.g. check quota).",
        )
    };
    chat.script([throttled()]);
    let started = std::time::Instant::now();
    assert_eq!(function.succeed(&event("a")).await, json!({ "delivered": 1 }));
    // Google does not say how long to wait; a space takes one message per second.
    assert!(started.elapsed().as_secs_f64() >= 1.0);
    chat.script([Answer {
        pause: Some(60),
        ..throttled()
    }]);
    assert_eq!(
        function.succeed(&event("b")).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    let delay = lock(&function.script).sqs_requests[0]["DelaySeconds"].as_u64();
    assert!(delay.is_some_and(|delay| (58..=65).contains(&delay)), "{delay:?}");
    function.stop().await;
}

#[tokio::test]
async fn what_a_space_refuses_for_its_form_comes_as_text() {
    let (mut function, chat) = relay(None).await;
    chat.script([refusal(
        400,
        "INVALID_ARGUMENT",
        "Invalid JSON payload received. Unknown name \"cardsV2\".",
    )]);
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
    let [shown] = &*chat.taken() else {
        panic!("{:#?}", chat.taken())
    };
    assert_eq!(shown.get("cardsV2"), None);
    let text = shown["text"].as_str().expect("a text").replace('\u{200b}', "");
    assert!(text.contains("\nState: OK → In alarm\n"), "{text}");
    assert!(
        text.ends_with("Google Chat refused the usual form of this message, so it comes as text."),
        "{text}"
    );
    // It is a step of the incident all the same.
    assert_eq!(shown["thread"], chat.asked()[0].body["thread"]);
    let log = function.log().await;
    assert_eq!(
        (&log[0]["outcome"], &log[0]["status"]),
        (&json!("delivered"), &json!(400))
    );
}

#[tokio::test]
async fn what_a_person_has_to_mend_is_parked_at_once() {
    let (mut function, chat) = relay(None).await;
    let invalid = json!({ "error": { "code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
        "details": [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID" }] } });
    chat.script([
        refusal(404, "NOT_FOUND", "Space not found."),
        refusal(403, "PERMISSION_DENIED", &format!("not for {SECRET}")),
        Answer::new(400, invalid),
    ]);
    for (id, reason) in [
        (
            "1",
            "Google Chat answers 404 Not Found: {\"error\":{\"code\":404,\"message\":\"Space not found.\"",
        ),
        (
            "2",
            "Google Chat answers 403 Forbidden: (an answer that repeats the webhook)",
        ),
        (
            "3",
            "Google Chat answers 400 Bad Request: {\"error\":{\"code\":400,\"message\":\"API key not valid.\"",
        ),
    ] {
        let answer = function.succeed(&event(id)).await;
        assert_eq!(answer, json!({ "delivered": 0, "parked": 1 }));
        let parked = function.queue("dead").pop().expect("a dead letter");
        let said = parked["alertctl"]["parked"]["reason"].as_str().expect("a reason");
        assert!(said.starts_with(reason), "{said}");
    }
    assert_eq!(chat.asked().len(), 3);
    function.stop().await;
}

#[tokio::test]
async fn many_become_one_card_outside_of_all_threads() {
    let (mut function, chat) = relay(Some(json!({ "digest_above": 3, "per_second": 50.0 }))).await;
    let waiting = |id: usize| {
        let event = event(&format!("n{id:02}"));
        json!({ "alertctl": { "channels": ["project"] }, "event": event }).to_string()
    };
    let bodies: Vec<_> = (0..30).map(waiting).collect();
    function.succeed(&batch(&bodies)).await;
    let taken = chat.taken();
    assert_eq!(taken.len(), 1);
    let texts = json!(taken).to_string();
    assert!(
        (0..30).all(|id| texts.contains(&format!("alert n{id:02}"))),
        "{texts}"
    );
    assert_eq!(taken[0].get("thread"), None);
    function.stop().await;
}
