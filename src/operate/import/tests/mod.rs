use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::resource::inventory::samples::{TOPIC, alarm, composite, empty, log_alarm, promql, suppressed};
use crate::resource::inventory::{ApiDestination, Filter, Rule, Subscription, Trail, Watches};

mod found;

const HOOK: &str = "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx";

fn subscription(endpoint: &str, is_confirmed: bool) -> Subscription {
    let protocol = if endpoint.starts_with("https") {
        "https"
    } else {
        "email"
    };
    Subscription {
        protocol: protocol.to_owned(),
        endpoint: endpoint.to_owned(),
        is_confirmed,
    }
}

fn topic(name: &str, subscriptions: &[(&str, bool)]) -> Topic {
    let subscriptions = subscriptions
        .iter()
        .map(|(endpoint, confirmed)| subscription(endpoint, *confirmed));
    Topic {
        name: name.to_owned(),
        arn: format!("arn:aws:sns:eu-west-1:111122223333:{name}"),
        tags: Some(BTreeMap::new()),
        subscriptions: Some(subscriptions.collect()),
    }
}

/// An account with these alarms and a topic with a subscriber.
fn account(alarms: Vec<Alarm>) -> Inventory {
    let tagged = |alarm: Alarm| Alarm {
        tags: alarm.tags.or_else(|| Some(BTreeMap::new())),
        ..alarm
    };
    Inventory {
        alarms: alarms.into_iter().map(tagged).collect(),
        topics: vec![topic("alerts", &[("oncall@company.example", true)])],
        ..Inventory::default()
    }
}

fn imported(inventory: &Inventory) -> Imported {
    let scope = Scope::of("111122223333", "eu-west-1");
    let request = Request {
        stack: "shop",
        scope: &scope,
        selection: &Selection::default(),
    };
    let imported = import(inventory, &request).unwrap();
    let loaded = crate::stack::parse("stack.yaml", &imported.text).unwrap();
    assert_eq!(loaded.stack.alarms.len(), imported.alarms);
    assert_eq!(loaded.stack.rules.len(), imported.rules);
    imported
}

fn left_out(inventory: &Inventory) -> Vec<(String, String)> {
    let imported = imported(inventory);
    for one in &imported.left_out {
        // Never quietly.
        assert!(imported.text.contains("# Left out:"), "{}", imported.text);
        let first = one.reason.split(' ').next().unwrap();
        assert!(imported.text.contains(first), "{one:?}: {}", imported.text);
    }
    let pair = |one: &LeftOut| (one.name.clone(), one.reason.clone());
    imported.left_out.iter().map(pair).collect()
}

#[test]
fn every_field_of_an_alarm_is_in_the_file() {
    let full = alarm("all of it", |alarm| {
        alarm
            .set_statistic(None)
            .extended_statistic("p99.9")
            .unit("Percent".into())
            .evaluation_periods(5)
            .datapoints_to_alarm(3)
            .threshold(-0.125)
            .comparison_operator("LessThanOrEqualToThreshold".into())
            .treat_missing_data("ignore")
            .evaluate_low_sample_count_percentile("ignore")
            .actions_enabled(false)
            .alarm_description("one\n\ntwo: ${NAME}")
            .insufficient_data_actions(TOPIC)
            .ok_actions("arn:aws:lambda:eu-west-1:111122223333:function:f")
    });
    let inventory = account(vec![
        full,
        promql("up", "up == 0"),
        log_alarm("errors in logs", "rate(1 hour)"),
        composite("both", "ALARM(\"all of it\")"),
    ]);
    let imported = imported(&inventory);
    assert_eq!(imported.left_out, []);
    let alarms = imported.text.split_once("alarms:\n").unwrap().1;
    insta::assert_snapshot!(alarms);
}

#[test]
fn what_cannot_be_said_exactly_is_left_out_with_the_reason() {
    let owned = |name: &str, key: &str, value: &str| Alarm {
        tags: Some([(key.to_owned(), value.to_owned())].into()),
        ..alarm(name, |alarm| alarm)
    };
    let [nothing, no_query, no_rule] = empty();
    let inventory = account(vec![
        nothing,
        Alarm {
            name: "no query".to_owned(),
            ..no_query
        },
        Alarm {
            name: "no rule".to_owned(),
            ..no_rule
        },
        owned("of a stack", "alertctl:stack", "other"),
        owned("web-cpu", "aws:cloudformation:stack-name", "web"),
        owned("of a service", "aws:backup:source", "x"),
        alarm("TargetTracking-table/orders-AlarmHigh-1", |alarm| alarm),
        alarm("awseb-e-1-stack-cpu", |alarm| alarm),
        Alarm {
            watches: Watches::Unknown,
            ..alarm("on something new", |alarm| alarm)
        },
        log_alarm("on logs", "cron(0 * * * ? *)"),
        alarm("a namespace of two words", |alarm| alarm.namespace("Two Words")),
        alarm("an odd period", |alarm| alarm.period(45)),
        alarm("a bill of elsewhere", |alarm| {
            alarm.namespace("AWS/Billing").metric_name("EstimatedCharges")
        }),
        alarm("a secret", |alarm| {
            alarm.alarm_description(format!("goes to {HOOK}"))
        }),
        alarm("two\nlines", |alarm| alarm),
        composite("on nothing", "ALARM("),
        // It refers to one that is not in the file, by its name.
        composite("on others", "ALARM(\"an odd period\") OR ALARM(on logs)"),
    ]);
    let mut out = left_out(&inventory);
    out.sort();
    let lines: Vec<_> = out
        .iter()
        .map(|(name, reason)| format!("{name:?}: {reason}"))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
    let text = imported(&inventory).text;
    assert!(
        text.contains("rule: ALARM(\"an odd period\") OR ALARM(\"on logs\")"),
        "{text}"
    );
    assert!(!text.contains("hooks.slack.com"), "{text}");
}

/// Whose an alarm is, its tags say: without them, it may be CloudFormation's.
#[test]
fn what_could_not_be_asked_for_its_tags_is_left_out() {
    let inventory = Inventory {
        alarms: vec![alarm("cpu", |alarm| alarm)],
        ..Inventory::default()
    };
    let reason = "its tags could not be read, so it may belong to somebody else";
    assert_eq!(left_out(&inventory), [("cpu".to_owned(), reason.to_owned())]);
}

#[test]
fn alarms_that_refer_to_each_other() {
    let fine = suppressed("fine", "ALARM(cpu)", "deploy");
    let inventory = account(vec![
        alarm("cpu", |alarm| alarm),
        suppressed("hen", "ALARM(cpu)", "egg"),
        composite("egg", "ALARM(hen)"),
        composite("day", "NOT ALARM(night)"),
        composite("night", "NOT ALARM(day)"),
        fine,
    ]);
    let out = left_out(&inventory);
    let names: Vec<_> = out.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"egg") && names.contains(&"hen"), "{out:?}");
    // Without one of them there is no cycle.
    assert_eq!(
        names
            .iter()
            .filter(|name| ["day", "night"].contains(name))
            .count(),
        1,
        "{out:?}"
    );
    assert_eq!(names.len(), 3, "{out:?}");
}

/// Every alarm with a name that CloudWatch takes is in the file under that name.
#[test]
fn any_name_survives() {
    let letters = (0x20u32..0x3100).chain(0xac00..0xac20).chain(0x1f600..0x1f610);
    let letters: Vec<char> = letters
        .filter_map(char::from_u32)
        .filter(|c| !c.is_control())
        .collect();
    let ends = letters.iter().map(|c| format!("{c}a{c}"));
    let names = letters.chunks(8).map(|some| {
        let some: String = some.iter().collect();
        format!("a {some} ${{{some}}}: #{some}")
    });
    let names: Vec<String> = names.chain(ends.step_by(37)).chain(ascii()).collect();
    for names in names.chunks(800) {
        let alarms = names
            .iter()
            .map(|name| alarm(name, |alarm| alarm.alarm_description(name)));
        let imported = imported(&account(alarms.collect()));
        assert_eq!(imported.left_out, []);
        assert_eq!(imported.alarms, names.len());
        assert!(
            imported.defects.iter().all(|one| one.sort != Sort::Doubtful),
            "{:?}",
            imported.defects
        );
    }
}

/// Each ASCII character at both ends of a name.
fn ascii() -> impl Iterator<Item = String> {
    (0x20u8..0x7f).map(char::from).map(|c| format!("{c}b{c}"))
}

#[test]
fn topics_of_others_are_named_by_their_arns() {
    let theirs = "arn:aws:sns:eu-west-1:999988887777:central";
    let same_name = "arn:aws:sns:eu-west-1:999988887777:alerts";
    let gone = "arn:aws:sns:eu-west-1:111122223333:gone";
    let inventory = account(vec![
        alarm("one", |alarm| alarm.alarm_actions(theirs).set_ok_actions(None)),
        alarm("two", |alarm| alarm.alarm_actions(same_name)),
        alarm("three", |alarm| {
            alarm
                .set_alarm_actions(None)
                .alarm_actions(gone)
                .set_ok_actions(None)
        }),
        alarm("four", |alarm| {
            alarm.alarm_actions("arn:aws:automate:eu-west-1:ec2:recover")
        }),
        alarm("five", |alarm| alarm.set_alarm_actions(None).set_ok_actions(None)),
    ]);
    let imported = imported(&inventory);
    assert_eq!(imported.left_out, []);
    let text = &imported.text;
    for line in [
        "  central: { existing: \"arn:aws:sns:eu-west-1:999988887777:central\" }",
        "    to: [alerts, central]",
        "    ok: false",
        "    to: [alerts, \"arn:aws:sns:eu-west-1:999988887777:alerts\"]",
        "    to: [\"arn:aws:sns:eu-west-1:111122223333:gone\"]",
        "  # The topic arn:aws:sns:eu-west-1:111122223333:gone does not exist any more.",
        "    to: [alerts, \"arn:aws:automate:eu-west-1:ec2:recover\"]",
        "  # It tells nobody.",
    ] {
        let line = line.replace('"', "");
        assert!(text.replace('"', "").contains(&line), "{line}\n{text}");
    }
}

#[test]
fn a_name_for_the_stack_that_is_none_is_refused() {
    let scope = Scope::of("111122223333", "eu-west-1");
    let request = Request {
        stack: "No Stack",
        scope: &scope,
        selection: &Selection::default(),
    };
    let refused = import(&account(vec![]), &request).unwrap_err();
    assert!(refused.contains("cannot be the name of a stack"), "{refused}");
}
