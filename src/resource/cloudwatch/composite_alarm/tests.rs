use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::operation::delete_alarms::DeleteAlarmsOutput;
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_cloudwatch::operation::put_composite_alarm::PutCompositeAlarmOutput;
use aws_sdk_cloudwatch::operation::tag_resource::TagResourceOutput;
use aws_sdk_cloudwatch::types::{CompositeAlarm, MetricAlarm};
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tokio::time::Instant;

use crate::resource::cloudwatch::alarm::CloudwatchAlarm;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};

use super::*;
use crate::resource::NodeId;

const ARN: &str = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:mission-any";

fn id() -> NodeId {
    node(CloudwatchCompositeAlarm::KIND, "any")
}

fn desired() -> CloudwatchCompositeAlarm {
    CloudwatchCompositeAlarm {
        name: "mission-any".into(),
        description: Some("any of them".into()),
        rule: "ALARM(\"mission-cpu\") AND NOT ALARM(\"mission-deploy\")".into(),
        actions_enabled: true,
        alarm_actions: vec![Text::arn("sns", "b"), Text::arn("sns", "a")],
        ok_actions: Vec::new(),
        insufficient_data_actions: Vec::new(),
        suppressor: Some(Suppressor {
            alarm: "mission-deploy".into(),
            wait_seconds: 60,
            extension_seconds: 120,
        }),
        tags: owned(&id()),
    }
}

#[derive(Clone, Default)]
struct Fake {
    script: Script,
    composite: Arc<Mutex<Vec<CompositeAlarm>>>,
    metric: Arc<Mutex<Vec<MetricAlarm>>>,
}

impl Fake {
    fn aws(&self, listed: &[NodeId]) -> Aws {
        let script = &self.script;
        let (put, composite, metric) = (
            self.composite.clone(),
            self.composite.clone(),
            self.metric.clone(),
        );
        let rules = [
            script.rule(
                "put",
                mock!(Client::put_composite_alarm),
                |r| format!("{} tags={}", r.alarm_name().unwrap(), r.tags().len()),
                move |r| {
                    let r = r.clone();
                    // AWS returns the suppressor's ARN.
                    let suppressor = r
                        .actions_suppressor
                        .map(|name| format!("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{name}"));
                    let alarm = CompositeAlarm::builder()
                        .alarm_name(r.alarm_name.unwrap())
                        .alarm_arn(ARN)
                        .set_alarm_description(r.alarm_description)
                        .set_alarm_rule(r.alarm_rule)
                        .set_actions_enabled(r.actions_enabled)
                        .set_alarm_actions(r.alarm_actions)
                        .set_actions_suppressor(suppressor)
                        .set_actions_suppressor_wait_period(r.actions_suppressor_wait_period)
                        .set_actions_suppressor_extension_period(r.actions_suppressor_extension_period);
                    *put.lock().unwrap() = vec![alarm.build()];
                    PutCompositeAlarmOutput::builder().build()
                },
            ),
            script.rule(
                "describe",
                mock!(Client::describe_alarms),
                |r| r.alarm_names().join(" "),
                move |r| {
                    let named =
                        |name: Option<&str>| r.alarm_names().iter().any(|one| Some(one.as_str()) == name);
                    let composite = composite.lock().unwrap().clone().into_iter();
                    let metric = metric.lock().unwrap().clone().into_iter();
                    DescribeAlarmsOutput::builder()
                        .set_composite_alarms(Some(composite.filter(|one| named(one.alarm_name())).collect()))
                        .set_metric_alarms(Some(metric.filter(|one| named(one.alarm_name())).collect()))
                        .build()
                },
            ),
            script.rule(
                "tags",
                mock!(Client::list_tags_for_resource),
                |_| String::new(),
                |r| {
                    let is_metric = r.resource_arn().is_some_and(|arn| arn.ends_with("-cpu"));
                    let id = match is_metric {
                        true => node(CloudwatchAlarm::KIND, "cpu"),
                        false => id(),
                    };
                    let tags = common::to_sdk(&owned(&id));
                    ListTagsForResourceOutput::builder().set_tags(Some(tags)).build()
                },
            ),
            script.rule(
                "tag",
                mock!(Client::tag_resource),
                |_| String::new(),
                |_| TagResourceOutput::builder().build(),
            ),
            script.rule(
                "delete",
                mock!(Client::delete_alarms),
                |r| r.alarm_names().join(" "),
                |_| DeleteAlarmsOutput::builder().build(),
            ),
        ];
        let arn = |id: &NodeId| {
            format!(
                "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:mission-{}",
                id.key
            )
        };
        let listed = listed.iter().map(|id| tagged(&arn(id), owned(id)));
        Aws::mocked(listed.collect(), |clients| {
            clients.cloudwatch = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, &rules);
        })
    }
}

async fn observe<R: Resource>(aws: &Aws, wanted: &[R]) -> Observed<R::Live> {
    let id = id();
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    R::observe(aws, &wanted).await.unwrap()
}

#[tokio::test]
async fn one_call_makes_it_and_reading_it_back_shows_no_difference() {
    let fake = Fake::default();
    let aws = fake.aws(&[]);
    let made = desired().create(&step(&aws, known(&[]))).await.unwrap();
    assert_eq!(fake.script.log(), ["put mission-any tags=2"]);
    assert_eq!(CloudwatchCompositeAlarm::output(&made).arn, ARN);
    assert!(changes(&desired(), &made, &known(&[])).is_empty());
    let seen = observe(&aws, &[desired()]).await;
    let live = ours(&seen.wanted[0]);
    let none = changes(&desired(), live, &known(&[]));
    assert!(none.is_empty(), "{none:?}");

    let alone = CloudwatchCompositeAlarm {
        suppressor: None,
        ..desired()
    };
    let dropped = changes(&alone, live, &known(&[]));
    let suppressor = ["suppressor", "suppressor_wait", "suppressor_extension"];
    assert_eq!(names(&dropped), suppressor);
    alone
        .update(live.clone(), &dropped, &step(&aws, known(&[])))
        .await
        .unwrap();
    assert_eq!(fake.script.log().last().unwrap(), "put mission-any tags=0");
}

#[tokio::test]
async fn each_kind_finds_its_own_leftovers_by_the_node_they_say() {
    let fake = Fake::default();
    let aws = fake.aws(&[id(), node(CloudwatchAlarm::KIND, "cpu")]);
    desired().create(&step(&aws, known(&[]))).await.unwrap();
    let cpu = MetricAlarm::builder().alarm_name("mission-cpu");
    let arn = ARN.replace("-any", "-cpu");
    fake.metric.lock().unwrap().push(cpu.alarm_arn(arn).build());
    let composite = observe::<CloudwatchCompositeAlarm>(&aws, &[]).await.orphans;
    let metric = observe::<CloudwatchAlarm>(&aws, &[]).await.orphans;
    let ids = |orphans: &[(NodeId, Live)]| orphans.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&composite), ["cloudwatch-composite-alarm/any"]);
    assert_eq!(ids(&metric), ["cloudwatch-alarm/cpu"]);
    assert_eq!(
        fake.script.log()[1..],
        ["describe mission-any", "tags", "describe mission-cpu", "tags"]
    );
}

#[tokio::test]
async fn a_metric_alarm_of_the_same_name_is_replaced() {
    let fake = Fake::default();
    let metric = MetricAlarm::builder().alarm_name("mission-any").alarm_arn(ARN);
    fake.metric.lock().unwrap().push(metric.build());
    let seen = observe(&fake.aws(&[]), &[desired()]).await;
    assert!(changes(&desired(), ours(&seen.wanted[0]), &known(&[])).replace());
}

#[tokio::test(start_paused = true)]
async fn a_child_made_a_moment_ago_is_waited_for_and_a_wrong_name_is_told() {
    let text = "Could not save the composite alarm as alarms [x] in the alarm rule do not exist";
    let fake = Fake::default();
    let aws = fake.aws(&[]);
    aws.memory.changed("cloudwatch");
    fake.script.refuse("put", 3, "ValidationError", text);
    desired().create(&step(&aws, known(&[]))).await.unwrap();
    fake.script.refuse("put", 1000, "ValidationError", text);
    let start = Instant::now();
    let fault = desired().create(&step(&aws, known(&[]))).await.unwrap_err();
    assert!(start.elapsed() <= crate::aws::retry::LIMIT);
    assert!(fault.hint.unwrap().contains("`rule:`"));
}

#[tokio::test(start_paused = true)]
async fn one_that_another_looks_at_goes_once_that_one_is_gone() {
    let text = "Cannot delete mission-any as there are composite alarm(s) depending on it.";
    let fake = Fake::default();
    let aws = fake.aws(&[]);
    let cx = step(&aws, known(&[]));
    let live = desired().create(&cx).await.unwrap();
    fake.script.refuse("delete", 3, "ValidationError", text);
    CloudwatchCompositeAlarm::delete(live.clone(), &cx).await.unwrap();
    assert_eq!(fake.script.count("delete"), 4);
    fake.script.refuse("delete", 1000, "ValidationError", text);
    let fault = CloudwatchCompositeAlarm::delete(live, &cx).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("FALSE"));
    assert!(
        CloudwatchAlarm::HANDLING
            .deleted_after
            .contains(&CloudwatchCompositeAlarm::KIND)
    );
}
