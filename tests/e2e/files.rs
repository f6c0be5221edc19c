//! A stack in several files: includes, overlays, variables, defaults and `for_each`, and where its problems are shown.

mod laid;

use crate::support::World;
use serde_json::{Value, json};

const BASE: &str = "
stack: shop
region: eu-central-1
include: [common/people.yaml]
x-databases: &databases [orders, users]
x-slow: &slow { period: 300, evaluation_periods: 3 }
defaults:
  alarms: { statistic: Average, period: 60, to: [alerts], ok: [alerts] }
alarms:
  cpu:
    for_each: *databases
    <<: *slow
    metric: AWS/RDS CPUUtilization
    dimensions: { DBInstanceIdentifier: '{each.value}-${STAGE:-dev}' }
    threshold: '>= ${CPU:-80}'
  queue:
    for_each:
      orders: { most: 100, name: orders.fifo }
      mail: { most: 1000, name: mail }
    metric: AWS/SQS ApproximateNumberOfMessagesVisible
    dimensions: { QueueName: '{each.value.name}' }
    statistic: Maximum
    threshold: '>= {each.value.most}'
";
const PEOPLE: &str = "
channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics: { alerts: { to: [project] } }
";
const PROD: &str = "
tags: { stage: prod }
alarms:
  cpu: { evaluation_periods: 1, severity: critical }
";

fn world() -> World {
    let world = World::new();
    std::fs::create_dir(world.path().join("common")).unwrap();
    world.write("stack.yaml", BASE);
    world.write("common/people.yaml", PEOPLE);
    world.write("prod.yaml", PROD);
    world
}

fn expanded(world: &World, arguments: &[&str]) -> Value {
    let ran = world.ok(&[&["expand"], arguments].concat());
    let value: serde_yaml::Value = serde_yaml::from_str(&ran.stdout).unwrap();
    serde_json::to_value(value).unwrap()
}

#[test]
fn a_stack_in_several_files_is_one() {
    let world = world();
    let dev = expanded(&world, &[]);
    let keys: Vec<_> = dev["alarms"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["cpu-orders", "cpu-users", "queue-orders", "queue-mail"]);
    assert_eq!(
        dev["alarms"]["cpu-users"],
        json!({
            "metric": "AWS/RDS CPUUtilization", "dimensions": { "DBInstanceIdentifier": "users-dev" },
            "threshold": ">= 80", "period": 300, "evaluation_periods": 3, "statistic": "Average", "to": ["alerts"],
            "ok": ["alerts"],
        })
    );
    let queue = &dev["alarms"]["queue-orders"];
    assert_eq!(
        (&queue["threshold"], &queue["statistic"], &queue["period"]),
        (&json!(">= 100"), &json!("Maximum"), &json!(60))
    );
    assert_eq!(dev["topics"]["alerts"]["to"], json!(["project"]));
    for gone in ["include", "defaults", "x-databases", "x-slow"] {
        assert!(dev.get(gone).is_none(), "{gone}");
    }

    let prod = expanded(&world, &["stack.yaml", "-f", "prod.yaml", "--var", "STAGE=prod"]);
    let cpu = &prod["alarms"]["cpu-orders"];
    assert_eq!(
        (
            &cpu["evaluation_periods"],
            &cpu["severity"],
            &cpu["dimensions"]["DBInstanceIdentifier"]
        ),
        (&json!(1), &json!("critical"), &json!("orders-prod"))
    );
    assert_eq!(prod["tags"]["stage"], "prod");
    // The same by `-f` alone, and by `stack.yaml` in another place.
    for words in [
        &["-f", "stack.yaml", "-f", "prod.yaml", "--var", "STAGE=prod"][..],
        &["--file=stack.yaml", "--var", "STAGE=prod", "-fprod.yaml"],
        &["--var", "STAGE=prod", "stack.yaml", "-f", "prod.yaml"],
    ] {
        assert_eq!(expanded(&world, words), prod, "{words:?}");
    }
}

#[test]
fn variables_come_from_the_command_line_the_environment_and_files() {
    let mut world = world();
    world.write("prod.env", "# limits\nCPU=95\nSTAGE='prod'\n");
    let threshold = |stack: &Value| stack["alarms"]["cpu-orders"]["threshold"].clone();
    assert_eq!(threshold(&expanded(&world, &["--env-file", "prod.env"])), ">= 95");
    world.set("CPU", "70");
    assert_eq!(threshold(&expanded(&world, &["--env-file", "prod.env"])), ">= 70");
    let said = expanded(&world, &["--env-file", "prod.env", "--var", "CPU=60"]);
    assert_eq!(threshold(&said), ">= 60");
    world.write("wrong.env", "CPU=95\nSTAGE\n");
    let refused = world.run(&["expand", "--env-file", "wrong.env"]);
    assert!(
        refused
            .stderr
            .contains("`wrong.env`, line 2: this is not `NAME=value`"),
        "{}",
        refused.stderr
    );
    let refused = world.run(&["expand", "--var", "1=2"]);
    assert!(
        refused.stderr.contains("`1` cannot be the name of a variable"),
        "{}",
        refused.stderr
    );
}

#[test]
fn what_is_written_out_is_the_same_stack() {
    let mut world = world();
    world.set(
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    );
    let text = world.ok(&["expand", "stack.yaml", "-f", "prod.yaml"]).stdout;
    world.write("whole.yaml", &text);
    world.up();
    world.ok(&["apply", "-f", "stack.yaml", "-f", "prod.yaml", "--local", "--yes"]);
    let plan = world.ok(&["plan", "whole.yaml", "--local", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("no changes: "), "{}", plan.stdout);
    // One element more in the middle is one alarm more, and nothing else.
    world.write(
        "stack.yaml",
        &BASE.replace("[orders, users]", "[orders, parcels, users]"),
    );
    let plan = world.json(&["plan", "-f", "stack.yaml", "-f", "prod.yaml", "--local"]);
    let steps = plan["steps"].as_array().unwrap();
    let of = |action: &str| -> Vec<&str> {
        let steps = steps.iter().filter(|step| step["action"] == action);
        steps.map(|step| step["id"].as_str().unwrap()).collect()
    };
    assert_eq!(of("create"), ["cloudwatch-alarm/cpu-parcels"]);
    // The topic lets the new alarm publish, and the relay knows its severity.
    assert_eq!(of("update"), ["lambda-function/relay", "sns-topic/alerts"]);
    assert_eq!(
        of("create").len() + of("update").len() + of("keep").len(),
        steps.len()
    );
}

/// Runs `validate` and returns what it says of each problem: file, line and fact.
fn problems(world: &World, arguments: &[&str]) -> Vec<String> {
    let ran = world.run(&[&["validate", "--output", "json"], arguments].concat());
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let of = |kind: &str| document[kind].as_array().cloned().unwrap_or_default();
    let said = of("errors");
    let said = said.iter().map(|problem| {
        let text = |key: &str| problem[key].as_str().unwrap_or_default();
        format!("{}:{}: {}", text("file"), problem["line"], text("message"))
    });
    said.collect()
}

#[test]
fn problems_are_shown_where_they_were_written() {
    let world = world();
    assert_eq!(problems(&world, &[]), [""; 0]);
    // In a file that another one includes, and in one that is laid over.
    world.write("common/people.yaml", &PEOPLE.replace("[project]", "[projekt]"));
    let nowhere = "common/people.yaml:3: no channel is called `projekt`: did you mean `project`?";
    assert_eq!(problems(&world, &[]), [nowhere]);
    world.write(
        "prod.yaml",
        &PROD.replace("evaluation_periods: 1", "evaluation_periods: 0"),
    );
    let few = "prod.yaml:4: at least one period is evaluated";
    let said = problems(&world, &["stack.yaml", "-f", "prod.yaml"]);
    assert_eq!(said, [nowhere, few]);
    let text = world
        .run(&["validate", "-f", "stack.yaml", "-f", "prod.yaml"])
        .stderr;
    assert!(
        text.contains("--> prod.yaml:4:") && text.contains("--> common/people.yaml:3:26"),
        "{text}"
    );
    world.write("common/people.yaml", PEOPLE);
    world.write("prod.yaml", PROD);

    // Of one element, of several, and what is missing is said once.
    world.write("stack.yaml", &BASE.replace("most: 100,", "most: none,"));
    let said = problems(&world, &[]);
    assert_eq!(
        said,
        ["stack.yaml:23: `>= none` is not a threshold (`alarms.queue[orders]`)"]
    );
    world.write("stack.yaml", &BASE.replace("CPUUtilization", "CPUUtilisation"));
    let said = world.ok(&["validate"]).stderr;
    let odd = "`CPUUtilisation` is not a metric known of AWS/RDS (`alarms.cpu[orders]` and 1 more)";
    assert!(
        said.contains(odd) && said.contains("--> stack.yaml:13:13"),
        "{said}"
    );
    world.write(
        "stack.yaml",
        &BASE
            .replace("${CPU:-80}", "${CPU:?the limit in percent}")
            .replace("each.value.most", "each.value.least"),
    );
    assert_eq!(
        problems(&world, &[]),
        [
            "stack.yaml:15: the variable `CPU` is not set: the limit in percent",
            "stack.yaml:23: the element `orders` has no `each.value.least`",
            "stack.yaml:23: the element `mail` has no `each.value.least`",
        ]
    );
    for (from, to, said) in [
        (
            "common/people.yaml",
            "common/nobody.yaml",
            "stack.yaml:4: `common/nobody.yaml` does not exist",
        ),
        (
            "common/people.yaml",
            "stack.yaml",
            "stack.yaml:4: `stack.yaml` includes itself",
        ),
        (
            "[orders, users]",
            "[orders, Orders]",
            "stack.yaml:5: `cpu-orders` is the key of two entries",
        ),
        (
            "  alarms: { stat",
            "  alarm: { stat",
            "stack.yaml:8: `alarm` has no defaults: did you mean `alarms`?",
        ),
        (
            "for_each: *databases",
            "for_each: 5",
            "stack.yaml:11: `for_each` names no elements",
        ),
        (
            "<<: *slow",
            "<<: 5",
            "stack.yaml:12: `<<` takes a mapping, or a list of mappings",
        ),
    ] {
        world.write("stack.yaml", &BASE.replace(from, to));
        let list = problems(&world, &[]);
        assert!(list.iter().any(|one| one == said), "{said}: {list:#?}");
    }
}

/// The value of a variable is not in the file, but would be in the account and in messages.
#[test]
fn a_secret_in_a_variable_is_refused_and_never_shown() {
    let mut world = world();
    let secret = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx";
    world.set("HOOK", secret);
    world.write(
        "common/people.yaml",
        &format!("{PEOPLE}tags: {{ hook: '${{HOOK}}' }}\n"),
    );
    for command in ["validate", "expand", "plan"] {
        let ran = world.run(&[command]);
        assert_eq!(ran.code, 1);
        assert!(
            ran.stderr.contains("the variable `HOOK` holds a secret"),
            "{}",
            ran.stderr
        );
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains("abcdefghijklmnop"));
    }
}

#[test]
fn a_saved_plan_knows_its_files() {
    let mut world = world();
    world.set(
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    );
    world.up();
    world.ok(&[
        "plan",
        "-f",
        "stack.yaml",
        "-f",
        "prod.yaml",
        "--local",
        "--save",
        "shop.plan",
    ]);
    // Another value of a variable is another stack.
    world.set("STAGE", "other");
    let refused = world.run(&["apply", "shop.plan", "--local"]);
    assert!(
        refused
            .stderr
            .contains("or a file or variable that belongs to it, has changed since"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("-f prod.yaml"), "{}", refused.stderr);
    world.set("STAGE", "dev");
    world.set("STAGE", "");
    world.ok(&["apply", "shop.plan", "--local"]);
    let plan = world
        .ok(&["plan", "stack.yaml", "-f", "prod.yaml", "--local"])
        .stdout;
    assert!(plan.contains("no changes: "), "{plan}");
}
