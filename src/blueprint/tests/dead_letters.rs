//! Where events go that no target takes.

use super::*;

const QUEUE: &str = "arn:aws:sqs:ap-northeast-2:444455556666:lost";

fn stack(more: &str) -> String {
    let pattern = "pattern: { source: [aws.ec2] }, to: [alerts]";
    format!(
        "stack: t\nregion: ap-northeast-2\ntopics: {{ alerts: {{}} }}\nmonitoring: {{ to: [alerts] }}\nrules:\n  \
         off: {{ {pattern}, dead_letter_queue: false }}\n  theirs: {{ {pattern}, dead_letter_queue: '{QUEUE}' }}\n{more}"
    )
}

#[test]
fn a_rule_without_the_queue_of_the_stack_makes_none() {
    let written = written(&stack(""));
    assert!(!written.contains("sqs-queue/"), "{written}");
    let queues: Vec<_> = written
        .lines()
        .filter(|line| line.contains(".dead_letter_queue = "))
        .collect();
    assert_eq!(queues, [format!("  target.alerts.dead_letter_queue = {QUEUE:?}")]);
    // What is lost is counted elsewhere where there is no queue.
    for metric in ["FailedInvocations", "InvocationsFailedToBeSentToDlq"] {
        assert_eq!(written.matches(metric).count(), 1, "{written}");
    }
}

#[test]
fn the_other_rules_keep_it() {
    let written = written(&stack("  own: { pattern: { source: [aws.s3] }, to: [alerts] }\n"));
    assert_eq!(written.matches("\nsqs-queue/").count(), 1, "{written}");
    let (_, targets) = written
        .split_once("eventbridge-targets/own")
        .expect("the targets");
    let targets = targets.split("\n\n").next().unwrap_or_default();
    assert!(targets.contains("sqs-queue/rules"), "{targets}");
    let policy = written.lines().find(|line| line.contains("RulesMayPark"));
    let policy = policy.expect("the policy of the queue");
    assert!(policy.contains("rule/t-*"), "{policy}");
}
