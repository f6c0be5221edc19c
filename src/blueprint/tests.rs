use std::collections::BTreeMap;
use std::fmt::Write as _;

use secrecy::SecretString;

use super::*;
use crate::aws::{Known, Scope};
use crate::resource::Shown;

const URL: &str = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx";

/// Every node with what it waits for and its fields, as far as they are known before anything exists.
fn told(text: &str) -> String {
    let stack = crate::stack::parse("stack.yaml", text)
        .expect("a valid stack")
        .stack;
    let webhooks = stack
        .channels
        .keys()
        .map(|key| (key.clone(), Webhook::Clear(Secret::from(SecretString::from(URL)))))
        .collect();
    let scope = Scope {
        partition: "aws".into(),
        region: "ap-northeast-2".into(),
        account: "123456789012".into(),
    };
    let known = Known {
        scope,
        outputs: BTreeMap::new(),
    };
    let mut told = String::new();
    for node in graph(&stack, &webhooks).nodes() {
        let after: Vec<_> = node.resource.refs().iter().map(ToString::to_string).collect();
        let _ = writeln!(told, "{} {}", node.id, node.resource.name());
        if !after.is_empty() {
            let _ = writeln!(told, "  after {}", after.join(", "));
        }
        for (field, shown) in node.resource.fields(&known).iter() {
            let shown = match shown {
                Shown::Value(value) if field != "code_sha256" => value.to_string(),
                Shown::Value(_) => "(digest)".to_owned(),
                Shown::AfterApply(node) => format!("(after {node})"),
                Shown::Secret(_) => "(secret)".to_owned(),
            };
            let _ = writeln!(told, "  {field} = {shown}");
        }
    }
    assert!(!told.contains("hooks.slack.com"), "a secret shows");
    told
}

#[test]
fn the_bundled_stack() {
    insta::assert_snapshot!(told(include_str!("../../stacks/cloudwatch-slack.yaml")));
}

#[test]
fn an_encrypted_topic_lets_alarms_use_the_key() {
    let told = told(
        "stack: t\nregion: eu-west-1\ntopics:\n  a: { encrypted: true, subscriptions: [{ email: a@example.com }] }\n\
         alarms:\n  c: { metric: AWS/EC2 CPUUtilization, statistic: p99, period: 60, threshold: '> 1', to: [a] }\n",
    );
    assert!(told.contains("cloudwatch.amazonaws.com"), "{told}");
    assert!(told.contains("kms:GenerateDataKey*"), "{told}");
    // Nothing goes to Slack: no relay.
    assert!(!told.contains("lambda-function"), "{told}");
}

#[test]
fn without_channels_or_encryption_there_is_no_key() {
    let told =
        told("stack: t\nregion: eu-west-1\ntopics:\n  a: { subscriptions: [{ email: a@example.com }] }\n");
    assert!(!told.contains("kms-key"), "{told}");
}

#[test]
fn alarms_of_every_sort() {
    let told = told(include_str!("../stack/fixtures/everything.yaml"));
    let alarms: String = told
        .split_inclusive('\n')
        .scan(false, |inside, line| {
            if !line.starts_with(' ') {
                *inside = line.starts_with("cloudwatch-alarm/");
            }
            Some(if *inside { line } else { "" })
        })
        .collect();
    insta::assert_snapshot!(alarms);
}
