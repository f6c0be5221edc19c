//! Checks every policy document of the bundled stacks with an independent linter.

use std::path::Path;

use crate::support::World;
use crate::support::account::clients;
use crate::support::python::python;
use alertctl::aws::connect::Clients;
use alertctl::resource::access::UNLISTED;
use alertctl::stack::BUNDLED;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};

/// Actions that the linter's list is too old for.
const NEWER: [&str; 3] = ["AlarmMuteRule", "PutLogAlarm", "ScheduledQuery"];
const REGION: &str = "ap-northeast-2";

/// A policy in the linter's format.
fn policy(name: String, document: &str, resource: &str) -> Value {
    let text = percent_encoding::percent_decode_str(document)
        .decode_utf8()
        .unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    json!({ "name": name, "document": document, "resource": resource })
}

/// All policies of an account's region, and those of its roles.
pub async fn policies(aws: &Clients) -> Vec<Value> {
    let mut all = Vec::new();
    for role in aws.iam.list_roles().send().await.unwrap().roles() {
        let name = role.role_name();
        let trust = role.assume_role_policy_document().unwrap();
        all.push(policy(format!("trust of {name}"), trust, role.arn()));
        let inline = aws.iam.list_role_policies().role_name(name).send().await.unwrap();
        for one in inline.policy_names() {
            let read = aws.iam.get_role_policy().role_name(name).policy_name(one);
            let read = read.send().await.unwrap();
            all.push(policy(
                format!("{name}/{one}"),
                read.policy_document(),
                role.arn(),
            ));
        }
    }
    for key in aws.kms.list_keys().send().await.unwrap().keys() {
        let read = aws
            .kms
            .get_key_policy()
            .key_id(key.key_id().unwrap())
            .policy_name("default");
        let read = read.send().await.unwrap();
        all.push(policy(
            "key".into(),
            read.policy().unwrap(),
            key.key_arn().unwrap(),
        ));
    }
    for topic in aws.sns.list_topics().send().await.unwrap().topics() {
        let arn = topic.topic_arn().unwrap();
        let read = aws
            .sns
            .get_topic_attributes()
            .topic_arn(arn)
            .send()
            .await
            .unwrap();
        let document = &read.attributes().unwrap()["Policy"];
        all.push(policy(arn.to_owned(), document, arn));
    }
    for url in aws.sqs.list_queues().send().await.unwrap().queue_urls() {
        let read = aws.sqs.get_queue_attributes().queue_url(url);
        let read = read
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .unwrap();
        let attributes = read.attributes().unwrap();
        if let Some(document) = attributes.get(&QueueAttributeName::Policy) {
            let arn = &attributes[&QueueAttributeName::QueueArn];
            all.push(policy(arn.clone(), document, arn));
        }
    }
    for bus in aws.events.list_event_buses().send().await.unwrap().event_buses() {
        if let Some(document) = bus.policy() {
            let arn = bus.arn().unwrap();
            all.push(policy(arn.to_owned(), document, arn));
        }
    }
    for bucket in aws.s3.list_buckets().send().await.unwrap().buckets() {
        let name = bucket.name().unwrap();
        // Every region lists all buckets, but a bucket's policy can only be read in its own region.
        let Ok(read) = aws.s3.get_bucket_policy().bucket(name).send().await else {
            continue;
        };
        let arn = format!("arn:aws:s3:::{name}");
        all.push(policy(arn.clone(), read.policy().unwrap(), &arn));
    }
    all
}

/// Checks what the linter does not: statements must name their resources, and on whose behalf a service acts.
fn gaps(policy: &Value) -> Vec<String> {
    let name = policy["name"].as_str().unwrap();
    let statements = policy["document"]["Statement"].as_array().unwrap();
    let mut gaps = Vec::new();
    for statement in statements {
        let sid = statement["Sid"].as_str().unwrap_or_default();
        if statement["Effect"] == "Deny" {
            continue;
        }
        let own_key = statement["Principal"].is_object() && name == "key";
        if statement["Resource"] == json!(["*"]) && !own_key {
            gaps.push(format!("{name}: {sid} applies to everything"));
        }
        let anybody = statement["Principal"] == "*" || statement["Principal"]["AWS"] == "*";
        if anybody && statement["Condition"]["StringEquals"]["aws:PrincipalOrgID"].is_null() {
            gaps.push(format!("{name}: {sid} lets anybody in"));
        }
        let service = statement["Principal"]["Service"][0].as_str();
        let bounded = statement["Condition"].to_string();
        let confused = service.is_some() && !bounded.contains("aws:Source");
        // EventBridge publishes and encrypts without these keys, so a condition would deny it. And CloudTrail's
        // guide has no condition for its delivery role.
        let forbidden = ["RulesMayPublish", "RulesToEncryptedTopics", "CloudTrail"].contains(&sid);
        if confused && !forbidden {
            gaps.push(format!("{name}: {sid} does not say for whom {service:?} acts"));
        }
    }
    gaps
}

#[tokio::test]
async fn every_policy_is_exact() {
    let mut found = Vec::new();
    for stack in BUNDLED.iter().map(|one| one.name) {
        let world = World::new();
        world.bundled(stack);
        if stack == "full" {
            // Also enables what is off by default.
            world.edit(|text| {
                text.replace("  mail:\n    subscr", "  mail:\n    encrypted: true\n    subscr")
                    .replace("  logs: true\n", "  logs: true\n  encrypted: true\n")
            });
        }
        let (endpoint, _) = world.up();
        world.json(&["apply", "--local", "--yes"]);
        for region in [REGION, "us-east-1"] {
            let aws = clients(&endpoint, region).await;
            found.extend(policies(&aws).await);
        }
    }
    assert!(found.len() > 60, "only {} policies", found.len());
    check(&found);
}

/// Checks policies, in the linter's format.
pub fn check(policies: &[Value]) {
    let gaps: Vec<_> = policies.iter().flat_map(gaps).collect();
    assert!(gaps.is_empty(), "{gaps:#?}");
    let found = lint(policies);
    assert!(found.is_empty(), "{found:#?}");
}

/// What the linter finds in policies that is more than a remark.
fn lint(policies: &[Value]) -> Vec<String> {
    let input = serde_json::to_string(policies).unwrap();
    let findings = python("lint-requirements.txt", "lint.py", &[], &[], &input);
    let found = findings.lines().filter(|line| !line.contains(" INFO "));
    found.map(str::to_owned).collect()
}

/// The linter knows each action's resources: it would find an action that does not exist, or that does not
/// apply to its resource.
#[test]
fn the_deployers_policies_name_what_aws_knows() {
    let world = World::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let bundled = BUNDLED
        .iter()
        .map(|one| root.join(format!("stacks/{}.yaml", one.name)));
    let mut all = world.json(&["policy", "--import"])["policies"]
        .as_array()
        .unwrap()
        .clone();
    for stack in bundled.chain([root.join("src/stack/fixtures/everything.yaml")]) {
        let stack = stack.to_str().unwrap();
        let mut args = vec!["policy", stack, "--deployer", "--delete-trail-logs", "--backtest"];
        args.extend(["--account", "111122223333"]);
        all.extend(world.json(&args)["policies"].as_array().unwrap().clone());
    }
    for policy in &mut all {
        policy["resource"] = json!("*");
    }
    let expected = |line: &str| {
        // Whoever creates a bucket can grant access to it, and must do so: CloudTrail needs the policy.
        line.contains("RESOURCE_POLICY_PRIVILEGE_ESCALATION")
            // AWS requires the action but does not list it.
            || (line.contains("UNKNOWN_ACTION") && UNLISTED.iter().any(|action| line.contains(action)))
            // The linter's list of actions is older than these.
            || (line.contains("UNKNOWN_ACTION") && NEWER.iter().any(|action| line.contains(action)))
            // Creating an alias needs permission on the alias and on the key, each with its own conditions: two
            // statements.
            || (line.contains("RESOURCE_MISMATCH") && line.contains("kms:CreateAlias"))
            // CloudWatch's own documentation requires `*` for composite alarms.
            || (line.contains("RESOURCE_STAR") && line.contains("cloudwatch:"))
            // IAM's guide compares the whole ARN of a boundary as a string.
            || (line.contains("MISMATCHED_TYPE_BUT_USABLE") && line.contains("StringEquals"))
    };
    let mut found = lint(&all);
    found.retain(|line| !expected(line));
    assert!(found.is_empty(), "{found:#?}");
}
