//! Who may press a button, what proves it, and what a press meets on its way.

use crate::buttons::{buttons, done, fired, over, press, start, with_buttons};
use crate::living::{start_as, start_beside};
use crate::support::function::lock;
use crate::support::press::{SECRET, click, request};
use crate::support::workspace::Fault;
use alertctl_relay::Act;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

#[tokio::test]
async fn only_who_may_presses_a_button() {
    let (mut relay, mut endpoint, workspace) = start(&["U0999ZZZZ"]).await;
    relay.succeed(&fired()).await;
    let answer = press(&mut relay, &mut endpoint, &workspace, Act::SnoozeOneHour).await;
    assert_eq!(answer, json!({ "pressed": "refused" }));
    assert_eq!((done(&workspace).len(), workspace.replies().len()), (0, 0));
    assert_eq!(workspace.state().whispers.len(), 1);
    assert_eq!(lock(&relay.script).mute_rules, []);
    relay.stop().await;
    endpoint.stop().await;
}

#[tokio::test]
async fn what_slack_did_not_sign_does_nothing() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let value = buttons(&workspace)[0].1.clone().expect("a key");
    let payload = click(Act::Acknowledge, &value);
    let now = Timestamp::now();
    let right = request(&payload, SECRET, now);
    let change = |at: &str, to: Value| {
        let mut changed = right.clone();
        *changed.pointer_mut(at).expect("a field") = to;
        changed
    };
    let minutes_ago = now - jiff::SignedDuration::from_mins(6);
    let other = BASE64_STANDARD.encode(format!("payload={}", utf8_percent_encode("{}", NON_ALPHANUMERIC)));
    for wrong in [
        request(&payload, "11111111111111111111111111111111", now),
        request(&payload, SECRET, minutes_ago),
        change("/headers", json!({ "authorization": "Bearer x" })),
        change("/body", json!(other)),
        change("/body", json!("%")),
        change("/isBase64Encoded", json!(false)),
        json!({}),
    ] {
        let answer = endpoint.succeed(&wrong).await;
        assert_eq!(answer["statusCode"], 401, "{wrong}\n{answer}");
        assert!(!answer.to_string().contains("channel `"), "{answer}");
    }
    // A channel of somebody else, what is no button of ours, and what Slack asks at other times: nothing.
    let mut elsewhere = payload.clone();
    elsewhere["container"]["channel_id"] = "C0999ZZZZ".into();
    let mut link = payload.clone();
    link["actions"] = json!([{ "type": "button", "action_id": "open" }]);
    for idle in [elsewhere, link, json!({ "type": "shortcut" })] {
        let answer = endpoint.succeed(&request(&idle, SECRET, now)).await;
        assert_eq!(answer["statusCode"], 200, "{idle}");
    }
    assert_eq!(lock(&endpoint.script).invoked, []);
    // Upper-case names of headers, as some gateways keep them, and a body as it is.
    let mut plain = right.clone();
    let body = BASE64_STANDARD
        .decode(right["body"].as_str().expect("a body"))
        .expect("Base64");
    plain["body"] = String::from_utf8(body).expect("UTF-8").into();
    plain["isBase64Encoded"] = false.into();
    let headers = right["headers"].as_object().expect("headers").clone();
    let headers = headers
        .into_iter()
        .map(|(name, value)| (name.to_uppercase(), value));
    plain["headers"] = headers.collect();
    assert_eq!(endpoint.succeed(&plain).await["statusCode"], 200);
    assert_eq!(lock(&endpoint.script).invoked.len(), 1);
    // Who presses it sees that it did nothing, and why is in the log.
    lock(&endpoint.script)
        .invoke_refusals
        .push_back((403, "AccessDeniedException"));
    let answer = endpoint.succeed(&right).await;
    assert_eq!(answer["statusCode"], 503, "{answer}");
    let log = endpoint.log().await;
    let failed = log
        .iter()
        .find(|line| line["outcome"] == "unavailable")
        .expect("a line");
    assert!(
        failed["reason"]
            .as_str()
            .is_some_and(|why| why.contains("Lambda")),
        "{failed}"
    );
    assert!(!serde_json::to_string(&log).expect("JSON").contains(SECRET));
    relay.stop().await;
}

#[tokio::test]
async fn what_the_press_meets_is_told_or_tried_again() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    // The table is away: Lambda tries again.
    workspace.state().table_fails = true;
    let value = buttons(&workspace)[0].1.clone().expect("a key");
    endpoint
        .succeed(&request(
            &click(Act::Acknowledge, &value),
            SECRET,
            Timestamp::now(),
        ))
        .await;
    let (_, event) = lock(&endpoint.script).invoked.pop().expect("an event");
    let error = relay.fail(&event).await;
    assert!(error.contains("a button: DynamoDB"), "{error}");
    workspace.state().table_fails = false;
    // Slack does not take the change: the next step shows it.
    for _ in 0..8 {
        workspace.fail("chat.update", Fault::Error("internal_error"));
    }
    relay.runtime.hurry(std::time::Duration::from_secs(4));
    assert_eq!(relay.succeed(&event).await, json!({ "pressed": "acknowledged" }));
    assert_eq!(done(&workspace).len(), 0);
    workspace.state().faults.clear();
    relay.succeed(&over()).await;
    assert_eq!(done(&workspace).len(), 1);
    // Another process without buttons ignores what was pressed before.
    let mut beside = start_beside(&workspace, |_| {}).await;
    assert_eq!(beside.succeed(&event).await, json!({ "pressed": "ignored" }));
    beside.stop().await;
    relay.stop().await;
    endpoint.stop().await;
}

#[tokio::test]
async fn two_channels_at_one_place_do_not_answer_for_each_other() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let value = buttons(&workspace)[0].1.clone().expect("a key");
    let call = request(&click(Act::Acknowledge, &value), SECRET, Timestamp::now());
    endpoint.succeed(&call).await;
    let (_, event) = lock(&endpoint.script).invoked.pop().expect("an event");
    let twin = event.to_string().replace("project", "audit");
    // The same app and the same channel of Slack, by another key of the stack file.
    let mut both = with_buttons(&[]);
    both["channels"]["audit"] = both["channels"]["project"].clone();
    let address = workspace.open().await;
    let address = format!("http://{address}/");
    let mut other = start_as(&both, &workspace, &address, |command| {
        command.env("WEBHOOK_audit", "Y2lwaGVydGV4dA==");
    })
    .await;
    let twin: Value = serde_json::from_str(&twin).expect("JSON");
    assert_eq!(other.succeed(&twin).await, json!({ "pressed": "unknown" }));
    assert_eq!(workspace.state().whispers, []);
    assert_eq!(other.succeed(&event).await, json!({ "pressed": "acknowledged" }));
    other.stop().await;
    relay.stop().await;
    endpoint.stop().await;
}
