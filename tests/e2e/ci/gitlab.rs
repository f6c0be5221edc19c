//! The pipeline of GitLab, job by job.

use super::{by_hand, pipeline, read, run, with_programs};
use crate::support::{Ran, World};
use serde_json::Value;

pub(super) const GITLAB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/ci/gitlab-ci.yml");

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
