//! Reminders: as long as an incident goes on, its thread gets a line after each interval.

use crate::living::{alarm, start_with};
use crate::support::function::Function;
use crate::support::workspace::{Fault, Workspace};
use alertctl_relay::Signal;
use serde_json::{Value, json};

async fn start() -> (Function, Workspace) {
    start_with(|settings| {
        settings["channels"]["project"]["remind_minutes"] = 30.into();
        settings["channels"]["project"]["mention"] = json!({ "from": "error", "who": ["U0123ABCD"] });
    })
    .await
}

/// It fires an hour ago.
fn fired(name: &str) -> Value {
    let hour_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(1);
    alarm(
        name,
        "OK",
        "ALARM",
        &hour_ago.strftime("%FT%T.000+0000").to_string(),
    )
}

fn over() -> Value {
    alarm(
        "cpu",
        "ALARM",
        "OK",
        &jiff::Timestamp::now().strftime("%FT%T.000+0000").to_string(),
    )
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
        line.starts_with("<@U0123ABCD> ⏰ *for 1 h now*") && line.contains("cpu is in alarm"),
        "{line}"
    );
    let calls_again = |workspace: &Workspace| {
        let state = workspace.state();
        let replies = state
            .messages
            .values()
            .filter(|message| !message["thread_ts"].is_null());
        replies
            .filter(|message| message.to_string().contains("<@U0123ABCD>"))
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
    assert_eq!(last, "<@U0123ABCD> ⏰ 40 incidents go on");
    let message = last_message(&workspace);
    assert_eq!(message.matches("is in alarm").count(), 30, "{message}");
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
    // A moment before it is due is soon enough: the next look is five minutes later.
    let in_two_minutes = jiff::Timestamp::now().as_millisecond() + 120_000;
    workspace.state().due_at(in_two_minutes);
    assert_eq!(remind(&mut function).await, json!({ "reminded": 1 }));
    workspace.state().due_at(in_two_minutes + 120_000);
    assert_eq!(remind(&mut function).await, json!({ "reminded": 0 }));
    // Who deleted the message is left alone.
    workspace.delete_all();
    workspace.state().time_passes();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 1 }));
    assert_eq!(workspace.state().messages.len(), 0);
    function.stop().await;
}

#[tokio::test]
async fn whoever_is_not_called_in_a_thread_is_called_in_the_channel() {
    let (mut function, workspace) = start_with(|settings| {
        settings["channels"]["project"]["remind_minutes"] = 30.into();
        settings["channels"]["project"]["mention"] = json!({ "from": "error", "who": ["@here"] });
    })
    .await;
    function.succeed(&fired("cpu")).await;
    workspace.state().time_passes();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 1 }));
    assert_eq!(workspace.replies(), []);
    let headlines = workspace.headlines();
    assert!(headlines[1].starts_with("<!here> ⏰ *for "), "{headlines:?}");
    function.stop().await;
}

/// With buttons, the table keeps what each message shows, which is more than the relay reads at once.
#[tokio::test]
async fn what_messages_show_does_not_keep_anybody_from_being_reminded() {
    let (mut function, workspace) = start_with(|settings| {
        settings["channels"]["project"]["remind_minutes"] = 30.into();
        settings["channels"]["project"]["actions"] = json!({});
    })
    .await;
    for name in ["cpu", "disk", "queue"] {
        function.succeed(&fired(name)).await;
    }
    for item in workspace.state().items.values_mut() {
        assert!(item.contains_key("content"));
        item.insert("content".to_owned(), json!({ "S": "x".repeat(40_000) }));
    }
    workspace.state().time_passes();
    assert_eq!(remind(&mut function).await, json!({ "reminded": 3 }));
    function.stop().await;
}

#[tokio::test]
async fn nobody_is_reminded_for_ever() {
    let (mut function, workspace) = start().await;
    function.succeed(&fired("cpu")).await;
    function.succeed(&fired("disk")).await;
    function.succeed(&fired("memory")).await;
    {
        let mut state = workspace.state();
        state.time_passes();
        let long_ago =
            json!({ "S": (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(25)).to_string() });
        let mut items: Vec<_> = state.items.values_mut().collect();
        items[0].insert("since".to_owned(), long_ago);
        // A step of this one is under way, which may be its end.
        let held = jiff::Timestamp::now().as_millisecond() + 20_000;
        items[1].insert("until".to_owned(), json!({ "N": held.to_string() }));
        items[1].insert("owner".to_owned(), json!({ "S": "somebody" }));
        // This one is in a channel that the stack file does not name any more.
        let moved = state.items.pop_last().expect("three");
        let name = moved.0.replace("C0123ABCD", "C0000OLD1");
        let mut item = moved.1;
        item.insert("pk".to_owned(), json!({ "S": name.clone() }));
        state.items.insert(name, item);
    }
    assert_eq!(remind(&mut function).await, json!({ "reminded": 0 }));
    let left = workspace
        .state()
        .items
        .values()
        .filter(|item| item.contains_key("due"))
        .count();
    assert_eq!(left, 1, "only what is under way is looked at again");
    assert_eq!(workspace.replies(), []);
    function.stop().await;
}

/// Each look goes on where the last one ended, so that the end of a table is found that is too long for one.
#[tokio::test]
async fn the_end_of_a_long_table_is_found() {
    let (mut function, workspace) = start().await;
    for index in 0..10 {
        function.succeed(&fired(&format!("cpu-{index}"))).await;
    }
    {
        let mut state = workspace.state();
        state.scan_takes = std::time::Duration::from_secs(1);
        let mut last = state.items.values_mut().next_back();
        let last = last.as_mut().expect("an incident");
        last.insert("due".to_owned(), json!({ "N": "1" }));
    }
    function.runtime.hurry(std::time::Duration::from_secs(10));
    let mut looks = Vec::new();
    while looks.last() != Some(&json!({ "reminded": 1 })) {
        assert!(looks.len() < 5, "{looks:?}");
        looks.push(remind(&mut function).await);
    }
    assert!(looks.len() > 1, "it was found at once");
    assert_eq!(workspace.replies().len(), 1);
    // From the end, the next look begins anew.
    workspace.state().scan_takes = std::time::Duration::ZERO;
    workspace.state().time_passes();
    let found = remind(&mut function).await;
    let again = remind(&mut function).await;
    let all = |one: &Value| one["reminded"].as_u64().expect("a number");
    assert_eq!(all(&found) + all(&again), 10, "{found} {again}");
    function.stop().await;
}
