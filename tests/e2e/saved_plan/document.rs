//! The JSON of plans, by its schema.

use super::{SECRET, local};
use crate::support::Ran;
use crate::support::schema::violations;
use serde_json::{Value, json};

#[test]
fn a_plan_that_cannot_be_applied_is_not_saved() {
    let world = local();
    world.edit(|text| text.replace("stack: mission", "stack: first"));
    world.ok(&["apply", "--yes"]);
    world.edit(|text| text.replace("stack: first", "stack: second"));
    let ran = world.run(&["plan", "--save", "alerts.plan", "--output", "markdown"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(!world.path().join("alerts.plan").exists());
    assert!(
        ran.stdout.contains("**Conflicts**") && ran.stdout.contains("exists and is not part of this stack"),
        "{}",
        ran.stdout
    );
    let schema = schema();
    let json = world.run(&["plan", "--output", "json"]);
    let document: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(violations(&schema, &schema, &document), [""; 0]);
    assert!(document["errors"].is_array());
}

pub(super) fn schema() -> Value {
    serde_json::from_str(&std::fs::read_to_string("docs/plan.schema.json").unwrap()).unwrap()
}

#[test]
fn every_plan_is_as_the_schema_says() {
    let schema = schema();
    let mut world = local();
    world.set("ALERTCTL_LOCAL", "1");
    // The local mode accepts only a webhook on this machine.
    world.set("SLACK_WEBHOOK_URL", "http://127.0.0.1:9/services/T0/B0/abcdef");
    let mut seen = String::new();
    let mut valid = |ran: Ran, codes: &[i32]| -> Value {
        assert!(codes.contains(&ran.code), "{}", ran.all());
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(violations(&schema, &schema, &document), [""; 0], "{document:#}");
        seen += &ran.stdout;
        document
    };
    for entry in std::fs::read_dir("stacks").unwrap() {
        let path = entry.unwrap().path();
        world.bundled(path.file_stem().unwrap().to_str().unwrap());
        valid(world.run(&["plan", "--output", "json"]), &[0]);
    }
    world.bundled("cloudwatch-slack");
    let granted = valid(world.run(&["plan", "--output", "json"]), &[0]);
    world.edit(|text| text.replace("    period: 60", "    period: 60\n    protect: true"));
    world.ok(&["apply", "--yes"]);
    let kept = valid(world.run(&["plan", "--output", "json"]), &[0]);
    std::fs::copy(world.path().join("stack.yaml"), world.path().join("base.yaml")).unwrap();
    let edits: [(&str, &str); 2] = [("period: 60", "period: 300"), ("mission-sns", "mission-other")];
    world.edit(|text| {
        edits
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    });
    world.set("SLACK_WEBHOOK_URL", "http://127.0.0.1:9/services/T0/B0/fedcba");
    valid(world.run(&["plan", "--output", "json"]), &[0]);
    valid(
        world.run(&["plan", "--base", "base.yaml", "--output", "json"]),
        &[0],
    );
    world.edit(|text| text.split_once("\nalarms:").unwrap().0.to_owned() + "\n");
    valid(world.run(&["plan", "--output", "json"]), &[0]);
    world.ok(&["destroy", "--yes", "--unprotect", "cloudwatch-alarm/cpu"]);
    valid(world.run(&["plan", "--output", "json"]), &[0]);
    world.write("stack.yaml", "stack: mission\nregionn: x\n");
    let failed = valid(world.run(&["plan", "--output", "json"]), &[1]);
    valid(world.run(&["plan", "nowhere.yaml", "--output", "json"]), &[1]);
    assert!(!seen.contains(SECRET), "the webhook shows");
    // The documents contained everything that the schema describes.
    for part in [
        "\"after_apply\"",
        "\"from\": \"secret\"",
        "\"value\"",
        "\"arn\"",
        "\"remark\"",
        "\"line\"",
        "\"base\"",
        "\"origin\"",
        "\"granted\"",
        "\"revoked\"",
        "\"for\"",
        "\"when\"",
        "\"monthly_change\": -",
        "\"protected_by\"",
    ] {
        assert!(seen.contains(part), "no plan has {part}");
    }

    // The schema rejects invalid documents.
    let broken = |document: &Value, pointer: &str, value: Value| {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        assert_ne!(violations(&schema, &schema, &document), [""; 0], "{pointer}");
    };
    broken(&kept, "/version", json!(2));
    broken(&kept, "/account", json!("12"));
    broken(&kept, "/steps/0/action", json!("destroy"));
    broken(&kept, "/steps/0/id", json!("nothing"));
    broken(&kept, "/steps/0/name", Value::Null);
    broken(&kept, "/summary/keep", json!(-1));
    broken(&kept, "/cost/currency", json!("EUR"));
    broken(&granted, "/permissions/0/change", json!("given"));
    broken(&failed, "/errors", json!([]));
    broken(&failed, "/errors/0/line", json!(0));
    broken(&failed, "/errors/0/message", Value::Null);
}
