use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::delete_metric_filter::DeleteMetricFilterOutput;
use aws_sdk_cloudwatchlogs::operation::describe_metric_filters::DescribeMetricFiltersOutput;
use aws_sdk_cloudwatchlogs::operation::put_metric_filter::PutMetricFilterOutput;
use aws_sdk_cloudwatchlogs::types::StandardUnit;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use tokio::time::Instant;

use super::*;
use crate::resource::tests::script::{Script, changes, known, names, node, ours, owned, step, tagged};

const GROUP: &str = "/aws/cloudtrail/mission";

fn desired() -> LogsMetricFilter {
    LogsMetricFilter {
        name: "alertctl-mission.nomfa".into(),
        log_group: Group::Own(Ref::named(node("log-group", "trail"), GROUP)),
        pattern: "{ $.x = 1 }".into(),
        metric_namespace: "alertctl/mission".into(),
        metric_name: "nomfa".into(),
        metric_value: "1".into(),
        default_value: Some(0.0),
    }
}

/// A CloudWatch Logs that stores what it is sent, and lists two filters per page.
#[derive(Clone, Default)]
struct Fake {
    script: Script,
    filters: Arc<Mutex<Vec<MetricFilter>>>,
}

impl Fake {
    fn aws(&self, own_group: bool) -> Aws {
        let (script, put, list) = (&self.script, self.filters.clone(), self.filters.clone());
        let rules = [
            script.rule(
                "put",
                mock!(Client::put_metric_filter),
                |r| format!("{} {}", r.log_group_name().unwrap(), r.filter_name().unwrap()),
                move |r| {
                    let filter = filter(r.log_group_name().unwrap(), r.filter_name().unwrap());
                    let filter = filter
                        .set_filter_pattern(r.filter_pattern.clone())
                        .set_metric_transformations(r.metric_transformations.clone());
                    put.lock().unwrap().push(filter.build());
                    PutMetricFilterOutput::builder().build()
                },
            ),
            script.rule(
                "list",
                mock!(Client::describe_metric_filters),
                // A prefix is allowed only within one log group.
                |r| format!("{:?} {:?}", r.log_group_name(), r.filter_name_prefix()),
                move |r| {
                    let at: usize = r.next_token().map_or(0, |token| token.parse().unwrap());
                    let filters = list.lock().unwrap();
                    let page = filters.iter().skip(at).take(2).cloned().collect();
                    DescribeMetricFiltersOutput::builder()
                        .set_metric_filters(Some(page))
                        .set_next_token((at + 2 < filters.len()).then(|| (at + 2).to_string()))
                        .build()
                },
            ),
            script.rule(
                "delete",
                mock!(Client::delete_metric_filter),
                |r| format!("{} {}", r.log_group_name().unwrap(), r.filter_name().unwrap()),
                |_| DeleteMetricFilterOutput::builder().build(),
            ),
        ];
        let group = format!("arn:aws:logs:eu-west-1:123456789012:log-group:{GROUP}");
        let listed = own_group.then(|| tagged(&group, owned(&node("log-group", "trail"))));
        Aws::mocked(listed.into_iter().collect(), |clients| {
            clients.logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, &rules);
        })
    }

    fn holds(&self, group: &str, name: &str, namespace: &str) {
        let metric = MetricTransformation::builder()
            .metric_namespace(namespace)
            .metric_name("m")
            .metric_value("1");
        let filter = filter(group, name).metric_transformations(metric.build().unwrap());
        self.filters.lock().unwrap().push(filter.build());
    }
}

fn filter(group: &str, name: &str) -> aws_sdk_cloudwatchlogs::types::builders::MetricFilterBuilder {
    MetricFilter::builder().log_group_name(group).filter_name(name)
}

async fn observe(aws: &Aws, wanted: &[LogsMetricFilter]) -> Observed<Live> {
    let id = node(LogsMetricFilter::KIND, "nomfa");
    let wanted: Vec<_> = wanted.iter().map(|desired| Wanted { id: &id, desired }).collect();
    LogsMetricFilter::observe(aws, &wanted).await.unwrap()
}

#[tokio::test]
async fn one_call_makes_it_and_reading_it_back_shows_no_difference() {
    for default_value in [None, Some(0.0)] {
        let fake = Fake::default();
        let desired = LogsMetricFilter {
            default_value,
            ..desired()
        };
        let made = desired.create(&step(&fake.aws(true), known(&[]))).await.unwrap();
        assert_eq!(fake.script.log(), [format!("put {GROUP} alertctl-mission.nomfa")]);
        assert!(changes(&desired, &made, &known(&[])).is_empty());
        let seen = observe(&fake.aws(true), std::slice::from_ref(&desired)).await;
        let changes = changes(&desired, ours(&seen.wanted[0]), &known(&[]));
        assert!(changes.is_empty(), "{changes:?}");
        assert!(seen.orphans.is_empty());
    }
}

#[test]
fn what_others_set_on_it_is_a_difference() {
    let metric = MetricTransformation::builder()
        .metric_namespace("alertctl/mission")
        .metric_name("nomfa")
        .metric_value("1")
        .unit(StandardUnit::Count)
        .default_value(0.0);
    let stored = filter(GROUP, "alertctl-mission.nomfa")
        .filter_pattern("{ $.x = 1 }")
        .metric_transformations(metric.build().unwrap());
    let changes = changes(&desired(), &read(&stored.build()), &known(&[]));
    assert_eq!(names(&changes), ["metric_options"]);
}

#[tokio::test]
async fn what_left_the_file_is_found_by_its_name_on_any_page_and_other_stacks_are_left_alone() {
    let fake = Fake::default();
    fake.holds("other", "somebody", "x");
    fake.holds(GROUP, "theirs", "alertctl/mission");
    fake.holds("other", "alertctl-mission-dev.cpu", "alertctl/mission-dev");
    fake.holds("other", "alertctl-mission.old", "alertctl/mission");
    fake.holds(GROUP, "alertctl-mission.own", "Custom");
    let seen = observe(&fake.aws(true), &[desired()]).await;
    let left: Vec<_> = seen.orphans.iter().map(|(id, _)| id.key.as_str()).collect();
    let own = format!("{GROUP}/alertctl-mission.own");
    assert_eq!(left, ["other/alertctl-mission.old", own.as_str()]);
    assert_eq!(seen.wanted, [Presence::Absent]);
    assert_eq!(fake.script.log(), ["list None None"; 3]);
}

#[tokio::test]
async fn a_stack_without_filters_needs_no_permission_to_look() {
    let fake = Fake::default();
    fake.script.refuse("list", 2, "AccessDeniedException", "no");
    assert!(observe(&fake.aws(true), &[]).await.orphans.is_empty());
    let (id, desired) = (node(LogsMetricFilter::KIND, "nomfa"), desired());
    let wanted = [Wanted {
        id: &id,
        desired: &desired,
    }];
    let refused = LogsMetricFilter::observe(&fake.aws(true), &wanted).await;
    assert!(refused.unwrap_err().denied());
}

#[tokio::test(start_paused = true)]
async fn a_new_group_is_waited_for_and_a_missing_one_of_somebody_else_is_not() {
    let fake = Fake::default();
    fake.script
        .refuse("put", 10, "ResourceNotFoundException", "no group");
    let aws = fake.aws(true);
    aws.memory.changed("logs");
    desired().create(&step(&aws, known(&[]))).await.unwrap();
    assert_eq!(fake.script.count("put"), 11);

    // A run that created no log group does not wait for one.
    let (aws, start) = (fake.aws(true), Instant::now());
    fake.script
        .refuse("put", 1, "ResourceNotFoundException", "no group");
    let theirs = LogsMetricFilter {
        log_group: Group::Existing(GROUP.into()),
        ..desired()
    };
    let fault = theirs.create(&step(&aws, known(&[]))).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("no log group"));
    assert_eq!(start.elapsed(), std::time::Duration::ZERO);
}

#[test]
fn refusals_say_what_to_do() {
    for (code, hint) in [
        ("LimitExceededException", "100 metric filters"),
        ("InvalidParameterException", "filter:"),
    ] {
        let fault = desired().hinted(Fault::new("logs:PutMetricFilter", code, "no"));
        assert!(fault.hint.unwrap().contains(hint));
    }
}

#[tokio::test]
async fn one_that_is_gone_is_done() {
    let fake = Fake::default();
    let aws = fake.aws(true);
    let cx = step(&aws, known(&[]));
    let made = desired().create(&cx).await.unwrap();
    LogsMetricFilter::delete(made.clone(), &cx).await.unwrap();
    fake.script.refuse("delete", 1, "ResourceNotFoundException", "");
    LogsMetricFilter::delete(made, &cx).await.unwrap();
}
