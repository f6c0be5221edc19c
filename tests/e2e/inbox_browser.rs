//! The page of the Slack inbox in a real browser, with every sample in every language.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::browser::Browser;
use crate::support::{World, http};
use serde_json::{Value, json};

/// A selector, within the message, for each block and each part of a block that must be shown.
const SELECTORS: [(&str, &str); 11] = [
    ("section", ".block.section"),
    ("fields", ".fields > .field"),
    ("context", ".block.context"),
    ("header", ".block.header"),
    ("divider", "hr.block"),
    ("actions", ".block.actions"),
    ("button", ".button"),
    ("image", ".image"),
    ("rich_text", ".block.rich"),
    ("color", ".attachment > .bar"),
    ("link", ".content a:not(.button, .image a)"),
];

/// Every block type that the page knows, Slack's markup, and markup of other kinds.
fn gallery() -> Value {
    json!({ "text": "Disk full", "attachments": [{ "color": "#d7263d", "blocks": [
        { "type": "header", "text": { "type": "plain_text", "text": "Disk full :rotating_light:" } },
        { "type": "section", "text": { "type": "mrkdwn", "text": "*bold* `code` <https://example.com|link> <!here> <@U0123ABCD>" } },
        { "type": "section", "fields": [
            { "type": "mrkdwn", "text": "*Region*\nap-northeast-2" },
            { "type": "plain_text", "text": "<img src=x onerror=alert(1)> <https://evil.example|log in> <!channel>" } ] },
        { "type": "divider" },
        { "type": "section", "text": { "type": "mrkdwn", "text": "```\n{ \"a\": 1 }\n```" } },
        { "type": "image", "image_url": "https://example.com/a.png", "alt_text": "a graph" },
        { "type": "rich_text", "elements": [{ "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": "x" }] }] },
        { "type": "actions", "elements": [
            { "type": "button", "url": "https://example.com/", "text": { "type": "plain_text", "text": "Open" } } ] },
        { "type": "context", "elements": [{ "type": "plain_text", "text": ":wave: <b>", "emoji": false }] },
    ] }] })
}

/// Counts each part of [`SELECTORS`] in a message.
fn count(value: &Value, found: &mut BTreeMap<String, u64>) {
    let mut add = |name: &str, by: usize| *found.entry(name.to_owned()).or_default() += by as u64;
    match value {
        Value::Array(items) => items.iter().for_each(|item| count(item, found)),
        Value::Object(map) => {
            if let Some(kind) = map.get("type").and_then(Value::as_str) {
                add(kind, 1);
                if kind == "mrkdwn" {
                    add("link", links(&map["text"]));
                    add(
                        "fence",
                        map["text"].as_str().map_or(0, |text| text.matches("```").count()),
                    );
                }
            }
            add(
                "fields",
                map.get("fields").and_then(Value::as_array).map_or(0, Vec::len),
            );
            add("color", usize::from(map.contains_key("color")));
            map.values().for_each(|item| count(item, found));
        }
        _ => {}
    }
}

/// The number of links in mrkdwn; text that is not our own link is escaped.
fn links(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.matches("<https://").count())
}

#[test]
fn every_sample_is_drawn_as_slack_would() {
    let Some(browser) = Browser::open() else { return };
    let world = World::new();
    let (_, inbox) = world.up();
    let mut names = sent(&world);
    post_others(&inbox);
    let messages = world.messages(&inbox);
    browser.go(&inbox);
    let last = messages.last().unwrap()["seq"].clone();
    browser.until(&format!(
        "return document.getElementById('message-{last}') !== null"
    ));
    let shown = browser.run("return document.querySelectorAll('.message').length", &[]);
    assert_eq!(shown, messages.len());

    let mut kinds = BTreeMap::new();
    for message in messages.iter().filter(|message| message["status"] == "accepted") {
        assert_drawn(&browser, message, &mut kinds);
    }
    assert!(kinds.values().all(|count| *count > 0), "nothing shows {kinds:?}");
    assert_others_drawn(&browser, &messages);

    // Saves pictures of the samples for a person to look at, named in the order in which they were sent.
    names.extend(["gallery", "workflow", "refused"].map(str::to_owned));
    assert_eq!(names.len(), messages.len());
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("inbox");
    std::fs::create_dir_all(&pictures).unwrap();
    browser.run(
        "document.querySelector('main > header').style.position = 'static'",
        &[],
    );
    for (name, message) in names.iter().zip(&messages) {
        let node = format!("#message-{}", message["seq"]);
        browser.picture(&node, &pictures.join(format!("{name}.png")));
    }
    browser.picture("body", &pictures.join("page.png"));
    assert_eq!(browser.complaints(), [Value::Null; 0]);
}

/// Sends each sample in each language to the inbox; returns the names of the messages, in this order.
fn sent(world: &World) -> Vec<String> {
    let samples = world.json(&["events"]);
    let mut names = Vec::new();
    for sample in samples["samples"].as_array().unwrap() {
        let name = sample["name"].as_str().unwrap();
        for (locale, zone) in [("en", "UTC"), ("ko", "Asia/Seoul")] {
            let rendered = world.json(&[
                "render",
                name,
                "--locale",
                locale,
                "--timezone",
                zone,
                "--channel",
                locale,
                "--inbox",
            ]);
            let messages = 1..=rendered["messages"].as_array().unwrap().len();
            names.extend(messages.map(|nth| format!("{name}.{nth}.{locale}")));
        }
    }
    names
}

/// Posts what no sample has: the gallery, a message to a workflow, and one that Slack refuses.
fn post_others(inbox: &str) {
    let post = |path: &str, body: Value| http("POST", &format!("{inbox}{path}"), &[], &body.to_string()).0;
    assert_eq!(post("/services/T/B/gallery", gallery()), 200);
    assert_eq!(
        post(
            "/triggers/T/1/workflow",
            json!({ "headline": "Disk <b>full</b>", "region": "x" })
        ),
        200
    );
    assert_eq!(
        post(
            "/services/T/B/refused",
            json!({ "blocks": [{ "type": "header" }] })
        ),
        400
    );
}

/// A message shows each of its parts, as often as it has it, and nothing of other markup. Counts them in `kinds`.
fn assert_drawn(browser: &Browser, message: &Value, kinds: &mut BTreeMap<&'static str, u64>) {
    let mut found = BTreeMap::new();
    count(&message["body"], &mut found);
    for (what, selector) in SELECTORS {
        let drawn = of(
            browser,
            message,
            &format!("return node.querySelectorAll('{selector}').length"),
        );
        let seen = found.get(what).copied().unwrap_or(0);
        assert_eq!(drawn, seen, "{what} of {message:#}");
        *kinds.entry(what).or_insert(0) += seen;
    }
    // Code fences become code, and are not shown.
    let drawn = of(
        browser,
        message,
        "return node.querySelectorAll('.content pre').length",
    );
    if message["channel"] != "gallery" {
        let fences = found.get("fence").copied().unwrap_or(0);
        assert_eq!(drawn, fences / 2, "{message:#}");
        // The samples contain only text and links to the console, to the tool that found a match and to a
        // runbook; nobody is mentioned.
        let strange = "return [...node.querySelectorAll('.content a')].map((a) => a.href).filter((url) => \
            !/^https:\\/\\/(([a-z0-9.-]+\\.)?console\\.(aws\\.amazon\\.com|amazonaws\\.cn|amazonaws-us-gov\\.com)|(kibana|wiki)\\.example\\.com)\\//.test(url))";
        assert_eq!(of(browser, message, strange), json!([]), "{message:#}");
        assert_eq!(
            of(
                browser,
                message,
                "return node.querySelectorAll('.mention').length"
            ),
            0,
            "{message:#}"
        );
    }
    let loaded = of(
        browser,
        message,
        "return node.querySelectorAll('img, script, iframe, b').length",
    );
    assert_eq!(loaded, 0, "{message:#}");
    let bare = of(
        browser,
        message,
        "return node.querySelectorAll('.unknown, .unreadable, .refusal').length",
    );
    assert_eq!(bare, 0, "{message:#}");
}

/// The gallery, the workflow and the refusal look as they should.
fn assert_others_drawn(browser: &Browser, messages: &[Value]) {
    let of_channel = |channel: &str| {
        messages
            .iter()
            .find(|message| message["channel"] == channel)
            .unwrap()
    };
    let gallery = of_channel("gallery");
    let text = of(browser, gallery, "return node.innerText");
    for literal in [
        "<img src=x onerror=alert(1)>",
        "<https://evil.example|log in> <!channel>",
        ":wave: <b>",
        "🚨",
    ] {
        assert!(text.as_str().unwrap().contains(literal), "{literal}: {text}");
    }
    let called = of(
        browser,
        gallery,
        "return [...node.querySelectorAll('.mention')].map((one) => one.textContent)",
    );
    assert_eq!(called, json!(["@here", "@U0123ABCD"]));
    let bar = of(
        browser,
        gallery,
        "return getComputedStyle(node.querySelector('.bar')).backgroundColor",
    );
    assert_eq!(bar, "rgb(215, 38, 61)");
    let workflow = of(
        browser,
        of_channel("workflow"),
        "return node.querySelector('.variables').innerText",
    );
    assert!(
        workflow.as_str().unwrap().contains("Disk <b>full</b>"),
        "{workflow}"
    );
    let refusal = of(
        browser,
        of_channel("refused"),
        "return node.querySelector('.refusal').innerText",
    );
    assert!(
        refusal.as_str().unwrap().contains("400 invalid_blocks"),
        "{refusal}"
    );
}

/// An alarm and its end, as each service gets them.
#[test]
fn every_service_is_drawn() {
    let Some(browser) = Browser::open() else { return };
    let world = World::new();
    let (_, inbox) = world.up();
    let services = [
        "slack",
        "teams",
        "google_chat",
        "discord",
        "pagerduty",
        "jira_service_management",
        "opsgenie",
        "signed_webhook",
    ];
    for service in services {
        for (sample, locale) in [("alarm-in-alarm", "en"), ("alarm-ok", "ko")] {
            world.ok(&[
                "render",
                sample,
                "--as",
                service,
                "--channel",
                service,
                "--locale",
                locale,
                "--inbox",
            ]);
        }
    }
    let messages = world.messages(&inbox);
    assert_eq!(messages.len(), 2 * services.len());
    browser.go(&inbox);
    let last = messages.last().unwrap()["seq"].clone();
    browser.until(&format!(
        "return document.getElementById('message-{last}') !== null"
    ));
    for message in &messages {
        assert_eq!(message["status"], "accepted", "{message:#}");
        let shown = of(&browser, message, "return node.innerText");
        assert!(shown.as_str().unwrap().contains("mission-cpu-alarm"), "{shown}");
        let bare = "return node.querySelectorAll('.unknown, .unreadable, .refusal').length";
        assert_eq!(of(&browser, message, bare), 0, "{message:#}");
        let key = message["channel"].as_str().unwrap();
        let place = match key {
            "slack" | "discord" => format!("# {key}"),
            _ => key.to_owned(),
        };
        assert_eq!(
            of(
                &browser,
                message,
                "return node.querySelector('.place').textContent"
            ),
            place
        );
        // Nothing is squeezed beside something else: a fact in Google Chat has a line of its own, and in Teams its label takes
        // a quarter.
        let squeezed = "return [...node.querySelectorAll('.decorated')].filter((one) => one.offsetWidth < 400).length + \
            [...node.querySelectorAll('.columns')].filter((one) => one.firstChild.offsetWidth > one.offsetWidth / 3).length";
        assert_eq!(of(&browser, message, squeezed), 0, "{message:#}");
        let facts = of(
            &browser,
            message,
            "return node.querySelectorAll('.decorated, .columns').length",
        );
        assert_eq!(facts != 0, ["google_chat", "teams"].contains(&key), "{message:#}");
    }
    assert_eq!(browser.complaints(), [Value::Null; 0]);
}

/// The result of a script on the node of a message.
fn of(browser: &Browser, message: &Value, script: &str) -> Value {
    let script = format!(
        "const node = document.getElementById('message-{}'); {script}",
        message["seq"]
    );
    browser.run(&script, &[])
}
