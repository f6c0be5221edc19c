//! Reminders of a Slack app: the relay finds in its table what goes on.

use crate::support::account::{applied, eventually, unchanged};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};

const REGION: &str = "eu-central-1";
const STACK: &str = "
stack: again
region: eu-central-1
channels: { app: { slack: { bot: { env: SLACK_BOT_TOKEN }, channel: C0123ABCD, remind: 30m } } }
topics: { alerts: { to: [app] } }
alarms:
  cpu: { metric: AWS/EC2 CPUUtilization, statistic: Average, period: 60, threshold: '>= 50', to: [alerts], ok: [alerts] }
";

#[tokio::test]
async fn an_alarm_that_goes_on_is_told_again() {
    let (world, aws) = applied(STACK, REGION).await;
    let (_, inbox) = world.up();
    unchanged(&world, "after apply");
    let rule = aws
        .events
        .describe_rule()
        .name("again-reminders")
        .send()
        .await
        .unwrap();
    assert_eq!(rule.schedule_expression(), Some("rate(5 minutes)"));
    let targets = aws
        .events
        .list_targets_by_rule()
        .rule("again-reminders")
        .send()
        .await
        .unwrap();
    let input = targets.targets()[0].input().unwrap();
    let remind = async || {
        let call = aws
            .lambda
            .invoke()
            .function_name("again-relay")
            .payload(Blob::new(input));
        let answer = call.send().await.unwrap();
        serde_json::from_slice::<Value>(answer.payload().unwrap().as_ref()).unwrap()
    };
    world.ok(&["local", "alarm", "again-cpu"]);
    eventually("the alarm", async || world.messages(&inbox).len() == 1).await;
    assert_eq!(remind().await, json!({ "reminded": 0 }), "too early");

    let table = "again-incidents";
    let items = aws.dynamodb.scan().table_name(table).send().await.unwrap();
    let [item] = items.items() else {
        panic!("{items:?}")
    };
    let put_off = aws
        .dynamodb
        .update_item()
        .table_name(table)
        .key("pk", item["pk"].clone());
    let put_off = put_off
        .update_expression("SET #due = :past")
        .expression_attribute_names("#due", "due");
    let past = AttributeValue::N("1".to_owned());
    put_off
        .expression_attribute_values(":past", past)
        .send()
        .await
        .unwrap();
    assert_eq!(remind().await, json!({ "reminded": 1 }));
    let messages = world.messages(&inbox);
    let [_, again] = messages.as_slice() else {
        panic!("{messages:#?}")
    };
    assert_eq!(again["body"]["reply_broadcast"], true, "{again:#}");
    assert!(
        again["body"]["text"]
            .as_str()
            .unwrap()
            .contains("again-cpu is in alarm"),
        "{again:#}"
    );
    assert_eq!(remind().await, json!({ "reminded": 0 }), "twice");

    world.edit(|text| text.replace(", remind: 30m", ""));
    world.ok(&["apply", "--local", "--yes"]);
    unchanged(&world, "without reminders");
    let rules = aws.events.list_rules().send().await.unwrap();
    assert_eq!(rules.rules(), []);
}
