//! The pipeline examples, run as they are against the local AWS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod support;

use std::process::Command;

use serde_json::Value;
use support::{NO_WEBHOOK, Ran, World};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/apply.sh");
const WORKFLOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/github-actions.yml");

#[test]
fn the_script_applies_and_then_has_nothing_to_apply() {
    let world = pipeline();
    world.bundled("cloudwatch-slack");
    let first = script(&world, None);
    assert_eq!(first.code, 0, "{}", first.all());
    assert!(first.stdout.contains("12 to create"), "{}", first.stdout);
    assert!(first.stderr.contains("12 created"), "{}", first.stderr);
    // Without a terminal no line is drawn over and nothing is coloured.
    assert!(!first.all().contains(['\u{1b}', '\r']), "{}", first.all());
    assert!(
        !first.all().contains("abcdefghijklmnopqrstuvwx"),
        "the webhook shows"
    );

    let again = script(&world, None);
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(again.stdout.ends_with("nothing to apply\n"), "{}", again.stdout);
    assert!(!again.stderr.contains("creat"), "{}", again.stderr);

    // Another stack file: the step takes the one it is told.
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
        .chain(jobs().into_iter().map(|job| run_all(&world, &job)));
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
fn the_workflow_plans_then_applies_then_has_nothing_left() {
    let world = pipeline();
    world.bundled("cloudwatch-slack");
    let [plan, apply] = jobs().try_into().unwrap();
    let planned = run_all(&world, &plan);
    assert_eq!(planned.code, 0, "{}", planned.all());
    assert!(planned.stdout.contains("12 to create"), "{}", planned.stdout);
    let applied = run_all(&world, &apply);
    assert_eq!(applied.code, 0, "{}", applied.all());
    assert!(applied.stderr.contains("12 created"), "{}", applied.stderr);
    let again = run_all(&world, &apply);
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(again.stdout.contains("no changes"), "{}", again.all());
}

#[test]
fn apply_without_yes_does_nothing_in_a_pipeline() {
    let world = pipeline();
    world.bundled("cloudwatch-slack");
    let ran = world.run(&["apply", "stack.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stderr.contains("there is no terminal to ask on"),
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

/// What a workflow needs besides its commands.
#[test]
fn the_workflow_is_safe_to_copy() {
    let workflow = workflow();
    assert_eq!(
        workflow["permissions"],
        serde_json::json!({}),
        "nothing unless a job asks for it"
    );
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        assert_eq!(
            job["permissions"]["id-token"], "write",
            "{name}: no OIDC token without it"
        );
        assert_eq!(job["permissions"]["contents"], "read", "{name}");
        assert!(job["concurrency"]["group"].is_string(), "{name}");
        let steps = job["steps"].as_array().unwrap();
        for uses in steps.iter().filter_map(|step| step["uses"].as_str()) {
            let (_, version) = uses.split_once('@').unwrap();
            let pinned = version
                .strip_prefix('v')
                .unwrap_or(version)
                .chars()
                .all(|c| c.is_ascii_hexdigit());
            assert!(pinned, "{name}: {uses} follows a branch");
        }
        let at = |what: &str| {
            let found = steps.iter().position(|step| step.to_string().contains(what));
            found.unwrap_or_else(|| panic!("{name}: no step with {what}"))
        };
        assert!(
            at("alertctl validate") < at("configure-aws-credentials"),
            "{name}: fails late"
        );
        // A value put into a script by the runner may hold anything.
        let scripts = steps.iter().filter_map(|step| step["run"].as_str());
        assert!(
            scripts.into_iter().all(|script| !script.contains("${{")),
            "{name}"
        );
    }
    assert_eq!(
        workflow["jobs"]["apply"]["concurrency"]["cancel-in-progress"],
        false
    );
    assert_eq!(workflow["jobs"]["apply"]["environment"], "production");
}

/// A runner: no terminal, no account, the secret in the environment. It names a channel nobody reads.
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

/// Runs the steps of a job one after the other as a runner does, up to the first that fails.
fn run_all(world: &World, steps: &[String]) -> Ran {
    let mut whole = Ran {
        code: 0,
        stdout: String::new(),
        stderr: String::new(),
    };
    for step in steps {
        let ran = run(world.program("sh", &["-e", "-c", step]));
        whole.stdout += &ran.stdout;
        whole.stderr += &ran.stderr;
        whole.code = ran.code;
        if ran.code != 0 {
            break;
        }
    }
    whole
}

fn workflow() -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(WORKFLOW).unwrap()).unwrap()
}

/// The commands of each job: all steps that run alertctl.
fn jobs() -> Vec<Vec<String>> {
    let workflow = workflow();
    let commands = |name: &str| {
        let steps = workflow["jobs"][name]["steps"].as_array().unwrap().iter();
        let scripts = steps.filter_map(|step| step["run"].as_str());
        let ours = scripts.filter(|script| script.split_whitespace().any(|word| word == "alertctl"));
        let commands: Vec<_> = ours
            .filter(|script| !script.contains("cargo install"))
            .map(str::to_owned)
            .collect();
        assert!(commands.len() >= 2, "{name}: {commands:?}");
        commands
    };
    vec![commands("plan"), commands("apply")]
}
