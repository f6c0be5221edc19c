//! Services that keep incidents by a key: the table orders the steps of an incident across processes.

use crate::living::{FIRED, OVER, alarm};
use crate::support::function::{Function, QUEUE, RETRIES, SECRET, lock, settings};
use crate::support::pager::Pager;
use crate::support::workspace::Workspace;
use serde_json::{Value, json};

const AGAIN: &str = "2026-11-28T02:00:00.000+0000";

fn fired() -> Value {
    alarm("cpu", "OK", "ALARM", FIRED)
}

fn over() -> Value {
    alarm("cpu", "ALARM", "OK", OVER)
}

/// A relay with a channel of this type, and with the table of `workspace`.
async fn process(channel: &Value, pager: &Pager, workspace: &Workspace) -> Function {
    let mut settings = settings();
    settings["channels"]["project"]["type"] = channel.clone();
    let function = Function::start_as(&settings, |command| {
        command
            .env("DEAD_LETTER_QUEUE", QUEUE)
            .env("RETRY_QUEUE", RETRIES)
            .env("INCIDENTS", "mission-incidents");
    })
    .await;
    let mut script = lock(&function.script);
    script.plaintext = format!("http://{}/{SECRET}", pager.address);
    script.workspace = Some(workspace.clone());
    drop(script);
    function
}

#[tokio::test]
async fn a_beginning_that_comes_late_by_another_process_opens_nothing() {
    for channel in [
        json!({ "pagerduty": { "region": "us" } }),
        json!("jira_service_management"),
        json!({ "opsgenie": { "region": "eu" } }),
    ] {
        let (pager, workspace) = (Pager::start().await, Workspace::default());
        let mut one = process(&channel, &pager, &workspace).await;
        let mut other = process(&channel, &pager, &workspace).await;
        assert_eq!(one.succeed(&over()).await, json!({ "delivered": 1 }), "{channel}");
        assert_eq!(
            other.succeed(&fired()).await,
            json!({ "delivered": 1 }),
            "{channel}"
        );
        let late = pager.bodies().last().cloned().expect("a request").to_string();
        assert!(
            late.contains("is in alarm") && late.contains("late"),
            "{channel}: {late}"
        );
        // Jira Service Management and Opsgenie have nothing less than an alert; it has a key of its own.
        let opened = usize::from(channel.get("pagerduty").is_none());
        assert_eq!(pager.counts(), (opened, opened), "{channel}");

        // What begins anew opens, and its end, which another process tells, closes.
        let again = alarm("cpu", "OK", "ALARM", AGAIN);
        assert_eq!(one.succeed(&again).await, json!({ "delivered": 1 }), "{channel}");
        assert_eq!(pager.counts(), (opened + 1, opened + 1), "{channel}");
        let over = alarm("cpu", "ALARM", "OK", "2026-11-28T02:10:00.000+0000");
        assert_eq!(other.succeed(&over).await, json!({ "delivered": 1 }), "{channel}");
        assert_eq!(pager.counts(), (opened + 1, opened), "{channel}");
        one.stop().await;
        other.stop().await;
    }
}

#[tokio::test]
async fn an_end_that_is_not_taken_at_once_overtakes_all_the_same() {
    let channel = json!({ "pagerduty": { "region": "us" } });
    let (pager, workspace) = (Pager::start().await, Workspace::default());
    let mut one = process(&channel, &pager, &workspace).await;
    let mut other = process(&channel, &pager, &workspace).await;
    pager.answer(
        429,
        &[],
        json!({ "status": "throttle exceeded", "message": "too quickly" }),
    );
    assert_eq!(
        one.succeed(&over()).await,
        json!({ "delivered": 0, "deferred": 1 })
    );
    assert_eq!(other.succeed(&fired()).await, json!({ "delivered": 1 }));
    assert_eq!(pager.counts(), (0, 0));
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn without_the_table_people_are_paged_all_the_same() {
    let channel = json!({ "pagerduty": { "region": "us" } });
    let (pager, workspace) = (Pager::start().await, Workspace::default());
    let mut function = process(&channel, &pager, &workspace).await;
    workspace.state().table_fails = true;
    assert_eq!(function.succeed(&fired()).await, json!({ "delivered": 1 }));
    assert_eq!(pager.counts(), (1, 1));
    workspace.state().table_fails = false;
    assert_eq!(function.succeed(&over()).await, json!({ "delivered": 1 }));
    assert_eq!(pager.counts(), (1, 0));
    // A test leaves no trace there.
    let items = workspace.state().items.clone();
    let test = json!({ "alertctl": { "channels": ["project"], "test": "t-0123abcd" }, "event": fired() });
    function.succeed(&test).await;
    assert_eq!(workspace.state().items, items);
    let log = function.log().await;
    assert!(
        log.iter().any(|line| line.to_string().contains("no table")),
        "{log:#?}"
    );
}
