//! Sets of alarms for services, in an account.

use crate::support::World;
use crate::support::account::{clients, lines, planned, unchanged};

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

async fn alarms(endpoint: &str) -> Vec<aws_sdk_cloudwatch::types::MetricAlarm> {
    let aws = clients(endpoint, "eu-central-1").await;
    let listed = aws.cloudwatch.describe_alarms().send().await.unwrap();
    listed.metric_alarms().to_vec()
}

#[tokio::test]
async fn sets_are_made_and_changed_alarm_by_alarm() {
    let mut world = World::new();
    world.set(
        "SLACK_WEBHOOK_URL",
        "https://hooks.slack.com/services/T00000000/B00000000/abcdefghijklmnopqrstuvwx",
    );
    world.write("stack.yaml", STACK);
    let (endpoint, _) = world.up();
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "after apply");

    let made = alarms(&endpoint).await;
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
    let left = alarms(&endpoint).await;
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
