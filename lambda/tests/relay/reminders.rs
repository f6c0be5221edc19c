//! Reminders: as long as an incident goes on, its thread gets a line after each interval.

use crate::living::{alarm, over, start_with};
use crate::support::function::Function;
use crate::support::workspace::{Fault, Workspace};
use alertctl_relay::Signal;
use serde_json::{Value, json};

const FIRED: &str = "2026-11-28T01:00:00.000+0000";

async fn start() -> (Function, Workspace) {
    start_with(|settings| {
        settings["channels"]["project"]["remind_minutes"] = 30.into();
        settings["channels"]["project"]["mention"] = json!({ "from": "error", "who": ["@here"] });
    })
    .await
}

fn fired(name: &str) -> Value {
    alarm(name, "OK", "ALARM", FIRED)
}

async fn remind(function: &mut Function) -> Value {
    function.succeed(&Signal::Remind.message()).await
}

#[tokio::test]
async fn people_are_reminded_until_it_is_over() {
    let (mut function, workspace) = start().await;
    function.succeed(&fired("cpu")).await;
    assert_eq!(remind(&mut function).await, json!({ "reminded": 0 }), "too early");
    workspace.state().time_passes();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 1 }));
    let replies = workspace.replies();
    let [(line, true)] = replies.as_slice() else {
        panic!("{replies:?}")
    };
    assert!(
        line.starts_with("<!here> ⏰ *for ") && line.contains("cpu is in alarm"),
        "{line}"
    );
    let calls_again = |workspace: &Workspace| {
        let state = workspace.state();
        let replies = state
            .messages
            .values()
            .filter(|message| !message["thread_ts"].is_null());
        replies
            .filter(|message| message.to_string().contains("<!here>"))
            .count()
    };
    assert_eq!(calls_again(&workspace), 1);
    // Not twice.
    assert_eq!(remind(&mut function).await, json!({ "reminded": 0 }));
    workspace.state().time_passes();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 1 }));

    function.succeed(&over()).await;
    workspace.state().time_passes();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 0 }));
    assert_eq!(workspace.replies().len(), 3);
    let log = function.log().await;
    let reminded: Vec<_> = log.iter().filter(|line| line["outcome"] == "reminded").collect();
    assert_eq!(reminded.len(), 2);
    assert_eq!(
        (&reminded[0]["incidents"], &reminded[0]["failed"]),
        (&json!(1), &json!(0))
    );
}

fn last_message(workspace: &Workspace) -> String {
    let state = workspace.state();
    state
        .messages
        .values()
        .next_back()
        .expect("a message")
        .to_string()
}

#[tokio::test]
async fn many_are_one_message() {
    let (mut function, workspace) = start().await;
    for index in 0..40 {
        function.succeed(&fired(&format!("cpu-{index:02}"))).await;
    }
    let before = workspace.headlines().len();
    workspace.state().time_passes();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 40 }));
    assert_eq!(workspace.replies(), []);
    let headlines = workspace.headlines();
    assert_eq!(headlines.len(), before + 1);
    let last = headlines.last().expect("a message");
    assert_eq!(last, "<!here> ⏰ 40 incidents go on");
    let message = last_message(&workspace);
    assert!(
        message.contains("cpu-29") && !message.contains("cpu-30"),
        "{message}"
    );
    assert!(message.contains("10 more"), "{message}");
    assert_eq!(remind(&mut function).await, json!({ "reminded": 0 }));
    function.stop().await;
}

#[tokio::test]
async fn what_slack_does_not_take_comes_again() {
    let (mut function, workspace) = start().await;
    function.succeed(&fired("cpu")).await;
    workspace.state().time_passes();
    for _ in 0..6 {
        workspace.fail("chat.postMessage", Fault::Error("internal_error"));
    }
    assert_eq!(remind(&mut function).await, json!({ "reminded": 0 }));
    assert_eq!(workspace.replies(), []);
    workspace.state().time_passes();
    workspace.state().faults.clear();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 1 }));
    // Who deleted the message is left alone.
    workspace.delete_all();
    workspace.state().time_passes();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 1 }));
    assert_eq!(workspace.state().messages.len(), 0);
    function.stop().await;
}
