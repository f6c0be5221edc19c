//! Tests the command line as its users see it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{NO_WEBHOOK, Ran, World};
use sha2::{Digest as _, Sha256};

mod documents;
mod surroundings;

/// Help, usage errors and `validate`: documented sessions, each of which is run and compared.
#[test]
fn sessions() {
    trycmd::TestCases::new()
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .case("tests/cmd/*.md");
}

/// Checks that the sessions show the help of every command, with an example.
#[test]
fn the_help_of_no_command_is_left_out() {
    use clap::CommandFactory as _;
    let sessions = std::fs::read_to_string("tests/cmd/help.md").unwrap();
    let shown = |names: &str| {
        let asked = format!("$ alertctl {names}--help\n");
        let (_, help) = sessions.split_once(&asked).unwrap_or_else(|| panic!("{names}"));
        let help = help.split_once("```").unwrap().0;
        assert!(
            help.contains("\nExamples:\n  alertctl "),
            "{names}shows no example"
        );
    };
    for command in alertctl::cli::Cli::command().get_subcommands() {
        shown(&format!("{} ", command.get_name()));
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
            shown(&format!("{} {} ", command.get_name(), sub.get_name()));
        }
    }
}

#[test]
fn the_plan_of_the_bundled_stack_on_an_empty_account() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.up();
    let plan = world.ok(&["plan", "--local", "stack.yaml"]);
    assert_eq!(
        plan.stderr, "",
        "standard error is for talk, and there is nothing to say"
    );
    insta::assert_snapshot!("plan_of_the_bundled_stack", plan.stdout);
    let full = world.ok(&["plan", "--local", "stack.yaml", "--full"]).stdout;
    let full = full.lines().map(|line| match line.split_once("relay: ") {
        Some((before, _)) => format!("{before}relay: (digest)"),
        None => line.to_owned(),
    });
    insta::assert_snapshot!(
        "full_plan_of_the_bundled_stack",
        full.collect::<Vec<_>>().join("\n")
    );

    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let plain = world.run(&["plan", "--local", "stack.yaml", "--detailed-exitcode"]);
    assert_eq!(plain.code, 2, "{}", plain.stderr);
    let json = world.json(&["plan", "--local", "stack.yaml"]);
    assert_eq!(json["summary"]["create"], 14, "{json:#}");
    assert_eq!(json["account"], "000000000000", "{json:#}");
    assert!(
        !json.to_string().contains("abcdefghijklmnopqrstuvwx"),
        "the webhook shows"
    );
}

#[test]
fn colour_is_where_it_is_asked_for() {
    let world = World::new();
    world.write("stack.yaml", "stack: mission\nregionn: x\n");
    let is_coloured = |variables: &[(&str, &str)], flags: &[&str]| {
        let mut command = world.command(&[&["validate", "stack.yaml"][..], flags].concat());
        let ran = Ran::of(command.envs(variables.iter().copied()).output().unwrap());
        ran.stderr.contains('\u{1b}')
    };
    let force = ("FORCE_COLOR", "1");
    assert!(!is_coloured(&[], &[]));
    assert!(is_coloured(&[force], &[]) && is_coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!is_coloured(&[("FORCE_COLOR", "0")], &[]) && !is_coloured(&[force, ("NO_COLOR", "1")], &[]));
    assert!(is_coloured(&[("NO_COLOR", "1")], &["--color", "always"]));
    assert!(!is_coloured(&[force], &["--color=never"]) && is_coloured(&[force], &["--color", "auto"]));
    // This also applies to clap's own errors.
    assert!(is_coloured(&[], &["--color", "always", "--nonsense"]));
    assert!(!is_coloured(&[force], &["--color", "never", "--nonsense"]));
}

#[test]
fn strict_takes_warnings_for_errors_before_anything_is_changed() {
    let world = World::new();
    let odd = "stack: odd\nregion: eu-west-1\ntopics: { mail: { subscriptions: [{ email: ops@corp.example }] } }\n\
               alarms: { cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 1' } }\n";
    world.write("stack.yaml", odd);
    world.write("good.yaml", &odd.replace("'>= 1' }", "'>= 1', to: [mail] }"));
    world.write("broken.yaml", "stack: odd\nregionn: x\n");
    let refused = |args: &[&str]| {
        let ran = world.run(args);
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(
            ran.stderr
                .contains("error: there is a warning, and `--strict` treats warnings as errors"),
            "{}",
            ran.all()
        );
        ran
    };
    refused(&["validate", "--strict"]);
    world.ok(&["validate", "good.yaml", "--strict"]);
    refused(&["plan", "--strict", "--local", "--save", "odd.plan"]);
    assert!(!world.path().join("odd.plan").exists());
    refused(&["apply", "--strict", "--local", "--yes"]);
    let plan = world.json(&["plan", "--local"]);
    assert_eq!(plan["summary"]["keep"], 0, "{plan:#}");
    let warnings = plan["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 1, "{plan:#}");
    assert!(
        warnings[0].as_str().unwrap().starts_with("`stack.yaml:4`: "),
        "{plan:#}"
    );

    // The document is complete nevertheless.
    let json = refused(&["validate", "--strict", "--output", "json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["file"], &json["warnings"]),
        (&"stack.yaml".into(), &plan["warnings"])
    );

    // Each of several files is checked.
    let ran = world.run(&["validate", "broken.yaml", "stack.yaml", "good.yaml", "none.yaml"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (1, "stack.yaml: valid\ngood.yaml: valid\n")
    );
    assert!(
        ran.stderr.contains("broken.yaml: 1 error") && ran.stderr.contains("`none.yaml` does not exist"),
        "{}",
        ran.stderr
    );
    let ran = world.run(&["validate", "broken.yaml", "stack.yaml", "--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(ran.code, 1);
    assert_eq!(json["files"][0]["errors"][0]["file"], "broken.yaml", "{json:#}");
    assert_eq!(json["files"][1]["warnings"], plan["warnings"], "{json:#}");
    world.ok(&["validate", "stack.yaml", "good.yaml"]);
}

#[test]
fn without_a_terminal_nothing_is_asked_and_nothing_done() {
    let mut world = World::new();
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world.bundled("cloudwatch-slack");
    world.up();
    let nothing = world.ok(&["destroy", "--local", "stack.yaml"]);
    assert!(
        nothing
            .stderr
            .starts_with("nothing to destroy: stack mission owns nothing in 000000000000, ap-northeast-2"),
        "{}",
        nothing.all()
    );
    let refused = |args: &[&str]| {
        let ran = world.run(args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
        assert!(
            ran.stderr.ends_with(
                "error: there is no terminal to ask for confirmation, so nothing was done\n  help: add --yes \
                 to skip the question\n"
            ),
            "{args:?}: {}",
            ran.stderr
        );
    };
    refused(&["apply", "--local", "stack.yaml"]);
    refused(&[
        "encrypt-hook",
        "--local",
        "stack.yaml",
        "--env",
        "SLACK_WEBHOOK_URL",
    ]);
    world.ok(&["apply", "--local", "stack.yaml", "--yes"]);
    refused(&["destroy", "--local", "stack.yaml"]);
    let kept = world.json(&["status", "--local", "stack.yaml"]);
    let resources = kept["resources"].as_array().unwrap();
    assert!(
        resources.iter().all(|resource| resource["state"] == "ok"),
        "{kept:#}"
    );
}

#[test]
fn a_token_stands_alone_on_standard_output_with_its_digest_beside_it() {
    let world = World::new();
    let digest = |token: &str| hex::encode(Sha256::digest(token));
    let ran = world.ok(&["token"]);
    let token = ran.stdout.strip_suffix('\n').unwrap();
    assert_eq!(token.len(), 43, "{token}");
    let line = format!("\n    token: {{ sha256: {} }}\n", digest(token));
    assert!(ran.stderr.ends_with(&line), "{}", ran.stderr);
    assert!(!ran.stderr.contains(token));
    let json = world.json(&["token"]);
    let other = json["token"].as_str().unwrap();
    assert_eq!(json["sha256"], digest(other));
    assert_ne!(token, other);
}
