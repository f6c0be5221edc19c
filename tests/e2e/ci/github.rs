//! The workflow and the action of GitHub, step by step as a runner does it.

use super::{SECRET, by_hand, pipeline, read, run, with_programs};
use crate::support::{Ran, World};
use serde_json::Value;

const WORKFLOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/github-actions.yml");
const ACTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/action.yml");

#[test]
fn the_workflow_comments_applies_what_it_showed_and_tells_of_drift() {
    let mut world = pipeline();
    on_github(&mut world);
    world.bundled("cloudwatch-slack");
    let first = run_all(&world, &job("plan"));
    assert_eq!(first.code, 0, "{}", first.all());
    let comment = read(&world, "comment.md");
    assert!(
        comment.starts_with("<!-- alertctl plan stack.yaml -->\n### alertctl: plan: 14 to create\n"),
        "{comment}"
    );
    assert_eq!(read(&world, "posted"), "POST\n");
    assert_eq!(read(&world, "output"), "changes=true\n");
    // The plan is in a group in the log, and on the job's summary page.
    assert!(
        first
            .stderr
            .contains("::group::stack mission, plan: 14 to create\n"),
        "{}",
        first.stderr
    );
    assert!(
        first.stderr.contains("+ sns-topic/alerts") && first.stderr.contains("\n::endgroup::\n"),
        "{}",
        first.stderr
    );
    assert_eq!(read(&world, "summary.md").trim_end(), comment.trim_end());

    // The next push to the pull request, with another plan, replaces the comment.
    world.edit(|text| text.replace("period: 60", "period: 300"));
    let second = run_all(&world, &job("plan"));
    assert_eq!(second.code, 0, "{}", second.all());
    assert_eq!(read(&world, "posted"), "POST\nPATCH issues/comments/7\n");
    assert!(read(&world, "comment.md").contains("period: 300"));

    let applied = run_all(&world, &job("apply"));
    assert_eq!(applied.code, 0, "{}", applied.all());
    assert!(applied.stderr.contains("14 created"), "{}", applied.stderr);
    assert!(applied.stdout.contains("no changes"), "{}", applied.all());
    assert!(read(&world, "summary.md").contains("### alertctl: stack `mission` done\n"));
    // A plan that was applied is no longer valid.
    let twice = run_all(&world, &job("apply"));
    assert_eq!(twice.code, 1, "{}", twice.all());
    assert!(
        twice
            .stderr
            .contains("the saved plan `alerts.plan` is out of date"),
        "{}",
        twice.stderr
    );
    assert!(
        twice.stderr.contains("::error title=alertctl::the saved plan"),
        "{}",
        twice.stderr
    );

    let calm = run_all(&world, &job("drift"));
    assert_eq!(
        (calm.code, world.path().join("issue.md").exists()),
        (0, false),
        "{}",
        calm.all()
    );
    by_hand(&world);
    for expected in ["create", "create\nedit"] {
        let drift = run_all(&world, &job("drift"));
        assert_eq!(drift.code, 2, "{}", drift.all());
        assert_eq!(read(&world, "issues").trim_end(), expected);
        let issue = read(&world, "issue.md");
        assert!(
            issue.contains("1 to update") && issue.contains("threshold"),
            "{issue}"
        );
    }
    world.ok(&["apply", "stack.yaml", "--yes"]);
    for _ in 0..2 {
        let calm = run_all(&world, &job("drift"));
        assert_eq!(calm.code, 0, "{}", calm.all());
        assert_eq!(read(&world, "issues"), "create\nedit\nclose\n");
    }
    let everything = format!("{}{}{}", first.all(), applied.all(), read(&world, "alerts.plan"));
    assert!(
        !everything.contains(SECRET) && !comment.contains(SECRET),
        "the webhook shows"
    );
}

/// A step of a job: its condition, the environment in the file, and its commands.
struct Step {
    condition: String,
    env: Vec<(String, String)>,
    script: String,
}

/// A step of a job, or a whole action.
pub(super) struct Part {
    steps: Vec<Step>,
    /// Whether it is skipped completely after a failure.
    needs_success: bool,
}

/// Runs the steps of a job in order, as a runner does; the result is that of the first failed step.
pub(super) fn run_all(world: &World, parts: &[Part]) -> Ran {
    let mut whole = Ran {
        code: 0,
        stdout: String::new(),
        stderr: String::new(),
    };
    for part in parts {
        if part.needs_success && whole.code != 0 {
            continue;
        }
        for step in &part.steps {
            let runs = match step.condition.as_str() {
                condition if condition.contains("failure()") => whole.code != 0,
                condition => condition.contains("!cancelled()") || whole.code == 0,
            };
            if !runs {
                continue;
            }
            let mut command = world.program("bash", &["-e", "-o", "pipefail", "-c", &step.script]);
            command.envs(step.env.iter().map(|(name, value)| (name, value)));
            let ran = run(command);
            whole.stdout += &ran.stdout;
            whole.stderr += &ran.stderr;
            if whole.code == 0 {
                whole.code = ran.code;
            }
        }
    }
    whole
}

fn document(path: &str) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(super) fn workflow() -> Value {
    document(WORKFLOW)
}

/// The commands of a job, including those of alertctl's action, without the installation.
pub(super) fn job(name: &str) -> Vec<Part> {
    let workflow = workflow();
    let job = &workflow["jobs"][name];
    let part = |step: &Value| {
        let is_action = step["uses"]
            .as_str()
            .is_some_and(|uses| uses.contains("/alertctl@"));
        let steps = match is_action {
            true => action(&step["with"]),
            false => commands(step, &job["env"], str::to_owned).into_iter().collect(),
        };
        Part {
            steps,
            needs_success: is_action,
        }
    };
    let parts: Vec<_> = job["steps"].as_array().unwrap().iter().map(part).collect();
    assert!(parts.iter().flat_map(|part| &part.steps).count() >= 2, "{name}");
    parts
}

/// The steps of the action with these inputs, if alertctl is already installed.
fn action(with: &Value) -> Vec<Step> {
    let action = document(ACTION);
    let input = |name: &str| -> String {
        let given = with[name].as_str().or(action["inputs"][name]["default"].as_str());
        given.unwrap_or_else(|| panic!("no input {name}")).to_owned()
    };
    if input("stack").is_empty() {
        return Vec::new();
    }
    let filled = |value: &str| {
        let name = value
            .strip_prefix("${{ inputs.")
            .and_then(|rest| rest.strip_suffix(" }}"));
        name.map_or_else(|| value.to_owned(), input)
    };
    let steps = action["runs"]["steps"].as_array().unwrap().iter();
    let steps = steps.filter(|step| step["name"] != "Install alertctl");
    let steps: Vec<_> = steps
        .filter_map(|step| commands(step, &Value::Null, filled))
        .collect();
    assert_eq!(steps.len(), 2);
    steps
}

/// A step with commands. Variables whose value still contains an expression after `filled` are left out.
fn commands(step: &Value, outer: &Value, filled: impl Fn(&str) -> String) -> Option<Step> {
    let script = step["run"].as_str()?.to_owned();
    let env = [outer, &step["env"]]
        .into_iter()
        .filter_map(Value::as_object)
        .flatten();
    let said = env.map(|(name, value)| (name.clone(), filled(value.as_str().unwrap_or_default())));
    Some(Step {
        condition: step["if"].as_str().unwrap_or_default().to_owned(),
        env: said.filter(|(_, value)| !value.contains("${{")).collect(),
        script,
    })
}

/// A fake `gh` that keeps the comments of a pull request in files; the real jq evaluates `--jq`.
const GH: &str = r#"#!/bin/sh
set -e
while [ $# -gt 0 ]; do
  case "$1" in --jq) filter=$2 ;; --body-file) body=$2 ;; esac
  all="$all $1"; shift
done
case "$all" in
  *"--paginate repos/o/r/issues/12/comments"*)
    touch comment.md
    jq -n --rawfile body comment.md '[{id: 5, user: {login: "somebody"}, body: $body},
      {id: 6, user: {login: "github-actions[bot]"}, body: "another"},
      {id: 7, user: {login: "github-actions[bot]"}, body: $body}]
      | map(select(.body != ""))' | jq -r "$filter" ;;
  *"--method POST repos/o/r/issues/12/comments --field body=@plan.md"*) cp plan.md comment.md; echo POST >> posted ;;
  *"--method PATCH repos/o/r/issues/comments/7 --field body=@plan.md"*)
    cp plan.md comment.md; echo "PATCH issues/comments/7" >> posted ;;
  *"issue list"*)
    if [ -e issue.md ]; then jq -n '[{number: 3, title: env.TITLE}, {number: 4, title: "x"}]'; else echo '[]'; fi |
      jq -r "$filter" ;;
  *"issue create"*) cp "$body" issue.md; echo create >> issues ;;
  *"issue edit 3"*) cp "$body" issue.md; echo edit >> issues ;;
  *"issue close 3"*) rm issue.md; echo close >> issues ;;
  *) echo "unexpected: gh$all" >&2; exit 1 ;;
esac
"#;

fn on_github(world: &mut World) {
    with_programs(world, &[("gh", GH)]);
    let summary = world.path().join("summary.md").display().to_string();
    let output = world.path().join("output").display().to_string();
    for (name, value) in [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_REPOSITORY", "o/r"),
        ("GITHUB_STEP_SUMMARY", &summary),
        ("GITHUB_OUTPUT", &output),
        ("PULL_REQUEST", "12"),
    ] {
        world.set(name, value);
    }
}
