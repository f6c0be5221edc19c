//! How much there is of others in the account makes no difference.

use std::collections::BTreeMap;

use alertctl::aws::connect::{Clients, Connection, Target};
use alertctl::aws::{Aws, fault};
use alertctl::blueprint::{Address, graph};
use alertctl::engine::observe::{Observation, observe};
use futures::{FutureExt as _, StreamExt as _, stream};

use crate::support::World;
use crate::support::account::ACCOUNT;
use crate::support::inventory::past;
use crate::support::proxy::Proxy;

const REGION: &str = "ap-northeast-2";
/// Lists of an account of which every page is a call of its own.
const PAGED: [&str; 6] = [
    "apigateway:GetApis",
    "events:ListRules",
    "kms:ListAliases",
    "kms:ListKeys",
    "logs:DescribeMetricFilters",
    "tag:GetResources",
];

/// A stack is looked for by its names and by the index of tags, never one by one among what others have. The local
/// AWS, of whose index no such thing can be said, is asked as AWS itself is.
#[test]
fn what_others_have_costs_aws_no_call_but_pages() {
    let asked = |others: usize| {
        let world = World::new();
        world.bundled("cloudwatch-slack");
        let (endpoint, _) = world.up();
        past(&endpoint, ACCOUNT, REGION, async |config| {
            strangers(&Clients::new(&config), others / 10).await;
        });
        let proxy = Proxy::indexing(&endpoint);
        let mut shown = Vec::new();
        for applied in [false, true] {
            if applied {
                world.ok(&["apply", "--local", "--yes"]);
            }
            proxy.clear();
            let seen = observed(&proxy.url, &world);
            assert_eq!(seen.wanted.values().any(alertctl_owns), applied);
            assert!(seen.orphans.is_empty());
            let mut counts = BTreeMap::new();
            for call in proxy.calls() {
                *counts.entry(call.action).or_insert(0) += 1;
            }
            shown.push(counts);
        }
        shown
    };
    let (few, many) = (asked(10), asked(2000));
    for (few, many) in few.into_iter().zip(many) {
        let without_pages = |counts: &BTreeMap<String, usize>| {
            let mut counts = counts.clone();
            counts.retain(|action, _| !PAGED.contains(&action.as_str()));
            counts
        };
        assert_eq!(without_pages(&few), without_pages(&many));
        for action in PAGED {
            let calls = many.get(action).copied().unwrap_or_default();
            assert!(calls <= 4, "{action}: {calls} calls for 200");
        }
    }
}

fn alertctl_owns<L>(presence: &alertctl::resource::Presence<L>) -> bool {
    matches!(presence, alertctl::resource::Presence::Ours(_))
}

/// What a plan of the world's stack reads of the AWS at `endpoint`, taken for AWS itself.
fn observed(endpoint: &str, world: &World) -> Observation {
    let stack = alertctl::stack::load(&world.path().join("stack.yaml"))
        .unwrap()
        .stack;
    let webhooks = stack.channels.keys().map(|key| (key.clone(), Address::NotAtHand));
    let graph = graph(&stack, REGION, &webhooks.collect());
    let target = Target {
        region: Some(REGION.into()),
        region_from: "the test",
        endpoint_url: Some(endpoint.into()),
        local: true,
        ..Target::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let seen = runtime.block_on(async {
        let mut connection = Connection::open(&target).await?;
        connection.emulated = false;
        let aws = Aws::new(connection, stack.stack.clone());
        Ok::<_, fault::Fault>(observe(&aws, &graph).await)
    });
    seen.unwrap().unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// Makes `each` resources of ten kinds that nobody of this stack owns. Half of the keys have an alias, half tags.
async fn strangers(aws: &Clients, each: usize) {
    let one = async |n: usize| {
        let name = format!("stranger-{n}");
        let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let tag = aws_sdk_kms::types::Tag::builder()
            .tag_key("team")
            .tag_value("other");
        let key = aws
            .kms
            .create_key()
            .tags(tag.build().unwrap())
            .send()
            .await
            .unwrap();
        let key = key.key_metadata.unwrap().key_id;
        if n.is_multiple_of(2) {
            let alias = aws.kms.create_alias().alias_name(format!("alias/{name}"));
            alias.target_key_id(key).send().await.unwrap();
        }
        let role = aws.iam.create_role().role_name(&name);
        role.assume_role_policy_document(trust).send().await.unwrap();
        aws.sns.create_topic().name(&name).send().await.unwrap();
        aws.sqs.create_queue().queue_name(&name).send().await.unwrap();
        let group = aws
            .logs
            .create_log_group()
            .log_group_name(format!("/aws/lambda/{name}"));
        group.send().await.unwrap();
        let filter = aws
            .logs
            .put_metric_filter()
            .log_group_name(format!("/aws/lambda/{name}"));
        let metric = aws_sdk_cloudwatchlogs::types::MetricTransformation::builder();
        let metric = metric
            .metric_name(&name)
            .metric_namespace("Other")
            .metric_value("1");
        let filter = filter.filter_name(&name).filter_pattern("error");
        filter
            .metric_transformations(metric.build().unwrap())
            .send()
            .await
            .unwrap();
        let alarm = aws.cloudwatch.put_metric_alarm().alarm_name(&name);
        let alarm = alarm
            .metric_name("Other")
            .namespace("Other")
            .statistic("Sum".into());
        let alarm = alarm.period(60).evaluation_periods(1).threshold(1.0);
        let alarm = alarm.comparison_operator("GreaterThanThreshold".into());
        alarm.send().await.unwrap();
        let rule = aws
            .events
            .put_rule()
            .name(&name)
            .event_pattern(r#"{"source":["other"]}"#);
        rule.send().await.unwrap();
        let api = aws
            .apigateway
            .create_api()
            .name(&name)
            .protocol_type("HTTP".into());
        api.send().await.unwrap();
        let bus = aws.events.create_event_bus().name(&name);
        bus.send().await.unwrap();
    };
    stream::iter(0..each)
        .map(|n| one(n).boxed_local())
        .buffer_unordered(8)
        .collect::<Vec<_>>()
        .await;
}
