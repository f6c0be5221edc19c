//! What Slack and the other destinations accept.

use super::*;

/// Slack refuses larger messages with `msg_blocks_too_long`; see slackapi/bolt-js#2509.
const MAX_MESSAGE: usize = 13_200;

/// Slack's own rules for messages: `block-kit.schema.json`.
static BLOCK_KIT: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../block-kit.schema.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("a schema")
});

/// Checks a message against the schema, and against limits that a schema cannot express: totals and UTF-16
/// units.
fn assert_valid(message: &Value) {
    // A yes or no answer is much faster than the list of all errors.
    if !BLOCK_KIT.is_valid(message) {
        let problems = BLOCK_KIT.iter_errors(message);
        let problems: Vec<_> = problems
            .map(|problem| format!("{}: {problem}", problem.instance_path()))
            .collect();
        panic!("{problems:#?}\n{message:#}");
    }
    let total = total(message);
    assert!(total <= MAX_MESSAGE, "{total}");
}

/// The total length of all texts in a message; checks each text against the limit of its place.
fn total(message: &Value) -> usize {
    match message {
        Value::Array(values) => values.iter().map(total).sum(),
        Value::Object(map) => {
            let own = map.get("text").and_then(Value::as_str).map_or(0, length);
            assert!(own <= 3_000, "{own} > 3,000");
            let fields = map.get("fields").and_then(Value::as_array);
            for field in fields.into_iter().flatten() {
                let own = field["text"].as_str().map_or(0, length);
                assert!(own <= 2_000, "{own} > 2,000");
            }
            own + map.values().map(total).sum::<usize>()
        }
        _ => 0,
    }
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Longest value in a message for a workflow, which puts all values into one message of at most 4,000
/// characters.
const MAX_FLAT: usize = 2_500;

fn assert_flat(card: &Card) {
    let keys = [
        "account", "details", "link", "mention", "region", "severity", "stack", "text", "time",
    ];
    let flat = slack::flat(card);
    assert!(flat.keys().eq(keys.iter()), "{flat:#?}");
    for (key, value) in &flat {
        assert!(
            !value.trim().is_empty() && !value.contains(['<', '>']),
            "{key}: {value}"
        );
        assert!(
            key == "link" || length(value) <= MAX_FLAT,
            "{key}: {}",
            length(value)
        );
    }
}

/// Checks what each destination shows of a card.
pub(super) fn assert_shown(card: &Card) {
    let message = json!(slack::message(card));
    assert_valid(&message);
    let told = message["text"].as_str().expect("a text");
    assert!(!told.contains("://"), "Slack would link it: {told}");
    let plain = json!(slack::plain(card));
    assert!(BLOCK_KIT.is_valid(&plain), "{plain:#}");
    assert_flat(card);
    let text = plain_text(card);
    let hidden = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    assert!(!text.trim().is_empty() && !text.contains(hidden), "{text:?}");
}

/// Each message is valid except for one error.
#[test]
fn the_schema_refuses_what_slack_refuses() {
    let message =
        |block: Value| json!({ "text": "x", "attachments": [{ "color": "#439fe0", "blocks": [block] }] });
    let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
    let mrkdwn = |text: &str| json!({ "type": "mrkdwn", "text": text, "verbatim": true });
    let section = |text: Value| message(json!({ "type": "section", "text": text }));
    let headline = |text: Value| json!({ "text": "x", "blocks": [{ "type": "section", "text": text }] });
    let fields =
        |count: usize, text: &str| message(json!({ "type": "section", "fields": vec![plain(text); count] }));
    let button = |text: &str, url: String| {
        let button = json!({ "type": "button", "text": plain(text), "url": url });
        message(json!({ "type": "actions", "elements": [button] }))
    };
    let header = |text: &str| message(json!({ "type": "header", "text": plain(text) }));
    let of = |length: usize| "가".repeat(length);
    let taken = [
        section(plain(&of(3_000))),
        section(mrkdwn("a <https://x.example/?a=1&amp;b|Open> &lt;!here&gt;")),
        fields(10, &of(2_000)),
        header(&of(150)),
        button(&of(75), format!("https://x.example/{}", "a".repeat(2_900))),
        message(json!({ "type": "divider" })),
        message(json!({ "type": "context", "elements": vec![plain("x"); 10] })),
        json!({ "text": "<!here> x", "unfurl_links": false }),
        headline(mrkdwn(
            "<!here> <@U0123ABCD> <!subteam^S0123ABCD> *x* <https://x.example|x>",
        )),
    ];
    for message in &taken {
        assert!(BLOCK_KIT.is_valid(message), "{message}");
    }
    let refused = [
        section(plain(&of(3_001))),
        section(plain("")),
        section(plain(" \n")),
        section(json!({ "type": "plain_text", "text": "x", "emoji": true })),
        section(json!({ "type": "mrkdwn", "text": "x", "verbatim": false })),
        section(mrkdwn("<!here>")),
        section(mrkdwn("<@U0123ABCD>")),
        section(mrkdwn("<http://x.example|x>")),
        section(mrkdwn("<https://x.example|x> <#C0123ABCD>")),
        section(mrkdwn("a > b")),
        fields(11, "x"),
        fields(0, "x"),
        fields(1, &of(2_001)),
        header(&of(151)),
        button(&of(76), "https://x.example/".into()),
        button("x", format!("https://x.example/{}", "a".repeat(3_000))),
        button("x", "http://x.example/".into()),
        message(json!({ "type": "context", "elements": vec![plain("x"); 11] })),
        message(json!({ "type": "context", "elements": [] })),
        message(json!({ "type": "section" })),
        message(json!({ "type": "marquee", "text": plain("x") })),
        json!({ "text": "x", "attachments": [{ "color": "red", "blocks": [{ "type": "divider" }] }] }),
        headline(mrkdwn("x <!here>")),
        headline(mrkdwn("<!here> ")),
        headline(plain("x")),
        json!({ "text": "x", "blocks": [{ "type": "divider" }] }),
        json!({ "text": "x", "channel": "#other" }),
        json!({ "text": "" }),
        json!({}),
    ];
    for message in &refused {
        assert!(!BLOCK_KIT.is_valid(message), "{message}");
    }
}
