//! Plans for pull requests and machines, and saved plans: their content, and when they become invalid.

use crate::support::schema::violations;
use crate::support::{NO_WEBHOOK, Ran, World};
use document::schema;
use serde_json::{Value, json};

mod comment;
mod document;

/// The part of the webhook that must not appear anywhere.
const SECRET: &str = "abcdefghijklmnopqrstuvwx";

fn local() -> World {
    let mut world = World::new();
    world.set("ALERTCTL_LOCAL", "1");
    world.bundled("cloudwatch-slack");
    world
}

fn read(world: &World, name: &str) -> String {
    std::fs::read_to_string(world.path().join(name)).unwrap()
}

fn states(world: &World) -> Value {
    world.json(&["status", "stack.yaml"])["resources"].clone()
}

#[test]
fn a_saved_plan_is_applied_as_it_is_and_only_once() {
    let world = local();
    let planned = world.ok(&["plan", "--save", "alerts.plan"]);
    assert!(
        planned
            .stderr
            .ends_with("saved to `alerts.plan`; run it with `alertctl apply alerts.plan --local`\n"),
        "{}",
        planned.stderr
    );
    let saved: Value = serde_json::from_str(&read(&world, "alerts.plan")).unwrap();
    let fields = ["alertctl_plan", "alertctl", "file", "sha256", "account", "region"];
    assert!(fields.iter().all(|field| !saved[field].is_null()), "{saved:#}");
    assert_eq!(saved["plan"], world.json(&["plan"]));
    assert!(!saved.to_string().contains(SECRET), "the webhook shows");

    // The plan can be shown: one line per resource, or everything.
    for flags in [&[][..], &["--full"]] {
        let shown = world
            .ok(&[&["show", "plan", "alerts.plan"][..], flags].concat())
            .stdout;
        assert_eq!(shown, world.ok(&[&["plan"][..], flags].concat()).stdout);
    }
    assert_eq!(saved["plan"], world.json(&["show", "plan", "alerts.plan"]));
    let other = world.run(&["show", "plan", "stack.yaml"]);
    assert!(
        other.stderr.contains("`stack.yaml` is not a saved plan"),
        "{}",
        other.all()
    );

    // No terminal and no `--yes`: the plan has been reviewed.
    let applied = world.ok(&["apply", "alerts.plan"]);
    assert!(applied.stderr.contains("14 created"), "{}", applied.stderr);
    let again = world.run(&["apply", "alerts.plan"]);
    assert_eq!(again.code, 1, "{}", again.all());
    insta::assert_snapshot!("applied_twice", again.stderr);

    // A plan without changes can be applied any number of times.
    world.ok(&["plan", "--save", "alerts.plan"]);
    for _ in 0..2 {
        let nothing = world.ok(&["apply", "alerts.plan"]);
        assert!(nothing.stderr.contains("no changes"), "{}", nothing.stderr);
    }
}

#[test]
fn a_saved_plan_is_refused_when_the_account_has_changed_and_nothing_is_done() {
    let world = local();
    world.ok(&["apply", "--yes"]);
    let good = read(&world, "stack.yaml");
    world.edit(|text| text.replace("period: 60", "period: 300"));
    world.ok(&["plan", "--save", "alerts.plan"]);
    // Another field of the same alarm, the same field, and one more resource.
    let other = good
        .replace(">= 50", ">= 60")
        .replace("mission-sns", "mission-other");
    world.write("other.yaml", &other);
    world.ok(&["apply", "other.yaml", "--yes"]);
    let before = states(&world);
    let refused = world.run(&["apply", "alerts.plan"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    insta::assert_snapshot!("account_changed", refused.stderr);
    assert_eq!(states(&world), before);
    assert_eq!(refused.stdout, "");

    // The suggested command works.
    world.ok(&["plan", "stack.yaml", "--save", "alerts.plan"]);
    world.ok(&["apply", "alerts.plan"]);
    let after = world.ok(&["plan"]);
    assert!(after.stdout.contains("no changes"), "{}", after.stdout);
}

/// A re-created resource is a different one, even if none of its fields differ.
#[test]
fn a_saved_plan_is_refused_when_a_resource_was_made_anew() {
    let world = local();
    world.ok(&["apply", "--yes"]);
    world.edit(|text| text.replace("period: 60", "period: 300"));
    world.ok(&["plan", "--save", "alerts.plan"]);
    let text = read(&world, "alerts.plan");
    let mut saved: Value = serde_json::from_str(&text).unwrap();
    let steps = saved["plan"]["steps"].as_array_mut().unwrap();
    let key = steps
        .iter_mut()
        .find(|step| step["id"] == "kms-key/main")
        .unwrap();
    assert!(key["arn"].is_string(), "{key:#}");
    key["arn"] = json!("arn:aws:kms:ap-northeast-2:000000000000:key/another");
    world.write("alerts.plan", &saved.to_string());
    let refused = world.run(&["apply", "alerts.plan"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("kms-key/main")
            && refused.stderr.contains("is a different resource with that name"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_saved_plan_belongs_to_its_file_account_region_and_version() {
    let world = local();
    let (endpoint, _) = world.up();
    world.ok(&["plan", "--save", "alerts.plan"]);
    let refused = |ran: Ran, why: &str| {
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(
            ran.stderr.contains("is out of date") && ran.stderr.contains(why),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
    };
    refused(
        world.run(&["apply", "alerts.plan", "--region", "eu-west-1"]),
        "it is for region ap-northeast-2, and this is eu-west-1",
    );
    let mut elsewhere = world.command_at(&endpoint, "222222222222", &["apply", "alerts.plan"]);
    elsewhere.env("ALERTCTL_LOCAL", "0");
    refused(
        Ran::of(elsewhere.output().unwrap()),
        "it is for account 000000000000, and this is 222222222222",
    );
    let saved = read(&world, "alerts.plan");
    let version = format!("\"alertctl\": \"{}\"", env!("CARGO_PKG_VERSION"));
    world.write("alerts.plan", &saved.replace(&version, "\"alertctl\": \"9.9.9\""));
    refused(
        world.run(&["apply", "alerts.plan"]),
        "it was made by alertctl 9.9.9",
    );
    world.write("alerts.plan", &saved);
    world.edit(|text| format!("{text}# a word\n"));
    refused(
        world.run(&["apply", "alerts.plan"]),
        "`stack.yaml` has changed since",
    );
    assert!(
        states(&world)
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["state"] == "missing")
    );

    // The plan's `--region` is saved; the suggested command to plan again contains it.
    world.ok(&["plan", "--save", "far.plan", "--region", "eu-west-1"]);
    world.edit(|text| format!("{text}# and another\n"));
    let far = world.run(&["apply", "far.plan"]);
    assert!(
        far.stderr
            .contains("`alertctl plan stack.yaml --save far.plan --region eu-west-1 --local`"),
        "{}",
        far.stderr
    );
    world.ok(&["plan", "--save", "far.plan", "--region", "eu-west-1"]);
    let applied = world.ok(&["apply", "far.plan", "--output", "json"]);
    let applied: Value = serde_json::from_str(&applied.stdout).unwrap();
    assert_eq!(
        (&applied["region"], &applied["complete"]),
        (&json!("eu-west-1"), &json!(true))
    );
}

/// What a reviewer sees: deletions and replacements first and open, the fields with drift, unchanged resources
/// only with a remark.
#[test]
fn the_comment_of_a_change() {
    let world = local();
    world.ok(&["apply", "--yes"]);
    world.edit(|text| {
        text.replace("period: 60", "period: 300")
            .replace("mission-sns", "mission-other")
    });
    let comment = world.ok(&["plan", "--output", "markdown"]).stdout;
    // The digest of the code depends on the compiler.
    let comment = comment.lines().map(|line| match line.split_once("relay: ") {
        Some((before, _)) => format!("{before}relay: (digests)"),
        None => line.to_owned(),
    });
    insta::assert_snapshot!("comment", comment.collect::<Vec<_>>().join("\n"));
}

/// A plan for a pull request needs no secret: `apply` reads the webhook, and a saved plan is valid
/// nevertheless.
#[test]
fn a_plan_needs_no_webhook_and_apply_reads_it() {
    let world = World::new();
    world.bundled("cloudwatch-slack");
    let (endpoint, _) = world.up();
    let account = "333333333333";
    let with = |webhook: Option<&str>, args: &[&str]| {
        let mut command = world.command_at(&endpoint, account, args);
        command.env_remove("SLACK_WEBHOOK_URL");
        command.envs(webhook.map(|webhook| ("SLACK_WEBHOOK_URL", webhook)));
        Ran::of(command.output().unwrap())
    };
    let note = "channel `project`: SLACK_WEBHOOK_URL is not set, so changes to its address are not shown; \
                `apply` needs it";

    let planned = with(None, &["plan", "--save", "alerts.plan", "--output", "markdown"]);
    assert_eq!(planned.code, 0, "{}", planned.all());
    assert!(planned.stderr.contains(note), "{}", planned.stderr);
    assert!(
        planned.stdout.contains("SLACK\\_WEBHOOK\\_URL is not set") || planned.stdout.contains(note),
        "{}",
        planned.stdout
    );
    let document = with(None, &["plan", "--output", "json"]);
    let document: Value = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!(violations(&schema(), &schema(), &document), [""; 0]);
    assert_eq!(document["without_webhooks"], json!(["project"]));
    let refused = with(None, &["apply", "alerts.plan"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("SLACK_WEBHOOK_URL is not set"),
        "{}",
        refused.stderr
    );

    let applied = with(Some(NO_WEBHOOK), &["apply", "alerts.plan"]);
    assert_eq!(applied.code, 0, "{}", applied.all());
    assert!(applied.stderr.contains("14 created"), "{}", applied.stderr);
    let calm = with(None, &["plan", "--detailed-exitcode", "--save", "alerts.plan"]);
    assert_eq!(calm.code, 0, "{}", calm.all());

    // The webhook has changed: this change alone counts as approved, a change outside of the file does not.
    let other = format!("{NO_WEBHOOK}z");
    let renewed = with(Some(&other), &["apply", "alerts.plan"]);
    assert_eq!(renewed.code, 0, "{}", renewed.all());
    assert!(renewed.stderr.contains("1 updated"), "{}", renewed.stderr);
    world.write(
        "other.yaml",
        &read(&world, "stack.yaml").replace(">= 50", ">= 60"),
    );
    assert_eq!(with(Some(&other), &["apply", "other.yaml", "--yes"]).code, 0);
    let refused = with(Some(NO_WEBHOOK), &["apply", "alerts.plan"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(
        refused.stderr.contains("cloudwatch-alarm/") && !refused.stderr.contains("lambda-function/"),
        "{}",
        refused.stderr
    );
}
