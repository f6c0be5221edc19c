//! A heartbeat: schedules send it along the ways of alerts, and alarms notice when it stays away.

use crate::support::account::{ACCOUNT, applied, eventually, unchanged};
use alertctl::aws::connect::Clients;
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};

const REGION: &str = "eu-central-1";
const STACK: &str = "
stack: beat
region: eu-central-1
channels:
  hook: { webhook: { env: SLACK_WEBHOOK_URL } }
  app: { slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD } }
  space: { google_chat: { webhook: { env: GOOGLE_CHAT_WEBHOOK } } }
  discord: { discord: { webhook: { env: DISCORD_WEBHOOK } } }
  pager: { pagerduty: { key: { env: PAGERDUTY_KEY } } }
  jira: { jira_service_management: { key: { env: JIRA_KEY } } }
  watchdog: { heartbeat: { ping: { env: PING_URL } } }
topics:
  quiet: { to: [hook, app, space, discord, pager, jira], encrypted: true }
  mailed: { to: [hook], subscriptions: [{ email: oncall@example.com }] }
  heard: { to: [hook], subscriptions: [{ sqs: 'arn:aws:sqs:eu-central-1:000000000000:somebody' }] }
  ops: { subscriptions: [{ email: ops@example.com }] }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [quiet, mailed, heard] }
monitoring: { to: [ops], heartbeat: 30m }
";

/// The schedule of a rule, and the id and the input of its target.
async fn schedule(aws: &Clients, rule: &str) -> (String, String, String) {
    let described = aws.events.describe_rule().name(rule).send().await.unwrap();
    let targets = aws.events.list_targets_by_rule().rule(rule).send().await.unwrap();
    let [target] = targets.targets() else {
        panic!("{targets:?}")
    };
    (
        described.schedule_expression().unwrap().to_owned(),
        target.id().to_owned(),
        target.input().unwrap().to_owned(),
    )
}

async fn invoke(aws: &Clients, input: &str) -> Value {
    let call = aws.lambda.invoke().function_name("beat-relay");
    let answer = call.payload(Blob::new(input)).send().await.unwrap();
    serde_json::from_slice(answer.payload().unwrap().as_ref()).unwrap()
}

#[tokio::test]
async fn it_goes_along_each_way_that_only_the_relay_hears() {
    let (world, aws) = applied(STACK, REGION).await;
    let (_, inbox) = world.up();
    unchanged(&world, "after apply");
    let rules = aws.events.list_rules().send().await.unwrap();
    let names: Vec<_> = rules.rules().iter().filter_map(|rule| rule.name()).collect();
    assert_eq!(
        names,
        ["beat-heartbeat", "beat-heartbeat-mailed", "beat-heartbeat-quiet"]
    );

    let (every, id, input) = schedule(&aws, "beat-heartbeat").await;
    assert_eq!((every.as_str(), id.as_str()), ("rate(30 minutes)", "relay"));
    assert_eq!(invoke(&aws, &input).await, json!({ "heartbeat": true }));
    let [call] = world.messages(&inbox).try_into().unwrap();
    assert_eq!(
        (&call["channel"], &call["status"]),
        (&json!("watchdog"), &json!("accepted"))
    );

    let (_, id, input) = schedule(&aws, "beat-heartbeat-quiet").await;
    assert_eq!(id, "quiet");
    let topic = format!("arn:aws:sns:{REGION}:{ACCOUNT}:beat-quiet");
    aws.sns
        .publish()
        .topic_arn(&topic)
        .message(&input)
        .send()
        .await
        .unwrap();
    eventually("the heartbeat by the topic", async || {
        let logged = world.ok(&["logs", "--local", "--since", "10m"]).stdout;
        logged.contains("heartbeat    beat-quiet") && logged.contains("heartbeat    rules/*")
    })
    .await;
    assert_eq!(world.messages(&inbox), [call], "somebody was told");

    let alarms = aws.cloudwatch.describe_alarms().send().await.unwrap();
    let silences = alarms
        .metric_alarms()
        .iter()
        .filter(|alarm| alarm.metric_name() == Some("Heartbeat"));
    let silences: Vec<_> = silences
        .map(|alarm| {
            let warm_up = alarm
                .warm_up_configuration()
                .and_then(|of| of.warm_up_period_duration_in_minutes());
            assert_eq!(warm_up, Some(90));
            let period = alarm.period().unwrap() * alarm.evaluation_periods().unwrap();
            (
                alarm.alarm_name().unwrap(),
                alarm.treat_missing_data().unwrap(),
                period,
            )
        })
        .collect();
    assert_eq!(
        silences,
        [
            ("beat-monitor-heartbeat", "breaching", 3_600),
            ("beat-monitor-heartbeat-mailed", "breaching", 3_600),
            ("beat-monitor-heartbeat-quiet", "breaching", 3_600),
        ]
    );

    // Without it, its rules and alarms go, and nothing else.
    world.edit(|text| {
        let without = text.replace(", heartbeat: 30m", "");
        without.replace("  watchdog: { heartbeat: { ping: { env: PING_URL } } }\n", "")
    });
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "without a heartbeat");
    let rules = aws.events.list_rules().send().await.unwrap();
    assert_eq!(rules.rules(), []);
}
