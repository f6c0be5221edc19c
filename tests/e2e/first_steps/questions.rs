//! `init` at a terminal: its questions, and what it makes of the answers.

use std::path::Path;
use std::process::Command;

use super::{PROGRAM, text};
use alertctl::stack::load;

/// Runs `init` in a terminal that `script` of util-linux creates, with these lines as its answers.
fn asked(folder: &Path, answers: &[&str]) -> String {
    let answers = answers.join("\\n");
    let line = format!("printf '{answers}\\n' | script -qec '{PROGRAM} init' /dev/null");
    let ran = Command::new("bash")
        .current_dir(folder)
        .args(["-c", &line])
        .output()
        .unwrap();
    text(&ran.stdout)
}

#[test]
fn a_terminal_asks_what_the_service_needs() {
    let folder = tempfile::tempdir().unwrap();
    let answers = [
        "mission",
        "eu-west-1",
        "1",
        "12",
        "6",
        "Orders",
        "asia",
        "eu",
        "-",
    ];
    let shown = asked(folder.path(), &answers);
    let loaded = load(&folder.path().join("stack.yaml")).unwrap_or_else(|error| panic!("{error}: {shown}"));
    let channel = &loaded.stack.channels["pagerduty"];
    assert_eq!(channel.label.as_deref(), Some("Orders"));
    let region = alertctl_relay::ServiceRegion::Eu;
    assert_eq!(
        channel.channel_type,
        alertctl_relay::ChannelType::Pagerduty { region }
    );
    for part in [
        "is not a number from 1 to 9",
        "`asia` is neither us nor eu",
        "the integration key, from",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let folder = tempfile::tempdir().unwrap();
    let answers = ["mission", "eu-west-1", "1", "2", "#ops", "ops", "C0456EFGH", "-"];
    let shown = asked(folder.path(), &answers);
    let loaded = load(&folder.path().join("stack.yaml")).unwrap_or_else(|error| panic!("{error}: {shown}"));
    let channel = "C0456EFGH".to_owned();
    let app = alertctl_relay::ChannelType::SlackBot { channel };
    assert_eq!(loaded.stack.channels["slack"].channel_type, app);
    assert!(
        shown.contains("`ops` is not the id of a channel in Slack"),
        "{shown}"
    );
}

#[test]
fn a_few_questions_make_a_stack_file() {
    let folder = tempfile::tempdir().unwrap();
    // After a wrong answer the question is repeated; an empty one takes what is proposed.
    let answers = [
        "Mission!",
        "mission",
        "eu-west-1",
        "1,2,9",
        "1,2",
        "",
        "#ops",
        "oncall@example.com",
    ];
    let shown = asked(folder.path(), &answers);
    let loaded = load(&folder.path().join("stack.yaml")).unwrap_or_else(|error| panic!("{error}: {shown}"));
    assert_eq!(loaded.stack.stack, "mission");
    assert_eq!(loaded.stack.region.as_deref(), Some("eu-west-1"));
    assert_eq!(loaded.stack.channels["slack"].label.as_deref(), Some("#ops"));
    assert!(loaded.stack.rules.contains_key("sign-ins") && !loaded.stack.alarms.is_empty());
    assert!(shown.contains("alertctl apply stack.yaml --local"), "{shown}");
    let rule = "`Mission!` cannot be the name of a stack: write a lower-case letter, then up to 39";
    assert!(shown.contains(rule), "{shown}");
}
