//! The names of an organization's accounts in messages: whatever fails on the way, the alert comes, with the account's id.

use crate::support::function::{Function, RETRIES, batch_from, lock, settings};
use serde_json::{Value, json};
use std::time::Duration;

const MEMBER: &str = "444455556666";
const OTHER: &str = "777788889999";

async fn start(organization: bool) -> Function {
    let mut settings = settings();
    settings["organization"] = organization.into();
    settings["account_names"] = organization.into();
    settings["accounts"] = json!({ OTHER: "written" });
    let function = Function::start_with_queues(&settings).await;
    let named = [(MEMBER, "data-prod"), (OTHER, "found")];
    lock(&function.script).account_names = named.map(|(id, name)| (id.to_owned(), name.to_owned())).into();
    function
}

/// An event of an account, for the stack's channel.
fn event(account: &str, id: &str) -> Value {
    let event = json!({
        "id": id, "account": account, "region": "eu-west-1", "source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification",
        "time": "2026-11-20T05:03:27Z", "detail": { "instance-id": "i-1", "state": "stopped" },
    });
    json!({ "alertctl": { "channels": ["project"] }, "event": event })
}

/// What was shown of each event, and which accounts were asked for.
async fn told(function: &mut Function, events: &[Value]) -> (Vec<String>, Vec<String>) {
    for event in events {
        assert_eq!(function.succeed(event).await, json!({ "delivered": 1 }));
    }
    let messages = function.messages().into_iter();
    let messages = messages.map(|(_, message)| message.to_string()).collect();
    (messages, lock(&function.script).account_requests.clone())
}

#[tokio::test]
async fn an_account_is_shown_with_its_name_and_asked_for_once() {
    let mut function = start(true).await;
    let (messages, asked) = told(&mut function, &[event(MEMBER, "1"), event(MEMBER, "2")]).await;
    for message in messages {
        assert!(message.contains("data-prod (444455556666)"), "{message}");
    }
    assert_eq!(asked, [MEMBER]);
}

#[tokio::test]
async fn a_name_in_the_file_goes_before_and_an_account_of_somebody_else_has_none() {
    let mut function = start(true).await;
    let stranger = "999999999999";
    let events = [event(OTHER, "1"), event(stranger, "2"), event(stranger, "3")];
    let (messages, asked) = told(&mut function, &events).await;
    assert!(messages[0].contains("written (777788889999)"), "{}", messages[0]);
    assert!(messages[2].contains(stranger), "{}", messages[2]);
    assert_eq!(asked, [stranger]);
}

#[tokio::test]
async fn a_stack_without_an_organization_asks_nobody() {
    let mut function = start(false).await;
    let (messages, asked) = told(&mut function, &[event(MEMBER, "1")]).await;
    assert!(!messages[0].contains("data-prod"), "{}", messages[0]);
    assert!(asked.is_empty(), "{asked:?}");
}

/// One refusal is enough: the next message does not wait for another one.
#[tokio::test]
async fn a_message_without_a_name_shows_the_id() {
    for code in ["AccessDeniedException", "TooManyRequestsException"] {
        let mut function = start(true).await;
        lock(&function.script).account_refusals.push_back((400, code));
        let (messages, asked) = told(&mut function, &[event(MEMBER, "1"), event(MEMBER, "2")]).await;
        for message in messages {
            assert!(
                message.contains(MEMBER) && !message.contains("data-prod"),
                "{message}"
            );
        }
        assert_eq!(asked, [MEMBER]);
    }
}

/// How long it waits at most is tested where the clock stands still.
#[tokio::test]
async fn an_alert_comes_though_organizations_never_answers() {
    let mut function = start(true).await;
    lock(&function.script).silent.insert("Organizations");
    let (messages, asked) = told(&mut function, &[event(MEMBER, "1"), event(MEMBER, "2")]).await;
    assert!(
        messages.len() == 2 && messages[1].contains(MEMBER),
        "{messages:?}"
    );
    assert_eq!(asked, [MEMBER]);
}

#[tokio::test]
async fn what_waited_in_a_queue_shows_names_too() {
    let mut function = start(true).await;
    let waiting = event(MEMBER, "1").to_string();
    function
        .succeed(&batch_from(RETRIES, Duration::from_secs(5), &[waiting]))
        .await;
    let (messages, _) = told(&mut function, &[]).await;
    assert!(messages[0].contains("data-prod (444455556666)"), "{messages:?}");
}
