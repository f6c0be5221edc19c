//! Warnings about remaining examples, variables that nothing replaces, and metrics that AWS does not publish.

use super::*;

/// The warnings of `GOOD` with one text replaced by another, as a person reads them.
fn warned(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let loaded = good(&GOOD.replace(from, to));
    loaded.source.render(&loaded.warnings, false)
}

const METRIC: &str = "metric: AWS/EC2 CPUUtilization,";

#[test]
fn what_a_ready_stack_leaves_to_people_is_warned_of() {
    let loaded = load(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/stacks/cloudwatch-slack.yaml"
    )))
    .expect("a stack");
    let shown: Vec<_> = loaded.warnings.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(shown, ["`i-0123456789abcdef0` is only an example"]);
}

#[test]
fn a_placeholder_is_told_once() {
    insta::assert_snapshot!(warned(
        "topics:",
        "topics:
  mail: { subscriptions: [ { email: oncall@example.com } ] }
  sqs: { subscriptions: [ { sqs: 'arn:aws:sqs:ap-northeast-2:123456789012:a' }, { sqs: 'arn:aws:sqs:ap-northeast-2:123456789012:b' } ] }"
    ));
}

#[test]
fn what_looks_like_a_variable_is_taken_as_it_stands() {
    insta::assert_snapshot!(warned(
        "period: 60,",
        "period: 60, dimensions: { InstanceId: '${my instance}' }, description: 'in ${ENV:-dev}',"
    ));
}

#[test]
fn what_aws_fills_in_is_no_variable() {
    for (from, to) in [
        (
            "alarms:",
            "rules:\n  a: { pattern: { source: [x], detail: { a: ['${b}'] } }, input: { text: '${c}' }, to: [alerts] }\nalarms:",
        ),
        (
            "metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60,",
            "metrics: [{ id: a, metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, return_data: true, label: \"${PROP('Dim.InstanceId')}\" }],",
        ),
        (
            "period: 60,",
            "period: 60, description: 'costs $5 {not} a variable $ {x}',",
        ),
        ("period: 60,", "period: 60, description: 'a plain $${x}',"),
    ] {
        assert_eq!(warned(from, to), "", "{to}");
    }
}

#[test]
fn metrics_that_aws_does_not_publish() {
    let each = [
        "AWS/EC2 CPUUtilizatoin",
        "AWS/EC2 MemoryUtilization",
        "AWS/RSD CPUUtilization",
        "AWS/Wobble Wobbles",
        "aws/ec2 CPUUtilization",
        "AWS/RDS CPUUtilization, dimensions: { DBInstanceIdentifer: a }",
        "AWS/SQS NumberOfMessagesSent, dimensions: { Queue: a, Colour: red }",
    ];
    let shown: Vec<_> = each
        .iter()
        .map(|metric| warned(METRIC, &format!("metric: {metric},")))
        .collect();
    insta::assert_snapshot!(shown.join("\n\n"));
    let query =
        "metrics: [{ id: a, metric: AWS/Lambda Erors, statistic: Sum, period: 60, return_data: true }],";
    let shown = warned(
        "metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60,",
        query,
    );
    assert!(shown.contains("did you mean `Errors`?"), "{shown}");
}

#[test]
fn of_other_metrics_nothing_is_said() {
    for metric in [
        "Shop Orders, dimensions: { Colour: red }",
        "CWAgent mem_used_percent, dimensions: { host: a }",
        "alertctl/mission Delivered",
        "AWS/SES Bounce, dimensions: { campaign: spring }",
        "AWS/SecretsManager Anything",
    ] {
        assert_eq!(warned(METRIC, &format!("metric: {metric},")), "", "{metric}");
    }
}
