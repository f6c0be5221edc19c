//! Who may press a button, what proves it, and what a press meets on its way.

use crate::buttons::{
    buttons, clicked, done, fired, fired_again, handed_on, here, over, press, start, with_buttons,
};
use crate::living::{alarm, start_as, start_beside};
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
    let event = handed_on(&mut endpoint, &clicked(&workspace, Act::Acknowledge)).await;
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
    let event = handed_on(&mut endpoint, &clicked(&workspace, Act::Acknowledge)).await;
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

#[tokio::test]
async fn what_nothing_is_known_of_is_said_to_be_over() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let event = handed_on(&mut endpoint, &clicked(&workspace, Act::SnoozeOneHour)).await;
    workspace.state().items.clear();
    assert_eq!(relay.succeed(&event).await, json!({ "pressed": "over" }));
    assert_eq!(workspace.state().whispers.len(), 1);
    relay.stop().await;
    endpoint.stop().await;
}

/// The alarm may have ended and begun anew before the press comes.
#[tokio::test]
async fn a_press_is_about_the_message_that_it_was_under() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let event = handed_on(&mut endpoint, &clicked(&workspace, Act::SnoozeEightHours)).await;
    relay.succeed(&over()).await;
    relay.succeed(&fired_again()).await;
    assert_eq!(relay.succeed(&event).await, json!({ "pressed": "over" }));
    assert_eq!(lock(&relay.script).mute_rules, []);
    assert_eq!((done(&workspace).len(), workspace.state().whispers.len()), (0, 1));
    relay.stop().await;
    endpoint.stop().await;
}

/// Another process holds the incident for a while, perhaps because it died.
#[tokio::test]
async fn a_press_waits_for_who_is_at_the_incident() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let event = handed_on(&mut endpoint, &clicked(&workspace, Act::Acknowledge)).await;
    let until = Timestamp::now() + jiff::SignedDuration::from_secs(4);
    for item in workspace.state().items.values_mut() {
        item.insert(
            "until".to_owned(),
            json!({ "N": until.as_millisecond().to_string() }),
        );
        item.insert("owner".to_owned(), json!({ "S": "another" }));
    }
    assert_eq!(relay.succeed(&event).await, json!({ "pressed": "acknowledged" }));
    assert!(Timestamp::now() > until);
    relay.stop().await;
    endpoint.stop().await;
}

/// Slack throttles the redrawing, and the end comes meanwhile, by another process.
#[tokio::test]
async fn a_slow_press_does_not_cover_the_end() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    let event = handed_on(&mut endpoint, &clicked(&workspace, Act::Acknowledge)).await;
    let address = workspace.open().await;
    let address = format!("http://{address}/");
    let mut other = start_as(&with_buttons(&[]), &workspace, &address, |_| {}).await;
    workspace.fail("chat.update", Fault::Error("internal_error"));
    workspace.fail("chat.update", Fault::Error("internal_error"));
    let pressing = async { relay.succeed(&event).await };
    let ending = async {
        // The press is on its way by then.
        while !workspace.state().calls.iter().any(|call| call == "chat.update") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        other.succeed(&over()).await
    };
    let (pressed, _) = tokio::join!(pressing, ending);
    assert_eq!(pressed, json!({ "pressed": "acknowledged" }));
    assert_eq!((done(&workspace).len(), buttons(&workspace).len()), (1, 0));
    let shown = workspace.headlines();
    assert!(
        matches!(shown.as_slice(), [one] if one.contains("back to OK")),
        "{shown:?}"
    );
    other.stop().await;
    relay.stop().await;
    endpoint.stop().await;
}

/// Somebody deletes the message: who takes care of it is still known.
#[tokio::test]
async fn what_people_did_stays_when_the_message_is_deleted() {
    let (mut relay, mut endpoint, workspace) = start(&[]).await;
    relay.succeed(&fired()).await;
    press(&mut relay, &mut endpoint, &workspace, Act::Acknowledge).await;
    press(&mut relay, &mut endpoint, &workspace, Act::SnoozeUntilResolved).await;
    workspace.delete_all();
    let blind = alarm(
        "cpu",
        "ALARM",
        "INSUFFICIENT_DATA",
        "2026-11-28T01:05:00.000+0000",
    );
    relay.succeed(&here(&blind)).await;
    assert_eq!(done(&workspace).len(), 2);
    let items: Vec<_> = workspace.state().items.values().cloned().collect();
    assert!(
        matches!(items.as_slice(), [item] if item.contains_key("acknowledged") && item.contains_key("snoozed")
            && item["firing"]["BOOL"] == true && item.contains_key("since") && !item.contains_key("due")),
        "{items:?}"
    );
    relay.stop().await;
    endpoint.stop().await;
}

/// Without it, each press would be refused, and nobody would know why.
#[tokio::test]
async fn without_a_signing_secret_there_are_no_buttons() {
    let (mut relay, endpoint, workspace) = start(&[]).await;
    endpoint.stop().await;
    // Slack itself, where nothing on this machine stands in for it.
    lock(&relay.script).plaintext = "xoxb-000000000000-AbCdEfGhIjKlMnOpQrStUvWx".to_owned();
    relay.runtime.hurry(std::time::Duration::from_secs(4));
    relay.succeed(&fired()).await;
    let log = relay.log().await;
    let said: Vec<_> = log
        .iter()
        .filter(|line| line["outcome"] == "without buttons")
        .collect();
    assert!(
        matches!(said.as_slice(), [one] if one["Channel"] == "project"),
        "{log:?}"
    );
    drop(workspace);
}
