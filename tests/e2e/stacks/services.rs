//! The stacks for chats, on-call services and programs.

use super::{Applied, REGION};

/// An alarm goes off, and is over: both times a message with all of these marks arrives.
async fn alarm_and_end(stack: &Applied, alarm: &str, gone_off: &[&[&str]], over: &[&[&str]]) {
    for (state, messages) in [("alarm", gone_off), ("ok", over)] {
        stack.world.ok(&["local", "alarm", alarm, "--state", state]);
        for marks in messages {
            stack.arrives(&format!("{alarm} {state}"), marks).await;
        }
    }
}

/// Every message so far was accepted by the rules of its service.
fn all_accepted(stack: &Applied) {
    for message in stack.world.messages(&stack.inbox) {
        assert_eq!(message["status"], "accepted", "{message:#}");
    }
}

#[tokio::test]
async fn slack_app() {
    let stack = Applied::new("slack-app").await;
    let post: &[&str] = &["project/slack/api/chat.postMessage", "slack-app-cpu"];
    let update: &[&str] = &["project/slack/api/chat.update", "slack-app-cpu"];
    alarm_and_end(&stack, "slack-app-cpu", &[post], &[update]).await;
    stack
        .event(
            "health",
            REGION,
            &["project/slack/api/chat.postMessage", "Health"],
        )
        .await;
    all_accepted(&stack);
    let table = stack.aws.dynamodb.update_time_to_live();
    let off = aws_sdk_dynamodb::types::TimeToLiveSpecification::builder()
        .attribute_name("ttl")
        .enabled(false);
    let off = table
        .table_name("slack-app-incidents")
        .time_to_live_specification(off.build().unwrap());
    off.send().await.unwrap();
    stack.repaired(&["update dynamodb-table/incidents: ttl"]);
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn teams() {
    let stack = Applied::new("teams").await;
    let card: &[&str] = &["operations/teams", "AdaptiveCard", "teams-storage"];
    alarm_and_end(&stack, "teams-storage", &[card], &[card]).await;
    stack
        .event("guardduty", REGION, &["operations/teams", "querying a domain"])
        .await;
    all_accepted(&stack);
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn pagerduty_slack() {
    let stack = Applied::new("pagerduty-slack").await;
    let slack: &[&str] = &["INBOX/project\"", "pagerduty-slack-errors"];
    let paged: &[&str] = &["pager/pagerduty", "\"trigger\"", "pagerduty-slack-errors"];
    let resolved: &[&str] = &["pager/pagerduty", "\"resolve\""];
    alarm_and_end(
        &stack,
        "pagerduty-slack-errors",
        &[slack, paged],
        &[slack, resolved],
    )
    .await;
    let slack: &[&str] = &["INBOX/project\"", "pagerduty-slack-late"];
    alarm_and_end(&stack, "pagerduty-slack-late", &[slack], &[slack]).await;
    all_accepted(&stack);
    let messages = stack.world.messages(&stack.inbox);
    let pages = messages.iter().filter(|message| message["channel"] == "pager");
    assert_eq!(pages.count(), 2, "a warning pages nobody: {messages:#?}");
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn signed_webhook() {
    let stack = Applied::new("signed-webhook").await;
    let began: &[&str] = &[
        "program/signed_webhook",
        "alertctl.alert.firing.v1",
        "signed-webhook-cpu",
    ];
    let ended: &[&str] = &["program/signed_webhook", "alertctl.alert.resolved.v1"];
    alarm_and_end(&stack, "signed-webhook-cpu", &[began], &[ended]).await;
    stack
        .event("ec2-stopped", REGION, &["program/signed_webhook", "stopped"])
        .await;
    all_accepted(&stack);
    stack.destroyed(&[]).await;
}

#[tokio::test]
async fn google_chat_discord() {
    let stack = Applied::new("google-chat-discord").await;
    let name = "google-chat-discord-memory";
    let chat: &[&str] = &["operations/google_chat", "cardsV2", name];
    let discord: &[&str] = &["developers/discord", "embeds", name];
    alarm_and_end(&stack, name, &[chat, discord], &[chat, discord]).await;
    all_accepted(&stack);
    stack.destroyed(&[]).await;
}
