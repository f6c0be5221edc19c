//! What Discord refuses and shows as markup, so that the other tests can be believed.

use crate::support::discord::{judge, shown};
use serde_json::{Value, json};

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
