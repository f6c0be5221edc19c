//! Alarms: thresholds, PromQL queries, windows, warm-ups, propagated tags.

use super::*;

/// The metric that `GOOD` watches.
const METRIC: &str = "metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50',";

#[test]
fn thresholds() {
    for (text, comparison, bound) in [
        (">=50", Comparison::AtLeast, Bound::Value(50.0)),
        (" > -1.5e3 ", Comparison::Above, Bound::Value(-1500.0)),
        ("<= 0", Comparison::AtMost, Bound::Value(0.0)),
        ("<1", Comparison::Below, Bound::Value(1.0)),
        ("below b", Comparison::BelowBand, Bound::Band("b".to_owned())),
    ] {
        assert_eq!(text.parse(), Ok(Threshold { comparison, bound }), "{text}");
    }
    for text in [
        "", ">", "> inf", "> NaN", "> 1 %", "= 1", "!= 1", "> > 1", "outside",
    ] {
        assert!(text.parse::<Threshold>().is_err(), "{text}");
    }
}

#[test]
fn evaluation_windows() {
    assert_eq!("sliding".parse(), Ok(EvaluationWindow::Sliding));
    for text in [
        "",
        "Sliding",
        "sliding UTC",
        "wall-clock a b",
        "wall_clock",
        "clock",
    ] {
        assert!(text.parse::<EvaluationWindow>().is_err(), "{text}");
    }
    for timezone in [
        "America/New_York",
        "UTC",
        "Z",
        "+05:30",
        "-08:00",
        "UTC+05:30",
        "GMT-08:00",
    ] {
        let text = GOOD.replace(
            "period: 60",
            &format!("period: 60, evaluation_window: wall-clock {timezone}"),
        );
        let timezone = Some(timezone.to_owned());
        let window = &good(&text).stack.alarms["cpu"].evaluation_window;
        assert_eq!(*window, EvaluationWindow::WallClock { timezone });
    }
    for timezone in [
        "+5:30", "+05:3", "+05", "+05:31", "+05:60", "+19:00", "UTC5", "UTC+", "+-5:00", "Mars",
    ] {
        let window = format!("period: 60, evaluation_window: wall-clock {timezone}");
        spoiled("period: 60", &window);
    }
}

#[test]
fn propagated_tags_that_are_not_there() {
    let text = GOOD.replace("region:", "tags: { team: a }\nregion:").replace(
        "period: 60",
        "period: 60, propagate_tags: { only: [teem, owner, alertctl:node] }",
    );
    let loaded = good(&text);
    assert_eq!(loaded.warnings.len(), 2);
    insta::assert_snapshot!(loaded.source.render(&loaded.warnings, false));
}

refused! {
    three_signals: spoiled("statistic:", "metrics: [], promql: { query: up == 0, interval: 60 }, statistic:"),
    promql_and_conditions: spoiled("metric: AWS/EC2 CPUUtilization,", "promql: { query: up == 0, interval: 60 }, dimensions: { a: b }, unit: Percent,
        evaluation_periods: 0, datapoints_to_alarm: 3, treat_missing_data: ignore, evaluate_low_sample_count_percentile: ignore, evaluation_window: sliding,"),
    promql_ranges: spoiled(METRIC, "promql: { query: '', interval: 90, pending_period: 86401, recovery_period: -1 }, warm_up: { minutes: 0 },"),
    promql_interval: spoiled(METRIC, "promql: { query: up == 0, interval: 7200, pending: 60 },"),
    promql_incomplete: spoiled(METRIC, "promql: {}, warm_up: { full: true },"),
    evaluation_window: spoiled("period: 60", "period: 60, evaluation_window: wall clock"),
    clock_period: spoiled(METRIC, "evaluation_window: wall-clock, threshold: '> 1', metrics: [
        { id: m1, metric: N/S m, statistic: Sum, period: 600 }, { id: m2, metric: N/S n, statistic: Sum, period: 60 },
        { id: m3, expression: m1 / m2, return_data: true } ],"),
    clock_timezone: spoiled("period: 60", "period: 30, evaluation_window: wall-clock Asia/Soul"),
    clock_timezone_case: spoiled("period: 60", "period: 60, evaluation_window: wall-clock asia/seoul"),
    clock_offset: spoiled("period: 60", "period: 60, evaluation_window: wall-clock UTC+01:03"),
    insights_too_long: spoiled(METRIC, "evaluation_window: wall-clock, evaluation_periods: 3, threshold: '> 1', metrics: [
        { id: m1, expression: SELECT AVG(CPUUtilization) FROM \"AWS/EC2\", period: 3600, return_data: true } ],"),
    warm_up: spoiled("period: 60", "period: 60, warm_up: { minutes: 2881, full: yes please }"),
    propagate_tags: spoiled("period: 60", "period: 60, propagate_tags: { only: ['', teem] }"),
    propagate_tags_both: spoiled("period: 60", "period: 60, propagate_tags: { only: [a], except: [b] }"),
    propagate_tags_neither: spoiled("period: 60", "period: 60, propagate_tags: {}"),
    propagate_tags_none: spoiled("period: 60", "period: 60, propagate_tags: { except: [] }"),
    propagate_tags_list: spoiled("period: 60", "period: 60, propagate_tags: [team]"),
}

#[test]
fn an_alarm_may_name_a_channel() {
    let text = GOOD.replace("to: [alerts] }", "to: [project], ok: [alerts, project] }");
    let stack = good(&text).stack;
    assert_eq!(stack.topics["project"].to, ["project"]);
    assert_eq!(stack.alarms["cpu"].on_ok(), ["alerts", "project"]);
    // A topic of that name is meant itself.
    let own = text.replace(
        "topics:",
        "topics:\n  project: { subscriptions: [{ email: oncall@example.org }] }",
    );
    assert!(good(&own).stack.topics["project"].to.is_empty());
    let monitored = format!("{GOOD}monitoring: {{ to: [project] }}\n");
    assert_eq!(good(&monitored).stack.topics["project"].to, ["project"]);
    // What only hears that all is well.
    let pinged = text.replace(
        "channels:",
        "channels:\n  watch: { heartbeat: { ping: { env: PING } } }",
    );
    let refused = bad(&pinged.replace("to: [project],", "to: [watch],"));
    assert!(
        refused.contains("no topic is called `watch`") && refused.contains("gets no alerts"),
        "{refused}"
    );
}
