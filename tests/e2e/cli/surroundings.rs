//! Terminals, pipes, arguments and files that are not as expected.

use super::*;
use crate::support::NO_ADDRESSES;

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

/// The same for the addresses of other services, as far as they can be told from other words.
#[test]
fn an_address_of_any_service_as_an_argument_is_refused() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    for (name, address) in NO_ADDRESSES {
        let ran = world.run(&["encrypt-hook", "--env", address]);
        assert_eq!(ran.code, 1, "{name}: {}", ran.all());
        assert!(
            !ran.all().contains(address) || name == "PAGERDUTY_KEY",
            "{}",
            ran.all()
        );
        let told = ran.stderr.contains("as an argument");
        // Integration keys look like any other word.
        assert_eq!(told, name != "PAGERDUTY_KEY", "{name}: {}", ran.all());
    }
    let ran = world.run(&["plan", &format!("--profile={}", NO_ADDRESSES[3].1)]);
    assert!(ran.stderr.contains("as an argument"), "{}", ran.all());
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
