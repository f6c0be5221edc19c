//! What happens in a member's account is told in the hub's channel, with the name of the account.

use aws_sdk_cloudwatch::types::{ComparisonOperator, StateValue, Statistic};

use super::{APPLY, Members, REGION};
use crate::support::account::{clients_of, eventually};

/// The messages in the hub's channel, each as text.
fn told(members: &Members) -> Vec<String> {
    let messages = members.world.messages(&members.inbox).into_iter();
    messages
        .map(|message| {
            assert_eq!(message["channel"], "ops", "{message:#}");
            message["body"].to_string()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_alarms_of_members_are_told_in_the_hubs_channel() {
    let members = Members::new().await;
    let Members { world, a, b, .. } = &members;
    members.trust().await;
    world.ok(&APPLY);

    // From a region that is not the hub's.
    members.put(a, "us-east-1");
    eventually("the finding of the first account", async || {
        told(&members).len() == 1
    })
    .await;
    let finding = &told(&members)[0];
    assert!(
        finding.contains("service-a") && finding.contains(a.as_str()),
        "{finding}"
    );

    let there = clients_of(b, &members.endpoint, REGION).await.cloudwatch;
    let alarm = there.put_metric_alarm().alarm_name("checkout-errors");
    let alarm = alarm
        .namespace("Shop")
        .metric_name("Errors")
        .statistic(Statistic::Sum);
    let alarm = alarm.period(60).evaluation_periods(1).threshold(5.0);
    let alarm = alarm.comparison_operator(ComparisonOperator::GreaterThanThreshold);
    alarm.send().await.unwrap();
    for state in [StateValue::Alarm, StateValue::Ok] {
        let before = told(&members).len();
        let set = there.set_alarm_state().alarm_name("checkout-errors");
        let set = set.state_value(state.clone()).state_reason("a test");
        set.send().await.unwrap();
        eventually("the alarm of the second account", async || {
            told(&members).len() == before + 1
        })
        .await;
        let message = told(&members).pop().unwrap();
        assert!(
            message.contains("checkout-errors") && message.contains("service-b"),
            "{state}: {message}"
        );
    }

    // An account without a spoke is not heard.
    assert_eq!(members.put(&members.outside, REGION), [""; 0]);
}
