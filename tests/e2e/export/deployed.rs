//! A template that the local AWS's CloudFormation deployed, beside what `apply` would have made.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::exported;
use crate::support::World;
use crate::support::account::planned;
use crate::support::python::python;

/// Types that the local AWS's CloudFormation does not know, with the kinds that they are.
const NOT_MADE: [(&str, &str); 3] = [
    ("AWS::CloudTrail::Trail", "cloudtrail-trail"),
    ("AWS::CloudWatch::AlarmMuteRule", "cloudwatch-alarm-mute-rule"),
    ("AWS::CloudWatch::CompositeAlarm", "cloudwatch-composite-alarm"),
];

/// Deploys `stack.yaml` from its templates; what the local AWS's CloudFormation refuses is a failure.
fn deploy(world: &World, endpoint: &str) {
    let code = world.path().join("code.zip");
    let document = exported(
        world,
        &world.path().join("stack.yaml"),
        &["--write", "t.yaml", "--write-code", "code.zip"],
    );
    let templates = document["templates"].as_array().unwrap().iter();
    let templates = templates.map(|one| json!({ "region": one["region"], "document": one["template"] }));
    let input = json!({
        "endpoint": endpoint,
        "stack": "exported",
        "code": code,
        "templates": templates.collect::<Vec<Value>>(),
        "without": NOT_MADE.map(|(of_type, _)| of_type),
    });
    let failed = python(
        "cloudformation-requirements.txt",
        "deploy_templates.py",
        &[],
        &[],
        &input.to_string(),
    );
    assert!(failed.is_empty(), "{failed}");
}

/// What `apply` would still change about the deployed stack, if it took it over; without the tags that say whose it is.
fn differences(world: &World) -> BTreeSet<String> {
    let ran = world.run(&["plan", "--local", "--adopt-all", "--output", "json"]);
    let lines = planned(&ran.stdout);
    assert!(!lines.is_empty(), "{}", ran.all());
    let mut left = BTreeSet::new();
    for line in lines {
        let (what, fields) = line.split_once(": ").unwrap_or((&line, ""));
        let fields: Vec<_> = fields
            .split(", ")
            .filter(|field| !field.starts_with("tags.alertctl:"))
            .collect();
        match (what.starts_with("adopt "), fields.is_empty()) {
            (true, true) => {}
            _ => {
                left.insert(format!("{what}: {}", fields.join(", ")));
            }
        }
    }
    left
}

#[test]
fn full_is_what_apply_makes() {
    let world = World::new();
    world.bundled("full");
    let (endpoint, _) = world.up();
    deploy(&world, &endpoint);
    let left = differences(&world);
    assert!(left.is_empty(), "{left:#?}");
}
