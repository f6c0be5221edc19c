//! Rules and buses: what is valid, and what they compile to.

use super::*;

/// `GOOD` with a rule.
fn with(rule: &str) -> String {
    format!("{GOOD}rules:\n  r: {{ {rule} }}\n")
}

/// A rule with this pattern.
fn pattern(pattern: &str) -> String {
    with(&format!("pattern: {pattern}, to: [alerts]"))
}

/// The warnings of a text.
fn warned(text: &str) -> String {
    let loaded = good(text);
    loaded.source.render(&loaded.warnings, false)
}

#[test]
fn every_operator_is_known() {
    let text = pattern(
        "{ source: [aws.ec2], detail: { a: [x, 1, true, null, { prefix: p }, { prefix: { equals-ignore-case: p } }],
        b: [{ suffix: s }, { suffix: { equals-ignore-case: p } }, { equals-ignore-case: e }, { wildcard: 'a*b' }],
        c: [{ exists: false }, { cidr: 10.0.0.0/8 }, { cidr: '2001:db8::/32' }],
        d: [{ numeric: ['=', 1.5] }, { numeric: ['>', 0, '<=', 5] }, { numeric: ['<', -1] }],
        e: [{ anything-but: x }, { anything-but: [1, 2] }, { anything-but: { prefix: [a, b] } },
            { anything-but: { wildcard: 'a*' } }, { anything-but: { equals-ignore-case: A } }, { anything-but: { suffix: z } }],
        $or: [{ f: [1] }, { g: { h: [2] }, $or: [{ i: [1] }, { j: [2] }] }] } }",
    );
    assert_eq!(good(&text).warnings, []);
}

#[test]
fn rules_by_service() {
    let stack = good(&with(
        "services: { acm: all, cloudwatch: [PutMetricAlarm] }, to: [project]",
    ))
    .stack;
    let compiled = stack.compiled_rules("ap-northeast-2");
    let names: Vec<_> = compiled
        .iter()
        .map(|rule| (rule.key.as_str(), rule.name.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("r-acm", "mission-r-acm"),
            ("r-cloudwatch", "mission-r-cloudwatch")
        ]
    );
    assert!(compiled.iter().all(|rule| rule.needs_trail()));
    insta::assert_json_snapshot!(compiled.iter().map(|rule| &rule.pattern).collect::<Vec<_>>());
}

/// Names of rules that alertctl adds, which are not in the file.
#[test]
fn a_rule_is_not_named_as_one_of_the_stack_s_own() {
    let guard = format!(
        "{GOOD}trail: {{ to: [alerts] }}\nrules:\n  keep-logging: {{ preset: ec2-life-cycle, to: [alerts] }}\n"
    );
    let bus = format!(
        "{GOOD}buses:\n  b: {{ forward: [aws.s3] }}\nrules:\n  to-b: {{ preset: ec2-life-cycle, to: [alerts] }}\n  \
         r: {{ pattern: {{ source: [aws.s3] }}, bus: b, to: [alerts] }}\n"
    );
    for (text, name) in [(guard, "mission-keep-logging"), (bus, "mission-to-b")] {
        let problems = bad(&text);
        assert!(
            problems.contains(&format!("two rules are named `{name}`")),
            "{problems}"
        );
    }
}

refused! {
    rule_what_none: bad(&with("to: [alerts]")),
    rule_what_two: bad(&with("preset: root-activity, services: { acm: all }, to: [alerts]")),
    rule_preset: bad(&with("preset: console-signin, to: [alerts]")),
    rule_calls_text: bad(&with("services: { ecs: RunTask }, to: [alerts]")),
    rule_calls: bad(&with("services: { AWS.ECS: all, ecs: [RunTask, RunTask, 'a b'], acm: [] }, to: [alerts]")),
    rule_no_services: bad(&with("services: {}, to: [alerts]")),
    rule_unknown_call: warned(&with("services: { ecs: [RunTsk, Frobnicate, ListTasks], frobs: [Frob], cloudtral: all }, to: [alerts]")),
    rule_unknown_service: warned(&with("services: { wobble: all, guardduti: all, mwaa: all, fsx: all }, to: [alerts]")),
    rule_flood: warned(&with("services: { kms: all, logs: all, sts: all, acm: all }, except: { event_name: [Decrypt, AssumeRole*] }, to: [alerts]")),
    rule_trail_by_name: warned(&format!("{GOOD}trail: {{ existing: company, keep_logging: false }}\nrules:\n  a: {{ preset: cloudtrail-tampering, to: [alerts] }}\n  b: {{ services: {{ cloudtrail: [StopLogging] }}, to: [alerts] }}\n")),
    rule_china: bad(&with("preset: iam-changes, to: [alerts]").replace("ap-northeast-2", "cn-northwest-1")),
    rule_gov_global: bad(&pattern("{ source: [aws.iam] }").replace("ap-northeast-2", "us-gov-east-1")),
    rule_gov_own: warned(&with("preset: stack-changes, to: [alerts]").replace("ap-northeast-2", "us-gov-east-1")),
    rule_far_guard: bad(&format!("{GOOD}trail: {{ existing: 'arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/company', to: [alerts] }}\n").replace("ap-northeast-2", "cn-northwest-1")),
    rule_folded_template: bad(&format!("{GOOD}rules:\n  r:\n    preset: root-activity\n    to: [alerts]\n    input:\n      paths: {{ a: $.b }}\n      template: >-\n        some <a>\n        text <b>\n")),
    rule_names: bad(&with(&format!("services: {{ ecs: all }}, name: '{}', to: [alerts]", "n".repeat(62)))),
    rule_name_characters: bad(&with("preset: root-activity, name: 'a b', to: [alerts]")),
    rule_same_names: bad(&format!("{GOOD}rules:\n  a: {{ preset: root-activity, name: x-acm, to: [alerts] }}\n  b: {{ services: {{ acm: all }}, name: x, to: [alerts] }}\n")),
    rule_own_name: bad(&format!("{GOOD}trail:\nbuses:\n  s: {{ forward: [aws.guardduty] }}\nrules:\n  keep-logging: {{ preset: root-activity, to: [alerts] }}\n  to-s: {{ preset: root-activity, to: [alerts] }}\n")),
    rule_bus: bad(&with("preset: iam-changes, bus: secrity, to: [alerts]").replace("rules:", "buses:\n  security: { forward: [aws.iam] }\nrules:")),
    rule_bus_not_forwarded: bad(&with("preset: iam-changes, bus: security, to: [alerts]").replace("rules:", "buses:\n  security: { forward: [aws.s3] }\nrules:")),
    rule_bus_regions: bad(&with("preset: root-activity, bus: security, regions: [us-east-1], to: [alerts]").replace("rules:", "buses:\n  security: {}\nrules:")),
    bus: bad(&format!("{GOOD}buses:\n  a: {{ name: default, forward: [aws.s3, aws.s3, 'b c'] }}\n  b: {{ name: 'x y', description: '{}' }}\n", "d".repeat(513))),
    bus_warnings: warned(&format!("{GOOD}buses:\n  a: {{ forward: [aws.signin, aws.iam] }}\n")),
    rule_regions: bad(&with("preset: root-activity, regions: [seoul, us-east-1, us-east-1], to: [alerts]")),
    rule_own_region: warned(&with("preset: root-activity, regions: [ap-northeast-2], to: [alerts]")),
    rule_global: bad(&pattern("{ source: [aws.s3, aws.iam, aws.route53] }")),
    rule_sign_in: warned(&pattern("{ source: [aws.signin], detail-type: [AWS Console Signin via CloudTrail] }")),
    rule_detail_type: bad(&pattern("{ detail-type: [AWS API Call via Cloudtrail, AWS Console Sign-in via CloudTrail] }")),
    rule_envelope: bad(&pattern("{ detial: { a: [1] }, eventName: [x] }")),
    rule_shape: bad(&pattern("{ source: aws.ec2, detail: { a: 1, b: [], c: { prefix: x }, d: {}, e: [[1]], f: [{}], $or: [{ g: [1] }], h: { $or: x } } }")),
    rule_operators: bad(&pattern("{ detail: { a: [{ prefx: x }], b: [{ prefix: [x] }], c: [{ exists: 1 }], d: [{ cidr: 10.0.0.0/33 }],
        e: [{ numeric: ['>', 5, '<', 1] }], f: [{ numeric: [1] }], g: [{ anything-but: { cidr: 10.0.0.0/8 } }], h: [{ anything-but: [] }],
        i: [{ wildcard: 'a**b' }], j: [{ anything-but: { foo: x } }], k: [{ numeric: ['=', 1e10] }], l: [{ anything-but: { prefix: 1 } }] } }")),
    rule_empty_pattern: bad(&pattern("{}")),
    rule_long_pattern: bad(&pattern(&format!("{{ source: [{}] }}", "x".repeat(2040)))),
    rule_long_services: bad(&with(&format!("services: {{ frobs: [{}] }}, to: [alerts]", (0..200).map(|n| format!("CallNumber{n}, ")).collect::<String>()))),
    rule_except: bad(&with("preset: root-activity, except: { source_ip: [10.0.0.0/8, ''], user_agent: ['a**'], principal_arn: ['*'] }, to: [alerts]")),
    rule_except_kind: bad(&with("preset: root-activity, except: { ip: [10.0.0.1] }, to: [alerts]")),
    rule_except_all: bad(&with("preset: kms-key-disabled, except: { event_name: [D*, S*] }, to: [alerts]")),
    rule_except_services: bad(&with("services: { ecs: [RunTask] }, except: { event_name: [Run*] }, to: [alerts]")),
    rule_except_occupied: bad(&with("pattern: { detail: { userAgent: [{ prefix: a }, b] } }, except: { user_agent: [c] }, to: [alerts]")),
    rule_except_in_alternatives: bad(&with("pattern: { detail: { $or: [{ eventName: [A] }, { userAgent: [x] }] } }, except: { user_agent: [x] }, to: [alerts]")),
    rule_retry: bad(&with("preset: root-activity, retry: { attempts: 186, age_seconds: 5 }, to: [alerts]")),
    rule_dead_letter_queue: bad(&with("preset: root-activity, dead_letter_queue: 5, to: [alerts]")),
    rule_dead_letter_queues: bad(&format!("{GOOD}rules:\n  name: {{ preset: root-activity, dead_letter_queue: lost, to: [alerts] }}\n  \
        fifo: {{ preset: iam-changes, dead_letter_queue: 'arn:aws:sqs:ap-northeast-2:111122223333:lost.fifo', to: [alerts] }}\n  \
        far: {{ preset: ec2-life-cycle, dead_letter_queue: 'arn:aws:sqs:eu-west-1:111122223333:lost', to: [alerts] }}\n")),
    rule_input: bad(&with("preset: root-activity, input: { template: '<id> <stat> <aws.events.rule-name>', paths: { id: detail.id, state: $.detail.state, awsx: $.a } }, to: [alerts]")),
    rule_input_two: bad(&with("preset: root-activity, input: { text: a, path: $.detail }, to: [alerts]")),
    rule_input_paths: bad(&with("preset: root-activity, input: { paths: { a: $.b } }, to: [alerts]")),
    rule_input_unused: warned(&with("preset: root-activity, input: { template: 'a < b > c', paths: { a: $.b } }, to: [alerts]")),
    rule_to: bad(&with("preset: root-activity, to: [alrts, project, project]")),
    rule_to_nobody: warned(&with("preset: root-activity")),
    rule_too_many_targets: bad(&with("preset: root-activity, to: [project, alerts, a, b, c, d]").replace("topics:", "topics:\n  a: { to: [project] }\n  b: { to: [project] }\n  c: { to: [project] }\n  d: { to: [project] }")),
    rule_to_mail: warned(&with("preset: ec2-life-cycle, to: [mail]").replace("topics:", "topics:\n  mail: { subscriptions: [{ email: a@b.co }] }")),
}
