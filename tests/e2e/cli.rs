//! Tests the command line as its users see it.

use std::io::{BufRead as _, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{NO_WEBHOOK, Ran, World};
use sha2::{Digest as _, Sha256};

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

/// This program's own variables, which no other documentation describes.
#[test]
fn every_environment_variable_is_documented() {
    let page = std::fs::read_to_string("docs/operations.md").unwrap();
    let page = page.split_once("## Environment variables").unwrap().1;
    let help = alertctl::cli::HELP;
    let mut sources = vec![std::path::PathBuf::from("src")];
    let mut named = std::collections::BTreeSet::new();
    while let Some(path) = sources.pop() {
        if path.is_dir() {
            sources.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        // A build-time variable is not a variable of a run.
        let read = |at: &usize| !text[..*at].ends_with("env!(\"");
        let places = text.match_indices("ALERTCTL_").map(|(at, _)| at);
        for at in places.filter(read) {
            let name = text[at..]
                .split(|c: char| !c.is_ascii_uppercase() && c != '_')
                .next()
                .unwrap();
            named.insert(name.trim_end_matches('_').to_owned());
        }
    }
    // A stack's functions get these variables from the stack.
    for name in ["ALERTCTL_DUTY", "ALERTCTL_ENCRYPTED_FOR"] {
        assert!(named.remove(name), "{name}");
    }
    assert!(named.len() >= 4, "{named:?}");
    for name in named {
        assert!(page.contains(&name) && help.contains(&name), "{name}");
    }
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

/// Runs the commands that the README gives to a newcomer, in their order, on the local AWS.
#[test]
fn the_commands_of_the_readme() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let section = |title: &str| {
        let rest = readme
            .split_once(title)
            .unwrap_or_else(|| panic!("no `{title}`"))
            .1;
        let block = rest
            .split_once("```sh\n")
            .unwrap()
            .1
            .split_once("```")
            .unwrap()
            .0
            .to_owned();
        block
            .lines()
            .map(|line| line.split(" #").next().unwrap().trim().to_owned())
            .collect::<Vec<_>>()
    };
    let first = section("## Install");
    assert_eq!(first, ["cargo install --locked --path .", "alertctl local demo"]);
    assert_eq!(section("## Contributing"), ["cargo test --workspace --locked"]);

    let mut world = World::new();
    let demo = world.ok(&["local", "demo"]);
    assert!(
        demo.stdout.contains("── #project ──") && demo.stdout.contains("mission-cpu-alarm"),
        "{}",
        demo.stdout
    );
    world.ok(&["local", "down"]);

    // `encrypt-hook` prompts on a terminal; this test passes the URL through standard input.
    let steps = section("## Your first stack");
    world.set("ALERTCTL_LOCAL", "1");
    std::os::unix::fs::symlink(
        Path::new("stacks").canonicalize().unwrap(),
        world.path().join("stacks"),
    )
    .unwrap();
    let (_, inbox) = world.up();
    let webhook = format!("{inbox}/services/LOCAL/INBOX/project");
    for step in &steps {
        let asks = ["encrypt-hook", "apply", "destroy"]
            .iter()
            .any(|word| step.contains(word));
        let line = format!(
            "printf %s '{webhook}' | {step}{}",
            if asks { " --yes" } else { "" }
        );
        let ran = Ran::of(world.program("sh", &["-e", "-c", &line]).output().unwrap());
        assert_eq!(ran.code, 0, "{step}\n{}", ran.all());
        assert!(
            !ran.all().contains("LOCAL/INBOX"),
            "{step} shows the webhook: {}",
            ran.all()
        );
        match step.split(' ').nth(1) {
            Some("plan") => assert!(ran.stdout.contains("12 to create, 2 unchanged"), "{}", ran.stdout),
            Some("apply") => {
                world.ok(&["local", "alarm", "mission-cpu-alarm"]);
                assert_eq!(world.messages(&inbox).len(), 1);
                // An alarm in ALARM cannot be tested.
                world.ok(&["local", "alarm", "mission-cpu-alarm", "--state", "ok"]);
            }
            Some("test") => {
                let messages = world.messages(&inbox);
                assert!(
                    messages
                        .iter()
                        .any(|message| message.to_string().contains("alertctl test"))
                );
            }
            // Fourteen resources, and one webhook that can be decrypted.
            Some("status") => assert_eq!(ran.stdout.matches("\n  ok ").count(), 15, "{}", ran.stdout),
            Some("destroy") => assert!(
                ran.stderr.contains("before then restores it"),
                "no date: {}",
                ran.stderr
            ),
            _ => {}
        }
    }
    assert_eq!(steps.len(), 8, "a new step wants a look here: {steps:?}");

    // The pipeline's two lines.
    world.bundled("cloudwatch-slack");
    for line in section("## In a pipeline") {
        let line = line.replace('…', &webhook);
        let ran = Ran::of(world.program("sh", &["-c", &line]).output().unwrap());
        let wanted = if line.contains("--detailed-exitcode") {
            2
        } else {
            0
        };
        assert_eq!(ran.code, wanted, "{line}\n{}", ran.all());
    }

    // Every command in its table exists, and the table lists every command.
    for (name, flags) in [
        (
            "local",
            "`up`, `down`, `status`, `alarm NAME`, `event EVENT`, `demo`",
        ),
        ("plan", "--detailed-exitcode"),
    ] {
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")))
            .unwrap();
        assert!(row.contains(flags), "{row}");
    }
}

/// The documentation of the tool.
fn documents() -> Vec<(String, String)> {
    let docs = std::fs::read_dir("docs").unwrap();
    let docs = docs.map(|entry| entry.unwrap().path().display().to_string());
    let docs = docs.filter(|path| path.ends_with(".md"));
    ["README.md".to_owned()]
        .into_iter()
        .chain(docs)
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// The code blocks in this language.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    let blocks = document.split(&start).skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0).collect()
}

/// A block that does not begin with `stack:` continues the file before it.
#[test]
fn every_stack_file_in_the_documents_is_valid() {
    let world = World::new();
    let mut count = 0;
    for (path, document) in documents() {
        let mut files: Vec<String> = Vec::new();
        for block in blocks(&document, "yaml") {
            match files.last_mut() {
                Some(file) if !block.starts_with("stack:") => *file += block,
                _ => files.push(block.to_owned()),
            }
        }
        for file in files {
            world.write("stack.yaml", &file);
            let ran = world.run(&["validate"]);
            assert_eq!(ran.code, 0, "{path}: {}", ran.all());
            assert_eq!(warnings_but_for_examples(&ran), [""; 0], "{path}: {}", ran.all());
            count += 1;
        }
    }
    assert_eq!(count, 4, "another number of examples than when this was written");
}

#[test]
fn every_bundled_stack_is_valid_with_no_more_to_do_than_what_is_ones_own() {
    let world = World::new();
    for entry in std::fs::read_dir("stacks").unwrap() {
        let path = entry.unwrap().path();
        world.bundled(path.file_stem().unwrap().to_str().unwrap());
        let ran = world.run(&["validate"]);
        assert_eq!(ran.code, 0, "{}: {}", path.display(), ran.all());
        assert_eq!(warnings_but_for_examples(&ran), [""; 0], "{}", path.display());
        // In the local mode nothing is real, so examples cause no warnings.
        let ran = world.run(&["validate", "--local"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", path.display());
    }
}

/// The warnings without those about example values.
fn warnings_but_for_examples(ran: &Ran) -> Vec<&str> {
    let lines = ran.stderr.lines();
    let warnings = lines.filter(|line| line.starts_with("warning: "));
    warnings
        .filter(|line| !line.ends_with("is only an example"))
        .collect()
}

#[test]
fn every_command_in_the_documents_exists() {
    use clap::Parser as _;
    for (path, document) in documents() {
        for line in blocks(&document, "sh").into_iter().flat_map(str::lines) {
            let line = line.split(" #").next().unwrap();
            let calls = line.match_indices("alertctl ").map(|(at, _)| &line[at..]);
            let calls = calls.map(|call| call.split([')', '|', '&', '>']).next().unwrap());
            for call in calls {
                let parsed = alertctl::cli::Cli::try_parse_from(call.split_whitespace());
                // A request for the version is not an error.
                let mistake = parsed.err().filter(clap::Error::use_stderr);
                assert!(mistake.is_none(), "{path}: `{call}`: {}", mistake.unwrap());
            }
        }
    }
}

/// Links from one document to a file or a heading are valid, and each ready-made stack is in the README.
#[test]
fn the_links_of_the_documents() {
    let headings = |path: &Path| -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap();
        let titles = text.lines().filter(|line| line.starts_with('#'));
        let anchor = |title: &str| {
            let kept = title.to_lowercase().replace(' ', "-");
            kept.chars()
                .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
                .collect()
        };
        titles
            .map(|line| anchor(line.trim_start_matches('#').trim()))
            .collect()
    };
    for (path, document) in documents() {
        let here = Path::new(&path);
        let links = document.split("](").skip(1);
        let links = links.map(|rest| rest.split_once(')').unwrap().0);
        for link in links.filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = match file {
                "" => here.to_owned(),
                file => here.parent().unwrap().join(file),
            };
            assert!(file.exists(), "{path}: `{link}`");
            assert!(
                anchor.is_empty() || headings(&file).iter().any(|heading| heading == anchor),
                "{path}: no heading for `{link}`"
            );
        }
    }
    let readme = std::fs::read_to_string("README.md").unwrap();
    for entry in std::fs::read_dir("stacks").unwrap() {
        let stack = format!("](stacks/{})", entry.unwrap().file_name().display());
        assert!(readme.contains(&stack), "{stack}");
    }
}

/// The example is what a user gets, except for the endpoint's address.
#[test]
fn the_elastalert_example_is_what_show_prints() {
    let world = World::new();
    world.bundled("elastalert-email");
    world.up();
    world.ok(&["apply", "--local", "--yes"]);
    let url = world
        .ok(&["show", "endpoint", "--local"])
        .stdout
        .trim()
        .to_owned();
    let printed = world.ok(&["show", "elastalert-rule", "--local"]).stdout;
    assert_eq!(printed.matches(&url).count(), 2, "{printed}");
    let example = "https://a1b2c3d4e5.execute-api.ap-northeast-2.amazonaws.com/elastalert";
    let printed = printed.replace(&url, example);
    let rule = std::fs::read_to_string("examples/elastalert/rule.yaml").unwrap();
    assert!(
        rule.trim_end().ends_with(printed.trim_end()),
        "should end so:\n{printed}"
    );
    let rule: serde_yaml::Value = serde_yaml::from_str(&rule).unwrap();
    assert!(
        rule["name"].is_string() && rule["filter"].is_sequence(),
        "{rule:?}"
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

#[test]
fn colour_is_for_terminals_that_want_it() {
    let world = World::new();
    world.write("stack.yaml", "stack: mission\nregionn: x\n");
    let plain = world.run(&["validate"]);
    assert!(!plain.all().contains('\u{1b}'), "{}", plain.all());
    let run = |env: &[(&str, &str)]| {
        // `script` gives the command a terminal.
        let mut command = world.program("script", &["-qec", "alertctl validate", "/dev/null"]);
        command.env("TERM", "xterm-256color").envs(env.iter().copied());
        Ran::of(command.output().unwrap()).stdout
    };
    assert!(run(&[]).contains('\u{1b}'), "no colour on a terminal");
    assert!(
        !run(&[("NO_COLOR", "1")]).contains('\u{1b}'),
        "NO_COLOR is not heard"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let world = World::new();
    for args in [
        &["--help"][..],
        &["validate", "--local", "--output", "json"],
        &["local", "status"],
    ] {
        world.bundled("cloudwatch-slack");
        // The reading end is closed before anything is written.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ran = Ran::of(
            world
                .command(args)
                .stdout(writer)
                .stderr(Stdio::piped())
                .output()
                .unwrap(),
        );
        assert!(!ran.stderr.contains("panicked"), "{args:?}: {}", ran.stderr);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
    }
    let mut command = world.command(&["--help"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("Turn one YAML file"), "{line}");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_stack_file_through_a_pipe() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    let piped = |line: &str| {
        let line = format!("cat stack.yaml | alertctl {line}");
        Ran::of(world.program("sh", &["-c", &line]).output().unwrap())
    };
    for name in ["-", "/dev/stdin"] {
        let ran = piped(&format!("validate {name}"));
        assert_eq!(
            (ran.code, ran.stdout),
            (0, format!("{name}: valid\n")),
            "{}",
            ran.stderr
        );
        // This is checked before any call: nothing listens at this address.
        let ran = piped(&format!(
            "plan {name} --save p.plan --endpoint-url http://127.0.0.1:9"
        ));
        assert_eq!(ran.code, 1);
        let shown = format!("error: a plan made from `{name}` could not be applied: ");
        assert!(ran.stderr.starts_with(&shown), "{}", ran.stderr);
    }
    world.write("p.plan", "{\n  \"alertctl_plan\": 1\n}");
    for command in ["plan", "validate", "status"] {
        let ran = world.run(&[command, "p.plan"]);
        assert_eq!(ran.code, 1);
        let shown =
            "error: `p.plan` is a saved plan, not a stack file\n  help: `alertctl apply p.plan` runs it;";
        assert!(ran.stderr.starts_with(shown), "{command}: {}", ran.stderr);
    }
}

#[test]
fn a_mistyped_region_is_told_before_anything_is_asked() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world.edit(|text| text.replace("ap-northeast-2", "ap-notheast-2"));
    let ran = world.run(&["validate"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.contains("did you mean `ap-northeast-2`?"),
        "{}",
        ran.stderr
    );
    world.edit(|text| text.replace("region: ap-notheast-2", "#"));
    let plan = ["plan", "--endpoint-url", "http://127.0.0.1:9"];
    let ran = world.run(&[&plan[..], &["--region", "eu-wset-1"]].concat());
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.stderr,
        "error: `eu-wset-1` is not a region\n  help: did you mean `eu-west-1`? correct --region, AWS_REGION or the \
         profile\n"
    );
    // A region that AWS may have added is not an error.
    world.edit(|text| format!("{text}\nregion: eu-west-9\n"));
    let ran = world.ok(&["validate"]);
    assert!(
        ran.stderr.contains("does not know the region `eu-west-9`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn arguments_that_are_no_text() {
    let world = World::new();
    let odd = std::ffi::OsStr::from_bytes(b"st\xffck.yaml");
    std::fs::copy("stacks/cloudwatch-slack.yaml", world.path().join(odd)).unwrap();
    let run = |command: &mut Command| Ran::of(command.output().unwrap());
    let ran = run(world.command(&["validate"]).arg(odd));
    assert_eq!(ran.code, 0, "a path need not be text: {}", ran.all());
    let ran = run(world.command(&["destroy", "--stack"]).arg(odd));
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(ran.stderr.contains("invalid UTF-8"), "{}", ran.stderr);
    let ran = run(world.command(&[]).arg(odd));
    assert_eq!(ran.code, 1, "{}", ran.all());
    let ran = run(world.command(&["plan", "--local"]).env("SLACK_WEBHOOK_URL", odd));
    assert_eq!(ran.code, 1, "{}", ran.all());
}

/// Every user of the machine can read an argument, and a log would keep it.
#[test]
fn a_webhook_as_an_argument_is_refused_and_not_repeated() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    for args in [
        &["encrypt-hook", NO_WEBHOOK][..],
        &["encrypt-hook", "stack.yaml", NO_WEBHOOK],
        &["encrypt-hook", "--env", NO_WEBHOOK],
        &[
            "encrypt-hook",
            NO_WEBHOOK.trim_start_matches("https://"),
            "--output",
            "json",
        ],
        &["plan", "--endpoint-url", NO_WEBHOOK],
    ] {
        let ran = world.run(args);
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(!ran.all().contains("abcdefghijklmnopqrstuvwx"), "{}", ran.all());
        assert!(
            ran.stderr.contains("as an argument") && ran.stderr.contains("--env NAME"),
            "{}",
            ran.stderr
        );
    }
}

/// `ALERTCTL_LOCAL` accepts the usual spellings of boolean environment variables.
#[test]
fn the_local_mode_by_environment() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("AWS_EC2_METADATA_DISABLED", "true");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    for off in ["0", "false", "no", ""] {
        world.set("ALERTCTL_LOCAL", off);
        let ran = world.run(&["plan", "--profile", "nobody"]);
        assert!(
            ran.stderr.starts_with("error: no AWS credentials were found"),
            "{off:?}: {}",
            ran.all()
        );
    }
    for on in ["1", "true", "yes"] {
        world.set("ALERTCTL_LOCAL", on);
        let ran = world.run(&["plan", "--profile", "nobody"]);
        assert!(
            ran.stderr
                .contains("`--profile` cannot be combined with `--local`"),
            "{on:?}: {}",
            ran.all()
        );
    }
    assert_eq!(world.run(&["plan", "--detailed-exitcode"]).code, 2);
}

#[test]
fn a_system_that_trusts_no_authority() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SSL_CERT_FILE", "/dev/null");
    world.set("SLACK_WEBHOOK_URL", crate::support::NO_WEBHOOK);
    let ran = world.run(&["plan", "--endpoint-url", "http://127.0.0.1:9"]);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stderr.starts_with("error: no CA certificates were found"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("SSL_CERT_FILE"), "{}", ran.stderr);
}

#[test]
fn a_cache_that_cannot_be_written() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    // A file in the place of the directory is an obstacle even for root.
    let file = world.write("file", "");
    let cache = file.join("cache");
    world.set("ALERTCTL_CACHE_DIR", cache.to_str().unwrap());
    for args in [&["local", "up"][..], &["plan", "--local"], &["local", "demo"]] {
        let ran = world.run(args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
        assert!(
            ran.stderr
                .starts_with(&format!("error: failed to create `{}`", cache.display())),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("ALERTCTL_CACHE_DIR"), "{}", ran.stderr);
    }
    if !rustix::process::geteuid().is_root() {
        let closed = world.path().join("closed");
        std::fs::create_dir(&closed).unwrap();
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
        world.set("ALERTCTL_CACHE_DIR", closed.join("cache").to_str().unwrap());
        let ran = world.run(&["local", "up"]);
        assert!(ran.stderr.contains("Permission denied"), "{}", ran.stderr);
    }
    // Commands that need no cache work without it.
    assert_eq!(world.run(&["validate"]).code, 0);
}
