//! What the examples let nobody do, and what their image has.

use super::github::workflow;
use super::gitlab::GITLAB;
use serde_json::Value;

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
