//! Templates that the local AWS's CloudFormation deployed, beside what `apply` would have made.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::exported;
use crate::support::World;
use crate::support::account::{clients, everything};
use crate::support::python::python;
use alertctl::aws::connect::Clients;

const REGION: &str = "ap-northeast-2";

/// What the local AWS's CloudFormation cannot make, by its type, or type and property; and what it is in a plan.
const NOT_MADE: [(&str, &str); 4] = [
    ("AWS::CloudTrail::Trail", "cloudtrail-trail/"),
    ("AWS::CloudWatch::AlarmMuteRule", "cloudwatch-alarm-mute-rule/"),
    ("AWS::CloudWatch::CompositeAlarm", "cloudwatch-composite-alarm/"),
    // An alarm on an expression.
    ("AWS::CloudWatch::Alarm.Metrics", "cloudwatch-alarm/"),
];

/// Fields that it leaves out or fills in, by the beginnings of node and field.
const MADE_OTHERWISE: [(&str, &str); 12] = [
    // It gives these no tags.
    ("lambda-event-source-mapping/", "tags."),
    ("apigatewayv2-api/", "tags."),
    ("apigatewayv2-stage/", "tags."),
    ("s3-bucket/", "tags."),
    ("lambda-function/", "kms_key"),
    ("sns-topic/", "display_name"),
    ("apigatewayv2-stage/", "rate_limit"),
    ("apigatewayv2-stage/", "burst_limit"),
    ("dynamodb-table/", "ttl"),
    // It has the settings for `$LATEST` beside those for the function.
    ("lambda-event-invoke-config/", ""),
    // They refer to the trail, which is left out.
    ("iam-role-policy/trail.guard", "policy"),
    ("lambda-function/trail.guard", "environment.TRAIL"),
];

/// What is different on purpose, on AWS as well.
const BY_DESIGN: [(&str, &str); 6] = [
    ("", "tags.alertctl:"),
    // The addresses of channels are parameters.
    ("lambda-function/", "environment.WEBHOOK_"),
    // Roles under the stack's path would be alertctl's.
    ("lambda-function/", "role"),
    ("eventbridge-targets/", "target.home.role_arn"),
    ("eventbridge-targets/", "target.bus.role_arn"),
    // The marks of what alertctl subscribed.
    ("sns-topic/", "marked_subscriptions"),
];

/// Kinds whose resources have other names in a template; everything else about them is compared.
const NAMED_OTHERWISE: [&str; 2] = ["lambda-permission/", "logs-metric-filter/"];

/// Deploys `stack.yaml` from its templates; what CloudFormation refuses is a failure. Returns how many alarms are on
/// expressions.
fn deploy(world: &World, endpoint: &str) -> usize {
    let code = world.path().join("code.zip");
    let document = exported(
        world,
        &world.path().join("stack.yaml"),
        &["--write", "t.yaml", "--write-code", "code.zip"],
    );
    let templates = document["templates"].as_array().unwrap();
    let given = templates
        .iter()
        .map(|one| json!({ "region": one["region"], "document": one["template"] }));
    let input = json!({
        "endpoint": endpoint,
        "stack": "exported",
        "code": code,
        "templates": given.collect::<Vec<Value>>(),
        "without": NOT_MADE.map(|(what, _)| what),
        "parameter": "",
    });
    let failed = python(
        "cloudformation-requirements.txt",
        "deploy_templates.py",
        &[],
        &[],
        &input.to_string(),
    );
    assert!(failed.is_empty(), "{failed}");
    let resources = templates
        .iter()
        .flat_map(|one| one["template"]["Resources"].as_object().unwrap().values());
    let on_expressions = resources.filter(|one| one["Properties"].get("Metrics").is_some());
    on_expressions.count()
}

/// What `apply` would still do about the deployed stack, if it took it over.
fn plan(world: &World) -> Vec<Value> {
    let plan = world.json(&["plan", "--local", "--adopt-all"]);
    let steps = plan["steps"].as_array().unwrap().clone();
    assert!(!steps.is_empty());
    steps
        .into_iter()
        .filter(|step| step["action"] != "keep")
        .collect()
}

/// The part of it that no list above names, and the number of alarms that are not there.
fn differences(steps: &[Value]) -> (Vec<String>, usize) {
    let mut left = Vec::new();
    let mut alarms = 0;
    for step in steps {
        let (id, action) = (step["id"].as_str().unwrap(), step["action"].as_str().unwrap());
        if action == "create" {
            let is_named = |(_, kind): &(&str, &str)| id.starts_with(kind);
            alarms += usize::from(id.starts_with("cloudwatch-alarm/"));
            let known = NOT_MADE.iter().any(is_named)
                || NAMED_OTHERWISE.iter().any(|kind| id.starts_with(kind))
                || MADE_OTHERWISE.contains(&(id.split_inclusive('/').next().unwrap(), ""));
            if !known {
                left.push(format!("create {id}"));
            }
            continue;
        }
        for change in step["changes"].as_array().unwrap() {
            let field = change["field"].as_str().unwrap();
            let mut lists = BY_DESIGN.iter().chain(&MADE_OTHERWISE);
            let known =
                lists.any(|(node, of)| !of.is_empty() && id.starts_with(node) && field.starts_with(of));
            if !known {
                left.push(format!("{action} {id} {change}"));
            }
        }
    }
    (left, alarms)
}

/// The wanted fields of the steps of this kind that the plan would create, each as one line.
fn wanted(steps: &[Value], kind: &str, fields: &[&str]) -> BTreeSet<String> {
    let steps = steps
        .iter()
        .filter(|step| step["id"].as_str().unwrap().starts_with(kind));
    let line = |step: &Value| {
        let changes = step["changes"].as_array().unwrap();
        let value = |field: &&str| {
            let change = changes.iter().find(|change| change["field"] == **field).unwrap();
            change["to"]["value"].as_str().unwrap().to_owned()
        };
        fields.iter().map(value).collect::<Vec<_>>().join(" | ")
    };
    steps.map(line).collect()
}

/// The statements of the policies of these functions, as [`wanted`] writes permissions.
async fn permissions(aws: &Clients, functions: BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for function in functions {
        let policy = aws
            .lambda
            .get_policy()
            .function_name(&function)
            .send()
            .await
            .unwrap();
        let policy: Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            let conditions = statement["Condition"].as_object().unwrap().values();
            let source = conditions
                .flat_map(|one| one.as_object().unwrap().values())
                .next();
            found.insert(format!(
                "{function} | {} | {} | {}",
                statement["Principal"]["Service"].as_str().unwrap(),
                statement["Action"].as_str().unwrap(),
                source.unwrap().as_str().unwrap()
            ));
        }
    }
    found
}

/// The metric filters of the account, as [`wanted`] writes them.
async fn filters(aws: &Clients) -> BTreeSet<String> {
    let answer = aws.logs.describe_metric_filters().send().await.unwrap();
    let filters = answer.metric_filters().iter();
    let line = |filter: &aws_sdk_cloudwatchlogs::types::MetricFilter| {
        let metric = filter.metric_transformations().first().unwrap();
        format!(
            "{} | {} | {} | {} | {}",
            filter.log_group_name().unwrap(),
            filter.filter_pattern().unwrap(),
            metric.metric_namespace(),
            metric.metric_name(),
            metric.metric_value()
        )
    };
    filters.map(line).collect()
}

async fn is_what_apply_makes(name: &str) {
    let world = World::new();
    world.bundled(name);
    let (endpoint, _) = world.up();
    let on_expressions = deploy(&world, &endpoint);
    let aws = clients(&endpoint, REGION).await;
    let steps = plan(&world);
    let (left, alarms) = differences(&steps);
    assert!(left.is_empty(), "{name}:\n{}", left.join("\n"));
    assert_eq!(alarms, on_expressions, "{name}");

    let fields = ["function", "principal", "action", "source_arn"];
    let permitted = wanted(&steps, "lambda-permission/", &fields);
    let functions = permitted
        .iter()
        .map(|line| line.split(" | ").next().unwrap().to_owned());
    assert_eq!(permissions(&aws, functions.collect()).await, permitted, "{name}");
    let fields = [
        "log_group",
        "pattern",
        "metric_namespace",
        "metric_name",
        "metric_value",
    ];
    assert_eq!(
        filters(&aws).await,
        wanted(&steps, "logs-metric-filter/", &fields),
        "{name}"
    );

    // Nothing of it is alertctl's: no stack, no leftovers, nothing to delete.
    let before = everything(&aws).await;
    let stacks = world.json(&["list", "--local"]);
    assert_eq!(stacks["stacks"], json!([]), "{stacks:#}");
    let refused = world.run(&["apply", "--local", "--yes"]);
    assert_eq!(refused.code, 1, "{}", refused.all());
    assert!(refused.all().contains("--adopt"), "{}", refused.all());
    let by_name = ["destroy", "--stack", name, "--region", REGION, "--local", "--yes"];
    let destroyed = world.run(&by_name);
    assert_eq!(everything(&aws).await, before, "{}", destroyed.all());
}

#[tokio::test]
async fn full_is_what_apply_makes() {
    is_what_apply_makes("full").await;
}

#[tokio::test]
async fn a_slack_app_is_what_apply_makes() {
    is_what_apply_makes("slack-app").await;
}
