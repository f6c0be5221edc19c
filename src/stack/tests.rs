use std::{fs, path::Path};

use super::*;

const GOOD: &str = "
stack: mission
region: ap-northeast-2
channels:
  project: { label: \"#project\", webhook: { env: SLACK_WEBHOOK_URL } }
topics:
  alerts: { to: [project] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [alerts] }
";

fn good(text: &str) -> Loaded {
    let loaded = parse("stack.yaml", text).unwrap_or_else(|problems| panic!("{problems}"));
    schema::agrees(text);
    loaded
}

fn bad(text: &str) -> String {
    match parse("stack.yaml", text) {
        Ok(loaded) => panic!("accepted: {loaded:?}"),
        Err(problems) => {
            assert_eq!(problems.reports().len(), problems.list().len());
            schema::agrees_to_refuse(text, &problems);
            problems.render(false)
        }
    }
}

/// The errors of `GOOD` with one text replaced by another.
fn spoiled(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    bad(&GOOD.replace(from, to))
}

/// The warnings without those about example values.
fn but_for_examples(loaded: &Loaded) -> Vec<Problem> {
    let warnings = loaded.warnings.iter();
    warnings.filter(|problem| !problem.is_example).cloned().collect()
}

#[test]
fn bundled_stack_loads() {
    let directory = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/stacks"));
    for entry in fs::read_dir(directory).expect("stacks") {
        let path = entry.expect("an entry").path();
        let loaded = load(&path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(but_for_examples(&loaded), [], "{}", path.display());
    }
    let stack = load(&directory.join("cloudwatch-slack.yaml"))
        .expect("a stack")
        .stack;
    insta::assert_debug_snapshot!(stack);
}

#[test]
fn everything_reachable() {
    let loaded = good(include_str!("fixtures/everything.yaml"));
    assert_eq!(but_for_examples(&loaded), []);
    insta::assert_debug_snapshot!(loaded.stack);
}

#[test]
fn defaults() {
    let stack = good("stack: a").stack;
    assert_eq!(
        (stack.timezone.as_str(), stack.locale),
        ("UTC", alertctl_relay::Locale::En)
    );
    assert_eq!(stack.default_name("b"), "a-b");
    assert_eq!((stack.key, stack.relay), (Key::default(), Relay::default()));
}

#[test]
fn too_little_for_the_relay_is_warned_of() {
    let warnings = |relay: &str| -> Vec<String> {
        let buffered = GOOD.replace("SLACK_WEBHOOK_URL }", "SLACK_WEBHOOK_URL }, buffer: true");
        let loaded = good(&format!("{buffered}relay: {{ {relay} }}\n"));
        let problems = loaded.warnings.iter();
        problems.map(|problem| problem.message.clone()).collect()
    };
    assert_eq!(warnings("timeout: 10, reserved_concurrency: 4"), [""; 0]);
    assert_eq!(warnings("reserved_concurrency: 0"), [""; 0]);
    assert_eq!(
        warnings("timeout: 9, reserved_concurrency: 3"),
        [
            "a timeout of 9 seconds leaves the relay too little time to deliver",
            "3 concurrent executions are too few for the relay"
        ]
    );
}

#[test]
fn monitoring_that_only_the_relay_hears_is_warned_of() {
    let warnings = |topic: &str| -> Vec<String> {
        let loaded = good(&format!(
            "stack: a\nchannels:\n  c: {{ webhook: {{ env: HOOK }} }}\ntopics:\n  t: {{ {topic} }}\n\
             monitoring: {{ to: [t] }}\n"
        ));
        let problems = loaded.warnings.iter();
        problems.map(|problem| problem.message.clone()).collect()
    };
    let warned = "monitoring tells of a broken relay only through the relay";
    assert_eq!(warnings("to: [c]"), [warned]);
    assert_eq!(
        warnings("to: [c], subscriptions: [{ email: oncall@example.org }]"),
        [""; 0]
    );
}

#[test]
fn keys_of_tags_are_bounded_together() {
    let tags = |count: usize| {
        let tags = (0..count).map(|number| format!("{}-{number:02}: x", "k".repeat(60)));
        format!("{GOOD}tags: {{ {} }}\n", tags.collect::<Vec<_>>().join(", "))
    };
    assert_eq!(good(&tags(12)).stack.tags.len(), 12);
    insta::assert_snapshot!(
        bad(&tags(13))
            .lines()
            .filter(|line| !line.contains("kkk"))
            .collect::<Vec<_>>()
            .join("\n")
    );
}

#[test]
fn a_boundary_is_the_arn_of_a_policy() {
    let with = |arn: &str| format!("{GOOD}role_permissions_boundary: {arn}\n");
    for arn in [
        "arn:aws:iam::{account}:policy/team-boundary",
        "arn:aws-cn:iam::111122223333:policy/path/boundary",
        "arn:aws:iam::aws:policy/PowerUserAccess",
    ] {
        assert_eq!(
            good(&with(arn)).stack.role_permissions_boundary.as_deref(),
            Some(arn)
        );
    }
    for arn in [
        "team-boundary",
        "arn:aws:iam::111122223333:role/x",
        "arn:aws:iam::1:policy/x",
        "arn:aws:iam::111122223333:policy/",
        "arn:aws:sns:eu-west-1:111122223333:policy/x",
    ] {
        let seen = bad(&with(arn));
        assert!(seen.contains("is not the ARN of a policy"), "{seen}");
        assert!(
            seen.contains("arn:aws:iam::{account}:policy/team-boundary"),
            "{seen}"
        );
    }
}

#[test]
fn machine_form() {
    let reports = parse("stack.yaml", &GOOD.replace("[alerts]", "[alert]"))
        .expect_err("an error")
        .reports();
    insta::assert_json_snapshot!(reports);
}

#[test]
fn warnings() {
    let text = "stack: a\nchannels: { c: { webhook: { env: X } } }\ntopics: { t: {} }\nalarms:\n  \
                x: { metric: N/S m, statistic: p99, period: 60, threshold: \"< 1\" }\n\
                # old: https://hooks.slack.com/services/T0/B0/secret\n";
    let loaded = good(text);
    assert_eq!(loaded.warnings.len(), 4);
    insta::assert_snapshot!(loaded.source.render(&loaded.warnings, false));
}

#[test]
fn all_problems_in_one_run() {
    insta::assert_snapshot!(bad(include_str!("fixtures/many_mistakes.yaml")));
}

macro_rules! refused {
    ($($name:ident: $text:expr,)*) => {$(
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), $text);
        }
    )*};
}

mod alarms;
mod charts;
mod endpoints;
mod events;
mod log_alarms;
mod mutes;
mod organization;
mod places;
mod presets;
mod protect;
mod reading;
mod routes;
mod rules;
mod schema;
mod secrets;
mod signals;
mod text;
mod trail;
mod unedited;

refused! {
    empty: bad(""),
    only_a_comment: bad("# nothing\n"),
    not_a_map: bad("- a\n- b\n"),
    syntax: bad("stack: [a\n"),
    tab: bad("stack: a\nkey:\n\talias: b\n"),
    two_documents: bad("stack: a\n---\nstack: b\n"),
    duplicate_key: bad("stack: a\nstack: b\n"),
    merge_key: spoiled("{ to: [project] }", "{ <<: 1, to: [project] }"),
    tag: spoiled("stack: mission", "stack: !name mission"),
    list_as_key: bad("stack: a\n? [a]\n: b\n"),
    own_alias: bad("stack: a\ntags: &a { b: *a }\n"),
    deep: bad(&format!("stack: {}", "[".repeat(5000))),
    bomb: bad(&nested_aliases(2)),
    alias_tower: bad(&nested_aliases(1)),
    stack_missing: spoiled("stack: mission", "locale: kr"),
    stack_name: spoiled("stack: mission", "stack: Mission_1"),
    unknown_key: spoiled("region:", "regin:"),
    unknown_key_far_off: spoiled("region:", "quux:"),
    unknown_channel_key: spoiled("label:", "lable:"),
    region: spoiled("ap-northeast-2", "Seoul"),
    timezone: spoiled("region: ap-northeast-2", "timezone: Asia/Soul"),
    tags: spoiled("region: ap-northeast-2", "tags: { aws:a: b, 'alertctl:x': c, d: 12, 'e*': f }"),
    key_settings: spoiled("region: ap-northeast-2", "key: { alias: alias/aws/x, deletion_window_days: 5, rotation: maybe }"),
    number_as_text: spoiled("stack: mission", "stack: 012345"),
    webhook_missing: spoiled("webhook: { env: SLACK_WEBHOOK_URL }", ""),
    webhook_clear: spoiled("{ env: SLACK_WEBHOOK_URL }", "https://hooks.slack.com/services/T0AAAAAA/B0AAAAAA/sEcReTsEcReTsEcReT"),
    webhook_clear_encrypted: spoiled("env: SLACK_WEBHOOK_URL", "encrypted: hooks.slack.com/services/T0AAAAAA/B0AAAAAA/sEcReTsEcReTsEcReT"),
    webhook_clear_env: spoiled("env: SLACK_WEBHOOK_URL", "env: https://discord.com/api/sEcReT"),
    webhook_unknown_key: spoiled("env: SLACK_WEBHOOK_URL", "url: https://example.com/sEcReT"),
    webhook_elsewhere: spoiled("{ to: [project] }", "{ to: [project], display_name: T0AAAAAA/B0AAAAAA/sEcReTsEcReTsEcReT }"),
    webhook_in_broken_file: bad("channels:\n  a:\n    webhook: https://example.com/sEcReT: x\n"),
    webhook_both: spoiled("env: SLACK_WEBHOOK_URL", "env: A, encrypted: AQICAHg="),
    webhook_neither: spoiled("env: SLACK_WEBHOOK_URL", ""),
    webhook_for_another_relay: spoiled("env: SLACK_WEBHOOK_URL", "encrypted: AQICAHg=, for: other-relay"),
    webhook_for_a_renamed_relay: spoiled(
        "{ env: SLACK_WEBHOOK_URL } }",
        "{ encrypted: AQICAHg=, for: mission-relay } }\nrelay: { name: renamed }"),
    webhook_for_nobody: spoiled("env: SLACK_WEBHOOK_URL", "env: A, for: mission-relay"),
    webhook_for_a_url: spoiled("env: SLACK_WEBHOOK_URL", "encrypted: AQICAHg=, for: https://hooks.slack.com/services/T0/B0/sEcReT"),
    channel_keys_too_alike: spoiled("topics:", "  a-b: { webhook: { env: A } }\n  a_b: { webhook: { env: B } }\ntopics:"),
    channel_key: spoiled("channels:", "channels:\n  Upper: { webhook: { env: A } }"),
    environment_too_large: spoiled("topics:", &((0..10).map(|n| format!("  c{n}: {{ webhook: {{ env: HOOK_{n} }} }}\n")).collect::<String>() + "topics:")),
    topic_to_nowhere: spoiled("to: [project]", "to: [projct]"),
    alarm_to_nowhere: spoiled("to: [alerts]", "to: [alerts, alerts, zzz]"),
    alarm_to_arn: spoiled("to: [alerts]", "to: ['arn:aws:sns:eu-west-1:111122223333:ops']"),
    topic_that_left: bad(&(GOOD.replace("  alerts:", "  news:").replace("[alerts]", "[alerts], ok: [alerts]")
        + &(0..6).map(|n| format!("  a{n}: {{ metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '> 1', to: [alerts] }}\n")).collect::<String>())),
    mistyped_region: spoiled("ap-northeast-2", "ap-notheast-2"),
    names_of_cloudwatch: spoiled("metric: AWS/EC2 CPUUtilization,", "namespace: AWS/RDS, metric_name: CPUUtilization, comparison_operator: GreaterThanThreshold, alarm_actions: [x],"),
    units_in_numbers: spoiled("period: 60", "period: 1m, evaluation_periods: '3'"),
    several_in_one_subscription: spoiled("to: [project] }", "to: [project], subscriptions: [{ email: [a@b.co, c@d.co] }] }"),
    webhook_by_reference: spoiled("env: SLACK_WEBHOOK_URL", "env: $SLACK_WEBHOOK_URL"),
    to_not_a_list: spoiled("to: [alerts]", "to: alerts"),
    topic_names: spoiled("topics:", "topics:\n  b: { name: mission-alerts, to: [project] }\n  c: { name: 'a b', to: [project] }"),
    subscriptions: spoiled("to: [project] }", "to: [project], subscriptions: [
        { email: nobody }, { email: a@b.co, raw: true }, { email: a@b.co }, { https: 'http://x' },
        { sqs: 'arn:aws:sns:eu-west-1:111122223333:q' }, { lambda: 'arn:aws:lambda:eu-west-1:1:function:f' },
        { fax: 12 }, {}, { email: a@b.co, https: 'https://x' }, { https: 'https://u:pw@host' } ] }"),
    filters: spoiled("to: [project] }", "to: [project], subscriptions: [
        { email: a@b.co, filter: { severity: high } }, { email: b@b.co, filter: [] },
        { email: c@b.co, filter: {} }, { email: d@b.co, filter_scope: body },
        { email: e@b.co, filter: { a: [1], b: [1], c: [1], d: [1], e: [1], f: [1] } } ] }"),
    metric: spoiled("AWS/EC2 CPUUtilization", "CPUUtilization"),
    alarm_without_metric: spoiled("metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60,", ""),
    metric_without_period: spoiled("statistic: Average, period: 60,", ""),
    both_metric_and_metrics: spoiled("statistic:", "metrics: [], statistic:"),
    statistic: spoiled("statistic: Average", "statistic: average"),
    extended_statistic: spoiled("statistic: Average", "statistic: p101"),
    unit: spoiled("period: 60", "period: 60, unit: percents"),
    period: spoiled("period: 60", "period: 45"),
    too_long: spoiled("period: 60", "period: 60, evaluation_periods: 1441"),
    datapoints: spoiled("period: 60", "period: 60, evaluation_periods: 2, datapoints_to_alarm: 3"),
    threshold: spoiled("'>= 50'", "50"),
    threshold_operator: spoiled("'>= 50'", "'=> 50'"),
    threshold_missing: spoiled("threshold: '>= 50',", ""),
    missing_data: spoiled("period: 60", "period: 60, treat_missing_data: not_breaching, evaluate_low_sample_count_percentile: ignore"),
    dimensions: spoiled("period: 60", &format!("period: 60, dimensions: {{ {} }}", (0..31).map(|n| format!("d{n}: x, ")).collect::<String>())),
    actions: spoiled("to: [alerts]", "to: [a, b, c, d, e, alerts]"),
    queries: spoiled("metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60,", "period: 60, metrics: [
        { id: E1, expression: m1 }, { id: m1, metric: N/S m }, { id: m1, expression: x, metric: N/S m, statistic: Sum, period: 60, account_id: 012345678901 },
        { expression: x } ],"),
    band: spoiled("'>= 50'", "outside b1"),
    alarm_names: spoiled("alarms:", "alarms:\n  mem: { name: mission-cpu, metric: A b, statistic: Sum, period: 60, threshold: '> 1', to: [alerts] }"),
    relay: spoiled("topics:", "relay: { name: a.b, memory: 64, timeout: 901, architecture: arm64, log_retention_days: 10, reserved_concurrency: -1, maximum_retry_attempts: 3, maximum_event_age_seconds: 1 }\ntopics:"),
    huge_numbers: spoiled("topics:", "relay: { memory: 99999999999, timeout: 1.5 }\ntopics:"),
    null_entries: bad("stack: a\nchannels:\n  x:\ntopics:\nalarms:\n  y:\n"),
    control_characters: bad("stack: \"a\\e[31m\"\n\"\\e[1m\": 1\n"),
}

/// Each level contains `width` times the previous one.
fn nested_aliases(width: usize) -> String {
    let mut text = "stack: a\na0: &a0 [x, x]\n".to_owned();
    for level in 1..60 {
        let inner = vec![format!("*a{}", level - 1); width].join(", ");
        text += &format!("a{level}: &a{level} [{inner}]\n");
    }
    text
}

#[test]
fn unreadable_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let refused = |name: &str| {
        let error = load(&directory.path().join(name)).expect_err("an error");
        assert_eq!(error.reports().len(), 1);
        error
            .render(false)
            .replace(&directory.path().display().to_string(), "DIR")
    };
    let help = "\n  help: pass an existing stack file, or create one with `alertctl init`";
    assert_eq!(
        refused("none.yaml"),
        format!("error: `DIR/none.yaml` does not exist{help}")
    );
    assert_eq!(
        refused(""),
        "error: `DIR/` is a directory, not a stack file\n  help: pass a file in it, or create one there with \
         `alertctl init DIR/stack.yaml`"
    );
    fs::write(directory.path().join("alerts.yaml"), GOOD).expect("a file");
    assert_eq!(
        refused("alerts.yml"),
        "error: `DIR/alerts.yml` does not exist\n  help: did you mean `DIR/alerts.yaml`?"
    );
    assert_eq!(
        refused("dev.yaml"),
        format!("error: `DIR/dev.yaml` does not exist{help}")
    );
    fs::write(directory.path().join("latin.yaml"), b"stack: caf\xe9\n").expect("a file");
    insta::assert_snapshot!("not_utf8", refused("latin.yaml"));
    fs::write(directory.path().join("huge.yaml"), vec![b'#'; 2 << 20]).expect("a file");
    assert_eq!(
        refused("huge.yaml"),
        "error: cannot read `DIR/huge.yaml`: a stack file has at most 1048576 bytes\n  help: pass the stack \
         file; this is probably a different file"
    );
}
