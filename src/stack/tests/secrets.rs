//! Addresses of channels: which are taken, and that no message shows one.

use std::fs;

use super::*;

/// A secret in a comment is a warning; it must not take an error at its place with it.
#[test]
fn a_secret_in_a_comment_hides_no_error() {
    let hook = [
        "https://hooks.slack.com/services",
        "T0123ABCD",
        "B0123ABCD",
        "abcdefghijklmnop",
    ]
    .join("/");
    let said = bad(&format!(
        "channels:  # was {hook}\n  project: {{ webhook: {{ env: HOOK }} }}\n"
    ));
    assert!(said.contains("`stack` is missing"), "{said}");
    assert!(!said.contains("abcdefghijklmnop"), "{said}");
    let said = bad(&format!(
        "stack: a\nalarms:\n  a:\n    threshold: '> 1'\n    metrics:\n      - metric: AWS/Lambda Errors  # {hook}\n"
    ));
    assert!(said.contains("`id` is missing"), "{said}");
}

#[test]
fn a_ciphertext_for_the_relay_of_today_is_taken_and_one_of_an_earlier_version_too() {
    let made_for = |made_for: Option<&str>| {
        let more = made_for.map(|name| format!(", for: {name}")).unwrap_or_default();
        let text = GOOD.replace("env: SLACK_WEBHOOK_URL", &format!("encrypted: AQICAHg={more}"));
        let stack = good(&text).stack;
        stack.channels["project"].address.clone()
    };
    for expected in [None, Some("mission-relay")] {
        let SecretSource::Encrypted { ciphertext, made_for } = made_for(expected) else {
            panic!("not encrypted");
        };
        assert_eq!((ciphertext.as_str(), made_for.as_deref()), ("AQICAHg=", expected));
    }
    // A command that makes new ciphertexts accepts the old ones.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stack.yaml");
    let text = GOOD.replace("env: SLACK_WEBHOOK_URL", "encrypted: AQICAHg=, for: other");
    fs::write(&path, text).expect("written");
    assert!(load(&path).is_err());
    assert!(load_from(&path.as_path().into(), Ciphertexts::Unused).is_ok());
}

#[test]
fn aliases_of_a_secret_are_masked_too() {
    let secret = GOOD.replace("\"#project\"", "&a https://hooks.slack.com/services/T0/B0/sEcReT");
    let problems = bad(&secret.replace("[alerts]", "[*a]").replace("Average", "*a"));
    assert!(!problems.contains("sEcReT"), "{problems}");
    // A value of several lines is reported at its key.
    let folded = "alarms:\n  x:\n    metric: A b\n    period: 60\n    threshold: '> 1'\n    statistic: >-\n      hooks.slack.com/services/T0/B0/sEcReT\n";
    let problems = bad(&GOOD.replace("alarms:\n", folded));
    assert!(!problems.contains("sEcReT"), "{problems}");
    let misplaced = GOOD.replace("{ env: SLACK_WEBHOOK_URL }", "{ env: &a sEcReT-1 }");
    let problems = bad(&misplaced.replace("[alerts]", "[*a]").replace("Average", "*a"));
    assert!(!problems.contains("sEcReT"), "{problems}");
}

#[test]
fn no_message_shows_a_webhook() {
    let spellings = [
        "https://hooks.slack.com/services/T0AAAAAA/B0AAAAAA/sEcReTsEcReTsEcReT",
        "hooks.slack-gov.com/services/T0AAAAAA/B0AAAAAA/sEcReT",
        "HTTPS://HOOKS.SLACK.COM/services/x/y/sEcReT",
        "T0AAAAAA/B0AAAAAA/sEcReTsEcReTsEcReT",
    ];
    let places = [
        ("mission", "X"),
        ("stack:", "\"X\":"),
        ("region:", "X:"),
        ("ap-northeast-2", "X"),
        ("{ env: SLACK_WEBHOOK_URL }", "X"),
        ("{ env: SLACK_WEBHOOK_URL }", "[X]"),
        ("{ env: SLACK_WEBHOOK_URL }", "'X'"),
        ("{ env: SLACK_WEBHOOK_URL }", "{ X: 1 }"),
        ("{ env: SLACK_WEBHOOK_URL }", "{ X }"),
        ("{ env: SLACK_WEBHOOK_URL }", "{ url: { a: X } }"),
        ("{ env: SLACK_WEBHOOK_URL }", "!X 1"),
        ("{ env: SLACK_WEBHOOK_URL }", "&a X, x: *a"),
        ("SLACK_WEBHOOK_URL }", "X"),
        ("'>= 50'", "X"),
        ("AWS/EC2 CPUUtilization", "X y"),
        ("[alerts]", "[X]"),
        ("[alerts]", "X"),
        ("topics:", "topics: # X\n  x: {"),
    ];
    for spelling in spellings {
        for (from, to) in places {
            let text = GOOD.replacen(from, &to.replace('X', spelling), 1);
            let Err(problems) = parse("stack.yaml", &text) else {
                panic!("accepted:\n{text}")
            };
            let shown = format!("{problems}{problems:?}{:?}", problems.reports());
            assert!(!shown.contains("sEcReT"), "{text}\n{shown}");
        }
    }
}

#[test]
fn a_ciphertext_may_hold_any_bytes() {
    // 0x2f is a slash in text; a capital T and B between slashes are not yet a webhook.
    for ciphertext in ["AQIC//8vLw==", "AAAA/TAAaBBBB/BAAAbBBBB/AAAAAAAAAAAAAAAAAAAA"] {
        good(&GOOD.replace("env: SLACK_WEBHOOK_URL", &format!("encrypted: {ciphertext}")));
    }
    // Base64 of https://example.com.
    spoiled(
        "env: SLACK_WEBHOOK_URL",
        "encrypted: aHR0cHM6Ly9leGFtcGxlLmNvbQ==",
    );
}
