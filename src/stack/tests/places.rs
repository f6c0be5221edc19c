//! Alarms in other regions, and metrics that exist only in one region.

use super::*;

const METRIC: &str = "metric: AWS/EC2 CPUUtilization,";

/// `GOOD` with these alarms instead of its own; each key begins a line.
fn with_alarms(alarms: &str) -> String {
    let (before, _) = GOOD.split_once("  cpu:").expect("an alarm");
    format!("{before}{alarms}")
}

#[test]
fn an_alarm_may_be_in_another_region() {
    let text = GOOD.replace(METRIC, "metric: AWS/Billing EstimatedCharges, region: us-east-1,");
    let loaded = good(&text);
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.stack.alarms["cpu"].region.as_deref(), Some("us-east-1"));
}

#[test]
fn where_the_region_is_not_known_a_global_metric_is_only_warned_of() {
    let text = GOOD
        .replace("region: ap-northeast-2\n", "")
        .replace(METRIC, "metric: AWS/CloudFront 5xxErrorRate,");
    let loaded = good(&text);
    insta::assert_snapshot!(loaded.source.render(&loaded.warnings, false));
    let at_home = text.replace("stack: mission", "stack: mission\nregion: us-east-1");
    assert_eq!(good(&at_home).warnings, []);
}

refused! {
    global_metric: spoiled(METRIC, "metric: AWS/Billing EstimatedCharges,"),
    global_metric_elsewhere: spoiled(METRIC, "metric: AWS/Route53 HealthCheckStatus, region: eu-west-1,"),
    global_metric_in_a_query: spoiled("metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60,",
        "metrics: [{ id: a, metric: AWS/CloudFront Requests, statistic: Sum, period: 60, return_data: true }],"),
    no_region: spoiled(METRIC, &format!("{METRIC} region: Virginia,")),
    filter_elsewhere: bad(&with_alarms("  f: { filter: { pattern: a, log_group: g }, region: us-east-1, to: [alerts] }\n")),
    alarms_apart: bad(&with_alarms("  near: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [alerts] }
  far: { metric: AWS/EC2 CPUUtilization, region: us-east-1, statistic: Average, period: 60, threshold: '>= 50', to: [alerts] }
  both: { rule: ALARM(near) AND ALARM(far), to: [alerts] }
  quiet: { rule: ALARM(far), region: us-east-1, suppressor: { alarm: near, wait: 60, extension: 60 }, to: [alerts] }
")),
}

#[test]
fn alarms_of_one_region_may_look_at_each_other() {
    good(&with_alarms("  far: { metric: AWS/EC2 CPUUtilization, region: us-east-1, statistic: Average, period: 60, threshold: '>= 50', to: [alerts] }
  both: { rule: ALARM(far), region: us-east-1, suppressor: { alarm: far, wait: 60, extension: 60 }, to: [alerts] }
"));
}

/// Parsing hundreds of alarms takes linear, not quadratic time. Run it manually, on an idle machine.
#[test]
#[ignore = "measures time"]
fn reading_takes_time_in_proportion() {
    use std::time::{Duration, Instant};
    let text = |alarms: usize| {
        let alarm = |n| format!("  cpu-{n}:\n    metric: AWS/EC2 CPUUtilization\n    to: [alerts]\n");
        (0..alarms).map(alarm).collect::<String>()
    };
    let least = |text: &str| -> Duration {
        let once = |_| {
            let start = Instant::now();
            super::super::file::parse::parse(text).unwrap();
            start.elapsed()
        };
        (0..3).map(once).min().unwrap()
    };
    let (few, many) = (least(&text(250)), least(&text(2000)));
    assert!(many < few * 24, "{few:?}, and {many:?} for eight times as much");
}
