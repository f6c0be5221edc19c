//! Cards with any text in every field that may have some.

use alertctl_relay::card::{Entry, Excerpt, Link, Phrase, Prose, Row, Section};
use alertctl_relay::event::read;
use alertctl_relay::{Card, Locale, Settings, compose};
use proptest::prelude::*;
use serde_json::json;

/// What some service would take for markup, a link, a mention, an emoji or an end of something.
pub const HOSTILE: [&str; 24] = [
    "<!here>",
    "@everyone @here",
    "<users/all>",
    "<@U0123ABCD>",
    "<at>x</at>",
    "<AT id=\"0\">x</AT>",
    "[x](http://evil.example)",
    "<http://evil.example|x>",
    "https://evil.example/?a=1&b=2",
    "eve@example.com",
    "*b* _i_ ~s~ **bb** __u__",
    "`c` ```\nblock\n``` ````",
    "<b>b</b> <a href=\"http://evil.example\">x</a> <br> <script>",
    "&lt;b&gt; &amp; & &#60;",
    "</b></font></a>",
    "\u{202e}\u{2066}right to left\u{2069}",
    "\u{200b}\u{feff}\u{0}\u{1}\u{4}",
    ":smile: :tada:",
    "- a\n+ b\n> c\n# d\n1. e\n10) f",
    "{{DATE(2026-11-20T05:00:00Z, SHORT)}} {{TIME(2026-11-20T05:00:00Z)}} ${x} {{{",
    "\\*b\\* \\",
    "||spoiler|| <t:0:R> <#C0123ABCD>",
    "\"quotes\" 'and' \"}],\"x\":[{",
    "불이야 🚨 👩‍💻",
];

/// Any text of these, and any other.
pub fn text() -> impl Strategy<Value = String> {
    let hostile = prop::sample::select(HOSTILE.to_vec()).prop_map(str::to_owned);
    let one = prop_oneof![4 => hostile, 1 => ".{0,40}"];
    prop::collection::vec(one, 1..4).prop_map(|texts| texts.join(" "))
}

/// A long text that takes more space than it has characters.
pub fn long() -> impl Strategy<Value = String> {
    ("[<>&\"\\\\가a`{🚨\n ]{1,9}", 1..4_000usize).prop_map(|(text, times)| format!("x{}", text.repeat(times)))
}

/// The text as an event's reader leaves it, on its lines; never empty.
fn clean(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| Phrase::text(line).plain()).collect();
    match lines.join("\n").trim() {
        "" => "x".to_owned(),
        text => text.to_owned(),
    }
}

fn excerpt(text: &str, most: usize) -> Excerpt {
    Excerpt {
        text: clean(text),
        beyond: 0,
        most,
    }
}

fn entry(text: &str, code: bool) -> Entry {
    let line = clean(text).replace('\n', " ");
    Entry {
        label: line.chars().take(300).collect(),
        value: excerpt(if code { &line } else { text }, 700),
        code,
    }
}

fn link(text: &str, length: usize) -> Link {
    Link {
        page: format!("https://x.example/{}", "a".repeat(length)),
        label: clean(text).replace('\n', " "),
    }
}

fn phrase(text: &str) -> Phrase {
    let text: String = clean(text).chars().take(90).collect();
    let mut phrase = Phrase::title(&text);
    for more in [Phrase::text(&text), Phrase::code(&text), Phrase::strong(&text)] {
        phrase.push(&Phrase::text("·"));
        phrase.push(&more);
    }
    phrase
}

/// A card with everything that a card may have, and the text everywhere.
pub fn card(text: &str, locale: Locale) -> Card {
    let alarm = json!({ "AlarmName": "cpu", "NewStateValue": "ALARM", "AWSAccountId": "111122223333" });
    let settings = Settings {
        locale,
        ..Settings::default()
    };
    let bare = compose(&read(&alarm)[0], &settings);
    let prose = |label| Prose {
        label,
        text: excerpt(text, 9_000),
    };
    let facts = || (0..10).map(|index| entry(text, index % 2 == 1)).collect();
    Card {
        headline: phrase(text),
        sections: vec![
            Section::Facts(facts()),
            Section::Prose(prose(Some("Reason"))),
            Section::Small(prose(None)),
            Section::Json {
                title: Some("Request"),
                text: excerpt(text, 6_000),
            },
            Section::Lines {
                title: Some("Log lines"),
                text: excerpt(text, 3_000),
            },
            Section::Links(vec![link(text, 400), link(text, 400)]),
        ],
        link: Some(link(text, 2_600)),
        footer: vec![entry(text, false), entry(text, true)],
        account: Some(clean(text)),
        stack: clean(text),
        ..bare
    }
}

/// Rows of a digest.
pub fn rows(text: &str, count: usize) -> Vec<Row> {
    let phrase = phrase(text);
    let row = |index| Row {
        phrase: phrase.clone(),
        link: (index % 3 > 0).then(|| link("Open", 200 * index % 800)),
    };
    (0..count).map(row).collect()
}

/// A card with rows.
pub fn digest(rows: Vec<Row>, locale: Locale) -> Card {
    Card {
        sections: vec![Section::Rows(rows)],
        link: None,
        incident: None,
        ..card("x", locale)
    }
}
