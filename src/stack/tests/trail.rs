//! The trail, alarms on its log, composite alarms.

use super::*;

fn with(trail: &str) -> String {
    format!("{GOOD}trail: {{ {trail} }}\n")
}

/// `GOOD` with one more alarm.
fn alarm(alarm: &str) -> String {
    format!("{GOOD}  x: {{ {alarm}, to: [alerts] }}\n")
}

fn warned(text: &str) -> String {
    let loaded = good(text);
    loaded.source.render(&loaded.warnings, false)
}

#[test]
fn defaults() {
    let stack = good(&with("")).stack;
    insta::assert_debug_snapshot!("trail_defaults", stack.trail.as_ref().expect("a trail"));
    assert_eq!(stack.trail_logs(), None);
}

#[test]
fn an_existing_trail() {
    for name in ["audit", "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit"] {
        let text = with(&format!(
            "existing: '{name}', keep_logging: true, guard: {{ name: g }}, to: [project], logs: {{ group: x }}"
        ));
        let stack = good(&text).stack;
        assert_eq!(
            stack.trail.map(|trail| trail.source),
            Some(TrailSource::Existing(name.to_owned()))
        );
    }
}

#[test]
fn filters_imply_the_log_of_the_trail() {
    let text = alarm("filter: { pattern: error }") + "trail: {}\n";
    let stack = good(&text).stack;
    assert_eq!(stack.trail_logs(), Some(TrailLogs::default()));
    let elsewhere = alarm("filter: { pattern: error, log_group: g }") + "trail: {}\n";
    assert_eq!(good(&elsewhere).stack.trail_logs(), None);
    let alarm = &stack.alarms_expanded()["x"];
    insta::assert_debug_snapshot!("filter_alarm_expanded", alarm);
}

#[test]
fn the_benchmark() {
    let text = alarm("preset: cis-aws-foundations, threshold: '>= 3'") + "trail: {}\n";
    let stack = good(&text).stack;
    let alarms = stack.alarms_expanded();
    assert_eq!(alarms.len(), 16);
    for (key, alarm) in alarms.iter().filter(|(key, _)| *key != "cpu") {
        let filter = alarm.filter.as_ref().expect("a filter");
        assert!(filter.pattern.len() <= 1024, "{key}");
        assert_eq!(
            alarm.metric.as_ref().map(ToString::to_string),
            Some(format!("alertctl/mission {key}"))
        );
        assert_eq!(
            alarm.threshold.as_ref().map(|threshold| threshold.bound.clone()),
            Some(Bound::Value(3.0))
        );
    }
    insta::assert_debug_snapshot!("benchmark", alarms.keys().collect::<Vec<_>>());
}

#[test]
fn composite_rules_name_alarms() {
    let stack = good(&alarm("rule: ALARM(cpu) AND NOT OK(\"a b\")")).stack;
    let rule = stack.alarms["x"].rule.as_ref().expect("a rule");
    assert_eq!(
        stack.alarm_rule(rule),
        "ALARM(\"mission-cpu\") AND NOT OK(\"a b\")"
    );
    assert_eq!(stack.alarm_rule_keys(rule), ["cpu"]);
}

#[test]
fn what_a_trail_can_select_by_depends_on_the_events() {
    let network = "{ FieldSelectors: [{ Field: eventCategory, Equals: [NetworkActivity] },
        { Field: eventSource, Equals: [kms.amazonaws.com] }, { Field: errorCode, Equals: [VpceAccessDenied] },
        { Field: vpcEndpointId, StartsWith: [vpce-] }] }";
    let data = "{ FieldSelectors: [{ Field: eventCategory, Equals: [Data] },
        { Field: resources.type, Equals: ['AWS::S3::Object'] }, { Field: eventName, StartsWith: [Delete] }] }";
    let management = "{ FieldSelectors: [{ Field: eventCategory, Equals: [Management] },
        { Field: eventSource, NotEquals: [kms.amazonaws.com] }, { Field: readOnly, Equals: ['false'] }] }";
    good(&with(&format!("selectors: [{network}, {data}, {management}]")));
    // A bucket in the account's own namespace can only be an existing one.
    good(&with("bucket: { existing: logs-111122223333-eu-west-1-an }"));
}

refused! {
    trail_existing: bad(&with("existing: 'a b', bucket: x, multi_region: true, logs: { retention_days: 30 }")),
    trail_existing_arn: bad(&with("existing: 'arn:aws:cloudtrail:us-east-1:1:trail/x'")),
    trail_names: bad(&with("name: a--b, bucket: 'Bad_{region}', prefix: /x/, logs: { group: aws/x, retention_days: 31 }")),
    trail_name_derived: bad(&with("").replace("stack: mission", "stack: mission-")),
    trail_bucket: bad(&with("bucket: { existing: a, name: b }")),
    trail_bucket_settings: bad(&with("bucket: { name: '{account}-192.168..1', expire_after_days: 0 }")),
    trail_bucket_reserved: bad(&with("bucket: sthree-logs")),
    trail_bucket_namespace: bad(&with("bucket: 'logs-{account}-eu-west-1-an'")),
    trail_selector_fields: bad(&with("selectors: [\n    { FieldSelectors: [{ Field: eventCategory, Equals: [Management] }, { Field: eventName, Equals: [x] }, { Field: errorCode, Equals: [VpceAccessDenied] }] },\n    { FieldSelectors: [{ Field: eventCategory, Equals: [Data] }, { Field: vpcEndpointId, Equals: [x] }] },\n    { FieldSelectors: [{ Field: eventCategory, Equals: [NetworkActivity] }, { Field: readOnly, Equals: ['true'] }] },\n    { FieldSelectors: [{ Field: eventCategory, Equals: [Insight] }] },\n    { FieldSelectors: [{ Field: eventCategory, Equals: [Data, Management] }, { Field: readOnly, NotEquals: ['true'] }] }]")),
    trail_bucket_address: bad(&with("bucket: 192.168.1.1")),
    trail_bucket_long: bad(&with(&format!("bucket: '{}-{{account}}'", "b".repeat(60)))),
    trail_exclude: bad(&with("exclude: [kms, s3.amazonaws.com]")),
    trail_events: bad(&with("events: write")),
    trail_logs: bad(&with("logs: yes-please")),
    trail_selectors: bad(&with("events: all, selectors: [{ FieldSelectors: [{ Field: eventName, Equal: [x] }, { Field: readonly }, { Equals: x }] }, {}, { Nme: a, FieldSelectors: [{ Field: eventCategory, Equals: [Management] }, 5] }]")),
    trail_no_selectors: bad(&with("selectors: []")),
    trail_guard: bad(&with("guard: { name: a.b, memory: 1 }, to: [nobody]")),
    trail_without_guard: warned(&with("keep_logging: false, guard: { name: g }, to: [project], runbook: 'https://w.example.com'")),
    trail_pages: bad(&with("runbook: wiki/audit, dashboard: 'https://me:secret@g.example.com'")),
    trail_guard_name: bad(&with("guard: { name: mission-relay }")),
    trail_log_group: bad(&with("logs: { group: /aws/lambda/mission-guard }")),
    trail_too_narrow: warned(&(with("multi_region: false, events: read-only") + "rules: { r: { preset: console-sign-in, to: [project] } }\n")),
    trail_empty: bad(&format!("{GOOD}trail:\nmonitoring:\n")),
    trail_null: bad(&format!("{GOOD}trail: yes\n")),
    filter_without_trail: bad(&alarm("filter: { pattern: x }")),
    filter_existing_trail: bad(&(alarm("filter: { pattern: x }") + "trail: { existing: audit }\n")),
    filter_values: bad(&alarm("filter: { pattern: '{ ($.a = \"b) }', log_group: 'a b', value: many, metric: 'AWS/X a' }, unit: Count")),
    filter_pattern: bad(&alarm("filter: { pattern: '{ ($.a = 1 }', log_group: g, metric: 'a b:c' }")),
    filter_pattern_long: bad(&alarm(&format!("filter: {{ pattern: '{}', log_group: g }}", "p".repeat(1025)))),
    filter_missing_pattern: bad(&alarm("filter: { log_group: g }")),
    filter_and_metric: bad(&alarm("filter: { pattern: x, log_group: g }, metric: A b")),
    preset_without_trail: bad(&alarm("preset: cis-aws-foundations")),
    preset_unknown: bad(&alarm("preset: cis-aws-foundation")),
    preset_names: bad(&(alarm("preset: cis-aws-foundations") + "  x-vpc-changes: { metric: A b, statistic: Sum, period: 60, threshold: '> 1', to: [alerts] }\ntrail: {}\n")),
    composite_syntax: bad(&alarm("rule: ALARM(cpu) and OK(cpu)")),
    composite_names: bad(&(alarm("rule: ALARM(cpuu) OR OK(zzz) OR ALARM(set)") + "  set: { preset: cis-aws-foundations, to: [alerts] }\ntrail: {}\n")),
    composite_circle: bad(&format!("{GOOD}  a: {{ rule: ALARM(b), to: [alerts] }}\n  b: {{ rule: NOT ALARM(c), to: [alerts] }}\n  c: {{ rule: ALARM(a) OR ALARM(cpu), to: [alerts] }}\n  d: {{ rule: OK(d), to: [alerts] }}\n")),
    composite_strays: bad(&alarm("rule: TRUE, period: 60, threshold: '> 1', warm_up: { minutes: 3 }")),
    composite_many: bad(&alarm(&format!("rule: '{}TRUE'", (0..101).map(|n| format!("ALARM(\"{n}\") OR ")).collect::<String>()))),
    composite_elements: bad(&alarm(&format!("rule: '{}TRUE'", "TRUE OR ".repeat(500)))),
    suppressor: bad(&alarm("rule: ALARM(cpu), suppressor: { alarm: x, wait: -1, extension: 90000 }")),
    suppressor_alone: bad(&alarm("metric: A b, statistic: Sum, period: 60, threshold: '> 1', suppressor: { alarm: cpu, wait: 1, extension: 1 }")),
    suppressor_incomplete: bad(&alarm("rule: ALARM(cpu), suppressor: {}")),
    suppressor_outside: warned(&alarm("rule: ALARM(cpu), suppressor: { alarm: cpuu, wait: 1, extension: 1 }")),
    monitoring: bad(&format!("{GOOD}monitoring: {{ to: [nobody] }}\n")),
    monitoring_nobody: bad(&format!("{GOOD}monitoring: {{}}\n")),
}
