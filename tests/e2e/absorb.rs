//! What somebody changed in the console becomes an edit of the stack file.

use crate::support::World;
use crate::support::account::clients_of;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_eventbridge::types::RuleState;

const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "111122223333";
const STACK: &str = "# The alarms of the shop
stack: shop
region: eu-west-1
include: [topics.yaml]

alarms:
  # busy since spring
  cpu:
    metric: AWS/EC2 CPUUtilization
    dimensions: { InstanceId: i-1 }   # the old one
    statistic: Average
    period: 60
    threshold: \">= 50\"   # half
    to: [ops]
  queue:
    for_each: [orders, mail]
    metric: AWS/SQS ApproximateNumberOfMessagesVisible
    dimensions: { QueueName: '{each.value}' }
    statistic: Maximum
    period: 60
    threshold: '>= 100'
    to: [ops]
  db: { preset: rds, dimensions: { DBInstanceIdentifier: orders }, to: [ops] }
rules:
  stops: { pattern: { source: [aws.ec2] }, to: [ops] }
";
const TOPICS: &str = "topics:
  ops:
    display_name: Shop   # in mails
    subscriptions: [{ email: ops@example.com }]
  all: { subscriptions: [{ email: all@example.com }] }
";

#[tokio::test]
async fn changes_by_hand_come_into_the_file_with_all_that_is_around_them() {
    let world = World::new();
    world.write("stack.yaml", STACK);
    world.write("topics.yaml", TOPICS);
    let (endpoint, _) = world.up();
    let aws = clients_of(ACCOUNT, &endpoint, REGION).await;
    let run = |args: &[&str]| world.run_at(&endpoint, ACCOUNT, args);
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let ran = run(&["plan", "--absorb"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("nothing to absorb"), "{}", ran.stderr);

    let topic = |name: &str| format!("arn:aws:sns:{REGION}:{ACCOUNT}:shop-{name}");
    let described = aws.cloudwatch.describe_alarms().send().await.unwrap();
    let put = async |name: &str, threshold: f64, others: &[String]| {
        let is_named = |alarm: &&aws_sdk_cloudwatch::types::MetricAlarm| alarm.alarm_name() == Some(name);
        let alarm = described.metric_alarms().iter().find(is_named).unwrap().clone();
        let put = aws.cloudwatch.put_metric_alarm().alarm_name(name);
        let put = put
            .set_alarm_description(alarm.alarm_description)
            .set_namespace(alarm.namespace)
            .set_metric_name(alarm.metric_name)
            .set_dimensions(alarm.dimensions)
            .set_statistic(alarm.statistic)
            .set_period(alarm.period)
            .set_evaluation_periods(alarm.evaluation_periods)
            .set_datapoints_to_alarm(alarm.datapoints_to_alarm)
            .set_treat_missing_data(alarm.treat_missing_data)
            .set_comparison_operator(alarm.comparison_operator)
            .set_alarm_actions(Some([alarm.alarm_actions.unwrap(), others.to_vec()].concat()))
            .set_ok_actions(alarm.ok_actions);
        put.threshold(threshold).send().await.unwrap();
    };
    put("shop-queue-mail", 500.0, &[]).await;
    put("shop-db-cpu", 95.5, &[]).await;
    let cpu = aws.cloudwatch.put_metric_alarm().alarm_name("shop-cpu");
    cpu.namespace("AWS/EC2")
        .metric_name("CPUUtilization")
        .dimensions(Dimension::builder().name("InstanceId").value("i-2").build())
        .statistic(Statistic::Maximum)
        .period(300)
        .evaluation_periods(1)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .threshold(80.0)
        .alarm_actions(topic("ops"))
        .alarm_actions(topic("all"))
        .ok_actions(topic("ops"))
        .send()
        .await
        .unwrap();
    let set = aws.sns.set_topic_attributes().topic_arn(topic("ops"));
    set.attribute_name("DisplayName")
        .attribute_value("The shop")
        .send()
        .await
        .unwrap();
    let rules = aws.events.list_rules().send().await.unwrap();
    let rule = rules
        .rules()
        .iter()
        .find(|rule| rule.name() == Some("shop-stops"))
        .unwrap();
    assert_eq!(rule.state(), Some(&RuleState::Enabled));
    aws.events.disable_rule().name("shop-stops").send().await.unwrap();

    let ran = run(&["plan", "--absorb"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let read = |name: &str| std::fs::read_to_string(world.path().join(name)).unwrap();
    assert_eq!(
        read("stack.yaml"),
        STACK
            .replace("threshold: \">= 50\"   # half\n    to: [ops]", "threshold: \"> 80\"   # half\n    to: [all, ops]\n    ok: [ops]")
            .replace("statistic: Average\n    period: 60", "statistic: Maximum\n    period: 300")
            .replace(
                "to: [ops] }\nrules:",
                "to: [ops], override: { cpu: { threshold: \"> 95.5\" } } }\n  queue-mail: { threshold: \">= 500\" }\nrules:"
            )
            .replace("source: [aws.ec2] }, to: [ops] }", "source: [aws.ec2] }, to: [ops], enabled: false }")
    );
    assert_eq!(
        read("topics.yaml"),
        TOPICS.replace("display_name: Shop ", "display_name: \"The shop\" ")
    );
    // What no value says is left, and told.
    assert!(
        ran.stderr.contains(
            "not absorbed: cloudwatch-alarm/cpu: dimensions.InstanceId: no value of the file says that"
        ),
        "{}",
        ran.stderr
    );
    let plan = run(&["plan", "--output", "json"]).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let mut left: Vec<_> = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["action"] != "keep")
        .map(|step| {
            format!(
                "{} {}",
                step["id"].as_str().unwrap(),
                step["changes"][0]["field"].as_str().unwrap()
            )
        })
        .collect();
    left.sort();
    assert_eq!(
        left,
        [
            "cloudwatch-alarm/cpu dimensions.InstanceId",
            "sns-topic/all policy"
        ]
    );
}

#[test]
fn a_value_that_is_filled_in_stays_a_variable() {
    let world = World::new();
    world.write("stack.yaml", &STACK.replace("\">= 50\"", "\">= ${LIMIT:-50}\""));
    world.write("topics.yaml", TOPICS);
    let (endpoint, _) = world.up();
    let run = |args: &[&str]| world.run_at(&endpoint, ACCOUNT, args);
    let ran = run(&["apply", "--yes", "--var", "LIMIT=70"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let before = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    let ran = run(&["plan", "--absorb"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let told =
        "not absorbed: alarms.cpu.threshold: `alarms.cpu.threshold` cannot be changed here; write it by hand";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
    assert_eq!(
        std::fs::read_to_string(world.path().join("stack.yaml")).unwrap(),
        before
    );
}

/// In another region an alarm runs only a part of what the file names, and a rule only forwards.
#[tokio::test]
async fn what_is_done_in_another_region_is_not_taken_for_the_whole() {
    let world = World::new();
    let text = "stack: far
region: eu-west-1
topics: { ops: { subscriptions: [{ email: ops@example.com }] } }
alarms:
  bill:
    region: us-east-1
    metric: AWS/Billing EstimatedCharges
    dimensions: { Currency: USD }
    statistic: Maximum
    period: 21600
    threshold: \"> 500\"
    to: [ops]
rules:
  health: { pattern: { source: [aws.health] }, regions: [us-east-1], to: [ops] }
";
    world.write("stack.yaml", text);
    let (endpoint, _) = world.up();
    let run = |args: &[&str]| world.run_at(&endpoint, ACCOUNT, args);
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let there = clients_of(ACCOUNT, &endpoint, "us-east-1").await;
    let rules = there.events.list_rules().send().await.unwrap();
    let rule = rules
        .rules()
        .iter()
        .find_map(|rule| rule.name().filter(|name| name.contains("health")));
    there
        .events
        .disable_rule()
        .name(rule.unwrap())
        .send()
        .await
        .unwrap();
    let bill = there.cloudwatch.put_metric_alarm().alarm_name("far-bill");
    bill.namespace("AWS/Billing")
        .metric_name("EstimatedCharges")
        .dimensions(Dimension::builder().name("Currency").value("USD").build())
        .statistic(Statistic::Maximum)
        .period(21_600)
        .evaluation_periods(1)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .threshold(600.0)
        .alarm_actions(format!("arn:aws:sns:us-east-1:{ACCOUNT}:theirs"))
        .send()
        .await
        .unwrap();
    let ran = run(&["plan", "--absorb"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let after = std::fs::read_to_string(world.path().join("stack.yaml")).unwrap();
    assert_eq!(after, text.replace("> 500", "> 600"));
    for left in [
        "cloudwatch-alarm/bill@us-east-1: alarm_actions",
        "eventbridge-rule/health@us-east-1: state",
    ] {
        assert!(
            ran.stderr.contains(&format!("not absorbed: {left}")),
            "{left}: {}",
            ran.stderr
        );
    }
}

/// What was changed in the account is in two files: either both say so, or none.
#[tokio::test]
async fn a_file_that_cannot_be_written_leaves_the_others_as_they_are() {
    let world = World::new();
    let shop = "stack: shop\nregion: eu-west-1\ninclude: [topics.yaml]\nrules:\n  stops: { pattern: { source: [aws.ec2] }, to: [ops] }\n";
    world.write("stack.yaml", shop);
    world.write("topics.yaml", TOPICS);
    let (endpoint, _) = world.up();
    let aws = clients_of(ACCOUNT, &endpoint, REGION).await;
    let run = |args: &[&str]| world.run_at(&endpoint, ACCOUNT, args);
    let read = || {
        ["stack.yaml", "topics.yaml"].map(|name| std::fs::read_to_string(world.path().join(name)).unwrap())
    };
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let set = async |text: &str| {
        let set = aws.sns.set_topic_attributes();
        let set = set.topic_arn(format!("arn:aws:sns:{REGION}:{ACCOUNT}:shop-ops"));
        let set = set.attribute_name("DisplayName").attribute_value(text);
        set.send().await.unwrap();
    };
    set("The shop").await;
    aws.events.disable_rule().name("shop-stops").send().await.unwrap();
    let before = read();

    // The temporary file of the second one cannot be made, for nobody.
    let part = world.path().join("topics.yaml.part");
    std::fs::create_dir_all(part.join("inside")).unwrap();
    let ran = run(&["plan", "--absorb"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let told = ran.stderr.contains("cannot write `topics.yaml`: ")
        && ran.stderr.contains("all files are as they were");
    assert!(told, "{}", ran.stderr);
    assert_eq!(read(), before);
    std::fs::remove_dir_all(part).unwrap();

    // What the file could not say without an error is not written, nor is anything else.
    set(&"x".repeat(101)).await;
    let ran = run(&["plan", "--absorb"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    let told =
        ran.stderr.contains("nothing was written: with these values") && ran.stderr.contains("topics.yaml:");
    assert!(told, "{}", ran.stderr);
    assert_eq!(read(), before);

    set("The shop").await;
    // The earlier version may be a pipe, which can be read only once.
    let pipe = world.path().join("base.yaml");
    world.write(
        "base.yaml",
        &format!("{}{TOPICS}", shop.replace("include: [topics.yaml]\n", "")),
    );
    let piped = std::process::Command::new("mkfifo")
        .arg(world.path().join("base"))
        .status();
    assert!(piped.unwrap().success());
    let (text, to) = (std::fs::read(pipe).unwrap(), world.path().join("base"));
    let writer = std::thread::spawn(move || std::fs::write(to, text));
    let ran = run(&["plan", "--absorb", "--base", "base"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    writer.join().unwrap().unwrap();
    let [stack, topics] = read();
    assert_eq!(
        stack,
        before[0].replace("to: [ops] }", "to: [ops], enabled: false }")
    );
    assert_eq!(
        topics,
        before[1].replace("display_name: Shop ", "display_name: \"The shop\" ")
    );
}

/// Each version of the file has the key that it names.
#[tokio::test]
async fn another_existing_key_is_a_change_of_the_file() {
    let mut world = World::new();
    world.set(
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    );
    let text = "stack: shop\nregion: eu-west-1\nkey: { existing: former }\nchannels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }\n\
                rules: { stops: { pattern: { source: [aws.ec2] }, to: [project] } }\n";
    let (endpoint, _) = world.up();
    let aws = clients_of(ACCOUNT, &endpoint, REGION).await;
    for alias in ["alias/former", "alias/latter"] {
        let key = aws.kms.create_key().send().await.unwrap().key_metadata.unwrap();
        let alias = aws.kms.create_alias().alias_name(alias);
        alias.target_key_id(key.key_id).send().await.unwrap();
    }
    world.write("stack.yaml", text);
    world.write("base.yaml", text);
    let run = |args: &[&str]| world.run_at(&endpoint, ACCOUNT, args);
    let ran = run(&["apply", "--yes"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    world.write("stack.yaml", &text.replace("former", "latter"));
    let plan = ["plan", "--absorb", "--base", "base.yaml", "--output", "json"];
    let ran = run(&plan);
    assert_eq!(ran.code, 0, "{}", ran.all());
    let document: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let nothing = serde_json::json!({ "written": [], "left": [] });
    assert_eq!(document["absorbed"], nothing, "{document:#}");
    let steps = document["steps"].as_array().unwrap().iter();
    let changed = steps.filter(|step| step["action"] != "keep");
    let origins: Vec<_> = changed
        .map(|step| format!("{} {}", step["id"].as_str().unwrap(), step["origin"]))
        .collect();
    assert_eq!(
        origins,
        [
            r#"iam-role-policy/relay {"file":true,"drift":false}"#,
            r#"lambda-function/relay {"file":true,"drift":false}"#,
        ]
    );
    // The former key may be gone.
    let gone = aws.kms.delete_alias().alias_name("alias/former");
    gone.send().await.unwrap();
    let ran = run(&plan);
    assert_eq!(ran.code, 0, "{}", ran.all());
}
