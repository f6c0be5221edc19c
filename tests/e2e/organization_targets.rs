//! Targets of an organization: stacks in other accounts, made with roles of these accounts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_cloudformation::types::{Stack, Tag};
use serde_json::json;

use crate::support::account::{clients_of, lines, planned};
use crate::support::proxy::{Fate, Proxy};
use crate::support::{World, http};

const HUB: &str = "000000000031";
const MEMBER: &str = "444455556666";
const REGION: &str = "eu-west-1";
const NAME: &str = "hub-organization";
const BUS: &str = "arn:aws:events:eu-west-1:000000000031:event-bus/hub-organization";
const IDS: [&str; 2] = [
    "cloudformation-stack/444455556666.eu-central-1",
    "cloudformation-stack/444455556666.us-east-1",
];
const STACK: &str = r#"
stack: hub
region: eu-west-1
topics:
  ops: { subscriptions: [{ email: a@example.com }] }
rules:
  findings: { pattern: { source: [aws.guardduty] }, to: [ops] }
organization:
  id: o-a1b2c3d4e5
  forward: [findings, alarms]
  to: [ops]
  targets:
    - { account: "444455556666", role: ops/alertctl-deploy, region: eu-central-1 }
    - { account: "444455556666", role: ops/alertctl-deploy, region: us-east-1 }
"#;

fn without(region: &str) -> String {
    let kept = STACK
        .lines()
        .filter(|line| !line.contains(&format!("region: {region} }}")));
    kept.fold(String::new(), |text, line| text + line + "\n")
}

/// The member's stack in a region.
async fn stack(endpoint: &str, region: &str) -> Option<Stack> {
    let member = clients_of(MEMBER, endpoint, region).await.cloudformation;
    let answer = member.describe_stacks().stack_name(NAME).send().await.ok()?;
    answer.stacks?.into_iter().next()
}

/// The tags of the hub's bus that tell of stacks.
async fn records(endpoint: &str) -> Vec<String> {
    let hub = clients_of(HUB, endpoint, REGION).await.events;
    let Ok(tags) = hub.list_tags_for_resource().resource_arn(BUS).send().await else {
        return Vec::new();
    };
    let tags = tags.tags.unwrap_or_default().into_iter();
    tags.map(|tag| tag.key)
        .filter(|key| key.starts_with("alertctl:spoke:"))
        .collect()
}

/// What the rules made of an event of the member.
fn event(endpoint: &str, region: &str, event: &str) -> String {
    let url = format!("{endpoint}/_alertctl/event?account={MEMBER}&region={region}");
    http("POST", &url, &[], event).1
}

fn value<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    tags.iter().find(|tag| tag.key() == Some(key))?.value()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_plan_makes_changes_and_deletes_stacks_in_another_account() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.write("stack.yaml", STACK);
    let run = |args: &[&str]| world.run_at(&endpoint, HUB, args);
    let plan = run(&["plan", "--output", "json"]);
    let steps = planned(&plan.stdout);
    for id in IDS {
        assert!(steps.contains(&format!("create {id}")), "{}", plan.all());
    }
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    for region in ["eu-central-1", "us-east-1"] {
        let stack = stack(&endpoint, region).await.expect("a stack");
        assert_eq!(
            stack.stack_status().map(|status| status.as_str()),
            Some("CREATE_COMPLETE")
        );
        assert_eq!(value(stack.tags(), "alertctl:hub"), Some("hub"));
        assert_eq!(value(stack.tags(), "alertctl:hub-account"), Some(HUB));
        assert_eq!(value(stack.tags(), "alertctl:stack"), None);
    }
    let heard = event(
        &endpoint,
        "us-east-1",
        r#"{"source":"aws.guardduty","detail-type":"x","detail":{}}"#,
    );
    // The members here are in no organization, so that the hub refuses what the spoke sends.
    assert!(heard.contains("hub-to-hub-findings"), "{heard}");
    let again = run(&["plan", "--detailed-exitcode"]);
    assert_eq!(again.code, 0, "{}", again.all());
    assert_eq!(records(&endpoint).await.len(), 2);
    let status = run(&["status"]);
    assert!(status.stdout.contains("CREATE_COMPLETE"), "{}", status.all());

    // Another rule is forwarded, and one target goes.
    let other = without("us-east-1").replace("aws.guardduty", "aws.health");
    world.write("stack.yaml", &other);
    let plan = run(&["plan", "--output", "json"]);
    let of_stacks = planned(&plan.stdout)
        .into_iter()
        .filter(|step| step.contains("cloudformation"));
    assert_eq!(
        of_stacks.collect::<std::collections::BTreeSet<_>>(),
        lines([
            "delete cloudformation-stack/444455556666.us-east-1",
            "update cloudformation-stack/444455556666.eu-central-1: template",
        ])
    );
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(stack(&endpoint, "us-east-1").await.is_none());
    assert_eq!(
        records(&endpoint).await,
        ["alertctl:spoke:444455556666:eu-central-1"]
    );

    // The name is enough.
    std::fs::remove_file(world.path().join("stack.yaml")).unwrap();
    let ran = run(&["destroy", "--stack", "hub", "--region", REGION, "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(stack(&endpoint, "eu-central-1").await.is_none());
    assert!(records(&endpoint).await.is_empty());
}

/// A proxy has a runtime of its own, so tests with one have none.
fn now<T>(what: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(what)
}

#[test]
fn a_run_that_loses_a_stack_in_the_middle_is_finished_by_the_next() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.write("stack.yaml", &without("us-east-1"));
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, |_, action: &str| match action {
        "cloudformation:CreateStack" => Fate::Refuse(403, "AccessDenied", "not authorized"),
        _ => Fate::Pass,
    });
    let ran = world.run_at(&proxy.url, HUB, &["apply", "--yes"]);
    assert_ne!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("alertctl policy --target"), "{}", ran.all());
    assert_eq!(now(records(&endpoint)).len(), 1);
    // Then the stack is made, and nobody hears of it.
    let is_lost = AtomicBool::new(false);
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, move |_, action: &str| {
        match action == "cloudformation:CreateStack" && !is_lost.swap(true, Ordering::SeqCst) {
            true => Fate::lost(),
            false => Fate::Pass,
        }
    });
    let ran = world.run_at(&proxy.url, HUB, &["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(now(stack(&endpoint, "eu-central-1")).is_some());
    let ran = world.run_at(&endpoint, HUB, &["destroy", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(now(stack(&endpoint, "eu-central-1")).is_none());
}

#[test]
fn a_role_that_cannot_be_assumed_is_named_with_what_it_needs() {
    let world = World::new();
    let (endpoint, _) = world.up();
    world.write("stack.yaml", STACK);
    let proxy = Proxy::judging(&endpoint, Duration::ZERO, |_, action: &str| match action {
        "sts:AssumeRole" => Fate::Refuse(
            403,
            "AccessDenied",
            "User: x is not authorized to perform: sts:AssumeRole",
        ),
        _ => Fate::Pass,
    });
    let ran = world.run_at(&proxy.url, HUB, &["plan"]);
    assert_ne!(ran.code, 0, "{}", ran.all());
    for part in [
        "cloudformation-stack/444455556666.",
        "arn:aws:iam::444455556666:role/ops/alertctl-deploy",
        "alertctl policy --target 444455556666",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.all());
    }
    let policy = world.run_at(
        &endpoint,
        HUB,
        &["policy", "--target", MEMBER, "--output", "json"],
    );
    let policy: serde_json::Value = serde_json::from_str(&policy.stdout).unwrap();
    let role = &policy["roles"][0];
    assert_eq!(role["role"], "ops/alertctl-deploy");
    let principal = format!("arn:aws:iam::{HUB}:root");
    assert_eq!(
        role["trust"]["Statement"][0]["Principal"]["AWS"],
        json!(principal)
    );
    let stacks = ["eu-central-1", "us-east-1"]
        .map(|region| format!("arn:aws:cloudformation:{region}:444455556666:stack/hub-organization/*"));
    assert_eq!(role["permissions"]["Statement"][0]["Resource"], json!(stacks));
    let other = world.run_at(&endpoint, HUB, &["policy", "--target", "999999999999"]);
    assert!(
        other.stderr.contains("its targets are in 444455556666"),
        "{}",
        other.all()
    );
}
