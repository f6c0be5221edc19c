//! `init`, `completions` and `man`, as used in a shell.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use alertctl::stack::{BUNDLED, load};

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
