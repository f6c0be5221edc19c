use std::collections::BTreeMap;
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
use aws_sdk_cloudwatch::types::{CompositeAlarm, MetricAlarm, Tag};
use aws_smithy_mocks::{RuleMode, mock, mock_client};

use super::*;
use crate::resource::NodeId;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};
use crate::resource::{Presence, tags};

mod fields;
mod observe;
mod samples;

use samples::{condition, daily, desired, math, promql};

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:mission-cpu";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:mission-sns";

fn id() -> NodeId {
    node("cloudwatch-alarm", "cpu")
}

/// A CloudWatch that stores what it is sent, and fills in AWS's defaults.
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

    fn aws_with(&self, tagged: Vec<crate::aws::tags::Tagged>) -> Aws {
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
                    let tags = Some(to_sdk(&tags.lock().unwrap()));
                    ListTagsForResourceOutput::builder().set_tags(tags).build()
                },
            ),
            script.rule(
                "put",
                mock!(Client::put_metric_alarm),
                |r| format!("{} tags={}", r.alarm_name().unwrap_or_default(), r.tags().len()),
                move |r| {
                    let mut alarms = put.lock().unwrap();
                    // AWS accepts tags only at creation.
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
        .set_evaluation_window(r.evaluation_window.clone())
        .set_evaluation_criteria(r.evaluation_criteria.clone())
        .set_evaluation_interval(r.evaluation_interval)
        .set_warm_up_configuration(r.warm_up_configuration.clone())
        .set_action_configuration(r.action_configuration.clone())
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
    for desired in [desired(), math(), daily(), promql()] {
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
    wanted.condition = Some(Condition {
        threshold: Some(80.0),
        ..condition()
    });
    assert_eq!(update(&wanted).await, ["put mission-cpu tags=0"]);
    let mut wanted = desired();
    wanted.tags = tags::owned("mission", &id(), &Tags::from([("team".into(), "a".into())]));
    assert_eq!(update(&wanted).await, [format!("tag {ARN} 2")]);
    let mut wanted = desired();
    wanted.tags.remove("alertctl:node");
    assert_eq!(update(&wanted).await, ["untag alertctl:node"]);
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
        CloudwatchAlarm::about(&fake.live(&desired()).await).remark
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
async fn a_hundred_are_deleted_a_call_and_only_one_that_is_held_fails() {
    let fake = Fake::default();
    let live = fake.create(&desired()).await.unwrap();
    fake.script.forget();
    let aws = fake.aws();
    let cx = step(&aws, known(&[]));
    let all = (0..250).map(|n| Live {
        name: format!("alarm-{n}"),
        ..live.clone()
    });
    let deleted = futures::future::join_all(all.map(|live| CloudwatchAlarm::delete(live, &cx))).await;
    assert!(deleted.iter().all(Result::is_ok));
    let names = |line: &String| line.split(", ").count();
    assert_eq!(
        fake.script.log().iter().map(names).collect::<Vec<_>>(),
        [100, 100, 50]
    );

    let text = "Cannot delete alarm-3 as there are composite alarm(s) depending on it.";
    fake.script
        .refuse("delete", 1, "ValidationError", text)
        .pass("delete", 1)
        .refuse("delete", 1, "ValidationError", text)
        .pass("delete", 1)
        .refuse("delete", 1, "ValidationError", text);
    let four = (0..4).map(|n| Live {
        name: format!("alarm-{n}"),
        ..live.clone()
    });
    let deleted = futures::future::join_all(four.map(|live| CloudwatchAlarm::delete(live, &cx))).await;
    assert!(deleted[..3].iter().all(Result::is_ok), "{deleted:?}");
    let fault = deleted[3].as_ref().unwrap_err();
    assert!(fault.hint.as_ref().unwrap().contains("change that one first"));
}

#[tokio::test(start_paused = true)]
async fn set_state_makes_an_alarm_fire() {
    let fake = Fake::default();
    set_state(&fake.aws(), "mission-cpu", "ALARM", "a test")
        .await
        .unwrap();
    assert_eq!(fake.script.log(), ["state mission-cpu Alarm a test"]);
}
