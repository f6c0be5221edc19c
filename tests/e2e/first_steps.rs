//! `init`, `completions` and `man`, as used in a shell.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use alertctl::stack::{BUNDLED, load};

mod questions;
mod shell;

const PROGRAM: &str = env!("CARGO_BIN_EXE_alertctl");

fn alertctl(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn each_ready_stack_file_is_written_with_its_schema_and_plans_on() {
    for one in BUNDLED {
        let folder = tempfile::tempdir().unwrap();
        let ran = alertctl(folder.path(), &["init", "--from", one.name]);
        assert!(ran.status.success(), "{}", text(&ran.stderr));
        let loaded = load(&folder.path().join("stack.yaml")).unwrap();
        // The only warnings are about values that the user still has to replace.
        let others = loaded.warnings.iter().filter(|warning| !warning.is_example);
        assert_eq!(others.count(), 0, "{}: {:?}", one.name, loaded.warnings);
        let written = fs::read_to_string(folder.path().join("stack.yaml")).unwrap();
        let place = written.lines().next().unwrap().rsplit('=').next().unwrap();
        let schema = fs::read(folder.path().join(place)).unwrap();
        assert_eq!(schema, alertctl(folder.path(), &["schema"]).stdout);
        // The suggested next steps are valid commands.
        for line in text(&ran.stderr)
            .lines()
            .filter_map(|line| line.strip_prefix("  alertctl "))
        {
            use clap::Parser as _;
            let words = ["alertctl"].into_iter().chain(line.split_whitespace());
            assert!(alertctl::cli::Cli::try_parse_from(words).is_ok(), "{line}");
        }
        let shown = text(&ran.stderr);
        let at = |command: &str| {
            shown
                .find(&format!("  alertctl {command} stack.yaml"))
                .unwrap_or_else(|| panic!("{command}: {shown}"))
        };
        assert!(
            at("validate") < at("apply") && at("apply") < at("plan"),
            "{shown}"
        );
        let hooks = shown.matches("  alertctl encrypt-hook ").count();
        assert_eq!(hooks, loaded.stack.channels.len(), "{shown}");
    }
}

#[test]
fn nothing_is_written_over_unless_that_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.yaml");
    fs::write(&file, "mine").unwrap();
    fs::write(folder.path().join("alertctl.schema.json"), "mine too").unwrap();
    let ran = alertctl(folder.path(), &["init", "--from", "full"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(text(&ran.stderr).contains("--force"), "{}", text(&ran.stderr));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");

    assert!(
        alertctl(folder.path(), &["init", "other.yaml", "--from", "full"])
            .status
            .success()
    );
    let schema = fs::read_to_string(folder.path().join("alertctl.schema.json")).unwrap();
    assert_eq!(schema, "mine too");

    assert!(
        alertctl(folder.path(), &["init", "--from", "full", "--force"])
            .status
            .success()
    );
    assert!(load(&file).is_ok());
}

/// The names of all services, and what `init` needs beside them.
const SERVICES: [(&str, &[&str], &str); 9] = [
    (
        "webhook",
        &[],
        "the webhook's URL, from the app's page `Incoming Webhooks` in Slack",
    ),
    ("slack", &["--channel", "C0456EFGH"], "the bot token, from"),
    (
        "teams",
        &[],
        "the webhook's URL, from the app `Workflows` in Teams",
    ),
    (
        "google-chat",
        &[],
        "the webhook's URL, from the space's menu in Google Chat",
    ),
    (
        "discord",
        &[],
        "the webhook's URL, from the channel's settings in Discord",
    ),
    (
        "pagerduty",
        &["--service-region", "eu"],
        "the integration key, from",
    ),
    ("jira_service_management", &[], "the API key, from"),
    (
        "opsgenie",
        &[],
        "the API key, from the team's page `Integrations` in Opsgenie",
    ),
    (
        "signed_webhook",
        &[],
        "the webhook's URL and its signing secrets, from",
    ),
];

#[test]
fn every_service_has_a_stack_file_without_a_question() {
    for (service, more, paste) in SERVICES {
        for (language, locale) in [("en_US.UTF-8", "en"), ("ko_KR.UTF-8", "ko")] {
            let folder = tempfile::tempdir().unwrap();
            let ran = Command::new(PROGRAM)
                .current_dir(folder.path())
                .env("LC_ALL", language)
                .env("AWS_REGION", "eu-west-1")
                .args(["init", "--service", service])
                .args(more)
                .output()
                .unwrap();
            let shown = text(&ran.stderr);
            assert!(ran.status.success(), "{shown}");
            assert!(shown.contains(paste), "{service}: {shown}");
            let loaded = load(&folder.path().join("stack.yaml")).unwrap();
            let others = loaded.warnings.iter().filter(|warning| !warning.is_example);
            assert_eq!(others.count(), 0, "{service}: {:?}", loaded.warnings);
            let (_, channel) = loaded.stack.channels.first_key_value().unwrap();
            assert_eq!(channel.channel_type.place()[0], service.replace('-', "_"));
            assert_eq!(loaded.stack.locale.code(), locale);
            assert_eq!(loaded.stack.region.as_deref(), Some("eu-west-1"));
            // With an instance of one's own, nothing is left to do.
            let file = folder.path().join("stack.yaml");
            let written = fs::read_to_string(&file).unwrap();
            fs::write(
                &file,
                written.replace("i-0123456789abcdef0", "i-0f1e2d3c4b5a69780"),
            )
            .unwrap();
            let ran = alertctl(folder.path(), &["validate", "--strict"]);
            assert!(ran.status.success(), "{service}: {}", text(&ran.stderr));
        }
    }
}

#[test]
fn what_belongs_to_another_service_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, reason) in [
        (
            &["--service", "slack"][..],
            "a Slack app needs the id of its channel",
        ),
        (
            &["--service", "slack", "--channel", "#ops"],
            "is not the id of a channel in Slack",
        ),
        (
            &["--service", "teams", "--channel", "C0456EFGH"],
            "`--channel` has no meaning",
        ),
        (
            &["--service", "discord", "--service-region", "eu"],
            "`--service-region` has no meaning",
        ),
        (&["--service", "teams", "--region", "Seoul"], "Seoul"),
    ] {
        let ran = alertctl(folder.path(), &[&["init"], arguments].concat());
        assert_eq!(ran.status.code(), Some(1), "{arguments:?}");
        assert!(
            text(&ran.stderr).contains(reason),
            "{arguments:?}: {}",
            text(&ran.stderr)
        );
    }
    for arguments in [
        &["--service", "irc"][..],
        &["--channel", "C0456EFGH"],
        &["--service", "teams", "--from", "full"],
        &["--service", "pagerduty", "--service-region", "kr"],
    ] {
        let ran = alertctl(folder.path(), &[&["init"], arguments].concat());
        assert_eq!(ran.status.code(), Some(1), "{arguments:?}");
        assert!(text(&ran.stderr).contains("try '--help'"), "{arguments:?}");
    }
    assert!(!folder.path().join("stack.yaml").exists());
}
