use super::*;

#[tokio::test(start_paused = true)]
async fn aws_defaults_are_no_difference() {
    let mut bare = desired();
    bare.description = None;
    bare.datapoints_to_alarm = None;
    bare.treat_missing_data = None;
    let fake = Fake::default();
    fake.create(&bare).await.unwrap();
    assert_eq!(
        fake.alarms.lock().unwrap()["mission-cpu"].datapoints_to_alarm(),
        None
    );
    for edit in [
        |_: &mut MetricAlarm| {},
        |alarm: &mut MetricAlarm| alarm.actions_enabled = None,
        |alarm: &mut MetricAlarm| alarm.treat_missing_data = None,
        |alarm: &mut MetricAlarm| alarm.datapoints_to_alarm = Some(3),
        |alarm: &mut MetricAlarm| alarm.alarm_description = Some(String::new()),
    ] {
        fake.edit(edit);
        assert!(changes(&bare, &fake.live(&bare).await, &known(&[])).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn each_field_that_differs_is_a_change() {
    type Edit = fn(&mut MetricAlarm);
    let cases: [(&str, Edit); 17] = [
        ("description", |alarm| alarm.alarm_description = None),
        ("actions_enabled", |alarm| alarm.actions_enabled = Some(false)),
        ("alarm_actions", |alarm| {
            alarm.alarm_actions = Some(vec![TOPIC.into()])
        }),
        ("ok_actions", |alarm| alarm.ok_actions = None),
        ("insufficient_data_actions", |alarm| {
            alarm.insufficient_data_actions = Some(vec![TOPIC.into()])
        }),
        ("namespace", |alarm| alarm.namespace = Some("AWS/ECS".into())),
        ("metric_name", |alarm| alarm.metric_name = Some("Other".into())),
        ("dimensions.InstanceId", |alarm| alarm.dimensions = None),
        ("dimensions.Other", |alarm| {
            let other = Dimension::builder().name("Other").value("x").build();
            alarm.dimensions.as_mut().unwrap().push(other);
        }),
        ("statistic", |alarm| alarm.statistic = Some(Statistic::Maximum)),
        ("extended_statistic", |alarm| {
            alarm.extended_statistic = Some("p99".into())
        }),
        ("period", |alarm| alarm.period = Some(300)),
        ("unit", |alarm| alarm.unit = Some(StandardUnit::Count)),
        ("threshold", |alarm| alarm.threshold = Some(50.5)),
        ("datapoints_to_alarm", |alarm| alarm.datapoints_to_alarm = Some(3)),
        ("treat_missing_data", |alarm| {
            alarm.treat_missing_data = Some("missing".into())
        }),
        ("comparison_operator", |alarm| {
            alarm.comparison_operator = Some(ComparisonOperator::LessThanThreshold)
        }),
    ];
    let check = async |desired: CloudwatchAlarm, field: &str, edit: Edit| {
        let fake = Fake::default();
        fake.create(&desired).await.unwrap();
        fake.edit(edit);
        assert_eq!(
            names(&changes(&desired, &fake.live(&desired).await, &known(&[]))),
            [field]
        );
    };
    for (field, edit) in cases {
        check(desired(), field, edit).await;
    }
    let mut all = desired();
    all.datapoints_to_alarm = Some(1);
    check(all, "evaluation_periods", |alarm| {
        alarm.evaluation_periods = Some(5)
    })
    .await;

    fn query(alarm: &mut MetricAlarm, at: usize) -> &mut sdk::MetricDataQuery {
        &mut alarm.metrics.as_mut().unwrap()[at]
    }
    fn stat(alarm: &mut MetricAlarm) -> &mut sdk::MetricStat {
        query(alarm, 0).metric_stat.as_mut().unwrap()
    }
    let cases: [(&str, Edit); 15] = [
        ("threshold_metric_id", |alarm| {
            alarm.threshold_metric_id = Some("ad2".into())
        }),
        ("evaluate_low_sample_count_percentile", |alarm| {
            alarm.evaluate_low_sample_count_percentile = None
        }),
        ("metrics.ad1", |alarm| {
            query(alarm, 1).expression = Some("m1 * 2".into())
        }),
        ("metrics.ad1", |alarm| query(alarm, 1).label = None),
        ("metrics.ad1", |alarm| query(alarm, 1).return_data = Some(false)),
        ("metrics.ad1", |alarm| query(alarm, 1).period = Some(300)),
        ("metrics.m1", |alarm| query(alarm, 0).account_id = None),
        ("metrics.m1", |alarm| stat(alarm).stat = Some("p50".into())),
        ("metrics.m1", |alarm| stat(alarm).period = Some(300)),
        ("metrics.m1", |alarm| stat(alarm).unit = None),
        ("metrics.m1", |alarm| {
            stat(alarm).metric.as_mut().unwrap().namespace = Some("AWS/ECS".into())
        }),
        ("metrics.m1", |alarm| {
            stat(alarm).metric.as_mut().unwrap().metric_name = Some("Other".into())
        }),
        ("metrics.m1", |alarm| {
            stat(alarm).metric.as_mut().unwrap().dimensions = None
        }),
        ("metrics.ad1", |alarm| drop(alarm.metrics.as_mut().unwrap().pop())),
        ("metrics.m9", |alarm| {
            let mut more = query(alarm, 1).clone();
            more.id = Some("m9".into());
            alarm.metrics.as_mut().unwrap().push(more);
        }),
    ];
    for (field, edit) in cases {
        check(math(), field, edit).await;
    }
}
