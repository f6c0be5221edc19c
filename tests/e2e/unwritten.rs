//! A failed write, to standard output or to a file, is an error, and leaves nothing half done.

use std::fs::File;
use std::process::Stdio;

use crate::support::{NO_WEBHOOK, Ran, World};

const UNWRITTEN: &str =
    "error: standard output cannot be written: No space left on device (os error 28)\n  help: ";

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

/// The result of a command whose standard output is `stdout`.
fn into(world: &World, args: &[&str], stdout: impl Into<Stdio>) -> Ran {
    let mut command = world.command(args);
    Ran::of(command.stdout(stdout).stderr(Stdio::piped()).output().unwrap())
}

#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world.up();
    let commands: &[&[&str]] = &[
        &["--help"],
        &["--version"],
        &["plan", "--help"],
        &["validate"],
        &["validate", "--output", "json"],
        &["plan", "--local"],
        &["plan", "--local", "--output", "json", "--detailed-exitcode"],
        &["plan", "--local", "--output", "markdown"],
        &["apply", "--local", "--yes", "--output", "json"],
        &["apply", "--local", "--yes", "--output", "json"],
        &["status", "--local"],
        &["status", "--local", "--output", "json"],
        &["policy", "--account", "111122223333"],
        &[
            "policy",
            "--account",
            "111122223333",
            "--deployer",
            "--output",
            "json",
        ],
        &["render", "sign-in-root"],
        &["events"],
        &["events", "sign-in-root"],
        &["graph"],
        &["schema"],
        &["schema", "--output", "markdown"],
        &["completions", "bash"],
        &["man", "pages"],
        &["init", "--list"],
        &["init", "fresh.yaml", "--from", "cloudwatch-slack"],
        &["redrive", "--list", "--local"],
        &["local", "status"],
    ];
    for args in commands {
        let ran = into(&world, args, full());
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(UNWRITTEN), "{args:?}: {}", ran.stderr);
    }
    // An error that cannot be written as a document is still reported.
    let ran = into(&world, &["validate", "nowhere.yaml", "--output", "json"], full());
    assert_eq!(ran.code, 1);
    for part in [UNWRITTEN, "error: `nowhere.yaml` does not exist"] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    // Opened only for reading; the standard library reports a successful write here.
    let ran = into(&world, &["validate"], File::open("/dev/null").unwrap());
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("Bad file descriptor"), "{}", ran.stderr);
    // Discarding the output on purpose works.
    assert_eq!(into(&world, &["validate"], Stdio::null()).code, 0);
}

#[test]
fn a_token_that_nobody_got_is_not_made() {
    let world = World::new();
    let refused = |ran: Ran, why: &str| {
        assert_eq!(ran.code, 1, "{}", ran.all());
        let shown = format!("error: no token was created: standard output cannot be written: {why}");
        assert!(ran.stderr.contains(&shown), "{}", ran.stderr);
        assert!(!ran.stderr.contains("sha256"), "{}", ran.stderr);
    };
    refused(into(&world, &["token"], full()), "No space left on device");
    refused(
        into(&world, &["token", "--output", "json"], full()),
        "No space left on device",
    );
    refused(
        into(&world, &["token"], Stdio::null()),
        "it is closed, or /dev/null",
    );
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    refused(into(&world, &["token"], writer), "Broken pipe");
    let mut closed = world.program("sh", &["-c", "alertctl token >&-"]);
    refused(Ran::of(closed.output().unwrap()), "it is closed, or /dev/null");
}

#[test]
fn a_full_disk_leaves_the_old_file_and_no_part_of_the_new_one() {
    let mut world = World::new();
    world.bundled("cloudwatch-slack");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    // Larger than the simulated disk.
    let stack = world.path().join("stack.yaml");
    world.edit(|text| format!("{text}{}", "# what it is for\n".repeat(2000)));
    let text = std::fs::read_to_string(&stack).unwrap();
    world.up();
    // Files are limited to about 4 kB, and a larger write fails instead of ending the process.
    let limited = |args: &[&str]| {
        let script = "trap '' XFSZ; ulimit -f 4; exec alertctl \"$@\"";
        let ran = world
            .program("sh", &[&["-c", script, "sh"], args].concat())
            .output();
        let ran = Ran::of(ran.unwrap());
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.all());
        assert!(ran.stderr.contains("File too large"), "{args:?}: {}", ran.stderr);
        let entries = std::fs::read_dir(world.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let hook = [
        "encrypt-hook",
        "--local",
        "--yes",
        "--write",
        "--env",
        "SLACK_WEBHOOK_URL",
    ];
    let before = limited(&hook);
    assert_eq!(std::fs::read_to_string(&stack).unwrap(), text);
    assert!(before.iter().all(|name| !name.contains(".part")), "{before:?}");
    assert_eq!(limited(&["plan", "--local", "--save", "p.plan"]), before);
    world.ok(&["plan", "--local", "--save", "p.plan"]);
    let saved = std::fs::read(world.path().join("p.plan")).unwrap();
    limited(&["plan", "--local", "--save", "p.plan"]);
    assert_eq!(std::fs::read(world.path().join("p.plan")).unwrap(), saved);
    limited(&["init", "new.yaml", "--from", "full"]);
    assert!(!world.path().join("new.yaml").exists());
}
