//! Completions and manual pages, as a shell uses them.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{PROGRAM, alertctl, text};

/// The completions that bash gets for a command line: its last word is completed.
fn completed(folder: &Path, line: &[&str]) -> Vec<String> {
    let ran = Command::new(PROGRAM)
        .current_dir(folder)
        .env("COMPLETE", "bash")
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", line.len().to_string())
        .env("_CLAP_COMPLETE_COMP_TYPE", "9")
        .env("_CLAP_COMPLETE_SPACE", "false")
        .args(["--", "alertctl"])
        .args(line)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    text(&ran.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn shells_complete_files_keys_and_resources() {
    let folder = tempfile::tempdir().unwrap();
    alertctl(folder.path(), &["init", "--from", "cloudwatch-slack"]);
    alertctl(folder.path(), &["init", "other.yaml", "--from", "full"]);
    let of = |line: &[&str]| completed(folder.path(), line);
    assert_eq!(of(&["pla"]), ["plan"]);
    assert_eq!(of(&["render", "--locale", "k"]), ["ko"]);
    assert_eq!(
        of(&["plan", "--region", "eu-west-"]),
        ["eu-west-1", "eu-west-2", "eu-west-3"]
    );
    assert_eq!(of(&["validate", "--output", ""]), ["text", "json"]);
    assert_eq!(of(&["plan", "--output", "m"]), ["markdown"]);
    assert_eq!(of(&["plan", "s"]), ["stack.yaml"]);
    assert_eq!(of(&["plan", "a"]), [""; 0], "the schema is no stack file");
    assert_eq!(
        of(&["encrypt-hook", "other.yaml", "--channel", "s"]),
        ["security"]
    );
    assert_eq!(of(&["encrypt-hook", "--channel", ""]), ["project"]);
    assert_eq!(
        of(&["render", "sign-in", "--stack", "other.yaml", "--rule", "lo"]),
        ["logins"]
    );
    assert_eq!(
        of(&["show", "endpoint", "other.yaml", "--endpoint", ""]),
        ["elastalert"]
    );
    assert_eq!(
        of(&["apply", "other.yaml", "--adopt", "sns-topic/al"]),
        ["sns-topic/alerts"]
    );
    assert_eq!(of(&["init", "--from", "console"]), ["console-login"]);
    assert_eq!(of(&["init", "--service", "s"]), ["slack", "signed_webhook"]);
    assert_eq!(of(&["render", "--as", "t"]), ["teams"]);
    assert_eq!(of(&["test", "--path", "alarm"]), ["alarm", "alarm/cpu"]);
    assert!(of(&["events", "sign-in"]).len() > 1);
    assert_eq!(of(&["local", "alarm", "m"]), ["mission-cpu-alarm"]);
    // An invalid file gives no completions and no errors.
    fs::write(folder.path().join("stack.yaml"), "stak: a").unwrap();
    assert_eq!(of(&["encrypt-hook", "--channel", ""]), [""; 0]);
}

#[test]
fn every_shell_gets_a_script() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = alertctl(folder.path(), &["completions", shell]);
        assert!(
            ran.status.success() && text(&ran.stdout).contains("alertctl"),
            "{shell}"
        );
    }
    let script = folder.path().join("completions.bash");
    fs::write(&script, alertctl(folder.path(), &["completions", "bash"]).stdout).unwrap();
    assert!(
        Command::new("bash")
            .arg("-n")
            .arg(&script)
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn every_command_has_a_manual_page() {
    use clap::CommandFactory as _;
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man/man1");
    let ran = alertctl(folder.path(), &["man", "man/man1"]);
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    for command in alertctl::cli::Cli::command().get_subcommands() {
        let page = pages.join(format!("alertctl-{}.1", command.get_name()));
        let page = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        for section in ["EXAMPLES", "\"EXIT STATUS\"", "ENVIRONMENT"] {
            assert!(page.contains(&format!("\n.SH {section}\n")), "{section}: {page}");
        }
    }
    // A short synopsis, and examples whose lines are not filled.
    let page = fs::read_to_string(pages.join("alertctl-plan.1")).unwrap();
    let synopsis = page
        .split_once(".SH SYNOPSIS\n")
        .unwrap()
        .1
        .split_once(".SH")
        .unwrap()
        .0;
    assert!(
        synopsis.contains("[OPTIONS]") && !synopsis.contains("adopt"),
        "{synopsis}"
    );
    let examples = page
        .split_once(".SH EXAMPLES\n")
        .unwrap()
        .1
        .split(".SH")
        .next()
        .unwrap();
    assert!(
        examples.starts_with(".nf\nalertctl plan stack.yaml\n"),
        "{examples}"
    );
    assert!(examples.trim_end().ends_with(".fi"), "{examples}");
    assert!(pages.join("alertctl.1").exists());
    assert!(
        !pages.join("alertctl-local-inbox-server.1").exists(),
        "that is no command for people"
    );
    // A file is in the place of the directory.
    let ran = alertctl(folder.path(), &["man", "man/man1/alertctl.1"]);
    assert_eq!(ran.status.code(), Some(1));
}
