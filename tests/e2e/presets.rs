//! Sets of alarms for services, in an account.

use crate::support::World;
use crate::support::account::{clients, lines, planned, unchanged};
use aws_sdk_cloudwatch::types::MetricAlarm;

const STACK: &str = "
stack: shop
region: eu-central-1
channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics: { alerts: { to: [project] } }
defaults: { alarms: { to: [alerts], ok: [alerts] } }
alarms:
  db:
    for_each: [orders, users]
    preset: rds
    dimensions: { DBInstanceIdentifier: 'shop-{each.value}' }
    override: { cpu: { threshold: '> 95' } }
  web:
    preset: alb
    dimensions: { LoadBalancer: app/web/50dc6c495c0c9188, TargetGroup: targetgroup/web/73e2d6bc24d8a067 }
";

/// Every set with all its alarms.
const ALL: &str = "
stack: all
region: eu-central-1
channels: { project: { webhook: { env: SLACK_WEBHOOK_URL } } }
topics: { alerts: { to: [project] } }
defaults: { alarms: { to: [alerts], ok: [alerts] } }
alarms:
  rds: { preset: rds, dimensions: { DBInstanceIdentifier: orders }, extra: [replica-lag, replication-stopped, transaction-ids] }
  aurora: { preset: aurora, dimensions: { DBClusterIdentifier: users }, extra: [undo-history, transaction-ids] }
  ec2: { preset: ec2, dimensions: { InstanceId: i-00d4b8a1f0b2c3e4f }, extra: [ebs-io-balance, ebs-byte-balance] }
  alb: { preset: alb, dimensions: { LoadBalancer: app/web/50dc6c495c0c9188, TargetGroup: targetgroup/web/73e2d6bc24d8a067 }, extra: [target-connection-errors] }
  nlb: { preset: nlb, dimensions: { LoadBalancer: net/mail/50dc6c495c0c9188, TargetGroup: targetgroup/mail/73e2d6bc24d8a067 }, extra: [target-tls-errors] }
  ecs: { preset: ecs, dimensions: { ClusterName: shop, ServiceName: web }, extra: [ephemeral-storage, ebs-storage, cluster-cpu-reserved, cluster-memory-reserved] }
  eks: { preset: eks, dimensions: { ClusterName: shop, Namespace: web, Service: front }, extra: [pods-pending, pod-memory-limit, api-latency] }
  lambda: { preset: lambda, dimensions: { FunctionName: mailer }, extra: [errors, iterator-age] }
  sqs: { preset: sqs, dimensions: { QueueName: mails, DeadLetterQueueName: mails-dead } }
  dynamodb: { preset: dynamodb, dimensions: { TableName: Carts, ReceivingRegion: us-east-1 }, extra: [index-write-throttles, replication-lag, account-read-capacity, account-write-capacity] }
  elasticache: { preset: elasticache, dimensions: { CacheClusterId: sessions-001 }, extra: [auth-failures, cpu] }
  rest: { preset: apigateway, dimensions: { ApiName: shop, Stage: prod }, extra: [integration-latency] }
  http: { preset: apigateway-http, dimensions: { ApiId: a1b2c3d4e5, Stage: $default } }
  search: { preset: opensearch, dimensions: { DomainName: products, ClientId: '111122223333' }, extra: [kms-key-disabled, master-cpu, master-jvm-memory] }
  nat: { preset: nat, dimensions: { NatGatewayId: nat-0a1b2c3d4e5f60718 } }
  efs: { preset: efs, dimensions: { FileSystemId: fs-0a1b2c3d4e5f60718 } }
  bill: { preset: billing, threshold: '> 500', extra: [daily-charges], override: { daily-charges: { threshold: '>= 50' } } }
";

async fn alarms(endpoint: &str, region: &str) -> Vec<MetricAlarm> {
    let aws = clients(endpoint, region).await;
    let listed = aws.cloudwatch.describe_alarms().max_records(100);
    let mut listed = listed.into_paginator().send();
    let mut alarms = vec![];
    while let Some(page) = listed.next().await {
        alarms.extend(page.unwrap().metric_alarms().to_vec());
    }
    alarms
}

/// A world in which a stack was applied, and its endpoint.
fn applied(stack: &str) -> (World, String) {
    let mut world = World::new();
    world.set(
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    );
    world.write("stack.yaml", stack);
    let (endpoint, _) = world.up();
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after apply");
    (world, endpoint)
}

#[tokio::test]
async fn every_set_can_be_made_and_is_read_back_as_it_was_made() {
    let (_world, endpoint) = applied(ALL);
    let made = alarms(&endpoint, "eu-central-1").await;
    assert_eq!(made.len(), 105);
    let find = |name: &str| {
        made.iter()
            .find(|alarm| alarm.alarm_name() == Some(name))
            .unwrap()
    };
    let errors = find("all-dynamodb-system-errors").metrics();
    assert_eq!(errors.len(), 1);
    assert_eq!(
        (errors[0].period(), errors[0].expression()),
        (
            Some(60),
            Some(
                "SELECT SUM(SystemErrors) FROM SCHEMA(\"AWS/DynamoDB\", Operation, TableName) WHERE TableName = 'Carts'"
            )
        )
    );
    assert_eq!(
        find("all-sqs-dead-letters").dimensions()[0].value(),
        Some("mails-dead")
    );
    // A bill is where its metrics are.
    let bills = alarms(&endpoint, "us-east-1").await;
    let mut bills: Vec<_> = bills
        .iter()
        .map(|alarm| (alarm.alarm_name().unwrap(), alarm.threshold()))
        .collect();
    bills.sort_by_key(|(name, _)| *name);
    assert_eq!(
        bills,
        [
            ("all-bill-charges", Some(500.0)),
            ("all-bill-daily-charges", Some(50.0))
        ]
    );
}

#[tokio::test]
async fn sets_are_made_and_changed_alarm_by_alarm() {
    let (world, endpoint) = applied(STACK);
    let made = alarms(&endpoint, "eu-central-1").await;
    let find = |name: &str| {
        made.iter()
            .find(|alarm| alarm.alarm_name() == Some(name))
            .unwrap()
    };
    assert_eq!(made.len(), 8 + 8 + 6);
    let cpu = find("shop-db-users-cpu");
    assert_eq!((cpu.threshold(), cpu.evaluation_periods()), (Some(95.0), Some(5)));
    assert_eq!(cpu.treat_missing_data(), Some("breaching"));
    assert_eq!(cpu.dimensions()[0].value(), Some("shop-users"));
    assert_eq!((cpu.alarm_actions().len(), cpu.ok_actions().len()), (1, 1));
    let latency = find("shop-web-latency");
    assert_eq!(
        (latency.extended_statistic(), latency.dimensions().len()),
        (Some("p90"), 2)
    );
    let rate = find("shop-web-target-5xx-rate");
    assert_eq!(rate.metrics().len(), 3);
    assert_eq!(
        (rate.evaluation_periods(), rate.datapoints_to_alarm()),
        (Some(5), Some(3))
    );
    let returned = rate
        .metrics()
        .iter()
        .find(|query| query.return_data() == Some(true))
        .unwrap();
    assert_eq!(returned.expression(), Some("errors / requests * 100"));

    // The picture has a box for each set, and none of them hangs on a trail.
    let picture = world.ok(&["graph"]).stdout;
    assert!(
        picture.contains("db-orders") && !picture.contains("trail"),
        "{picture}"
    );

    // One alarm left out is one alarm less.
    world.edit(|text| format!("{text}    except: [latency]\n"));
    let plan = planned(&world.ok(&["plan", "--local", "--output", "json"]).stdout);
    // The policy of a topic names the alarms that may publish to it.
    assert_eq!(
        plan,
        lines([
            "delete cloudwatch-alarm/web-latency",
            "update sns-topic/alerts: policy"
        ])
    );
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "without one alarm");
    let left = alarms(&endpoint, "eu-central-1").await;
    assert_eq!(left.len(), made.len() - 1);
    assert!(
        !left
            .iter()
            .any(|alarm| alarm.alarm_name() == Some("shop-web-latency"))
    );

    // A set is muted as a whole.
    let muted = world.json(&["mute", "web", "--for", "1h", "--why", "deployment", "--local"]);
    let alarms = muted["mutes"][0]["alarms"].as_array().unwrap();
    assert_eq!(alarms.len(), 5, "{muted:#}");
}
