//! Discord: what it shows of every sample, that it takes it, and what becomes of its refusals.

use crate::limits::{alarm, call, json as any_json, report, text as any_text};
use crate::support::discord::{Channel, judge, shown, start};
use crate::support::function::{Function, QUEUE, RETRIES, SECRET, lock};
use crate::support::{english, fixture, fixtures, korean, read_wrapped};
use alertctl_relay::card::{Entry, Excerpt, Link, Phrase, Prose, Row, Section};
use alertctl_relay::destination::discord::{fit, message, plain};
use alertctl_relay::event::read;
use alertctl_relay::{Card, Locale, Settings, compose, digest, render, summarise};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

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
    for settings in [english(), korean()] {
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

/// Each message is right except for one error.
#[test]
fn the_judge_refuses_what_discord_refuses() {
    let of = |length: usize| "가".repeat(length);
    let embed = |embed: Value| {
        let mut embed = embed;
        embed["color"] = json!(1);
        json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } })
    };
    let field = |name: &str, value: &str| json!({ "name": name, "value": value, "inline": true });
    let taken = [
        embed(json!({ "title": of(256), "description": of(4_096) })),
        embed(json!({ "title": "x", "fields": vec![field("x", "y"); 25] })),
        json!({ "content": of(2_000), "allowed_mentions": { "parse": ["everyone"], "users": ["1"] }, "flags": 4 }),
    ];
    for message in &taken {
        assert_eq!(judge(message), Ok(()));
    }
    let refused = [
        embed(json!({})),
        embed(json!({ "title": of(257) })),
        embed(json!({ "title": " " })),
        embed(json!({ "title": "x", "description": of(4_097) })),
        embed(json!({ "title": "x", "fields": vec![field("x", "y"); 26] })),
        embed(json!({ "title": "x", "fields": [field("", "y")] })),
        embed(json!({ "title": "x", "fields": [field("x", &of(1_025))] })),
        embed(json!({ "title": "x", "fields": vec![field("x", &of(1_000)); 6] })),
        embed(json!({ "title": "x", "url": format!("https://x.example/{}", of(2_048)) })),
        embed(json!({ "title": "x", "footer": { "text": of(2_049) } })),
        embed(json!({ "title": "x", "timestamp": "yesterday" })),
        embed(json!({ "title": "x", "image": {} })),
        json!({ "content": of(2_001), "allowed_mentions": { "parse": [] } }),
        json!({ "content": "x" }),
        json!({ "allowed_mentions": { "parse": [] } }),
        json!({ "content": "x", "allowed_mentions": { "parse": ["users"] } }),
        json!({ "content": "x", "allowed_mentions": { "parse": [], "roles": ["oncall"] } }),
    ];
    for message in &refused {
        assert!(judge(message).is_err(), "{message}");
    }
}

#[test]
fn the_reader_finds_markup() {
    let page = "link(text https://x.example)";
    for (text, kinds) in [
        ("a **b** `c`", "text bold(text) text code"),
        ("[a](https://x.example)", page),
        (r"\*a\* \[a](https\://x.example) \<@1> \:tada:", "text"),
        (
            "*a* _b_ ~~c~~ ||d|| __e__",
            "italic(text) text italic(text) text struck(text) text hidden(text) text underlined(text)",
        ),
        (
            "@everyone <@1> :tada: https://x",
            "@everyone text mention(<@1>) text emoji text address",
        ),
        (
            "# a\n- b\n1. c\n> d",
            "heading text list text list text quotation text",
        ),
        ("```json\n*a*\n```", "block"),
    ] {
        assert_eq!(shown(text).join(" "), kinds, "{text}");
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

async fn relay() -> (Function, Arc<Mutex<Channel>>) {
    let (address, channel) = start().await;
    let settings = json!({
        "stack": "mission",
        "channels": { "project": { "label": "#project", "type": "discord" } },
        "topics": { "mission-sns": { "to": ["project"] } },
    });
    let function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES);
    })
    .await;
    lock(&function.script).plaintext = format!("http://{address}/api/webhooks/1442100000000000001/{SECRET}");
    (function, channel)
}

fn text(id: &str) -> Value {
    let mut event = fixture("text");
    event["Records"][0]["Sns"]["MessageId"] = id.into();
    event
}

#[tokio::test]
async fn an_alarm_reaches_discord() {
    let (mut function, channel) = relay().await;
    let event = fixture("alarm-in-alarm");
    assert_eq!(function.succeed(&event).await, json!({ "delivered": 1 }));
    let expected = render(&event, &english()).deliveries.remove(0).card;
    assert_eq!(
        channel.lock().expect("not poisoned").taken,
        [json!(message(&expected))]
    );
    assert!(function.messages().is_empty());
    let log = function.log().await;
    assert_eq!((log.len(), &log[0]["outcome"]), (1, &json!("delivered")));
}

#[tokio::test]
async fn discord_is_given_the_pause_it_asks_for() {
    let (mut function, channel) = relay().await;
    let limited = |seconds: f64| json!({ "message": "You are being rate limited.", "retry_after": seconds, "global": false });
    channel.lock().expect("not poisoned").answers = [(429, limited(0.25)), (429, limited(64.57))].into();
    let answer = function.succeed(&text("1")).await;
    // A short one is waited for, a long one is a queue's.
    assert_eq!(answer, json!({ "delivered": 0, "deferred": 1 }));
    assert_eq!(channel.lock().expect("not poisoned").asked.len(), 2);
    let request = lock(&function.script).sqs_requests.remove(0);
    assert!(
        request["QueueUrl"]
            .as_str()
            .expect("a queue")
            .ends_with("/mission-relay-retries")
    );
    assert_eq!(request["DelaySeconds"], 65);
    function.stop().await;
}

#[tokio::test]
async fn a_form_that_discord_refuses_comes_as_text() {
    let (mut function, channel) = relay().await;
    let form = json!({ "message": "Invalid Form Body", "code": 50035 });
    channel.lock().expect("not poisoned").answers = [(400, form)].into();
    assert_eq!(function.succeed(&text("1")).await, json!({ "delivered": 1 }));
    let taken = channel.lock().expect("not poisoned").taken.remove(0);
    let content = taken["content"].as_str().expect("a text");
    assert!(
        content.ends_with("\n-# Discord refused the usual form of this message, so it comes as text."),
        "{content}"
    );
    assert!(taken.get("embeds").is_none() && taken["flags"] == 4, "{taken}");
    let log = function.log().await;
    assert_eq!(
        (&log[0]["Delivered"], &log[0]["status"]),
        (&json!(1), &json!(400))
    );
}

#[tokio::test]
async fn what_a_person_must_mend_is_parked_with_discords_words() {
    let (mut function, channel) = relay().await;
    channel.lock().expect("not poisoned").answers = [
        (404, json!({ "message": "Unknown Webhook", "code": 10015 })),
        (400, json!({ "message": "Webhooks posted to forum channels must have a thread_name or thread_id", "code": 220001 })),
        (401, json!({ "message": format!("Invalid Webhook Token {SECRET}"), "code": 50027 })),
    ]
    .into();
    for (id, reason) in [
        (
            "1",
            r#"Discord answers 404 Not Found: {"message":"Unknown Webhook","code":10015}"#,
        ),
        (
            "2",
            r#"Discord answers 400 Bad Request: {"message":"Webhooks posted to forum channels must have a thread_name or thread_id","code":220001}"#,
        ),
        (
            "3",
            "Discord answers 401 Unauthorized: (an answer that repeats the webhook)",
        ),
    ] {
        let answer = function.succeed(&text(id)).await;
        assert_eq!(answer, json!({ "delivered": 0, "parked": 1 }));
        let parked = function.queue("dead").pop().expect("a dead letter");
        assert_eq!(parked["alertctl"]["parked"]["reason"], reason);
    }
    assert_eq!(channel.lock().expect("not poisoned").asked.len(), 3);
    function.stop().await;
}

#[test]
fn a_digest_has_as_many_rows_as_fit() {
    let row = Row {
        phrase: Phrase::text(&"x".repeat(200)),
        link: None,
    };
    let rows = vec![row; 100];
    let counts = [Locale::En, Locale::Ko].map(|locale| fit(&rows, locale));
    assert_eq!(counts, [26, 26]);
}
