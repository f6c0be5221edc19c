use std::collections::BTreeSet;

use super::*;
use crate::blueprint::{self, Addresses};

const HOME: Source<'_> = Source {
    stack: "mission",
    home: "eu-west-1",
};

fn graph(text: &str) -> Graph {
    let stack = crate::stack::parse("stack.yaml", text).unwrap().stack;
    blueprint::graph(&stack, HOME.home, &Addresses::new())
}

fn templates(text: &str) -> Vec<Exported> {
    exported(&graph(text), HOME, &["something".to_owned()])
}

const SMALL: &str = r#"
stack: mission
region: eu-west-1
tags: { team: a }
channels:
  ops: { webhook: { env: A } }
topics:
  alerts: { to: [ops], display_name: Alerts }
alarms:
  cpu:
    metric: AWS/EC2 CPUUtilization
    statistic: Average
    period: 300
    threshold: ">= 80"
    to: [alerts]
rules:
  guardduty: { pattern: { source: [aws.guardduty] }, to: [ops] }
"#;

#[test]
fn a_small_stack() {
    let templates = templates(SMALL);
    let [template] = &templates[..] else {
        panic!("{} templates", templates.len())
    };
    // What depends on the code of the relay.
    let line = |line: &str| match line.split_once(':') {
        Some((name, _)) if line.contains("alertctl-") && line.contains(".zip") => format!("{name}: …"),
        Some((name, text)) if name.ends_with("Value") && text.len() > 100 => format!("{name}: …"),
        _ => line.to_owned(),
    };
    let lines: Vec<_> = template.text.lines().map(line).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn no_text_keeps_a_mark_and_each_reference_is_to_something_that_comes_before() {
    for template in templates(SMALL) {
        assert!(
            !template.text.contains(['\u{E000}', '\u{E001}']),
            "{}",
            template.text
        );
        let mut before: BTreeSet<&str> = BTreeSet::new();
        for (id, declared) in template.document["Resources"].as_object().unwrap() {
            for referred in references(declared) {
                let known =
                    referred.starts_with("AWS::") || template.document["Parameters"].get(&referred).is_some();
                assert!(known || before.contains(referred.as_str()), "{id}: {referred}");
            }
            before.insert(id);
        }
    }
}

/// What a declaration refers to.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(references).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match (name.as_str(), value) {
                ("Ref", Value::String(id)) => vec![id.clone()],
                ("DependsOn", list) => serde_json::from_value(list.clone()).unwrap(),
                ("Fn::GetAtt", list) => vec![list[0].as_str().unwrap().to_owned()],
                ("Fn::Sub", Value::String(text)) => {
                    let names = text.split("${").skip(1).filter(|rest| !rest.starts_with('!'));
                    let names = names.map(|rest| rest.split(['}', '.']).next().unwrap().to_owned());
                    names.collect()
                }
                _ => references(value),
            })
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn each_region_has_a_template() {
    let templates = templates(
        "
stack: mission
region: eu-west-1
channels:
  ops: { webhook: { env: A } }
rules:
  access: { preset: iam-changes, to: [ops] }
",
    );
    let regions: Vec<_> = templates.iter().map(|one| one.region.as_deref()).collect();
    assert_eq!(regions, [None, Some("us-east-1")]);
    let there = &templates[1];
    // What is at home is named in full; what is there is referred to.
    assert!(
        there
            .text
            .contains("!Sub 'arn:${AWS::Partition}:events:eu-west-1:${AWS::AccountId}:event-bus/"),
        "{}",
        there.text
    );
    assert!(there.text.contains("!GetAtt SqsQueueRules.Arn"), "{}", there.text);
    assert!(
        there.document["Metadata"]["Alertctl"]
            .get("NotExported")
            .is_none()
    );
}

#[test]
fn what_cannot_be_said_is_listed_once() {
    let text = SMALL.replace("    period: 300", "    period: 300\n    warm_up: { minutes: 10 }");
    let lost = lost(&graph(&text), HOME);
    let of_alarm: Vec<_> = lost.iter().filter(|what| what.contains("`warm_up`")).collect();
    assert_eq!(of_alarm.len(), 1, "{lost:?}");
    let statements = lost.iter().filter(|what| what.contains("statements"));
    assert_eq!(statements.count(), 1, "{lost:?}");
}

#[test]
fn what_is_protected_stays() {
    let text = SMALL.replace("display_name:", "protect: true, display_name:");
    let templates = templates(&text);
    let topic = &templates[0].document["Resources"]["SnsTopicAlerts"];
    assert_eq!(topic["DeletionPolicy"], "Retain", "{topic:#}");
    assert_eq!(topic["UpdateReplacePolicy"], "Retain", "{topic:#}");
    let key = &templates[0].document["Resources"]["KmsKeyMain"];
    assert_eq!(key["DeletionPolicy"], "Delete", "{key:#}");
}

#[test]
fn a_spoke_in_another_account_is_said_to_be_lost() {
    let organization = "organization:\n  id: o-a1b2c3d4e5\n  forward: [guardduty]\n  to: [ops]\n  targets:\n    - \
                        { account: \"444455556666\", role: deploy, region: us-east-1 }\n";
    let graph = graph(&format!("{SMALL}{organization}"));
    let lost = lost(&graph, HOME);
    let spoke = lost
        .iter()
        .filter(|what| what.contains("444455556666, us-east-1"));
    assert_eq!(spoke.count(), 1, "{lost:?}");
}
