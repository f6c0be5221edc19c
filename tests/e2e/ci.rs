//! Runs the pipeline examples unchanged against the local AWS.

use std::process::Command;

use crate::support::{NO_WEBHOOK, Ran, World};
use github::{job, run_all};

mod github;
mod gitlab;
mod safety;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/apply.sh");

/// The part of the webhook that must not appear anywhere.
const SECRET: &str = "abcdefghijklmnopqrstuvwx";

#[test]
fn the_script_applies_and_then_has_nothing_to_apply() {
    let world = pipeline();
    world.bundled("cloudwatch-slack");
    let first = script(&world, None);
    assert_eq!(first.code, 0, "{}", first.all());
    assert!(first.stdout.contains("14 to create"), "{}", first.stdout);
    assert!(first.stderr.contains("14 created"), "{}", first.stderr);
    // Without a terminal no line is overwritten and nothing is coloured.
    assert!(!first.all().contains(['\u{1b}', '\r']), "{}", first.all());
    assert!(
        !first.all().contains("abcdefghijklmnopqrstuvwx"),
        "the webhook shows"
    );

    let again = script(&world, None);
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(again.stdout.ends_with("nothing to apply\n"), "{}", again.stdout);
    assert!(!again.stderr.contains("creat"), "{}", again.stderr);

    // With another stack file: the step uses the file that it is given.
    std::fs::rename(world.path().join("stack.yaml"), world.path().join("alerts.yaml")).unwrap();
    assert_eq!(script(&world, None).code, 1);
    let other = script(&world, Some("alerts.yaml"));
    assert!(other.stdout.ends_with("nothing to apply\n"), "{}", other.all());
}

#[test]
fn a_broken_stack_file_fails_the_step_and_says_where() {
    let world = pipeline();
    let good = std::fs::read_to_string(world.bundled("cloudwatch-slack")).unwrap();
    let bad = good.replace("    period: 60 ", "    perriod: 60");
    assert_ne!(bad, good);
    world.write("stack.yaml", &bad);
    let line = 1 + bad.lines().position(|line| line.contains("perriod")).unwrap();
    let failed = [script(&world, None)]
        .into_iter()
        .chain(["plan", "apply", "drift"].map(|name| run_all(&world, &job(name))));
    for ran in failed {
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(
            ran.stderr.contains(&format!("stack.yaml:{line}:5")),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("did you mean `period`"), "{}", ran.stderr);
        assert!(
            !ran.stderr.contains("MiniStack"),
            "it went on to AWS: {}",
            ran.stderr
        );
    }
}

#[test]
fn apply_without_yes_does_nothing_in_a_pipeline() {
    let world = pipeline();
    world.bundled("cloudwatch-slack");
    let ran = world.run(&["apply", "stack.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr
            .contains("there is no terminal to ask for confirmation"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
    let status = world.json(&["status", "stack.yaml"]);
    let resources = status["resources"].as_array().unwrap();
    assert!(
        resources.iter().all(|resource| resource["state"] == "missing"),
        "{status:#}"
    );
}

/// A runner: no terminal, no account, the secret in the environment. The webhook's channel has no readers.
fn pipeline() -> World {
    let mut world = World::new();
    world.set("ALERTCTL_LOCAL", "1");
    world.set("CI", "true");
    world.set("SLACK_WEBHOOK_URL", NO_WEBHOOK);
    world
}

fn script(world: &World, stack: Option<&str>) -> Ran {
    let mut command = world.program(SCRIPT, &[]);
    command.envs(stack.map(|stack| ("STACK_FILE", stack)));
    run(command)
}

fn run(mut command: Command) -> Ran {
    Ran::of(command.output().unwrap())
}

/// Adds programs to the beginning of the PATH.
fn with_programs(world: &mut World, programs: &[(&str, &str)]) {
    use std::os::unix::fs::PermissionsExt as _;
    let bin = world.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    for (name, script) in programs {
        let path = bin.join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_alertctl"))
        .parent()
        .unwrap();
    let system = std::env::var("PATH").unwrap_or_default();
    world.set(
        "PATH",
        &format!("{}:{}:{system}", bin.display(), binary.display()),
    );
}

/// Changes the alarm outside of the stack file.
fn by_hand(world: &World) {
    let file = read(world, "stack.yaml");
    world.write("other.yaml", &file.replace(">= 50", ">= 60"));
    let ran = world.run(&["apply", "other.yaml", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("1 updated"), "{}", ran.stderr);
}

fn read(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
