//! One alarm of each type.

use super::*;

/// An alarm on one metric.
pub(super) fn desired() -> CloudwatchAlarm {
    CloudwatchAlarm {
        name: "mission-cpu".into(),
        description: Some("CPU".into()),
        actions_enabled: true,
        alarm_actions: vec![
            Text::arn("sns", "mission-sns"),
            "arn:aws:automate:eu-west-1:ec2:stop".into(),
        ],
        ok_actions: vec![Text::arn("sns", "mission-sns")],
        insufficient_data_actions: Vec::new(),
        metric: AlarmMetric::Single {
            namespace: "AWS/EC2".into(),
            metric_name: "CPUUtilization".into(),
            dimensions: BTreeMap::from([("InstanceId".into(), "i-0123456789abcdef0".into())]),
            statistic: Some("Average".into()),
            extended_statistic: None,
            period: 60,
            unit: Some("Percent".into()),
        },
        condition: Some(condition()),
        options: Options::default(),
        tags: owned(&id()),
    }
}

pub(super) fn condition() -> Condition {
    Condition {
        comparison_operator: "GreaterThanOrEqualToThreshold".into(),
        threshold: Some(50.0),
        threshold_metric_id: None,
        evaluation_periods: 3,
        datapoints_to_alarm: Some(2),
        treat_missing_data: Some("notBreaching".into()),
        evaluate_low_sample_count_percentile: None,
        evaluation_window: EvaluationWindow::Sliding,
    }
}

/// An alarm on the calendar days of Seoul.
pub(super) fn daily() -> CloudwatchAlarm {
    let timezone = Some("Asia/Seoul".into());
    let condition = Condition {
        evaluation_window: EvaluationWindow::WallClock { timezone },
        ..condition()
    };
    CloudwatchAlarm {
        condition: Some(condition),
        options: Options {
            warm_up: Some(WarmUp {
                minutes: 30,
                full: true,
            }),
            propagate_tags: PropagateTags::Only(vec!["team".into(), "alertctl:stack".into()]),
        },
        ..desired()
    }
}

/// An alarm on every series that a query returns.
pub(super) fn promql() -> CloudwatchAlarm {
    CloudwatchAlarm {
        metric: AlarmMetric::PromQl {
            query: "up == 0".into(),
            interval: 60,
            pending_period: Some(120),
            recovery_period: Some(300),
        },
        condition: None,
        options: Options {
            warm_up: None,
            propagate_tags: PropagateTags::All,
        },
        ..desired()
    }
}

/// An anomaly detection alarm.
pub(super) fn math() -> CloudwatchAlarm {
    let stat = MetricStat {
        namespace: "AWS/EC2".into(),
        metric_name: "CPUUtilization".into(),
        dimensions: BTreeMap::from([("InstanceId".into(), "i-0".into())]),
        stat: "p99".into(),
        period: 60,
        unit: Some("Percent".into()),
    };
    let query = |id: &str| MetricQuery {
        id: id.into(),
        expression: None,
        label: None,
        return_data: true,
        period: None,
        account_id: None,
        stat: None,
    };
    let metric = MetricQuery {
        stat: Some(stat),
        account_id: Some("210987654321".into()),
        ..query("m1")
    };
    let band = MetricQuery {
        expression: Some("ANOMALY_DETECTION_BAND(m1)".into()),
        label: Some("band".into()),
        period: Some(60),
        ..query("ad1")
    };
    CloudwatchAlarm {
        metric: AlarmMetric::Math(vec![metric, band]),
        condition: Some(Condition {
            comparison_operator: "LessThanLowerOrGreaterThanUpperThreshold".into(),
            threshold: None,
            threshold_metric_id: Some("ad1".into()),
            evaluate_low_sample_count_percentile: Some("ignore".into()),
            ..condition()
        }),
        ..desired()
    }
}
