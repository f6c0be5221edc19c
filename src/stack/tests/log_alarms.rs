//! Log alarms: what their queries may be, and when they run.

use super::*;

/// The metric that `GOOD` watches.
const METRIC: &str = "metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50',";
const LOGS: &str =
    "logs: { groups: [/aws/lambda/f], query: filter @message like /ERROR/, every: 5m }, threshold: '> 5',";

fn with(from: &str, to: &str) -> String {
    assert!(LOGS.contains(from), "{from}");
    GOOD.replace(METRIC, &LOGS.replace(from, to))
}

fn refused(from: &str, to: &str) -> String {
    bad(&with(from, to))
}

#[test]
fn what_is_not_said_has_its_default() {
    let stack = good(&with("", "")).stack;
    let alarm = &stack.alarms_expanded()["cpu"];
    assert_eq!(alarm.treat_missing_data, Some(TreatMissingData::NotBreaching));
    let logs = alarm.logs.as_ref().unwrap();
    assert_eq!((logs.aggregate.as_str(), logs.lines), ("count(*)", 0));
    assert_eq!((logs.start_offset(), logs.end_offset()), (300, 0));
    assert_eq!(logs.schedule(), "rate(5 minutes)");
    let stack = good(&with("every: 5m", "every: 1m, window: 10m, delay: 90s")).stack;
    let logs = stack.alarms["cpu"].logs.as_ref().unwrap();
    assert_eq!((logs.start_offset(), logs.end_offset()), (690, 90));
    assert_eq!(logs.schedule(), "rate(1 minute)");
}

#[test]
fn log_alarms_are_where_aws_has_them() {
    let home = GOOD.lines().find(|line| line.starts_with("region:")).unwrap();
    for region in ["cn-north-1", "us-gov-west-1", "me-central-1", "me-south-1"] {
        let text = with("", "").replace(home, &format!("region: {region}"));
        let refused = bad(&text);
        let message = format!("CloudWatch has no log alarms in {region}");
        assert!(
            refused.contains(&message) && refused.contains("with `filter` instead"),
            "{refused}"
        );
    }
    let elsewhere = with("threshold: '> 5',", "threshold: '> 5', region: me-south-1,");
    assert!(bad(&elsewhere).contains("no log alarms in me-south-1"));
}

#[test]
fn defaults_reach_log_alarms() {
    let text = with(" threshold: '> 5',", "");
    let defaults =
        "defaults: { alarms: { threshold: '> 7', evaluation_periods: 3, period: 60, unit: Count } }\n";
    let stack = good(&format!("{text}{defaults}")).stack;
    let alarm = &stack.alarms["cpu"];
    assert_eq!((alarm.evaluation_periods, alarm.period), (3, None));
    assert_eq!(alarm.threshold.as_ref().unwrap().bound, Bound::Value(7.0));
}

#[test]
fn a_window_that_leaves_gaps_is_a_warning() {
    let loaded = good(&with("every: 5m", "every: 10m, window: 5m"));
    let warned = loaded.source.render(&loaded.warnings, false);
    assert!(
        warned.contains("a run looks at 300 of every 600 seconds"),
        "{warned}"
    );
}

refused! {
    incomplete: refused("groups: [/aws/lambda/f], query: filter @message like /ERROR/, every: 5m", "aggregate: count(*)"),
    no_groups: refused("[/aws/lambda/f]", "[]"),
    groups: refused("[/aws/lambda/f]", "[a, a, 'b c', 'arn:aws:s3:::b', 'arn:aws:logs:us-west-2:111122223333:log-group:g']"),
    query: refused("filter @message like /ERROR/", "''"),
    unmasked: refused("query: filter @message like /ERROR/", "lines: 51, query: 'fields unmask(@message)'"),
    aggregate_function: refused("every: 5m", "every: 5m, aggregate: 'pct(latency, 99)'"),
    aggregate_fields: refused("every: 5m", "every: 5m, aggregate: 'count(*) by a, b, c, d, e, f'"),
    aggregate_bin: refused("every: 5m", "every: 5m, aggregate: 'count(*) by bin(5m)'"),
    every: refused("every: 5m", "every: 90s"),
    every_text: refused("every: 5m", "every: often"),
    looks_too_far: refused("every: 5m", "every: 5m, window: 30d, delay: 1m"),
    other_keys: refused("threshold: '> 5',", "threshold: '> 5', period: 60, statistic: Sum, dimensions: { a: b }, unit: Count,
        evaluate_low_sample_count_percentile: ignore, evaluation_window: sliding,"),
    no_threshold: refused(" threshold: '> 5',", ""),
    band: refused("threshold: '> 5',", "threshold: outside band,"),
    results: refused("threshold: '> 5',", "threshold: '> 5', evaluation_periods: 101, datapoints_to_alarm: 102,"),
    actions: refused("threshold: '> 5',", "threshold: '> 5', insufficient_data: ['arn:aws:automate:ap-northeast-2:ec2:stop',
        'arn:aws:ssm:ap-northeast-2:111122223333:opsitem:1', 'arn:aws:ssm-incidents::111122223333:response-plan/p'],"),
    two_sources: refused("threshold: '> 5',", "threshold: '> 5', filter: { pattern: ERROR, log_group: g },"),
}
