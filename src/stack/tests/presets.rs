//! Sets of alarms for services: their figures, what a file changes in them, and its mistakes.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::compile::alarms::members;
use super::super::compile::alarms::services::{Service, all};
use super::*;

mod figures;
mod mistakes;

/// A stack with the set of a service: with these extra alarms, without those, and with optional dimensions or not.
fn stack_of(service: &Service, extra: &[&str], except: &[&str], is_whole: bool) -> String {
    let optional = service.optional.iter().filter(|_| is_whole);
    let dimensions: BTreeMap<_, _> = service
        .required
        .iter()
        .chain(optional)
        .map(|name| (*name, format!("the-{name}")))
        .collect();
    let mut alarm = json!({
        "preset": service.preset.as_str(), "dimensions": dimensions, "extra": extra, "except": except,
        "to": ["alerts"],
    });
    for row in service.rows.iter().filter(|row| row.threshold.is_none()) {
        if extra.contains(&row.name) || !row.is_extra && !except.contains(&row.name) {
            alarm["override"][row.name] = json!({ "threshold": "> 500" });
        }
    }
    format!("{HEAD}  x: {alarm}\n")
}

/// The names of alarms in a set.
fn names(service: &Service, is_extra: bool) -> Vec<&'static str> {
    let rows = service.rows.iter().filter(|row| row.is_extra == is_extra);
    rows.map(|row| row.name).collect()
}

/// A stack with the set of a service, as large as it can be.
fn whole(service: &Service) -> String {
    stack_of(service, &names(service, true), &[], true)
}

const HEAD: &str = "stack: a
region: us-east-1
channels: { c: { webhook: { env: HOOK } } }
topics: { alerts: { to: [c] }, quiet: { to: [c] } }
trail: {}
alarms:
";

fn one(alarm: &str) -> String {
    format!("{HEAD}  x: {{ {alarm}, to: [alerts] }}\n")
}

const RDS: &str = "preset: rds, dimensions: { DBInstanceIdentifier: orders }";

fn sign(alarm: &Alarm) -> String {
    let threshold = alarm.threshold.as_ref().expect("a threshold");
    match &threshold.bound {
        Bound::Value(value) => format!("{} {value}", threshold.comparison.sign()),
        Bound::Band(band) => panic!("{band}"),
    }
}

#[test]
fn the_names_of_members_are_those_of_the_alarms() {
    for service in all() {
        let (default, extra) = (names(service, false), names(service, true));
        for text in [
            stack_of(service, &extra, &[], true),
            stack_of(service, &extra, &default[..1], true),
            stack_of(service, &[], &[], true),
            stack_of(service, &[], &default[1..], false),
            stack_of(service, &[], &[], false),
        ] {
            let stack = good(&text).stack;
            let expanded: Vec<_> = stack.alarms_expanded().into_keys().collect();
            let mut named = members("x", &stack.alarms["x"]);
            named.sort();
            assert_eq!(named, expanded);
            for key in &named {
                assert_eq!(stack.alarm_keys(key), [key.clone(), "x".to_owned()]);
            }
            let muted: Vec<_> = stack.alarms_muted(&["x".to_owned()]).into_iter().collect();
            assert_eq!(muted, expanded);
        }
    }
    // What is left out is no member any more.
    let text = one(&format!("{RDS}, except: [cpu]"));
    assert_eq!(good(&text).stack.alarm_keys("x-cpu"), ["x-cpu"]);
}

fn keys(text: &str) -> Vec<String> {
    good(text).stack.alarms_expanded().into_keys().collect()
}

#[test]
fn what_a_resource_does_not_have_is_not_watched() {
    let alone = keys(&one("preset: alb, dimensions: { LoadBalancer: app/web/1 }"));
    assert_eq!(
        alone,
        [
            "x-elb-5xx",
            "x-latency",
            "x-rejected-connections",
            "x-target-5xx-rate"
        ]
    );
    let group = one("preset: alb, dimensions: { LoadBalancer: app/web/1, TargetGroup: targetgroup/web/2 }");
    assert_eq!(keys(&group).len(), 6);
    let expanded = good(&group).stack.alarms_expanded();
    assert_eq!(expanded["x-latency"].dimensions.len(), 2);
    assert_eq!(expanded["x-elb-5xx"].dimensions.len(), 1);

    assert_eq!(
        keys(&one("preset: sqs, dimensions: { QueueName: q }")),
        ["x-in-flight", "x-oldest-message"]
    );
    let letters = one("preset: sqs, dimensions: { QueueName: q, DeadLetterQueueName: d }");
    let letters = &good(&letters).stack.alarms_expanded()["x-dead-letters"];
    assert_eq!(
        letters.dimensions,
        BTreeMap::from([("QueueName".to_owned(), "d".to_owned())])
    );
}

#[test]
fn a_file_changes_what_it_names() {
    let text = one(&format!(
        "{RDS}, name: db, description: Orders, severity: warning, ok: [alerts], except: [db-load], extra: [replica-lag],
         override: {{ cpu: {{ threshold: '>= 95', severity: critical, to: [quiet], ok: [], evaluation_periods: 3, description: Busy }} }}"
    ));
    let alarms = good(&text).stack.alarms_expanded();
    assert_eq!(alarms.len(), 8);
    assert!(!alarms.contains_key("x-db-load") && alarms.contains_key("x-replica-lag"));
    let cpu = &alarms["x-cpu"];
    assert_eq!(
        (cpu.name.as_deref(), cpu.description.as_deref(), sign(cpu)),
        (Some("db-cpu"), Some("Orders (Busy)"), ">= 95".to_owned())
    );
    assert_eq!(
        (
            cpu.severity,
            cpu.evaluation_periods,
            cpu.datapoints_to_alarm,
            cpu.period
        ),
        (Some(alertctl_relay::Severity::Critical), 3, None, Some(60))
    );
    assert_eq!(
        (cpu.to.as_slice(), cpu.on_ok().len()),
        (["quiet".to_owned()].as_slice(), 0)
    );
    let other = &alarms["x-read-latency"];
    assert_eq!(
        (other.severity, other.to.as_slice(), other.on_ok().as_slice()),
        (
            Some(alertctl_relay::Severity::Warning),
            ["alerts".to_owned()].as_slice(),
            ["alerts".to_owned()].as_slice()
        )
    );
    assert!(
        other
            .description
            .as_ref()
            .is_some_and(|text| text.starts_with("Orders (One disk read"))
    );

    let math =
        one("preset: lambda, dimensions: { FunctionName: f }, override: { error-rate: { period: 600 } }");
    let rate = &good(&math).stack.alarms_expanded()["x-error-rate"];
    let periods: Vec<_> = rate.metrics.iter().map(|query| query.period).collect();
    assert_eq!(
        (periods.as_slice(), rate.period),
        ([Some(600), Some(600), None].as_slice(), None)
    );
}

#[test]
fn the_set_on_the_trail_is_changed_in_the_same_way() {
    let all = keys(&one("preset: cis-aws-foundations")).len();
    let text = one(
        "preset: cis-aws-foundations, except: [vpc-changes], override: { root-account-use: { severity: critical } }",
    );
    let alarms = good(&text).stack.alarms_expanded();
    assert_eq!(alarms.len(), all - 1);
    assert_eq!(
        alarms["x-root-account-use"].severity,
        Some(alertctl_relay::Severity::Critical)
    );
}

#[test]
fn no_set_but_that_on_the_trail_needs_a_log() {
    let rds = one(RDS).replace("trail: {}\n", "trail: { logs: false }\n");
    assert!(
        rds.contains("logs: false")
            && parse("s", &one(RDS)).is_ok_and(|loaded| loaded.stack.trail_logs().is_none())
    );
    let cis = good(&one("preset: cis-aws-foundations")).stack;
    assert!(cis.trail_logs().is_some());
}

#[test]
fn a_bill_is_in_one_region() {
    let bill = |more: &str| one(&format!("preset: billing{more}")).replace("us-east-1", "eu-west-1");
    let alarms = good(&bill(", threshold: '> 500'")).stack.alarms_expanded();
    let charges = &alarms["x-charges"];
    assert_eq!(
        (charges.region.as_deref(), sign(charges)),
        (Some("us-east-1"), "> 500".to_owned())
    );
    assert_eq!(charges.dimensions["Currency"], "USD");
    let daily = bill(
        ", threshold: '> 500', dimensions: { Currency: EUR }, extra: [daily-charges], override: { daily-charges: { threshold: '>= 30' } }",
    );
    let alarms = good(&daily).stack.alarms_expanded();
    assert_eq!(
        (sign(&alarms["x-charges"]), sign(&alarms["x-daily-charges"])),
        ("> 500".to_owned(), ">= 30".to_owned())
    );
}

#[test]
fn a_set_may_be_for_each_of_several_resources() {
    let text = format!(
        "{HEAD}  db: {{ for_each: [orders, users], preset: rds, dimensions: {{ DBInstanceIdentifier: '{{each.value}}' }}, except: [db-load], to: [alerts] }}\n"
    );
    let alarms = good(&text).stack.alarms_expanded();
    assert_eq!(alarms.len(), 14);
    assert_eq!(alarms["db-users-cpu"].dimensions["DBInstanceIdentifier"], "users");
    let wrong = text.replace("db-load", "db-laod");
    assert!(bad(&wrong).contains("did you mean `db-load`?"), "{}", bad(&wrong));
}

#[test]
fn defaults_fit_sets_of_services() {
    let text = format!(
        "defaults: {{ alarms: {{ dimensions: {{ DBInstanceIdentifier: orders }}, period: 60, statistic: Average, except: [db-load], to: [alerts], propagate_tags: true }} }}\n{HEAD}  db: {{ preset: rds }}\n  cis: {{ preset: cis-aws-foundations, except: [] }}\n"
    );
    let alarms = good(&text).stack.alarms_expanded();
    assert_eq!(alarms["db-cpu"].dimensions["DBInstanceIdentifier"], "orders");
    assert_eq!(alarms["db-cpu"].propagate_tags, PropagateTags::All);
    assert!(!alarms.contains_key("db-db-load"));
    assert_eq!(alarms["cis-vpc-changes"].dimensions, BTreeMap::new());
}

#[test]
fn routes_mutes_and_composite_alarms_know_the_alarms_of_a_set() {
    let text = one(RDS).replace(
        "env: HOOK }",
        "env: HOOK }, routes: [{ rules: [x-cpu] }], except: [{ rules: [x] }]",
    ) + "  any: { rule: ALARM(x-cpu) OR ALARM(x-db-load), to: [alerts] }\nmute: { night: { cron: 0 2 * * *, duration: 2h, alarms: [x, x-cpu] } }\n";
    assert_eq!(good(&text).stack.alarms_muted(&["x".to_owned()]).len(), 8);
    let gone = text.replace("rds,", "rds, except: [cpu],");
    for (at, problem) in [
        "no alarm is called `x-cpu`",
        "no rule, alarm, endpoint or topic is called `x-cpu`",
    ]
    .iter()
    .enumerate()
    {
        assert!(bad(&gone).contains(problem), "{at}: {}", bad(&gone));
    }
}

#[test]
fn who_reminds_hears_of_the_end_of_each() {
    let text = one(&format!("{RDS}, ok: [alerts]")).replace(
        "{ webhook: { env: HOOK } }",
        "{ slack: { bot: { env: TOKEN }, channel: C0456DEFG, remind: 30m } }",
    );
    assert_eq!(but_for_examples(&good(&text)), []);
    let silent = text.replace("rds,", "rds, override: { cpu: { ok: [] } },");
    let loaded = good(&silent);
    let said = loaded.source.render(&loaded.warnings, false);
    assert!(
        said.contains("reminds people of this alarm, and does not hear of its end"),
        "{said}"
    );
}
