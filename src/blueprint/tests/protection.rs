//! Which resources carry the tag of a protected entry.

use super::*;

/// The resources that an edit of the fixture protects.
fn protected(edit: impl Fn(String) -> String) -> Vec<String> {
    let text = include_str!("../../stack/fixtures/everything.yaml");
    let plain = text.replace(", protect: true }", " }");
    let plain: String = plain
        .split_inclusive('\n')
        .filter(|line| line.trim() != "protect: true")
        .collect();
    let written = written(&edit(plain));
    let mut node = "";
    let mut found = Vec::new();
    for line in written.lines() {
        if !line.starts_with(' ') {
            node = line.split(' ').next().unwrap_or_default();
        }
        if line.trim() == "tags.alertctl:protect = \"true\"" {
            found.push(node.to_owned());
        }
    }
    found
}

#[test]
fn an_entry_protects_what_it_consists_of_and_nothing_else() {
    let after = |from: &'static str, to: &'static str| {
        protected(move |text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        })
    };
    assert_eq!(protected(|text| text), [""; 0]);
    assert_eq!(
        after("rotation: false,", "rotation: false, protect: true,"),
        ["kms-key/main"]
    );
    assert_eq!(
        after(
            "    encrypted: true\n    subscriptions",
            "    encrypted: true\n    protect: true\n    subscriptions"
        ),
        ["sns-topic/alerts"]
    );
    assert_eq!(
        after(
            "    region: eu-west-1\n    metric: Shop",
            "    region: eu-west-1\n    protect: true\n    metric: Shop"
        ),
        ["cloudwatch-alarm/abroad@eu-west-1"]
    );
    assert_eq!(
        after(
            "    name: everything any\n",
            "    name: everything any\n    protect: true\n"
        ),
        ["cloudwatch-composite-alarm/any"]
    );
    let set = after(
        "cis: { preset: cis-aws-foundations,",
        "cis: { preset: cis-aws-foundations, protect: true,",
    );
    assert_eq!(set.len(), 15, "{set:?}");
    assert!(
        set.iter().all(|node| node.starts_with("cloudwatch-alarm/cis-")),
        "{set:?}"
    );
    assert_eq!(
        after(
            "    function: elastalertHandler\n",
            "    function: elastalertHandler\n    protect: true\n"
        ),
        [
            "log-group/endpoint.elastalert",
            "sqs-queue/endpoint.elastalert",
            "iam-role/endpoint.elastalert",
            "lambda-function/endpoint.elastalert",
            "apigatewayv2-api/elastalert",
            "apigatewayv2-stage/elastalert",
        ]
    );
    assert_eq!(
        after(
            "description: what matters,",
            "description: what matters, protect: true,"
        ),
        [
            "eventbridge-event-bus/security",
            "iam-role/bus.security",
            "eventbridge-rule/bus.security"
        ]
    );
    let rule = after(
        "    include_read_only: true\n",
        "    include_read_only: true\n    protect: true\n",
    );
    assert!(
        rule.iter().all(|node| node.starts_with("eventbridge-rule/")
            || node.starts_with("eventbridge-event-bus/regions.audit-")),
        "{rule:?}"
    );
    for node in [
        "eventbridge-rule/audit-acm",
        "eventbridge-rule/audit-acm@eu-west-1",
        "eventbridge-event-bus/regions.audit-acm",
        "eventbridge-rule/regions.audit-acm",
    ] {
        assert!(rule.iter().any(|found| found == node), "{node}: {rule:?}");
    }
    assert_eq!(
        after("  prefix: audit/all\n", "  prefix: audit/all\n  protect: true\n"),
        [
            "s3-bucket/trail",
            "log-group/trail",
            "iam-role/trail",
            "cloudtrail-trail/trail",
            "log-group/trail.guard",
            "sqs-queue/trail.guard",
            "iam-role/trail.guard",
            "lambda-function/trail.guard",
            "eventbridge-rule/trail.guard",
        ]
    );
}
