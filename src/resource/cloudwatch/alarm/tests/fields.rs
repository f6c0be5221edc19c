use super::*;

#[tokio::test(start_paused = true)]
async fn aws_defaults_are_no_difference() {
    let mut bare = desired();
    bare.description = None;
    bare.condition = Some(Condition {
        datapoints_to_alarm: None,
        treat_missing_data: None,
        ..condition()
    });
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
        |alarm: &mut MetricAlarm| {
            let window = sdk::SlidingWindow::builder().build();
            alarm.evaluation_window = Some(sdk::EvaluationWindow::SlidingWindow(window));
        },
        |alarm: &mut MetricAlarm| {
            let off = sdk::AlarmTagsPropagation::builder().enabled(false).build();
            let actions = sdk::ActionConfiguration::builder().alarm_tags_propagation(off);
            alarm.action_configuration = Some(actions.build());
        },
    ] {
        fake.edit(edit);
        assert!(changes(&bare, &fake.live(&bare).await, &known(&[])).is_empty());
    }
}

type Edit = fn(&mut MetricAlarm);

/// Asserts that the plan of `desired` shows this field if the alarm was changed by hand like that. `tests/e2e/drift`
/// has the other fields.
async fn check(desired: CloudwatchAlarm, field: &str, edit: Edit) {
    let fake = Fake::default();
    fake.create(&desired).await.unwrap();
    fake.edit(edit);
    assert_eq!(
        names(&changes(&desired, &fake.live(&desired).await, &known(&[]))),
        [field]
    );
}

#[tokio::test(start_paused = true)]
async fn each_part_of_a_metric_that_differs_is_a_change() {
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

#[tokio::test(start_paused = true)]
async fn each_setting_of_time_and_tags_that_differs_is_a_change() {
    fn warm_up(alarm: &mut MetricAlarm) -> &mut sdk::WarmUpConfiguration {
        alarm.warm_up_configuration.as_mut().unwrap()
    }
    fn propagation(alarm: &mut MetricAlarm) -> &mut sdk::AlarmTagsPropagation {
        let actions = alarm.action_configuration.as_mut().unwrap();
        actions.alarm_tags_propagation.as_mut().unwrap()
    }
    fn clock(timezone: Option<&str>) -> Option<sdk::EvaluationWindow> {
        let window = sdk::WallClockWindow::builder().set_timezone(timezone.map(str::to_owned));
        Some(sdk::EvaluationWindow::WallClockWindow(window.build()))
    }
    let cases: [(&str, Edit); 7] = [
        ("evaluation_window", |alarm| alarm.evaluation_window = None),
        ("evaluation_window", |alarm| alarm.evaluation_window = clock(None)),
        ("warm_up.minutes", |alarm| {
            warm_up(alarm).warm_up_period_duration_in_minutes = Some(31)
        }),
        ("warm_up.full", |alarm| {
            warm_up(alarm).only_start_evaluating_after_warm_up_period_ends = None
        }),
        ("propagate_tags", |alarm| propagation(alarm).enabled = Some(false)),
        ("propagate_tags", |alarm| {
            propagation(alarm).included_tag_keys = None
        }),
        ("propagate_tags", |alarm| {
            let propagation = propagation(alarm);
            propagation.excluded_tag_keys = propagation.included_tag_keys.take();
        }),
    ];
    for (field, edit) in cases {
        check(daily(), field, edit).await;
    }
    check(desired(), "evaluation_window", |alarm| {
        alarm.evaluation_window = clock(Some("Asia/Seoul"))
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn each_setting_of_promql_that_differs_is_a_change() {
    fn criteria(alarm: &mut MetricAlarm) -> &mut sdk::AlarmPromQlCriteria {
        match alarm.evaluation_criteria.as_mut().unwrap() {
            sdk::EvaluationCriteria::PromQlCriteria(criteria) => criteria,
            other => panic!("{other:?}"),
        }
    }
    let cases: [(&str, Edit); 5] = [
        ("promql.query", |alarm| {
            criteria(alarm).query = Some("up == 1".into())
        }),
        ("promql.interval", |alarm| alarm.evaluation_interval = Some(10)),
        ("promql.pending_period", |alarm| {
            criteria(alarm).pending_period = None
        }),
        ("promql.recovery_period", |alarm| {
            criteria(alarm).recovery_period = Some(0)
        }),
        ("propagate_tags", |alarm| alarm.action_configuration = None),
    ];
    for (field, edit) in cases {
        check(promql(), field, edit).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_defaults_of_options_are_no_difference() {
    let mut plain = daily();
    plain.condition.as_mut().unwrap().evaluation_window = EvaluationWindow::WallClock { timezone: None };
    plain.options.warm_up.as_mut().unwrap().full = false;
    let fake = Fake::default();
    fake.create(&plain).await.unwrap();
    fake.edit(|alarm| {
        let utc = sdk::WallClockWindow::builder().timezone("UTC").build();
        alarm.evaluation_window = Some(sdk::EvaluationWindow::WallClockWindow(utc));
        let warm_up = sdk::WarmUpConfiguration::builder().warm_up_period_duration_in_minutes(30);
        alarm.warm_up_configuration = Some(warm_up.build());
        let actions = alarm.action_configuration.as_mut().unwrap();
        let propagation = actions.alarm_tags_propagation.as_mut().unwrap();
        propagation.included_tag_keys.as_mut().unwrap().reverse();
    });
    assert!(changes(&plain, &fake.live(&plain).await, &known(&[])).is_empty());

    // Without the two periods the fields are missing. AWS may still return a setting for missing data.
    let mut bare = promql();
    bare.metric = AlarmMetric::PromQl {
        query: "up == 0".into(),
        interval: 60,
        pending_period: None,
        recovery_period: None,
    };
    let fake = Fake::default();
    fake.create(&bare).await.unwrap();
    fake.edit(|alarm| alarm.treat_missing_data = Some("missing".into()));
    assert!(changes(&bare, &fake.live(&bare).await, &known(&[])).is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_alarm_on_a_query_becomes_one_on_a_metric_and_back() {
    for (was, wanted) in [(promql(), desired()), (desired(), promql()), (daily(), desired())] {
        let fake = Fake::default();
        fake.create(&was).await.unwrap();
        let (aws, live) = (fake.aws(), fake.live(&wanted).await);
        let found = changes(&wanted, &live, &known(&[]));
        assert!(!found.is_empty() && !found.replace());
        wanted
            .update(live, &found, &step(&aws, known(&[])))
            .await
            .unwrap();
        let live = fake.live(&wanted).await;
        assert!(changes(&wanted, &live, &known(&[])).is_empty());
    }
    // CloudWatch refuses a query together with any setting that evaluates a metric.
    let fake = Fake::default();
    fake.create(&promql()).await.unwrap();
    let alarm = fake.alarms.lock().unwrap()["mission-cpu"].clone();
    assert_eq!(alarm.evaluation_periods(), None);
    assert_eq!(alarm.datapoints_to_alarm(), None);
    assert_eq!((alarm.comparison_operator(), alarm.threshold()), (None, None));
    assert_eq!((alarm.period(), alarm.evaluation_interval()), (None, Some(60)));
}
