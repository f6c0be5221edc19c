//! Runs the pipeline examples unchanged against the local AWS.

use std::process::Command;

use crate::support::{NO_WEBHOOK, Ran, World};
use serde_json::Value;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/apply.sh");
const WORKFLOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/github-actions.yml");
const ACTION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/action.yml");
const GITLAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/gitlab-ci.yml");
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

#[test]
fn the_gitlab_pipeline_notes_applies_what_it_showed_and_tells_of_drift() {
    let mut world = pipeline();
    on_gitlab(&mut world);
    world.bundled("cloudwatch-slack");
    let first = gitlab(&world, "plan");
    assert_eq!(first.code, 0, "{}", first.all());
    let note = read(&world, "note.md");
    assert!(note.contains("### alertctl: plan: 14 to create\n"), "{note}");
    assert_eq!(read(&world, "posted"), "POST\n");
    assert_eq!(read(&world, "gl-code-quality-report.json").trim(), "[]");
    let (begin, end) = (
        "\u{1b}[0Ksection_start:",
        ":alertctl_plan\r\u{1b}[0Kstack mission, plan: 14 to create\n",
    );
    assert!(
        first.stderr.contains(begin) && first.stderr.contains(end),
        "{:?}",
        first.stderr
    );
    assert!(
        first.stderr.contains(":alertctl_plan\r\u{1b}[0K\n"),
        "{:?}",
        first.stderr
    );
    let again = gitlab(&world, "plan");
    assert_eq!(again.code, 0, "{}", again.all());
    assert_eq!(read(&world, "posted"), "POST\nPUT notes/5\n");
    // The token was passed through a pipe, not as an argument.
    assert!(read(&world, "curl.config").contains("PRIVATE-TOKEN: gl-token"));
    assert!(!read(&world, "curl.log").contains("gl-token"));

    let applied = gitlab(&world, "apply");
    assert_eq!(applied.code, 0, "{}", applied.all());
    assert!(applied.stderr.contains("14 created"), "{}", applied.stderr);
    assert_eq!(gitlab(&world, "drift").code, 0);
    by_hand(&world);
    let drift = gitlab(&world, "drift");
    assert_eq!(drift.code, 2, "{}", drift.all());
    assert!(read(&world, "posted").ends_with("POST issues\n"));
    gitlab(&world, "drift");
    assert!(read(&world, "posted").ends_with("PUT issues/3\n"));
    world.ok(&["apply", "stack.yaml", "--yes"]);
    for _ in 0..2 {
        assert_eq!(gitlab(&world, "drift").code, 0);
        assert!(read(&world, "posted").ends_with("PUT issues/3\nclose issues/3\n"));
    }

    world.edit(|text| text.replace("    period: 60 ", "    perriod: 60"));
    let broken = gitlab(&world, "plan");
    assert_eq!(broken.code, 1, "{}", broken.all());
    assert!(
        broken.stderr.contains("did you mean `period`"),
        "{}",
        broken.stderr
    );
    let report: Value = serde_json::from_str(&read(&world, "gl-code-quality-report.json")).unwrap();
    assert_eq!(report[0]["location"]["path"], "stack.yaml");
    assert!(
        report[0]["location"]["lines"]["begin"].as_u64() > Some(1),
        "{report}"
    );
    for field in ["description", "check_name", "fingerprint", "severity"] {
        assert!(report[0][field].is_string(), "{field}: {report}");
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

/// Checks the parts of a workflow other than its commands.
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
        let at = |what: &str| {
            let found = steps.iter().position(|step| step.to_string().contains(what));
            found.unwrap_or_else(|| panic!("{name}: no step with {what}"))
        };
        assert!(
            at("alertctl validate") < at("configure-aws-credentials"),
            "{name}: fails late"
        );
        // A value that the runner inserts into a script may contain anything.
        let scripts = steps.iter().filter_map(|step| step["run"].as_str());
        assert!(
            scripts.into_iter().all(|script| !script.contains("${{")),
            "{name}"
        );
    }
    let apply = &workflow["jobs"]["apply"];
    assert_eq!(apply["concurrency"]["cancel-in-progress"], false);
    assert_eq!(apply["environment"], "production");
    // GitHub keeps only one waiting job per group: another job in the group could cancel a waiting apply.
    let others = workflow["jobs"].as_object().unwrap().iter();
    let mut others = others.filter(|(name, _)| *name != "apply");
    assert!(others.all(|(_, job)| job["concurrency"]["group"] != apply["concurrency"]["group"]));
    // The environment protects the secret from people who can push a branch.
    let reads = |value: &Value| value.to_string().contains("secrets.");
    let readers = workflow["jobs"].as_object().unwrap().iter();
    let readers: Vec<_> = readers
        .filter(|(_, job)| reads(job))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(readers, ["apply"]);
    assert!(!reads(&workflow["env"]));
}

/// Somebody who can open a pull request must not be able to apply.
#[test]
fn the_roles_trust_no_more_than_their_jobs() {
    let template = |name: &str| -> String {
        let path = format!("{}/examples/ci/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    for (name, issuer, plan, apply) in [
        (
            "github-oidc.yaml",
            "token.actions.githubusercontent.com",
            &[
                "repo:${Repository}:pull_request",
                "repo:${Repository}:ref:refs/heads/${Branch}",
            ][..],
            "repo:${Repository}:environment:${Environment}",
        ),
        (
            "gitlab-oidc.yaml",
            "gitlab.com",
            &["project_path:${Project}:ref_type:branch:ref:*"],
            "project_path:${Project}:ref_type:branch:ref:${Branch}",
        ),
    ] {
        // The short forms of functions are YAML tags; only the text after them matters.
        let text = template(name).replace("!Sub ", "").replace("!Ref ", "");
        let text = text
            .replace("!If ", "")
            .replace("!Equals ", "")
            .replace("!GetAtt ", "");
        let document: Value = serde_yaml::from_str(&text).unwrap();
        let resources = &document["Resources"];
        assert_eq!(
            resources["Provider"]["Properties"]["Url"],
            format!("https://{issuer}"),
            "{name}"
        );
        let subjects = |role: &str| -> Vec<String> {
            let statements = &resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"];
            assert_eq!(statements.as_array().unwrap().len(), 1, "{name}");
            let statement = &statements[0];
            assert_eq!(statement["Action"], "sts:AssumeRoleWithWebIdentity", "{name}");
            let condition = &statement["Condition"];
            assert_eq!(
                condition["StringEquals"][format!("{issuer}:aud")],
                "sts.amazonaws.com",
                "{name}"
            );
            let said =
                ["StringEquals", "StringLike"].map(|test| condition[test][format!("{issuer}:sub")].clone());
            let said = said.into_iter().flat_map(|one| match one {
                Value::Array(list) => list,
                Value::Null => Vec::new(),
                one => vec![one],
            });
            said.map(|one| one.as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(subjects("PlanRole"), plan, "{name}");
        assert_eq!(subjects("ApplyRole"), [apply], "{name}");
    }
    // Checks the jobs that these subjects belong to.
    let workflow = workflow();
    assert!(
        workflow["jobs"]["plan"]["environment"].is_null()
            && workflow["jobs"]["drift"]["environment"].is_null()
    );
    let gitlab: Value = serde_yaml::from_str(&std::fs::read_to_string(GITLAB).unwrap()).unwrap();
    assert_eq!(
        gitlab[".alertctl"]["id_tokens"]["ALERTS_ID_TOKEN"]["aud"],
        "sts.amazonaws.com"
    );
    for (job, role) in [("plan", "PLAN"), ("drift", "PLAN"), ("apply", "APPLY")] {
        assert_eq!(
            gitlab[job]["variables"]["AWS_ROLE_ARN"],
            format!("$ALERTS_{role}_ROLE")
        );
    }
}

#[test]
fn the_image_has_what_the_jobs_call() {
    let root = env!("CARGO_MANIFEST_DIR");
    let recipe = std::fs::read_to_string(format!("{root}/examples/ci/Dockerfile")).unwrap();
    assert!(!recipe.contains(":latest"), "{recipe}");
    for part in [
        "--release --locked",
        "target-feature=+crt-static",
        "ca-certificates curl jq",
        "\nUSER 10001\n",
    ] {
        assert!(recipe.contains(part), "{part}");
    }
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

/// A step of a job: its condition, the environment in the file, and its commands.
struct Step {
    condition: String,
    env: Vec<(String, String)>,
    script: String,
}

/// A step of a job, or a whole action.
struct Part {
    steps: Vec<Step>,
    /// Whether it is skipped completely after a failure.
    needs_success: bool,
}

/// Runs the steps of a job in order, as a runner does; the result is that of the first failed step.
fn run_all(world: &World, parts: &[Part]) -> Ran {
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

fn workflow() -> Value {
    document(WORKFLOW)
}

/// The commands of a job, including those of alertctl's action, without the installation.
fn job(name: &str) -> Vec<Part> {
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

/// Runs a job of the GitLab example: its script in one shell, then `after_script` in another.
fn gitlab(world: &World, name: &str) -> Ran {
    let pipeline: Value = serde_yaml::from_str(&std::fs::read_to_string(GITLAB).unwrap()).unwrap();
    let job = &pipeline[name];
    assert_eq!(job["extends"], ".alertctl");
    let lines = |part: &Value| -> String {
        let lines = part.as_array().into_iter().flatten();
        lines
            .map(|line| line.as_str().unwrap().to_owned() + "\n")
            .collect()
    };
    let script = lines(&pipeline[".alertctl"]["before_script"]) + &lines(&job["script"]);
    let shell = |script: &str, status: &str| {
        let mut command = world.program("bash", &["-e", "-o", "pipefail", "-c", script]);
        command.env("CI_JOB_STATUS", status);
        run(command)
    };
    let mut ran = shell(&script, "running");
    let after = shell(
        &lines(&job["after_script"]),
        if ran.code == 0 { "success" } else { "failed" },
    );
    assert_eq!(after.code, 0, "{name}: {}", after.all());
    ran.stdout += &after.stdout;
    ran.stderr += &after.stderr;
    ran
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

/// A fake GitLab that keeps its notes in files.
const CURL: &str = r#"#!/bin/sh
set -e
cat > curl.config
echo "$*" >> curl.log
case "$*" in
  *"--request POST --data-urlencode body@plan.md https://gitlab.test/projects/1/merge_requests/2/notes")
    cp plan.md note.md; echo POST >> posted ;;
  *"--request PUT --data-urlencode body@plan.md https://gitlab.test/projects/1/merge_requests/2/notes/5")
    cp plan.md note.md; echo "PUT notes/5" >> posted ;;
  *"--request POST"*" --data-urlencode description@plan.md https://gitlab.test/projects/1/issues")
    touch issue; echo "POST issues" >> posted ;;
  *"--request PUT --data-urlencode description@plan.md https://gitlab.test/projects/1/issues/3") echo "PUT issues/3" >> posted ;;
  *"--request PUT --data state_event=close https://gitlab.test/projects/1/issues/3")
    rm issue; echo "close issues/3" >> posted ;;
  *"merge_requests/2/notes?"*)
    touch note.md
    jq -n --rawfile body note.md '[{id: 4, body: "another"}, {id: 5, body: $body}] | map(select(.body != ""))' ;;
  *"--get"*"/issues") if [ -e issue ]; then echo '[{"iid": 3}]'; else echo '[]'; fi ;;
  *) echo "unexpected: curl $*" >&2; exit 1 ;;
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

fn on_gitlab(world: &mut World) {
    with_programs(world, &[("curl", CURL)]);
    for (name, value) in [
        ("GITLAB_CI", "true"),
        ("STACK_FILE", "stack.yaml"),
        ("ALERTS_ID_TOKEN", "token"),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/plan"),
        ("GITLAB_TOKEN", "gl-token"),
        ("CI_API_V4_URL", "https://gitlab.test"),
        ("CI_PROJECT_ID", "1"),
        ("CI_MERGE_REQUEST_IID", "2"),
    ] {
        world.set(name, value);
    }
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
