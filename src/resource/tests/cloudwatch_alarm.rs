use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::delete_alarms::DeleteAlarmsOutput;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_cloudwatch::operation::put_metric_alarm::{PutMetricAlarmInput, PutMetricAlarmOutput};
use aws_sdk_cloudwatch::operation::set_alarm_state::SetAlarmStateOutput;
use aws_sdk_cloudwatch::operation::tag_resource::TagResourceOutput;
use aws_sdk_cloudwatch::operation::untag_resource::UntagResourceOutput;
use aws_sdk_cloudwatch::types as sdk;
use aws_sdk_cloudwatch::types::{CompositeAlarm, Dimension, MetricAlarm, StandardUnit, Statistic};
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use super::super::script::{Script, changes, known, names, node, ours, owned, step, tagged};
use super::*;

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:mission-cpu";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:mission-sns";

fn id() -> NodeId {
    node("cloudwatch-alarm", "cpu")
}

fn desired() -> CloudwatchAlarm {
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
        comparison_operator: "GreaterThanOrEqualToThreshold".into(),
        threshold: Some(50.0),
        threshold_metric_id: None,
        evaluation_periods: 3,
        datapoints_to_alarm: Some(2),
        treat_missing_data: Some("notBreaching".into()),
        evaluate_low_sample_count_percentile: None,
        tags: owned(&id()),
    }
}

/// An anomaly detection alarm.
fn math() -> CloudwatchAlarm {
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
        comparison_operator: "LessThanLowerOrGreaterThanUpperThreshold".into(),
        threshold: None,
        threshold_metric_id: Some("ad1".into()),
        evaluate_low_sample_count_percentile: Some("ignore".into()),
        ..desired()
    }
}

/// A CloudWatch that keeps what it is told, and fills in what AWS fills in.
#[derive(Clone, Default)]
struct Fake {
    script: Script,
    alarms: Arc<Mutex<BTreeMap<String, MetricAlarm>>>,
    composite: Arc<Mutex<Vec<CompositeAlarm>>>,
    tags: Arc<Mutex<Tags>>,
}

impl Fake {
    fn aws(&self) -> Aws {
        self.aws_with(Vec::new())
    }

    fn aws_with(&self, tagged: Vec<crate::aws::discovery::Tagged>) -> Aws {
        let script = &self.script;
        let (alarms, put) = (self.alarms.clone(), self.alarms.clone());
        let (composite, tags, given) = (self.composite.clone(), self.tags.clone(), self.tags.clone());
        let rules = [
            script.rule(
                "describe",
                mock!(Client::describe_alarms),
                |r| format!("{} {:?}", r.alarm_names().len(), r.alarm_types()),
                move |r| {
                    let alarms = alarms.lock().unwrap();
                    let found = r
                        .alarm_names()
                        .iter()
                        .filter_map(|name| alarms.get(name))
                        .cloned();
                    let composite = composite.lock().unwrap().clone();
                    DescribeAlarmsOutput::builder()
                        .set_metric_alarms(Some(found.collect()))
                        .set_composite_alarms(Some(composite))
                        .build()
                },
            ),
            script.rule(
                "tags",
                mock!(Client::list_tags_for_resource),
                |r| r.resource_arn().unwrap_or_default().to_owned(),
                move |_| {
                    let tags = Some(in_aws_words(&tags.lock().unwrap()));
                    ListTagsForResourceOutput::builder().set_tags(tags).build()
                },
            ),
            script.rule(
                "put",
                mock!(Client::put_metric_alarm),
                |r| format!("{} tags={}", r.alarm_name().unwrap_or_default(), r.tags().len()),
                move |r| {
                    let mut alarms = put.lock().unwrap();
                    // AWS takes tags at creation only.
                    if !alarms.contains_key(r.alarm_name().unwrap()) {
                        let tags = r.tags().iter();
                        let pair =
                            |tag: &Tag| (tag.key().unwrap().to_owned(), tag.value().unwrap().to_owned());
                        *given.lock().unwrap() = tags.map(pair).collect();
                    }
                    alarms.insert(r.alarm_name().unwrap().to_owned(), kept(r));
                    PutMetricAlarmOutput::builder().build()
                },
            ),
            script.rule(
                "tag",
                mock!(Client::tag_resource),
                |r| format!("{} {:?}", r.resource_arn().unwrap_or_default(), r.tags().len()),
                |_| TagResourceOutput::builder().build(),
            ),
            script.rule(
                "untag",
                mock!(Client::untag_resource),
                |r| r.tag_keys().join(", "),
                |_| UntagResourceOutput::builder().build(),
            ),
            script.rule(
                "delete",
                mock!(Client::delete_alarms),
                |r| r.alarm_names().join(", "),
                |_| DeleteAlarmsOutput::builder().build(),
            ),
            script.rule(
                "state",
                mock!(Client::set_alarm_state),
                |r| {
                    let state = r.state_value().unwrap();
                    format!(
                        "{} {state:?} {}",
                        r.alarm_name().unwrap(),
                        r.state_reason().unwrap()
                    )
                },
                |_| SetAlarmStateOutput::builder().build(),
            ),
        ];
        Aws::mocked(tagged, |clients| {
            clients.cloudwatch = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, &rules);
        })
    }

    async fn create(&self, desired: &CloudwatchAlarm) -> Result<Live> {
        let aws = self.aws();
        desired.create(&step(&aws, known(&[]))).await
    }

    async fn live(&self, desired: &CloudwatchAlarm) -> Live {
        let seen = observe(&self.aws(), std::slice::from_ref(desired)).await;
        ours(&seen.wanted[0]).clone()
    }

    fn edit(&self, edit: impl FnOnce(&mut MetricAlarm)) {
        edit(self.alarms.lock().unwrap().get_mut("mission-cpu").unwrap());
    }

    fn written(&self) -> Vec<String> {
        let read = |line: &String| line.starts_with("describe ") || line.starts_with("tags ");
        self.script.log().into_iter().filter(|line| !read(line)).collect()
    }
}

/// What AWS describes after this request.
fn kept(r: &PutMetricAlarmInput) -> MetricAlarm {
    MetricAlarm::builder()
        .set_alarm_name(r.alarm_name.clone())
        .alarm_arn(ARN)
        .set_alarm_description(r.alarm_description.clone())
        .set_actions_enabled(r.actions_enabled)
        .set_alarm_actions(
            r.alarm_actions
                .clone()
                .map(|arns| arns.into_iter().rev().collect()),
        )
        .set_ok_actions(r.ok_actions.clone())
        .set_insufficient_data_actions(r.insufficient_data_actions.clone())
        .set_metric_name(r.metric_name.clone())
        .set_namespace(r.namespace.clone())
        .set_dimensions(r.dimensions.clone())
        .set_statistic(r.statistic.clone())
        .set_extended_statistic(r.extended_statistic.clone())
        .set_period(r.period)
        .set_unit(r.unit.clone())
        .set_metrics(r.metrics.clone())
        .set_comparison_operator(r.comparison_operator.clone())
        .set_threshold(r.threshold)
        .set_threshold_metric_id(r.threshold_metric_id.clone())
        .set_evaluation_periods(r.evaluation_periods)
        .set_datapoints_to_alarm(r.datapoints_to_alarm)
        .treat_missing_data(r.treat_missing_data().unwrap_or("missing"))
        .set_evaluate_low_sample_count_percentile(r.evaluate_low_sample_count_percentile.clone())
        .state_value(StateValue::InsufficientData)
        .build()
}

async fn observe(aws: &Aws, wanted: &[CloudwatchAlarm]) -> Observed<Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    CloudwatchAlarm::observe(aws, &wanted).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_call_makes_the_alarm_and_reading_it_back_shows_no_difference() {
    for desired in [desired(), math()] {
        let fake = Fake::default();
        let made = fake.create(&desired).await.unwrap();
        assert_eq!(fake.script.log(), ["put mission-cpu tags=2"]);
        assert_eq!(CloudwatchAlarm::output(&made).arn, ARN);
        assert!(changes(&desired, &made, &known(&[])).is_empty());
        let live = fake.live(&desired).await;
        let changes = changes(&desired, &live, &known(&[]));
        assert!(changes.is_empty(), "{changes:?}");
        let alarm = fake.alarms.lock().unwrap()["mission-cpu"].clone();
        assert_eq!(alarm.ok_actions(), [TOPIC]);
    }
}

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

#[tokio::test(start_paused = true)]
async fn a_change_puts_the_whole_alarm_and_tags_have_their_own_calls() {
    let update = async |wanted: &CloudwatchAlarm| {
        let fake = Fake::default();
        fake.create(&desired()).await.unwrap();
        let (aws, live) = (fake.aws(), fake.live(wanted).await);
        let changes = changes(wanted, &live, &known(&[]));
        wanted
            .update(live, &changes, &step(&aws, known(&[])))
            .await
            .unwrap();
        fake.written()[1..].to_vec()
    };
    let mut wanted = desired();
    wanted.threshold = Some(80.0);
    assert_eq!(update(&wanted).await, ["put mission-cpu tags=0"]);
    let mut wanted = desired();
    wanted.tags = tags::owned("mission", &id(), &Tags::from([("team".into(), "a".into())]));
    assert_eq!(update(&wanted).await, [format!("tag {ARN} 2")]);
    let mut wanted = desired();
    wanted.tags.remove("alertctl:node");
    assert_eq!(update(&wanted).await, ["untag alertctl:node"]);
}

#[tokio::test(start_paused = true)]
async fn alarms_are_described_a_hundred_a_call_and_tags_come_from_the_list() {
    let fake = Fake::default();
    let wanted: Vec<_> = (0..250)
        .map(|n| CloudwatchAlarm {
            name: format!("alarm-{n}"),
            ..desired()
        })
        .collect();
    for alarm in &wanted[..150] {
        fake.create(alarm).await.unwrap();
    }
    let arn = |name: &str| format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}");
    let listed = wanted[..149]
        .iter()
        .map(|alarm| tagged(&arn(&alarm.name), owned(&id())));
    let before = fake.script.log().len();
    let seen = observe(&fake.aws_with(listed.collect()), &wanted).await;
    let types = "[MetricAlarm, CompositeAlarm]";
    let mut log = fake.script.log()[before..].to_vec();
    log.sort();
    // The one that the list does not hold yet is asked for its tags itself.
    let describes = [100, 100, 50].map(|n| format!("describe {n} {types}"));
    assert_eq!(log[..3], describes);
    assert_eq!(log[3..], [format!("tags {ARN}")]);
    assert!(
        seen.wanted[..150]
            .iter()
            .all(|one| matches!(one, Presence::Ours(_)))
    );
    assert!(seen.wanted[150..].iter().all(|one| *one == Presence::Absent));
    assert!(seen.orphans.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_left_the_file_is_found_by_tag_and_a_strangers_alarm_is_foreign() {
    let fake = Fake::default();
    fake.create(&desired()).await.unwrap();
    let aws = fake.aws_with(vec![tagged(ARN, owned(&id()))]);
    let seen = observe(&aws, &[]).await;
    assert_eq!(seen.orphans[0].0, id());
    assert_eq!(fake.script.count("tags"), 0);

    fake.tags.lock().unwrap().clear();
    let seen = observe(&fake.aws(), &[desired()]).await;
    assert!(matches!(seen.wanted[0], Presence::Foreign(_)));
}

#[tokio::test(start_paused = true)]
async fn a_composite_alarm_of_the_same_name_is_a_conflict_and_adopting_replaces_it() {
    let fake = Fake::default();
    let composite = CompositeAlarm::builder()
        .alarm_name("mission-cpu")
        .alarm_arn(ARN)
        .build();
    fake.composite.lock().unwrap().push(composite);
    let seen = observe(&fake.aws(), &[desired()]).await;
    let Presence::Foreign(live) = &seen.wanted[0] else {
        panic!("{seen:?}");
    };
    assert!(changes(&desired(), live, &known(&[])).replace());
}

#[tokio::test(start_paused = true)]
async fn only_an_alarm_in_alarm_has_a_remark() {
    let fake = Fake::default();
    fake.create(&desired()).await.unwrap();
    let remark = async |state: StateValue| {
        fake.edit(|alarm| {
            alarm.state_value = Some(state);
            alarm.state_reason = Some("Threshold Crossed".into());
        });
        CloudwatchAlarm::remark(&fake.live(&desired()).await)
    };
    assert_eq!(
        remark(StateValue::Alarm).await.unwrap(),
        "in ALARM: Threshold Crossed"
    );
    assert_eq!(remark(StateValue::Ok).await, None);
    assert_eq!(remark(StateValue::InsufficientData).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_full_quota_is_a_fault_with_a_way_on() {
    let fake = Fake::default();
    fake.script.refuse(
        "put",
        1,
        "LimitExceeded",
        "The maximum limit of 5000 alarms was exceeded",
    );
    let fault = fake.create(&desired()).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("quota"));
    assert_eq!(fake.script.count("put"), 1);
}

#[tokio::test(start_paused = true)]
async fn delete_succeeds_when_the_alarm_is_gone_and_names_what_holds_it() {
    let fake = Fake::default();
    let live = fake.create(&desired()).await.unwrap();
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    CloudwatchAlarm::delete(live.clone(), &cx).await.unwrap();
    fake.script.refuse("delete", 1, "ResourceNotFound", "");
    CloudwatchAlarm::delete(live.clone(), &cx).await.unwrap();
    assert_eq!(fake.written()[1..], ["delete mission-cpu", "delete mission-cpu"]);
    let text = "Cannot delete mission-cpu as there are composite alarm(s) depending on it.";
    fake.script.refuse("delete", 1, "ValidationError", text);
    let fault = CloudwatchAlarm::delete(live, &cx).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("change that one first"));
}

#[tokio::test(start_paused = true)]
async fn set_state_makes_an_alarm_fire() {
    let fake = Fake::default();
    set_state(&fake.aws(), "mission-cpu", "ALARM", "a test")
        .await
        .unwrap();
    assert_eq!(fake.script.log(), ["state mission-cpu Alarm a test"]);
}
