//! Helpers that the tests share.

pub mod cloudwatch;
pub mod course;
pub mod discord;
pub mod dynamodb;
pub mod fakes;
pub mod function;
pub mod google_chat;
pub mod hostile;
pub mod incidents_table;
pub mod logs;
pub mod outside;
pub mod pager;
pub mod press;
pub mod receiver;
pub mod runtime_api;
pub mod slack;
pub mod teams;
pub mod workspace;

use alertctl_relay::event::{Notice, read};
use alertctl_relay::{Locale, Settings};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Names of the sample events, sorted.
pub fn fixtures() -> Vec<String> {
    let files = fs::read_dir(directory()).expect("the fixtures");
    let mut names: Vec<_> = files
        .map(|file| file.expect("a file").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    assert!(!names.is_empty());
    names
}

pub fn fixture(name: &str) -> Value {
    let text = fs::read_to_string(directory().join(format!("{name}.json"))).expect("a fixture");
    serde_json::from_str(&text).expect("a fixture is JSON")
}

/// The notices of an event, with or without an endpoint's envelope.
pub fn read_wrapped(event: &Value) -> Vec<Notice> {
    let mut notices = read(event.get("event").unwrap_or(event));
    for notice in &mut notices {
        notice.source.endpoint = event["alertctl"]["endpoint"].as_str().map(str::to_owned);
    }
    notices
}

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// The settings of a stack in each language, after its code.
pub fn languages() -> [(&'static str, Settings); Locale::ALL.len()] {
    Locale::ALL.map(|locale| {
        let settings = match locale {
            Locale::En => english(),
            Locale::Ko => korean(),
        };
        (locale.code(), settings)
    })
}

pub fn english() -> Settings {
    settings("en", "UTC")
}

pub fn korean() -> Settings {
    settings("ko", "Asia/Seoul")
}

fn settings(locale: &str, timezone: &str) -> Settings {
    let text = json!({
        "stack": "mission",
        "locale": locale,
        "timezone": timezone,
        "channels": { "project": { "label": "#project" } },
        "topics": { "mission-sns": { "to": ["project"] } },
    });
    Settings::parse(&text.to_string()).expect("valid settings")
}

/// The headline that Slack shows of a message, as mrkdwn.
pub fn headline(message: &Value) -> &str {
    let text = &message["blocks"][0]["text"]["text"];
    text.as_str().expect("a headline")
}

/// The alerts in a text: `alert-` and six characters.
pub fn alerts(text: &str) -> BTreeSet<String> {
    let named = text.match_indices("alert-");
    named
        .filter_map(|(at, mark)| text.get(at..at + mark.len() + 6))
        .map(str::to_owned)
        .collect()
}
