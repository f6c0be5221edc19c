//! Defects, and what is said of rules, filters and trails.

use super::*;

fn lines(inventory: &Inventory) -> Vec<String> {
    let defects = imported(inventory).defects;
    let line = |one: &Defect| format!("{:?} {} {}: {}", one.sort, one.what, one.name, one.message);
    defects.iter().map(line).collect()
}

fn rule(name: &str, pattern: serde_json::Value, targets: &[&str]) -> Rule {
    let target = |(index, arn): (usize, &&str)| crate::resource::eventbridge::targets::Target {
        id: index.to_string(),
        arn: (*arn).to_owned(),
        role_arn: None,
        input: None,
        dead_letter_queue: None,
        retry_attempts: None,
        retry_age_seconds: None,
    };
    Rule {
        name: name.to_owned(),
        bus: "default".to_owned(),
        pattern: Some(pattern),
        state: "ENABLED".to_owned(),
        targets: targets.iter().enumerate().map(target).collect(),
        has_targets_read: true,
        tags: Some(BTreeMap::new()),
        ..Rule::default()
    }
}

#[test]
fn each_sort_of_defect_is_found() {
    let mut inventory = account(vec![
        alarm("fine", |alarm| alarm),
        alarm("fine as well", |alarm| alarm.threshold(70.0)),
        alarm("without actions", |alarm| {
            alarm.threshold(1.0).set_alarm_actions(None).set_ok_actions(None)
        }),
        alarm("watched by another", |alarm| {
            alarm.threshold(2.0).set_alarm_actions(None).set_ok_actions(None)
        }),
        composite("another", "ALARM(watched by another)"),
        alarm("off", |alarm| alarm.threshold(3.0).actions_enabled(false)),
        alarm("to a dead topic", |alarm| {
            let dead = "arn:aws:sns:eu-west-1:111122223333:dead";
            alarm
                .threshold(4.0)
                .set_alarm_actions(None)
                .set_ok_actions(None)
                .alarm_actions(dead)
                .ok_actions(dead)
        }),
        alarm("to a deleted topic", |alarm| {
            let gone = "arn:aws:sns:eu-west-1:111122223333:gone";
            alarm
                .threshold(5.0)
                .set_alarm_actions(None)
                .set_ok_actions(None)
                .alarm_actions(gone)
                .ok_actions(gone)
        }),
        alarm("never over", |alarm| alarm.threshold(6.0).set_ok_actions(None)),
        alarm("only recovers", |alarm| {
            let recover = "arn:aws:automate:eu-west-1:ec2:recover";
            alarm
                .threshold(7.0)
                .set_alarm_actions(None)
                .set_ok_actions(None)
                .alarm_actions(recover)
        }),
        Alarm {
            has_no_data: true,
            ..alarm("silent", |alarm| alarm.threshold(8.0))
        },
        alarm("out of reach", |alarm| alarm.threshold(100.0)),
        alarm("always", |alarm| alarm.threshold(-1.0)),
        alarm("twin", |alarm| alarm.threshold(9.0)),
        alarm("other twin", |alarm| alarm.threshold(9.0)),
        alarm("misspelt", |alarm| {
            alarm.threshold(10.0).metric_name("CPUUtilisation")
        }),
    ]);
    inventory.topics.push(topic("dead", &[]));
    inventory
        .topics
        .push(topic("waits", &[("new@company.example", false)]));
    inventory.topics.push(topic("hook", &[(HOOK, true)]));
    let signs_in = json!({ "detail-type": ["AWS Console Sign In via CloudTrail"] });
    inventory.rules = vec![
        rule("idle", json!({ "source": ["aws.ec2"] }), &[]),
        Rule {
            state: "DISABLED".to_owned(),
            ..rule("disabled", json!({ "source": ["aws.ec2"] }), &[TOPIC])
        },
        rule("sign-ins", signs_in, &[TOPIC]),
    ];
    inventory.destinations = vec![
        ApiDestination {
            name: "slack".to_owned(),
            url: HOOK.to_owned(),
            ..ApiDestination::default()
        },
        ApiDestination {
            name: "api".to_owned(),
            url: "https://api.example.com/alerts".to_owned(),
            ..ApiDestination::default()
        },
    ];
    insta::assert_snapshot!(lines(&inventory).join("\n"));
    let imported = imported(&inventory);
    for defect in &imported.defects {
        assert!(!defect.help.is_empty(), "{defect:?}");
    }
    let all = format!("{imported:?}");
    assert!(!all.contains("abcdefghijklmnopqrstuvwx"), "{all}");

    // With a rule on the changes of alarms, and a trail that logs, three of these are none.
    inventory.rules_hear_alarms = true;
    inventory.trails = vec![trail("company", Ok(true))];
    let fewer = lines(&inventory);
    for gone in ["without actions: it has no actions", "no trail logs here"] {
        assert!(fewer.iter().all(|line| !line.contains(gone)), "{fewer:#?}");
    }
}

fn trail(name: &str, logs: crate::resource::Result<bool>) -> Trail {
    Trail {
        name: name.to_owned(),
        arn: format!("arn:aws:cloudtrail:eu-west-1:111122223333:trail/{name}"),
        home_region: "eu-west-1".to_owned(),
        is_multi_region: true,
        log_group: Some("/company/trail".to_owned()),
        logs,
    }
}

#[test]
fn thresholds_out_of_reach() {
    let of = |threshold: f64, operator: &str, statistic: &str, metric: &str| {
        let alarm = alarm("one", |alarm| {
            let alarm = alarm.metric_name(metric).threshold(threshold);
            alarm
                .statistic(statistic.into())
                .comparison_operator(operator.into())
        });
        let defects = imported(&account(vec![alarm])).defects;
        defects.iter().any(|defect| defect.sort == Sort::OutOfReach)
    };
    let (above, at_least) = ("GreaterThanThreshold", "GreaterThanOrEqualToThreshold");
    let (below, at_most) = ("LessThanThreshold", "LessThanOrEqualToThreshold");
    let cpu = "CPUUtilization";
    assert!(of(100.0, above, "Average", cpu) && !of(99.9, above, "Average", cpu));
    assert!(of(100.1, at_least, "Maximum", cpu) && !of(100.0, at_least, "Maximum", cpu));
    assert!(of(0.0, below, "Minimum", cpu) && !of(0.1, below, "Minimum", cpu));
    assert!(of(-1.0, at_most, "Average", cpu) && !of(0.0, at_most, "Average", cpu));
    assert!(of(0.0, at_least, "Average", cpu), "always");
    assert!(!of(500.0, above, "Sum", cpu), "a sum of shares is no share");
    assert!(of(1.0, above, "Maximum", "StatusCheckFailed"));
    assert!(!of(1e12, above, "Average", "NetworkIn"));
}

#[test]
fn rules_are_entries_filters_and_trails_comments() {
    let mut inventory = account(vec![alarm("roots", |alarm| {
        alarm
            .namespace("Company")
            .metric_name("RootUse")
            .set_dimensions(None)
    })]);
    let stopped = json!({ "source": ["aws.ec2"], "detail": { "state": ["stopped"] } });
    let of = |change: &dyn Fn(&mut Rule)| {
        let mut rule = rule("ec2", stopped.clone(), &[TOPIC]);
        change(&mut rule);
        rule
    };
    let named = |name: &str, change: &dyn Fn(&mut Rule)| Rule {
        name: name.to_owned(),
        ..of(change)
    };
    use crate::resource::eventbridge::targets::{Input, Target};
    const QUEUE: &str = "arn:aws:sqs:eu-west-1:444455556666:lost";
    inventory.topics.push(topic("only-by-rules", &[]));
    inventory.rules = vec![
        of(&|rule| {
            rule.description = "Stopped: \"instances\"".to_owned();
            rule.targets[0].retry_attempts = Some(3);
            rule.targets[0].input = Some(Input::Transformer {
                paths: [("id".to_owned(), "$.detail.instance-id".to_owned())].into(),
                template: "\"<id> was stopped\"".to_owned(),
            });
        }),
        named("to-another-topic", &|rule| {
            rule.targets[0].arn = "arn:aws:sns:eu-west-1:111122223333:only-by-rules".to_owned();
            rule.targets[0].input = Some(Input::Constant("\"text\"".to_owned()));
            rule.state = "DISABLED".to_owned();
        }),
        named("with-a-queue", &|rule| {
            rule.description = "${HOME} \"quoted\": # no comment".to_owned();
            rule.state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS".to_owned();
            rule.targets[0].dead_letter_queue = Some(QUEUE.to_owned());
            rule.targets.push(Target {
                id: "another".to_owned(),
                arn: "arn:aws:lambda:eu-west-1:111122223333:function:f".to_owned(),
                ..rule.targets[0].clone()
            });
        }),
        named("with-two-queues", &|rule| {
            rule.targets.push(Target {
                arn: "arn:aws:lambda:eu-west-1:111122223333:function:f".to_owned(),
                dead_letter_queue: Some(QUEUE.to_owned()),
                ..rule.targets[0].clone()
            });
        }),
        named("twice-to-one", &|rule| rule.targets.push(rule.targets[0].clone())),
        named("with-an-operator-of-tomorrow", &|rule| {
            rule.pattern = Some(json!({ "source": [{ "resembles": "aws.ec2" }] }));
        }),
        named("whose-is-it", &|rule| rule.tags = None),
        named("on-a-schedule", &|rule| {
            rule.schedule = Some("rate(1 day)".to_owned())
        }),
        named("on-a-bus", &|rule| rule.bus = "orders".to_owned()),
        named("to-kinesis", &|rule| {
            rule.targets[0].arn = "arn:aws:kinesis:eu-west-1:111122223333:stream/s".to_owned();
        }),
        named("with-a-role", &|rule| rule.role_arn = Some("arn".to_owned())),
        named("altered", &|rule| rule.is_altered = true),
        named("of-cloudformation", &|rule| {
            let tag = ("aws:cloudformation:stack-name".to_owned(), "web".to_owned());
            rule.tags = Some([tag].into());
        }),
        named("constant", &|rule| {
            rule.targets[0].input = Some(Input::Constant("{}".to_owned()))
        }),
        named("without-pattern", &|rule| rule.pattern = None),
        named("without-targets", &|rule| rule.targets.clear()),
    ];
    inventory.managed_rules = 2;
    inventory.filters = vec![Filter {
        name: "root-use".to_owned(),
        log_group: "/company/trail".to_owned(),
        pattern: "{ $.userIdentity.type = \"Root\" }\n".to_owned(),
        metrics: vec![("Company".to_owned(), "RootUse".to_owned())],
    }];
    inventory.trails = vec![trail("second", Ok(false)), trail("company", Ok(true))];
    let imported = imported(&inventory);
    insta::assert_snapshot!(imported.text);
}

#[test]
fn nothing_that_aws_says_makes_it_fail() {
    let [metric, query_of_none, rule_of_none] = empty();
    let inventory = Inventory {
        alarms: vec![metric, query_of_none, rule_of_none],
        topics: vec![Topic::default()],
        rules: vec![Rule::default()],
        filters: vec![Filter {
            name: String::new(),
            log_group: String::new(),
            pattern: String::new(),
            metrics: vec![],
        }],
        trails: vec![],
        destinations: vec![ApiDestination::default()],
        ..Inventory::default()
    };
    let imported = imported(&inventory);
    assert_eq!(imported.alarms, 0);
    let what: BTreeSet<_> = imported.left_out.iter().map(|one| one.what).collect();
    assert_eq!(what, ["alarm", "metric filter", "rule"].into());
}
